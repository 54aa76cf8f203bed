"""Wat we wel zien: per goal the levels there are, whether or not there is a verdict."""

from __future__ import annotations

import pandas as pd

from kansen_analysis.display import figures
from kansen_analysis.display.figures import Figure
from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.edition.answers import ALIKE, AREA, COUNTRY, REGISTER
from kansen_analysis.edition.open import Edition
from kansen_analysis.pages.common import source_line
from kansen_analysis.words import seen as words

SOURCES = {1: ("leerresultaten", "referentieniveaus"), 3: ("leerjaar3",)}
PAGE = {1: "eindtoets", 3: "afstroom"}
WHAT = {
    1: "Aandeel behaalde streefniveaus (1S/2F)",
    3: "Aandeel oud-leerlingen dat in leerjaar 3 niet onder het advies zit",
}
ROLES = {
    words.GROUPS[REGISTER]: "participants",
    words.GROUPS[AREA]: "participants",
    words.GROUPS[ALIKE]: "comparison",
    words.GROUPS[COUNTRY]: "national",
}


def _own(monitor: Edition) -> str:
    """Return the group that comes first: the register, or the whole area while it names nobody."""
    return REGISTER if len(monitor.participants) else AREA


def _rows(monitor: Edition, goal: int) -> pd.DataFrame:
    """Return what is seen of a goal, its groups in Dutch; empty where nothing is."""
    found = monitor.seen.get(goal, pd.DataFrame({"group": []}))
    return found.assign(group=found["group"].map(words.GROUPS))


def in_words(monitor: Edition, goal: int) -> list[str]:
    """Return the sentences about what is seen of a goal: level, change, signaleringswaarde."""
    own = _own(monitor)
    lines = [words.latest(goal, _rows(monitor, goal), words.GROUPS[own], words.WHOSE[own])]
    moved = monitor.moved.get(goal)
    if moved is not None and len(moved):
        lines.append(words.change(goal, moved.iloc[0], words.WHOSE[own]))
    if goal == 1:
        lines.append(words.signal(monitor.standing))
    return [line for line in lines if line]


def in_short(monitor: Edition, goal: int) -> str:
    """Say what is seen of a goal in one line, or nothing."""
    own = _own(monitor)
    whose = words.WHOSE[own] if own == AREA else ""  # what the register is stands above the cards
    return words.in_short(goal, _rows(monitor, goal), words.GROUPS[own], whose)


def block(monitor: Edition, goal: int) -> Prose | Absent:
    """Say what is seen of a goal without a verdict."""
    lines = in_words(monitor, goal)
    if not lines:
        return Absent("")
    return Prose("\n\n".join([f"*{words.NOT_A_VERDICT}* {lines[0]}", *lines[1:]]))


def over_the_years(monitor: Edition, goal: int) -> Figure | Absent:
    """Draw the levels by school year; a line joins years of the same schools only."""
    rows = _rows(monitor, goal)
    if not len(rows):
        return Absent("")
    whose = words.WHOSE[_own(monitor)]
    own = words.GROUPS[_own(monitor)]
    frame = rows.assign(
        series=rows["group"],
        value=rows[["low", "high"]].mean(axis=1),
        provisional=rows["year"].isin(monitor.provisional(*SOURCES[goal])),
    )
    # The range of a few pupils is worth drawing; that of a country is thinner than its line.
    for end in ("low", "high"):
        frame[end] = rows[f"chance_{end}"].where(rows["group"] == own)
    columns = ["series", "year", "value", "low", "high", "schools", "segment", "provisional"]
    mine = rows[rows["group"] == own]
    title = words.headline(goal, mine.iloc[-1], whose) if len(mine) else ""
    if not title:
        title = words.headline(goal, rows.iloc[-1], "in het land")
    return figures.lines(
        frame[columns].rename(columns={"schools": "n"}),
        figures.Texts(
            name=f"{PAGE[goal]}-jaren",
            title=title,
            subtitle=f"{WHAT[goal]}, per schooljaar, in procenten van de leerlingen; beeld, geen "
            "oordeel",
            source=source_line(*SOURCES[goal]),
            notes=words.DRAWN,
        ),
        unit="%",
        roles=ROLES,
    )
