"""Figures about the programme itself: how far activities are, what was spent, who takes part."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pandas as pd

from kansen_analysis.display._canvas import LINE, Board, colour, role, ticks, wrap
from kansen_analysis.display._figure import Figure, Texts, make, need
from kansen_analysis.display._parts import YEAR, box, legend, row_axes, write_years
from kansen_analysis.errors import UsageError
from kansen_analysis.sources.rows import each_row
from kansen_analysis.words import numbers

STEP = 20  # between two marks
_ARROW = "Pijl: van de stand in het vorige overzicht naar die van nu."


def progress_marks(frame: pd.DataFrame, texts: Texts, *, states: Sequence[str]) -> Figure:
    """Draw every activity as a mark in a table of theme by state, with arrows where it moved.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per activity: ``theme``, ``activity``, ``state`` and ``state_before`` (empty when
        there is none or it did not change).
    texts : Texts
    states : sequence of str
        The states from left to right.

    Returns
    -------
    Figure
        Themes in the order of the frame; the number of activities stands behind each name.

    Raises
    ------
    UsageError
        For a missing column, no rows, or a state that is not in `states`.
    """
    frame = need(frame, ("theme", "activity", "state", "state_before"), "progress_marks")
    strange = sorted({*frame["state"], *frame["state_before"]} - {*states, ""})
    if strange:
        raise UsageError(f"not a state: {', '.join(strange)}")
    changed = frame[(frame["state_before"] != "") & (frame["state_before"] != frame["state"])]
    total = frame["state"].value_counts()
    said = ", ".join(f"{total[state]} {state}" for state in states if state in total)
    alt = [f"{len(frame)} activiteiten in {frame['theme'].nunique()} thema’s: {said}."]
    if len(changed):
        alt.append(f"{len(changed)} veranderden van stand sinds het vorige overzicht.")
    return make(
        texts,
        partial(_progress_marks, frame=frame, changed=changed, states=states),
        alt=alt,
        kind="Tabel van thema en stand met een stip per activiteit.",
        frame=frame,
        variables=[
            ("theme", "Thema", "", 0, "text"),
            ("activity", "Activiteit", "", 0, "text"),
            ("state", "Stand", "", 0, "text"),
            ("state_before", "Stand in het vorige overzicht", "", 0, "text"),
        ],
        notes=["Stip: één activiteit."] + ([_ARROW] if len(changed) else []),
    )


def _progress_marks(board: Board, *, frame, changed, states) -> None:
    narrow, blue, background = board.narrow, role("participants")["line"], colour("background")
    left = 0 if narrow else 300  # on a phone the theme stands above its marks
    wide = (board.width - left) / len(states)
    across, middle = (
        max(1, int((wide - 6) // STEP)),
        [left + (k + 0.5) * wide for k in range(len(states))],
    )
    names = {
        state: state.replace("voorber", "voor\u00adber").replace("verken", "ver\u00adken")
        for state in states
    }
    heads = [wrap(names[state], wide - 6, board.small, True) for state in states]
    head = max(map(len, heads)) * board.small * LINE + 10
    rows = []
    for theme, part in frame.groupby("theme", sort=False):
        label = wrap(f"{theme} ({len(part)})", (board.width if narrow else left) - 14, board.size)
        counts = part["state"].value_counts()
        moved = changed[changed["theme"] == theme].groupby(["state_before", "state"]).size()
        words = len(label) * board.size * LINE + 8
        marks = STEP * -(-counts.max() // across) + 8
        drawn = marks + 18 * len(moved)
        rows.append(
            (label, counts, moved, words, marks, words + drawn if narrow else max(words, drawn))
        )
    board.tall(head + sum(row[-1] + 4 for row in rows) + 2)
    top = board.whole()
    for x, lines in zip(middle, heads, strict=True):
        at, size = (x, head - 6), board.small
        board.write(None, at, lines, ha="center", va="bottom", size=size, bold=True)
    y = head
    for label, counts, moved, words, marks, tall in rows:
        top.plot([0, board.width], [y, y], color=colour("grid"), lw=1)
        board.write(None, (2, y + 6), label, va="top")
        base = y + (words if narrow else 0)
        for x, state in zip(middle, states, strict=True):
            number = int(counts.get(state, 0))
            for i in range(number):
                at = x + (i % across - (min(number, across) - 1) / 2) * STEP
                top.plot(at, base + 14 + STEP * (i // across), "o", ms=12, color=blue)
        for lane, ((old, new), number) in enumerate(moved.items()):
            at, ends = base + marks + 18 * lane + 7, [middle[states.index(s)] for s in (old, new)]
            style = {"arrowstyle": "-|>", "color": colour("text"), "lw": 1.4}
            top.annotate("", (ends[1], at), (ends[0], at), arrowprops=style)
            top.plot(ends[0], at, "o", ms=8, mfc=background, mec=blue, mew=1.6)
            if number > 1:
                board.write(
                    None, (sum(ends) / 2, at), f"{number}×", ha="center", size=12, back=True
                )
        y += tall + 4
    top.plot([0, board.width], [y, y], color=colour("grid"), lw=1)


def bullets(frame: pd.DataFrame, texts: Texts, *, unit: str) -> Figure:
    """Draw what was planned as a wide open bar and what was spent as a thin filled one in it.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``label``, ``planned`` and ``spent`` (missing while it is not known).
    texts : Texts
    unit : str
        Of both.

    Returns
    -------
    Figure
        Rows in the order of the frame; both numbers are written out.

    Raises
    ------
    UsageError
        For a missing column or no rows.
    """
    frame = need(frame, ("label", "planned", "spent"), "bullets")
    known = frame.dropna(subset=["spent"])
    # No sums: hours of different people do not add up.
    low, high = (_amount(end, unit) for end in (frame["planned"].min(), frame["planned"].max()))
    alt = [f"Het kleinste van {len(frame)} onderdelen is begroot op {low}, het grootste op {high}."]
    if len(known):
        over = int((known["spent"] > known["planned"]).sum())
        alt.append(
            f"Wat is besteed, is ingevuld bij {len(known)} onderdelen; {over} daarvan boven de "
            "begroting."
        )
    else:
        alt.append("Wat is besteed, is nog niet ingevuld.")
    return make(
        texts,
        partial(_bullets, frame=frame, unit=unit),
        alt=alt,
        kind=f"Balken met begroot{' en besteed' if len(known) else ''}.",
        frame=frame,
        variables=[
            ("label", "Onderdeel", "", 0, "text"),
            ("planned", "Begroot", unit, 0, "mean"),
            *([("spent", "Besteed", unit, 0, "mean")] if len(known) else []),
        ],
        notes=["Brede lichte balk: begroot. Smalle donkere balk: besteed."] if len(known) else [],
    )


def _bullets(board: Board, *, frame, unit) -> None:
    limits = (0, frame[["planned", "spent"]].max().max() or 1)
    ax, middles = row_axes(
        board, list(frame["label"]), limits, unit=unit, tall=62, head=4, side=330
    )
    blue = role("participants")["line"]
    for row, y in zip(each_row(frame), middles, strict=True):
        ax.barh(y - 10, row.planned, 24, fc=colour("zone"), ec=colour("axis"), lw=1.2)
        said = f"begroot {_amount(row.planned, unit)}"
        if pd.notna(row.spent):
            ax.barh(y - 10, row.spent, 10, fc=blue, ec=blue)
            said += f", besteed {_amount(row.spent, unit)}"
        elif frame["spent"].notna().any():
            said += ", besteed: nog niet ingevuld"
        board.quiet(ax, (0, y + 15), said, back=True)


def network_growth(frame: pd.DataFrame, texts: Texts, person: str = "coach") -> Figure:
    """Draw schools with a coach and schools in the network per year, joined and left apart.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``year``, ``network`` (schools in the network), ``coach`` (those with a coach), ``joined``
        (new in the network) and ``left`` (no coach any more since this year).
    texts : Texts
    person : str
        What the programme calls the coach.

    Returns
    -------
    Figure
        Bars from 0; who left stands below it.

    Raises
    ------
    UsageError
        For a missing column, no rows, or more schools with a coach than in the network.
    """
    frame = need(frame, ("year", "network", "coach", "joined", "left"), "network_growth")
    if (frame["coach"] > frame["network"]).any():
        raise UsageError("network_growth: more schools with a coach than schools in the network")
    frame = frame.sort_values("year", kind="stable").reset_index(drop=True)
    last, first = frame.iloc[-1], frame.iloc[0]
    alt = [
        f"In {numbers.school_year(last.year)} zijn {numbers.number(last.network, 0)} scholen in "
        f"het netwerk, {numbers.number(last.coach, 0)} met een {person}."
    ]
    if len(frame) > 1:
        then = numbers.number(first.network, 0)
        alt.append(f"In {numbers.school_year(first.year)} waren het er {then}.")
    alt.append(f"Gestopt in deze jaren: {numbers.number(frame['left'].sum(), 0)}.")
    counts = {
        "network": "In het netwerk",
        "coach": f"Met een {person}",
        "joined": "Erbij gekomen",
        "left": "Gestopt",
    }
    return make(
        texts,
        partial(_network_growth, frame=frame, person=person),
        alt=alt,
        kind="Staven per schooljaar.",
        frame=frame,
        variables=[
            YEAR,
            *[(column, label, "scholen", 0, "count") for column, label in counts.items()],
        ],
    )


def _network_growth(board: Board, *, frame, person) -> None:
    years = range(int(frame["year"].min()), int(frame["year"].max()) + 1)
    high, low = frame["network"].max(), frame["left"].max()
    blue, warn, white = role("participants")["line"], role("warning")["line"], colour("background")
    looks = {
        f"met een {person}": (blue, blue),
        "in het netwerk, nog niet of niet meer": (white, blue),
        "gestopt": (warn, warn),
    }
    if not low:
        del looks["gestopt"]
    spots, head = board.flow(list(looks), top=32)
    board.tall(head + 280)
    legend(board, spots, {label: box(*look) for label, look in looks.items()})
    limits = {"ylim": (-1.15 * low - 0.02 * high, high * 1.16)}
    ax = board.axes(40, 8, head + 8, 32, xlim=(years[0] - 0.6, years[-1] + 0.6), **limits)
    ticks(ax.yaxis, whole=True)
    ax.grid(axis="y")
    board.quiet(None, (2, 10), "scholen")
    for row in each_row(frame):
        parts = [(row.coach, 0, 0), (row.network - row.coach, row.coach, 1), (-row.left, 0, 2)]
        for count, bottom, look in parts:
            if count:
                fill, edge = list(looks.values())[look]
                ax.bar(row.year, count, 0.56, bottom, fc=fill, ec=edge, lw=1.6)
        said = numbers.number(row.network, 0)
        board.write(ax, (row.year, row.network), said, ha="center", va="bottom", shift=(0, 6))
    if low:
        ax.axhline(0, color=colour("axis"), lw=1)
    write_years(board, ax, years)


def _amount(value: float, unit: str) -> str:
    text = numbers.number(value, 0)
    return f"€ {text}" if unit == "euro" else f"{text} {unit}"
