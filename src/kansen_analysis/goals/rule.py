"""The verdict that follows from the protocol and the estimates.

`goals.yml` says beforehand what is tested; `judge` applies it. The rule is METHODS 2.2 step 10:

- *beter*: the deciding version is above zero after Holm's correction over the tested goals, and the
  95% intervals of the other three versions lie above zero too;
- *slechter*: the same agreement of four versions below zero;
- *geen verschil dat ertoe doet*: the 90% interval of the deciding version lies within the smallest
  difference that matters;
- *onbeslist*: none of these;
- *niet toetsbaar*: no data for it, only context, or too few participants.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

from kansen_analysis.estimate.effects import EffectEstimate, detectable_difference, dutch
from kansen_analysis.goals.protocol import VERSIONS, Goal, Protocol, Sentences

BETTER, WORSE = "beter", "slechter"
SAME, OPEN, UNTESTABLE = "geen verschil dat ertoe doet", "onbeslist", "niet toetsbaar"
VERDICTS = (BETTER, WORSE, SAME, OPEN, UNTESTABLE)
COLUMNS = [
    *("goal", "name", "verdict", "effect", "ci_low", "ci_high", "unit", "p_value", "p_holm"),
    *("agreeing_versions", "decides", "method", "n_treated", "n_schools", "reason"),
]


def judge(
    estimates: Mapping[int, EffectEstimate | str],
    protocol: Protocol,
    guards: Mapping[int, EffectEstimate] | None = None,
) -> pd.DataFrame:
    """Give the verdict on every goal.

    Parameters
    ----------
    estimates : mapping of int to EffectEstimate or str
        Per goal its estimate, in the unit of the protocol and with higher better; or, in Dutch,
        why there is none. A goal that is not there gets the protocol's own reason.
    protocol : Protocol
        From `load_protocol`.
    guards : mapping of int to EffectEstimate, optional
        For goals with a guard (goal 3): the estimate of the outcome that must not get worse.

    Returns
    -------
    DataFrame
        One row per goal: ``goal, name, verdict, effect, ci_low, ci_high, unit, p_value, p_holm,
        agreeing_versions`` (for instance ``V1, V2, V4``: 95% interval on the side of the effect),
        ``decides`` (the version the figures are of), ``method, n_treated, n_schools, reason``.

    Raises
    ------
    UsageError
        When a goal is named that the protocol does not have.
    """
    guards = guards or {}
    for number in (*estimates, *guards):
        protocol.goal(number)
    tested: dict[int, EffectEstimate] = {}
    refused: dict[int, str] = {}
    for goal in protocol.goals:
        found = estimates.get(goal.id, goal.missing)
        reason = _refusal(goal, found, protocol)
        if reason is None:
            tested[goal.id] = found
        else:
            refused[goal.id] = reason
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
            row |= {"verdict": UNTESTABLE, "reason": refused[goal.id], "agreeing_versions": ""}
        else:
            row |= _judge_one(
                goal, tested[goal.id], float(holm[goal.id]), protocol, guards.get(goal.id)
            )
        rows.append(row)
    table = pd.DataFrame(rows).reindex(columns=COLUMNS)
    return table.astype({"n_treated": "Int64", "n_schools": "Int64"})


def _refusal(goal: Goal, found: EffectEstimate | str, protocol: Protocol) -> str | None:
    """Why a goal is not testable, or None when it is."""
    if isinstance(found, str):
        return found
    if goal.role == "context":
        return goal.missing
    if found.n_treated < protocol.minimum_participants:
        return (
            f"Er doen {found.n_treated} scholen mee met gegevens van vóór en ná de start. Met "
            f"minder dan {protocol.minimum_participants} scholen is toeval niet uit te sluiten."
        )
    if np.isnan(found.decision.loc[goal.outcome.decides, "effect"]):
        return "De berekening die voor dit doel beslist, is met deze gegevens niet te maken."
    return None


@dataclass(frozen=True)
class Decision:
    """The rule applied to one estimate, before it is put into words.

    Attributes
    ----------
    verdict : str
        One of `VERDICTS`, never *niet toetsbaar*.
    agreeing : tuple of str
        Versions whose 95% interval lies on the side of the deciding version's effect.
    firm : bool
        The deciding version differs from zero, by the p value that was handed over.
    within : bool
        Its 90% interval lies within the smallest difference that matters.
    """

    verdict: str
    agreeing: tuple[str, ...]
    firm: bool
    within: bool


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
        verdict = BETTER if side > 0 else WORSE
    else:
        verdict = SAME if within else OPEN
    return Decision(verdict, agreeing, firm, within)


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
    why = _why(goal, found, decision)
    return {
        "verdict": decision.verdict,
        **row[["effect", "ci_low", "ci_high", "p_value"]].to_dict(),
        "p_holm": holm,
        "agreeing_versions": ", ".join(decision.agreeing),
        "method": found.method,
        "n_treated": found.n_treated,
        "n_schools": found.n_schools,
        "reason": f"{say_size(goal, row)} {why} Daarom: {decision.verdict}.",
    }


def say_size(goal: Goal, row: Mapping[str, float]) -> str:
    """Say the difference and its doubt in plain Dutch, in pupils of every hundred.

    Parameters
    ----------
    goal : Goal
        Holds the sentences.
    row : mapping
        ``effect, ci_low, ci_high`` in the goal's unit.

    Examples
    --------
    >>> from kansen_analysis.goals.protocol import load_protocol
    >>> goal = load_protocol().goal(1)
    >>> print(say_size(goal, {"effect": 3.1, "ci_low": -1.2, "ci_high": 7.4}))
    Van elke 100 leerlingen halen er naar schatting 3 méér het streefniveau dan op vergelijkbare
    scholen. Het kan ook 1 minder zijn, of 7 meer.
    """
    words = goal.sentences
    effect = row["effect"] * words.per
    count = _whole(effect)
    if count == 0:
        first = words.equal
    else:
        first = (words.more if effect > 0 else words.fewer).format(n=count)
    low, high = (_side(row[name] * words.per, words) for name in ("ci_low", "ci_high"))
    return f"{first.strip()} {words.range.format(low=low, high=high).strip()}"


def _whole(x: float) -> int:
    return int(np.floor(abs(x) + 0.5))


def _side(x: float, words: Sentences) -> str:
    count = _whole(x) if np.isfinite(x) else "onbekend hoeveel"
    word = words.word_more if x > 0 else words.word_fewer
    return f"{count or 'minder dan 1'} {word}"


def _why(goal: Goal, found: EffectEstimate, decision: Decision) -> str:
    """Say why this is the verdict."""
    small = goal.outcome.smallest_difference * goal.sentences.per
    size = f"{dutch(small, 0 if small == int(small) else 1)} op de 100 leerlingen"
    if decision.verdict in (BETTER, WORSE):
        text = (
            "Alle vier de berekeningen wijzen dezelfde kant op. Dit hangt samen met meedoen; het "
            "bewijst niet dat het daardoor komt."
        )
        if decision.within:
            text += f" Het verschil is wel klein: minder dan {size}."
        return text
    if decision.verdict == SAME:
        return f"Een verschil van {size} of meer is onwaarschijnlijk."
    decides = goal.outcome.decides
    if decides not in decision.agreeing:
        seen = detectable_difference(found, decides).difference * goal.sentences.per
        return (
            "Dat kan toeval zijn. Het is geen bewijs dat er niets veranderd is: een verschil van "
            f"minder dan ongeveer {_whole(seen)} op de 100 leerlingen is met deze scholen niet "
            "goed te zien."
        )
    if decision.firm and decision.agreeing == VERSIONS:
        return f"Maar niet is aangetoond dat het {goal.guard.name.lower()} gelijk bleef."
    if not decision.firm:
        return "Maar er zijn meer doelen tegelijk bekeken, en dan is dit niet zeker genoeg."
    unknown = found.decision.index[found.decision["effect"].isna()]
    if len(unknown):
        return f"Maar niet alle vier de berekeningen zijn te maken (niet: {', '.join(unknown)})."
    rest = ", ".join(name for name in VERSIONS if name not in decision.agreeing)
    return f"Maar niet alle vier de berekeningen laten dit zien (niet: {rest})."
