"""What is seen without a verdict, and when there could be one: levels, changes, years to come."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

import pandas as pd

from kansen_analysis.edition.outcomes import LEERJAAR_3, Chosen
from kansen_analysis.estimate.power import PUBLISHED, with_earlier
from kansen_analysis.goals import plan
from kansen_analysis.goals.protocol import Goal, Protocol
from kansen_analysis.outcomes import PAGES, seen
from kansen_analysis.schools.neighbourhoods import areas, schools_in
from kansen_analysis.schools.over_time import as_one
from kansen_analysis.schools.pools import in_region

# The groups that are set side by side; AREA, where the programme works, while nobody is named.
REGISTER, AREA, ALIKE, COUNTRY = "register", "area", "alike", "country"
MORE = (10, 50)  # schools that could come into the register, as far as the area has them
COHORTS = 4  # years of leavers from before the start that schools may still supply for goal 3
# Of a change in advices that stays visible, where these files cannot tell (docs/methods.md).
ATTENUATION = 0.83


def run(inputs: Mapping) -> dict[str, object]:
    """Look at what there is, and at the editions to come.

    Returns
    -------
    dict
        ``seen``: by goal a table of `seen.by_goal`; ``moved``: by goal that of `seen.group_changes`
        for the register; ``standing``: as `seen.beside_signal`; ``outlook``: the rows of
        `plan.outlook` of all goals with a page of their own, with ``supplied`` (False where
        schools would still have to supply the figures); ``needs``: as `plan.needs`.
    """
    tidy, made, schools = inputs["tidy"], inputs["outcomes"], inputs["schools"]
    year, protocol = inputs["year"], inputs["protocol"]
    one = schools["over_time"]
    own, area = set(as_one(schools["participants"]["school"], one)), _in_area(inputs)
    advices = _until(tidy["schooladviezen"], year)
    # What schools supply is shown by its own gate (`edition.released`) and not here.
    tables = {
        "levels": inputs["levels"]["target_levels"],
        "advice_low": made["advice_low"],
        "advice_high": made["advice_high"],
        "schooladviezen": advices,
    }
    tables = {
        name: t.assign(school=as_one(t["school"], one)) if len(t) else t
        for name, t in tables.items()
    }
    everyone = set(
        chain.from_iterable(t["school"].dropna().unique() for t in tables.values() if len(t))
    )
    groups = {
        REGISTER: own,
        AREA: set() if own else area,
        ALIKE: set(schools["pools"].schools("B")),
        COUNTRY: everyone,
    }
    there = {name: each for name, each in groups.items() if each}
    asked = {goal.id for goal in _goals(protocol)}
    moved = {}
    if 1 in asked and len(tables["levels"]):
        moved[1] = seen.group_changes(seen.target_parts(tables["levels"]), {REGISTER: own})
    found = seen.by_goal(tables, there)
    return {
        "seen": {goal: rows for goal, rows in found.items() if goal in asked},
        "moved": moved,
        "standing": seen.beside_signal(_until(tidy["leerresultaten"], year), own),
        "outlook": outlook(inputs, room=len(area - own)),
        "needs": _needs(inputs, protocol, advices, within=len(area)),
    }


def _in_area(inputs: Mapping) -> set[str]:
    """Return the schools where the programme works: of its neighbourhoods, or of its region."""
    schools = inputs["schools"]
    facts, region = schools["schools"], schools["region"]
    if region.neighbourhoods:
        register = inputs["tidy"]["vestigingen"]
        inside = facts["school"].isin(schools_in(register, areas(region.neighbourhoods))["school"])
    else:
        inside = in_region(facts, region.area.provinces, region.area.municipalities)
    return set(as_one(facts.loc[inside, "school"], schools["over_time"]))


def _goals(protocol: Protocol) -> list[Goal]:
    """Return the goals that have a page of their own."""
    return [goal for goal in protocol.goals if (goal.id, goal.outcome.measure) in PAGES]


def _until(table: pd.DataFrame, year: int) -> pd.DataFrame:
    return table[table["year"] <= year] if len(table) else table


def _needs(inputs: Mapping, protocol: Protocol, advices: pd.DataFrame, within: int) -> pd.DataFrame:
    made = inputs["outcomes"]
    found = {1: made["target_levels"], 2: made["advice_levels"], 3: made["later_places"]}
    years = {goal: set(table["year"].astype(int)) for goal, table in found.items() if len(table)}
    hidden = bool((advices["pupils_low"] != advices["pupils_high"]).any()) if len(advices) else True
    return plan.needs(
        _goals(protocol),
        inputs["schools"]["participants"],
        years,
        minimum=protocol.verdict.minimum_participants,
        hidden=hidden,
        within=within,
    ).assign(holders=lambda t: t["holders"].map(list))


def outlook(inputs: Mapping, room: int) -> pd.DataFrame:
    """Work out for every goal that is tested what the coming editions could show.

    Parameters
    ----------
    inputs : mapping
        As `run`.
    room : int
        Schools of the area that could still come into the register.
    """
    protocol, parts = inputs["protocol"], []
    more = [count for count in MORE if count <= room] or [room] * (room > 0)
    for goal in _goals(protocol):
        if goal.role == "context":
            continue
        panel, supplied = _panel(inputs, goal)
        if not len(panel) or not panel["cohort"].isna().any():
            continue
        rows = plan.outlook(
            goal.id,
            panel,
            latest=inputs["year"],
            minimum=protocol.verdict.minimum_participants,
            limits=_limits(protocol, inputs["year"]),
            gate=protocol.verdict.gate,
            decides=goal.outcome.decides,
            size_by_year=goal.outcome.size_by_year,
            attenuation=_attenuation(inputs, goal),
            exact=goal.id == 2,
            exclude=goal.outcome.exclude_years,
            lag=LEERJAAR_3 if goal.id == 3 else 0,
            more=more,
            # nothing that is measured on what schools supply
            components=(PUBLISHED[3], "methods") if goal.id == 3 else None,
        )
        parts.append(rows.assign(supplied=supplied))
    if not parts:
        return pd.DataFrame(columns=[*plan.COLUMNS, "supplied"])
    return pd.concat(parts, ignore_index=True)


def _limits(protocol: Protocol, year: int) -> dict[int, float]:
    """Return how sure each coming edition must be; after the planned ones, as the last of them.

    Divided by the number of goals that are tested together: the worst case of Holm.
    """
    looks, tested = protocol.verdict.looks, sum(goal.role != "context" for goal in protocol.goals)
    coming = range(year + 1, year + 1 + plan.EDITIONS)
    return {at: looks.limits[min(looks.of(at), looks.planned) - 1] / tested for at in coming}


def _attenuation(inputs: Mapping, goal: Goal) -> float:
    if goal.id != 2:
        return 1.0
    found = inputs["estimates"]["attenuation"].get(goal.id)
    return ATTENUATION if found is None else found.mean


def _panel(inputs: Mapping, goal: Goal) -> tuple[pd.DataFrame, bool]:
    """Return the school-years a goal could rest on, and whether its figures are there.

    Where they are not, the schools and sizes are those of the tests at the end of primary school.
    """
    made, choose = inputs["outcomes"], Chosen(inputs)
    rows = pd.DataFrame()
    if goal.id == 1:
        rows = made["target_levels"]
    elif goal.id == 2 and made["advices"] is not None:
        rows = made["advices"].rows
    elif goal.id == 3 and "3" in made["panels"]:
        return made["panels"]["3"], True
    supplied = len(rows) > 0
    if not supplied:
        rows = made["target_levels"]
    if not len(rows):
        return rows, False
    panel = choose.rows(rows, goal.id, to_come=True)
    if supplied or not len(panel):
        return panel, supplied
    panel = panel.assign(value=float("nan"))  # of what is not there nothing can be measured
    if goal.id == 3 and panel["cohort"].notna().any():
        first = int(panel["cohort"].min())
        earlier = set(range(first - COHORTS, first)) - set(goal.outcome.exclude_years)
        panel = with_earlier(panel, sorted(earlier))
    return panel, False
