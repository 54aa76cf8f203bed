"""Stage 4: the estimate of every goal that can be tested, and what must not get worse for it."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from kansen_analysis.edition.levels import panels_for_estimates, participants_of
from kansen_analysis.errors import PanelError, Reason
from kansen_analysis.estimate import attenuation
from kansen_analysis.estimate.attenuation import Attenuation
from kansen_analysis.estimate.effects import EffectEstimate, estimate_effect
from kansen_analysis.estimate.power import detectable_difference
from kansen_analysis.goals.codes import Verdict
from kansen_analysis.goals.protocol import Goal, Protocol
from kansen_analysis.goals.rule import decide
from kansen_analysis.outcomes import OUTCOMES
from kansen_analysis.outcomes.advice import AdvicePanel
from kansen_analysis.outcomes.codes import Obstacle

SEED = 1  # of every draw: the same edition gives the same figures


def run(inputs: Mapping) -> dict[str, object]:
    """Estimate what taking part goes together with.

    Returns
    -------
    dict
        ``estimates``: by goal an `EffectEstimate`, or why there is none; ``guards``: by
        goal the estimate of what must not get worse; ``attenuation``: by goal the part of a change
        in the advices that stays visible when counts are hidden; ``detectable``: by goal the
        smallest difference that would have been seen.
    """
    people, protocol = inputs["schools"]["participants"], inputs["protocol"]
    outcomes, panels = inputs["outcomes"], panels_for_estimates(inputs)

    count = Reason(Obstacle.PARTICIPANTS, {"schools": len(people)})
    found: dict[int, EffectEstimate | tuple[Reason, ...]] = {
        goal: (count, *why) if len(people) else (Reason(Obstacle.NOBODY),)
        for goal, why in outcomes["obstacles"].items()
    }
    seen: dict[int, Attenuation] = {}
    guards: dict[int, EffectEstimate] = {}
    limits = protocol.verdict
    for goal in protocol.goals:
        way, name = OUTCOMES[goal.outcome.measure].way, str(goal.id)
        if way == "advice" and len(outcomes["advice_low"]) and outcomes["advices"] is None:
            found[goal.id] = (Reason(Obstacle.NO_EXACT_YEARS),)
        if name not in panels:
            continue
        rows = panels[name]
        if way == "advice":
            seen[goal.id] = measure_attenuation(outcomes["advices"], rows, goal.outcome.measure)
            found[goal.id] = attenuation.estimate_advice(
                rows, seen[goal.id], seed=SEED, decides=goal.outcome.decides
            )
        elif way == "places":
            found[goal.id] = _few(rows, inputs["limits"].schools) or _places(
                rows, panels[f"{name} in favour"], goal, protocol, inputs
            )
        else:
            found[goal.id] = _estimate(rows, goal)
        if goal.guard is not None and not isinstance(found[goal.id], tuple):
            guards |= _guard(panels.get(f"{name} guard"), goal)

    return {
        "estimates": found,
        "guards": guards,
        "attenuation": seen,
        "detectable": {
            goal: detectable_difference(
                each,
                limit=limits.looks.limit(limits.looks.of(inputs["year"])) or limits.alpha,
                gate=limits.gate,
                minimum=limits.minimum_participants,
            ).difference
            for goal, each in found.items()
            if not isinstance(each, tuple)
        },
    }


def _few(rows: pd.DataFrame, needed: int) -> tuple[Reason, ...]:
    """Say that too few schools supplied figures: an estimate of two is a figure of each."""
    mine = participants_of(rows)
    other = rows["school"].nunique() - mine
    if min(mine, other) >= needed:
        return ()
    return (Reason(Obstacle.FEW_SUPPLIED, {"schools": mine, "others": other, "needed": needed}),)


def _estimate(rows: pd.DataFrame, goal: Goal) -> EffectEstimate:
    """Estimate a goal as its protocol says."""
    rule = goal.outcome
    return estimate_effect(rows, SEED, decides=rule.decides, size_by_year=rule.size_by_year)


def measure_attenuation(advices: AdvicePanel, rows: pd.DataFrame, measure: str) -> Attenuation:
    """Measure the part of a change in an outcome of the advices that stays visible."""
    score = {"havo_vwo_share": "havo_up"}.get(measure, "level")
    return attenuation.measure_attenuation(advices, rows, outcome=score, seed=SEED)


def _places(
    against: pd.DataFrame, favour: pd.DataFrame, goal: Goal, protocol: Protocol, inputs: Mapping
) -> EffectEstimate | tuple[Reason, ...]:
    """Estimate places later on, or say why not; hidden counts may not make a difference to it."""
    look = protocol.verdict.looks.of(inputs["year"])
    hidden = int((against["value"] != favour["value"]).sum())
    try:
        found = [_estimate(rows, goal) for rows in (against, favour)[: 1 + (hidden > 0)]]
    except PanelError:  # few schools, or few years: more unknowns than figures
        return (Reason(Obstacle.NO_ESTIMATE),)
    words = {decide(each, goal, protocol, look=look).verdict for each in found}
    if hidden and (len(words) > 1 or Verdict.OPEN in words):
        return (Reason(Obstacle.HIDDEN_DECIDES, {"hidden": hidden, "rows": len(against)}),)
    return min(found, key=lambda each: abs(each.effect))


def _guard(rows: pd.DataFrame | None, goal: Goal) -> dict[int, EffectEstimate]:
    """Estimate what must not get worse for a goal to be met, such as the place in leerjaar 3."""
    try:
        return {} if rows is None else {goal.id: _estimate(rows, goal)}
    except PanelError:  # then nothing shows that it held
        return {}
