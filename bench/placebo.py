"""How often is goal 2 wrong? Pretend participants on the exact years, hidden by ourselves.

Schools that take no part are drawn as if they did, somewhat more often where the schoolweging is
high. Nothing happened to them, so an effect that is found is a false one. Then pupils are raised in
their programme years, anywhere on the scale or at its bottom, middle or top, and the effect that is
found must be that (METHODS 5.1 and 5.2). Or their cohorts grow, which is no effect.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from kansen_analysis.estimate.attenuation import (
    PARTS,
    Attenuation,
    measure_attenuation,
    raise_pupils,
)
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
MARGIN = 0.19  # smallest difference that matters, in levels (goals.yml)


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
    raises: Sequence[tuple[str, float]] = (("all", 0.2),),
    growth: float = 1.0,
    em: bool = False,
    repeats: int = 100,
    seed: int = 1,
    progress: Callable[[], None] = lambda: None,
) -> pd.DataFrame:
    """Estimate the effect of nothing, and of planted raises, for pretended participants.

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
        Years of the comparison; by default the exact years. Pupils are raised (and coverage is
        measured) only when the programme years of all participants are exact.
    sizes : tuple of float
        Lowest and highest mean number of advices of the participants in the exact years.
    raises : sequence of (str, float)
        Parts of the scale (of `attenuation.PARTS`) and mean rise of all pupils together.
    growth : float
        How many times as large participants' cohorts are in programme years as in years before; the
        latter are thinned by chance, which changes no advice. Needs exact years only.
    em : bool
        Do the EM check too (slower).
    repeats : int
        Groups of matched school-years to measure the attenuation on.
    seed : int
        Of the draws.
    progress : callable
        Called after every draw.

    Returns
    -------
    DataFrame
        A row per draw without a raise (``part`` is ``none``) and one per raise: ``part``,
        ``shift``, ``true``, ``effect``, ``std_error``, ``p_value``, ``ci_low``, ``ci_high`` (as
        printed), ``within`` (the 90% interval lies inside the margin), ``mean``, ``smallest``,
        ``largest`` (attenuation), and with ``em`` the check's ``em_effect``, ``em_p_value``,
        ``em_low``, ``em_high``.
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
        own, before = advice, panel
        if growth != 1:
            own, before = _changed(advice, panel, *_thinned(advice, panel, growth, rng))
        attenuation = measure_attenuation(
            own, before, seed=int(rng.integers(1 << 31)), repeats=repeats
        )
        found.append(
            _estimate(own, before, attenuation, em) | {"part": "none", "shift": 0.0, "true": 0.0}
        )
        for part, shift in raises if plant else ():
            counts, running, true = _raised(own, before, part, shift, rng)
            moved = _changed(own, before, counts, running)
            found.append(
                _estimate(*moved, attenuation, em) | {"part": part, "shift": shift, "true": true}
            )
        progress()
    return pd.DataFrame(found)


def _estimate(advice: AdvicePanel, panel: pd.DataFrame, seen: Attenuation, em: bool) -> dict:
    fitted = first_version(panel)
    figures = fitted.contrast([fitted.cells["effect"]]).iloc[0]
    effect, error = figures["effect"], figures["std_error"]
    reach = stats.t.ppf([0.975, 0.95], fitted.data.schools() - 1) * error
    low, high = seen.interval(effect - reach, effect + reach)
    result = {
        "effect": effect / seen.mean,
        "std_error": error / seen.mean,
        "p_value": figures["p_value"],
        **{"ci_low": low[0], "ci_high": high[0]},
        "within": bool(low[1] > -MARGIN and high[1] < MARGIN),
        **{name: getattr(seen, name) for name in ("mean", "smallest", "largest")},
    }
    if em:
        check = em_check(advice, panel)
        result |= {"em_effect": check.effect, "em_p_value": check.p_value}
        result |= {"em_low": check.ci_low, "em_high": check.ci_high}
    return result


def _exact(advice: AdvicePanel, panel: pd.DataFrame, rows: np.ndarray) -> pd.DataFrame:
    return advice.exact.loc[pd.MultiIndex.from_frame(panel.loc[rows, ["school", "year"]])]


def _running(panel: pd.DataFrame) -> np.ndarray:
    return (panel["year"] >= panel["cohort"]).fillna(False).to_numpy(bool)


def _thinned(advice: AdvicePanel, panel: pd.DataFrame, growth: float, rng):
    """Leave out pupils by chance in participants' years before the start."""
    rows = panel["cohort"].notna().to_numpy() & ~_running(panel)
    counts = _exact(advice, panel, rows)
    fewer = rng.binomial(counts.to_numpy(), 1 / growth)
    none = fewer.sum(axis=1) == 0  # a year without pupils is no year: keep it as it was
    fewer[none] = counts.to_numpy()[none]
    return pd.DataFrame(fewer, counts.index, counts.columns), rows


def _raised(advice: AdvicePanel, panel: pd.DataFrame, part: str, shift: float, rng):
    """Raise pupils in the participants' programme years; two steps where one is not enough."""
    rows = _running(panel)
    before = _exact(advice, panel, rows)
    counts, place = before.to_numpy(), PARTS[part]
    able = counts[:, place.start : min(place.stop, 9)].sum() / counts.sum()
    after = raise_pupils(counts, 1 if shift <= able else 2, shift, rng, place)
    true = mean_of(after, LEVEL) - mean_of(counts, LEVEL)
    return pd.DataFrame(after, before.index, before.columns), rows, float(true.mean())


def _changed(advice: AdvicePanel, panel: pd.DataFrame, counts: pd.DataFrame, rows: np.ndarray):
    """Return advices and panel with these counts in these rows, in place of their own."""
    level = advice.measured(counts.to_numpy())
    pupils = np.rint(advice_fill(counts.to_numpy(), advice).sum(axis=1))
    moved = panel.copy()
    moved.loc[rows, "value"] = moved.loc[rows, "level"] = level
    moved.loc[rows, "n"] = np.maximum(pupils, 1).astype(int)
    printed, exact = advice.printed.copy(), advice.exact.copy()
    printed.loc[counts.index], exact.loc[counts.index] = as_printed(counts, counts), counts
    changed = replace(advice, printed=printed, exact=exact, rows=moved[list(advice.rows.columns)])
    return changed, moved


def summarise(draws: pd.DataFrame) -> pd.DataFrame:
    """Bias, spread, rejections and coverage over the draws, by what was planted.

    Returns
    -------
    DataFrame
        Index ``part`` and ``shift``: ``draws``, ``true``, ``bias`` (and its Monte-Carlo error
        ``bias_mc``), ``sd``, ``rejected`` (percent with p below .05: false ones without a raise),
        ``coverage`` (percent of the printed intervals that hold the truth), ``within`` (percent
        where the 90% interval lies inside the margin), ``mean``, ``smallest``, ``largest``; and
        ``em_bias``, ``em_sd``, ``em_rejected``, ``em_coverage``.

    Examples
    --------
    >>> draws = pd.DataFrame({"effect": [0.1, -0.3], "p_value": [0.5, 0.02], "true": 0.0})
    >>> draws = draws.assign(part="none", shift=0.0, ci_low=[-0.1, -0.6], ci_high=[0.3, -0.1])
    >>> found = summarise(draws).loc[("none", 0.0)]
    >>> found[["bias", "rejected", "coverage"]].round(2).tolist()
    [-0.1, 50.0, 50.0]
    """
    error = draws["effect"] - draws["true"]
    table = draws.assign(
        bias=error,
        rejected=100 * (draws["p_value"] < 0.05),
        coverage=100 * draws["true"].between(draws["ci_low"], draws["ci_high"]),
    )
    names = ["true", "bias", "rejected", "coverage"]
    if "within" in draws:
        table["within"] = 100.0 * draws["within"]
        names += ["within", "mean", "smallest", "largest"]
    if "em_effect" in draws:
        table["em_bias"] = draws["em_effect"] - draws["true"]
        table["em_rejected"] = 100 * (draws["em_p_value"] < 0.05)
        table["em_coverage"] = 100 * draws["true"].between(draws["em_low"], draws["em_high"])
        names += ["em_bias", "em_rejected", "em_coverage"]
    groups = table.groupby(["part", "shift"], sort=False)
    result = groups[names].mean()
    result.insert(0, "draws", groups.size())
    result.insert(3, "sd", groups["bias"].std())
    result.insert(4, "bias_mc", result["sd"] / np.sqrt(result["draws"]))
    if "em_bias" in result:
        result["em_sd"] = groups["em_bias"].std()
    return result
