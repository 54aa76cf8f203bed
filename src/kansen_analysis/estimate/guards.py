"""What could make a difference that is not the programme's: looked for, and sized.

Every guard is a figure with its doubt; what it means for the verdict is for the rule to say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from kansen_analysis.errors import PanelError
from kansen_analysis.estimate.components import VarianceComponents
from kansen_analysis.estimate.etwfe import Fit, fit, prepare
from kansen_analysis.estimate.panel import Data

MEASURES = ("schoolweging", "pupils")


@dataclass(frozen=True, eq=False)
class Intake:
    """Did other pupils come in?

    Attributes
    ----------
    table : DataFrame
        Index ``schoolweging`` (points) and ``pupils`` (logarithm of those tested), NaN where it
        could not be looked at: ``change`` (what goes with the programme, as the effect is
        estimated), ``std_error``, ``p_value``, ``slope`` (outcome per unit among comparison
        schools before the start) and ``part`` (of the effect, ``change * slope``).
    """

    table: pd.DataFrame

    @classmethod
    def nothing(cls) -> Intake:
        """Return what is known when nothing could be looked at."""
        columns = ["change", "std_error", "p_value", "slope", "part"]
        return cls(pd.DataFrame(np.nan, pd.Index(MEASURES, name="measure"), columns))

    @property
    def looked(self) -> bool:
        """Whether the schoolweging of each year was there to look at."""
        return bool(np.isfinite(self.table["change"].loc["schoolweging"]))

    @property
    def part(self) -> float:
        """How much of the effect other pupils account for."""
        return float(self.table["part"].sum())

    @property
    def error(self) -> float:
        """Standard error of `part`, for the slopes as they are."""
        return float(np.sqrt(((self.table["std_error"] * self.table["slope"]) ** 2).sum()))

    def rescaled(self, factor: float) -> Intake:
        """Return the same for an outcome in another unit."""
        table = self.table.copy()
        table[["slope", "part"]] *= factor
        return Intake(table)


def intake(main: Fit, start: int) -> Intake:
    """Fit the schoolweging of each year and the number of pupils as if they were outcomes.

    Parameters
    ----------
    main : Fit
        The version that decides.
    start : int
        First programme year of any school.
    """
    data = main.data
    table = Intake.nothing().table
    slopes = _slopes(data, start)
    for name, values in (("schoolweging", data.weging_year), ("pupils", np.log(data.n))):
        if values is None:
            continue
        known = np.isfinite(values)
        part = data if known.all() else _known(data, values, known)
        if not part.treated.any():  # no school-year with the programme has a figure
            continue
        try:
            found = main.of(values) if part is data else fit(prepare(part))
        except PanelError:  # too few school-years with a figure
            continue
        if found.left < 0.5 or not found.data.treated.any():
            continue
        figures = found.total
        change = figures["effect"]
        share = change * slopes[name]
        table.loc[name] = [change, figures["std_error"], figures["p_value"], slopes[name], share]
    return Intake(table)


def _known(data: Data, values: np.ndarray, known: np.ndarray) -> Data:
    part = replace(data, y=np.where(known, values, 0.0)).rows(known)
    years = np.bincount(part.school, minlength=len(part.names))
    return part.rows(years[part.school] > 1)


def _slopes(data: Data, start: int) -> dict[str, float]:
    """Outcome per point of schoolweging and per log pupil, among comparison schools before."""
    rows = data.rows((data.year < start) & np.isnan(data.cohort))
    if len(rows.y) < 10:
        return dict.fromkeys(MEASURES, 0.0)
    measures = np.column_stack([rows.weging, np.log(rows.n)])
    columns = np.column_stack([rows.year[:, None] == rows.years, measures])
    root = np.sqrt(rows.weight)
    found = np.linalg.lstsq(columns * root[:, None], rows.y * root, rcond=None)[0]
    return dict(zip(MEASURES, map(float, found[-2:]), strict=True))


@dataclass(frozen=True)
class Spread:
    """Do participants change more unlike each other than comparison schools do?

    Attributes
    ----------
    extra : float
        Standard deviation between participants beyond that among comparison schools.
    p_value : float
        One-sided: the chance of so much more spread when there is none.
    """

    extra: float
    p_value: float


def spread(main: Fit, components: VarianceComponents) -> Spread:
    """Compare how far single schools move around their start, with chance.

    Parameters
    ----------
    main : Fit
        The version that decides.
    components : VarianceComponents
        What pupils and school-years move by chance; sets schools of all sizes on one scale.

    Notes
    -----
    Per start year, the mean of a school's residuals since the start less that before it, over
    what chance makes of it. A comparison school counts for every start year, in proportion to the
    participants. The test is Welch's, on absolute values (as Levene's and Brown and Forsythe's),
    which holds with outliers too. Participants' residuals are around the mean of their cohort, so
    theirs are set back by ``sqrt(m / (m - 1))``.
    """
    data, years = main.data, main.data.years
    at = np.searchsorted(years, data.year)
    shape = (len(data.names), len(years))
    rest, weight, pupils = np.zeros(shape), np.zeros(shape), np.ones(shape)
    rest[data.school, at], weight[data.school, at] = main.results.resid, data.weight
    pupils[data.school, at] = data.n
    cohort = np.full(len(data.names), np.nan)
    cohort[data.school] = data.cohort
    lag = np.abs(np.subtract.outer(np.arange(len(years)), np.arange(len(years))))
    if components.pairs:
        pupil, own_year = components.pupil_sd**2, components.school_year_sd**2
    else:  # all spread to pupils: only their number tells schools apart
        pupil, own_year = 1.0, 0.0
    own, other, share, counts = [], [], [], []
    for g in np.unique(cohort[np.isfinite(cohort)]):
        windows = [weight * side for side in (years >= g, years < g)]
        totals = [each.sum(axis=1) for each in windows]
        seen = (totals[0] > 0) & (totals[1] > 0)
        after, before = (w[seen] / t[seen, None] for w, t in zip(windows, totals, strict=True))
        load = after - before
        change = (load * rest[seen]).sum(axis=1)
        variance = pupil * (load**2 / pupils[seen]).sum(axis=1)
        variance += own_year * np.einsum("it,tu,iu->i", load, components.rho**lag, load)
        z = change / np.sqrt(variance)
        mine = cohort[seen] == g
        members = int(mine.sum())
        if members < 2:
            continue
        own.append(np.abs(z[mine]) * np.sqrt(members / (members - 1)))
        never = np.full(len(data.names), np.nan)
        never[np.flatnonzero(seen)[np.isnan(cohort[seen])]] = np.abs(z[np.isnan(cohort[seen])])
        other.append(never)
        share.append(members)
        counts.append(np.sqrt(variance[mine]))
    if not own:
        return Spread(float("nan"), float("nan"))
    mine = np.concatenate(own)
    theirs = np.array(other)
    part = np.isfinite(theirs) * np.array(share, float)[:, None]
    able = part.sum(axis=0) > 0
    theirs = (np.nan_to_num(theirs) * part)[:, able].sum(axis=0) / part[:, able].sum(axis=0)
    if len(mine) < 3 or len(theirs) < 3:
        return Spread(float("nan"), float("nan"))
    test = stats.ttest_ind(mine, theirs, equal_var=False, alternative="greater")
    square = max(0.0, float((mine**2).mean() - (theirs**2).mean()))
    return Spread(float(np.sqrt(square) * np.concatenate(counts).mean()), float(test.pvalue))


@dataclass(frozen=True)
class Baseline:
    """Where participants stood before their start.

    Attributes
    ----------
    difference : float
        Above comparison schools in the same years, in the unit of the outcome.
    adjusted : float
        The same for schools of equal schoolweging, as the estimate compares them.
    """

    difference: float
    adjusted: float


def baseline(data: Data, start: int) -> Baseline:
    """Compare participants with comparison schools in the years before each start.

    Parameters
    ----------
    data : Data
        The rows of the version that decides.
    start : int
        First programme year of any school.
    """
    own, never = data.year < data.cohort, np.isnan(data.cohort)
    weight = np.zeros(len(data.y))
    for year in np.unique(data.year[own]):
        now = data.year == year
        inside = now & never
        if inside.any():
            total = data.weight[now & own].sum()
            weight[inside] = data.weight[inside] * total / data.weight[inside].sum()
    if not weight.any():
        return Baseline(float("nan"), float("nan"))

    def apart(values: np.ndarray) -> float:
        theirs = np.average(values, weights=weight)
        return float(np.average(values[own], weights=data.weight[own]) - theirs)

    difference = apart(data.y)
    slope = _slopes(data, start)["schoolweging"]
    return Baseline(difference, difference - slope * apart(data.weging))


@dataclass(frozen=True)
class Neighbours:
    """Do comparison schools of the own region tell the same story as those elsewhere?

    Attributes
    ----------
    difference, std_error, p_value : float
        V1 less V4: positive when the own region went up with the participants. Either it gained
        from the programme too (then V4 says too little), or something else lifted the whole region
        (then V1 says too much); negative when the region as a whole fell behind.
    """

    difference: float
    std_error: float
    p_value: float


def neighbours(first: Fit, fourth: Fit) -> Neighbours:
    """Compare V1 with V4, on the schools they share."""
    difference = _effect(first) - _effect(fourth)
    schools = first.n_schools
    influence = first.influence - fourth.influence
    error = float(np.sqrt(schools / (schools - 1) * (influence**2).sum()))
    p_value = float(2 * stats.t.sf(abs(difference) / error, schools - 1)) if error else float("nan")
    return Neighbours(difference, error, p_value)


def _effect(main: Fit) -> float:
    return float(main.loads @ main.data.y)
