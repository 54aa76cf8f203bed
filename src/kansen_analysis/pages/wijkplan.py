"""Wijkplan: pillars, goals, activities, and the results that are still to be filled in."""

from __future__ import annotations

from kansen_analysis.display import tables
from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.display.tables import Table
from kansen_analysis.edition.open import Edition
from kansen_analysis.pages._programme import listed, many, open_programme, sources, variables
from kansen_analysis.pages.markdown import plain

EMPTY = "nog niet ingevuld"


def plans(monitor: Edition) -> list[str]:
    """Return the names of the plans, for whoever makes a page of each."""
    return list(dict.fromkeys(open_programme(monitor).goals["plan"]))


def overview(monitor: Edition, plan: str | None = None) -> Prose | Absent:
    """Say how many pillars and goals a plan has and how many results are filled in."""
    goals = open_programme(monitor).goals
    lines = []
    for name, rows in goals.groupby("plan", sort=False):
        if plan in (None, name):
            own = rows[rows["goal"] != ""]
            filled = int((own["result"] != "").sum())
            pillars = list(dict.fromkeys(rows["pillar"]))
            lines.append(
                f"**{plain(str(name))}: {many(len(pillars), 'pijler', 'pijlers')}, "
                f"{many(len(own), 'doel', 'doelen')}.** De pijlers zijn "
                f"{listed(plain(each.lower()) for each in pillars)}. Bij {filled} van de "
                f"{len(own)} doelen staat welk resultaat bereikt moet worden."
            )
    return Prose("\n\n".join(lines)) if lines else Absent("")


def plan_table(monitor: Edition, plan: str | None = None) -> Table | Absent:
    """List pillars, goals, activities and results; an empty result stays visible."""
    goals = open_programme(monitor).goals
    rows = goals if plan is None else goals[goals["plan"] == plan]
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
    return tables.table(
        frame,
        name="wijkplan-doelen",
        caption="Pijlers, doelen, activiteiten en te bereiken resultaten",
        variables=variables(
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
