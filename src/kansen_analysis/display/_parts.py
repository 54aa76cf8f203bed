"""Pieces that several figures share: years, breaks, counts, rows, legends, intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from kansen_analysis.display._canvas import (
    LINE,
    Board,
    colour,
    role,
    spread,
    text_width,
    ticks,
    wrap,
)
from kansen_analysis.words import numbers

MOST_SERIES = 4
INTERVAL = "Punt: schatting. Streep: 95%-interval."
CUT = "De verticale as begint niet bij 0."
ZONE = "verschil dat er niet toe doet"
COUNTED = ("leerlingen", "scholen", "coaches", "uren", "euro")
YEAR = ("year", "Schooljaar", "", 0, "year")
SCHOOLS = ("n", "Scholen", "aantal", 0, "count")
PUPILS = ("n", "Leerlingen", "aantal", 0, "count")
_DASH = (0, (3, 2))
_ROW = 18  # of the names of breaks

Break = tuple[int, str, str]


# Words ------------------------------------------------------------------------------------------


def with_unit(value, unit: str, decimals: int, sign: bool = False) -> str:
    """Write a value with its unit."""
    text = (numbers.signed if sign else numbers.number)(value, decimals)
    return text + ("%" if unit == "%" else f" {unit}" if unit else "")


def between(values: pd.Series, decimals: int) -> str:
    """Write from the smallest to the largest of some values, in words."""
    return numbers.interval(values.min(), values.max(), decimals)


def estimate_says(row, unit: str, decimals: int) -> str:
    """Write an estimate with its interval, for who points at it."""
    said = with_unit(row.estimate, unit, decimals, True)
    return said if pd.isna(row.low) else f"{said}, {numbers.interval(row.low, row.high, decimals)}"


def shown_counts(frame: pd.DataFrame) -> list[str]:
    """Return the counts of a disclosed frame as they may be shown."""
    if "n_low" in frame:
        return [numbers.masked(a, b) for a, b in frame[["n_low", "n_high"]].itertuples(index=False)]
    return [numbers.number(n, 0) for n in frame["n"]]


def estimate_columns(unit: str, decimals: int) -> list[tuple]:
    """Describe an estimate and its interval."""
    names = {"estimate": "Verschil", "low": "Ondergrens", "high": "Bovengrens"}
    return [(column, label, unit, decimals, "difference") for column, label in names.items()]


# Reach of an axis -----------------------------------------------------------------------------


def reach(
    frame: pd.DataFrame, columns: Sequence[str], zero: bool | None = None, *, extra: float = 0
) -> tuple[float, float]:
    """Return from where to where an axis goes.

    `zero` None takes zero along where it is near: lines between 53 and 61 do not live on 0-60.
    `extra` is a difference that must be seen on both sides of zero.
    """
    values = frame[[c for c in columns if c in frame]].to_numpy(dtype=float)
    values = values[~np.isnan(values)]
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    low, high = min(low, -1.3 * extra) if extra else low, max(high, 1.3 * extra) if extra else high
    if zero or (zero is None and 0 < low <= 0.5 * high):
        low, high = min(low, 0.0), max(high, 0.0)
    least = 0.1 * max(abs(low), abs(high)) or 1  # a flat line stays flat
    if high - low < least:
        low, high = (low + high - least) / 2, (low + high + least) / 2
    room = 0.08 * (high - low)
    return (low if low == 0 else low - room), (high if high == 0 else high + room)


def cut(low: float, high: float) -> list[str]:
    """Say it when an axis does not show zero."""
    return [] if low <= 0 <= high else [CUT]


def left_of(board: Board, limits: tuple[float, float]) -> float:
    """Return the room that the numbers of a vertical axis take."""
    widest = max(abs(limits[0]), abs(limits[1]))
    decimals = 0 if widest >= 10 else 1 if widest >= 1 else 2
    return 14 + max(text_width(numbers.number(v, decimals), board.small) for v in limits)


# Years under a plot -----------------------------------------------------------------------------


def under(
    board: Board, ax: Axes, at: Sequence[float], words: Sequence[str], drop: float, **options
) -> list[int]:
    """Write a word under each place, as many as fit, always the last; return which."""
    pixels = pixels_of(ax)
    wide = max(text_width(word, board.small) for word in words) + 8
    near = min(np.diff(at), default=1) * pixels
    step = int(np.ceil(wide / near))
    kept = [i for i in range(len(words)) if (len(words) - 1 - i) % step == 0]
    frame, first = ax.get_window_extent(), ax.get_xlim()[0]
    for i in kept:
        middle, half = frame.x0 + (at[i] - first) * pixels, text_width(words[i], board.small) / 2
        dx = max(2 + half - middle, min(0, board.width - 2 - half - middle))  # within the figure
        place = {"on": "x", "ha": "center", "va": "top", "shift": (dx, -drop)}
        board.quiet(ax, (at[i], 0), words[i], **place | options)
    return kept


def write_years(board: Board, ax: Axes, years: range) -> None:
    """Write school years under the axis, in full."""
    kept = under(board, ax, list(years), [numbers.school_year(year) for year in years], 7)
    places = [years[i] for i in kept]
    ax.set_xticks(places, [""] * len(places))


def write_counts(board: Board, ax: Axes, at, words: Sequence[str], what: str) -> None:
    """Write a row of counts at the foot of the figure."""
    board.quiet(None, (2, board.height - 29), f"aantal {what}:")
    bottom = ax.get_window_extent().y0
    under(board, ax, list(at), words, bottom - 18, ink="text")


# Breaks over a plot -------------------------------------------------------------------------------


def within(breaks: Sequence[Break], years: range) -> list[Break]:
    """Return the breaks that lie between the years."""
    return [each for each in breaks if years[0] < each[0] <= years[-1]]


def year_axes(
    board: Board,
    years: range,
    limits: tuple[float, float],
    unit: str,
    *,
    tall: float,
    right: float = 14,
    breaks: Sequence[Break] = (),
    counts: bool = False,
    left: float | None = None,
) -> Axes:
    """Make axes with school years below, the unit and the breaks above."""
    left = left_of(board, limits) if left is None else left
    plot = board.width - left - right
    edge = min(plot / (2 * len(years)), 40)  # pixels from the axis to the first and last year
    slot = (plot - 2 * edge) / (len(years) - 1) if len(years) > 1 else plot
    span = (years[0] - edge / slot, years[-1] + edge / slot)
    place = _places(board, breaks, slot, lambda year: left + (year - span[0]) * slot)
    head = 24 + _ROW * (1 + max((line for *_, line in place), default=-1))
    bottom = 74 if counts else 30
    board.tall(tall + head + bottom)
    ax = board.axes(left, right, head, bottom, xlim=span, ylim=limits)
    ticks(ax.yaxis, whole=unit in COUNTED)
    ax.grid(axis="y")
    write_years(board, ax, years)
    board.quiet(None, (2, 10), unit)
    ink, foot, top = role("warning")["line"], board.height - bottom, board.whole()
    for (_, label, kind), (x, ha, dx, line) in zip(breaks, place, strict=True):
        y = head - 10 - _ROW * line
        if kind == "gap":
            corner, wide, high = (x - 0.4 * slot, y - 9), 0.8 * slot, foot - y + 9
            top.add_patch(Rectangle(corner, wide, high, fc=colour("zone"), lw=0))
        else:
            top.plot([x, x], [foot, y - 7], color=ink, lw=1, ls="-" if kind == "break" else _DASH)
        board.quiet(None, (x + dx, y), label, ha=ha, ink="quiet" if kind == "gap" else "warning")
    return ax


def pixels_of(ax: Axes) -> float:
    """Return how many pixels one unit of the horizontal axis is."""
    return float(ax.get_window_extent().width / np.ptp(ax.get_xlim()))


def _places(board: Board, breaks: Sequence[Break], slot: float, at: Callable[[float], float]):
    """Find for each break a side and a line on which no rule and no other name is in its way."""
    spots = []
    for year, label, kind in breaks:
        half, gap = 0.4 * slot, kind == "gap"
        x, wide = at(year if gap else year - 0.5), text_width(label, board.small)
        # at a rule beside it; at a gap over it, from one of its edges, or beside it
        shifts = [("center", 0), ("right", half), ("left", -half)] if gap else []
        shifts += [("right", -5 - half * gap), ("left", 5 + half * gap)]
        lead = {"center": wide / 2, "right": wide, "left": 0}
        sides = [(ha, dx, x + dx - lead[ha], x + dx - lead[ha] + wide) for ha, dx in shifts]
        inside = [side for side in sides if side[2] >= 0 and side[3] <= board.width]
        spots.append((x, half * gap, inside or sides[-1:]))
    lines = range(len(breaks))
    options = [
        [(x, half, *side, line) for side in sides for line in lines] for x, half, sides in spots
    ]
    chosen = min(product(*options), key=lambda each: (_clashes(each), sum(o[-1] for o in each)))
    return [(x, ha, dx, line) for x, _, ha, dx, _, _, line in chosen]


def _clashes(chosen: Sequence[tuple]) -> int:
    found = 0
    for i, (x, half, _, _, first, last, line) in enumerate(chosen):
        for k, (_, _, _, _, first2, last2, line2) in enumerate(chosen):
            if i != k:  # a rule through a name, a name over a name
                found += first2 - 4 <= x + half and x - half <= last2 + 4 and line2 <= line
                found += line == line2 and first < last2 + 8 and first2 < last + 8
    return found


# Names at the end of lines ----------------------------------------------------------------------


def end_room(board: Board, labels: Sequence[str]) -> float:
    """Return the room at the right that the names of lines take."""
    lines = [line for label in labels for line in wrap(label, _widest(board), board.size, True)]
    return 22 + max(text_width(line, board.size, True) for line in lines)


def _widest(board: Board) -> float:
    return 92 if board.narrow else 170


def end_labels(
    board: Board, ax: Axes, spots: Mapping[str, tuple[float, float]], roles: Mapping[str, str]
) -> None:
    """Write each name where its line ends, without overlap."""
    tall, (low, high) = ax.get_window_extent().height, ax.get_ylim()
    texts = {label: wrap(label, _widest(board), board.size, True) for label in spots}
    want = [(value - low) / (high - low) * tall for _, value in spots.values()]
    gaps = [len(lines) * board.size * LINE + 2 for lines in texts.values()]
    edge, start = ax.get_xlim()[1], 9 / pixels_of(ax)
    for (label, (x, value)), pixel in zip(spots.items(), spread(want, gaps, 0, tall), strict=True):
        part, y = roles[label], low + pixel / tall * (high - low)
        ax.plot([x + start, edge], [value, y], color=role(part)["line"], lw=0.8)
        board.write(
            ax, (edge, y), texts[label], ink=part, shift=(6, 0), bold=part == "participants"
        )


# Rows with a name and a horizontal scale ----------------------------------------------------------


def row_axes(
    board: Board,
    labels: Sequence[str],
    limits: tuple[float, float],
    *,
    tall: float = 34,
    side: float = 300,
    head: float = 26,
    unit: str = "",
    bold: Sequence[bool] = (),
) -> tuple[Axes, list[float]]:
    """Make axes with a row for each label, beside its plot; above it where that takes half.

    Returns the axes and the height of the middle of each row.
    """
    above = board.narrow and side > board.width / 2
    left = 10 if above else side
    lines = [wrap(label, board.width - 20 if above else side - 20, board.size) for label in labels]
    text = [len(each) * board.size * LINE for each in lines]
    rows = [t + tall if above else max(t + 8, tall) for t in text]
    foot = 48 if unit else 28
    board.tall(head + sum(rows) + foot)
    ax = board.axes(left, 18, head, foot, xlim=limits, ylim=(sum(rows), 0))
    ax.set_yticks([])
    ticks(ax.xaxis, 4 if board.narrow else 7)
    ax.grid(axis="x")
    tops = np.cumsum([0, *rows[:-1]])
    middles = []
    for i, top in enumerate(tops):
        if above:  # what runs down the plot stops at a name
            fill = colour("background")
            part = Rectangle((limits[0], top), np.ptp(limits), text[i] + 5, fc=fill, lw=0)
            part.set_zorder(2.5)
            ax.add_patch(part)
        heavy = bool(bold and bold[i])
        place = (0, top + 3 + text[i] / 2) if above else (0, top + rows[i] / 2)
        shift = (2, 0) if above else (2 - left, 0)
        board.write(ax, place, lines[i], on="y", shift=shift, bold=heavy)
        middles.append(top + (text[i] + tall / 2 if above else rows[i] / 2))
    if unit:
        board.quiet(ax, (0.5, 0), unit, on="axes", ha="center", va="top", shift=(0, -25))
    return ax, middles


def zone(board: Board, ax: Axes, margin: float, words: str = ZONE, *, flat: bool = False) -> None:
    """Shade where a difference does not matter, with borders that can be seen, and name it."""
    span, line = (ax.axhspan, ax.axhline) if flat else (ax.axvspan, ax.axvline)
    span(-margin, margin, color=colour("zone"), lw=0, zorder=0.4)
    for edge in (-margin, margin):
        line(edge, color=colour("zone_edge"), lw=0.9, ls=(0, (2, 2)), zorder=0.5)
    line(0, color=colour("axis"), lw=1.2)
    if flat:  # in the corner: inside the plot it would lie under the intervals
        left = board.width - 8 - text_width(words, board.small)
        key = Rectangle((left - 28, 4), 22, 12, fc=colour("zone"), ec=colour("zone_edge"), lw=0.9)
        board.whole().add_patch(key)
        board.quiet(None, (left, 10), words)
    else:
        board.quiet(ax, (0, 1), words, on="x", ha="center", va="bottom", shift=(0, 5))


def dot(board: Board, ax: Axes, y: float, row, says: str, limits=None) -> None:
    """Draw an estimate with its interval; what lies outside the scale gets an arrow."""
    if pd.isna(row.estimate):
        return
    blue = role("participants")["line"]
    low, high = limits or (-np.inf, np.inf)
    if pd.notna(row.low):
        ax.plot([max(row.low, low), min(row.high, high)], [y, y], color=blue, lw=2.4)
        for outside, edge, look in ((row.low < low, low, "<"), (row.high > high, high, ">")):
            if outside:
                ax.plot(edge, y, look, ms=9, color=blue)
    if low <= row.estimate <= high:
        board.mark(ax, row.estimate, y, says, ms=10, color=blue)


# Legends ------------------------------------------------------------------------------------------


def legend(
    board: Board, spots, entries: Mapping[str, Callable[[Board, float, float], None]]
) -> None:
    """Draw a legend where `Board.flow` placed it: a sample and its word."""
    for (x, y), (label, sample) in zip(spots, entries.items(), strict=True):
        sample(board, x, y)
        board.write(None, (x + 22, y), label, size=board.small)


def box(fill: str, edge: str = "", hatch: str | None = None):
    """Return a sample of an area."""

    def draw(board: Board, x: float, y: float) -> None:
        board.whole().add_patch(patch((x, y - 7), 16, 14, fill, hatch, edge))

    return draw


def stroke(style: Mapping):
    """Return a sample of a line."""

    def draw(board: Board, x: float, y: float) -> None:
        look = {"color": style["line"], "lw": style["width"], "ls": style["dash"]}
        board.whole().plot([x, x + 17], [y, y], **look)

    return draw


def patch(corner, width: float, height: float, fill: str, hatch=None, edge: str = "") -> Rectangle:
    """Return a bordered rectangle."""
    edge = edge or colour("axis")
    return Rectangle(corner, width, height, fc=fill, ec=edge, lw=1, hatch=hatch)
