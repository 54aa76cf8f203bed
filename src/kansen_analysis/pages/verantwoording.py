"""Verantwoording: which files, which method, which limits."""

from __future__ import annotations

import pandas as pd

from kansen_analysis import schoolyear
from kansen_analysis.check import check
from kansen_analysis.disclosure import disclose
from kansen_analysis.display import numbers, tables
from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.display.tables import Table
from kansen_analysis.effects import VERSIONS
from kansen_analysis.monitor import Monitor
from kansen_analysis.pages.common import estimate_or_reason
from kansen_analysis.sources import get

_OWN = "kansen_analysis, uit de gelezen bestanden"


def _span(first: int, last: int) -> str:
    if first == last:
        return schoolyear.label(first)
    return f"{schoolyear.label(first)} t/m {schoolyear.label(last)}"


def files(monitor: Monitor) -> Table | Absent:
    """List the files with publisher, school years and checksum."""
    known = monitor.files
    if not len(known):
        return Absent("Er zijn geen bestanden gelezen.")
    frame = pd.DataFrame(
        {
            "file": known["file"],
            "title": [get(source).meta["title"] for source in known["source"]],
            "publisher": [get(source).meta["publisher"] for source in known["source"]],
            "years": [
                _span(a, b) for a, b in zip(known["first_year"], known["last_year"], strict=True)
            ],
            "rows": known["rows"],
            "sha256": known["sha256"].str[:16],
        }
    )
    variables = pd.DataFrame(
        [
            ("file", "Bestand", "", 0, "text"),
            ("title", "Gegevens", "", 0, "text"),
            ("publisher", "Uitgever", "", 0, "text"),
            ("years", "Schooljaren", "", 0, "text"),
            ("rows", "Rijen", "", 0, "count"),
            ("sha256", "Controlegetal (sha256, begin)", "", 0, "code"),
        ],
        columns=["column", "label", "unit", "decimals", "kind"],
    ).set_index("column")
    return tables.table(
        disclose(frame, variables),
        name="verantwoording-bestanden",
        caption="Gelezen bestanden",
        variables=variables,
        source=_OWN,
    )


def coverage(monitor: Monitor) -> Table:
    """List per source and school year what was read, hidden and not matched."""
    table, _ = check(monitor.folder)
    years = table["school_year"].map(schoolyear.parse)
    table = table[(years <= monitor.year) & (years >= years.max() - 12)]
    frame = pd.DataFrame(
        {
            "source": [get(source).meta["title"] for source in table["source"]],
            "school_year": table["school_year"].to_numpy(),
            "rows": table["rows"].to_numpy(),
            "masked_cells": table["masked_cells"].to_numpy(),
            "unmatched_schools": table["unmatched_schools"].to_numpy(),
            "provisional": table["provisional"].to_numpy(),
        }
    )
    variables = pd.DataFrame(
        [
            ("source", "Gegevens", "", 0, "text"),
            ("school_year", "Schooljaar", "", 0, "text"),
            ("rows", "Rijen", "", 0, "count"),
            ("masked_cells", "Afgeschermde aantallen", "", 0, "count"),
            ("unmatched_schools", "Scholen zonder koppeling", "", 0, "count"),
        ],
        columns=["column", "label", "unit", "decimals", "kind"],
    ).set_index("column")
    return tables.table(
        disclose(frame, variables),
        name="verantwoording-dekking",
        caption="Wat er per schooljaar is gelezen",
        variables=variables,
        source=_OWN,
        notes=(
            "Een school zonder koppeling staat niet in het register, of is een OVT van de Inspectie"
            " die bij geen enkele vestiging zeker hoort. Zij telt niet mee in de vergelijking.",
        ),
    )


def protocol(monitor: Monitor) -> Prose:
    """Say which protocol was followed, and what it fixes per goal."""
    rows = [monitor.protocol.statement(), ""]
    for goal in monitor.protocol.goals:
        outcome = goal.outcome
        kind = "toets" if goal.role == "toets" else "context, geen toets"
        unit = outcome.unit
        rows.append(
            f"- **Doel {goal.id}, {goal.name.lower()}** ({kind}). Uitkomst: "
            f"{outcome.name[0].lower()}{outcome.name[1:]}. Kleinste verschil dat ertoe doet: "
            f"{numbers.number(outcome.smallest_difference, 1 if unit == 'procentpunt' else 2)} "
            f"{unit} ({outcome.smallest_difference_note}). {outcome.definition}"
        )
    return Prose("\n".join(rows))


def method(monitor: Monitor) -> Prose:
    """Name the four versions, the pools and what was left out of the estimate."""
    lines = [f"- **{name}**: {text}." for name, text in VERSIONS.items()]
    members = monitor.pools.members["pool"].value_counts()
    text = (
        f"Er zijn {numbers.number(members.get('B', 0), 0)} vergelijkbare scholen elders in het "
        f"land gekozen, en {numbers.number(members.get('A', 0), 0)} andere scholen in de eigen "
        "regio. Gekozen is op schoolweging en aantal leerlingen van vóór de start, nooit op "
        "resultaten."
    )
    estimate, reason = estimate_or_reason(monitor, 1)
    if estimate is None:
        last = f"Voor doel 1 is geen schatting gemaakt. {reason}"
    else:
        last = (
            f"De schatting van doel 1 rust op {estimate.n_treated} deelnemende en "
            f"{estimate.n_schools - estimate.n_treated} andere scholen."
        )
    return Prose("\n".join([*lines, "", text, "", last]))


def limits(monitor: Monitor) -> Prose:
    """List what these files cannot bear, from what was read."""
    _, unmatched = check(monitor.folder)
    levels = monitor.target_levels
    placed = (levels["origin"] == "interval").mean() if len(levels) else 0
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
    lost = unmatched[unmatched["source"] == "leerresultaten"]["key"].nunique()
    if lost:
        lines.append(
            f"{numbers.number(lost, 0)} OVT’s van de Inspectie horen bij geen enkele vestiging "
            "zeker. Zij tellen niet mee."
        )
    unknown = monitor.folder.unknown
    if unknown:
        lines.append(
            f"{len(unknown)} bestanden in de map zijn niet herkend en niet gebruikt: "
            + ", ".join(f"`{name}`" for name in unknown)
            + "."
        )
    lines.append("In 2019-2020 is geen eindtoets afgenomen; dat jaar ontbreekt en is niet gevuld.")
    return Prose("\n".join(f"- {line}" for line in lines))
