"""How often is goal 2 wrong? Pretend participants on the exact years, hidden by ourselves.

Schools that take no part are drawn as if they did, somewhat more often where the schoolweging is
high. Nothing happened to them, so an effect that is found is a false one; then pupils are moved up
in their last exact year, and the effect that is found must be that (METHODS 5.1 and 5.2).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from kansen_analysis.estimate.attenuation import move_up, recovery
from kansen_analysis.estimate.em_check import em_check, first_version
from kansen_analysis.outcomes.advice import (
    LEVEL,
    AdvicePanel,
    advice_fill,
    advice_panel,
    as_printed,
    exact_years,
    mean_of,
)

LEANING = 0.6  # standard deviations that participants' schoolweging lies above the others'
PLANTED = 0.2


def placebo(
    low: pd.DataFrame,
    high: pd.DataFrame,
    weging: pd.DataFrame,
    *,
    draws: int = 300,
    treated: int = 80,
    cohorts: Sequence[int] = (),
    years: Sequence[int] = (),
    sizes: tuple[float, float] = (0, np.inf),
    em: bool = False,
    seed: int = 1,
    progress: Callable[[], None] = lambda: None,
) -> pd.DataFrame:
    """Estimate the effect of nothing, and of a planted 0.2 level, for pretended participants.

    Parameters
    ----------
    low, high : DataFrame
        Advices of schools that take no part, as `panel.advice_cells` gives them.
    weging : DataFrame
        ``school``, ``schoolweging``.
    draws : int
        Number of draws of participants.
    treated : int
        Participants per draw.
    cohorts : sequence of int
        First programme years, spread evenly; by default the last exact year for all.
    years : sequence of int
        Years of the comparison; by default the exact years. Pupils are moved up (and coverage is
        measured) only when the programme years of all participants are exact.
    sizes : tuple of float
        Lowest and highest mean number of advices of the participants in the exact years.
    em : bool
        Do the EM check too (slower).
    seed : int
        Of the draws.
    progress : callable
        Called after every draw.

    Returns
    -------
    DataFrame
        One row per draw: ``effect``, ``std_error``, ``p_value`` without an effect; ``found``,
        ``true``, ``covered`` with the planted one; ``one``, ``two`` (recovery rates); with ``em``
        the same under ``em_effect``, ``em_p_value``, ``em_found``, ``em_covered``.
    """
    exact = exact_years(low, high)
    years, cohorts = list(years) or exact, list(cohorts) or exact[-1:]
    plant = set(exact) >= {year for year in years if year >= min(cohorts)}
    advice = advice_panel(low, high, years=years)
    rows = advice.rows.merge(weging[["school", "schoolweging"]].dropna(), on="school")
    rows = rows.assign(provider=pd.NA, own_region=False)
    size = advice.exact.sum(axis=1).groupby("school").mean()
    candidates = rows.groupby("school").agg(
        years=("year", "nunique"), schoolweging=("schoolweging", "first")
    )
    candidates["size"] = size
    candidates = candidates[
        (candidates["years"] == len(years)) & candidates["size"].between(*sizes)
    ]
    lean = (candidates["schoolweging"] - rows["schoolweging"].mean()) / rows["schoolweging"].std()
    chance = np.exp(LEANING * lean).to_numpy()
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(draws):
        chosen = rng.choice(
            candidates.index, treated, replace=False, p=chance / chance.sum(), shuffle=True
        )
        start = pd.Series(np.resize(cohorts, treated), index=chosen)
        panel = rows.assign(cohort=rows["school"].map(start).astype("Int64"))
        panel = panel.sort_values(["school", "year"], ignore_index=True, kind="stable")
        found.append(_draw(advice, panel, plant, em, rng))
        progress()
    return pd.DataFrame(found)


def _draw(advice: AdvicePanel, panel: pd.DataFrame, plant: bool, em: bool, rng) -> dict:
    seed = int(rng.integers(1 << 31))
    rate = recovery(advice, panel, seed=seed)
    effect, error, reach = _estimate(panel, rate.mean)
    result = {
        **{"effect": effect, "std_error": error, "one": rate.one, "two": rate.two},
        "p_value": float(2 * stats.norm.sf(abs(effect) / error)),
    }
    if em:
        check = em_check(advice, panel, rate, seed=seed)
        result |= {"em_effect": check.effect, "em_p_value": check.p_value}
    if plant:
        counts, moved, true = _plant(advice, panel, rng)
        effect, error, reach = _estimate(moved, rate.mean)
        result |= {"found": effect, "true": true, "covered": abs(effect - true) <= reach}
        if em:
            check = em_check(_changed(advice, counts, moved), moved, rate, seed=seed)
            covered = check.ci_low <= true <= check.ci_high
            result |= {"em_found": check.effect, "em_covered": covered}
    return result


def _estimate(panel: pd.DataFrame, rate: float) -> tuple[float, float, float]:
    fitted = first_version(panel)
    figures = fitted.contrast([fitted.cells["effect"]]).iloc[0]
    reach = (figures["ci_high"] - figures["ci_low"]) / 2
    return tuple(float(x) / rate for x in (figures["effect"], figures["std_error"], reach))


def _plant(advice: AdvicePanel, panel: pd.DataFrame, rng):
    """Move pupils up in the participants' programme years, one step, and hide again."""
    running = (panel["year"] >= panel["cohort"]).fillna(False).to_numpy(bool)
    before = advice.exact.loc[pd.MultiIndex.from_frame(panel.loc[running, ["school", "year"]])]
    after = pd.DataFrame(move_up(before.to_numpy(), 1, PLANTED, rng), before.index, before.columns)
    rise = mean_of(after.to_numpy(), LEVEL) - mean_of(before.to_numpy(), LEVEL)
    filled = advice_fill(after.to_numpy(), advice)
    moved = panel.copy()
    moved.loc[running, "value"] = moved.loc[running, "level"] = mean_of(filled, LEVEL)
    moved.loc[running, "n"] = np.maximum(np.rint(filled.sum(axis=1)), 1).astype(int)
    return after, moved, float(rise.mean())


def _changed(advice: AdvicePanel, counts: pd.DataFrame, moved: pd.DataFrame) -> AdvicePanel:
    """Return the advices with these counts in place of their own."""
    printed = advice.printed.copy()
    printed.loc[counts.index] = as_printed(counts, counts)
    return replace(advice, printed=printed, rows=moved[advice.rows.columns])


def summarise(draws: pd.DataFrame) -> dict[str, float]:
    """Bias, spread, false positives, coverage and recovery rates over the draws.

    Returns
    -------
    dict
        ``draws``, ``bias``, ``sd``, ``false_positives`` (percent, at 5%), ``one``, ``two``, and
        where pupils were moved ``found_per_true`` and ``coverage`` (percent); the same of the EM
        check with ``em_`` before it.

    Examples
    --------
    >>> draws = pd.DataFrame({"effect": [0.1, -0.3], "p_value": [0.5, 0.02], "one": 0.8})
    >>> draws["two"] = 0.9
    >>> found = summarise(draws)
    >>> round(found["bias"], 2), found["false_positives"]
    (-0.1, 50.0)
    """
    result = {
        "draws": len(draws),
        "bias": draws["effect"].mean(),
        "sd": draws["effect"].std(),
        "false_positives": 100 * (draws["p_value"] < 0.05).mean(),
        "one": draws["one"].mean(),
        "two": draws["two"].mean(),
    }
    if "found" in draws:
        gain = (draws["found"] - draws["effect"]).sum()
        result["found_per_true"] = gain / draws["true"].sum()
        result["coverage"] = 100 * draws["covered"].mean()
    if "em_effect" in draws:
        result["em_bias"] = draws["em_effect"].mean()
        result["em_sd"] = draws["em_effect"].std()
        result["em_false_positives"] = 100 * (draws["em_p_value"] < 0.05).mean()
    if "em_found" in draws:
        gain = (draws["em_found"] - draws["em_effect"]).sum()
        result["em_found_per_true"] = gain / draws["true"].sum()
        result["em_coverage"] = 100 * draws["em_covered"].mean()
    return {name: float(value) for name, value in result.items()}
