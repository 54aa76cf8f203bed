"""Pieces that several figures share: units, years, counts, the zone, words that fit."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from kansen_analysis.display._canvas import Board, colour, text_width
from kansen_analysis.words import numbers

MOST_SERIES = 4


def texts_of(name, title, subtitle, source, notes) -> dict:
    """Keep the texts of a caller together."""
    return {
        "name": name,
        "title": title,
        "subtitle": subtitle,
        "source": source,
        "notes": tuple(notes),
    }


def write_unit(board: Board, unit: str) -> None:
    """Write the unit in the upper left corner, over the vertical axis."""
    board.write(board.whole(), (2, 10), unit, size=board.small, color=colour("quiet"))


def write_years(board: Board, ax: Axes, years: range, width: float) -> None:
    """Write school years under the axis, as many as there is room for, always the last."""
    step = next(s for s in (1, 2, 3, 4, 5, 10, 50) if s * width / len(years) >= 40 or s == 50)
    places = list(years)[::-1][::step][::-1]
    ax.set_xticks(places, [""] * len(places))
    for year in places:
        first, second = numbers.school_year(year).split("-")
        board.write(
            ax,
            (year, 0),
            [first + "-", second],
            coords=ax.get_xaxis_transform(),
            ha="center",
            va="top",
            shift=(0, -7),
            size=board.small,
            color=colour("quiet"),
        )


def write_counts(board: Board, ax: Axes, years, words, what: str, drop: float) -> None:
    """Write a row of counts under the years."""
    at = ax.get_xaxis_transform()
    board.write(
        board.whole(),
        (2, board.height - 30),
        f"aantal {what}:",
        size=board.small,
        color=colour("quiet"),
    )
    width = ax.get_window_extent().width / (max(years) - min(years) + 1)
    step = 1 if width >= 1.15 * max(text_width(w, board.small) for w in words) else 2
    for i, (year, word) in enumerate(zip(years, words, strict=True)):
        if (len(words) - 1 - i) % step == 0:
            board.write(
                ax,
                (year, 0),
                word,
                coords=at,
                ha="center",
                va="top",
                shift=(0, -drop - 18),
                size=board.small,
            )


def shown_counts(frame: pd.DataFrame) -> list[str]:
    """Return the counts of a disclosed frame as they may be shown."""
    if "n_low" in frame:
        return [numbers.masked(a, b) for a, b in frame[["n_low", "n_high"]].itertuples(index=False)]
    return [numbers.number(n, 0) for n in frame["n"]]


def shade_zone(board: Board, ax: Axes, margin: float, *, horizontal: bool) -> None:
    """Shade where a difference does not matter, with borders that can be seen."""
    span, line = (ax.axhspan, ax.axhline) if horizontal else (ax.axvspan, ax.axvline)
    span(-margin, margin, color=colour("zone"), lw=0, zorder=0.4)
    for edge in (-margin, margin):
        line(edge, color=colour("zone_edge"), lw=0.9, ls=(0, (2, 2)), zorder=0.5)
    if horizontal:
        # In the corner: inside the plot it would lie under the intervals.
        top, words = board.whole(), "verschil dat er niet toe doet"
        left = board.width - 8 - text_width(words, board.small)
        top.fill_between([left - 28, left - 6], 4, 16, color=colour("zone"), lw=0)
        for y in (4, 16):
            top.plot(
                [left - 28, left - 6], [y, y], color=colour("zone_edge"), lw=0.9, ls=(0, (2, 2))
            )
        board.write(top, (left, 10), words, size=board.small, color=colour("quiet"))


def with_unit(value, unit: str, decimals: int, sign: bool = False) -> str:
    """Write a value with its unit."""
    text = (numbers.signed if sign else numbers.number)(value, decimals)
    return text + ("%" if unit == "%" else f" {unit}" if unit else "")


def fit(text: str, width: float, size: float, weight: str = "normal") -> str:
    """Cut text off where it is wider than there is room."""
    while text_width(text, size, weight) > width and len(text) > 4:
        text = text.rstrip("…")[:-1].rstrip() + "…"
    return text


def between(values: pd.Series, decimals: int) -> str:
    """Write from the smallest to the largest of some values, in words."""
    return numbers.interval(values.min(), values.max(), decimals)
