"""Goal 2: how high the advices are, although small counts are hidden.

Since 2022-2023 the publisher prints every count of 1 to 4 as ``<5``; before, counts are exact. A
school that is compared over that line seems to change because its counts were hidden. So every
year is hidden by the same rule, also the exact ones; a hidden count becomes the mean that its
category has in the exact years; and as part of a true change then stays out of sight (a hidden 2
that becomes 3 still prints ``<5``), the estimate is divided by the part that is seen: the recovery
rate, measured by moving pupils up in comparable schools of the exact years (METHODS 5.0 to 5.2).

Filled levels serve the comparison of groups only. Of a single school nothing more is known than the
lowest and highest level in `kansen_analysis.outcomes.panel.advice_levels`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import statsmodels.api as sm

from kansen_analysis.errors import PanelError
from kansen_analysis.outcomes.panel import MIN_CELL
from kansen_analysis.sources.schoolyear import label

HIDDEN = (1, 4)  # the publisher prints a count from 1 to 4 as "<5"
LEVEL = np.arange(10.0)  # PRO = 0 … VWO = 9
HAVO_UP = np.where(LEVEL >= 7, 100.0, 0.0)  # HAVO, HAVO_VWO and VWO, as a percentage
NEARLY_ALL = 0.75  # of the years, and of a year's schools, need a test result to expect a level

CAVEAT = (
    "Vanaf 2022-2023 drukt DUO elk aantal van 1 tot en met 4 leerlingen af als ‘<5’. Wij "
    "behandelen daarom alle jaren, ook de jaren met exacte aantallen, alsof ze zo zijn afgedrukt, "
    "en vullen voor elk verborgen aantal het gemiddelde van die adviescategorie in. Zo zijn ‘voor’ "
    "en ‘na’ op dezelfde manier gemeten."
)
_ABOVE = (
    "De maat is het adviesniveau min het niveau dat het eigen toetsresultaat, de schoolweging en "
    "de aanbieder dat jaar doen verwachten. Stijgen de toetsresultaten door het programma, dan "
    "stijgt ook het verwachte advies: hogere adviezen die daarbij passen tellen hier niet mee."
)


@dataclass(frozen=True, eq=False, repr=False)
class AdvicePanel:
    """Advice levels of all schools, every year hidden and filled in the same way.

    Attributes
    ----------
    rows : DataFrame
        One row per school and year: ``school``, ``year``, ``value`` (what the estimator compares),
        ``level`` (mean advice after filling, 0 to 9), ``havo_up`` (percent havo or higher after
        filling) and ``n`` (advices after filling, rounded).
    printed : DataFrame
        Counts by school and year as the publisher would print them; NaN where hidden.
    exact : DataFrame
        The counts of the years in which nothing was hidden.
    means : Series
        Per advice the mean of a hidden count.
    above_expected : bool
        Whether ``value`` is the level above what the school's own test leads one to expect; else
        it is the level itself.
    slopes : Series
        By year, the levels that one point of test result adds to the expected level.
    notes : tuple of str
        In Dutch: what was done and left out.
    """

    rows: pd.DataFrame
    printed: pd.DataFrame
    exact: pd.DataFrame
    means: pd.Series
    above_expected: bool
    slopes: pd.Series
    notes: tuple[str, ...]

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

    Returns
    -------
    AdvicePanel

    Raises
    ------
    PanelError
        When no year is exact.

    Notes
    -----
    Where nearly all years have test results, the value is the level minus what test result,
    schoolweging and provider lead one to expect, by a regression per year on schools that do not
    take part. Otherwise it is the level itself, and a note says so: subtracting it in some years
    only would set years apart.

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
    rows = printed.index.to_frame(index=False).assign(
        level=mean_of(filled, LEVEL),
        havo_up=mean_of(filled, HAVO_UP),
        n=np.maximum(np.rint(filled.sum(axis=1)), 1).astype(int),
    )
    rows, slopes, notes = _above_expected(rows, schools, tests, provider)
    rows = rows[["school", "year", "value", "level", "havo_up", "n"]]
    return AdvicePanel(
        rows=rows.sort_values(["school", "year"], ignore_index=True, kind="stable"),
        printed=printed,
        exact=exact,
        means=means,
        above_expected=len(slopes) > 0,
        slopes=slopes,
        notes=(CAVEAT, *notes),
    )


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
        note = (
            "Er zijn geen toetsresultaten bij deze adviezen; vergeleken wordt het adviesniveau "
            "zelf, niet het niveau boven wat de toets doet verwachten."
        )
        return plain, none, [note]
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
    missing = sorted({int(year) for year in share.index} - {int(year) for year in enough})
    if len(enough) < NEARLY_ALL * len(share):
        note = (
            f"Van {_listed(missing)} zijn er geen of te weinig toetsresultaten in deze map. Het "
            "verwachte advies is daarom niet te berekenen; vergeleken wordt het adviesniveau zelf, "
            "gecorrigeerd voor schoolweging en schoolgrootte."
        )
        return plain, none, [note]
    inside = facts["year"].isin(enough)
    facts = facts[complete & inside].reset_index(drop=True)
    value, slopes = pd.Series(np.nan, index=facts.index), {}
    for year, part in facts.groupby("year"):
        value[part.index], slopes[int(year)] = _residuals(part)
    notes = [_ABOVE]
    if missing:
        notes.append(f"Zonder toetsresultaten, daarom niet in de vergelijking: {_listed(missing)}.")
    if dropped := int((inside & ~complete).sum()):
        notes.append(
            f"{dropped} van de {int(inside.sum())} schooljaren hebben geen eigen toetsresultaat of "
            "schoolweging en tellen niet mee."
        )
    return facts.assign(value=value), pd.Series(slopes, name="slope"), notes


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
    design = sm.add_constant(design.astype(float), has_constant="add")
    fitted = sm.WLS(part["level"][others], design[others], weights=part["n"][others]).fit()
    return (part["level"] - fitted.predict(design)).to_numpy(), float(fitted.params["test"])


def _listed(years: list[int]) -> str:
    names = [label(year) for year in years]
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " en " + names[-1]


def advice_fill(counts: np.ndarray, advice: AdvicePanel) -> np.ndarray:
    """Hide exact counts and write the category mean in their place.

    Parameters
    ----------
    counts : array, shape (rows, ranks)
        Exact counts.
    advice : AdvicePanel
        Gives the means.
    """
    hidden = (counts >= HIDDEN[0]) & (counts <= HIDDEN[1])
    return np.where(hidden, advice.means.to_numpy(), counts)
