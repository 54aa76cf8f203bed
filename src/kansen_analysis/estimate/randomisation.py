"""Randomisation inference: what would chance alone have shown?

The start years are drawn again among like schools (same region, same third of schoolweging), and
the same contrast is computed for every draw. All draws are computed at once from sums per school,
on the residualised form of the regression, so that 999 of them take about a second.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kansen_analysis.estimate.etwfe import TOLERANCE, Fit, within

BLOCK = 200  # draws computed together
SAME = 1e-9  # figures this close, relatively, differ by rounding only


@dataclass(frozen=True, eq=False)
class Randomisation:
    """The contrast under redrawn start years.

    Attributes
    ----------
    effect : float
        The contrast under the real start years.
    draws : array
        The contrast under each draw.
    carried : array
        What the draw would show of a constant effect of the real participants.
    """

    effect: float
    draws: np.ndarray
    carried: np.ndarray

    def p_value(self, effect: float = 0.0) -> float:
        """Return the share of draws at least as far from a supposed effect as the real one."""
        far = np.abs(self.draws - effect * self.carried)
        own = abs(self.effect - effect)
        same = SAME * (own + float(np.abs(self.draws).max()))  # a draw may be the real one again
        return float((1 + (far >= own - same).sum()) / (1 + len(far)))

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the effects that the draws do not reject (test inversion).

        A supposed constant effect is taken off the real programme years; what remains of it in a
        draw is known, so no draw has to be fitted again.
        """
        alpha = round(1 - level, 9)  # 1 - 0.9 is a hair less than the p value of 100 in 1000
        return self._bound(-1, alpha), self._bound(1, alpha)

    def _bound(self, side: int, alpha: float) -> float:
        step = float(np.std(self.draws)) or 1e-12
        inner, outer = 0.0, step
        while self.p_value(self.effect + side * outer) > alpha:
            inner, outer = outer, 2 * outer
            if outer > 1e6 * step:
                return side * np.inf
        for _ in range(50):
            middle = (inner + outer) / 2
            if self.p_value(self.effect + side * middle) > alpha:
                inner = middle
            else:
                outer = middle
        return self.effect + side * outer

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
    first = np.flatnonzero(np.r_[True, data.school[1:] != data.school[:-1]])
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
    """Compute the fit's contrast under redrawn start years.

    Parameters
    ----------
    fit : Fit
        A fitted version.
    draws : int
        How many.
    seed : int
        Of the draws.
    """
    data, cells = fit.data, fit.cells
    first = np.flatnonzero(np.r_[True, data.school[1:] != data.school[:-1]])
    schools, years = len(first), data.years
    row = np.repeat(np.arange(schools), np.diff(np.r_[first, len(data.school)]))
    at = np.searchsorted(years, data.year)
    width = fit.z.shape[1]

    def spread(values: np.ndarray) -> np.ndarray:  # rows to school x year
        table = np.zeros((schools, len(years), *values.shape[1:]))
        table[row, at] = values
        return table

    # Two outcomes, both without the nuisance: the values, and a constant effect of 1.
    running = np.isin(data.year, cells.loc[cells["effect"], "year"]) & data.treated
    outcome = np.column_stack([data.y, running.astype(float)])
    outcome = within(outcome, data.school, data.weight)
    weighted, cross = fit.z * data.weight[:, None], fit.z_cross
    outcome = outcome - fit.z @ (cross @ (weighted.T @ outcome))

    weight = spread(data.weight)
    own = np.einsum("it,iu->itu", weight, weight) / weight.sum(1)[:, None, None]
    own = np.einsum("it,tu->itu", weight, np.eye(len(years))) - own
    sums = {
        "gram": own.reshape(schools, -1),
        "cross": spread(weighted).reshape(schools, -1),
        "score": spread(outcome * data.weight[:, None]).reshape(schools, -1),
        "count": spread(np.ones(len(row))),
    }
    cohort = data.cohort[first]
    assigned = np.vstack([cohort, redraw(cohort, choose_strata(fit), draws, seed)])
    places = {
        int(g): (np.flatnonzero(cells["cohort"] == g), np.searchsorted(years, part["year"]))
        for g, part in cells.groupby("cohort")
    }
    effects = np.vstack(
        [
            _contrasts(assigned[begin : begin + BLOCK], places, sums, cross, cells, width)
            for begin in range(0, len(assigned), BLOCK)
        ]
    )
    return Randomisation(float(effects[0, 0]), effects[1:, 0], effects[1:, 1])


def _contrasts(assigned, places, sums, cross, cells, width) -> np.ndarray:
    """Solve the normal equations of the cells for a block of draws."""
    block, size = len(assigned), len(cells)
    gram = np.zeros((block, size, size))
    across = np.zeros((block, size, width))
    score = np.zeros((block, size, 2))
    count = np.zeros((block, size))
    for g, (columns, years) in places.items():
        member = (assigned == g).astype(float)
        length = sums["count"].shape[1]
        own = (member @ sums["gram"]).reshape(block, length, length)
        gram[:, columns[:, None], columns] = own[:, years[:, None], years]
        across[:, columns] = (member @ sums["cross"]).reshape(block, length, width)[:, years]
        score[:, columns] = (member @ sums["score"]).reshape(block, length, 2)[:, years]
        count[:, columns] = (member @ sums["count"])[:, years]
    gram -= across @ cross @ across.transpose(0, 2, 1)
    solution = np.linalg.pinv(gram, rcond=TOLERANCE, hermitian=True) @ score
    share = count * cells["effect"].to_numpy()
    share /= share.sum(1, keepdims=True)
    return np.einsum("bc,bco->bo", share, solution)
