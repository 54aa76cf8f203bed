"""Wat is er veranderd?: this edition beside the one before, and why figures are not the same."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pandas as pd

from kansen_analysis.display import tables
from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.display.tables import Table
from kansen_analysis.edition.compare import Comparison, compare
from kansen_analysis.edition.open import Edition
from kansen_analysis.pages import published
from kansen_analysis.pages.common import about
from kansen_analysis.pages.gegevens import TABLES
from kansen_analysis.pages.markdown import link_if_made, listed, plain
from kansen_analysis.sources import get, names, schoolyear
from kansen_analysis.words import numbers
from kansen_analysis.words.columns import columns_of

NONE = "Er ligt geen eerdere uitgave naast deze."
OWN = "kansen_analysis, uit beide uitgaven"
PROGRAMME = "programme"  # what the manifest calls files of the programme itself
SUPPLIED = "supplied"  # and one that schools supplied, which it does not name
CHOICES = ("programme", "participants", "overgangen")  # those of its files that a verdict rests on
NOTHING = "geen oordeel"


@lru_cache(maxsize=1)
def _between(old: Edition, new: Edition) -> Comparison:
    return compare(old, new, figures=False)


def _found(monitor: Edition) -> tuple[Edition, Comparison] | None:
    """Return the edition before, and what differs; None without one."""
    old = monitor.earlier
    return None if old is None else (old, _between(old, monitor))


def _inputs(lines: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return file and source of files as `compare` names them."""
    return [(line[:-1].rpartition(" (")[0], line[:-1].rpartition(" (")[2]) for line in lines]


def _publishers(lines: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(file, of) for file, of in _inputs(lines) if of != PROGRAMME]


def _count(many: int, one: str, more: str) -> str:
    return f"{numbers.number(many, 0)} {one if many == 1 else more}"


# What is different -----------------------------------------------------------------------------


def overview(monitor: Edition) -> Prose | Absent:
    """Say beside which edition this one stands, and what differs in one sentence each."""
    if (found := _found(monitor)) is None:
        return Absent(NONE)
    old, _ = found
    then = schoolyear.label(old.year)
    day = numbers.date(old.dated)
    rows = _verdicts(monitor, old)
    moved = rows[rows["then"] != rows["now"]]
    lines = [
        f"Deze uitgave staat hier naast die over {then} van {day}. "
        + (
            "Elk doel heeft hetzelfde oordeel."
            if not len(moved)
            else f"Het oordeel is anders bij {len(moved)} van de {len(rows)} doelen."
        )
    ]
    told = {
        "De uitgevers": _revised(found) or "veranderden geen cijfers van eerdere jaren",
        "De methode": _method(old, monitor) or "is gelijk gebleven",
        "De deelnemers": _people(found) or "zijn dezelfde scholen",
    }
    if old.year == monitor.year - 1 and published.recorded(monitor) is not None:
        lines[0] += f" {published.told(monitor)}"
    lines.append(
        "\n".join(f"- **{who[0].upper()}{who[1:]}** {what}." for who, what in told.items())
    )
    return Prose("\n\n".join(lines))


def _revised(found: tuple[Edition, Comparison]) -> str:
    """Say what publishers changed in figures that were there, as the end of a sentence."""
    _, difference = found
    if not difference.printed:
        return ""
    label = [TABLES.get(each.table, each.table) for each in difference.printed]
    return f"veranderden cijfers van eerdere jaren: {plain(numbers.listed(label))}"


def _method(old: Edition, new: Edition) -> str:
    """Say what differs in protocol and code, as the end of a sentence."""
    was, now = old.manifest, new.manifest
    said = []
    if was["protocol"]["sha256"] != now["protocol"]["sha256"]:
        versions = was["protocol"]["version"], now["protocol"]["version"]
        said.append(
            f"het protocol ging van versie {versions[0]} naar {versions[1]}"
            if versions[0] != versions[1]
            else "het protocol is een ander, met hetzelfde versienummer"
        )
    if was["kansen_analysis"] != now["kansen_analysis"]:
        said.append(
            f"het rekenprogramma ging van versie {was['kansen_analysis']} naar "
            f"{now['kansen_analysis']}"
        )
    elif was["source_sha256"] != now["source_sha256"]:
        said.append("aan het rekenprogramma is gewerkt")
    if was["packages"] != now["packages"]:
        said.append("het gebruikt andere versies van andermans software")
    return f"veranderde: {numbers.listed(said)}" if said else ""


def _people(found: tuple[Edition, Comparison]) -> str:
    """Say who came and went, as the end of a sentence."""
    _, difference = found
    schools = ("school", "scholen")
    said = [
        f"{_count(len(those), *schools)} {how}"
        for those, how in ((difference.joined, "erbij"), (difference.left, "eraf"))
        if those
    ]
    return f"zijn niet dezelfde: {numbers.listed(said)}" if said else ""


def _came_or_went(found: tuple[Edition, Comparison]) -> bool:
    """Tell whether files of publishers came or went; they may hold earlier years too."""
    _, difference = found
    return bool(_publishers(difference.added + difference.gone))


def _chosen(found: tuple[Edition, Comparison]) -> bool:
    """Tell whether settings, register or transitions differ in more than who takes part."""
    _, difference = found
    files = _inputs(difference.revised + difference.added + difference.gone)
    stems = {Path(file).stem for file, of in files if of == PROGRAMME} & {*CHOICES}
    return bool(stems - {"participants"} if _people(found) else stems)


def _verdicts(monitor: Edition, old: Edition) -> pd.DataFrame:
    """Set verdicts beside each other: then, of that year with all of now, and now."""
    then = old.verdicts
    if old.year == monitor.year - 1 and (told := published.recorded(monitor)) is not None:
        then = told
    again = monitor.previous_verdicts if old.year == monitor.year - 1 else None
    frame = monitor.verdicts[["goal", "verdict"]].rename(columns={"verdict": "now"})
    for name, table in (("then", then), ("again", again)):
        known = None if table is None else table.set_index("goal")["verdict"]
        frame[name] = NOTHING if known is None else frame["goal"].map(known).fillna(NOTHING)
    if again is None:
        frame = frame.drop(columns="again")
    return frame


def verdicts(monitor: Edition) -> Table | Absent:
    """List per goal the verdict then, of the same year with all of now, and now."""
    if (found := _found(monitor)) is None:
        return Absent(NONE)
    old, _ = found
    frame = _verdicts(monitor, old)
    goals = {goal.id: f"{goal.id}. {goal.name}" for goal in monitor.protocol.goals}
    frame["name"] = frame["goal"].map(goals)
    then, now = schoolyear.label(old.year), schoolyear.label(monitor.year)
    shown = [("name", "Doel"), ("then", f"Uitgave {then}")]
    if "again" in frame:
        shown.append(("again", f"{then}, met alles van nu"))
    shown.append(("now", f"Uitgave {now}"))
    return tables.table(
        frame,
        name="veranderd-oordelen",
        caption="Het oordeel per doel, in beide uitgaven",
        variables=about(*((name, label, "", 0, "text") for name, label in shown)),
        source=OWN,
        notes=(
            "‘Met alles van nu’: hetzelfde schooljaar, met de bestanden, het register en het "
            "protocol van nu. Verschilt dat van de eerdere uitgave, dan ligt het niet aan het "
            "nieuwe schooljaar.",
        )
        if "again" in frame
        else (),
    )


def why(monitor: Edition) -> Prose | Absent:
    """Say per goal with another verdict where that comes from, as far as can be told."""
    if (found := _found(monitor)) is None:
        return Absent(NONE)
    old, _ = found
    rows = _verdicts(monitor, old)
    causes = [
        words
        for words, is_so in (
            ("herziene cijfers van de uitgever", _revised(found)),
            ("een andere methode", _method(old, monitor)),
            ("bestanden die erbij kwamen of weggingen", _came_or_went(found)),
            ("andere deelnemers", _people(found)),
            ("gewijzigde instellingen, startjaren of overgangen", _chosen(found)),
        )
        if is_so
    ]
    lines = []
    for row in rows.to_dict("records"):
        if row["then"] == row["now"] == row.get("again", row["now"]):
            continue
        name = plain(monitor.protocol.goal(row["goal"]).name.lower())
        opening = f"- **Doel {row['goal']}, {name}**: van ‘{row['then']}’ naar ‘{row['now']}’."
        lines.append(f"{opening} {_cause(row, causes, schoolyear.label(old.year))}")
    if not lines:
        return Prose("Geen enkel oordeel veranderde.")
    return Prose("\n".join(lines))


def _cause(row: dict, causes: list[str], then: str) -> str:
    """Say what made a verdict another one."""
    fresh = "het nieuwe schooljaar: de resultaten, wie begon, en hoe zeker het dan moet zijn"
    if "again" not in row:
        return f"Dat kan komen door {_either([fresh, *causes])}."
    told = []
    if row["again"] != row["then"]:
        whence = (
            f"komt door {causes[0]}"
            if len(causes) == 1
            else f"kan komen door {_either(causes)}"
            if causes
            else "komt niet door bestanden, methode of deelnemers, voor zover dat is vastgelegd"
        )
        told.append(f"Over {then} zelf is het nu ‘{row['again']}’; dat {whence}.")
    if row["now"] != row["again"]:
        told.append(f"Het verschil met nu komt door {fresh}.")
    return " ".join(told)


def _either(causes: list[str]) -> str:
    *first, last = causes
    return f"{', '.join(first)} of {last}; dat is hier niet te scheiden" if first else last


# Why, one by one -------------------------------------------------------------------------------


def printed(monitor: Edition) -> Table | Absent:
    """List the tables in which publishers changed figures of years that were there already."""
    if (found := _found(monitor)) is None:
        return Absent(NONE)
    _, difference = found
    if not difference.printed:
        return Absent("De uitgevers veranderden geen cijfers van eerdere jaren.")
    frame = pd.DataFrame(
        {
            "table": [TABLES.get(each.table, each.table) for each in difference.printed],
            "years": [listed(each.years) for each in difference.printed],
            "changed": [each.changed for each in difference.printed],
            "rows": [each.rows for each in difference.printed],
        }
    )
    return tables.table(
        frame,
        name="veranderd-cijfers",
        caption="Cijfers van eerdere schooljaren die de uitgever veranderde",
        variables=columns_of("veranderd-cijfers"),
        source=OWN,
        notes=(
            "Een rij is anders als zij in de bestanden van nu niet meer precies zo staat. Ook een "
            "rij die weg is, telt.",
        ),
    )


def files(monitor: Edition) -> Prose | Absent:
    """List which files are another, new or gone; a file that schools supplied is not named."""
    if (found := _found(monitor)) is None:
        return Absent(NONE)
    _, difference = found
    lines = []
    for those, how in (
        (difference.revised, "Hetzelfde bestand met andere inhoud"),
        (difference.added, "Nieuw"),
        (difference.gone, "Niet meer gebruikt"),
    ):
        told = [
            f"{'aangeleverd, niet openbaar' if file == SUPPLIED else plain(file)} "
            f"({plain(_title(of))})"
            for file, of in _publishers(those)
        ]
        if told:
            lines.append(f"- {how}: {numbers.listed(told)}.")
    return Prose("\n".join(lines) or "Beide uitgaven rusten op dezelfde bestanden.")


def _title(source: str) -> str:
    return get(source).meta["title"] if source in names() else source


def method(monitor: Edition) -> Prose | Absent:
    """Say what changed in how is counted, with the protocol's own words."""
    if (found := _found(monitor)) is None:
        return Absent(NONE)
    old, _ = found
    said = _method(old, monitor)
    if not said:
        return Prose("Protocol en rekenprogramma zijn gelijk gebleven.")
    known = {change.version for change in old.protocol.changes}
    lines = [
        f"- Protocol {plain(each.version)}, {numbers.date(each.date)}: {plain(each.what)}"
        for each in monitor.protocol.changes
        if each.version not in known
    ]
    head = f"De methode {said}."
    return Prose("\n\n".join([head, "\n".join(lines)]) if lines else head)


def people(monitor: Edition) -> Prose | Absent:
    """Name the schools that take part now, and those that do no longer."""
    if (found := _found(monitor)) is None:
        return Absent(NONE)
    old, difference = found
    lines = []
    for edition, those, how in (
        (monitor, difference.joined, "Nu ook in het register"),
        (old, difference.left, "Niet meer in het register"),
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
    return Prose("\n".join(lines) or "In beide uitgaven staan dezelfde scholen in het register.")
