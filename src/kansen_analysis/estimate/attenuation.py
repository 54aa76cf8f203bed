"""How much of a true change in the advices stays visible when small counts are hidden.

A part of every change stays out of sight (a hidden 2 that becomes 3 still prints ``<5``), so the
estimate of goal 2 is divided by the part that is seen, measured by moving pupils up in comparable
schools of the exact years (METHODS 5.0 to 5.2).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from kansen_analysis.errors import PanelError
from kansen_analysis.estimate.effects import EffectEstimate, dutch, estimate_effect
from kansen_analysis.estimate.panel import to_data
from kansen_analysis.estimate.shocks import estimate_shocks
from kansen_analysis.outcomes.advice import LEVEL, AdvicePanel, advice_fill, mean_of

PLANTED = 0.2  # mean number of levels that pupils are moved up to measure the recovery
NEIGHBOURS = 25  # look-alikes of a participant's school-year among which one is drawn
DIGITS = 9  # of a distance; what lies behind them differs between processors


@dataclass(frozen=True)
class Recovery:
    """The part of a true change that is still seen after hiding and filling.

    Attributes
    ----------
    one, two : float
        When pupils move up one step, and two steps.
    spread : float
        Standard deviation of the rate over groups of look-alikes as large as the participants'.
    """

    one: float
    two: float
    spread: float

    @property
    def mean(self) -> float:
        """What estimates are divided by."""
        return (self.one + self.two) / 2

    def __repr__(self) -> str:
        """Show the figures, the same on every machine."""
        return f"Recovery(one={self.one:.2f}, two={self.two:.2f}, spread={self.spread:.2f})"

    def sentence(self) -> str:
        """Say in Dutch what was done with it.

        Examples
        --------
        >>> print(Recovery(0.80, 0.84, 0.08).sentence())
        Van een echte verandering blijft na het afschermen 80 tot 84% zichtbaar; verschil en
        onzekerheid zijn gedeeld door 0,82. Hoe groot het verschil precies is, is daardoor ongeveer
        10% onzeker; of het boven of onder nul ligt niet.
        """
        low, high = sorted((100 * self.one, 100 * self.two))
        part = dutch(low, 0) if round(low) == round(high) else f"{low:.0f} tot {high:.0f}"
        return (
            f"Van een echte verandering blijft na het afschermen {part}% zichtbaar; verschil en "
            f"onzekerheid zijn gedeeld door {dutch(self.mean, 2)}. Hoe groot het verschil precies "
            f"is, is daardoor ongeveer {dutch(100 * self.spread / self.mean, 0)}% onzeker; of het "
            "boven of onder nul ligt niet."
        )


def recovery(
    advice: AdvicePanel,
    panel: pd.DataFrame,
    *,
    seed: int = 1,
    repeats: int = 200,
    scores: np.ndarray = LEVEL,
) -> Recovery:
    """Measure how much of a true change the filled counts show.

    For every programme year of a participant a school-year like it is drawn from the comparison
    schools in the exact years: alike in number of advices and schoolweging, on which the rate
    depends. There pupils are moved up, 0.2 level on average, and the change in the filled mean is
    set against the change in the true one.

    Parameters
    ----------
    advice : AdvicePanel
        Gives the exact counts and the category means.
    panel : DataFrame
        The panel as `estimate_advice` takes it.
    seed : int
        Of the draws.
    repeats : int
        How often a group of look-alikes is drawn.
    scores : array
        What is averaged: `LEVEL` or `HAVO_UP`.

    Returns
    -------
    Recovery

    Raises
    ------
    PanelError
        When no comparison school has exact counts, or nobody has a programme year.

    Examples
    --------
    Where every count is 5 or more, nothing is hidden and all is seen:

    >>> from kansen_analysis.outcomes.panel import RANKED_ADVICES
    >>> index = pd.MultiIndex.from_product([["90AA00", "90AB00"], range(2018, 2022)])
    >>> counts = pd.DataFrame(20, index.set_names(["school", "year"]), list(RANKED_ADVICES))
    >>> counts.iloc[-1] = 1
    >>> advice = advice_panel(counts, counts)
    >>> panel = advice.rows.assign(schoolweging=30.0, provider=pd.NA, own_region=True)
    >>> panel["cohort"] = panel["school"].map({"90AB00": 2020}).astype("Int64")
    >>> recovery(advice, panel[panel["year"] < 2021])
    Recovery(one=1.00, two=1.00, spread=0.00)
    """
    before, rng = _look_alikes(advice, panel, seed, repeats)
    rates, spreads = [], []
    for step in (1, 2):
        after = move_up(before.counts, step, PLANTED, rng)
        true = mean_of(after, scores) - mean_of(before.counts, scores)
        seen = mean_of(advice_fill(after, advice), scores) - mean_of(
            advice_fill(before.counts, advice), scores
        )
        rate, spread = before.rate(seen, true)
        rates.append(rate)
        spreads.append(spread)
    return Recovery(*rates, spread=float(np.mean(spreads)))


def move_up(counts: np.ndarray, step: int, shift: float, rng: np.random.Generator) -> np.ndarray:
    """Move pupils up a number of steps, chosen at random, so that the mean rises by ``shift``.

    Parameters
    ----------
    counts : array of int, shape (rows, ranks)
        Exact counts.
    step : int
        Number of ranks a moved pupil goes up; who would pass the highest rank stays.
    shift : float
        Mean rise over all pupils together, in levels.
    rng : numpy.random.Generator
        Chooses the pupils.

    Examples
    --------
    >>> counts = np.array([[0, 100, 0, 0]])
    >>> moved = move_up(counts, 1, 0.5, np.random.default_rng(1))
    >>> int(moved.sum()), bool(35 < moved[0, 2] < 65)
    (100, True)
    """
    able = counts[:, :-step]
    chance = min(shift * counts.sum() / (step * max(able.sum(), 1)), 1.0)
    moved = rng.binomial(able, chance)
    result = counts.copy()
    result[:, :-step] -= moved
    result[:, step:] += moved
    return result


@dataclass(frozen=True)
class _LookAlikes:
    """School-years like those of the participants, one group per repeat."""

    counts: np.ndarray  # rows of all repeats below each other
    weight: np.ndarray  # of each row in the effect
    at: np.ndarray  # row of the exact counts it came from
    repeats: int

    def rate(self, seen: np.ndarray, true: np.ndarray) -> tuple[float, float]:
        """Ratio of the seen to the true change, and its spread over the groups."""
        seen, true = (
            (self.weight * change).reshape(self.repeats, -1).sum(axis=1) for change in (seen, true)
        )
        rate = seen.sum() / true.sum()
        # Per group the error over the mean change: a group that happens to move little has no say.
        return float(rate), float(np.std(seen - rate * true) / true.mean())


def _look_alikes(advice: AdvicePanel, panel: pd.DataFrame, seed: int, repeats: int):
    weging = panel.drop_duplicates("school").set_index("school")
    others = weging.index[weging["cohort"].isna()]
    exact = advice.exact[advice.exact.index.get_level_values("school").isin(others)]
    counts = exact.to_numpy()
    counts, school = counts[counts.sum(axis=1) > 0], exact.index.get_level_values("school")
    school = school[exact.to_numpy().sum(axis=1) > 0]
    running = panel[(panel["year"] >= panel["cohort"]).fillna(False).astype(bool)]
    if not len(counts) or not len(running):
        raise PanelError(
            "The recovery rate needs comparison schools with exact advices and participants with a "
            "programme year; add files of 2021-2022 or earlier, or check the start years."
        )
    size = np.log(advice_fill(counts, advice).sum(axis=1))
    place = weging.loc[school, "schoolweging"].to_numpy(float)
    scale = size.std() or 1.0, place.std() or 1.0
    distance = (np.subtract.outer(np.log(running["n"].to_numpy(float)), size) / scale[0]) ** 2 + (
        np.subtract.outer(running["schoolweging"].to_numpy(float), place) / scale[1]
    ) ** 2
    near = min(NEIGHBOURS, len(counts))
    # The draw goes by place, so the order must be the same on every processor: the last digits of a
    # logarithm are not, and equal distances keep the order of school and year.
    alike = np.argsort(distance.round(DIGITS), axis=1, kind="stable")[:, :near]
    rng = np.random.default_rng(seed)
    chosen = rng.integers(0, near, size=(repeats, len(running)))
    at = alike[np.arange(len(running)), chosen].ravel()
    n = running["n"].to_numpy(float)
    weight = n / (n + _shocks(panel).k)
    return _LookAlikes(counts[at], np.tile(weight, repeats), at, repeats), rng


def _shocks(panel: pd.DataFrame):
    data, _ = to_data(panel, size_by_year=True)
    return estimate_shocks(data, int(np.nanmin(data.cohort)))


def estimate_advice(
    panel: pd.DataFrame, recovered: Recovery, seed: int = 1, **options
) -> EffectEstimate:
    """Estimate the difference in advice, in levels as if no count were hidden.

    Parameters
    ----------
    panel : DataFrame
        As `effects.estimate_effect` takes it, with the ``value`` and ``n`` of an
        `AdvicePanel`.
    recovered : Recovery
        The rate to divide by.
    seed : int
        Of the redraws.
    **options
        Passed on to `kansen_analysis.estimate.effects.estimate_effect`.

    Returns
    -------
    EffectEstimate
        Estimates, errors and bounds divided by the mean rate; p values stay. The effects before
        and from 2023-2024, when the rule changed, are in ``by_period``.
    """
    found = estimate_effect(panel, seed, **{"size_by_year": True, **options})
    scaled = found.rescaled(1 / recovered.mean)
    return replace(scaled, notes=(*scaled.notes, recovered.sentence()))
