"""One figure of several places side by side, in the order in which they are given."""

from __future__ import annotations

from functools import partial

import pandas as pd

from kansen_analysis.display._canvas import Board, colour, role, text_width
from kansen_analysis.display._figure import Figure, Texts, flags, make, need
from kansen_analysis.display._parts import between, row_axes, with_unit
from kansen_analysis.words import numbers

SIDE, PHONE_SIDE = 190, 118  # pixels for the names


def places(
    frame: pd.DataFrame,
    texts: Texts,
    *,
    unit: str,
    decimals: int = 1,
    reference: tuple[str, float, float] | None = None,
) -> Figure:
    """Draw a figure per place as a dot, or as a bar where hidden counts leave a range.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``place``, ``low``, ``high`` (the same where nothing is hidden), ``n`` (a text: over how
        many); optional ``marked`` (drawn as the participants are).
    texts : Texts
    unit : str
        Of the values.
    decimals : int
        Of the values.
    reference : (str, float, float), optional
        Name, lowest and highest of a line that all are set beside, such as the country.

    Returns
    -------
    Figure
        One row per place, never sorted by its value.

    Raises
    ------
    UsageError
        For a missing column or no rows.
    """
    frame = need(frame, ("place", "low", "high", "n"), "places")
    middle = frame[["low", "high"]].mean(axis=1)
    alt = [
        f"De waarden liggen {between(middle, decimals)} {unit}.",
        f"{frame.iloc[0].place}: {_said(frame.iloc[0], unit, decimals)}.",
    ]
    if reference:
        name, low, high = reference
        row = pd.Series({"low": low, "high": high})
        alt.append(f"{name}: {_said(row, unit, decimals)}.")
    return make(
        texts,
        partial(_places, frame=frame, unit=unit, decimals=decimals, reference=reference),
        alt=alt,
        kind=f"Puntenfiguur met {len(frame)} rijen.",
        frame=frame.assign(value=frame["low"].where(frame["low"] == frame["high"])),
        variables=[
            ("place", "Waar", "", 0, "text"),
            ("value", "Waarde", unit, decimals, "mean"),
            ("low", "Laagst mogelijk", unit, decimals, "mean"),
            ("high", "Hoogst mogelijk", unit, decimals, "mean"),
            ("n", "Over", "", 0, "text"),
        ],
    )


def _said(row, unit: str, decimals: int) -> str:
    if row["low"] == row["high"] == 0:
        return "geen"
    low, high = (numbers.number(end, decimals) for end in (row["low"], row["high"]))
    if low == high:
        return with_unit(row["low"], unit, decimals)
    return f"{low} tot {with_unit(row['high'], unit, decimals)}"


def _places(board: Board, *, frame, unit, decimals, reference) -> None:
    ends = frame[["low", "high"]].to_numpy().ravel().tolist() + list(reference or ())[1:]
    span = (max(ends) - min(ends)) or 1
    start = 0 if 0 <= min(ends) < 0.5 * max(ends) else min(ends) - 0.08 * span
    said = [_said(row, unit, decimals) for row in frame.to_dict("records")]
    # so far that what is written beside every mark ends within the figure
    left = PHONE_SIDE if board.narrow else SIDE
    plot = board.width - left - 18
    rooms = [board.width - left - 13 - text_width(words, board.small) for words in said]
    needed = [
        start + (high - start) * plot / room
        for high, room in zip(frame["high"], rooms, strict=True)
    ]
    limits = (start, max(max(ends) + 0.02 * span, *needed))
    bold = flags(frame, "marked").tolist()
    ax, middles = row_axes(
        board, frame["place"].tolist(), limits, tall=26, side=left, unit=unit, bold=bold
    )
    if reference:
        name, low, high = reference
        line = role("national")
        ax.axvline((low + high) / 2, color=line["line"], lw=line["width"], ls=line["dash"])
        place = ((low + high) / 2, 1)
        board.quiet(ax, place, name, on="x", ha="center", va="bottom", shift=(0, 5))
    rows = frame.to_dict("records")
    for row, words, y, own in zip(rows, said, middles, bold, strict=True):
        ink = role("participants" if own else "comparison")["line"]
        if row["high"] > row["low"]:
            ax.plot([row["low"], row["high"]], [y, y], color=ink, lw=5, solid_capstyle="butt")
        look = "o" if own else "^"
        middle = (row["low"] + row["high"]) / 2
        ranged = row["high"] - row["low"] > 0.02 * span
        board.mark(
            ax,
            middle,
            y,
            f"{row['place']}: {words}",
            look,
            **{"ms": 8, "color": ink, "mfc": colour("background") if ranged else ink, "mew": 1.8},
        )
        board.quiet(ax, (row["high"], y), words, shift=(9, 0), back=True)
