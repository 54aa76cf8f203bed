"""The verdict that follows from the protocol and the estimates.

`goals.yml` says beforehand what is tested; `judge` applies it:

- *beter*: the deciding version is above zero by the limit of this edition, after Holm's correction
  over the tested goals; the 95% intervals of V1 to V4 lie above zero, and so do those of V5 and of
  the mean against the last year before the start alone, at the protocol's gate; what other pupils
  account for does not take the interval to zero; not all participants have one board;
- *slechter*: the same on the other side;
- *geen verschil dat ertoe doet*: all versions that can be made lie within the smallest difference
  that matters (90% intervals, V5 at the gate), also when what other pupils account for is taken
  off, and participants differ no more from each other than chance makes schools differ;
- *onbeslist*: none of these, or participants and comparison schools were not comparable;
- *niet toetsbaar*: no data for it, only context, or too few participants.

What comes out are codes with numbers (see `codes`); `words.verdicts` writes the sentences.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral

import numpy as np
import pandas as pd

from kansen_analysis.errors import Reason, UsageError
from kansen_analysis.estimate.codes import Lack
from kansen_analysis.estimate.effects import EffectEstimate
from kansen_analysis.estimate.inference import MISSING, Inference
from kansen_analysis.estimate.power import detectable_difference
from kansen_analysis.goals.codes import Said, Verdict, Why
from kansen_analysis.goals.protocol import VERSIONS, Goal, Protocol

TREND = "V5"  # the version that is held to the gate instead of 95%
FEW_BOARDS = 20  # below this errors by board are probably too small
NOTED = 0.05  # p value below which something is told beside a verdict
GUARDS = ("own_path", "last_year", "intake", "boards", "start", "spread", "region")
COLUMNS = [
    *("goal", "name", "verdict", "small", "effect", "ci_low", "ci_high", "unit", "p_value"),
    *("p_holm", "look", "limit", "agreeing_versions", "missing_versions", "decides", "method"),
    *("n_treated", "n_schools", "reason", *(f"guard_{name}" for name in GUARDS)),
    *("intake_part", "start_difference", "participants_lost", "breakdown"),
]


def judge(
    estimates: Mapping[int, EffectEstimate | tuple[Reason, ...]],
    protocol: Protocol,
    guards: Mapping[int, EffectEstimate] | None = None,
    look: int | None = None,
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
    look : int, optional
        Which of the planned editions this is, 1 being the first; by default the last.

    Returns
    -------
    DataFrame
        One row per goal: ``goal, name, verdict, small`` (*beter* or *slechter*, but mostly inside
        the smallest difference that matters), ``effect, ci_low, ci_high, unit, p_value, p_holm,
        look, limit`` (what ``p_holm`` must stay below), ``agreeing_versions`` (for instance ``V1,
        V2, V4``: interval on the side of the effect), ``missing_versions``, ``decides`` (the
        version the figures are of), ``method, n_treated, n_schools``; ``reason``: a tuple of
        `Reason`, for `words.verdicts.worded` to put into Dutch; ``guard_...``: a value of
        `codes.Said` per guard; ``intake_part`` (of the effect, in the unit), ``start_difference``
        (before the start, pupil SD, equal schoolweging), ``participants_lost`` (share) and
        ``breakdown`` (own path per year, in the unit, that would take the interval to zero).

    Raises
    ------
    UsageError
        When a goal is named that the protocol does not have, a look is not a number from 1 on, or
        an estimate was made for another deciding version.
    """
    guards = guards or {}
    for number in (*estimates, *guards):
        protocol.goal(number)
    if look is not None and (not isinstance(look, Integral) or look < 1):
        raise UsageError(f"There is no look {look!r}; the first is 1, the next 2.")
    tested: dict[int, EffectEstimate] = {}
    refused: dict[int, tuple[Reason, ...]] = {}
    for goal in protocol.goals:
        found = estimates.get(goal.id)
        why = _refusal(goal, found, protocol)
        if isinstance(found, EffectEstimate) and not why:
            tested[goal.id] = found
        else:
            refused[goal.id] = why
    adjusted = holm(np.array([each.p_value for each in tested.values()]))
    after_holm = dict(zip(tested, adjusted.tolist(), strict=True))
    rows = []
    for goal in protocol.goals:
        row = {"goal": goal.id, "name": goal.name, "unit": goal.outcome.unit}
        row["decides"] = goal.outcome.decides
        if goal.id in refused:
            row |= {
                "verdict": Verdict.UNTESTABLE.value,
                "small": False,
                "reason": refused[goal.id],
                "agreeing_versions": "",
                "missing_versions": "",
            }
        else:
            row |= _judge_one(
                goal, tested[goal.id], after_holm[goal.id], protocol, guards.get(goal.id), look
            )
        rows.append(row)
    table = pd.DataFrame(rows).reindex(columns=COLUMNS)
    return table.astype({"n_treated": "Int64", "n_schools": "Int64", "look": "Int64"})


def holm(p: np.ndarray) -> np.ndarray:
    """Correct p values after Holm, along the last axis.

    The same as statsmodels' ``multipletests``, which clears memory every time it is called.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03]))
    array([0.03, 0.06, 0.06])
    """
    order = p.argsort(axis=-1, kind="stable")
    steps = np.take_along_axis(p, order, -1) * np.arange(p.shape[-1], 0, -1)
    corrected = np.empty_like(p)
    np.put_along_axis(corrected, order, np.maximum.accumulate(steps, axis=-1).clip(max=1), -1)
    return corrected


def _refusal(
    goal: Goal, found: EffectEstimate | tuple[Reason, ...] | None, protocol: Protocol
) -> tuple[Reason, ...]:
    """Why a goal is not testable; nothing when it is."""
    if found is None or goal.role == "context":
        return (Reason(Why.NO_DATA),)
    if isinstance(found, tuple):
        return found
    if found.decides != goal.outcome.decides:
        raise UsageError(
            f"Goal {goal.id} is decided by {goal.outcome.decides}, this estimate by "
            f"{found.decides}; estimate it with decides={goal.outcome.decides!r}."
        )
    if np.isnan(found.effect):
        lack = found.versions["lack"].loc[found.decides]
        because = [Reason(Lack(lack))] if lack else []
        return (Reason(Why.NO_DECIDING_VERSION), *because)
    if found.n_treated < protocol.minimum_participants:
        numbers = {"participants": found.n_treated, "needed": protocol.minimum_participants}
        return (Reason(Why.FEW_PARTICIPANTS, numbers),)
    return ()


@dataclass(frozen=True)
class Decision:
    """The rule applied to one estimate.

    Attributes
    ----------
    verdict : Verdict
        Never *niet toetsbaar*.
    small : bool
        *Beter* or *slechter*, with an interval that lies mostly inside the smallest difference
        that matters.
    agreeing, missing : tuple of str
        Versions whose interval lies on the side of the deciding version's effect (95%, V5 at the
        gate), and versions that cannot be made.
    firm : bool
        The deciding version differs from zero, by the limit of this look.
    within : bool
        All versions lie within the smallest difference that matters.
    guards : dict of str to Said
        What each guard says, by the names of `GUARDS`.
    reasons : tuple of Reason
        Why this is the verdict, in the order in which they are said.
    """

    verdict: Verdict
    small: bool
    agreeing: tuple[str, ...]
    missing: tuple[str, ...]
    firm: bool
    within: bool
    guards: Mapping[str, Said]
    reasons: tuple[Reason, ...] = ()


def decide(
    estimate: EffectEstimate,
    goal: Goal,
    protocol: Protocol,
    *,
    p_value: float | None = None,
    look: int | None = None,
    guarded: bool = True,
) -> Decision:
    """Apply the rule to one estimate.

    Parameters
    ----------
    estimate : EffectEstimate
        In the unit of the goal, with higher better.
    goal : Goal
        Its margin and its spread of pupils.
    protocol : Protocol
        The limits.
    p_value : float, optional
        Of the deciding version after Holm, when several goals are tested; by default its own.
    look : int, optional
        Which of the planned editions this is; by default the last.
    guarded : bool
        False when an outcome that must not get worse was not shown to hold: no *beter* then.
    """
    return _Case(estimate, goal, protocol, p_value, look, guarded).decide()


class _Case:
    """One estimate under the rule: what every part of it says, and what follows."""

    def __init__(
        self,
        estimate: EffectEstimate,
        goal: Goal,
        protocol: Protocol,
        p_value: float | None,
        look: int | None,
        guarded: bool,
    ):
        self.estimate, self.goal, self.limits = estimate, goal, protocol.verdict
        self.margin = goal.outcome.smallest_difference
        self.deciding = estimate.inference[estimate.decides]
        self.side = 1 if estimate.effect > 0 else -1
        self.guarded = guarded or self.side < 0  # bad news needs no guard
        self.look = self.limits.looks.planned if look is None else look
        self.limit = self.limits.looks.limit(self.look)
        self.p_value = estimate.p_value if p_value is None else p_value

    # -- the figures

    def _above(self, each: Inference, level: float = 0.95) -> float:
        """Distance from zero of the nearer end, on the side of the effect; NaN when missing."""
        low, high = each.interval(level)
        return low if self.side > 0 else -high

    def _inside(self, each: Inference, level: float, part: float = 0.0) -> bool:
        low, high = each.interval(level)
        return -self.margin < low - part and high - part < self.margin

    @property
    def versions(self) -> dict[str, Inference]:
        return {name: self.estimate.inference.get(name, MISSING) for name in VERSIONS}

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(name for name, each in self.versions.items() if np.isnan(each.effect))

    @property
    def agreeing(self) -> tuple[str, ...]:
        return tuple(
            name
            for name, each in self.versions.items()
            if self._above(each, self.limits.gate if name == TREND else 0.95) > 0
        )

    @property
    def sticking_out(self) -> tuple[str, ...]:
        return tuple(
            name
            for name, each in self.versions.items()
            if not np.isnan(each.effect)
            and not self._inside(each, self.limits.gate if name == TREND else 0.90)
        )

    @property
    def apart(self) -> float:
        """Difference before the start at equal schoolweging, in pupil SD."""
        return abs(self.estimate.baseline.adjusted) / self.goal.outcome.pupil_sd

    # -- the guards

    def _said(self, holds: bool, looked: bool = True) -> Said:
        return (Said.HOLDS if holds else Said.BLOCKS) if looked else Said.NOT_LOOKED

    def guards(self) -> dict[str, Said]:
        """What each guard says about a difference on the side of the effect."""
        found, part = self.estimate, self.side * self.estimate.intake.part
        event, boards = found.event, found.board_clustered
        near = found.neighbours
        one_board = boards is not None and boards["n_boards_treated"] < 2
        by_school = self._above(self.deciding.by_school())
        spread = found.spread.p_value
        return {
            "own_path": self._said(TREND in self.agreeing, TREND not in self.missing),
            "last_year": self._said(
                event is not None and self._above(event.since, self.limits.gate) > 0,
                event is not None,
            ),
            "intake": self._said(
                not self._above(self.deciding) > 0 >= self._above(self.deciding) - part,
                found.intake.looked,
            ),
            "boards": self._said(
                not one_board and not by_school > 0 >= self._above(self.deciding),
                boards is not None,
            ),
            "start": self._said(self.apart <= self.limits.not_comparable, self.apart >= 0),
            "spread": self._said(spread >= self.limits.spread, np.isfinite(spread)),
            "region": Said.NOT_LOOKED
            if near is None
            else (Said.NOTED if near.p_value < NOTED else Said.HOLDS),
        }

    # -- the verdict

    def decide(self) -> Decision:
        guards = self.guards()
        firm = bool(self.p_value < self.limit)
        stops = (Said.BLOCKS,)
        comparable = guards["start"] not in stops
        held = all(guards[name] not in stops for name in ("last_year", "intake", "boards"))
        part = self.estimate.intake.part
        within = not self.sticking_out and self._inside(self.deciding, 0.90, part)
        alike = guards["spread"] not in stops and not self._one_board
        if firm and held and comparable and self.agreeing == VERSIONS and self.guarded:
            verdict = Verdict.BETTER if self.side > 0 else Verdict.WORSE
        else:
            verdict = Verdict.SAME if within and alike and comparable else Verdict.OPEN
        found = verdict in (Verdict.BETTER, Verdict.WORSE)
        return Decision(
            verdict=verdict,
            small=found and self._small,
            agreeing=self.agreeing,
            missing=self.missing,
            firm=firm,
            within=within,
            guards=guards,
            reasons=(*self._reasons(verdict, guards, firm), *self._beside()),
        )

    @property
    def _one_board(self) -> bool:
        boards = self.estimate.board_clustered
        return boards is not None and boards["n_boards_treated"] < 2

    @property
    def _small(self) -> bool:
        """Whether more than half of the interval lies inside the margin."""
        low, high = self.deciding.interval()
        inside = min(high, self.margin) - max(low, -self.margin)
        return bool(inside > (high - low) / 2)

    def _reasons(self, verdict: Verdict, guards: Mapping[str, Said], firm: bool) -> list[Reason]:
        count = {"versions": len(VERSIONS)}
        margin = {"margin": self.margin}
        if verdict in (Verdict.BETTER, Verdict.WORSE):
            return [
                Reason(Why.ALL_AGREE, count),
                *([Reason(Why.BUT_SMALL, margin)] if self._small else []),
            ]
        if verdict == Verdict.SAME:
            return [Reason(Why.WITHIN_MARGIN, margin)]
        if guards["start"] == Said.BLOCKS:
            figures = {"apart": self.apart, "limit": self.limits.not_comparable}
            return [Reason(Why.NOT_COMPARABLE, figures)]
        if not self._above(self.deciding) > 0:
            return self._chance(guards)
        return self._doubts(guards, firm)

    def _chance(self, guards: Mapping[str, Said]) -> list[Reason]:
        """The deciding version holds zero; what keeps it from being no difference that matters."""
        reasons = []
        if self._inside(self.deciding, 0.90):
            if rest := self.sticking_out:
                reasons.append(
                    Reason(Why.OUTSIDE_MARGIN, {"margin": self.margin, "versions": rest})
                )
            if guards["spread"] == Said.BLOCKS:
                reasons.append(Reason(Why.SCHOOLS_DIFFER, {"extra": self.estimate.spread.extra}))
            if self._one_board:
                reasons.append(Reason(Why.ONE_BOARD))
            if not self._inside(self.deciding, 0.90, self.estimate.intake.part):
                reasons.append(Reason(Why.INTAKE, {"part": self.estimate.intake.part}))
        if reasons:
            return reasons
        if self.missing:  # then no difference is large enough
            numbers = {"missing": self.missing, "versions": len(VERSIONS)}
            return [Reason(Why.ONLY_CHANCE), Reason(Why.VERSIONS_MISSING, numbers)]
        seen = detectable_difference(
            self.estimate, limit=self.limit or self.limits.alpha, gate=self.limits.gate
        )
        return [Reason(Why.CHANCE, {"detectable": seen.difference})]

    def _doubts(self, guards: Mapping[str, Said], firm: bool) -> list[Reason]:
        """The deciding version leaves zero out; what keeps that from being a verdict."""
        looks, count = self.limits.looks, len(VERSIONS)
        reasons = []
        if self.look > looks.planned:
            numbers = {"look": self.look, "planned": looks.planned}
            reasons.append(Reason(Why.LOOK_NOT_PLANNED, numbers))
        elif not firm and self.estimate.p_value < self.limit:
            reasons.append(Reason(Why.SEVERAL_GOALS))
        elif not firm:
            numbers = {"look": self.look, "planned": looks.planned, "limit": self.limit}
            reasons.append(Reason(Why.LOOK, numbers))
        if self.missing:
            numbers = {"missing": self.missing, "versions": count}
            reasons.append(Reason(Why.VERSIONS_MISSING, numbers))
        gone = {*self.agreeing, *self.missing, TREND}
        if rest := tuple(name for name in VERSIONS if name not in gone):
            reasons.append(Reason(Why.VERSIONS_DISAGREE, {"disagreeing": rest, "versions": count}))
        level = {"level": 100 * self.limits.gate}
        if guards["own_path"] == Said.BLOCKS:
            reasons.append(Reason(Why.OWN_PATH, level))
        if guards["last_year"] == Said.BLOCKS:
            reasons.append(Reason(Why.LAST_YEAR, level))
        if guards["intake"] == Said.BLOCKS:
            reasons.append(Reason(Why.INTAKE, {"part": self.estimate.intake.part}))
        if self._one_board:
            reasons.append(Reason(Why.ONE_BOARD))
        if not self.guarded:
            reasons.append(Reason(Why.GUARD))
        return reasons

    def _beside(self) -> list[Reason]:
        """What is told beside any verdict."""
        found, reasons = self.estimate, []
        boards, near, intake = found.board_clustered, found.neighbours, found.intake.table
        if boards is not None and boards["n_boards_treated"] < FEW_BOARDS:
            reasons.append(Reason(Why.FEW_BOARDS, {"boards": int(boards["n_boards_treated"])}))
        p_value, change_of, part = intake["p_value"], intake["change"], intake["part"]
        if p_value.loc["schoolweging"] < NOTED:
            numbers = {
                "change": change_of.loc["schoolweging"],
                "part": part.loc["schoolweging"],
            }
            reasons.append(Reason(Why.INTAKE_CHANGED, numbers))
        if p_value.loc["pupils"] < NOTED:
            change = 100 * np.expm1(change_of.loc["pupils"])
            reasons.append(Reason(Why.PUPILS_CHANGED, {"change": float(change)}))
        if near is not None and near.p_value < NOTED:
            code = Why.REGION_HIGHER if near.difference > 0 else Why.REGION_LOWER
            reasons.append(Reason(code, {"difference": near.difference}))
        return reasons


def _judge_one(
    goal: Goal,
    found: EffectEstimate,
    holm: float,
    protocol: Protocol,
    guard: EffectEstimate | None,
    look: int | None,
) -> dict[str, object]:
    guarded = goal.guard is None or (
        guard is not None
        and guard.decision["ci90_low"].loc[guard.decides] > -goal.guard.smallest_difference
    )
    case = _Case(found, goal, protocol, holm, look, guarded)
    decision = case.decide()
    return {
        "verdict": decision.verdict.value,
        "small": decision.small,
        "effect": found.effect,
        "ci_low": found.ci_low,
        "ci_high": found.ci_high,
        "p_value": found.p_value,
        "p_holm": holm,
        "look": case.look,
        "limit": case.limit,
        "agreeing_versions": ", ".join(decision.agreeing),
        "missing_versions": ", ".join(decision.missing),
        "method": found.method,
        "n_treated": found.n_treated,
        "n_schools": found.n_schools,
        "reason": decision.reasons,
        **{f"guard_{name}": said.value for name, said in decision.guards.items()},
        "intake_part": found.intake.part if found.intake.looked else np.nan,
        "start_difference": found.baseline.adjusted / goal.outcome.pupil_sd,
        "participants_lost": found.lost_participants,
        "breakdown": found.breakdown,
    }
