"""How much of a true change in the advices stays visible when small counts are hidden.

A part of a raise stays out of sight: a hidden 2 that becomes 3 still prints ``<5``. How large a
part depends on where on the scale pupils were raised: at the bottom nearly every count is hidden,
on top few are. Nobody knows where a programme raised pupils. So the estimate of goal 2 is divided
by the part that is seen of a raise spread as the pupils are, and its interval holds the effects
that belong to a raise at the bottom, in the middle or on top as well: a bound is divided by the
smallest part where that takes it away from zero, by the largest where that takes it toward zero.

The sign, and with it the p value, then hangs on no assumption about the place; and "no difference
that matters" is only said when the largest effect that could hide behind the figures, that of a
raise at the place where least is seen, is too small to matter.

The parts are measured by raising pupils in comparable schools of the exact years, after the
calibration of `outcomes.advice` (docs/methods.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from kansen_analysis.errors import PanelError
from kansen_analysis.estimate.components import variance_components
from kansen_analysis.estimate.effects import EffectEstimate, estimate_effect
from kansen_analysis.estimate.inference import Inference
from kansen_analysis.estimate.panel import to_data
from kansen_analysis.outcomes.advice import SCORES, AdvicePanel, advice_fill, mean_of

PLANTED = 0.2  # levels that the mean is raised: about the smallest difference that matters
AT_MOST = 0.5  # of the pupils who can be raised in a part of the scale; that part may be small
STEPS = ("one", "two")  # steps that a raised pupil goes up
# Thirds of the ten advices: up to vmbo kader, up to vmbo gt/havo, and from havo.
PARTS: Mapping[str, slice] = {
    "all": slice(0, 10),
    "bottom": slice(0, 4),
    "middle": slice(4, 7),
    "top": slice(7, 10),
}
SIZES = (18, 36)  # leavers: small schools have fewer than the first, large ones the second or more
SIZE_NAMES = ("small", "medium", "large")
NEIGHBOURS = 25  # matched school-years of a participant's school-year among which one is drawn
DIGITS = 9  # of a distance; what lies behind them differs between processors


@dataclass(frozen=True, eq=False)
class Attenuation:
    """The part of a true change that is still seen after hiding, filling and calibration.

    Attributes
    ----------
    parts : DataFrame
        Index ``all`` (pupils raised as they are spread over the scale), ``bottom``, ``middle``,
        ``top``; columns ``one`` and ``two``: the steps that a raised pupil goes up.
    by_size : DataFrame
        The mean of one and two steps by part (index) and by leavers of the school: ``small``
        (fewer than 18), ``medium``, ``large`` (36 or more); NaN where no matched school is so.
    """

    parts: pd.DataFrame
    by_size: pd.DataFrame

    @property
    def mean(self) -> float:
        """What estimates are divided by: a raise spread as the pupils are."""
        return float(self.parts.loc["all"].to_numpy().mean())

    @property
    def smallest(self) -> float:
        """The part that is seen where least is seen."""
        return float(self.parts.to_numpy().min())

    @property
    def largest(self) -> float:
        """The part that is seen where most is seen."""
        return float(self.parts.to_numpy().max())

    @property
    def stretch(self) -> tuple[float, float]:
        """What the bounds of an effect that was divided by the mean part are multiplied by.

        First on the side of zero (`Inference.inward`), then where it takes a bound away from zero
        (`Inference.outward`).
        """
        far = self.mean / self.smallest if self.smallest > 0 else np.inf
        return self.mean / self.largest, far

    def interval(self, low, high):
        """Effects that may lie behind an interval of what is seen.

        Where a raise might not be seen at all, nothing bounds them.

        Parameters
        ----------
        low, high : float or array
            Bounds of what is seen.

        Returns
        -------
        tuple
            The bounds, divided so that the interval holds the effect of a raise anywhere.

        Examples
        --------
        >>> parts = pd.DataFrame({"one": [0.8, 0.5], "two": [1.0, 1.0]}, ["all", "bottom"])
        >>> seen = Attenuation(parts, parts)
        >>> [tuple(float(x) for x in seen.interval(*pair)) for pair in ((1, 2), (-1, 2), (-2, -1))]
        [(1.0, 4.0), (-2.0, 4.0), (-4.0, -1.0)]
        """
        low, high = np.asarray(low) / self.mean, np.asarray(high) / self.mean
        inward, outward = self.stretch
        return (
            low * np.where(low < 0, outward, inward),
            high * np.where(high > 0, outward, inward),
        )

    def __repr__(self) -> str:
        """Show the figures, the same on every machine."""
        return (
            f"Attenuation(mean={self.mean:.2f}, smallest={self.smallest:.2f}, "
            f"largest={self.largest:.2f})"
        )


def measure_attenuation(
    advice: AdvicePanel,
    panel: pd.DataFrame,
    *,
    outcome: str = "level",
    seed: int = 1,
    repeats: int = 200,
) -> Attenuation:
    """Measure how much of a true change is seen, by part of the scale and by size of the school.

    For every programme year of a participant a school-year like it is drawn from the comparison
    schools in the exact years: alike in number of advices and schoolweging, on which the part
    depends. There pupils of one part of the scale are raised, so many that the mean over all pupils
    rises by 0.2 level or half of those who can are raised, and the change in what is measured is
    set against the true one. A smaller raise at the bottom is seen less still, but that is a raise
    too small to matter.

    Parameters
    ----------
    advice : AdvicePanel
        Gives the exact counts, the category means and the calibration.
    panel : DataFrame
        The panel as `estimate_advice` takes it.
    outcome : str
        ``"level"`` or ``"havo_up"``. For the latter a raise is only one that is seen in it: steps
        from a part that do not reach havo count for nothing and are left out.
    seed : int
        Of the draws.
    repeats : int
        How often a group of matched school-years is drawn.

    Raises
    ------
    PanelError
        When no comparison school has exact counts, or nobody has a programme year.

    Examples
    --------
    Where every count is large, nothing is hidden and all is seen:

    >>> from kansen_analysis.outcomes.advice import advice_panel
    >>> from kansen_analysis.outcomes.panel import RANKED_ADVICES
    >>> index = pd.MultiIndex.from_product([["90AA00", "90AB00"], range(2018, 2022)])
    >>> counts = pd.DataFrame(50, index.set_names(["school", "year"]), list(RANKED_ADVICES))
    >>> counts.iloc[-1] = 1
    >>> advice = advice_panel(counts, counts)
    >>> panel = advice.rows.assign(schoolweging=30.0, provider=pd.NA, own_region=True)
    >>> panel["cohort"] = panel["school"].map({"90AB00": 2020}).astype("Int64")
    >>> measure_attenuation(advice, panel[panel["year"] < 2021])
    Attenuation(mean=1.00, smallest=1.00, largest=1.00)
    """
    before, rng = matched_school_years(advice, panel, seed, repeats)
    pupils = before.counts.sum(axis=1)
    small, large = SIZES
    of_size = (pupils < small, (pupils >= small) & (pupils < large), pupils >= large)
    scores = SCORES[outcome]
    was = mean_of(before.counts, scores), advice.measured(before.counts, outcome)
    parts, by_size = {}, {}
    for name, part in PARTS.items():
        rates, sums = [], np.zeros((2, len(SIZE_NAMES)))
        for step in (1, 2):
            after = raise_pupils(before.counts, step, PLANTED, rng, part, at_most=AT_MOST)
            true = mean_of(after, scores) - was[0]
            seen = advice.measured(after, outcome) - was[1]
            rates.append(before.rate(seen, true))
            sums += [[(before.weight * x)[rows].sum() for rows in of_size] for x in (seen, true)]
        parts[name] = rates
        nothing = np.full(len(SIZE_NAMES), np.nan)
        by_size[name] = np.divide(sums[0], sums[1], out=nothing, where=sums[1] > 0)
    return Attenuation(
        parts=pd.DataFrame.from_dict(parts, orient="index", columns=list(STEPS)).dropna(),
        by_size=pd.DataFrame.from_dict(by_size, orient="index", columns=list(SIZE_NAMES)),
    )


def raise_pupils(
    counts: np.ndarray,
    step: int,
    shift: float,
    rng: np.random.Generator,
    part: slice = PARTS["all"],
    *,
    at_most: float = 1.0,
) -> np.ndarray:
    """Raise pupils a number of steps, chosen at random, so that the mean rises by ``shift``.

    Parameters
    ----------
    counts : array of int, shape (rows, ranks)
        Exact counts.
    step : int
        Number of ranks a raised pupil goes up; who would pass the highest rank stays.
    shift : float
        Mean rise over all pupils together, in levels.
    rng : numpy.random.Generator
        Chooses the pupils.
    part : slice
        Ranks that raised pupils come from, of `PARTS`.
    at_most : float
        Share of those who can be raised that is not passed; the mean then rises less.

    Examples
    --------
    >>> counts = np.array([[0, 100, 0, 0]])
    >>> raised = raise_pupils(counts, 1, 0.5, np.random.default_rng(1))
    >>> int(raised.sum()), bool(35 < raised[0, 2] < 65)
    (100, True)
    """
    able = np.zeros_like(counts)
    able[:, part] = counts[:, part]
    able = able[:, :-step]
    chance = min(shift * counts.sum() / (step * max(able.sum(), 1)), at_most)
    raised = rng.binomial(able, chance)
    result = counts.copy()
    result[:, :-step] -= raised
    result[:, step:] += raised
    return result


@dataclass(frozen=True)
class MatchedSchoolYears:
    """School-years like those of the participants, one group per repeat."""

    counts: np.ndarray  # rows of all repeats below each other
    weight: np.ndarray  # of each row in the effect

    def rate(self, seen: np.ndarray, true: np.ndarray) -> float:
        """Ratio of the seen to the true change; NaN where nothing changed."""
        changed = (self.weight * true).sum()
        return float((self.weight * seen).sum() / changed) if changed > 0 else np.nan


def matched_school_years(
    advice: AdvicePanel, panel: pd.DataFrame, seed: int, repeats: int
) -> tuple[MatchedSchoolYears, np.random.Generator]:
    """Draw a school-year of a comparison school like each programme year of the participants.

    Parameters
    ----------
    advice, panel, seed, repeats
        As `measure_attenuation` takes them.

    Returns
    -------
    tuple
        The school-years, and the generator to go on with.
    """
    weging = panel.drop_duplicates("school").set_index("school")
    others = weging.index[weging["cohort"].isna()]
    exact = advice.exact[advice.exact.index.get_level_values("school").isin(others)]
    exact = exact[exact.sum(axis=1) > 0]
    counts, school = exact.to_numpy(), exact.index.get_level_values("school")
    running = panel[(panel["year"] >= panel["cohort"]).fillna(False).astype(bool)]
    if not len(counts) or not len(running):
        raise PanelError(
            "The attenuation needs comparison schools with exact advices and participants with a "
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
    weight = n / (n + _components(panel).k)
    return MatchedSchoolYears(counts[at], np.tile(weight, repeats)), rng


def _components(panel: pd.DataFrame):
    data, _ = to_data(panel, size_by_year=True)
    return variance_components(data, int(np.nanmin(data.cohort)))


def estimate_advice(
    panel: pd.DataFrame, attenuation: Attenuation, seed: int = 1, **options
) -> EffectEstimate:
    """Estimate the difference in advice, in levels as if no count were hidden.

    Parameters
    ----------
    panel : DataFrame
        As `effects.estimate_effect` takes it, with the ``value`` and ``n`` of an
        `AdvicePanel`.
    attenuation : Attenuation
        What to correct by.
    seed : int
        Of the redraws.
    **options
        Passed on to `kansen_analysis.estimate.effects.estimate_effect`.

    Returns
    -------
    EffectEstimate
        Effects and standard errors divided by the mean part that is seen; p values stay. Every
        interval (also the 90% one that *geen verschil dat ertoe doet* rests on) holds the effect
        of a raise at any place of the scale: see `Attenuation.interval`. The effects before and
        from 2023-2024, when the rule changed, are in ``by_period``.
    """
    found = estimate_effect(panel, seed, **{"size_by_year": True, **options})
    return corrected(found, attenuation)


def corrected(estimate: EffectEstimate, attenuation: Attenuation) -> EffectEstimate:
    """Correct an estimate of what is seen for what is not.

    Parameters
    ----------
    estimate : EffectEstimate
        In what is seen.
    attenuation : Attenuation
        What to correct by.
    """
    scaled = estimate.rescaled(1 / attenuation.mean)
    inward, outward = attenuation.stretch

    def stretched(each: Inference) -> Inference:
        return replace(each, inward=inward, outward=outward)

    def wide(table):
        table = table.copy()
        for low in [name for name in table.axes[-1] if str(name).endswith("low")]:
            high = low.removesuffix("low") + "high"
            table[low], table[high] = attenuation.interval(
                table[low] * attenuation.mean, table[high] * attenuation.mean
            )
        return table

    event, boards = scaled.event, scaled.board_clustered
    return replace(
        scaled,
        **{name: wide(getattr(scaled, name)) for name in ("versions", "by_cohort", "by_period")},
        inference={name: stretched(each) for name, each in scaled.inference.items()},
        event=event and replace(event, table=wide(event.table), since=stretched(event.since)),
        board_clustered=None if boards is None else wide(boards),
        breakdown=scaled.breakdown * inward,
    )
