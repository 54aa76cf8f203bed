"""Verantwoording: which files, which method, which limits."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.display.tables import Table
from kansen_analysis.edition.disclosure.supplied import RANGES
from kansen_analysis.edition.open import Edition
from kansen_analysis.outcomes.fixed import FEW
from kansen_analysis.pages.common import estimate_or_reason, published_table, term
from kansen_analysis.pages.markdown import plain
from kansen_analysis.sources import get, schoolyear
from kansen_analysis.words import advice, numbers
from kansen_analysis.words.estimates import VERSIONS
from kansen_analysis.words.numbers import many
from kansen_analysis.words.over_time import say_joined
from kansen_analysis.words.protocol import say_changes, say_differences, say_protocol

_OWN = "kansen_analysis, uit de gelezen bestanden"


def _span(first: int, last: int) -> str:
    if first == last:
        return schoolyear.label(first)
    return f"{schoolyear.label(first)} t/m {schoolyear.label(last)}"


def files(monitor: Edition) -> Table | Absent:
    """List the files with publisher, school years and checksum."""
    known = monitor.files
    if not len(known):
        return Absent("Er zijn geen bestanden gelezen.")
    frame = pd.DataFrame(
        {
            "file": known["file"].mask(known["keyed"] != "", "aangeleverd, niet openbaar"),
            "title": [get(source).meta["title"] for source in known["source"]],
            "publisher": [get(source).meta["publisher"] for source in known["source"]],
            "years": [
                _span(a, b) for a, b in zip(known["first_year"], known["last_year"], strict=True)
            ],
            "rows": known["rows"],
            "sha256": (known["sha256"] + known["keyed"]).str[:16],
        }
    )
    return published_table(
        frame,
        "verantwoording-bestanden",
        caption="Gelezen bestanden",
        source=_OWN,
        notes=(
            "Van een bestand dat niet openbaar is, is het controlegetal met een geheime sleutel "
            "gemaakt: alleen de eigenaar kan het narekenen.",
        )
        if (known["keyed"] != "").any()
        else (),
    )


def citation(monitor: Edition) -> str:
    """Return the line by which this edition is cited."""
    settings = monitor.settings
    if settings.citation:
        return plain(settings.citation)
    owner = f"{settings.owner}. " if settings.owner else ""
    day = f", {numbers.date(monitor.day)}" if monitor.day else ""
    return plain(
        f"{owner}Monitor {settings.name}, uitgave {schoolyear.label(monitor.year)}{day}. "
        f"Protocol {monitor.protocol.version}, kansen_analysis "
        f"{monitor.manifest['kansen_analysis']}."
    )


def protocol(monitor: Edition) -> Prose:
    """Say which protocol was followed, where it is not the released one, and what it fixes."""
    own = monitor.settings.goals is not None
    rows = [say_protocol(monitor.protocol, own), ""]
    beside = [*say_changes(monitor.protocol), *say_differences(monitor.protocol, own)]
    if beside:
        rows += [*(f"- {line}" for line in beside), "", "Wat het per doel vastlegt:", ""]
    for goal in monitor.protocol.goals:
        outcome = goal.outcome
        kind = "toets" if goal.role == "toets" else "context, geen toets"
        unit = outcome.unit
        beside = [
            f"{each.name} ({each.note[0].lower()}{each.note[1:].rstrip('.')})"
            for each in (*goal.secondary, *goal.context)
        ]
        rows.append(
            f"- **Doel {goal.id}, {goal.name.lower()}** ({kind}). Uitkomst: "
            f"{outcome.name[0].lower()}{outcome.name[1:]}. Kleinste verschil dat ertoe doet: "
            f"{numbers.number(outcome.smallest_difference, 1 if unit == 'procentpunt' else 2)} "
            f"{unit} ({outcome.smallest_difference_note}). {outcome.definition}"
            + (f" Ook getoond: {'; '.join(beside)}." if beside else "")
        )
    return Prose("\n".join(rows))


def method(monitor: Edition) -> Prose:
    """Name the five versions, the pools and what was left out of the estimate."""
    lines = [f"- **{name}**: {text}." for name, text in VERSIONS.items()]
    members = monitor.pools.members["pool"].value_counts()
    elsewhere, own = (numbers.number(members.get(pool, 0), 0) for pool in "BA")
    alike = term("vergelijkbare-scholen", "vergelijkbare scholen")
    text = (
        f"Er zijn {elsewhere} {alike} elders in het land gekozen, en {own} andere scholen in de "
        "eigen regio. Gekozen is op schoolweging en aantal leerlingen van vóór de start, nooit op "
        "resultaten."
    )
    rests = []
    for goal in (each.id for each in monitor.protocol.goals if each.role == "toets"):
        estimate, reason = estimate_or_reason(monitor, goal)
        if estimate is None:
            rests.append(f"Voor doel {goal} is geen schatting gemaakt. {reason}")
        else:
            rests.append(
                f"De schatting van doel {goal} rust op {estimate.n_treated} scholen in het "
                "register en "
                f"{estimate.n_schools - estimate.n_treated} andere scholen."
            )
    return Prose("\n".join([*lines, "", text, "", *(f"- {rest}" for rest in rests)]))


def hidden_advices(monitor: Edition) -> Prose:
    """Say how hidden advices are dealt with when groups of schools are compared."""
    if not monitor.attenuation:
        text = "Zonder schatting voor een doel over adviezen staat hier alleen wat er mogelijk is."
    else:
        text = (
            f"{advice.caveat()} Toch blijft een deel van een echte verandering onzichtbaar. Hoe "
            "groot dat deel is, is gemeten op vergelijkbare scholen; het geschatte verschil is "
            "daarvoor gecorrigeerd, en het interval ook."
        )
    return Prose(
        f"**{term('afgeschermd', 'Afgeschermde')} adviezen.** {text} Voor een losse school staat "
        "er alleen het laagst en hoogst mogelijke gemiddelde advies."
    )


def limits(monitor: Edition) -> Prose:
    """List what these files cannot bear, from what was read."""
    unmatched = monitor.unmatched[monitor.unmatched["source"] == "leerresultaten"]
    levels = monitor.target_levels
    placed = (
        (levels["origin"].eq("interval") & levels["joined"].eq("")).mean() if len(levels) else 0
    )
    years = sorted(monitor.schools["weging_year"].dropna().unique())
    lines = []
    if years and years[0] >= monitor.programme_start:
        lines.append(
            f"De schoolweging in deze bestanden begint in {schoolyear.label(int(years[0]))}, "
            f"niet vóór de start ({schoolyear.label(monitor.programme_start)}). Het vroegste jaar "
            "is gebruikt."
        )
    if placed > 0:
        lines.append(
            f"Bij {numbers.percent(100 * placed, 1)} van de schooljaren is het aandeel op "
            "streefniveau deels afgeschermd. Het is dan geplaatst waar scholen van die omvang "
            "gemiddeld liggen in het mogelijke bereik."
        )
    goals = [r["output"] for r in monitor.disclosure["rules"] if r["rule"] == RANGES]
    lines += _joined(levels[levels["school"].isin(monitor.participants["school"])], goals)
    lines += say_joined(monitor.over_time, monitor.left_out, monitor.unexplained)
    lost = unmatched["key"].nunique()
    if lost:
        lines.append(
            f"{numbers.number(lost, 0)} OVT’s van de Inspectie horen bij geen enkele vestiging "
            "zeker. Zij tellen niet mee."
        )
    lines.append("In 2019-2020 is geen eindtoets afgenomen; dat jaar ontbreekt en is niet gevuld.")
    lines.append(f"Wie deze uitgave aanhaalt, noemt: {citation(monitor)}")
    return Prose("\n".join(f"- {line}" for line in lines))


def _joined(levels: pd.DataFrame, ranges: Collection[str] = ()) -> list[str]:
    """Say where two publishers together would solve a hidden count, and where they disagree.

    `ranges` are the goals whose estimates rest on what is shown instead.
    """
    solved, apart = (int((levels["joined"] == word).sum()) for word in ("solved", "contradiction"))
    lines = []
    if solved:
        lines.append(
            f"Bij {many(solved, 'schooljaar', 'schooljaren')} van deelnemers zou het percentage "
            "van de Inspectie naast de tabel van DUO een afgeschermd aantal verraden. Daar "
            "staat een bereik."
        )
    if solved and ranges:
        which = numbers.listed(each.removeprefix("goal ") for each in ranges)
        lines.append(
            f"Bij doel {which} doen minder dan {FEW} scholen mee. Uit een schatting over zo "
            "weinig scholen zijn hun afgeschermde cijfers terug te rekenen. Daarom rekent ook de "
            "toets met dat bereik: een school telt waar scholen van die omvang gemiddeld in hun "
            "bereik liggen. Een verschil lijkt daardoor iets kleiner, hoe minder scholen hoe meer."
        )
    if apart:
        lines.append(
            f"Bij {many(apart, 'schooljaar', 'schooljaren')} van deelnemers passen het "
            "percentage van de Inspectie en de aantallen van DUO niet bij elkaar. Het cijfer "
            "van de Inspectie telt."
        )
    return lines
