"""What other pages say about the programme: activities, stories and lessons, and where to read."""

from __future__ import annotations

from collections.abc import Collection

from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.edition.open import Edition
from kansen_analysis.pages._programme import when
from kansen_analysis.pages.markdown import plain
from kansen_analysis.programme.progress import states
from kansen_analysis.programme.reading import Programme
from kansen_analysis.programme.schema import split
from kansen_analysis.sources.rows import each_row
from kansen_analysis.words.numbers import many

NOT_TESTED = "Een activiteit of verhaal laat zien wat er gebeurt. Het is geen bewijs dat het werkt."
MOST = 5  # on a page about something else; the pages of the programme have all of them


def of_school(monitor: Edition, school: str) -> Prose:
    """Say which activities, stories and lessons name a school.

    Parameters
    ----------
    monitor : Edition
    school : str
        BRIN6 of a participant.
    """
    programme = monitor.programme
    lines = [*_activities(programme, [school]), *_told(programme, schools=[school])]
    if not lines:
        nothing = "Geen activiteit, verhaal of les in deze uitgave noemt deze school."
        return Prose(f"{nothing} {_read_more('../')}")
    return Prose("\n".join([*lines, "", f"{NOT_TESTED} {_read_more('../')}"]))


def of_municipality(monitor: Edition, code: str) -> Prose:
    """Say which programmes work in a municipality, and what names its schools.

    Parameters
    ----------
    monitor : Edition
    code : str
        Number of the municipality, 4 digits.
    """
    programme = monitor.programme
    people = monitor.participants[monitor.participants["municipality_code"] == code]
    name = people["municipality"].iloc[0]
    lines = []
    now = states(programme.activities)
    for row in each_row(programme.programmes[programme.programmes["area"] == name]):
        count = int((now["programme"] == row.programme).sum())
        told = f", met {many(count, 'activiteit', 'activiteiten')}" if count else ""
        lines.append(f"- Hier loopt ook {plain(row.programme)}{told}.")
    schools = set(people["school"])
    lines += [*_activities(programme, schools), *_told(programme, schools=schools)]
    network = "Hoe het netwerk groeit staat bij [het netwerk](../netwerk.ipynb)."
    if not lines:
        nothing = f"Geen activiteit, verhaal of les in deze uitgave noemt een school in {name}."
        return Prose(f"{plain(nothing)} {network}")
    return Prose("\n".join([*lines, "", f"{NOT_TESTED} {_read_more('../')} {network}"]))


def of_goal(monitor: Edition, goal: int) -> Prose | Absent:
    """Point from the page of a goal to the stories and lessons about it.

    Parameters
    ----------
    monitor : Edition
    goal : int
        1 to 4.
    """
    lines = _told(monitor.programme, goal=str(goal))
    if not lines:
        return Absent("")
    return Prose("\n".join([*lines, "", f"{NOT_TESTED} {_read_more()}"]))


def _read_more(up: str = "") -> str:
    return (
        f"Meer staat bij [voortgang]({up}voortgang.ipynb) en bij "
        f"[verhalen en lessen]({up}verhalen.ipynb)."
    )


def _activities(programme: Programme, schools: Collection[str]) -> list[str]:
    now = states(programme.activities)
    rows = now[[bool({*split(cell)} & {*schools}) for cell in now["school"]]]
    lines = [
        f"- Activiteit: {plain(row.activity)} ({plain(row.theme)}), {row.state}, {when(row.date)}."
        for row in each_row(rows)
    ]
    return _most(lines, "activiteiten")


def _told(programme: Programme, *, schools: Collection[str] = (), goal: str = "") -> list[str]:
    told = [("Verhaal", story.title, story.school, story.goal) for story in programme.stories]
    told += [("Les", row.lesson, row.school, row.goal) for row in each_row(programme.lessons)]
    lines = [
        f"- {kind}: {plain(title)}"
        for kind, title, where, about in told
        if {*split(where)} & {*schools} or (goal and about == goal)
    ]
    return _most(lines, "verhalen en lessen")


def _most(lines: list[str], what: str) -> list[str]:
    rest = len(lines) - MOST
    return lines if rest <= 0 else [*lines[:MOST], f"- En nog {rest} {what}."]
