"""Deelnemers: who takes part, where and since when, and whom they are compared with."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kansen_analysis.display import figures
from kansen_analysis.display.figures import Figure
from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.display.tables import Table, about
from kansen_analysis.edition.open import Edition
from kansen_analysis.pages._programme import telling
from kansen_analysis.pages.common import BEGUN, by_name, published_table, source_line, term
from kansen_analysis.pages.markdown import plain
from kansen_analysis.schools.pools import AIM
from kansen_analysis.sources import schoolyear
from kansen_analysis.words import numbers

REGISTER = "register van deelnemers (participants.csv), met per school het document"
FEWEST_SQUARES = 4
FEWEST_BARS = 10  # schools; of fewer a distribution is a row of single schools
CHOSEN = ("schoolweging", "leerlingen_historisch")


def who(monitor: Edition) -> Prose:
    """Say how many schools the register holds, where and since when, and what documents count."""
    people = monitor.participants
    count, places = len(people), people["municipality"].nunique()
    started = people["coach_start"].dropna()
    if not count:
        return Prose("**Het register noemt nog geen scholen.**")
    text = (
        f"**Het register telt {numbers.number(count, 0)} {'school' if count == 1 else 'scholen'}, "
        f"in {places} {'gemeente' if places == 1 else 'gemeenten'}.** "
    )
    if told := in_documents(monitor):
        size, what = told
        text += f"Documenten noemen er {size}: {what.partition(',')[0]}. "
    if len(started):
        text += f"De eerste school begon in {schoolyear.label(int(started.min()))}. "
    unknown = count - len(started)
    if unknown:
        text += (
            f"Van {unknown} {'school' if unknown == 1 else 'scholen'} noemt geen document het "
            "startjaar. Die tellen niet mee in de toets."
        )
    for other, shared in _also(monitor).items():
        verb = "school doet" if shared == 1 else "scholen doen"
        text += f" {shared} {verb} ook mee aan {plain(other)}."
    return Prose(text.strip())


def _also(monitor: Edition) -> dict[str, int]:
    """Count participants that take part in another programme of the same site as well."""
    here = monitor.participants["school"].map(monitor.others).dropna()
    return here.value_counts().sort_index(kind="stable").to_dict()


def in_documents(monitor: Edition) -> tuple[str, str] | None:
    """Return how many schools with a coach the latest document counts, and which; else None."""
    told = monitor.programme.network
    coached = f"scholen met een {monitor.settings.person.one}"  # as the table calls it
    told = told[told["what"] == coached]
    if not len(told):
        return None
    row = told.iloc[-1]
    exact = "" if row["precision"] == "precies" else f"{row['precision']} "
    return (
        f"{exact}{numbers.number(row['schools'], 0)}",
        f"{coached} in {row['year']}, volgens documenten",
    )


def tiles(monitor: Edition) -> Figure | Absent:
    """Draw the number of schools per municipality; a map of a few squares says nothing."""
    people = monitor.participants
    if people["municipality_code"].nunique() < FEWEST_SQUARES:
        return Absent("")
    frame = (
        people.groupby("municipality_code")
        .agg(municipality=("municipality", "first"), schools=("school", "nunique"))
        .reset_index(names="code")
        .sort_values("municipality", ignore_index=True, kind="stable")
    )
    best = frame.loc[frame["schools"].idxmax()]
    most = frame[frame["schools"] == best["schools"]]
    if len(most) == 1:
        title = (
            f"Van de {numbers.number(len(people), 0)} scholen in het register staan er "
            f"{numbers.number(best['schools'], 0)} in {best['municipality']}"
        )
    else:
        title = (
            f"{numbers.number(len(people), 0)} scholen in het register, hooguit "
            f"{numbers.number(best['schools'], 0)} in één gemeente"
        )
    return figures.tile_map(
        frame,
        figures.Texts(
            name="deelnemers-kaart",
            title=title,
            subtitle=f"Aantal scholen in het register per gemeente, uitgave "
            f"{schoolyear.label(monitor.year)}",
            source=REGISTER,
        ),
    )


def by_municipality(monitor: Edition) -> Table:
    """Count schools by municipality and first year with a coach."""
    people = monitor.participants
    starts = sorted(people["coach_start"].dropna().astype(int).unique())
    frame = people.groupby("municipality").agg(schools=("school", "nunique")).reset_index()
    rows = [("municipality", "Gemeente", "", 0, "text"), ("schools", "Scholen", "", 0, "count")]
    for start in starts:
        counts = people[people["coach_start"] == start].groupby("municipality").size()
        frame[f"start_{start}"] = frame["municipality"].map(counts).fillna(0).astype(int)
        rows.append(
            (
                f"start_{start}",
                f"{BEGUN} {schoolyear.label(start)}",
                "",
                0,
                "count",
            )
        )
    unknown = people[people["coach_start"].isna()].groupby("municipality").size()
    if len(unknown):
        frame["unknown"] = frame["municipality"].map(unknown).fillna(0).astype(int)
        rows.append(("unknown", "Beginjaar onbekend", "", 0, "count"))
    total = frame.drop(columns="municipality").sum().to_dict() | {"municipality": "Samen"}
    frame = pd.concat([frame, pd.DataFrame([total])], ignore_index=True)
    variables = about(*rows)
    return published_table(
        frame,
        "deelnemers-gemeenten",
        caption="Scholen in het register per gemeente, naar startjaar",
        variables=variables,
        source=REGISTER,
    )


def register(monitor: Edition) -> Table | Absent:
    """List the participants with both their starts and the document that says so."""
    people = by_name(monitor)
    if not len(people):
        return Absent("")  # the page says first that the register names nobody
    variables = about(
        ("name", "School", "", 0, "text"),
        ("school", "BRIN en vestiging", "", 0, "code"),
        ("municipality", "Gemeente", "", 0, "text"),
        ("network_start", "In het netwerk sinds", "", 0, "year"),
        ("coach_start", BEGUN, "", 0, "year"),
        ("source", "Document", "", 0, "text"),
    )
    return published_table(
        people[list(variables.index)],
        "deelnemers-register",
        caption="Alle scholen in het register",
        variables=telling(variables, people),
        source=REGISTER,
    )


def chosen(monitor: Edition) -> Prose:
    """Say how the comparison schools were chosen, and for whom too few were found."""
    pools, own = monitor.pools, monitor.region.own
    around = ["de gemeenten daaromheen"] if own.provinces else own.municipalities.values()
    places = [*own.provinces, *(around if own.municipalities else ())]
    counts = pools.members["pool"].value_counts()
    lines = [
        f"**{numbers.number(counts.get('B', 0), 0)} "
        f"{term('vergelijkbare-scholen', 'vergelijkbare scholen')} elders in het land.** Zij "
        "hebben ongeveer dezelfde schoolweging (hooguit 2 punten verschil) en ongeveer evenveel "
        "leerlingen.",
        f"**{numbers.number(counts.get('A', 0), 0)} scholen uit de eigen regio**: alle andere "
        f"basisscholen in {numbers.listed([plain(each) for each in places])}.",
    ]
    if len(pools.short):
        lines.append(
            f"Voor {len(pools.short)} scholen in het register zijn er minder dan 8 gevonden"
            f" ({pools.short['matched'].min()} tot {pools.short['matched'].max()})."
        )
    if len(pools.left_out):
        why = "; ".join(
            f"{n} keer {reason}" for reason, n in pools.left_out["reason"].value_counts().items()
        )
        lines.append(f"Voor {len(pools.left_out)} scholen in het register is niet gekozen: {why}.")
    return Prose("\n".join(f"- {line}" for line in lines))


def balance(monitor: Edition) -> Figure | Absent:
    """Draw how far participants and comparison schools lie apart, before and after choosing."""
    table = monitor.pools.balance
    labels = {"schoolweging": "Schoolweging", "log_pupils": "Aantal leerlingen (log)"}
    shown = table.loc[[name for name in labels if name in table.index]]
    if not np.isfinite(shown[["before", "after_b"]]).all(axis=None):
        return Absent("Er zijn te weinig scholen in het register met een bekende schoolweging.")
    frame = pd.DataFrame(
        {
            "label": [labels[name] for name in shown.index],
            "before": shown["before"].to_numpy(),
            "after": shown["after_b"].to_numpy(),
        }
    )
    far = frame.loc[frame["after"].abs() >= AIM, "label"].str.lower().str.replace(" (log)", "")
    title = (
        "De gekozen scholen lijken op de deelnemers in schoolweging en aantal leerlingen"
        if not len(far)
        else f"De gekozen scholen verschillen nog van de deelnemers in {' en '.join(far)}"
    )
    return figures.balance(
        frame,
        figures.Texts(
            name="deelnemers-balans",
            title=title,
            subtitle="Gestandaardiseerd verschil tussen scholen in het register en andere "
            "scholen, voor en na "
            f"het kiezen van vergelijkbare scholen elders; tussen −{numbers.number(AIM)} en "
            f"{numbers.number(AIM)} is goed",
            source=source_line(*CHOSEN),
            notes=(
                "De berekening houdt daarnaast rekening met de schoolweging van elke school, per "
                "jaar.",
            ),
        ),
    )


def spread(monitor: Edition) -> Figure | Absent:
    """Draw schoolweging and size of participants and comparison schools, one above the other."""
    schools = monitor.schools
    groups = {
        "deelnemers": monitor.participants["school"],
        "vergelijkbare scholen": monitor.pools.schools("B"),
    }
    panels = {"Schoolweging": "schoolweging", "Leerlingen op de school": "pupils"}
    parts = [
        pd.DataFrame({"panel": panel, "series": series, "value": part[column].astype(float)})
        for panel, column in panels.items()
        for series, codes in groups.items()
        if len(part := schools[schools["school"].isin(codes)].dropna(subset=column))
    ]
    if len(parts) < len(panels) * len(groups) or min(map(len, parts)) < FEWEST_BARS:
        return Absent("")  # the table of the register has them one by one
    frame = pd.concat(parts, ignore_index=True)
    middle = frame.groupby(["panel", "series"])["value"].median()
    mine, others = (middle["Schoolweging", name] for name in groups)
    return figures.histograms(
        frame,
        figures.Texts(
            name="deelnemers-verdeling",
            title=f"De middelste deelnemer heeft schoolweging {numbers.number(mine)}, de middelste "
            f"gekozen school {numbers.number(others)}",
            subtitle="Scholen in het register (boven) en vergelijkbare scholen elders (onder), "
            "naar "
            "schoolweging en aantal leerlingen van vóór de start, aandeel van de scholen",
            source=source_line(*CHOSEN),
        ),
    )


def comparison_schools(monitor: Edition) -> Table:
    """List every chosen school, for a file."""
    facts = monitor.facts.set_index("school")
    frame = monitor.pools.members.copy()
    frame["pool"] = frame["pool"].map({"A": "eigen regio", "B": "elders in het land"})
    frame["pupils"] = frame["pupils"].astype("Int64")
    for name in ("name", "municipality"):
        frame[name] = frame["school"].map(facts[name])
    return published_table(
        frame,
        "deelnemers-vergelijking",
        caption="Alle scholen waarmee de deelnemers zijn vergeleken",
        source=source_line(*CHOSEN),
    )
