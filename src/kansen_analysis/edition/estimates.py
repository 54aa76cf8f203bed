"""Stage 4: the estimate of every goal that can be tested, and what must not get worse for it."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from kansen_analysis.errors import PanelError, Reason
from kansen_analysis.estimate import attenuation
from kansen_analysis.estimate.effects import EffectEstimate, estimate_effect
from kansen_analysis.estimate.power import detectable_difference
from kansen_analysis.goals.codes import Verdict
from kansen_analysis.goals.protocol import Goal, Protocol
from kansen_analysis.goals.rule import decide
from kansen_analysis.outcomes.codes import Obstacle

SEED = 1  # of every draw: the same edition gives the same figures


def run(inputs: Mapping) -> dict[str, object]:
    """Estimate what taking part goes together with.

    Returns
    -------
    dict
        ``estimates``: by goal an `EffectEstimate`, or why there is none; ``guards``: by
        goal the estimate of what must not get worse; ``attenuation``: the part of a change in the
        advices that stays visible when counts are hidden, or None; ``detectable``: by goal the
        smallest difference that would have been seen.
    """
    people, protocol = inputs["schools"]["participants"], inputs["protocol"]
    outcomes, panels = inputs["outcomes"], inputs["outcomes"]["panels"]

    count = Reason(Obstacle.PARTICIPANTS, {"schools": len(people)})
    found: dict[int, EffectEstimate | tuple[Reason, ...]] = {
        goal: (count, *why) for goal, why in outcomes["obstacles"].items()
    }
    if len(outcomes["advice_low"]) and outcomes["advices"] is None:
        found[2] = (Reason(Obstacle.NO_EXACT_YEARS),)
    seen, guards, limits = None, {}, protocol.verdict
    if "1" in panels:
        found[1] = _estimate(panels["1"], protocol.goal(1))
    if "2" in panels:
        seen = attenuation.measure_attenuation(outcomes["advices"], panels["2"], seed=SEED)
        found[2] = attenuation.estimate_advice(
            panels["2"], seen, seed=SEED, decides=protocol.goal(2).outcome.decides
        )
    if "3" in panels:
        found[3] = _few(panels["3"], inputs["limits"].schools) or _places(
            panels["3"], panels["3 in favour"], protocol, inputs["year"]
        )
        guards = {} if isinstance(found[3], tuple) else _guard(panels.get("3 guard"), protocol)

    return {
        "estimates": found,
        "guards": guards,
        "attenuation": seen,
        "detectable": {
            goal: detectable_difference(
                each,
                limit=limits.looks.limit(limits.looks.of(inputs["year"])) or limits.alpha,
                gate=limits.gate,
            ).difference
            for goal, each in found.items()
            if not isinstance(each, tuple)
        },
    }


def _few(rows: pd.DataFrame, needed: int) -> tuple[Reason, ...]:
    """Say that too few schools supplied figures: an estimate of two is a figure of each."""
    takes_part = rows["cohort"].notna()
    mine, other = (rows.loc[part, "school"].nunique() for part in (takes_part, ~takes_part))
    if min(mine, other) >= needed:
        return ()
    return (Reason(Obstacle.FEW_SUPPLIED, {"schools": mine, "others": other, "needed": needed}),)


def _estimate(rows: pd.DataFrame, goal: Goal) -> EffectEstimate:
    """Estimate a goal as its protocol says."""
    rule = goal.outcome
    return estimate_effect(rows, SEED, decides=rule.decides, size_by_year=rule.size_by_year)


def _places(
    against: pd.DataFrame, favour: pd.DataFrame, protocol: Protocol, year: int
) -> EffectEstimate | tuple[Reason, ...]:
    """Estimate goal 3, or say why not; hidden counts may not make a difference to it."""
    goal, look = protocol.goal(3), protocol.verdict.looks.of(year)
    hidden = int((against["value"] != favour["value"]).sum())
    try:
        found = [_estimate(rows, goal) for rows in (against, favour)[: 1 + (hidden > 0)]]
    except PanelError:  # few schools, or few years: more unknowns than figures
        return (Reason(Obstacle.NO_ESTIMATE),)
    words = {decide(each, goal, protocol, look=look).verdict for each in found}
    if hidden and (len(words) > 1 or Verdict.OPEN in words):
        return (Reason(Obstacle.HIDDEN_DECIDES, {"hidden": hidden, "rows": len(against)}),)
    return min(found, key=lambda each: abs(each.effect))


def _guard(rows: pd.DataFrame | None, protocol: Protocol) -> dict[int, EffectEstimate]:
    """Estimate what must not get worse for goal 3 to be met: the place in leerjaar 3."""
    try:
        return {} if rows is None else {3: _estimate(rows, protocol.goal(3))}
    except PanelError:  # then nothing shows that the place held
        return {}
