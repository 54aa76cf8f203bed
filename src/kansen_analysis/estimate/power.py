"""When will we know? The smallest difference that would earn the word *beter*, for years to come.

The estimate of every version is a weighted sum of school results, and the weights follow from who
takes part, since when, and how large the schools are; the results themselves are not needed. With
how much school-years move by chance (`shocks.Shocks`) that gives the joint spread of all versions,
and so the difference that all of them would show with the asked-for chance. Years that are still to
come are written into the panel first (`until`); what more schools, or an earlier year, would add is
the same sum on another panel (`with_schools`, `with_earlier`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from kansen_analysis.errors import PanelError
from kansen_analysis.estimate.etwfe import Fit, fit
from kansen_analysis.estimate.inference import FEW
from kansen_analysis.estimate.panel import Data, to_data
from kansen_analysis.estimate.randomisation import choose_strata
from kansen_analysis.estimate.shocks import Shocks, estimate_shocks
from kansen_analysis.estimate.specifications import Version
from kansen_analysis.estimate.specifications import versions as all_versions

SHARE = 0.8  # wanted chance of seeing the difference
DRAWS = 20_000  # joint draws of the versions; error of a chance of 80%: 0.3 points
SEED = 1
MIN_BEFORE = 2  # tested years before a start, as in the protocol
SLOW = 0.72  # correlation of shocks a year apart when they are slow drift (METHODS 5.5, model D)
RECENT = 3  # last years that tell how many pupils a school will have

# For a folder with too few years to measure it: spread of pupils and of school-years per goal, as
# measured on the national files (METHODS 5.5), in points of target levels and in levels of advice;
# goal 3 from METHODS 3.4 (13% below the advice, shocks of 0.3 in log odds), in points.
PUBLISHED = {
    1: Shocks(pupil_sd=45.7, shock_sd=4.4, rho=0.0, k=(45.7 / 4.4) ** 2, pairs=0),
    2: Shocks(pupil_sd=2.58, shock_sd=0.13, rho=0.0, k=(2.58 / 0.13) ** 2, pairs=0),
    3: Shocks(pupil_sd=33.6, shock_sd=3.4, rho=0.5, k=(33.6 / 3.4) ** 2, pairs=0),
}


@dataclass(frozen=True, eq=False)
class Power:
    """What a panel could show.

    Attributes
    ----------
    difference : float
        Smallest true difference that is called *beter* with the asked-for chance, in the unit of
        the outcome; the same for all participants and years.
    share : float
        That chance.
    n_treated, n_schools : int
        Participants with programme years, and all schools in the panel.
    errors : Series
        Per version the standard error that the shocks lead one to expect.
    method : str
        ``"cluster"`` or ``"randomisation"``, as `effects.EffectEstimate`.
    shocks : Shocks
        What it was worked out with.
    needed : array
        Per draw the smallest difference at which every version would agree.
    """

    difference: float
    share: float
    n_treated: int
    n_schools: int
    errors: pd.Series
    method: str
    shocks: Shocks
    needed: np.ndarray

    def chance(self, difference: float) -> float:
        """Return the chance that a true difference is called *beter*."""
        return float((self.needed <= difference).mean())

    def __repr__(self) -> str:
        """Show the figures, the same on every machine."""
        return (
            f"Power(difference={self.difference:.3g} with {100 * self.share:.0f}%, "
            f"{self.n_treated} of {self.n_schools} schools, {self.method})"
        )


Versions = Callable[[Data, int], Mapping[str, Version]]


def power(
    panel: pd.DataFrame,
    shocks: Shocks,
    *,
    decides: str = "V1",
    limit: float = 0.05,
    share: float = SHARE,
    recovery: float = 1.0,
    size_by_year: bool = False,
    versions: Versions = all_versions,
) -> Power:
    """How large must a difference be to be called *beter*, with these schools and years?

    Parameters
    ----------
    panel : DataFrame
        One row per school and school year, as `effects.estimate_effect` takes it; ``value`` is not
        used and may be absent. Years to come may be in it (`until`).
    shocks : Shocks
        How much school-years move by chance, in the unit of the outcome (`measured_shocks`).
    decides : str
        The version whose p value is held against `limit`.
    limit : float
        The p value at which that version is sure: the limit of this look, divided by the number of
        goals tested together (Holm's worst case).
    share : float
        Wanted chance.
    recovery : float
        Part of a true difference that hidden counts leave visible (goal 2: `attenuation.Recovery`).
    size_by_year : bool
        As for the estimate of the goal.
    versions : callable
        Gives the versions of the rule (`specifications.Version`) for a `Data` and the first start. Every version must be above zero; one that cannot be made means that *beter*
        cannot be said, and the difference is infinite.

    Returns
    -------
    Power

    Raises
    ------
    PanelError
        When no participant can be told apart from the rest.

    Notes
    -----
    With V the versions' joint covariance, e a draw from N(0, V), s the standard errors and z the
    bounds of the rule (t for clusters, with s itself varying as the square root of a chi-square
    over its degrees of freedom; below 40 participants the spread of the redrawn start years, which
    differs from s where participants are larger or smaller than the schools they change places
    with), a difference d is called *beter* when ``d + e > z s`` in every version. So the smallest
    difference is a quantile over draws of the largest ``z s - e``. Held against simulation by
    `tests/test_power.py`.

    Examples
    --------
    >>> from kansen_analysis.demo.panels import PUPIL, RHO, SHOCK, simulate
    >>> shocks = Shocks(PUPIL, SHOCK, RHO, k=(PUPIL / SHOCK) ** 2, pairs=0)
    >>> found = power(simulate("S0", seed=1), shocks)
    >>> 0.06 < found.difference < 0.09, round(found.chance(found.difference), 2)
    (True, 0.8)
    """
    designed = design(panel, shocks, size_by_year=size_by_year, versions=versions)
    return designed.power(shocks, decides=decides, limit=limit, share=share, recovery=recovery)


@dataclass(frozen=True, eq=False)
class Design:
    """The versions of one panel without its results: who counts how much.

    Attributes
    ----------
    fits : dict of str to Fit or None
        None for a version that cannot be made.
    """

    fits: Mapping[str, Fit | None]

    def power(
        self,
        shocks: Shocks,
        *,
        decides: str = "V1",
        limit: float = 0.05,
        share: float = SHARE,
        recovery: float = 1.0,
    ) -> Power:
        """Work out what it could show, if school-years move like this; see `power`."""
        fits = {name: each for name, each in self.fits.items() if each is not None}
        main = next(iter(fits.values()))
        covariance = _covariance([(each.data, each.loads) for each in fits.values()], shocks)
        errors = np.sqrt(np.diag(covariance))
        rng = np.random.default_rng(SEED)
        moved = rng.standard_normal((DRAWS, len(fits))) @ _root(covariance).T
        alphas = np.array([limit if name == decides else 0.05 for name in fits])
        few = main.n_treated < FEW
        if few:
            spread = errors * np.array([_redraw_ratio(each, shocks) for each in fits.values()])
            reach = stats.norm.ppf(1 - alphas / 2) * spread * np.ones((DRAWS, 1))
        else:
            # Clustered errors come from the participants: with few of them they vary themselves.
            free = main.n_treated - 1
            varied = np.sqrt(rng.chisquare(free, DRAWS) / free)[:, None]
            reach = stats.t.ppf(1 - alphas / 2, main.data.schools() - 1) * errors * varied
        needed = (reach - moved).max(axis=1) / recovery
        difference = float(np.quantile(needed, share))
        if len(fits) < len(self.fits):
            needed, difference = np.full(DRAWS, np.inf), np.inf
        return Power(
            difference=difference,
            share=share,
            n_treated=main.n_treated,
            n_schools=main.data.schools(),
            errors=pd.Series(errors / recovery, index=list(fits)).reindex(list(self.fits)),
            method="randomisation" if few else "cluster",
            shocks=shocks,
            needed=needed,
        )


def design(
    panel: pd.DataFrame,
    shocks: Shocks,
    *,
    size_by_year: bool = False,
    versions: Versions = all_versions,
) -> Design:
    """Lay out every version on the schools and years of a panel; parameters as for `power`.

    Raises
    ------
    PanelError
        When no participant can be told apart from the rest.
    """
    if panel["cohort"].isna().all():
        raise PanelError("No school in the panel takes part; fill cohort for the participants.")
    plain = panel.drop(columns=["board"], errors="ignore").assign(value=0.0)
    data, _ = to_data(plain, size_by_year=size_by_year)
    if not data.treated.any():
        raise PanelError("No participant has years both before and after its start.")
    data = replace(data, weight=data.n / (data.n + shocks.k))
    fits: dict[str, Fit | None] = {}
    for name, version in versions(data, int(np.nanmin(data.cohort))).items():
        fits[name] = None
        if not version.problem:
            with suppress(PanelError):  # too few school-years for all that has to be told apart
                fits[name] = fit(version.data, **version.options)
    if all(each is None for each in fits.values()):
        raise PanelError("No version can be made with these schools and years.")
    return Design(fits)


def _root(covariance: np.ndarray) -> np.ndarray:
    """Return a root of a covariance that may be singular: versions can be the same sum."""
    values, vectors = np.linalg.eigh(covariance)
    return vectors * np.sqrt(np.clip(values, 0, None))


def _covariance(weighed: Sequence[tuple[Data, np.ndarray]], shocks: Shocks) -> np.ndarray:
    """Return the covariance that the shocks imply of weighted sums of school results.

    Parameters
    ----------
    weighed : sequence of (Data, array)
        Rows of one panel, and the weight of each.
    """
    years = np.unique(np.concatenate([data.years for data, _ in weighed]))
    shape = len(weighed[0][0].names), len(years)
    lag = np.abs(np.subtract.outer(np.arange(len(years)), np.arange(len(years))))
    loads, scaled = np.zeros((2, len(weighed), *shape))
    for each, (data, values) in enumerate(weighed):
        at = each, data.school, np.searchsorted(years, data.year)
        loads[at], scaled[at] = values, values / np.sqrt(data.n)
    shared = np.einsum("ait,tu,biu->ab", loads, shocks.rho**lag, loads, optimize=True)
    own = np.einsum("ait,bit->ab", scaled, scaled)
    return shocks.shock_sd**2 * shared + shocks.pupil_sd**2 * own


def _redraw_ratio(each: Fit, shocks: Shocks) -> float:
    """Return the spread of redrawn start years over the standard error.

    In a redraw other schools of the same stratum stand in for the participants, with their own
    number of pupils; and some participants stand in for themselves, so that a true difference
    widens the redraws a little.
    """
    data = each.data
    schools = np.unique(data.school)
    row = np.searchsorted(schools, data.school)
    n = np.bincount(row, data.n) / np.bincount(row)
    weight = n / (n + shocks.k)
    own = np.zeros(len(schools), bool)
    own[row[~np.isnan(data.cohort)]] = True
    strata = pd.Series(choose_strata(each))
    drawn = (strata >= 0).to_numpy()
    if not (own & drawn).any():
        return 1.0
    part = pd.Series(own).groupby(strata).transform("mean").to_numpy()[drawn]  # of a stratum
    theirs = np.where(own[row], each.loads, 0.0)
    variance = change = 0.0
    for one, scale in (("pupil_sd", 1 / n), ("shock_sd", np.ones_like(n))):
        alone = replace(shocks, **{"pupil_sd": 0.0, "shock_sd": 0.0, one: getattr(shocks, one)})
        now = (weight**2 * scale)[own].sum() / weight[own].sum() ** 2
        then = np.average((weight**2 * scale)[drawn], weights=part) / own.sum()
        then /= np.average(weight[drawn], weights=part) ** 2
        variance += _covariance([(data, each.loads)], alone)[0, 0]
        change += _covariance([(data, theirs)], alone)[0, 0] * (then / now - 1)
    again = part[own[drawn]].mean()
    carried = again * (1 - again) / own.sum() + (again / 2) ** 2
    widened = 1 - stats.norm.ppf(0.975) ** 2 * carried
    return float(np.sqrt(max(1 + change / variance, 0.25) / max(widened, 0.5)))


def measured_shocks(panel: pd.DataFrame, goal: int) -> tuple[Shocks, str]:
    """Measure how much school-years move by chance, on the schools that do not take part.

    Parameters
    ----------
    panel : DataFrame
        As for `power`, with ``value``; every year there is.
    goal : int
        Whose published figures are used when the panel has too few years.

    Returns
    -------
    tuple of Shocks and str
        And where it comes from: ``files``, or ``methods`` for the published figures.

    Examples
    --------
    >>> from kansen_analysis.demo.panels import simulate
    >>> shocks, origin = measured_shocks(simulate("S0", seed=1), goal=1)
    >>> origin, 0.8 < shocks.pupil_sd < 1.0
    ('files', True)
    """
    others = panel[panel["cohort"].isna()]
    if len(others) and others["year"].min() < others["year"].max():
        # `to_data` needs a first start; none of these schools has one.
        late = int(others["year"].max()) + 1
        data, _ = to_data(_pretend(others, late))
        found = estimate_shocks(data, late)
        if found.pairs:
            return found, "files"
    return PUBLISHED[goal], "methods"


def _pretend(panel: pd.DataFrame, start: int) -> pd.DataFrame:
    cohort = pd.array([start] * len(panel), dtype="Int64")
    return panel.assign(cohort=cohort)


def slow(shocks: Shocks) -> Shocks:
    """Return the same movement from year to year, as slow drift: the cautious reading.

    A few years cannot tell chance of the year from drift that stays; under drift a long comparison
    is less sure (METHODS 5.5, models W and D).

    Examples
    --------
    >>> drift = slow(Shocks(45.7, 4.4, 0.0, 108, 0))
    >>> round(drift.shock_sd, 1), drift.rho
    (8.3, 0.72)
    """
    if shocks.rho >= SLOW:
        return shocks
    spread = shocks.shock_sd * np.sqrt((1 - shocks.rho) / (1 - SLOW))
    return replace(shocks, shock_sd=float(spread), rho=SLOW)


# Panels of years and schools that are not there yet ---------------------------------------------


def until(panel: pd.DataFrame, last: int) -> pd.DataFrame:
    """Write the years to come into a panel: every school as large as in its last years.

    Parameters
    ----------
    panel : DataFrame
        As for `power`.
    last : int
        Last school year (first year of it).

    Returns
    -------
    DataFrame
        With a row per year for each school that is there in the last year, the same test and the
        mean number of pupils of its last `RECENT` years. Years after `last` are left out.
    """
    final = int(panel["year"].max())
    if last <= final:
        return panel[panel["year"] <= last].reset_index(drop=True)
    there = panel[panel["year"] == final]
    recent = panel[panel["year"] > final - RECENT].groupby("school")["n"].mean()
    coming = there.assign(n=there["school"].map(recent))
    years = [coming.assign(year=year) for year in range(final + 1, last + 1)]
    return _sorted(pd.concat([panel, *years], ignore_index=True))


def with_earlier(panel: pd.DataFrame, years: Collection[int]) -> pd.DataFrame:
    """Write earlier years into a panel: every school of its first year, as large as it was then."""
    first = int(panel["year"].min())
    there = panel[panel["year"] == first]
    earlier = [there.assign(year=year) for year in years if year < first]
    return _sorted(pd.concat([panel, *earlier], ignore_index=True))


def with_schools(panel: pd.DataFrame, count: int, start: int) -> pd.DataFrame:
    """Let schools of the own region join: they leave the comparison and get a start year.

    Parameters
    ----------
    panel : DataFrame
        As for `power`.
    count : int
        How many join.
    start : int
        Their first school year with the programme.

    Returns
    -------
    DataFrame
        The panel with the cohort of `count` schools changed: those at the middle of `count` equal
        parts of the own region's schools by size, so that they are as large as schools are there.
    """
    final = int(panel["year"].max())
    others = panel[panel["cohort"].isna() & panel["own_region"]]
    size = others.groupby("school")["n"].mean()
    there = size.index.intersection(others.loc[others["year"] == final, "school"].unique())
    size = size[there].round(6).reset_index().sort_values(["n", "school"], kind="stable")
    if len(size) <= count:
        raise PanelError(f"The own region has {len(size)} comparison schools; {count} cannot join.")
    at = ((np.arange(count) + 0.5) * len(size) / count).astype(int)
    joins = panel["school"].isin(size["school"].iloc[at])
    return panel.assign(cohort=panel["cohort"].mask(joins, start))


def usable(panel: pd.DataFrame, before: int = MIN_BEFORE) -> pd.DataFrame:
    """Leave out participants without enough years before, or without one after, their start."""
    years = np.sort(panel["year"].unique())
    starts = panel["cohort"].astype("Float64").to_numpy(float, na_value=np.nan)
    earlier = np.searchsorted(years, starts)  # NaN sorts last
    own = ~np.isnan(starts)
    after = panel["year"].to_numpy() >= starts
    ends = pd.DataFrame({"school": panel["school"], "after": after}).groupby("school")["after"]
    both = panel["school"].map(ends.any()) & ~panel["school"].map(ends.all())
    keep = ~own | ((earlier >= before) & both.to_numpy())
    return panel[keep].reset_index(drop=True)


def _sorted(panel: pd.DataFrame) -> pd.DataFrame:
    return panel.sort_values(["school", "year"], ignore_index=True, kind="stable")
