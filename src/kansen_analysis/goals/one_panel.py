"""From one panel to one verdict: how the method can be checked from outside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from kansen_analysis.estimate.effects import EffectEstimate, estimate_effect
from kansen_analysis.goals.protocol import Protocol, load_protocol
from kansen_analysis.goals.rule import judge

GUARD = "guard_value"  # optional column: the outcome that must not get worse (goal 3)


def judge_panel(
    panel: pd.DataFrame,
    *,
    goal: int = 1,
    protocol: Protocol | str | Path | None = None,
    look: int | None = None,
    seed: int = 1,
) -> pd.DataFrame:
    """Estimate one goal on a panel and give its verdict, by the protocol's rule.

    Parameters
    ----------
    panel : DataFrame
        As `estimate.effects.estimate_effect` takes it, ``value`` in the unit of the goal with
        higher better: ``school, year, value, n, cohort, schoolweging, provider, own_region``,
        optional ``board`` and ``schoolweging_year`` (each year's own; without it the guard on
        other pupils is *niet gekeken*), and for a goal with a guard ``guard_value``. Rows may
        stand in any order.
    goal : int
        Number of the goal in the protocol.
    protocol : Protocol, path or None
        By default that of the package.
    look : int, optional
        Which of the planned editions this is, 1 being the first; by default the last.
    seed : int
        Of the redraws of start years.

    Returns
    -------
    DataFrame
        One row: ``goal, verdict, small, effect, ci_low, ci_high, p, versions`` (those that agree),
        ``reasons`` (codes of `goals.codes.Why` and others, a tuple), ``guards`` (per guard what it
        says, a value of `goals.codes.Said`), and the other columns of `rule.judge`. The goal is
        the only one tested, so Holm's correction leaves its p value as it is.

    Raises
    ------
    PanelError
        When the panel cannot be analysed; the message says what to do.
    UsageError
        When the protocol has no such goal.

    Examples
    --------
    >>> from kansen_analysis.demo.panels import simulate
    >>> panel = simulate("S0", seed=1, effect=0.2)
    >>> panel["value"] *= 46.8  # pupil SD to points
    >>> row = judge_panel(panel).iloc[0]
    >>> row["verdict"], row["versions"]
    ('beter', 'V1, V2, V3, V4, V5')
    """
    panel = _sorted(panel)
    if not isinstance(protocol, Protocol):
        protocol = load_protocol(protocol)
    outcome = protocol.goal(goal).outcome

    def estimate(rows: pd.DataFrame) -> EffectEstimate:
        return estimate_effect(
            rows, seed, decides=outcome.decides, size_by_year=outcome.size_by_year, details=False
        )

    guards = {}
    if protocol.goal(goal).guard is not None and GUARD in getattr(panel, "columns", ()):
        guards[goal] = estimate(panel.assign(value=panel[GUARD]))
    table = judge({goal: estimate(panel)}, protocol, guards, look)
    row = table[table["goal"] == goal].reset_index(drop=True)
    said = [name for name in row.columns if name.startswith("guard_")]
    reasons = tuple(each.code.value for each in row["reason"].iloc[0])
    guarded = {name.removeprefix("guard_"): row[name].iloc[0] for name in said}
    row = row.assign(
        reasons=pd.Series([reasons], dtype=object), guards=pd.Series([guarded], dtype=object)
    )
    row = row.rename(columns={"p_value": "p", "agreeing_versions": "versions"})
    first = ["goal", "verdict", "small", "effect", "ci_low", "ci_high", "p", "versions", "reasons"]
    rest = [name for name in row.columns if name not in (*first, "guards", "reason", "p_holm")]
    return row[[*first, "guards", *rest]]


def _sorted(panel: pd.DataFrame) -> pd.DataFrame:
    """Sort by school and year; what is no panel is left for the estimate to refuse."""
    named = isinstance(panel, pd.DataFrame) and panel.columns.is_unique
    if not named or not {"school", "year"} <= set(panel.columns):
        return panel
    keys = (panel[name].astype(str).to_numpy() for name in ("year", "school"))
    return panel.iloc[np.lexsort(tuple(keys))]
