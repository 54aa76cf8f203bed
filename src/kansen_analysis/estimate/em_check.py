"""The effect on the advices once more, with hidden counts filled per school and year (EM)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy import stats

from kansen_analysis.estimate.attenuation import PLANTED, matched_school_years, raise_pupils
from kansen_analysis.estimate.components import variance_components
from kansen_analysis.estimate.etwfe import Fit, fit
from kansen_analysis.estimate.panel import to_data
from kansen_analysis.estimate.randomisation import randomise
from kansen_analysis.outcomes.advice import HIDDEN, LEVEL, AdvicePanel, mean_of
from kansen_analysis.outcomes.fixed import FEW

ROUNDS = 10  # as measured in docs/methods.md
GROUPS = 5  # groups of schoolweging that comparison schools are pulled toward


@dataclass(frozen=True)
class EmCheck:
    """The same effect with hidden counts filled in another way.

    Attributes
    ----------
    effect, std_error, ci_low, ci_high, p_value : float
        In levels.
    attenuation : float
        The part of a change that the version behind ``std_error`` shows.
    n_treated : int
        Participants with a programme year.
    """

    effect: float
    std_error: float
    ci_low: float
    ci_high: float
    p_value: float
    attenuation: float
    n_treated: int

    def __repr__(self) -> str:
        """Show the figures, the same on every machine."""
        return (
            f"EmCheck(effect={self.effect:.4g}, ci={self.ci_low:.4g} to {self.ci_high:.4g}, "
            f"p={self.p_value:.3f}, {self.n_treated} treated)"
        )


def em_check(advice: AdvicePanel, panel: pd.DataFrame, *, seed: int = 1) -> EmCheck:
    """Estimate the effect once more, with hidden counts filled per school and year.

    Each count is taken as Poisson around pupils times a share; the shares of a school are those of
    the year, tilted up or down by one figure per school-year, which is pulled toward the mean of
    its own group (participants before and after their start, others by schoolweging) in that year.
    The error comes from the same with one mean for participants and others, divided by the part of
    a change that it shows: pulling participants toward each other makes them look more alike than
    they are. With few participants it is no smaller than the spread under redrawn start years.

    Parameters
    ----------
    advice : AdvicePanel
        Gives the counts.
    panel : DataFrame
        As `attenuation.estimate_advice` takes it.
    seed : int
        Of the raises that measure the attenuation, and of redrawn start years.
    """
    keys = pd.MultiIndex.from_frame(panel[["school", "year"]])
    printed = advice.printed.loc[keys].to_numpy()
    filled = advice.rows.set_index(["school", "year"]).loc[keys]
    expected = (filled["level"] - filled["value"]).to_numpy() if advice.above_expected else 0.0
    year = pd.factorize(panel["year"])[0]
    common, own = _groups(panel)
    together = tilt(printed, advice.means.to_numpy(), year, common)
    apart = tilt(printed, advice.means.to_numpy(), year, own)
    rate = _em_attenuation(advice, panel, common, together, seed)

    first, second = (
        first_version(panel.assign(value=mean_of(each.filled, LEVEL) - expected * part))
        for each, part in ((apart, 1.0), (together, rate))
    )
    effect, error = float(first.total["effect"]), float(second.total["std_error"])
    if second.n_treated < FEW:  # cluster errors are then too small
        error = max(error, float(np.std(randomise(second, 999, seed).draws)))
    error /= rate
    free = first.data.schools() - 1
    reach = float(stats.t.ppf(0.975, free)) * error
    p_value = float(2 * stats.t.sf(abs(effect) / error, free))
    return EmCheck(effect, error, effect - reach, effect + reach, p_value, rate, second.n_treated)


def first_version(panel: pd.DataFrame) -> Fit:
    """Fit V1 of `kansen_analysis.estimate.effects.estimate_effect` alone, with size by year.

    Parameters
    ----------
    panel : DataFrame
        As `estimate_advice` takes it; it is not checked.
    """
    data, _ = to_data(panel, size_by_year=True)
    components = variance_components(data, int(np.nanmin(data.cohort)))
    return fit(replace(data, weight=data.n / (data.n + components.k)))


def _groups(panel: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Number the groups to be pulled together: by schoolweging, and with participants apart."""
    rank = panel["schoolweging"].rank(pct=True, method="average")
    by_weging = np.minimum((rank * GROUPS).astype(int).to_numpy(), GROUPS - 1)
    takes_part = panel["cohort"].notna().to_numpy()
    running = (panel["year"] >= panel["cohort"]).fillna(False).to_numpy(bool)
    apart = np.where(takes_part, GROUPS + running, by_weging)
    year = pd.factorize(panel["year"])[0] * (GROUPS + 2)
    return pd.factorize(year + by_weging)[0], pd.factorize(year + apart)[0]


@dataclass(frozen=True)
class Tilted:
    """What `tilt` found.

    Attributes
    ----------
    filled : array
        Counts with the hidden ones filled.
    theta : array
        Tilt per row.
    centre : array
        Mean tilt of the group, per row.
    variance : float
        Of the tilt within groups.
    share : array
        National share per advice, per row.
    """

    filled: np.ndarray = field(repr=False)
    theta: np.ndarray = field(repr=False)
    centre: np.ndarray = field(repr=False)
    variance: float
    share: np.ndarray = field(repr=False)


def tilt(
    printed: np.ndarray,
    means: np.ndarray,
    year: np.ndarray,
    group: np.ndarray,
    *,
    rounds: int = ROUNDS,
    held: Tilted | None = None,
) -> Tilted:
    """Fill hidden counts by EM: Poisson counts around the year's shares, tilted per row.

    Parameters
    ----------
    printed : array, shape (rows, ranks)
        Counts, NaN where hidden.
    means : array
        Mean of a hidden count per rank, to start from.
    year, group : array of int
        Number of the year, and of the group whose mean a row is pulled toward, per row.
    rounds : int
        Of filling and tilting.
    held : Tilted, optional
        Take centre, variance and share from here, row by row, and do not learn them again.

    Notes
    -----
    A hidden count is filled with the mean of a Poisson count that is known to lie from 1 to 4.
    """
    hidden = np.isnan(printed)
    filled = np.where(hidden, means, printed)
    ranks = np.arange(printed.shape[1], dtype=float)
    theta = np.zeros(len(filled)) if held is None else held.centre.copy()
    centre, variance = theta, np.inf
    for _ in range(rounds):
        pupils = filled.sum(axis=1)
        share = _shares(filled, year) if held is None else held.share
        chance = share * np.exp(np.outer(theta, ranks))
        chance /= chance.sum(axis=1, keepdims=True)
        mean = chance @ ranks
        inside = np.maximum(chance @ ranks**2 - mean**2, 1e-6)
        gap = (mean_of(filled, ranks) - mean) / inside
        if held is None:
            centre, variance = _pull(theta + gap, 1 / (pupils * inside), group)
        else:
            centre, variance = held.centre, held.variance
        information = pupils * inside
        theta = theta + np.clip(
            (information * gap - (theta - centre) / variance) / (information + 1 / variance), -1, 1
        )
        chance = share * np.exp(np.outer(theta, ranks))
        rate = pupils[:, None] * chance / chance.sum(axis=1, keepdims=True)
        filled = np.where(hidden, _cut_mean(rate), printed)
    return Tilted(filled, theta, centre, float(variance), share)


def _shares(filled: np.ndarray, year: np.ndarray) -> np.ndarray:
    sums = np.zeros((year.max() + 1, filled.shape[1]))
    np.add.at(sums, year, filled)
    return (sums / sums.sum(axis=1, keepdims=True))[year]


def _pull(theta: np.ndarray, noise: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, float]:
    """Mean of each row's group, and the variance within groups beyond sampling noise."""
    size = np.bincount(group)
    plain = (np.bincount(group, theta) / size)[group]
    variance = max(float(((theta - plain) ** 2).mean() - noise.mean()), 1e-4)
    weight = 1 / (noise + variance)
    return (np.bincount(group, weight * theta) / np.bincount(group, weight))[group], variance


def _cut_mean(rate: np.ndarray) -> np.ndarray:
    """Mean of a Poisson count that lies from 1 to 4.

    Examples
    --------
    >>> _cut_mean(np.array([1e-9, 2.0, 1e3])).round(3).tolist()
    [1.0, 2.111, 3.996]
    """
    above = 1 + rate * (1 + rate / 2 * (1 + rate / 3))
    return above / (1 + rate / 2 * (1 + rate / 3 * (1 + rate / 4)))


def _em_attenuation(advice, panel, common, together: Tilted, seed: int, repeats: int = 20) -> float:
    """Part of a change that the version with one mean shows; what it pulls toward is held."""
    before, rng = matched_school_years(advice, panel, seed, repeats)
    # A matched school-year is pulled toward what the participant's own is pulled toward.
    running = (panel["year"] >= panel["cohort"]).fillna(False).to_numpy(bool)
    held = replace(
        together,
        centre=np.tile(together.centre[running], repeats),
        share=np.tile(together.share[running], (repeats, 1)),
    )

    def level(counts):
        hidden = (counts >= HIDDEN[0]) & (counts <= HIDDEN[1])
        printed = np.where(hidden, np.nan, counts)
        flat = np.zeros(len(counts), int)
        return mean_of(tilt(printed, advice.means.to_numpy(), flat, flat, held=held).filled, LEVEL)

    rates = []
    for step in (1, 2):
        after = raise_pupils(before.counts, step, PLANTED, rng)
        true = mean_of(after, LEVEL) - mean_of(before.counts, LEVEL)
        rates.append(before.rate(level(after) - level(before.counts), true))
    return float(np.mean(rates))
