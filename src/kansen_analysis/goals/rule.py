"""The verdict that follows from the protocol and the estimates.

`goals.yml` says beforehand what is tested; `judge` applies it. The rule is METHODS 2.2 step 10:

- *beter*: the deciding version is above zero after Holm's correction over the tested goals, and the
  95% intervals of the other three versions lie above zero too;
- *slechter*: the same agreement of four versions below zero;
- *geen verschil dat ertoe doet*: the 90% interval of the deciding version lies within the smallest
  difference that matters;
- *onbeslist*: none of these;
- *niet toetsbaar*: no data for it, only context, or too few participants.

What comes out are codes with numbers (see `codes`); `words.verdicts` writes the sentences.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

from kansen_analysis.errors import Reason
from kansen_analysis.estimate.effects import EffectEstimate
from kansen_analysis.goals.codes import Verdict, Why
from kansen_analysis.goals.detectable import detectable_difference
from kansen_analysis.goals.protocol import VERSIONS, Goal, Protocol

COLUMNS = [
    *("goal", "name", "verdict", "effect", "ci_low", "ci_high", "unit", "p_value", "p_holm"),
    *("agreeing_versions", "decides", "method", "n_treated", "n_schools", "reason"),
]


def judge(
    estimates: Mapping[int, EffectEstimate | tuple[Reason, ...]],
    protocol: Protocol,
    guards: Mapping[int, EffectEstimate] | None = None,
) -> pd.DataFrame:
    """Give the verdict on every goal.

    Parameters
    ----------
    estimates : mapping of int to EffectEstimate or tuple of Reason
        Per goal its estimate, in the unit of the protocol and with higher better; or why there is
        none. A goal that is not there gets the protocol's own reason.
    protocol : Protocol
        From `load_protocol`.
    guards : mapping of int to EffectEstimate, optional
        For goals with a guard (goal 3): the estimate of the outcome that must not get worse.

    Returns
    -------
    DataFrame
        One row per goal: ``goal, name, verdict, effect, ci_low, ci_high, unit, p_value, p_holm,
        agreeing_versions`` (for instance ``V1, V2, V4``: 95% interval on the side of the effect),
        ``decides`` (the version the figures are of), ``method, n_treated, n_schools``, and
        ``reason``: a tuple of `Reason`, for `words.verdicts.worded` to put into Dutch.

    Raises
    ------
    UsageError
        When a goal is named that the protocol does not have.
    """
    guards = guards or {}
    for number in (*estimates, *guards):
        protocol.goal(number)
    tested: dict[int, EffectEstimate] = {}
    refused: dict[int, tuple[Reason, ...]] = {}
    for goal in protocol.goals:
        found = estimates.get(goal.id)
        if why := _refusal(goal, found, protocol):
            refused[goal.id] = why
        else:
            tested[goal.id] = found
    raw = [
        tested[number].decision.loc[protocol.goal(number).outcome.decides, "p_value"]
        for number in tested
    ]
    adjusted = multipletests(raw, alpha=protocol.alpha, method="holm")[1] if raw else []
    holm = dict(zip(tested, adjusted, strict=True))
    rows = []
    for goal in protocol.goals:
        row = {"goal": goal.id, "name": goal.name, "unit": goal.outcome.unit}
        row["decides"] = goal.outcome.decides
        if goal.id in refused:
            row |= {
                "verdict": Verdict.UNTESTABLE.value,
                "reason": refused[goal.id],
                "agreeing_versions": "",
            }
        else:
            row |= _judge_one(
                goal, tested[goal.id], float(holm[goal.id]), protocol, guards.get(goal.id)
            )
        rows.append(row)
    table = pd.DataFrame(rows).reindex(columns=COLUMNS)
    return table.astype({"n_treated": "Int64", "n_schools": "Int64"})


def _refusal(
    goal: Goal, found: EffectEstimate | tuple[Reason, ...] | None, protocol: Protocol
) -> tuple[Reason, ...]:
    """Why a goal is not testable; nothing when it is."""
    if found is None or goal.role == "context":
        return (Reason(Why.NO_DATA),)
    if isinstance(found, tuple):
        return found
    if found.n_treated < protocol.minimum_participants:
        numbers = {"participants": found.n_treated, "needed": protocol.minimum_participants}
        return (Reason(Why.FEW_PARTICIPANTS, numbers),)
    if np.isnan(found.decision.loc[goal.outcome.decides, "effect"]):
        return (Reason(Why.NO_DECIDING_VERSION),)
    return ()


@dataclass(frozen=True)
class Decision:
    """The rule applied to one estimate.

    Attributes
    ----------
    verdict : Verdict
        Never *niet toetsbaar*.
    agreeing : tuple of str
        Versions whose 95% interval lies on the side of the deciding version's effect.
    firm : bool
        The deciding version differs from zero, by the p value that was handed over.
    within : bool
        Its 90% interval lies within the smallest difference that matters.
    reasons : tuple of Reason
        Why this is the verdict, in the order in which they are said.
    """

    verdict: Verdict
    agreeing: tuple[str, ...]
    firm: bool
    within: bool
    reasons: tuple[Reason, ...] = ()


def decide(
    estimate: EffectEstimate,
    *,
    decides: str,
    p_value: float,
    smallest_difference: float,
    alpha: float = 0.05,
    guarded: bool = True,
) -> Decision:
    """Apply the rule of four versions to one estimate.

    Parameters
    ----------
    estimate : EffectEstimate
        Its `decision` table is used.
    decides : str
        The version that gives effect, interval and p value.
    p_value : float
        That version's p value, after Holm when several goals are tested.
    smallest_difference : float
        Smallest difference that matters, in the unit of the estimate.
    alpha : float
        Level of the test.
    guarded : bool
        False when an outcome that must not get worse was not shown to hold: no *beter* then.
    """
    table = estimate.decision
    row = table.loc[decides]
    side = 1 if row["effect"] > 0 else -1
    bound = table["ci_low"] if side > 0 else -table["ci_high"]
    agreeing = tuple(name for name in VERSIONS if bound[name] > 0)  # NaN does not agree
    firm = bool(p_value < alpha)
    within = bool(row["ci90_low"] > -smallest_difference and row["ci90_high"] < smallest_difference)
    if firm and agreeing == VERSIONS and (side < 0 or guarded):
        verdict = Verdict.BETTER if side > 0 else Verdict.WORSE
    else:
        verdict = Verdict.SAME if within else Verdict.OPEN
    decision = Decision(verdict, agreeing, firm, within)
    return replace(decision, reasons=_reasons(estimate, decision, decides, smallest_difference))


def _reasons(
    estimate: EffectEstimate, decision: Decision, decides: str, margin: float
) -> tuple[Reason, ...]:
    """Why this is the verdict."""
    count = len(VERSIONS)
    if decision.verdict in (Verdict.BETTER, Verdict.WORSE):
        small = (Reason(Why.BUT_SMALL, {"margin": margin}),) if decision.within else ()
        return Reason(Why.ALL_AGREE, {"versions": count}), *small
    if decision.verdict == Verdict.SAME:
        return (Reason(Why.WITHIN_MARGIN, {"margin": margin}),)
    effects = estimate.decision["effect"]
    if np.isnan(effects[decides]):
        return (Reason(Why.NO_DECIDING_VERSION),)
    if decides not in decision.agreeing:
        seen = detectable_difference(estimate, decides).difference
        return (Reason(Why.CHANCE, {"detectable": seen}),)
    if decision.firm and decision.agreeing == VERSIONS:
        return (Reason(Why.GUARD),)
    if not decision.firm:
        return (Reason(Why.SEVERAL_GOALS),)
    unknown = tuple(effects.index[effects.isna()])
    if unknown:
        return (Reason(Why.VERSIONS_MISSING, {"missing": unknown, "versions": count}),)
    rest = tuple(name for name in VERSIONS if name not in decision.agreeing)
    return (Reason(Why.VERSIONS_DISAGREE, {"disagreeing": rest, "versions": count}),)


def _judge_one(
    goal: Goal, found: EffectEstimate, holm: float, protocol: Protocol, guard: EffectEstimate | None
) -> dict[str, object]:
    row = found.decision.loc[goal.outcome.decides]
    guarded = goal.guard is None or (
        guard is not None and guard.decision.loc["V1", "ci90_low"] > -goal.guard.smallest_difference
    )
    decision = decide(
        found,
        decides=goal.outcome.decides,
        p_value=holm,
        smallest_difference=goal.outcome.smallest_difference,
        alpha=protocol.alpha,
        guarded=guarded,
    )
    return {
        "verdict": decision.verdict.value,
        **row[["effect", "ci_low", "ci_high", "p_value"]].to_dict(),
        "p_holm": holm,
        "agreeing_versions": ", ".join(decision.agreeing),
        "method": found.method,
        "n_treated": found.n_treated,
        "n_schools": found.n_schools,
        "reason": decision.reasons,
    }
