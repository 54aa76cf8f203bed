"""Stage 6: what else the data say about the estimates, none of which bears a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from kansen_analysis.edition.estimates import measure_attenuation
from kansen_analysis.edition.levels import panels_for_estimates
from kansen_analysis.errors import PanelError, Reason
from kansen_analysis.estimate import attenuation, em_check
from kansen_analysis.estimate.codes import why
from kansen_analysis.estimate.effects import EffectEstimate, estimate_effect
from kansen_analysis.estimate.em_check import EmCheck
from kansen_analysis.estimate.nearby import Nearby, compare_places
from kansen_analysis.estimate.per_school import SchoolChanges, school_changes
from kansen_analysis.estimate.shares import ShareEffect, estimate_share_effect
from kansen_analysis.estimate.specifications import vary
from kansen_analysis.goals.protocol import Protocol
from kansen_analysis.outcomes import OUTCOMES, around
from kansen_analysis.schools.load import Until

SEED = 1


@dataclass(frozen=True)
class Beside:
    """A share published around the schools, beside what chance does.

    Attributes
    ----------
    name : str
        Of the series, see `kansen_analysis.outcomes.around`.
    table : str
        The tidy table it comes from.
    datasets : tuple of str
        The data sets that it rests on.
    comparison : Nearby or str
        What chance does beside it, or in Dutch why that is not known.
    """

    name: str
    table: str
    datasets: tuple[str, ...]
    comparison: Nearby | str


def run(inputs: Mapping) -> dict[str, object]:
    """Look at the estimates from other sides.

    Returns
    -------
    dict
        By goal: ``secondary``, the estimate of its second outcome; ``choices``, the effect under
        other choices (`vary`) or why not; ``changes``, the change of every participant
        (`SchoolChanges`) or why not; ``by_step``, participants by school years since the start;
        ``nearby``, what moved around the schools (list of `Beside`). And ``advice_check`` and
        ``share_check``, the estimates of goals 2 and 3 in another way, or None.
    """
    made, protocol = inputs["estimates"], inputs["protocol"]
    outcomes = inputs["outcomes"]
    panels, advices = panels_for_estimates(inputs), outcomes["advices"]
    tested = {goal: panels[str(goal)] for goal in made["estimates"] if str(goal) in panels}

    return {
        "secondary": _secondary(panels, advices, protocol),
        "advice_check": _advice_check(
            _first(panels, protocol, "advice_above_expectation"), advices
        ),
        "share_check": _share_check(
            _first(panels, protocol, "places_leerjaar3"), outcomes["later_places"]
        ),
        "choices": {goal: _choices(rows, protocol, goal) for goal, rows in tested.items()},
        # A figure of one school, so of what may be shown of it.
        "changes": {
            goal: _changes(inputs["levels"]["panels"].get(str(goal), rows), protocol, goal)
            for goal, rows in tested.items()
        },
        "by_step": {goal: _by_step(rows) for goal, rows in tested.items()},
        "nearby": {
            goal: _nearby(Until(inputs["tidy"], inputs["year"]), inputs["schools"], goal)
            for goal in (3, 4)
        },
    }


def _secondary(panels: Mapping, advices, protocol: Protocol) -> dict[int, EffectEstimate]:
    """Estimate the second outcome of each goal; what hiding takes away is corrected as well."""
    found = {}
    for goal in protocol.goals:
        rows = panels.get(f"{goal.id} second")
        if rows is None:
            continue
        measure = goal.secondary[0].measure
        if OUTCOMES[measure].way == "advice":
            seen = measure_attenuation(advices, rows, measure)
            found[goal.id] = attenuation.estimate_advice(rows, seen, seed=SEED, details=False)
        else:
            found[goal.id] = estimate_effect(rows, seed=SEED, details=False)
    return found


def _first(panels: Mapping, protocol: Protocol, measure: str) -> pd.DataFrame | None:
    """Return the panel of the first tested goal on an outcome."""
    named = (str(goal.id) for goal in protocol.goals if goal.outcome.measure == measure)
    return next((panels[name] for name in named if name in panels), None)


def _advice_check(rows: pd.DataFrame | None, advices) -> EmCheck | None:
    """Estimate the goal on advices once more, with the hidden counts filled in another way."""
    return None if rows is None else em_check.em_check(advices, rows, seed=SEED)


def _share_check(rows: pd.DataFrame | None, places: pd.DataFrame) -> ShareEffect | None:
    """Estimate the goal on places once more, from the counts.

    None where some are hidden, or too few schools supply them to tell years and schools apart.
    """
    if rows is None:
        return None
    keys = pd.MultiIndex.from_frame(rows[["school", "year"]])
    counts = places.set_index(["school", "year"]).loc[keys]
    if not (counts["pupils_below_low"] == counts["pupils_below_high"]).all():
        return None
    below = counts["pupils_below_low"].to_numpy()
    try:
        return estimate_share_effect(rows.assign(count=below), higher_is_better=False)
    except PanelError:
        return None


def _choices(rows: pd.DataFrame, protocol: Protocol, goal: int) -> pd.DataFrame | Reason:
    try:
        return vary(rows, size_by_year=protocol.goal(goal).outcome.size_by_year)
    except PanelError as error:
        return why(error)


def _changes(rows: pd.DataFrame, protocol: Protocol, goal: int) -> SchoolChanges | Reason:
    try:
        return school_changes(rows, size_by_year=protocol.goal(goal).outcome.size_by_year)
    except PanelError as error:
        return why(error)


def _by_step(rows: pd.DataFrame) -> dict[int, int]:
    """Count the participants behind each school year before and since the start."""
    step = (rows["year"] - rows["cohort"]).dropna().astype(int)
    schools = rows.loc[step.index].groupby(step)["school"].nunique()
    return dict(zip(schools.index.tolist(), schools.tolist(), strict=True))


def _nearby(tables: Mapping, schools: Mapping, goal: int) -> list[Beside]:
    """Set the change in the participants' municipalities beside what chance does."""
    region = schools["schools"]
    own = set(region.loc[region["own_region"], "municipality_code"].dropna())
    first = schools["participants"].groupby("municipality_code")["coach_start"].min()
    unknown = set(first.index[first.isna()])
    found = []
    for each in around.series(tables, goal):
        starts = (first.dropna().astype(int) + around.LATER[each.table]).to_dict()
        compared = compare_places(each.shares, starts, own, unknown=unknown)
        found.append(Beside(each.name, each.table, each.datasets, compared))
    return found
