"""The effect of taking part: one regression, five fixed versions, and how far to trust it.

`estimate_effect` fits Wooldridge's ETWFE (see `etwfe`) on a panel of schools and reports the mean
difference over all programme years of the participants:

V1  all years before, all comparison schools in the panel (pool B and A together);
V2  V1 with a cell of its own for the two tested years before each start, so that joining after a
    bad year cannot pose as recovery;
V3  V1 without the two last tested years before the first start, for everybody;
V4  V1 with comparison schools from the own region only (pool A), which takes out what happened to
    the whole region;
V5  V1 with one linear trend of their own for the participants, so that schools that were moving
    up already cannot pose as success.

Beside them stand the guards: the mean effect against the last year before the start alone
(`event`), other pupils (`guards.Intake`), schools that differ, neighbours, and where participants
stood before. A verdict needs all of it (`rule.judge`). Nothing here estimates by itself: every
figure is a contrast on a fit of statsmodels, or that same contrast under redrawn start years.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Integral

import numpy as np
import pandas as pd

from kansen_analysis.errors import PanelError, Reason, UsageError
from kansen_analysis.estimate import guards
from kansen_analysis.estimate.codes import Lack, Note
from kansen_analysis.estimate.components import (
    VarianceComponents,
    implied_covariance,
    variance_components,
)
from kansen_analysis.estimate.etwfe import (
    FIGURES,
    EstimabilityError,
    Fit,
    Prepared,
    cell_table,
    figures_of,
    fit,
    prepare,
)
from kansen_analysis.estimate.event import EventStudy, event_study
from kansen_analysis.estimate.inference import MISSING, Inference, infer
from kansen_analysis.estimate.panel import Data, check_panel, to_data
from kansen_analysis.estimate.specifications import LEAST, versions
from kansen_analysis.outcomes.fixed import BREAK, FEW, VERSIONS
from kansen_analysis.sources.schoolyear import label

__all__ = ["BREAK", "FEW", "VERSIONS", "EffectEstimate", "estimate_effect"]

DECISION = ["effect", "p_value", "ci_low", "ci_high", "ci90_low", "ci90_high", "method"]


@dataclass(frozen=True, eq=False, repr=False)
class EffectEstimate:
    """What `estimate_effect` found. Effects are in the unit of the panel's ``value``.

    Attributes
    ----------
    decides : str
        The version that gives effect, interval and p value.
    versions : DataFrame
        Index V1 to V5: ``effect, std_error, ci_low, ci_high, p_value`` clustered by school,
        ``n_treated``, ``n_others`` (schools), ``left`` (share of the participants' programme years
        that it rests on) and ``lack`` (why it is not there, a value of `codes.Lack`); its figures
        are NaN then.
    inference : dict of str to Inference
        Per version how sure it is; the deciding one also by board.
    lost : DataFrame
        Per version the cells that were left out with their rows, for all schools or for those
        without the years it asks for: ``version, cohort, year, count, effect, lack``.
    by_cohort, by_period : DataFrame
        The deciding version by first programme year (without p values: these are no tests), and
        before and from 2023-2024.
    event : EventStudy or None
        The years around the start in the deciding version's rows.
    intake : guards.Intake
    spread : guards.Spread
    neighbours : guards.Neighbours or None
    baseline : guards.Baseline
    trend, trend_error : float
        The participants' own trend per year in V5.
    breakdown : float
        How much steeper per year than the comparison schools the participants' own path must be
        for the deciding version's interval to hold zero; 0 when it does.
    board_clustered : Series or None
        The five figures of the deciding version clustered by board, ``n_boards`` and
        ``n_boards_treated``; with fewer than 20 of the latter the error is probably too small.
    joint, joint_model : DataFrame
        Covariance of V1 to V5 and ``since`` (the event study's mean), as the schools' own movements
        show it and as `components` leads one to expect for this very panel.
    components : VarianceComponents
        Chance movement of school-years before the programme, which also sets the weights.
    n_schools, n_treated : int
        Schools in the deciding version, and participants with a programme year among them.
    lost_participants : float
        Share of the panel's participants that it does not rest on.
    notes : tuple of Reason
        What was left out, and which figures could not be made (`codes.Note`).
    """

    decides: str
    versions: pd.DataFrame
    inference: Mapping[str, Inference]
    lost: pd.DataFrame
    by_cohort: pd.DataFrame
    by_period: pd.DataFrame
    event: EventStudy | None
    intake: guards.Intake
    spread: guards.Spread
    neighbours: guards.Neighbours | None
    baseline: guards.Baseline
    trend: float
    trend_error: float
    breakdown: float
    board_clustered: pd.Series | None
    joint: pd.DataFrame
    joint_model: pd.DataFrame
    components: VarianceComponents
    n_schools: int
    n_treated: int
    lost_participants: float
    notes: tuple[Reason, ...] = ()

    @cached_property
    def decision(self) -> pd.DataFrame:
        """What the verdict uses, per version: the widest of what applies (see `Inference`)."""
        rows = {}
        for name in VERSIONS:
            each = self.inference.get(name, MISSING)
            bounds = (*each.interval(), *each.interval(0.90))
            rows[name] = [each.effect, each.p_value(), *bounds, each.method]
        table = pd.DataFrame.from_dict(rows, orient="index", columns=DECISION)
        table.index.name = "version"
        return table

    @property
    def _deciding(self) -> Inference:
        return self.inference.get(self.decides, MISSING)

    @property
    def effect(self) -> float:
        """Mean over the participants' school-years with the programme, deciding version."""
        return self._deciding.effect

    @property
    def std_error(self) -> float:
        """Its standard error, clustered by school."""
        return self._deciding.error

    @property
    def ci_low(self) -> float:
        """Lower end of its 95% interval, as the verdict uses it."""
        return self._deciding.interval()[0]

    @property
    def ci_high(self) -> float:
        """Upper end."""
        return self._deciding.interval()[1]

    @property
    def p_value(self) -> float:
        """Its p value, as the verdict uses it."""
        return self._deciding.p_value()

    @property
    def method(self) -> str:
        """Where its interval comes from: ``cluster``, ``board`` or ``randomisation``."""
        return self._deciding.method

    def __repr__(self) -> str:
        """Show the figures the verdict uses, the same on every machine."""
        return (
            f"EffectEstimate({self.decides}: effect={self.effect:.4g}, ci={self.ci_low:.4g} to "
            f"{self.ci_high:.4g}, p={self.p_value:.3f}, {self.n_schools} schools, "
            f"{self.n_treated} treated, {self.method})"
        )

    def rescaled(self, factor: float) -> EffectEstimate:
        """Return the estimate in another unit, or divided by a recovery rate.

        Parameters
        ----------
        factor : float
            Every effect, error and bound is multiplied by it; p values stay.

        Examples
        --------
        >>> from kansen_analysis.demo.panels import simulate
        >>> estimate = estimate_effect(simulate("S0", seed=1, schools=60, treated=40))
        >>> bool(np.isclose(estimate.rescaled(1 / 0.83).effect, estimate.effect / 0.83))
        True
        """
        if not factor > 0:
            raise PanelError(f"A factor of {factor} turns the effect round; it must be above 0.")

        def scaled(figures):
            names = [n for n in figures.axes[-1] if n in FIGURES or n.startswith("ci")]
            names = [n for n in names if n != "p_value"]
            figures = figures.copy()
            figures[names] = figures[names] * factor
            return figures

        near = self.neighbours
        frames = ("versions", "by_cohort", "by_period")
        numbers = ("trend", "trend_error", "breakdown")
        before = self.baseline
        return replace(
            self,
            **{name: getattr(self, name) * factor for name in numbers},
            **{name: scaled(getattr(self, name)) for name in frames},
            inference={name: each.rescaled(factor) for name, each in self.inference.items()},
            event=self.event and self.event.rescaled(factor),
            baseline=guards.Baseline(before.difference * factor, before.adjusted * factor),
            intake=self.intake.rescaled(factor),
            spread=replace(self.spread, extra=self.spread.extra * factor),
            neighbours=near
            and replace(
                near, difference=near.difference * factor, std_error=near.std_error * factor
            ),
            board_clustered=None if self.board_clustered is None else scaled(self.board_clustered),
            joint=self.joint * factor**2,
            joint_model=self.joint_model * factor**2,
            components=replace(
                self.components,
                pupil_sd=self.components.pupil_sd * factor,
                school_year_sd=self.components.school_year_sd * factor,
            ),
        )


def estimate_effect(
    panel: pd.DataFrame,
    seed: int = 1,
    *,
    decides: str = "V1",
    draws: int = 999,
    size_by_year: bool = False,
    details: bool = True,
) -> EffectEstimate:
    """Estimate what taking part goes together with, in five fixed versions.

    Parameters
    ----------
    panel : DataFrame
        One row per school and school year, sorted by both: ``school`` (text), ``year`` (first year
        of the school year), ``value`` (higher is better), ``n`` (pupils behind it), ``cohort``
        (Int64, first year with the programme, NA for comparison schools), ``schoolweging`` (fixed,
        from before the programme), ``provider`` (text or NA), ``own_region`` (bool) and, when
        known, ``board`` (text) and ``schoolweging_year`` (the year's own, NA where not known).
    seed : int
        Of the redraws; the same seed gives the same figures.
    decides : str
        The version that gives effect, interval and p value.
    draws : int
        Number of redraws of start years, where schools are few.
    size_by_year : bool
        Add log(pupils before the programme) by year to the model (goal 2, docs/methods.md).
    details : bool
        False leaves out the tables by cohort and period (simulations).

    Raises
    ------
    PanelError
        When the panel cannot be analysed; the message says what to do.
    UsageError
        When there is no such version, or the seed is not a whole number from 0 on.

    Notes
    -----
    Weights are ``n / (n + k)`` with k from the years before the first start. Below 40 participants
    or comparison schools in a version, cluster-robust errors are too small, so redrawn start years
    take their place: the p value counts draws, the interval holds the constant effects that the
    draws do not reject (test inversion), so the two agree. The deciding version's interval is at
    least that of boards as clusters, with as many degrees of freedom as boards take part, less one.

    Examples
    --------
    >>> from kansen_analysis.demo.panels import simulate
    >>> estimate_effect(simulate("S0", seed=1, effect=0.2)).n_treated
    80
    """
    if decides not in VERSIONS:
        raise UsageError(f"There is no version {decides}; choose from {', '.join(VERSIONS)}.")
    if not isinstance(seed, Integral) or seed < 0:
        raise UsageError(f"A seed is a whole number from 0 on, not {seed!r}.")
    check_panel(panel)
    data, notes = to_data(panel, size_by_year=size_by_year)
    if not data.treated.any():
        raise PanelError(
            "No participant has years both before and after its start; add earlier years, or "
            "leave these schools out."
        )
    start = int(np.nanmin(data.cohort))
    components = variance_components(data, start)
    if components.pairs == 0:
        notes.append(Reason(Note.USUAL_WEIGHT, {"k": components.k}))
    data = replace(data, weight=data.n / (data.n + components.k))
    fits, table, lost, shared = _fit_all(data, start)
    for name, lack in table["lack"].items():
        if lack:
            notes.append(Reason(Note.VERSION_MISSING, {"version": name, "lack": lack}))
    notes += _lost_notes(lost)

    main = fits.get(decides)
    sure = {
        name: infer(each, boards=name == decides, draws=draws, seed=seed)
        for name, each in fits.items()
    }
    event = None if main is None else event_study(shared[decides], draws=draws, seed=seed)
    joint = _joint(fits, event, components)
    by_cohort, by_period = _tables(main if details else None)
    trend, trend_error = _trend(fits.get("V5"))
    people = panel.loc[panel["cohort"].notna(), "school"].nunique()
    n_treated = main.n_treated if main else 0
    return EffectEstimate(
        decides=decides,
        versions=table,
        inference=sure,
        lost=lost,
        by_cohort=by_cohort,
        by_period=by_period,
        event=event,
        intake=guards.intake(main, start) if main else guards.Intake.nothing(),
        spread=guards.spread(main, components) if main else guards.Spread(np.nan, np.nan),
        neighbours=(
            guards.neighbours(fits["V1"], fits["V4"]) if {"V1", "V4"} <= fits.keys() else None
        ),
        baseline=guards.baseline(main.data, start) if main else guards.Baseline(np.nan, np.nan),
        trend=trend,
        trend_error=trend_error,
        breakdown=_breakdown(main, sure[decides]) if main else np.nan,
        board_clustered=_by_board(main, sure[decides]) if main else None,
        joint=joint[0],
        joint_model=joint[1],
        components=components,
        n_schools=main.n_schools if main else data.schools(),
        n_treated=n_treated,
        lost_participants=1 - n_treated / people,
        notes=tuple(notes),
    )


def _fit_all(data: Data, start: int):
    """Fit the versions; per version its figures or what is the matter, and what was left out."""
    total = int(data.treated.sum())
    fits: dict[str, Fit] = {}
    rows, lost, shared = {}, [], {}
    done: dict[int, Prepared] = {}
    for name, version in versions(data, start).items():
        lack, found = version.lack, None
        if not lack:
            key = id(version.data)
            shared[name] = done[key] = done.get(key) or prepare(version.data)
            try:
                found = fit(shared[name], **version.options)
            except EstimabilityError as error:
                if name == "V1" and error.lack == Lack.ROWS:
                    raise
                lack = error.lack
        row = dict.fromkeys(FIGURES, np.nan) | {"n_treated": 0, "n_others": 0, "left": 0.0}
        if found is not None:
            row["left"] = int(found.cells["count"].to_numpy()[found.all].sum()) / total
            gone = ~np.isin(data.school, version.data.school) & data.treated
            if gone.any():
                dropped = cell_table(data.rows(gone)).assign(lack=Lack.YEARS_BEFORE)
                lost.append(dropped.assign(version=name))
            if len(found.lost):
                lost.append(found.lost.assign(version=name))
            if row["left"] < LEAST:
                lack = found.lack or Lack.YEARS_BEFORE
        if found is not None and not lack:
            fits[name] = found
            row |= found.total | {"n_treated": found.n_treated, "n_others": found.n_others}
        rows[name] = row | {"lack": str(lack)}
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = "version"
    columns = ["version", "cohort", "year", "count", "effect", "lack"]
    gone = pd.concat(lost, ignore_index=True)[columns] if lost else pd.DataFrame(columns=columns)
    return fits, table, gone, shared


def _lost_notes(lost: pd.DataFrame) -> list[Reason]:
    """Tell which programme years were left out, versions with the same ones together."""
    found: dict[tuple, list[str]] = {}
    for name, part in lost[lost["effect"].astype(bool)].groupby("version"):
        cells = tuple((int(g), int(t)) for g, t in part[["cohort", "year"]].to_numpy())
        found.setdefault(cells, []).append(str(name))
    return [
        Reason(Note.LEFT_OUT, {"versions": tuple(names), "cells": cells})
        for cells, names in found.items()
    ]


def _tables(main: Fit | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the effect by start year and by period."""
    if main is None:
        nothing = pd.DataFrame(columns=[*FIGURES, "school_years"], dtype=float)
        return nothing, nothing.copy()
    cohort, year, count = (main.cells[name].to_numpy() for name in ("cohort", "year", "count"))
    period = np.where(year < BREAK, f"t/m {label(BREAK - 1)}", f"vanaf {label(BREAK)}")
    tables = []
    for name, group in {"cohort": cohort, "period": period}.items():
        keys = np.unique(group[main.all]).tolist()
        picks = [(group == key) & main.all for key in keys]
        figures = main.contrast(picks)
        figures.index = pd.Index(keys, name=name)
        figures["school_years"] = [int(count[pick].sum()) for pick in picks]
        tables.append(figures)
    return tables[0].drop(columns="p_value"), tables[1]


def _trend(fifth: Fit | None) -> tuple[float, float]:
    """Return the participants' own trend and its standard error."""
    if fifth is None:
        return np.nan, np.nan
    contrast = np.zeros((1, fifth.design.shape[1]))
    contrast[0, -1] = 1 / max(
        np.ptp(fifth.data.years), 1
    )  # the column runs over all years together
    figures = fifth.figures(contrast).iloc[0]
    return float(figures["effect"]), float(figures["std_error"])


def _breakdown(main: Fit, sure: Inference) -> float:
    """Per year, the drift that the interval cannot tell from an effect."""
    low, high = sure.interval()
    own = ~np.isnan(main.data.cohort)
    years = float((main.loads * own * main.data.year).sum())  # from the years before to those since
    return max(low, -high, 0.0) / years


def _by_board(main: Fit, sure: Inference) -> pd.Series | None:
    if main.data.board is None:
        return None
    boards = len(np.unique(main.data.board))
    figures = figures_of(sure.effect, sure.board_error, max(sure.board_free, 1)).iloc[0]
    if sure.board_free < 1:
        figures[["std_error", "ci_low", "ci_high", "p_value"]] = np.nan
    counts = {"n_boards": boards, "n_boards_treated": sure.board_free + 1}
    return pd.concat([figures, pd.Series(counts)])


def _joint(fits: Mapping[str, Fit], event: EventStudy | None, components: VarianceComponents):
    """Covariance of all versions and the event study's mean: seen, and by the components."""
    every = dict(fits)
    if event is not None and event.fit is not None:
        every["since"] = event.fit
    names = list(every)
    if not names:
        empty = pd.DataFrame(dtype=float)
        return empty, empty
    influence = np.array([each.influence for each in every.values()])
    errors = np.array([each.total["std_error"] for each in every.values()])
    seen = influence @ influence.T
    size = errors / np.sqrt(np.diag(seen))
    seen = pd.DataFrame(seen * np.outer(size, size), names, names)
    if components.pairs == 0:
        return seen, seen
    model = implied_covariance([(each.data, each.loads) for each in every.values()], components)
    return seen, pd.DataFrame(model, names, names)
