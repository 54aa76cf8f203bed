"""Afstroom and Zorg: goals 3 and 4, where open data give context and no test.

Whatever stands here is about secondary schools or municipalities, where also pupils of other
schools are counted. It carries no verdict and no interval that looks like one.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from kansen_analysis.display import figures
from kansen_analysis.display.figures import Figure
from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.display.tables import Table, about
from kansen_analysis.edition.open import Edition
from kansen_analysis.outcomes import around as published
from kansen_analysis.outcomes.intervals import HIGH, LOW, share
from kansen_analysis.outcomes.seen import SPECIAL
from kansen_analysis.pages.common import (
    estimate_or_reason,
    groups_of,
    published_table,
    source_line,
)
from kansen_analysis.sources import get, schoolyear
from kansen_analysis.words import numbers

LAST = 3  # years in a table
MOVES = {"afstromers": "Afstroom", "opstromers": "Opstroom", "zittenblijvers": "Zittenblijvers"}
BESIDE = MOVES | {
    "vsv": "Schoolverlaters",
    "special": "Leerlingen op speciale scholen",
    "youth_care": "Jongeren met jeugdhulp",
}


def _own(monitor: Edition) -> pd.Series:
    """Names of the participants' municipalities by code, in alphabetical order.

    Where no school takes part yet, those where the programme works.
    """
    people = monitor.participants.drop_duplicates("municipality_code")
    if not len(people):
        names = pd.Series(dict(monitor.region.area.municipalities), dtype="str")
        return names.sort_values(kind="stable")
    people = people.sort_values(
        "municipality", key=lambda names: names.str.casefold(), kind="stable"
    )
    return people.set_index("municipality_code")["municipality"]


def what_is_needed(monitor: Edition, goal: int) -> Prose:
    """Say what would be tested for a goal, on what, and what is missing for that."""
    about_goal = monitor.protocol.goal(goal)
    outcome = about_goal.outcome
    unit = f"{numbers.number(outcome.smallest_difference, 1)} {outcome.unit}"
    wanted = [get(source).meta for source in outcome.sources]
    needs = "; ".join(f"{meta['title']} ({meta['publisher']})" for meta in wanted)
    estimate, reason = estimate_or_reason(monitor, goal)
    measured = "zou worden" if estimate is None else "is"
    lines = [
        f"**Wat het programma wil.** {about_goal.source_text}",
        f"**Wat gemeten {measured}.** {outcome.name}. {outcome.definition}",
        f"**Wat daarvoor nodig is.** {needs}. Kleinste verschil dat ertoe doet: {unit}.",
    ]
    if estimate is None and reason != about_goal.missing:  # else the verdict has just said it
        lines.append(f"**Wat ontbreekt.** {about_goal.missing}")
    if about_goal.guard is not None:
        lines.insert(
            2,
            "**Waar dan ook op gelet wordt.** "
            f"{about_goal.guard.name}: dat mag niet lager worden. Minder afstroom door lagere "
            "adviezen is geen winst.",
        )
    return Prose("\n\n".join(lines))


def _by_place(monitor: Edition, table: pd.DataFrame, part: str) -> tuple[pd.DataFrame, list[int]]:
    """Add up counts per participants' municipality, for the own region and for the country."""
    own = _own(monitor)
    places = [(name, table["municipality_code"] == code) for code, name in own.items()]
    if "province" in table:
        places += [
            (f"{name} samen", table["province"] == name) for name in monitor.region.area.provinces
        ]
    places.append(("Nederland", table["municipality_code"].notna()))
    years = sorted(int(year) for year in table["year"].unique())[-LAST:]
    rows = []
    for name, inside in places:
        row: dict[str, object] = {"place": name}
        for year in years:
            here = table[inside & (table["year"] == year)]
            if not len(here):
                continue
            ends = [
                here[f"{column}_{end}"].sum()
                for column in (part, "pupils")
                for end in ("low", "high")
            ]
            part_low, part_high, whole_low, whole_high = (float(end) for end in ends)
            if whole_high == 0:
                continue
            low, high = 100 * part_low / whole_high, 100 * part_high / max(whole_low, 1)
            exact = low == high
            row |= {
                f"share_{year}": low if exact else np.nan,
                f"share_{year}_low": np.nan if exact else low,
                f"share_{year}_high": np.nan if exact else min(high, 100.0),
                f"n_{year}": whole_low if whole_low == whole_high else np.nan,
                f"n_{year}_low": whole_low,
                f"n_{year}_high": whole_high,
            }
        rows.append(row)
    frame = pd.DataFrame(rows)
    counts = [c for c in frame.columns if c.startswith("n_")]
    return frame.astype(dict.fromkeys(counts, "Int64")), years


def _place_table(
    frame: pd.DataFrame, years: list[int], *, name: str, caption: str, what: str, source: str, notes
) -> Table:
    rows: list[tuple] = [("place", "Waar", "", 0, "text")]
    for year in years:
        label = schoolyear.label(year)
        rows.append((f"share_{year}", f"{what} {label}", "%", 1, "share", f"n_{year}"))
    rows += [
        (f"n_{year}", f"Leerlingen {schoolyear.label(year)}", "leerlingen", 0, "count")
        for year in years
    ]
    variables = about(*[row for row in rows if row[0] in frame])
    return published_table(
        frame,
        name,
        caption=caption,
        variables=variables,
        source=source,
        notes=notes,
    )


def secondary_schools(monitor: Edition, what: str = "afstromers") -> Table | Absent:
    """List the share of pupils that moved down (or up, or repeated) around the participants."""
    table = monitor.load("vo_doorstroom")
    if not len(table):
        return Absent(
            "Het bestand van DUO met zittenblijvers, afstromers en opstromers per vestiging van "
            "het voortgezet onderwijs zit niet in deze map."
        )
    frame, years = _by_place(monitor, table, what)
    return _place_table(
        frame,
        years,
        name=f"afstroom-{what}",
        caption=f"{MOVES[what]} in het voortgezet onderwijs per gemeente van de vo-school; "
        "context, geen toets",
        what=MOVES[what],
        source=source_line("vo_doorstroom"),
        notes=(
            "Gemeente van de vo-vestiging, niet van de leerling. Een vestiging heeft leerlingen "
            "van veel basisscholen.",
            "Twee getallen met een streep: kleine aantallen zijn afgeschermd (‘<5’); het aandeel "
            "ligt daartussen.",
        ),
    )


def early_leavers(monitor: Edition) -> Table | Absent:
    """List early school leaving by municipality: where pupils live, else where the school is."""
    found = published.early_leavers(monitor.tables)
    if found is None:
        return Absent(
            "Het bestand over voortijdig schoolverlaten gaat per vo-vestiging, en geen ander "
            "bestand in deze map zegt waar die staan."
            if len(monitor.tables["vsv"])
            else "Er is geen bestand over voortijdig schoolverlaten in deze map."
        )
    rows, whose = found
    where = {"home": "woongemeente", "school": "gemeente van de vo-school"}[whose]
    frame, years = _by_place(monitor, rows, "vsv")
    return _place_table(
        frame,
        years,
        name="afstroom-vsv",
        caption=f"Voortijdig schoolverlaters per {where}; context, geen toets",
        what="Schoolverlaters",
        source=source_line(*published.datasets(rows, "vsv")),
        notes=(
            "Wie in 2021 van de basisschool ging, is pas rond 2026 zeventien jaar. Deze cijfers "
            "gaan dus over leerlingen van vóór het programma.",
        ),
    )


def special_advice(monitor: Edition) -> Figure | Absent:
    """Draw the share of advices for vso or praktijkonderwijs as a range."""
    table, _ = _special(monitor)
    if table is None:
        return Absent("Er zijn geen schooladviezen van scholen in het register in deze map.")
    frame = table[table["group"] == "scholen in het register"].reset_index(drop=True)
    last = frame.iloc[-1]
    year = schoolyear.label(int(last["year"]))
    size = (
        f"is {numbers.percent(last['value'], 1)}"
        if pd.notna(last["value"])
        else f"ligt {numbers.interval(last['low'], last['high'], 1)} procent"
    )
    return figures.ranges(
        frame[["year", "low", "high", "value", "n", "n_low", "n_high"]],
        figures.Texts(
            name="zorg-advies",
            title=f"Het aandeel adviezen vso of praktijkonderwijs {size} in {year} "
            f"({_pupils(last)} leerlingen)",
            subtitle="Adviezen vso en praktijkonderwijs van alle scholen in het register samen, "
            "per "
            "schooljaar, in procenten van alle adviezen; context, geen toets",
            source=source_line("schooladviezen"),
            notes=("Met vso en met ‘advies niet mogelijk’ in het totaal.",),
        ),
        unit="%",
    )


def _pupils(row: pd.Series) -> str:
    """Write the number of pupils of a row, as a range where it is hidden."""
    ends = [numbers.number(int(row[end]), 0) for end in ("n_low", "n_high")]
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} tot {ends[1]}"


def special_advice_compared(monitor: Edition) -> Table | Absent:
    """Set the same share beside comparable and all schools."""
    table, groups = _special(monitor)
    if table is None:
        return Absent("Er zijn geen schooladviezen van scholen in het register in deze map.")
    table = table.copy()
    for end in ("low", "high"):
        table[end] = table[end].where(table["value"].isna())
    wide = table.pivot(index="year", columns="group", values=["value", "low", "high"])
    ends = {"value": "", "low": "_low", "high": "_high"}
    end_of, group_of = (wide.columns.get_level_values(at) for at in (0, 1))
    wide.columns = [f"{group}{ends[end]}" for end, group in zip(end_of, group_of, strict=True)]
    frame = wide.reset_index()
    variables = about(
        ("year", "Schooljaar", "", 0, "year"),
        *((name, numbers.capital(name), "%", 1, "share") for name in groups),
    )
    return published_table(
        frame,
        "zorg-advies-groepen",
        caption="Aandeel adviezen vso of praktijkonderwijs per groep scholen; context, geen toets",
        variables=variables,
        source=source_line("schooladviezen"),
        notes=("Twee getallen met een streep: laagst en hoogst mogelijk aandeel.",),
    )


def _special(monitor: Edition) -> tuple[pd.DataFrame | None, list[str]]:
    """Bound the share of vso and pro advices per group and year."""
    table = monitor.load("schooladviezen")
    if not len(table) or not table["school"].isin(monitor.participants["school"]).any():
        return None, []
    table = table[table["kind"] == "Bo"]
    groups = groups_of(monitor, table["school"])
    special = table["advice"].isin(SPECIAL)
    ends = ["pupils_low", "pupils_high"]
    parts = []
    for name, inside in groups.items():
        if not inside.any():
            continue
        part = table[inside & special].groupby("year")[ends].sum().astype(int)
        rest = table[inside & ~special].groupby("year")[ends].sum().astype(int)
        # An exact count of 1 to 4 would stand in the share as plainly as in a table.
        few = part["pupils_low"].between(LOW, HIGH) & (part["pupils_high"] <= HIGH)
        part.loc[few, ends] = LOW, HIGH
        low, high = share(
            *(each[end].to_numpy() for each in (part, rest.loc[part.index]) for end in ends)
        )
        totals = (part + rest.loc[part.index]).set_axis(["n_low", "n_high"], axis=1)
        frame = pd.DataFrame({"low": low, "high": high}, part.index).join(totals)
        frame["value"] = frame["low"].where(frame["low"] == frame["high"])
        frame["n"] = frame["n_low"].where(frame["n_low"] == frame["n_high"]).astype("Int64")
        parts.append(frame.reset_index().assign(group=name))
    return pd.concat(parts, ignore_index=True), [n for n, inside in groups.items() if inside.any()]


def special_schools(monitor: Edition) -> Figure | Absent:
    """Draw pupils at special schools by home municipality, as a share of primary pupils."""
    rows = published.special_pupils(monitor.tables)
    if not len(rows):
        return Absent(
            "De tabellen van CBS met leerlingen op speciale scholen en op basisscholen per "
            "woongemeente (85490NED en 85489NED) zitten niet allebei in deze map."
        )
    own = _own(monitor)
    rows = rows.assign(code=rows["region"].str.extract(r"^GM(\d{4})", expand=False))
    country = rows[rows["region"].str.startswith("NL")].set_index("year")["share"]
    frame = rows[rows["code"].isin(own.index)].copy()
    if not len(frame):
        return Absent("In deze tabel staan geen gemeenten met scholen in het register.")
    frame["panel"], frame["value"] = frame["code"].map(own), frame["share"]
    frame["marked"] = True
    if len(country):
        frame["reference"] = frame["year"].map(country)
    last = frame[frame["year"] == frame["year"].max()]["value"]
    low, high = (numbers.percent(end, 1) for end in (last.min(), last.max()))
    shown = ["panel", "year", "value", "marked", *(["reference"] if len(country) else [])]
    return figures.small_multiples(
        frame.sort_values(["panel", "year"], kind="stable")[shown],
        figures.Texts(
            name="zorg-speciaal",
            title=f"In {schoolyear.label(int(frame['year'].max()))} zit {low} tot {high} van de "
            "leerlingen op een speciale school",
            subtitle="Leerlingen op speciale scholen als deel van alle leerlingen op basis- en "
            "speciale scholen, per woongemeente, in procenten; context, geen toets",
            source=source_line(*published.SPECIAL_TABLES),
        ),
    )


def youth_care(monitor: Edition) -> Table | Absent:
    """List the share of young people with youth care by municipality, by calendar year."""
    table = published.youth_care(monitor.tables)
    if not len(table):
        return Absent(
            "De tabel van CBS met het aandeel jongeren met jeugdhulp per gemeente (85098NED) zit "
            "niet in deze map."
        )
    own = _own(monitor)
    country = table["region"].str.startswith("NL")
    table = table[table["municipality_code"].isin(own.index) | country].copy()
    table["place"] = table["municipality_code"].map(own).fillna("Nederland")
    years = sorted(table["year"].unique())[-2 * LAST :]
    wide = table.pivot_table(index="place", columns="year", values="share", sort=False)[years]
    wide.columns = [f"y{year}" for year in wide]
    frame = wide.reindex([p for p in (*own, "Nederland") if p in wide.index]).reset_index()
    variables = about(
        ("place", "Woongemeente", "", 0, "text"),
        *((f"y{year}", str(year), "%", 1, "share") for year in years),
    )
    return published_table(
        frame,
        "zorg-jeugdhulp",
        caption="Jongeren met jeugdhulp per woongemeente en kalenderjaar; context, geen toets",
        variables=variables,
        source=source_line(published.YOUTH_CARE),
        notes=(
            "Zonder hulp die met een persoonsgebonden budget is betaald. Vanaf 2021 zijn meer "
            "aanbieders geteld, dus de sprong in dat jaar is geen verandering.",
        ),
    )


def beside_chance(monitor: Edition, goal: int) -> Table | Absent | None:
    """Set the change in the participants' municipalities beside what chance does.

    Parameters
    ----------
    monitor : Edition
        The edition.
    goal : int
        3 or 4.

    Returns
    -------
    Table, Absent or None
        One row per figure that can be compared; None when nothing is published around the schools.
    """
    people = monitor.participants
    known = people.groupby("municipality_code")["coach_start"].any()
    unknown = int((~known).sum())
    rows, notes, sources = [], [], []
    for each in monitor.nearby[goal]:
        words, found = BESIDE[each.name], each.comparison
        if isinstance(found, str):
            notes.append(f"{words}: niet te vergelijken, {found}.")
            continue
        sources += each.datasets
        label = str if each.table == "jeugdhulp" else schoolyear.label
        rows.append(
            {
                "what": f"{words}, vanaf {label(found.years_since[0])}",
                **{name: getattr(found, name) for name in ("before", "since")},
                **{name: getattr(found, name) for name in ("others_before", "others_since")},
                "difference": found.difference,
                "as_large": 100 * found.as_large,
            }
        )
    if not rows:
        return Absent(" ".join(notes)) if notes else None
    if "vo_doorstroom" in sources:
        notes.append(
            "Aantallen van 1 tot en met 4, afgeschermd of niet, tellen in alle jaren voor hun "
            "gemiddelde; zo zijn jaren met en zonder afscherming gelijk behandeld."
        )
    if unknown:
        which = "1 gemeente" if unknown == 1 else f"{unknown} gemeenten"
        notes.append(
            f"Van {which} met scholen in het register noemt geen document het "
            "startjaar; niet meegeteld."
        )
    return published_table(
        pd.DataFrame(rows),
        f"{'afstroom' if goal == 3 else 'zorg'}-toeval",
        caption="Gemeenten met scholen in het register vóór en na de eerste leerlingen sinds de "
        "start, "
        "naast andere gemeenten; context, geen toets",
        columns="toeval",
        source=source_line(*sources),
        notes=(
            "Verschil: de verandering min die in gemeenten van dezelfde omvang.",
            "Loten: 999 keer is verloot welke gemeenten meedoen. Is het verschil dan vaak minstens "
            "zo groot, dan kan het heel goed toeval zijn; is dat zeldzaam, dan zegt het nog niet "
            "waardoor het komt.",
            *notes,
        ),
    )
