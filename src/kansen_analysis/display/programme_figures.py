"""Figures about the programme itself: how far activities are, what was spent, who takes part."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from kansen_analysis.display._canvas import (
    NARROW,
    WIDE,
    Board,
    colour,
    role,
    text_width,
    ticks,
    wrap,
)
from kansen_analysis.display._figure import Figure, describe, make, need
from kansen_analysis.display._parts import texts_of, write_unit, write_years
from kansen_analysis.errors import UsageError
from kansen_analysis.words import numbers

STEP = 20  # between two marks
_ARROW = "Pijl: van de stand in het vorige overzicht naar die van nu."


def progress_marks(
    frame: pd.DataFrame,
    *,
    states: Sequence[str],
    name: str,
    title: str,
    subtitle: str,
    source: str,
    notes: Sequence[str] = (),
) -> Figure:
    """Draw every activity as a mark in a table of theme by state, with arrows where it moved.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per activity: ``theme``, ``activity``, ``state`` and ``state_before`` (empty when
        there is none or it did not change).
    states : sequence of str
        The states from left to right.
    name, title, subtitle, source, notes
        Texts, as in `Figure`.

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
    themes = list(dict.fromkeys(frame["theme"]))
    counts = frame.groupby(["theme", "state"]).size()
    changed = frame[(frame["state_before"] != "") & (frame["state_before"] != frame["state"])]
    lanes = {
        theme: list(rows.groupby(["state_before", "state"]).size().items())
        for theme, rows in changed.groupby("theme")
    }
    head = 36

    def side(narrow: bool) -> float:
        return 0 if narrow else 214  # on a phone the theme stands above its marks

    def cell(narrow: bool) -> float:
        return ((NARROW if narrow else WIDE) - side(narrow)) / len(states)

    def label(theme: str, narrow: bool) -> list[str]:
        words = f"{theme} ({(frame['theme'] == theme).sum()})"
        return wrap(words, NARROW - 8 if narrow else side(narrow) - 12, 12 if narrow else 13)

    def parts(theme: str, narrow: bool) -> tuple[float, float, float]:
        """Return the height of label, marks and arrows."""
        across = max(1, int((cell(narrow) - 6) // STEP))
        most = max(counts[theme])
        marks = STEP * -(-most // across) + 8
        words = len(label(theme, narrow)) * 16 + 8
        arrows = 18 * len(lanes.get(theme, ()))
        return words, marks, arrows

    def tall(theme: str, narrow: bool) -> float:
        words, marks, arrows = parts(theme, narrow)
        return words + marks + arrows + 4 if narrow else max(words, marks + arrows) + 4

    def painter(board: Board) -> None:
        narrow, top, left, wide = (
            board.narrow,
            board.whole(),
            side(board.narrow),
            cell(board.narrow),
        )
        blue = role("participants")
        across = max(1, int((wide - 6) // STEP))
        for k, state in enumerate(states):
            words = state.replace("voorber", "voor\u00adber").replace("verken", "ver\u00adken")
            lines = wrap(words, wide - 8, board.small, "bold")
            at = (left + (k + 0.5) * wide, head - 6)
            board.write(top, at, lines, ha="center", va="bottom", size=board.small, weight="bold")
        y = head
        for theme in themes:
            words, marks, _ = parts(theme, narrow)
            top.plot([0, board.width], [y, y], color=colour("grid"), lw=1)
            board.write(top, (2, y + 12), label(theme, narrow), va="top")
            base = y + (words if narrow else 0)
            for k, state in enumerate(states):
                number = int(counts.get((theme, state), 0))
                in_row = min(number, across)
                for i in range(number):
                    x = left + (k + 0.5) * wide + (i % across - (in_row - 1) / 2) * STEP
                    mark = (x, base + 14 + STEP * (i // across))
                    top.plot(*mark, "o", ms=12, color=blue["line"])
            for lane, ((old, new), number) in enumerate(lanes.get(theme, ())):
                at = base + marks + 18 * lane + 7
                ends = [left + (states.index(each) + 0.5) * wide for each in (old, new)]
                style = {"arrowstyle": "-|>", "color": colour("text"), "lw": 1.4}
                top.annotate("", (ends[1], at), (ends[0], at), arrowprops=style)
                top.plot(
                    ends[0], at, "o", ms=8, mfc=colour("background"), mec=blue["line"], mew=1.6
                )
                if number > 1:
                    middle = (sum(ends) / 2, at)
                    board.write(top, middle, f"{number}×", ha="center", size=11.5, back=True)
            y += tall(theme, narrow)
        top.plot([0, board.width], [y, y], color=colour("grid"), lw=1)

    total = frame["state"].value_counts()
    said = ", ".join(f"{total[state]} {state}" for state in states if state in total)
    alt = [f"{len(frame)} activiteiten in {len(themes)} thema’s: {said}."]
    if len(changed):
        alt.append(f"{len(changed)} veranderden van stand sinds het vorige overzicht.")
    return make(
        painter,
        lambda narrow: head + sum(tall(theme, narrow) for theme in themes) + 2,
        texts=texts_of(name, title, subtitle, source, notes),
        alt=alt,
        kind="Tabel van thema en stand met een stip per activiteit.",
        frame=frame,
        variables=describe(
            ("theme", "Thema", "", 0, "text"),
            ("activity", "Activiteit", "", 0, "text"),
            ("state", "Stand", "", 0, "text"),
            ("state_before", "Stand in het vorige overzicht", "", 0, "text"),
        ),
        notes=["Stip: één activiteit."] + ([_ARROW] if len(changed) else []),
    )


def bullets(
    frame: pd.DataFrame,
    *,
    unit: str,
    name: str,
    title: str,
    subtitle: str,
    source: str,
    notes: Sequence[str] = (),
) -> Figure:
    """Draw what was planned as a wide open bar and what was spent as a thin filled one in it.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``label``, ``planned`` and ``spent`` (missing while it is not known).
    unit : str
        Of both.
    name, title, subtitle, source, notes
        Texts, as in `Figure`.

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
    highest = frame[["planned", "spent"]].max().max() or 1

    def label(row, narrow: bool) -> list[str]:
        return wrap(row.label, (NARROW if narrow else WIDE) - 8, 13, "bold")

    def tall(row, narrow: bool) -> float:
        return len(label(row, narrow)) * 17 + 62

    def height(narrow: bool) -> float:
        return sum(tall(row, narrow) for row in frame.itertuples()) + 34

    def painter(board: Board) -> None:
        ax = board.axes(6, 30, 0, 30)
        bottom = board.height - 30
        ax.set(xlim=(0, highest), ylim=(bottom, 0))
        ax.set_yticks([])
        ticks(ax.xaxis, 3 if board.narrow else 5)
        y, blue, edge = 0.0, role("participants")["line"], colour("axis")
        for row in frame.itertuples():
            words = label(row, board.narrow)
            board.write(ax, (0, y + 12), words, va="top", weight="bold")
            y += len(words) * 17 + 6
            ax.barh(y + 14, row.planned, 24, fc=colour("zone"), ec=edge, lw=1.2)
            spent = "besteed: nog niet ingevuld"
            if pd.notna(row.spent):
                ax.barh(y + 14, row.spent, 10, fc=blue, ec=blue)
                spent = f"besteed {_amount(row.spent, unit)}"
            line = f"begroot {_amount(row.planned, unit)}, {spent}"
            board.write(ax, (0, y + 38), line, size=board.small, color=colour("quiet"))
            y += 56
        board.write(board.whole(), (board.width - 2, board.height - 8), unit, ha="right", size=11.5)

    known = frame.dropna(subset=["spent"])
    total = frame["planned"].sum()
    alt = [f"Begroot is in totaal {_amount(total, unit)}, in {len(frame)} onderdelen."]
    if len(known):
        over = int((known["spent"] > known["planned"]).sum())
        alt.append(
            f"Besteed is {_amount(known['spent'].sum(), unit)} in {len(known)} onderdelen; "
            f"{over} daarvan boven de begroting."
        )
    else:
        alt.append("Wat is besteed, is nog niet ingevuld.")
    return make(
        painter,
        height,
        texts=texts_of(name, title, subtitle, source, notes),
        alt=alt,
        kind="Balken met begroot en besteed.",
        frame=frame,
        variables=describe(
            ("label", "Onderdeel", "", 0, "text"),
            ("planned", "Begroot", unit, 0, "mean"),
            ("spent", "Besteed", unit, 0, "mean"),
        ),
        notes=["Brede lichte balk: begroot. Smalle donkere balk: besteed."],
    )


def network_growth(
    frame: pd.DataFrame,
    *,
    name: str,
    title: str,
    subtitle: str,
    source: str,
    notes: Sequence[str] = (),
) -> Figure:
    """Draw schools with a coach and schools in the network per year, joined and left apart.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``year``, ``network`` (schools in the network), ``coach`` (those with a coach), ``joined``
        (new in the network) and ``left`` (no coach any more since this year).
    name, title, subtitle, source, notes
        Texts, as in `Figure`.

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
    years = range(int(frame["year"].min()), int(frame["year"].max()) + 1)
    high, low = frame["network"].max(), frame["left"].max()

    def painter(board: Board) -> None:
        ax = board.axes(40, 8, 72, 52)
        ax.set(
            xlim=(years[0] - 0.6, years[-1] + 0.6), ylim=(-1.15 * low - 0.02 * high, high * 1.16)
        )
        ticks(ax.yaxis)
        ax.grid(axis="y")
        write_unit(board, "scholen")
        blue, warn = role("participants")["line"], role("warning")["line"]
        rest = {"fc": colour("background"), "ec": blue, "lw": 1.6}
        looks = [
            ("met kansencoach", {"fc": blue, "ec": blue, "lw": 1.6}),
            ("in het netwerk, nog of niet meer met coach", rest),
        ]
        if low:
            looks.append(("coach gestopt", {"fc": warn, "ec": warn, "lw": 1.6}))
        x, y, top = 2.0, 32.0, board.whole()
        for words, look in looks:
            wide = 22 + text_width(words, board.small) + 14
            if x > 2 and x + wide > board.width:
                x, y = 2.0, y + 18
            top.fill_between([x, x + 14], y - 6, y + 6, **look)
            board.write(top, (x + 20, y), words, size=board.small)
            x += wide
        for row in frame.itertuples():
            ax.bar(row.year, row.coach, 0.56, **looks[0][1])
            if row.network > row.coach:
                ax.bar(row.year, row.network - row.coach, 0.56, bottom=row.coach, **rest)
            words = numbers.number(row.network, 0)
            board.write(ax, (row.year, row.network), words, ha="center", va="bottom", shift=(0, 8))
            if row.left:
                ax.bar(row.year, -row.left, 0.56, **looks[2][1])
        if low:
            ax.axhline(0, color=colour("axis"), lw=1)
        write_years(board, ax, years, board.width - 48)

    last = frame.iloc[-1]
    alt = [
        f"In {numbers.school_year(last.year)} zijn {numbers.number(last.network, 0)} scholen in "
        f"het netwerk, {numbers.number(last.coach, 0)} met een kansencoach."
    ]
    if len(frame) > 1:
        first = frame.iloc[0]
        alt.append(
            f"In {numbers.school_year(first.year)} waren het er {numbers.number(first.network, 0)}."
        )
    alt.append(f"Met de coach gestopt in deze jaren: {numbers.number(frame['left'].sum(), 0)}.")
    return make(
        painter,
        lambda narrow: 350,
        texts=texts_of(name, title, subtitle, source, notes),
        alt=alt,
        kind="Staven per schooljaar.",
        frame=frame,
        variables=describe(
            ("year", "Schooljaar", "", 0, "year"),
            ("network", "In het netwerk", "scholen", 0, "count"),
            ("coach", "Met kansencoach", "scholen", 0, "count"),
            ("joined", "Erbij gekomen", "scholen", 0, "count"),
            ("left", "Coach gestopt", "scholen", 0, "count"),
        ),
    )


def _amount(value: float, unit: str) -> str:
    text = numbers.number(value, 0)
    return f"€ {text}" if unit == "euro" else f"{text} {unit}"
