"""Randomisation inference: what would chance alone have shown?

The start years are drawn again among like schools (same region, same third of schoolweging), and
the same contrast, divided by its own standard error, is computed for every draw. Without that
division a few small participants among large schools seem firmer than they are: their mean moves
more by chance than that of the schools that are drawn in their place (Chung and Romano 2013). All
draws are computed at once from sums per school, so that 999 of them take about a second.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from kansen_analysis.estimate.etwfe import TOLERANCE, Fit

BLOCK = 200  # draws solved together
CACHE = 60_000  # school-years times draws looked at together: what a processor's cache holds
SAME = 1e-9  # figures this close, relatively, differ by rounding only
ROUNDING = 1e-12  # of a sum of squares: what is left of it where nothing moves by chance


@dataclass(frozen=True, eq=False)
class Randomisation:
    """The contrast under redrawn start years.

    Attributes
    ----------
    effect, error : float
        The contrast under the real start years, and its standard error.
    draws : array
        The contrast under each draw.
    carried : array
        What the draw would show of a constant effect of the real participants.
    clustered, plain : array, shape (draws, 3)
        The squared error of each draw, clustered by school and plain, when a constant effect is
        taken off first: the coefficients of 1, the effect and its square.
    """

    effect: float
    error: float
    draws: np.ndarray
    carried: np.ndarray
    clustered: np.ndarray
    plain: np.ndarray

    def errors(self, effect: float = 0.0) -> np.ndarray:
        """Return the standard error of each draw when a constant effect is taken off."""
        powers = np.array([1.0, effect, effect**2])
        squares = np.maximum(self.clustered @ powers, self.plain @ powers)
        floor = ROUNDING * (np.abs(self.clustered) @ np.abs(powers))
        return np.sqrt(np.maximum(squares, np.maximum(floor, 1e-300)))

    def p_value(self, effect: float = 0.0) -> float:
        """Return the share of draws at least as far from a supposed effect as the real one."""
        far = np.abs(self.draws - effect * self.carried) / self.errors(effect)
        own = abs(self.effect - effect) / self.error
        same = SAME * (1 + own)  # a draw may be the real one again
        return float((1 + (far >= own - same).sum()) / (1 + len(far)))

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the effects that the draws do not reject (test inversion).

        A supposed constant effect is taken off the real programme years; what remains of it in a
        draw is known, so no draw has to be fitted again.
        """
        alpha = round(1 - level, 9)  # 1 - 0.9 is a hair less than the p value of 100 in 1000
        return self._bound(-1, alpha), self._bound(1, alpha)

    def _bound(self, side: int, alpha: float) -> float:
        step = self.error or 1e-12
        inner, outer = 0.0, step
        while self.p_value(self.effect + side * outer) > alpha:
            inner, outer = outer, 2 * outer
            if outer > 1e6 * step:
                return side * np.inf
        for _ in range(40):
            middle = (inner + outer) / 2
            if self.p_value(self.effect + side * middle) > alpha:
                inner = middle
            else:
                outer = middle
        return self.effect + side * outer

    def rescaled(self, factor: float) -> Randomisation:
        """Return the same in another unit."""
        squares = factor**2 / np.array([1.0, factor, factor**2])
        return replace(
            self,
            effect=self.effect * factor,
            error=self.error * factor,
            draws=self.draws * factor,
            clustered=self.clustered * squares,
            plain=self.plain * squares,
        )

    def __repr__(self) -> str:
        """Show the size, the same on every machine."""
        low, high = self.interval()
        return (
            f"Randomisation(p_value={self.p_value():.3f}, interval={low:.4g} to {high:.4g}, "
            f"draws={len(self.draws)})"
        )


def redraw(cohort: np.ndarray, strata: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """Shuffle start years within strata: one row per draw, one column per school."""
    rng = np.random.default_rng(seed)
    result = np.tile(cohort, (draws, 1))
    for stratum in np.unique(strata[strata >= 0]):
        inside = np.flatnonzero(strata == stratum)
        result[:, inside] = rng.permuted(result[:, inside], axis=1)
    return result


def choose_strata(fit: Fit) -> np.ndarray:
    """Number the strata (region by third of schoolweging) per school; -1 keeps its start year.

    A third in which nobody could change places falls together with the others of its region, a
    region with the other. Schools that were not there both before and after the first start do not
    take part in the draws.
    """
    data = fit.data
    first = data.first
    code, cohort = data.school[first], data.cohort[first]
    weging, region = data.weging[first], data.own_region[first].astype(int)
    start = int(np.nanmin(data.cohort))
    seen = np.array(
        [np.isin(code, data.school[part]) for part in (data.year < start, data.year >= start)]
    )
    able = seen.all(axis=0)
    strata = np.full(len(code), -1)
    for each in np.unique(region[able]):
        inside = able & (region == each)
        rank = pd.Series(weging[inside]).rank(method="first").to_numpy()
        strata[inside] = 3 * each + np.minimum(3 * (rank - 1) // inside.sum(), 2).astype(int)
    for width in (3, 6):  # thirds into their region, regions into one
        for each in np.unique(strata[strata >= 0] // width):
            parts = [s for s in np.unique(strata[strata >= 0]) if s // width == each]
            if any(
                len(np.unique(np.nan_to_num(cohort[strata == s], nan=-1))) < 2
                and not np.isnan(cohort[strata == s]).all()
                for s in parts
            ):
                strata[np.isin(strata, parts)] = each * width
    return strata


def randomise(fit: Fit, draws: int = 999, seed: int = 1) -> Randomisation:
    """Compute the fit's contrast and its error under redrawn start years.

    Parameters
    ----------
    fit : Fit
        A fitted version.
    draws : int
        How many.
    seed : int
        Of the draws.
    """
    data = fit.data
    cohort = data.cohort[data.first]
    assigned = np.vstack([cohort, redraw(cohort, choose_strata(fit), draws, seed)])
    sums = _Sums(fit)
    found = np.vstack(
        [
            sums.contrasts(assigned[begin : begin + BLOCK])
            for begin in range(0, len(assigned), BLOCK)
        ]
    )
    real, drawn = found[0], found[1:]
    return Randomisation(
        effect=float(real[0]),
        error=float(np.sqrt(max(real[2], real[5]))),
        draws=drawn[:, 0],
        carried=drawn[:, 1],
        clustered=drawn[:, 2:5],
        plain=drawn[:, 5:8],
    )


class _Sums:
    """Everything of a fit that does not change when start years are drawn again.

    A cohort's columns are a table of its own, years by columns: a one for each of its cells, and
    the year itself for the trend. So a draw is known from sums over the schools of each cohort.
    """

    def __init__(self, fit: Fit):
        data, cells, prepared = fit.data, fit.cells, fit.prepared
        first, years = data.first, data.years
        row = np.repeat(np.arange(len(first)), np.diff(np.r_[first, len(data.school)]))
        at = np.searchsorted(years, data.year)
        self.size, self.years = fit.design.shape[1], len(years)
        self.effect = np.r_[cells["effect"].to_numpy(), [False] * fit.trend]
        self.cross = prepared.z_cross

        def spread(values: np.ndarray) -> np.ndarray:  # rows to school x year
            table = np.zeros((len(first), len(years), *values.shape[1:]))
            table[row, at] = values
            return table

        # Two outcomes, both without the nuisance: the values, and a constant effect of 1.
        running = np.isin(data.year, cells.loc[cells["effect"], "year"]) & data.treated
        outcome = np.column_stack([prepared.y, prepared.without(running.astype(float))])
        self.weight, self.z = spread(data.weight), spread(prepared.z)
        self.outcome = spread(outcome)
        weighted = self.weight[:, :, None]
        self.share = self.weight / self.weight.sum(axis=1, keepdims=True)
        own = np.einsum("it,tu->itu", self.weight, np.eye(len(years)))
        self.gram = own - np.einsum("it,iu->itu", self.weight, self.share)
        self.across = self.z * weighted
        self.score = self.outcome * weighted
        self.count = spread(np.ones(len(row)))
        self.tables = {}
        for g in np.unique(data.cohort[~np.isnan(data.cohort)]):
            table = np.zeros((len(years), self.size))
            columns = np.flatnonzero(cells["cohort"] == g)
            table[np.searchsorted(years, cells["year"].to_numpy()[columns]), columns] = 1.0
            if fit.trend:
                table[:, -1] = (years - years.mean()) / max(np.ptp(years), 1)
            self.tables[g] = table
        schools, rows = len(first), len(row)
        self.free = rows - schools - prepared.z.shape[1] - self.size
        self.correction = schools / (schools - 1) * (rows - 1) / self.free

    def _of_cohorts(self, assigned: np.ndarray):
        """Add up cross products, scores and school-years per draw."""
        block, width = len(assigned), self.z.shape[2]
        gram = np.zeros((block, self.size, self.size))
        across = np.zeros((block, self.size, width))
        score, count = np.zeros((block, self.size, 2)), np.zeros((block, self.size))
        for g, table in self.tables.items():
            member = csr_array(assigned == g, dtype=float)  # few of many schools

            def total(values: np.ndarray, member=member) -> np.ndarray:
                flat = member @ values.reshape(len(values), -1)
                return flat.reshape(block, *values.shape[1:])

            gram += table.T @ total(self.gram) @ table
            across += table.T @ total(self.across)
            score += table.T @ total(self.score)
            count += total(self.count) @ table
        gram -= across @ self.cross @ across.transpose(0, 2, 1)
        return gram, across, score, count

    def contrasts(self, assigned: np.ndarray) -> np.ndarray:
        """Per draw: the contrast of both outcomes, and the two squared errors as polynomials."""
        gram, across, score, count = self._of_cohorts(assigned)
        inverse = _inverse(gram)
        share = count * self.effect
        share /= np.maximum(share.sum(1, keepdims=True), 1)
        solution = inverse @ score
        pull = np.einsum("bij,bj->bi", inverse, share)  # what makes the contrast of the columns
        effects = np.einsum("bc,bco->bo", share, solution)
        # Three vectors of the columns per draw: the contrast's loads, and what fits each outcome.
        both = np.concatenate([pull[None], solution.transpose(2, 0, 1)])  # 3, block, columns
        explained = (both[:, :, None, :] @ across)[:, :, 0] @ self.cross  # 3, block, width
        step = max(1, CACHE // self.weight.size)
        squares = np.concatenate(
            [
                self._squares(assigned[part], both[:, part], explained[:, part])
                for part in (slice(at, at + step) for at in range(0, len(assigned), step))
            ]
        )
        signs = np.array([1.0, -2.0, 1.0])  # of a constant effect that is taken off
        clustered = self.correction * squares[:, :3] * signs
        spread = np.einsum("bi,bi->b", pull, share) / self.free
        return np.column_stack([effects, clustered, spread[:, None] * squares[:, 3:] * signs])

    def _squares(self, assigned: np.ndarray, both: np.ndarray, explained: np.ndarray) -> np.ndarray:
        """Per draw, sums of squares and products of what is left of both outcomes."""
        width = self.z.shape[2]
        value = -(explained.reshape(-1, width) @ self.z.reshape(-1, width).T)
        value = value.reshape(3, len(assigned), *self.weight.shape)
        for g, table in self.tables.items():
            part = both @ table.T  # 3, draws, years
            draw, school = np.nonzero(assigned == g)
            each = part[:, draw]
            mean = np.einsum("nt,knt->kn", self.share[school], each)
            value[:, draw, school] += each - mean[:, :, None]
        load = value[0] * self.weight
        first, second = (self.outcome[..., k] - value[1 + k] for k in (0, 1))
        psi, other = ((load * each).sum(axis=2) for each in (first, second))  # per draw and school
        heavy, also = self.weight * first, self.weight * second
        pairs = ((psi, psi), (psi, other), (other, other))
        wide = ((heavy, first), (heavy, second), (also, second))
        return np.column_stack(
            [np.einsum("bi,bi->b", a, b) for a, b in pairs]
            + [np.einsum("bit,bit->b", a, b) for a, b in wide]
        )


def _inverse(gram: np.ndarray) -> np.ndarray:
    """Invert each matrix; where a draw has cells that cannot be told apart, the smallest one."""
    size = np.sqrt(np.einsum("bii->bi", gram).clip(0))
    size[size <= TOLERANCE * size.max(axis=1, keepdims=True)] = 1.0  # a cell nobody was drawn in
    scaled = gram / (size[:, :, None] * size[:, None, :])
    try:
        inverse = np.linalg.inv(scaled)
    except np.linalg.LinAlgError:
        loose = np.ones(len(gram), bool)
        inverse = np.empty_like(scaled)
    else:
        loose = ~(np.einsum("bii->bi", inverse) < 1 / TOLERANCE).all(axis=1)
        loose |= (np.einsum("bii->bi", inverse) <= 0).any(axis=1)
    if loose.any():
        inverse[loose] = np.linalg.pinv(scaled[loose], rcond=TOLERANCE, hermitian=True)
    return inverse / (size[:, :, None] * size[:, None, :])
