"""Goal 2: how high the advices are, although small counts are hidden.

Since 2022-2023 the publisher prints every count of 1 to 4 as ``<5``; before, counts are exact. A
school that is compared over that line seems to change because its counts were hidden. So every
year is hidden by the same rule, also the exact ones; a hidden count becomes the mean that its
category has in the exact years; and as part of a true change then stays out of sight (a hidden 2
that becomes 3 still prints ``<5``), the estimate is divided by the part that is seen: the recovery
rate, measured by moving pupils up in comparable schools of the exact years (METHODS 5.0 to 5.2).

Filled levels serve the comparison of groups only. Of a single school nothing more is known than the
lowest and highest level in `kansen_analysis.panel.advice_levels`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats

from kansen_analysis.effects import FEW, EffectEstimate, dutch, estimate_effect
from kansen_analysis.errors import PanelError
from kansen_analysis.panel import MIN_CELL
from kansen_analysis.randomisation import randomise
from kansen_analysis.regression import Fit, estimate_shocks, fit, to_data
from kansen_analysis.schoolyear import label

HIDDEN = (1, 4)  # the publisher prints a count from 1 to 4 as "<5"
LEVEL = np.arange(10.0)  # PRO = 0 … VWO = 9
HAVO_UP = np.where(LEVEL >= 7, 100.0, 0.0)  # HAVO, HAVO_VWO and VWO, as a percentage
PLANTED = 0.2  # mean number of levels that pupils are moved up to measure the recovery
NEIGHBOURS = 25  # look-alikes of a participant's school-year among which one is drawn
DIGITS = 9  # of a distance; what lies behind them differs between processors
NEARLY_ALL = 0.75  # of the years, and of a year's schools, need a test result to expect a level
ROUNDS = 10  # of the EM check, as measured in METHODS 5.1
GROUPS = 5  # groups of schoolweging that the EM check pulls comparison schools toward

NO_EXACT_YEARS = (
    "De map bevat geen schooljaar waarin alle adviezen precies zijn gepubliceerd. Zonder zo’n jaar "
    "(2021-2022 of eerder) is niet te meten hoeveel van een verandering zichtbaar blijft nu "
    "aantallen van 1 tot en met 4 als ‘<5’ worden afgedrukt, en is dit doel niet te toetsen."
)
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
        Lowest and highest counts, as `kansen_analysis.panel.advice_cells` returns them.

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
        All years there are, as `kansen_analysis.panel.advice_cells` returns them; also the years
        outside the comparison tell what a hidden count is on average.
    years : iterable of int, optional
        Years of the comparison (the protocol's window without its exclusions); by default all.
    schools : DataFrame, optional
        ``school``, ``schoolweging`` (fixed) and ``participant`` (bool) of all regular schools.
        Needed to expect a level.
    tests : DataFrame, optional
        ``school``, ``year``, ``value``: test results, as `kansen_analysis.panel.target_levels`.
    provider : DataFrame, optional
        ``school``, ``year``, ``provider``, as `kansen_analysis.panel.main_provider`.

    Returns
    -------
    AdvicePanel

    Raises
    ------
    PanelError
        When no year is exact; `NO_EXACT_YEARS` says it in Dutch.

    Notes
    -----
    Where nearly all years have test results, the value is the level minus what test result,
    schoolweging and provider lead one to expect, by a regression per year on schools that do not
    take part. Otherwise it is the level itself, and a note says so: subtracting it in some years
    only would set years apart.

    Examples
    --------
    >>> from kansen_analysis.panel import RANKED_ADVICES
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


@dataclass(frozen=True)
class Recovery:
    """The part of a true change that is still seen after hiding and filling.

    Attributes
    ----------
    one, two : float
        When pupils move up one step, and two steps.
    spread : float
        Standard deviation of the rate over groups of look-alikes as large as the participants'.
    """

    one: float
    two: float
    spread: float

    @property
    def mean(self) -> float:
        """What estimates are divided by."""
        return (self.one + self.two) / 2

    def __repr__(self) -> str:
        """Show the figures, the same on every machine."""
        return f"Recovery(one={self.one:.2f}, two={self.two:.2f}, spread={self.spread:.2f})"

    def sentence(self) -> str:
        """Say in Dutch what was done with it.

        Examples
        --------
        >>> print(Recovery(0.80, 0.84, 0.08).sentence())
        Van een echte verandering blijft na het afschermen 80 tot 84% zichtbaar; verschil en
        onzekerheid zijn gedeeld door 0,82. Hoe groot het verschil precies is, is daardoor ongeveer
        10% onzeker; of het boven of onder nul ligt niet.
        """
        low, high = sorted((100 * self.one, 100 * self.two))
        part = dutch(low, 0) if round(low) == round(high) else f"{low:.0f} tot {high:.0f}"
        return (
            f"Van een echte verandering blijft na het afschermen {part}% zichtbaar; verschil en "
            f"onzekerheid zijn gedeeld door {dutch(self.mean, 2)}. Hoe groot het verschil precies "
            f"is, is daardoor ongeveer {dutch(100 * self.spread / self.mean, 0)}% onzeker; of het "
            "boven of onder nul ligt niet."
        )


def recovery(
    advice: AdvicePanel,
    panel: pd.DataFrame,
    *,
    seed: int = 1,
    repeats: int = 200,
    scores: np.ndarray = LEVEL,
) -> Recovery:
    """Measure how much of a true change the filled counts show.

    For every programme year of a participant a school-year like it is drawn from the comparison
    schools in the exact years: alike in number of advices and schoolweging, on which the rate
    depends. There pupils are moved up, 0.2 level on average, and the change in the filled mean is
    set against the change in the true one.

    Parameters
    ----------
    advice : AdvicePanel
        Gives the exact counts and the category means.
    panel : DataFrame
        The panel as `estimate_advice` takes it.
    seed : int
        Of the draws.
    repeats : int
        How often a group of look-alikes is drawn.
    scores : array
        What is averaged: `LEVEL` or `HAVO_UP`.

    Returns
    -------
    Recovery

    Raises
    ------
    PanelError
        When no comparison school has exact counts, or nobody has a programme year.

    Examples
    --------
    Where every count is 5 or more, nothing is hidden and all is seen:

    >>> from kansen_analysis.panel import RANKED_ADVICES
    >>> index = pd.MultiIndex.from_product([["90AA00", "90AB00"], range(2018, 2022)])
    >>> counts = pd.DataFrame(20, index.set_names(["school", "year"]), list(RANKED_ADVICES))
    >>> counts.iloc[-1] = 1
    >>> advice = advice_panel(counts, counts)
    >>> panel = advice.rows.assign(schoolweging=30.0, provider=pd.NA, own_region=True)
    >>> panel["cohort"] = panel["school"].map({"90AB00": 2020}).astype("Int64")
    >>> recovery(advice, panel[panel["year"] < 2021])
    Recovery(one=1.00, two=1.00, spread=0.00)
    """
    before, rng = _look_alikes(advice, panel, seed, repeats)
    rates, spreads = [], []
    for step in (1, 2):
        after = move_up(before.counts, step, PLANTED, rng)
        true = mean_of(after, scores) - mean_of(before.counts, scores)
        seen = mean_of(advice_fill(after, advice), scores) - mean_of(
            advice_fill(before.counts, advice), scores
        )
        rate, spread = before.rate(seen, true)
        rates.append(rate)
        spreads.append(spread)
    return Recovery(*rates, spread=float(np.mean(spreads)))


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


def move_up(counts: np.ndarray, step: int, shift: float, rng: np.random.Generator) -> np.ndarray:
    """Move pupils up a number of steps, chosen at random, so that the mean rises by ``shift``.

    Parameters
    ----------
    counts : array of int, shape (rows, ranks)
        Exact counts.
    step : int
        Number of ranks a moved pupil goes up; who would pass the highest rank stays.
    shift : float
        Mean rise over all pupils together, in levels.
    rng : numpy.random.Generator
        Chooses the pupils.

    Examples
    --------
    >>> counts = np.array([[0, 100, 0, 0]])
    >>> moved = move_up(counts, 1, 0.5, np.random.default_rng(1))
    >>> int(moved.sum()), bool(35 < moved[0, 2] < 65)
    (100, True)
    """
    able = counts[:, :-step]
    chance = min(shift * counts.sum() / (step * max(able.sum(), 1)), 1.0)
    moved = rng.binomial(able, chance)
    result = counts.copy()
    result[:, :-step] -= moved
    result[:, step:] += moved
    return result


@dataclass(frozen=True)
class _LookAlikes:
    """School-years like those of the participants, one group per repeat."""

    counts: np.ndarray  # rows of all repeats below each other
    weight: np.ndarray  # of each row in the effect
    at: np.ndarray  # row of the exact counts it came from
    repeats: int

    def rate(self, seen: np.ndarray, true: np.ndarray) -> tuple[float, float]:
        """Ratio of the seen to the true change, and its spread over the groups."""
        seen, true = (
            (self.weight * change).reshape(self.repeats, -1).sum(axis=1) for change in (seen, true)
        )
        rate = seen.sum() / true.sum()
        # Per group the error over the mean change: a group that happens to move little has no say.
        return float(rate), float(np.std(seen - rate * true) / true.mean())


def _look_alikes(advice: AdvicePanel, panel: pd.DataFrame, seed: int, repeats: int):
    weging = panel.drop_duplicates("school").set_index("school")
    others = weging.index[weging["cohort"].isna()]
    exact = advice.exact[advice.exact.index.get_level_values("school").isin(others)]
    counts = exact.to_numpy()
    counts, school = counts[counts.sum(axis=1) > 0], exact.index.get_level_values("school")
    school = school[exact.to_numpy().sum(axis=1) > 0]
    running = panel[(panel["year"] >= panel["cohort"]).fillna(False).astype(bool)]
    if not len(counts) or not len(running):
        raise PanelError(
            "The recovery rate needs comparison schools with exact advices and participants with a "
            "programme year; add files of 2021-2022 or earlier, or check the start years."
        )
    size = np.log(advice_fill(counts, advice).sum(axis=1))
    place = weging.loc[school, "schoolweging"].to_numpy(float)
    scale = size.std() or 1.0, place.std() or 1.0
    distance = (np.subtract.outer(np.log(running["n"].to_numpy(float)), size) / scale[0]) ** 2 + (
        np.subtract.outer(running["schoolweging"].to_numpy(float), place) / scale[1]
    ) ** 2
    near = min(NEIGHBOURS, len(counts))
    # The draw goes by place, so the order must be the same on every processor: the last digits of a
    # logarithm are not, and equal distances keep the order of school and year.
    alike = np.argsort(distance.round(DIGITS), axis=1, kind="stable")[:, :near]
    rng = np.random.default_rng(seed)
    chosen = rng.integers(0, near, size=(repeats, len(running)))
    at = alike[np.arange(len(running)), chosen].ravel()
    n = running["n"].to_numpy(float)
    weight = n / (n + _shocks(panel).k)
    return _LookAlikes(counts[at], np.tile(weight, repeats), at, repeats), rng


def _shocks(panel: pd.DataFrame):
    data, _ = to_data(panel, size_by_year=True)
    return estimate_shocks(data, int(np.nanmin(data.cohort)))


def estimate_advice(
    panel: pd.DataFrame, recovered: Recovery, seed: int = 1, **options
) -> EffectEstimate:
    """Estimate the difference in advice, in levels as if no count were hidden.

    Parameters
    ----------
    panel : DataFrame
        As `kansen_analysis.effects.estimate_effect` takes it, with the ``value`` and ``n`` of an
        `AdvicePanel`.
    recovered : Recovery
        The rate to divide by.
    seed : int
        Of the redraws.
    **options
        Passed on to `kansen_analysis.effects.estimate_effect`.

    Returns
    -------
    EffectEstimate
        Estimates, errors and bounds divided by the mean rate; p values stay. The effects before
        and from 2023-2024, when the rule changed, are in ``by_period``.
    """
    found = estimate_effect(panel, seed, **{"size_by_year": True, **options})
    scaled = found.rescaled(1 / recovered.mean)
    return replace(scaled, notes=(*scaled.notes, recovered.sentence()))


@dataclass(frozen=True)
class EmCheck:
    """The same effect with hidden counts filled in another way.

    Attributes
    ----------
    effect, std_error, ci_low, ci_high, p_value : float
        In levels.
    recovery : float
        The part of a change that the version behind ``std_error`` shows.
    n_treated : int
        Participants with a programme year.
    """

    effect: float
    std_error: float
    ci_low: float
    ci_high: float
    p_value: float
    recovery: float
    n_treated: int

    def __repr__(self) -> str:
        """Show the figures, the same on every machine."""
        return (
            f"EmCheck(effect={self.effect:.4g}, ci={self.ci_low:.4g} to {self.ci_high:.4g}, "
            f"p={self.p_value:.3f}, {self.n_treated} treated)"
        )

    def sentence(self) -> str:
        """Say in Dutch what it found."""
        return (
            "Controle met een andere invulling van de verborgen aantallen (per school en jaar "
            f"geschat): {dutch(self.effect, 2, signed=True)} niveau, tussen "
            f"{dutch(self.ci_low, 2)} en {dutch(self.ci_high, 2)}."
        )


def em_check(
    advice: AdvicePanel, panel: pd.DataFrame, recovered: Recovery, *, seed: int = 1
) -> EmCheck:
    """Estimate the effect once more, with hidden counts filled per school and year.

    Each count is taken as Poisson around pupils times a share; the shares of a school are those of
    the year, tilted up or down by one figure per school-year, which is pulled toward the mean of
    its own group (participants before and after their start, others by schoolweging) in that year.
    The error comes from the same with one mean for participants and others, divided by its own
    recovery rate: pulling participants toward each other makes them look more alike than they are.

    Parameters
    ----------
    advice : AdvicePanel
        Gives the counts.
    panel : DataFrame
        As `estimate_advice` takes it.
    recovered : Recovery
        Of the category means; it scales the expected level, which rests on them.
    seed : int
        Of the moves that measure the recovery rate, and of redrawn start years.

    Returns
    -------
    EmCheck
    """
    keys = pd.MultiIndex.from_frame(panel[["school", "year"]])
    printed = advice.printed.loc[keys].to_numpy()
    filled = advice.rows.set_index(["school", "year"]).loc[keys]
    expected = (filled["level"] - filled["value"]).to_numpy() if advice.above_expected else 0.0
    year = pd.factorize(panel["year"])[0]
    common, own = _groups(panel)
    together = tilt(printed, advice.means.to_numpy(), year, common)
    apart = tilt(printed, advice.means.to_numpy(), year, own)
    rate = _em_recovery(advice, panel, common, together, seed)

    first, second = (
        first_version(panel.assign(value=mean_of(each.filled, LEVEL) - expected * part))
        for each, part in ((apart, 1 / recovered.mean), (together, rate / recovered.mean))
    )
    effect = float(first.contrast([first.cells["effect"]])["effect"].iloc[0])
    error = float(second.contrast([second.cells["effect"]])["std_error"].iloc[0])
    if second.n_treated < FEW:  # cluster errors are then too small
        error = max(error, float(np.std(randomise(second, 999, seed).draws)))
    error /= rate
    free = first.data.schools() - 1
    reach = float(stats.t.ppf(0.975, free)) * error
    p_value = float(2 * stats.t.sf(abs(effect) / error, free))
    return EmCheck(effect, error, effect - reach, effect + reach, p_value, rate, second.n_treated)


def first_version(panel: pd.DataFrame) -> Fit:
    """Fit V1 of `kansen_analysis.effects.estimate_effect` alone, with size by year.

    Parameters
    ----------
    panel : DataFrame
        As `estimate_advice` takes it; it is not checked.
    """
    data, _ = to_data(panel, size_by_year=True)
    shocks = estimate_shocks(data, int(np.nanmin(data.cohort)))
    return fit(replace(data, weight=data.n / (data.n + shocks.k)))


def _groups(panel: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Number the groups to be pulled together: by schoolweging, and with participants apart."""
    rank = panel["schoolweging"].rank(pct=True, method="average")
    by_weging = np.minimum((rank * GROUPS).astype(int), GROUPS - 1).to_numpy()
    takes_part = panel["cohort"].notna().to_numpy()
    running = (panel["year"] >= panel["cohort"]).fillna(False).to_numpy(bool)
    apart = np.where(takes_part, GROUPS + running, by_weging)
    year = pd.factorize(panel["year"])[0] * (GROUPS + 2)
    return tuple(pd.factorize(year + each)[0] for each in (by_weging, apart))


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

    Returns
    -------
    Tilted

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


def _em_recovery(advice, panel, common, together: Tilted, seed: int, repeats: int = 20) -> float:
    """Recovery rate of the version with one mean; what it pulls toward is held."""
    before, rng = _look_alikes(advice, panel, seed, repeats)
    # A look-alike is pulled toward what the participant's school-year itself is pulled toward.
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
        after = move_up(before.counts, step, PLANTED, rng)
        true = mean_of(after, LEVEL) - mean_of(before.counts, LEVEL)
        rates.append(before.rate(level(after) - level(before.counts), true)[0])
    return float(np.mean(rates))
