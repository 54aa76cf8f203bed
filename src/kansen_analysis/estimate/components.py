"""How much school-years move by chance, measured in the years before the programme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kansen_analysis.estimate.etwfe import nuisance
from kansen_analysis.estimate.panel import Data

DEFAULT_K = 54.0  # pupil variance over school-year variance when a panel is too small to tell
MIN_PAIRS = 50  # pairs of school-years needed to estimate it


@dataclass(frozen=True)
class VarianceComponents:
    """How much school-years move by chance, from the years before the programme.

    Attributes
    ----------
    pupil_sd : float
        Spread of pupils inside a school-year.
    school_year_sd : float
        Spread of a school's years around its own level, beyond who sat the test.
    rho : float
        Correlation of the school-years' own part one year apart (0 when the years cannot tell).
    k : float
        ``pupil_sd**2 / school_year_sd**2``: a school-year weighs ``n / (n + k)``.
    pairs : int
        Pairs of school-years behind the figures; 0 when `k` is the default.
    """

    pupil_sd: float
    school_year_sd: float
    rho: float
    k: float
    pairs: int


def variance_components(data: Data, before: int) -> VarianceComponents:
    """Measure the variance components in the years before the programme.

    Differences between two years of the same school, one to five tested years apart, have
    mean square ``2 year^2 (1 - rho^h) + pupil^2 (1/n + 1/n')``; the three figures are the least
    squares fit to that.

    Parameters
    ----------
    data : Data
        The panel.
    before : int
        Years before this one are used.
    """
    early = data.rows(data.year < before)
    if len(early.years) < 2:
        return VarianceComponents(np.nan, np.nan, 0.0, DEFAULT_K, 0)
    columns = np.column_stack([early.year == early.years[0], nuisance(early)])
    if early.size is None and early.weging.std() > 0:
        columns = np.column_stack([columns, early.weging - early.weging.mean()])
    rest = early.y - columns @ np.linalg.lstsq(columns, early.y, rcond=None)[0]
    at = np.searchsorted(early.years, early.year)
    own, pupils = np.full((2, len(early.names), len(early.years)), np.nan)
    own[early.school, at], pupils[early.school, at] = rest, early.n
    square, inverse, lag = [], [], []
    for step in range(1, min(6, len(early.years))):  # tested years apart
        apart = own[:, step:] - own[:, :-step]
        both = ~np.isnan(apart)
        square.append(apart[both] ** 2)
        inverse.append((1 / pupils[:, step:] + 1 / pupils[:, :-step])[both])
        lag.append(np.full(both.sum(), step))
    square, inverse, lag = map(np.concatenate, (square, inverse, lag))
    if len(square) < MIN_PAIRS:
        return VarianceComponents(np.nan, np.nan, 0.0, DEFAULT_K, 0)
    pupil, year, rho = _fit(square, inverse, lag)
    k = pupil / year if year > 0 else np.inf
    return VarianceComponents(
        pupil_sd=float(np.sqrt(pupil)),
        school_year_sd=float(np.sqrt(year)),
        rho=rho,
        k=float(np.clip(k, 1.0, 1000.0)),
        pairs=len(square),
    )


def implied_covariance(
    weighed: Sequence[tuple[Data, np.ndarray]], components: VarianceComponents
) -> np.ndarray:
    """Return the covariance that the components imply of weighted sums of school results.

    Parameters
    ----------
    weighed : sequence of (Data, array)
        Rows of one panel, and the weight of each.
    components : VarianceComponents

    Notes
    -----
    School-years are as far apart as the calendar says: in a year without a test a school moves on.

    Examples
    --------
    >>> from kansen_analysis.demo.panels import simulate
    >>> from kansen_analysis.estimate.panel import to_data
    >>> data, _ = to_data(simulate("S0", seed=1))
    >>> one = (data.school == 0) & (data.year == 2018)
    >>> apart = [one, one | ((data.school == 0) & (data.year == 2020))]
    >>> chance = VarianceComponents(0.0, 1.0, 0.5, k=1.0, pairs=0)
    >>> implied_covariance([(data, each.astype(float)) for each in apart], chance)
    array([[1.  , 1.25],
           [1.25, 2.5 ]])
    """
    years = np.unique(np.concatenate([data.years for data, _ in weighed]))
    loads, own = np.zeros((2, len(weighed), len(weighed[0][0].names), len(years)))
    for each, (data, values) in enumerate(weighed):
        at = each, data.school, np.searchsorted(years, data.year)
        loads[at], own[at] = values, values / np.sqrt(data.n)
    alike = components.rho ** np.abs(np.subtract.outer(years, years))
    flat, moved, own = (table.reshape(len(weighed), -1) for table in (loads, loads @ alike, own))
    return components.school_year_sd**2 * flat @ moved.T + components.pupil_sd**2 * own @ own.T


def _fit(square: np.ndarray, inverse: np.ndarray, lag: np.ndarray):
    """Fit pupil variance, school-year variance and rho to squared differences."""
    lags = np.unique(lag)
    rhos = np.arange(0.0, 0.91, 0.05) if len(lags) > 1 else np.zeros(1)
    expected = np.full(len(square), square.mean())
    for _ in range(3):  # a squared difference spreads as its own mean, so reweigh
        weight = 1 / expected**2
        sums = [  # per lag, all that least squares needs
            np.bincount(lag, weight * part)[lags]
            for part in (1.0, inverse, inverse**2, square, square * inverse)
        ]
        best = min((_given_rho(rho, lags, sums) for rho in rhos), key=lambda fit: fit[0])
        _, rho, year, pupil = best
        expected = np.maximum(2 * year * (1 - rho**lag) + pupil * inverse, square.mean() / 100)
    return pupil, year, float(rho)


def _given_rho(rho: float, lags: np.ndarray, sums: Sequence[np.ndarray]):
    """Least squares for one rho: loss (up to a constant), rho, year and pupil variance."""
    one, inverse, inverse2, square, both = sums
    part = 2 * (1 - rho**lags)
    gram = np.array(
        [[(part**2 * one).sum(), (part * inverse).sum()], [(part * inverse).sum(), inverse2.sum()]]
    )
    score = np.array([(part * square).sum(), both.sum()])
    fit = np.linalg.lstsq(gram, score, rcond=None)[0]
    if fit.min() < 0:  # a variance is not negative: keep the better one alone
        alone = np.maximum(score / np.diag(gram), 0)
        keep = int((alone * score).argmax())
        fit = np.where(np.arange(2) == keep, alone, 0.0)
    return fit @ gram @ fit - 2 * fit @ score, rho, fit[0], fit[1]
