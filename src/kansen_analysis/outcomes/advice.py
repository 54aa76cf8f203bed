"""Goal 2: how high the advices are, although small counts are hidden.

Since 2022-2023 the publisher prints every count of 1 to 4 as ``<5``; before, counts are exact. A
school that is compared over that line seems to change because its counts were hidden. So every
year is hidden by the same rule, also the exact ones, and a hidden count becomes the mean that its
category has in the exact years (docs/methods.md).

A filled mean is pulled toward the middle of the scale, more so where fewer pupils leave, and it
moves when a cohort grows though nobody's advice changed. How much is known from the exact years,
where both means are there: the filled mean is a straight line in the true one, by size of the
cohort, and that line is read backwards (`Calibration`; classical calibration, Osborne 1991,
International Statistical Review 59). What is left, a raise that stays out of sight because a hidden
2 became a hidden 3, is measured and corrected in `estimate.attenuation`.

Levels made so serve the comparison of groups only. Of a single school nothing more is known than
the lowest and highest level in `kansen_analysis.outcomes.panel.advice_levels`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kansen_analysis.errors import PanelError
from kansen_analysis.outcomes.panel import MIN_CELL

HIDDEN = (1, 4)  # the publisher prints a count from 1 to 4 as "<5"
LEVEL = np.arange(10.0)  # PRO = 0 … VWO = 9
HAVO_UP = np.where(LEVEL >= 7, 100.0, 0.0)  # HAVO, HAVO_VWO and VWO, as a percentage
SCORES = {"level": LEVEL, "havo_up": HAVO_UP}
NEARLY_ALL = 0.75  # of the years, and of a year's schools, need a test result to expect a level
GROUPS, IN_GROUP = 8, 100  # of school-years by size, to calibrate on; fewer: no calibration
FLATTEST = 0.3  # a filled mean that follows the true one less than this cannot be read backwards
STRONG = 10.0  # F of an instrument that is strong enough (Staiger and Stock 1997)


@dataclass(frozen=True)
class Calibration:
    """What a filled mean is when the true mean is known, by the number of pupils.

    Attributes
    ----------
    size : tuple of float
        Log of the pupils after filling, in groups of school-years from small to large.
    base, slope : tuple of float
        In each group: filled mean = base + slope times the true mean. Between groups, straight.
    """

    size: tuple[float, ...] = (0.0,)
    base: tuple[float, ...] = (0.0,)
    slope: tuple[float, ...] = (1.0,)

    def true(self, filled: np.ndarray, pupils: np.ndarray) -> np.ndarray:
        """Read the line backwards: the true mean that goes with a filled one.

        Examples
        --------
        >>> line = Calibration(size=(0.0,), base=(1.0,), slope=(0.8,))
        >>> line.true(np.array([5.0]), np.array([20.0])).tolist()
        [5.0]
        """
        at = np.log(pupils)
        base, slope = (np.interp(at, self.size, part) for part in (self.base, self.slope))
        return (filled - base) / slope


@dataclass(frozen=True)
class Basis:
    """What the value of an `AdvicePanel` is measured against.

    Attributes
    ----------
    tests : str
        ``"used"``: the level expected from the test is subtracted; ``"none"``: there are no
        tests; ``"few"``: too few years have them, and the level itself is compared.
    missing : tuple of int
        Years of the comparison without enough tests.
    dropped, rows : int
        School-years left out for want of a test or a schoolweging, of how many.
    """

    tests: str
    missing: tuple[int, ...] = ()
    dropped: int = 0
    rows: int = 0


@dataclass(frozen=True, eq=False, repr=False)
class AdvicePanel:
    """Advice levels of all schools, every year hidden and filled in the same way.

    Attributes
    ----------
    rows : DataFrame
        One row per school and year: ``school``, ``year``, ``value`` (what the estimator compares),
        ``level`` (mean advice, 0 to 9) and ``havo_up`` (percent havo or higher), both after
        filling and calibration, and ``n`` (advices after filling, rounded).
    printed : DataFrame
        Counts by school and year as the publisher would print them; NaN where hidden.
    exact : DataFrame
        The counts of the years in which nothing was hidden.
    means : Series
        Per advice the mean of a hidden count.
    calibration : mapping of str to Calibration
        For ``level`` and ``havo_up``.
    slopes : Series
        By year, the levels that one point of test result adds to the expected level; empty when
        nothing is expected.
    basis : Basis
        What ``value`` is: the level above what the school's own test leads one to expect, or the
        level itself; and what was left out for it.
    """

    rows: pd.DataFrame
    printed: pd.DataFrame
    exact: pd.DataFrame
    means: pd.Series
    calibration: Mapping[str, Calibration]
    slopes: pd.Series
    basis: Basis

    @property
    def above_expected(self) -> bool:
        """Whether ``value`` is the level above what the test leads one to expect."""
        return self.basis.tests == "used"

    def measured(self, counts: np.ndarray, outcome: str = "level") -> np.ndarray:
        """Hide exact counts, and measure them as if the publisher had hidden them.

        Parameters
        ----------
        counts : array, shape (rows, ranks)
            Exact counts.
        outcome : str
            ``"level"`` or ``"havo_up"``.
        """
        filled = advice_fill(counts, self)
        line = self.calibration[outcome]
        return line.true(mean_of(filled, SCORES[outcome]), filled.sum(axis=1))

    def __repr__(self) -> str:
        """Show the size, the same on every machine."""
        years = sorted({int(year) for year in self.exact.index.get_level_values("year")})
        kind = "above expected" if self.above_expected else "level"
        return (
            f"AdvicePanel({kind}, {self.rows['school'].nunique()} schools, "
            f"{len(self.rows)} rows, exact years {years[0]} to {years[-1]})"
        )


def as_printed(low: pd.DataFrame, high: pd.DataFrame) -> pd.DataFrame:
    """Hide counts as the publisher does since 2022-2023.

    Parameters
    ----------
    low, high : DataFrame
        Lowest and highest counts, as `kansen_analysis.outcomes.panel.advice_cells` returns them.

    Returns
    -------
    DataFrame
        The counts, NaN for 1 to 4 and for what was hidden already.

    Raises
    ------
    PanelError
        When a count is hidden by another rule than ``<5``.

    Examples
    --------
    >>> counts = pd.DataFrame({"HAVO": [0, 4, 5]})
    >>> as_printed(counts, counts)["HAVO"].tolist()
    [0.0, nan, 5.0]
    """
    hidden = (high >= HIDDEN[0]) & (high <= HIDDEN[1])
    if ((low != high) & ~hidden).to_numpy().any():
        raise PanelError(
            "Some advices are hidden by another rule than '<5' (1 to 4 pupils); the comparison "
            "over years holds for that rule only, so leave these years out."
        )
    return high.astype(float).mask(hidden)


def exact_years(low: pd.DataFrame, high: pd.DataFrame) -> list[int]:
    """Return the years in which no count is hidden.

    Examples
    --------
    >>> index = pd.MultiIndex.from_tuples([("a", 2021), ("a", 2022)], names=["school", "year"])
    >>> low, high = pd.DataFrame({"VWO": [3, 1]}, index), pd.DataFrame({"VWO": [3, 4]}, index)
    >>> exact_years(low, high)
    [2021]
    """
    known = (low == high).all(axis=1).groupby(level="year").all()
    return [int(year) for year in known.index[known]]


def category_means(exact: pd.DataFrame) -> pd.Series:
    """Mean of the counts that would be hidden, per advice.

    An advice without any such count takes the mean over all advices.

    Parameters
    ----------
    exact : DataFrame
        Counts of the exact years, one column per advice.

    Raises
    ------
    PanelError
        When there is no count from 1 to 4 to learn from.

    Examples
    --------
    >>> category_means(pd.DataFrame({"PRO": [1, 2, 9], "VWO": [0, 5, 4]})).tolist()
    [1.5, 4.0]
    """
    small = exact.where((exact >= HIDDEN[0]) & (exact <= HIDDEN[1]))
    if not small.notna().to_numpy().any():
        raise PanelError(
            "There is no school year with exact advices, so nothing tells what a hidden count is "
            "on average; add a file of 2021-2022 or earlier. Without it goal 2 cannot be tested."
        )
    return small.mean().fillna(float(np.nanmean(small.to_numpy())))


def advice_panel(
    low: pd.DataFrame,
    high: pd.DataFrame,
    *,
    years: Iterable[int] | None = None,
    schools: pd.DataFrame | None = None,
    tests: pd.DataFrame | None = None,
    provider: pd.DataFrame | None = None,
) -> AdvicePanel:
    """Measure the advice level of every school-year in the same way.

    Parameters
    ----------
    low, high : DataFrame
        All years there are, as `panel.advice_cells` returns them; also the years
        outside the comparison tell what a hidden count is on average.
    years : iterable of int, optional
        Years of the comparison (the protocol's window without its exclusions); by default all.
    schools : DataFrame, optional
        ``school``, ``schoolweging`` (fixed) and ``participant`` (bool) of all regular schools.
        Needed to expect a level.
    tests : DataFrame, optional
        ``school``, ``year``, ``value``: test results, as `panel.target_levels`.
    provider : DataFrame, optional
        ``school``, ``year``, ``provider``, as `kansen_analysis.outcomes.panel.main_provider`.

    Raises
    ------
    PanelError
        When no year is exact.

    Notes
    -----
    Where nearly all years have test results, the value is the level minus what test result,
    schoolweging and provider lead one to expect, by a regression per year on schools that do not
    take part. Otherwise it is the level itself, and `Basis` says so: subtracting it in some years
    only would set years apart.

    One year's test result of one school is partly chance. A plain regression therefore shows a
    slope that is too flat, and would leave part of an advice that rises with learning standing as
    "above expected". So the slope comes from what lasts: the result of the school's other years is
    the instrument (errors in variables; Durbin 1954). Where other years do not foretell a year
    (F below `STRONG`), the plain regression stays.

    Examples
    --------
    >>> from kansen_analysis.outcomes.panel import RANKED_ADVICES
    >>> index = pd.MultiIndex.from_product([["90AA00"], [2021, 2022]], names=["school", "year"])
    >>> low = pd.DataFrame([[0] * 8 + [2, 6], [0] * 8 + [1, 7]], index, list(RANKED_ADVICES))
    >>> high = low.replace(1, 4)
    >>> advice_panel(low, high).rows[["year", "level", "n"]].round(2).to_numpy().tolist()
    [[2021.0, 8.75, 8.0], [2022.0, 8.78, 9.0]]
    """
    known = exact_years(low, high)
    exact = high[high.index.get_level_values("year").isin(known)]
    means = category_means(exact)
    printed = as_printed(low, high)
    if years is not None:
        printed = printed[printed.index.get_level_values("year").isin(list(years))]
    filled = printed.fillna(means).to_numpy()
    pupils = filled.sum(axis=1)
    calibration = {name: calibrate(exact, means, scores) for name, scores in SCORES.items()}
    rows = printed.index.to_frame(index=False).assign(
        **{
            name: line.true(mean_of(filled, SCORES[name]), pupils)
            for name, line in calibration.items()
        },
        n=np.maximum(np.rint(pupils), 1).astype(int),
    )
    rows, slopes, basis = _above_expected(rows, schools, tests, provider)
    rows = rows[["school", "year", "value", "level", "havo_up", "n"]]
    return AdvicePanel(
        rows=rows.sort_values(["school", "year"], ignore_index=True, kind="stable"),
        printed=printed,
        exact=exact,
        means=means,
        calibration=calibration,
        slopes=slopes,
        basis=basis,
    )


def calibrate(exact: pd.DataFrame, means: pd.Series, scores: np.ndarray = LEVEL) -> Calibration:
    """Learn from the exact years what filling does to a mean, by the number of pupils.

    Parameters
    ----------
    exact : DataFrame
        Counts of the exact years, one column per advice.
    means : Series
        Per advice the mean of a hidden count.
    scores : array
        What is averaged: `LEVEL` or `HAVO_UP`.

    Returns
    -------
    Calibration
        With fewer than `IN_GROUP` school-years, or a filled mean that hardly follows the true
        one, the line that changes nothing.

    Examples
    --------
    Where nothing is small, nothing has to be read backwards:

    >>> counts = pd.DataFrame(np.random.default_rng(1).integers(5, 30, (400, 10)))
    >>> line = calibrate(counts, pd.Series(2.0, counts.columns))
    >>> np.round(line.slope, 6).tolist(), np.abs(np.round(line.base, 6)).tolist()
    ([1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0])
    """
    counts = exact.to_numpy(float)
    counts = counts[counts.sum(axis=1) > 0]
    groups = min(GROUPS, len(counts) // IN_GROUP)
    if not groups:
        return Calibration()
    filled = _filled(counts, means.to_numpy())
    pupils = filled.sum(axis=1)
    whole = np.rint(pupils.round(6)).astype(int)  # the last digit decides on no group
    edges = np.unique(np.quantile(whole, np.arange(1, groups) / groups))
    group = np.searchsorted(edges, whole)
    true, seen = mean_of(counts, scores), mean_of(filled, scores)
    size, base, slope = [], [], []
    for each in np.unique(group):
        x, y = true[group == each], seen[group == each]
        steep = ((x - x.mean()) * (y - y.mean())).sum() / max(((x - x.mean()) ** 2).sum(), 1e-12)
        size.append(float(np.log(pupils[group == each]).mean()))
        base.append(float(y.mean() - steep * x.mean()))
        slope.append(float(steep))
    if min(slope) < FLATTEST:
        return Calibration()
    return Calibration(tuple(size), tuple(base), tuple(slope))


def mean_of(counts: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Mean score of the pupils in each row of counts.

    Examples
    --------
    >>> mean_of(np.array([[1, 3]]), np.array([0, 1])).tolist()
    [0.75]
    """
    return counts @ scores / counts.sum(axis=1)


def _above_expected(rows, schools, tests, provider):
    """Subtract the expected level where nearly all years have tests; else keep the level."""
    plain = rows.assign(value=rows["level"])
    none = pd.Series(dtype=float)
    if schools is None or tests is None or not len(tests):
        return plain, none, Basis("none")
    facts = rows.merge(schools[["school", "schoolweging", "participant"]], on="school", how="left")
    facts = facts.merge(
        tests[["school", "year", "value"]].rename(columns={"value": "test"}),
        on=["school", "year"],
        how="left",
    )
    if provider is not None and len(provider):
        facts = facts.merge(provider[["school", "year", "provider"]], how="left")
    else:
        facts["provider"] = pd.NA
    complete = facts["test"].notna() & facts["schoolweging"].notna()
    share = complete.groupby(facts["year"]).mean()
    enough = share[share >= NEARLY_ALL].index
    missing = tuple(sorted({int(year) for year in share.index} - {int(year) for year in enough}))
    if len(enough) < NEARLY_ALL * len(share):
        return plain, none, Basis("few", missing)
    inside = facts["year"].isin(enough)
    facts = facts[complete & inside].reset_index(drop=True)
    by_school = facts.groupby("school")["test"]
    others = by_school.transform("size") - 1
    facts["other_years"] = (by_school.transform("sum") - facts["test"]) / others.where(others > 0)
    value, slopes = pd.Series(np.nan, index=facts.index), {}
    for year, part in facts.groupby("year"):
        value[part.index], slopes[int(year)] = _residuals(part)
    basis = Basis("used", missing, int((inside & ~complete).sum()), int(inside.sum()))
    return facts.assign(value=value), pd.Series(slopes, name="slope"), basis


def _residuals(part: pd.DataFrame) -> tuple[np.ndarray, float]:
    """Level minus what test, schoolweging and provider lead one to expect in one year."""
    others = ~part["participant"].astype(bool).to_numpy()
    name = part["provider"].astype(object).where(part["provider"].notna(), "")
    # A provider with few schools cannot have an effect of its own: together they have one.
    counts = name[others].value_counts()
    common = counts.index[counts >= MIN_CELL]
    name = name.where(name.isin(common), "andere")
    design = pd.get_dummies(name, dtype=float)
    design = design.loc[:, design[others].sum() >= MIN_CELL]
    if len(design.columns):  # the largest is the reference, also for those too few to count
        design = design.drop(columns=design[others].sum().idxmax())
    design["test"], design["schoolweging"] = part["test"], part["schoolweging"]
    design.insert(0, "const", 1.0)
    design = design.astype(float)
    params = _expectation(part[others], design[others])
    return (part["level"] - design @ params).to_numpy(), float(params["test"])


def _expectation(part: pd.DataFrame, design: pd.DataFrame) -> pd.Series:
    """Coefficients of the expected level; the test by what lasts of it, if that is strong."""
    from statsmodels.regression.linear_model import WLS

    known = part["other_years"].notna()
    if known.sum() >= 2 * MIN_CELL:
        few, weights = design[known], part.loc[known, "n"]
        instead = few.drop(columns="test").assign(other_years=part["other_years"])
        first = WLS(few["test"], instead, weights=weights).fit()
        if first.tvalues["other_years"] ** 2 >= STRONG:
            second = few.assign(test=first.fittedvalues)
            return WLS(part.loc[known, "level"], second, weights=weights).fit().params
    return WLS(part["level"], design, weights=part["n"]).fit().params


def advice_fill(counts: np.ndarray, advice: AdvicePanel) -> np.ndarray:
    """Hide exact counts and write the category mean in their place.

    Parameters
    ----------
    counts : array, shape (rows, ranks)
        Exact counts.
    advice : AdvicePanel
        Gives the means.
    """
    return _filled(counts, advice.means.to_numpy())


def _filled(counts: np.ndarray, means: np.ndarray) -> np.ndarray:
    return np.where((counts >= HIDDEN[0]) & (counts <= HIDDEN[1]), means, counts)
