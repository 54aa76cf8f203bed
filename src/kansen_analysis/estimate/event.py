"""The years around the start: one fit, one base, one band for all years together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from kansen_analysis.errors import PanelError
from kansen_analysis.estimate.etwfe import Fit, Prepared, fit
from kansen_analysis.estimate.inference import Inference, infer

STEPS = (-5, 5)  # tested years before and since the start that are shown
DRAWS = 20_000  # of the largest deviation among years, for the band
COLUMNS = ["estimate", "low", "high", "band_low", "band_high", "n"]


@dataclass(frozen=True, eq=False)
class EventStudy:
    """Differences by tested year around the start, against the last tested year before it.

    Attributes
    ----------
    table : DataFrame
        Index ``step`` (tested years since the start, -1 is the base): ``estimate``, ``low, high``
        (95%, each year by itself), ``band_low, band_high`` (95% for all years together) and ``n``
        (participants with a figure in that year).
    statistic, p_value : float
        Joint Wald test that all years before are zero. It finds a bad year before joining in about
        a third of the cases only, so it is shown and never a gate.
    largest : float
        The difference before the start that lies farthest from zero.
    since : Inference
        Mean over all programme years, against that last year alone.
    largest_change : float
        Largest change from one tested year to the next before the start.
    distance : float
        Mean number of tested years from the base to a programme year.
    fit : Fit or None
        The fit that it all comes from, in the unit of the panel; an edition does not keep it.
    """

    table: pd.DataFrame
    statistic: float
    p_value: float
    largest: float
    since: Inference
    largest_change: float
    distance: float
    fit: Fit | None = field(default=None, repr=False, metadata={"kept": False})

    @property
    def before(self) -> pd.DataFrame:
        """The years before the base."""
        return self.table[self.table.index < -1]

    @property
    def effect_minus_largest(self) -> float:
        """The mean effect when the largest difference before is taken off, toward zero."""
        return float(self.since.effect - np.sign(self.since.effect) * abs(self.largest))

    @property
    def breakdown(self) -> float:
        """How much stronger than before the start the own path may bend before doubt sets in.

        Participants may move away from the comparison schools by at most this many times the
        largest yearly change seen before the start, in every year after it, before the 95%
        interval of `since` holds zero (Rambachan and Roth 2023, relative magnitudes; the largest
        change is taken as it was estimated). Zero when it does so already.
        """
        low, high = self.since.interval()
        room = max(low, -high, 0.0)
        return float(room / (self.largest_change * self.distance))

    def rescaled(self, factor: float) -> EventStudy:
        """Return the same in another unit."""
        table = self.table.copy()
        table[COLUMNS[:-1]] *= factor
        return replace(
            self,
            table=table,
            largest=self.largest * factor,
            since=self.since.rescaled(factor),
            largest_change=self.largest_change * factor,
        )

    def __repr__(self) -> str:
        """Show the figures, the same on every machine."""
        return (
            f"EventStudy({len(self.table)} years, p_value={self.p_value:.3f}, "
            f"largest={self.largest:.4g})"
        )


def event_study(rows: Prepared, *, draws: int = 0, seed: int = 1) -> EventStudy | None:
    """Estimate the difference in every tested year around the start.

    Parameters
    ----------
    rows : Prepared
        The rows of the version that is shown.
    draws, seed : int
        Redraws of start years for `EventStudy.since`, where schools are few.

    Returns
    -------
    EventStudy or None
        None when no year before the base can be told apart, or there are too few school-years.
    """
    try:
        found = fit(rows, leads=None)
    except PanelError:  # too few school-years for a cell per lead
        return None
    step = found.cells["step"].to_numpy()
    low, high = STEPS
    steps = [int(each) for each in np.unique(step) if low <= each <= high]
    if not steps or steps[0] > -2:
        return None
    picks = [step == each for each in steps]
    figures = found.contrast(picks)
    reach = critical(found, picks) * figures["std_error"].to_numpy()
    cohort, years = found.data.cohort, found.data.years
    last = np.searchsorted(years, found.data.year) - np.searchsorted(years, cohort) == -1
    last &= ~np.isnan(cohort)  # a school without a start sorts behind the last year
    count = found.cells["count"].to_numpy()
    n = [int(count[pick].sum()) for pick in picks]
    effect, at = figures["effect"].to_numpy(), int(np.searchsorted(steps, -1))  # where the base is
    table = pd.DataFrame(
        {
            "estimate": np.insert(effect, at, 0.0),
            "low": np.insert(figures["ci_low"].to_numpy(), at, np.nan),
            "high": np.insert(figures["ci_high"].to_numpy(), at, np.nan),
            "band_low": np.insert(effect - reach, at, np.nan),
            "band_high": np.insert(effect + reach, at, np.nan),
            "n": [*n[:at], found.data.schools(last), *n[at:]],
        },
        pd.Index([*steps[:at], -1, *steps[at:]], name="step"),
    )
    before = table.loc[:-1, "estimate"]
    statistic, p_value = found.joint([step == each for each in steps if each < -1])
    running = found.cells[found.cells["effect"]]
    return EventStudy(
        table=table,
        statistic=statistic,
        p_value=p_value,
        largest=float(before.iloc[before.abs().argmax()]),
        since=infer(found, draws=draws, seed=seed),
        largest_change=float((before.diff() / before.index.to_series().diff()).abs().max()),
        distance=float(np.average(running["step"] + 1, weights=running["count"])),
        fit=found,
    )


def critical(fitted: Fit, picks: list[np.ndarray], level: float = 0.95) -> float:
    """Return the multiple of the standard error that holds all contrasts together.

    Notes
    -----
    The quantile of the largest of correlated t values (Montiel Olea and Plagborg-Møller 2019), from
    a fixed set of draws.
    """
    covariance = fitted.covariance(fitted.rows(picks))
    spread = np.sqrt(np.diag(covariance))
    root = np.linalg.cholesky(covariance / np.outer(spread, spread) + 1e-9 * np.eye(len(spread)))
    rng = np.random.default_rng(1)
    draws = rng.standard_normal((DRAWS, len(spread))) @ root.T
    free = fitted.n_schools - 1
    draws /= np.sqrt(rng.chisquare(free, DRAWS) / free)[:, None]
    return float(np.quantile(np.abs(draws).max(axis=1), level))
