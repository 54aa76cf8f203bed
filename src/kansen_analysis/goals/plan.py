"""When will we know? Per goal and edition to come, what could be seen, and what would help.

`outlook` holds one goal against the years to come: as the register is, with more schools, with an
earlier year of results, and with exact counts. It answers with numbers and codes; `needs` lists
what is missing and who has it. The Dutch is in `kansen_analysis.words.plan`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from kansen_analysis.errors import PanelError
from kansen_analysis.estimate.components import VarianceComponents
from kansen_analysis.estimate.power import (
    GATE,
    MIN_BEFORE,
    SHARE,
    Versions,
    design,
    measured_components,
    slow,
    until,
    usable,
    with_earlier,
    with_schools,
)
from kansen_analysis.goals.codes import Holder, Hurdle, Need, Scenario
from kansen_analysis.goals.protocol import Goal
from kansen_analysis.outcomes import OUTCOMES

EDITIONS = 5  # editions to come that are looked at
MORE = 10  # schools that join in the scenario of more schools
# Hiding counts and filling them widens the spread of an estimate by this much besides the part of a
# change that it hides (docs/methods.md, category mean divided by its own rate of attenuation).
WIDER_BY_HIDING = 1.16


HOLDERS = {
    Need.STARTS: (Holder.PROGRAMME, Holder.SCHOOLS),
    Need.MEMBERS: (Holder.PROGRAMME,),
    Need.AREA: (Holder.PROGRAMME,),
    Need.YEARS: (Holder.PUBLISHERS,),
    Need.COUNTS: (Holder.BOARDS,),
    Need.PLACES: (Holder.SCHOOLS, Holder.BOARDS, Holder.SECONDARY),
    Need.CARE: (Holder.CBS, Holder.MUNICIPALITIES, Holder.SUPPORT),
}
COLUMNS = [
    *("goal", "scenario", "more", "year", "code", "schools", "needed", "difference"),
    *("difference_slow", "limit", "components_from"),
]


def outlook(
    goal: int,
    panel: pd.DataFrame,
    *,
    latest: int,
    minimum: int,
    limits: Mapping[int, float] | float = 0.05,
    gate: float = GATE,
    decides: str = "V1",
    size_by_year: bool = False,
    attenuation: float = 1.0,
    exact: bool = False,
    exclude: Collection[int] = (),
    lag: int = 0,
    editions: int = EDITIONS,
    more: Sequence[int] = (MORE,),
    share: float = SHARE,
    components: tuple[VarianceComponents, str] | None = None,
    versions: Versions | None = None,
) -> pd.DataFrame:
    """Work out what one goal could show in the editions to come.

    Parameters
    ----------
    goal : int
        Its number; also chooses the published figures when the panel has too few years.
    panel : pandas.DataFrame
        As `power.power` takes it, with ``value``: comparison schools, and every participant whose
        start is known, also one that starts later.
    latest : int
        School year of the latest edition; the rows are about the years after it.
    minimum : int
        Participants that the protocol asks for.
    limits : mapping of int to float, or float
        Per edition the p value at which the deciding version is sure: the limit of that look,
        divided by the goals tested together.
    gate, decides, size_by_year, attenuation, share, versions
        As for `power.power`.
    exact : bool
        Whether hidden counts play a part, so that exact ones would help.
    exclude : collection of int
        School years without results (2019-2020).
    lag : int
        School years between a result and the edition that can hold it (goal 3: three).
    editions : int
        Editions looked at.
    more : sequence of int
        Numbers of schools that join, in the year after `latest`. Where the register alone will not
        be enough in any edition, what else would help is worked out with the first of them.
    components : tuple of VarianceComponents and str, optional
        In place of `power.measured_components`.

    Returns
    -------
    pandas.DataFrame
        One row per scenario and edition: ``more`` (schools that join), ``year``, ``schools``
        (participants that count), ``needed`` (the minimum), ``difference`` (seen with the
        asked-for chance, in the unit of the outcome), ``difference_slow`` (the same when
        school-years drift slowly: the cautious end), ``code`` (why there is none), ``limit`` and
        ``components_from`` (``files`` or ``methods``).

    Examples
    --------
    >>> from kansen_analysis.demo.panels import simulate
    >>> table = outlook(1, simulate("S0", seed=1), latest=2024, minimum=10, editions=1)
    >>> table[["scenario", "more", "year", "schools"]].head(2).values.tolist()
    [['register', 0, 2025, 80], ['more schools', 10, 2025, 90]]
    """
    moved, origin = components or measured_components(panel, goal)
    editions_to_come = range(latest + 1, latest + 1 + editions)

    def rows_of(name: Scenario, added: int, joined: pd.DataFrame) -> list[dict]:
        rows = []
        for year in editions_to_come:
            limit = limits.get(year, 0.05) if isinstance(limits, Mapping) else limits
            found = _one(
                until(joined, year - lag),
                minimum,
                moved,
                limit=limit,
                gate=gate,
                decides=decides,
                size_by_year=size_by_year,
                attenuation=attenuation,
                share=share,
                versions=versions,
            )
            rows.append({"scenario": name, "more": added, "year": year, "limit": limit} | found)
        return rows

    of_base = rows_of(Scenario.REGISTER, 0, panel)
    base, added, rows = panel, 0, [*of_base]
    for count in more:
        try:
            joined = with_schools(panel, count, latest + 1 - lag)
        except PanelError:  # the own region has fewer schools to join
            continue
        with_more = rows_of(Scenario.MORE_SCHOOLS, count, joined)
        rows += with_more
        if added == 0 and rows[editions - 1]["code"]:  # the register alone will not do
            base, added, of_base = joined, count, with_more
    if len(panel):
        first = int(panel["year"].min())
        before = next(year for year in range(first - 1, first - 9, -1) if year not in exclude)
        rows += rows_of(Scenario.EARLIER, added, with_earlier(base, [before]))
    if exact:  # all is seen, and hiding has widened what the components were measured on
        for row in of_base:
            seen = {n: row[n] * attenuation / WIDER_BY_HIDING for n in _DIFFERENCES}
            rows.append(row | {"scenario": Scenario.EXACT} | seen)
    table = pd.DataFrame(rows).assign(goal=goal, needed=minimum, components_from=origin)
    return table.reindex(columns=COLUMNS).astype({"schools": "Int64"})


_DIFFERENCES = ("difference", "difference_slow")


def _one(
    panel: pd.DataFrame,
    minimum: int,
    components: VarianceComponents,
    *,
    size_by_year: bool,
    versions: Versions | None,
    decides: str,
    **options,
) -> dict:
    """Return the difference of one panel, or the code that says why there is none."""
    none = dict.fromkeys(_DIFFERENCES, np.nan)
    own = panel[panel["cohort"].notna()]
    if not len(own):
        return none | {"code": Hurdle.NO_START, "schools": 0}
    kept = usable(panel, MIN_BEFORE)
    schools = int(kept.loc[kept["cohort"].notna(), "school"].nunique())
    if schools == 0:
        return none | {"code": Hurdle.TOO_SHORT, "schools": 0}
    if schools < minimum:
        # Were the others to have enough years, would there be enough schools?
        short = own["school"].nunique() >= minimum
        return none | {"code": Hurdle.TOO_SHORT if short else Hurdle.TOO_FEW, "schools": schools}
    try:
        designed = design(
            kept, components, decides=decides, size_by_year=size_by_year, versions=versions
        )
        found, drift = (
            designed.power(each, decides=decides, **options)
            for each in (components, slow(components))
        )
    except PanelError:
        return none | {"code": Hurdle.NOTHING_BESIDE, "schools": schools}
    if not np.isfinite(found.difference):
        return none | {"code": Hurdle.NOTHING_BESIDE, "schools": schools}
    return {
        "code": "",
        "schools": schools,
        "difference": found.difference,
        "difference_slow": max(found.difference, drift.difference),
    }


# What is missing, and who has it ------------------------------------------------------------------


def needs(
    goals: Collection[Goal],
    participants: pd.DataFrame,
    years: Mapping[int, Collection[int]],
    *,
    minimum: int,
    hidden: bool,
    within: int | None = None,
) -> pd.DataFrame:
    """List per goal what is missing and who has it.

    Parameters
    ----------
    goals : collection of Goal
        Of the protocol.
    participants : pandas.DataFrame
        The register: ``school``, ``coach_start``.
    years : mapping of int to collection of int
        Per goal the school years with results in the folder.
    minimum : int
        Participants that the protocol asks for.
    hidden : bool
        Whether advices are hidden in the folder.
    within : int, optional
        Regular schools that stand where the programme works, in the register or not.

    Returns
    -------
    pandas.DataFrame
        ``goal``, ``need`` (a `Need`), ``number`` (how many schools or years; missing where it is
        no number), ``years`` (the school years meant) and ``holders`` (each a `Holder`).

    Examples
    --------
    >>> from kansen_analysis.goals.protocol import load_protocol
    >>> register = pd.DataFrame({"school": ["90AA00"], "coach_start": [2021]}, dtype="object")
    >>> found = needs(load_protocol().goals, register, {1: [2022, 2023]}, minimum=10, hidden=True)
    >>> found.loc[found["goal"] == 1, ["need", "number"]].values.tolist()
    [['schools', 9], ['earlier years', 2]]
    """
    starts = participants["coach_start"].dropna().astype(int)
    rows = []
    for goal in goals:
        found: list[tuple[Need, int | None, list[int]]] = []
        if goal.role == "context":
            found.append((Need.CARE, None, []))
        else:
            if unknown := len(participants) - len(starts):
                found.append((Need.STARTS, unknown, []))
            if within and within < minimum:
                found.append((Need.AREA, within, []))
            elif (short := minimum - len(participants)) > 0:
                found.append((Need.MEMBERS, short, []))
            there = sorted(years.get(goal.id, ()))
            if OUTCOMES[goal.outcome.measure].way == "places" and not there:
                found.append((Need.PLACES, None, []))
            elif len(starts) and there:
                rule = goal.outcome
                first = int(starts.min())
                before = [y for y in there if y < first and y not in rule.exclude_years]
                lacking = [
                    year
                    for year in range(first - 1, (rule.window[0] or first) - 1, -1)
                    if year not in rule.exclude_years and year not in there
                ][: max(MIN_BEFORE - len(before), 0)]
                if lacking:
                    found.append((Need.YEARS, len(lacking), sorted(lacking)))
            if OUTCOMES[goal.outcome.measure].way == "advice" and hidden:
                found.append((Need.COUNTS, None, []))
        rows += [
            {"goal": goal.id, "need": need, "number": number, "years": which}
            for need, number, which in found
        ]
    table = pd.DataFrame(rows, columns=["goal", "need", "number", "years"])
    table["number"] = table["number"].astype("Int64")
    return table.assign(holders=table["need"].map(HOLDERS))
