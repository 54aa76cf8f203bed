"""When will we know? The smallest difference that would earn the word *beter*, now and later.

The estimate of every version is a weighted sum of school results, and the weights follow from who
takes part, since when, and how large the schools are; the results themselves are not needed. With
how much school-years move by chance (`components.VarianceComponents`) that gives the joint spread
of all that the word asks for (the versions, and the mean against the last year before the start),
and so the difference that would show in all of it with the asked-for chance. For an estimate that
was made that is `detectable_difference`; years that are still to come are written into the panel
first (`until`); what more schools, or an earlier year, would add is the same sum on another panel
(`with_schools`, `with_earlier`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy import stats
from scipy.sparse import csr_array

from kansen_analysis.errors import PanelError
from kansen_analysis.estimate.components import (
    VarianceComponents,
    implied_covariance,
    variance_components,
)
from kansen_analysis.estimate.effects import EffectEstimate
from kansen_analysis.estimate.etwfe import Fit, Prepared, fit, prepare
from kansen_analysis.estimate.panel import Data, to_data
from kansen_analysis.estimate.specifications import Version
from kansen_analysis.estimate.specifications import versions as all_versions
from kansen_analysis.outcomes.fixed import FEW, VERSIONS

GATE = 0.85  # level of the interval of V5 and against the last year alone, as in the protocol
SHARE = 0.8  # wanted chance of seeing the difference
DRAWS = 20_000  # joint draws of the versions; error of a chance of 80%: 0.3 points
SEED = 1
MIN_BEFORE = 2  # tested years before a start, as in the protocol
SLOW = 0.72  # correlation of school-years a year apart when they drift slowly (docs/methods.md)
RECENT = 3  # last years that tell how many pupils a school will have

# For a folder with too few years to measure it: spread of pupils and of school-years per goal, as
# measured on the national files, in points of target levels and in levels of advice; goal 3 in
# points, for 13% below the advice and school-years that move 0.3 in log odds (docs/methods.md).
PUBLISHED = {
    1: VarianceComponents(pupil_sd=45.7, school_year_sd=4.4, rho=0.0, k=(45.7 / 4.4) ** 2, pairs=0),
    2: VarianceComponents(
        pupil_sd=2.58, school_year_sd=0.13, rho=0.0, k=(2.58 / 0.13) ** 2, pairs=0
    ),
    3: VarianceComponents(pupil_sd=33.6, school_year_sd=3.4, rho=0.5, k=(33.6 / 3.4) ** 2, pairs=0),
}


@dataclass(frozen=True)
class DetectableDifference:
    """The smallest true difference that would be called *beter* with the asked-for chance.

    Attributes
    ----------
    difference : float
        From the variance components measured before the programme, in the unit of the outcome;
        infinite when the word cannot be said: a version that it asks for is missing,
        participants are too few, or all have one board.
    from_std_error : float
        The same from how these very schools moved.
    share : float
        That chance.
    components : VarianceComponents
        The measured components behind it.
    """

    difference: float
    from_std_error: float
    share: float
    components: VarianceComponents


def detectable_difference(
    estimate: EffectEstimate,
    *,
    limit: float = 0.05,
    gate: float = GATE,
    share: float = SHARE,
    minimum: int = 0,
) -> DetectableDifference:
    """How large must a difference be to be called *beter*, with these schools and years?

    Parameters
    ----------
    estimate : EffectEstimate
        The estimate for this year's participants.
    limit : float
        The p value below which the deciding version is sure.
    gate : float
        Level of the interval of V5 and of the mean against the last year alone.
    share : float
        Wanted chance.
    minimum : int
        Participants that the protocol asks for; with fewer no difference is called *beter*.

    Examples
    --------
    >>> from kansen_analysis.demo.panels import simulate
    >>> from kansen_analysis.estimate.effects import estimate_effect
    >>> found = detectable_difference(estimate_effect(simulate("S0", seed=1)))
    >>> 0.06 < found.difference < 0.12
    True
    """
    alphas = asked(estimate.decides, limit, gate)
    boards = estimate.board_clustered
    n_boards = None if boards is None else int(boards["n_boards_treated"])
    if (
        not set(alphas) <= set(estimate.joint)
        or estimate.n_treated < minimum
        or n_boards == 1  # one board alone gives no verdict
    ):
        return DetectableDifference(np.inf, np.inf, share, estimate.components)
    counts = estimate.versions[["n_treated", "n_others"]].astype(int)
    counts.loc["since"] = counts.loc[estimate.decides]

    def at(covariance: pd.DataFrame) -> float:
        smallest = needed(
            covariance,
            alphas,
            decides=estimate.decides,
            counts=counts,
            boards=n_boards or 0,
            intake=estimate.intake.error,
        )
        return float(np.quantile(smallest, share))

    model, seen = at(estimate.joint_model), at(estimate.joint)
    return DetectableDifference(model, seen, share, estimate.components)


def asked(decides: str, limit: float, gate: float) -> dict[str, float]:
    """Return what the word asks for, with the p value that each must stay below."""
    alphas = dict.fromkeys(VERSIONS, 0.05) | {"V5": 1 - gate, "since": 1 - gate}
    return alphas | {decides: limit}


def needed(
    covariance: pd.DataFrame,
    alphas: Mapping[str, float],
    *,
    decides: str,
    counts: pd.DataFrame,
    expected: Mapping[str, float] | None = None,
    boards: int = 0,
    intake: float = 0.0,
) -> np.ndarray:
    """Per draw, the smallest difference at which all that is asked would be there.

    Parameters
    ----------
    covariance : DataFrame
        Of the versions and the mean against the last year, by name.
    alphas : mapping of str to float
        From `asked`.
    decides : str
        The version that boards and other pupils count for.
    counts : DataFrame
        By name ``n_treated`` and ``n_others``.
    expected : mapping of str to float, optional
        The clustered errors that these will have (`expected_error`); by default the spread.
    boards : int
        Boards of participants; 0 when they do not count.
    intake : float
        Standard error of what other pupils account for.

    Notes
    -----
    With V the covariance, e a draw from N(0, V), s the standard errors and z the bounds of the
    rule, a difference d is seen when ``d + e > z s`` in everything that is asked. An error varies
    itself, as the square root of a chi-square over the participants less one (or the comparison
    schools, when these are fewer), and z is the t quantile: of all schools less one, or of the
    smaller group less one when start years are drawn again, which puts the error on the scale of
    the spread.
    """
    names = list(alphas)
    table = covariance.loc[names, names].to_numpy()
    errors = np.sqrt(np.diag(table))
    drawn = _drawn(len(names) + 1)
    moved = drawn[: DRAWS * len(names)].reshape(DRAWS, len(names)) @ _root(table)
    reach = np.empty_like(moved)
    for at, name in enumerate(names):
        half = 1 - alphas[name] / 2
        both = counts.loc[name].to_numpy()
        smaller = max(int(both.min()) - 1, 1)
        few = smaller + 1 < FEW
        free = smaller if few else int(both.sum()) - 1
        error = errors[at] if few or expected is None else expected[name]
        reach[:, at] = stats.t.ppf(half, free) * error * _varied(smaller)
        if name == decides and boards > 1:
            error = errors[at] if expected is None else expected[name]
            board = stats.t.ppf(half, boards - 1) * error * _varied(boards - 1, seed=2)
            reach[:, at] = np.maximum(reach[:, at], board)
        if name == decides and intake:
            reach[:, at] += np.maximum(intake * drawn[-DRAWS:], 0)
    return (reach - moved).max(axis=1)


def expected_error(
    found: Fit, components: VarianceComponents, shared: dict[int, np.ndarray] | None = None
) -> float:
    """Return the clustered error that a fit will have, which is not quite its spread.

    Every effect is counted, school effects too, which widens it; what the columns explain of a
    school's results is no longer in its residual, which narrows it where a start has few schools.

    Parameters
    ----------
    found : Fit
    components : VarianceComponents
    shared : dict, optional
        Takes, and gives, what all fits on the same rows have in common with these components.

    Notes
    -----
    With l the loads, D all columns without school means, A the inverse of D'WD and u = D'Wy summed
    over schools, a school adds ``l'y - (l'D) A u`` to the error: its variance follows from the
    covariance of that school's years.
    """
    data, z = found.data, found.prepared.z
    weight = data.weight[:, None]
    heavy = z * weight
    shared = {} if shared is None else shared
    key = id(found.prepared)
    if key not in shared:
        shared[key] = heavy.T @ _moved(data, heavy, components)
    weighted = found.design * weight
    moved = _moved(data, np.column_stack([weighted, found.loads]), components)
    beside = moved[:, :-1].T @ heavy
    scores = np.block([[weighted.T @ moved[:, :-1], beside], [beside.T, shared[key]]])
    split = found.design.shape[1]
    cross = np.zeros_like(scores)
    cross[:split, :split] = np.linalg.inv(found.design.T @ weighted)
    cross[split:, split:] = found.prepared.z_cross

    columns = np.column_stack([found.design, z])

    def by_school(values: np.ndarray) -> np.ndarray:  # sums of values times columns
        ends = np.r_[data.first, len(values)]
        return csr_array((values, np.arange(len(values)), ends)) @ columns

    pull, rest = by_school(found.loads), by_school(data.weight * moved[:, -1])
    squares = found.loads @ moved[:, -1] - 2 * (cross * (pull.T @ rest)).sum()
    squares += (cross @ scores @ cross * (pull.T @ pull)).sum()
    return float(np.sqrt(found.correction * squares))


def _moved(data: Data, columns: np.ndarray, components: VarianceComponents) -> np.ndarray:
    """Multiply columns by the covariance of the years of each school."""
    school = np.repeat(np.arange(len(data.first)), np.diff(np.r_[data.first, len(data.school)]))
    at = np.searchsorted(data.years, data.year), school
    table = np.zeros((len(data.years), len(data.first), columns.shape[1]))
    table[at] = columns
    alike = components.rho ** np.abs(np.subtract.outer(data.years, data.years))
    shared = (alike @ table.reshape(len(alike), -1)).reshape(table.shape)[at]
    alone = components.pupil_sd**2 * columns / data.n[:, None]
    return components.school_year_sd**2 * shared + alone


@lru_cache(maxsize=8)
def _drawn(times: int) -> np.ndarray:
    """Draw so many times `DRAWS` standard normals, the same each time."""
    return np.random.default_rng(SEED).standard_normal(DRAWS * times)


@lru_cache(maxsize=64)
def _varied(free: int, seed: int = SEED) -> np.ndarray:
    """Draw what a standard error is of its own expectation; the same draws for all versions."""
    return np.sqrt(np.random.default_rng([seed, free]).chisquare(free, DRAWS) / free)


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
        Per version the standard error that the components lead one to expect.
    method : str
        ``"cluster"`` or ``"randomisation"``, as `effects.EffectEstimate`.
    components : VarianceComponents
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
    components: VarianceComponents
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
    components: VarianceComponents,
    *,
    decides: str = "V1",
    limit: float = 0.05,
    gate: float = GATE,
    share: float = SHARE,
    attenuation: float = 1.0,
    size_by_year: bool = False,
    versions: Versions | None = None,
) -> Power:
    """How large must a difference be to be called *beter*, with these schools and years?

    Parameters
    ----------
    panel : DataFrame
        One row per school and school year, as `effects.estimate_effect` takes it; ``value`` is not
        used and may be absent. Years to come may be in it (`until`).
    components : VarianceComponents
        How much school-years move by chance, in the unit of the outcome (`measured_components`).
    decides : str
        The version whose p value is held against `limit`.
    limit : float
        The p value at which that version is sure: the limit of this look, divided by the number of
        goals tested together (Holm's worst case).
    gate : float
        Level of the interval of V5 and of the mean against the last year alone.
    share : float
        Wanted chance.
    attenuation : float
        Part of a true difference that hidden counts leave visible (goal 2: `attenuation`).
    size_by_year : bool
        As for the estimate of the goal.
    versions : callable, optional
        Gives what must be above zero (`specifications.Version`, by name) for a `Data` and the first
        start; by default all versions and the mean against the last year. One that cannot be made
        means that *beter* cannot be said, and the difference is infinite.

    Raises
    ------
    PanelError
        When no participant can be told apart from the rest.

    Notes
    -----
    See `needed`; held against simulation by `tests/test_power.py`.

    Examples
    --------
    >>> from kansen_analysis.demo.panels import PUPIL, RHO, SHOCK, simulate
    >>> components = VarianceComponents(PUPIL, SHOCK, RHO, k=(PUPIL / SHOCK) ** 2, pairs=0)
    >>> found = power(simulate("S0", seed=1), components)
    >>> 0.07 < found.difference < 0.12, round(found.chance(found.difference), 2)
    (True, 0.8)
    """
    designed = design(
        panel, components, decides=decides, size_by_year=size_by_year, versions=versions
    )
    return designed.power(
        components, decides=decides, limit=limit, gate=gate, share=share, attenuation=attenuation
    )


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
        components: VarianceComponents,
        *,
        decides: str = "V1",
        limit: float = 0.05,
        gate: float = GATE,
        share: float = SHARE,
        attenuation: float = 1.0,
    ) -> Power:
        """Work out what it could show, if school-years move like this; see `power`."""
        fits = {name: each for name, each in self.fits.items() if each is not None}
        main = fits.get(decides) or next(iter(fits.values()))
        covariance = implied_covariance(
            [(each.data, each.loads) for each in fits.values()], components
        )
        covariance = pd.DataFrame(covariance, list(fits), list(fits))
        errors = np.sqrt(np.diag(covariance))
        counts = pd.DataFrame(
            {name: (each.n_treated, each.n_others) for name, each in fits.items()},
            index=["n_treated", "n_others"],
        ).T
        alphas = {name: a for name, a in asked(decides, limit, gate).items() if name in fits}
        boards = main.n_boards
        shared: dict[int, np.ndarray] = {}
        smallest = needed(
            covariance,
            alphas,
            decides=decides,
            counts=counts,
            expected={n: expected_error(each, components, shared) for n, each in fits.items()},
            boards=boards,
        )
        smallest = smallest / attenuation
        difference = float(np.quantile(smallest, share))
        if len(fits) < len(self.fits) or boards == 1:  # one board alone gives no verdict
            smallest, difference = np.full(DRAWS, np.inf), np.inf
        return Power(
            difference=difference,
            share=share,
            n_treated=main.n_treated,
            n_schools=main.n_schools,
            errors=pd.Series(errors / attenuation, index=list(fits)).reindex(list(self.fits)),
            method="randomisation" if counts.to_numpy().min() < FEW else "cluster",
            components=components,
            needed=smallest,
        )


def design(
    panel: pd.DataFrame,
    components: VarianceComponents,
    *,
    decides: str = "V1",
    size_by_year: bool = False,
    versions: Versions | None = None,
) -> Design:
    """Lay out every version on the schools and years of a panel; parameters as for `power`.

    Raises
    ------
    PanelError
        When no participant can be told apart from the rest.
    """
    if panel["cohort"].isna().all():
        raise PanelError("No school in the panel takes part; fill cohort for the participants.")
    data, _ = to_data(panel.assign(value=0.0), size_by_year=size_by_year)
    if not data.treated.any():
        raise PanelError("No participant has years both before and after its start.")
    data = replace(data, weight=data.n / (data.n + components.k))
    fits: dict[str, Fit | None] = {}
    start = int(np.nanmin(data.cohort))
    every = dict((versions or all_versions)(data, start))
    if versions is None:
        every["since"] = Version(every[decides].data, {"leads": None}, every[decides].lack)
    prepared: dict[int, Prepared] = {}
    for name, version in every.items():
        fits[name] = None
        if not version.lack:
            with suppress(PanelError):  # too few school-years for all that has to be told apart
                key = id(version.data)
                prepared[key] = prepared.get(key) or prepare(version.data)
                fits[name] = fit(prepared[key], **version.options)
    if all(each is None for each in fits.values()):
        raise PanelError("No version can be made with these schools and years.")
    return Design(fits)


def _root(covariance: np.ndarray) -> np.ndarray:
    """Return the symmetric root of a covariance that may be singular: versions can be the same."""
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T


def measured_components(panel: pd.DataFrame, goal: int) -> tuple[VarianceComponents, str]:
    """Measure how much school-years move by chance, on the schools that do not take part.

    Parameters
    ----------
    panel : DataFrame
        As for `power`, with ``value``; every year there is.
    goal : int
        Whose published figures are used when the panel has too few years.

    Returns
    -------
    tuple of VarianceComponents and str
        And where it comes from: ``files``, or ``methods`` for the published figures.

    Examples
    --------
    >>> from kansen_analysis.demo.panels import simulate
    >>> components, origin = measured_components(simulate("S0", seed=1), goal=1)
    >>> origin, 0.8 < components.pupil_sd < 1.0
    ('files', True)
    """
    others = panel[panel["cohort"].isna()]
    if len(others) and others["year"].min() < others["year"].max():
        # `to_data` needs a first start; none of these schools has one.
        late = int(others["year"].max()) + 1
        data, _ = to_data(_pretend(others, late))
        found = variance_components(data, late)
        if found.pairs:
            return found, "files"
    if goal not in PUBLISHED:
        raise PanelError(
            f"There are too few school years to measure how much goal {goal} moves by itself; add "
            "files of earlier years."
        )
    return PUBLISHED[goal], "methods"


def _pretend(panel: pd.DataFrame, start: int) -> pd.DataFrame:
    cohort = pd.array([start] * len(panel), dtype="Int64")
    return panel.assign(cohort=cohort)


def slow(components: VarianceComponents) -> VarianceComponents:
    """Return the same movement from year to year, as slow drift: the cautious reading.

    A few years cannot tell chance of the year from drift that stays; under drift a long comparison
    is less sure (docs/methods.md, models W and D).

    Examples
    --------
    >>> drift = slow(VarianceComponents(45.7, 4.4, 0.0, 108, 0))
    >>> round(drift.school_year_sd, 1), drift.rho
    (8.3, 0.72)
    """
    if components.rho >= SLOW:
        return components
    spread = components.school_year_sd * np.sqrt((1 - components.rho) / (1 - SLOW))
    return replace(components, school_year_sd=float(spread), rho=SLOW)


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
    there = size.index.isin(others.loc[others["year"] == final, "school"])
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
    school = pd.factorize(panel["school"])[0]
    share = np.bincount(school, after) / np.maximum(np.bincount(school), 1)
    keep = ~own | ((earlier >= before) & ((share > 0) & (share < 1))[school])
    return panel[keep].reset_index(drop=True)


def _sorted(panel: pd.DataFrame) -> pd.DataFrame:
    return panel.sort_values(["school", "year"], ignore_index=True, kind="stable")
