"""Wijkplan: pillars, goals, activities, and the results that are still to be filled in."""

from __future__ import annotations

from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.display.tables import Table, about
from kansen_analysis.edition.open import Edition
from kansen_analysis.pages._programme import sources
from kansen_analysis.pages.common import published_table, source_line
from kansen_analysis.pages.markdown import plain
from kansen_analysis.words import numbers
from kansen_analysis.words.numbers import many

EMPTY = "nog niet ingevuld"


def overview(monitor: Edition) -> Prose | Absent:
    """Say how many pillars and goals each plan has and how many results are filled in."""
    goals = monitor.programme.goals
    lines = []
    for name, rows in goals.groupby("plan", sort=False):
        own = rows[rows["goal"] != ""]
        filled = int((own["result"] != "").sum())
        pillars = list(dict.fromkeys(rows["pillar"]))
        lines.append(
            f"**{plain(str(name))}: {many(len(pillars), 'pijler', 'pijlers')}, "
            f"{many(len(own), 'doel', 'doelen')}.** De pijlers zijn "
            f"{numbers.listed(plain(each.lower()) for each in pillars)}. Bij {filled} van de "
            f"{len(own)} doelen staat welk resultaat bereikt moet worden."
        )
    return Prose("\n\n".join(lines)) if lines else Absent("")


def neighbourhood(monitor: Edition) -> Prose | None:
    """Say which schools stand in the neighbourhoods and how many pupils live there."""
    if not monitor.region.neighbourhoods:
        return None
    rows, lived = monitor.area_schools, monitor.area_homes
    lines = []
    for area, group in rows.groupby("area", sort=False):
        codes = numbers.listed(sorted(group["postcode"].unique()))
        regular = int((group["kind"] == "Bo").sum())
        other = len(group) - regular
        lines.append(
            f"**{plain(area)}** (postcode {codes}): {many(regular, 'basisschool', 'basisscholen')}"
            + (f" en {many(other, 'speciale school', 'speciale scholen')}" if other else "")
            + "."
        )
    if not lines:
        lines.append("In de postcodes van deze wijken staat in deze bestanden geen school.")
    for row in lived[lived["year"] == lived["year"].max()].itertuples():
        lines.append(
            f"In {plain(row.area)} wonen {_between(row.low, row.high)} leerlingen van het "
            f"basisonderwijs; daarvan gaan er {_between(row.inside_low, row.inside_high)} daar ook "
            "naar school."
        )
    if not len(lived):
        lines.append("Waar leerlingen wonen, staat niet in deze bestanden.")
    return Prose("\n".join(f"- {line}" for line in lines))


def _between(low: int, high: int) -> str:
    return numbers.number(low, 0) if low == high else numbers.interval(low, high, 0)


def schools(monitor: Edition) -> Table | None:
    """List the schools that stand in the neighbourhoods; standing there is not taking part."""
    rows = monitor.area_schools
    if not len(rows):
        return None
    takes_part = rows["school"].isin(monitor.participants["school"])
    return published_table(
        rows.assign(part=takes_part.map({True: "ja", False: "niet genoemd"})),
        "wijkplan-scholen",
        caption="Scholen in de postcodes van de wijken",
        source=source_line("vestigingen"),
        notes=("Een school die in de wijk staat, doet daarmee nog niet mee aan het programma.",),
    )


def care(monitor: Edition) -> Table | None:
    """List young people with care by neighbourhood: context, no test."""
    rows = monitor.area_care
    if not len(rows):
        return None
    return published_table(
        rows,
        "wijkplan-jeugdzorg",
        caption="Jongeren met jeugdzorg per wijk; context, geen toets",
        source=source_line("cbs_kerncijfers_wijken", "cbs_jeugdzorg_wijken"),
    )


def plan_table(monitor: Edition) -> Table | Absent:
    """List pillars, goals, activities and results; an empty result stays visible."""
    rows = monitor.programme.goals
    if not len(rows):
        return Absent("")
    whole = rows["goal"] == ""  # the activities of a pillar, for all of its goals
    frame = rows.assign(
        goal=rows["goal"].mask(whole, "alle doelen van deze pijler"),
        activities=rows["activities"].str.replace(";", ",").replace("", "niet per doel genoemd"),
        result=rows["result"]
        .replace("", EMPTY)
        .mask(whole & (rows["result"] == ""), "zie de doelen"),
    )
    return published_table(
        frame,
        "wijkplan-doelen",
        caption="Pijlers, doelen, activiteiten en te bereiken resultaten",
        variables=about(
            ("pillar", "Pijler", "", 0, "text"),
            *([("plan", "Plan", "", 0, "text")] if rows["plan"].nunique() > 1 else []),
            ("goal", "Doel", "", 0, "text"),
            ("activities", "Activiteiten", "", 0, "text"),
            ("result", "Te bereiken resultaat", "", 0, "text"),
        ),
        source=sources(rows),
        notes=(f"‘{EMPTY}’: in het document is de kolom met resultaten leeg.",)
        if (frame["result"] == EMPTY).any()
        else (),
    )
