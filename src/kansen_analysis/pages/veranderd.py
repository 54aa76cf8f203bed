"""Wat is er veranderd?: this edition beside the one before, and why figures are not the same."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from pathlib import Path
from typing import TypeVar

import pandas as pd

from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.display.tables import Table, about
from kansen_analysis.edition.compare import Comparison, compare
from kansen_analysis.edition.open import Edition
from kansen_analysis.pages import published
from kansen_analysis.pages.common import published_table
from kansen_analysis.pages.gegevens import TABLES
from kansen_analysis.pages.markdown import link_if_made, listed, plain
from kansen_analysis.sources import get, names, schoolyear
from kansen_analysis.words import changed as words
from kansen_analysis.words import numbers
from kansen_analysis.words.changed import Cause

T = TypeVar("T")
OWN = "kansen_analysis, uit beide uitgaven"
PROGRAMME = "programme"  # what the manifest calls files of the programme itself
SUPPLIED = "supplied"  # and one that schools supplied, which it does not name
CHOICES = ("programme", "participants", "overgangen")  # those of its files that a verdict rests on


@lru_cache(maxsize=1)
def _between(old: Edition, new: Edition) -> Comparison:
    return compare(old, new, figures=False)


def _found(monitor: Edition) -> tuple[Edition, Comparison] | None:
    """Return the edition before, and what differs; None without one."""
    old = monitor.earlier
    return None if old is None else (old, _between(old, monitor))


def beside_another(
    show: Callable[[Edition, Edition, Comparison], T],
) -> Callable[[Edition], T | Absent]:
    """Show something of this edition, the one before and what differs; absent without one."""

    @wraps(show)
    def shown(monitor: Edition) -> T | Absent:
        found = _found(monitor)
        return Absent(words.ALONE) if found is None else show(monitor, *found)

    return shown


def _inputs(lines: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return file and source of files as `compare` names them."""
    return [(line[:-1].rpartition(" (")[0], line[:-1].rpartition(" (")[2]) for line in lines]


def _publishers(lines: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(file, of) for file, of in _inputs(lines) if of != PROGRAMME]


# What is different -----------------------------------------------------------------------------


@beside_another
def overview(monitor: Edition, old: Edition, difference: Comparison) -> Prose:
    """Say beside which edition this one stands, and what differs in one sentence each."""
    rows = _verdicts(monitor, old)
    moved = int((rows["then"] != rows["now"]).sum())
    day = numbers.date(old.day) if old.day else ""
    first = words.opening(schoolyear.label(old.year), day, moved, len(rows))
    if old.year == monitor.year - 1 and published.recorded(monitor) is not None:
        first += f" {published.told(monitor)}"
    figures = [plain(TABLES.get(each.table, each.table)) for each in difference.printed]
    method = words.method(old.manifest, monitor.manifest)
    return Prose(f"{first}\n\n{words.sides(figures, method, _people(difference))}")


def _people(difference: Comparison) -> str:
    return words.people(len(difference.joined), len(difference.left))


def _came_or_went(difference: Comparison) -> bool:
    """Tell whether files of publishers came or went; they may hold earlier years too."""
    return bool(_publishers(difference.added + difference.gone))


def _chosen(difference: Comparison) -> bool:
    """Tell whether settings, register or transitions differ in more than who takes part."""
    files = _inputs(difference.revised + difference.added + difference.gone)
    stems = {Path(file).stem for file, of in files if of == PROGRAMME} & {*CHOICES}
    return bool(stems - {"participants"} if _people(difference) else stems)


def _verdicts(monitor: Edition, old: Edition) -> pd.DataFrame:
    """Set verdicts beside each other: then, of that year with all of now, and now."""
    then = old.verdicts
    if old.year == monitor.year - 1 and (told := published.recorded(monitor)) is not None:
        then = told
    again = monitor.previous_verdicts if old.year == monitor.year - 1 else None
    none = words.NOTHING
    frame = monitor.verdicts[["goal", "verdict"]].rename(columns={"verdict": "now"})
    for name, table in (("then", then), ("again", again)):
        known = None if table is None else table.set_index("goal")["verdict"]
        frame[name] = none if known is None else frame["goal"].map(known).fillna(none)
    if again is None:
        frame = frame.drop(columns="again")
    return frame


@beside_another
def verdicts(monitor: Edition, old: Edition, difference: Comparison) -> Table:
    """List per goal the verdict then, of the same year with all of now, and now."""
    frame = _verdicts(monitor, old)
    goals = {goal.id: f"{goal.id}. {goal.name}" for goal in monitor.protocol.goals}
    frame["name"] = frame["goal"].map(goals)
    then, now = schoolyear.label(old.year), schoolyear.label(monitor.year)
    shown = [("name", "Doel"), ("then", f"Uitgave {then}")]
    if "again" in frame:
        shown.append(("again", f"{then}, met alles van nu"))
    shown.append(("now", f"Uitgave {now}"))
    return published_table(
        frame,
        "veranderd-oordelen",
        caption="Het oordeel per doel, in beide uitgaven",
        variables=about(*((name, label, "", 0, "text") for name, label in shown)),
        source=OWN,
        notes=(words.AGAIN,) if "again" in frame else (),
    )


@beside_another
def why(monitor: Edition, old: Edition, difference: Comparison) -> Prose:
    """Say per goal with another verdict where that comes from, as far as can be told."""
    causes = [
        cause.value
        for cause, is_so in (
            (Cause.FIGURES, difference.printed),
            (Cause.METHOD, words.method(old.manifest, monitor.manifest)),
            (Cause.FILES, _came_or_went(difference)),
            (Cause.PEOPLE, _people(difference)),
            (Cause.CHOICES, _chosen(difference)),
        )
        if is_so
    ]
    lines = []
    for row in _verdicts(monitor, old).to_dict("records"):
        if not row["then"] == row["now"] == row.get("again", row["now"]):
            name = plain(monitor.protocol.goal(row["goal"]).name.lower())
            lines.append(words.moved(row, name, causes, schoolyear.label(old.year)))
    return Prose("\n".join(lines) or words.SAME_VERDICTS)


# Why, one by one -------------------------------------------------------------------------------


@beside_another
def printed(monitor: Edition, old: Edition, difference: Comparison) -> Table | Absent:
    """List the tables in which publishers changed figures of years that were there already."""
    if not difference.printed:
        return Absent(words.SAME_FIGURES)
    frame = pd.DataFrame(
        {
            "table": [TABLES.get(each.table, each.table) for each in difference.printed],
            "years": [listed(each.years) for each in difference.printed],
            "changed": [each.changed for each in difference.printed],
            "rows": [each.rows for each in difference.printed],
        }
    )
    return published_table(
        frame,
        "veranderd-cijfers",
        caption="Cijfers van eerdere schooljaren die de uitgever veranderde",
        source=OWN,
        notes=(words.COUNTED,),
    )


@beside_another
def files(monitor: Edition, old: Edition, difference: Comparison) -> Prose:
    """List which files are another, new or gone; a file that schools supplied is not named."""
    lines = []
    for those, how in (
        (difference.revised, words.REVISED),
        (difference.added, words.ADDED),
        (difference.gone, words.GONE),
    ):
        told = [
            f"{words.SUPPLIED if file == SUPPLIED else plain(file)} ({plain(_title(of))})"
            for file, of in _publishers(those)
        ]
        if told:
            lines.append(f"- {how}: {numbers.listed(told)}.")
    return Prose("\n".join(lines) or words.SAME_FILES)


def _title(source: str) -> str:
    return get(source).meta["title"] if source in names() else source


@beside_another
def method(monitor: Edition, old: Edition, difference: Comparison) -> Prose:
    """Say what changed in how is counted, with the protocol's own words."""
    said = words.method(old.manifest, monitor.manifest)
    if not said:
        return Prose(words.SAME_METHOD)
    known = {change.version for change in old.protocol.changes}
    lines = [
        f"- Protocol {plain(each.version)}, {numbers.date(each.date)}: {plain(each.what)}"
        for each in monitor.protocol.changes
        if each.version not in known
    ]
    head = f"De methode {said}."
    return Prose("\n\n".join([head, "\n".join(lines)]) if lines else head)


@beside_another
def people(monitor: Edition, old: Edition, difference: Comparison) -> Prose:
    """Name the schools that take part now, and those that do no longer."""
    lines = []
    for edition, those, how in (
        (monitor, difference.joined, words.JOINED),
        (old, difference.left, words.LEFT),
    ):
        called = edition.participants.set_index("school")["name"]
        told = [
            link_if_made(called[code], f"scholen/{code}.ipynb")
            if edition is monitor
            else plain(called[code])
            for code in those
        ]
        if told:
            lines.append(f"- {how}: {numbers.listed(told)}.")
    return Prose("\n".join(lines) or words.SAME_PEOPLE)
