"""The effect of taking part: one regression, four fixed versions, and how far to trust it.

`estimate_effect` fits Wooldridge's ETWFE (see `etwfe`) on a panel of schools
and reports the mean difference over all programme years of the participants:

V1  all years before, all comparison schools in the panel (pool B and A together);
V2  V1 with a cell of its own for the two tested years before each start, so that joining after a
    bad year cannot pose as recovery;
V3  V1 without the two last tested years before the first start, for everybody;
V4  V1 with comparison schools from the own region only (pool A), which takes out what happened to
    the whole region.

A verdict needs all four (`rule.judge`). Nothing here estimates by itself: every
figure is a contrast on a fit of statsmodels, or that same contrast under redrawn start years.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from kansen_analysis.errors import PanelError
from kansen_analysis.estimate.etwfe import (
    Data,
    Fit,
    Shocks,
    check_panel,
    drop_unusable,
    estimate_shocks,
    fit,
    to_data,
)
from kansen_analysis.estimate.randomisation import Randomisation, randomise
from kansen_analysis.outcomes.fixed import BREAK, FEW, VERSIONS
from kansen_analysis.sources.schoolyear import label

__all__ = [
    "FIGURES",
    "DetectableDifference",
    "EffectEstimate",
    "Leads",
    "detectable_difference",
    "estimate_effect",
]

FIGURES = ["effect", "std_error", "ci_low", "ci_high", "p_value"]
TOO_FEW = 10  # below this no verdict on the programme
LEADS = (-5, -4, -3, -2)  # tested years before the start, against the last one


@dataclass(frozen=True, eq=False)
class Leads:
    """Differences that were already there before the start, against the last year before it.

    Attributes
    ----------
    table : DataFrame
        Per lead (index ``step``: -5 to -2 tested years) the five figures.
    statistic, p_value : float
        Joint Wald test that all are zero. It finds a bad year before joining in about a third of
        the cases only, so it is shown and never a gate.
    largest : float
        The lead farthest from zero.
    effect_minus_largest : float
        The effect when that lead is taken off, on the side that makes it smaller.
    """

    table: pd.DataFrame
    statistic: float
    p_value: float
    largest: float
    effect_minus_largest: float

    def __repr__(self) -> str:
        """Show the figures, the same on every machine."""
        return f"Leads({len(self.table)}, p_value={self.p_value:.3f}, largest={self.largest:.4g})"


@dataclass(frozen=True, eq=False, repr=False)
class EffectEstimate:
    """What `estimate_effect` found. Effects are in the unit of the panel's ``value``.

    Attributes
    ----------
    effect, std_error, ci_low, ci_high, p_value : float
        V1: mean over the participants' school-years with the programme, cluster-robust by school,
        95% interval.
    n_schools, n_treated : int
        Schools in V1, and participants with at least one programme year among them.
    versions : DataFrame
        Index V1 to V4, the same five figures; a version that cannot be estimated is NaN.
    decision : DataFrame
        Index V1 to V4: what the verdict uses (``effect, p_value, ci_low, ci_high, ci90_low,
        ci90_high``): the figures of `versions`, or those of `randomisation` below 40 participants.
    method : str
        ``"cluster"`` or ``"randomisation"``: where `decision` comes from.
    by_exposure, by_cohort, by_period : DataFrame
        The same contrast by years since the start (index 0, 1, ...), by first programme year
        (without p values: these are no tests) and before and from 2023-2024.
    leads : Leads or None
        Differences before the start; None when no cohort has two years before.
    board_clustered : Series or None
        The five figures of V1 clustered by board, ``n_boards`` and ``n_boards_treated``; with fewer
        than 20 of the latter the error is probably too small.
    randomisation : dict of str to Randomisation, or None
        Per version, below 40 participants or on request.
    shocks : Shocks
        Chance movement of school-years before the programme, which also sets the weights.
    model_errors : Series
        Per version the standard error that `shocks` leads one to expect for this very panel.
    notes : tuple of str
        In Dutch: what was left out, and which figures could not be made.
    """

    effect: float
    std_error: float
    ci_low: float
    ci_high: float
    p_value: float
    n_schools: int
    n_treated: int
    versions: pd.DataFrame
    decision: pd.DataFrame
    method: str
    by_exposure: pd.DataFrame
    by_cohort: pd.DataFrame
    by_period: pd.DataFrame
    leads: Leads | None
    board_clustered: pd.Series | None
    randomisation: Mapping[str, Randomisation] | None
    shocks: Shocks
    model_errors: pd.Series
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Show the figures, the same on every machine."""
        return (
            f"EffectEstimate(effect={self.effect:.4g}, ci={self.ci_low:.4g} to "
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

        leads = self.leads and replace(
            self.leads,
            table=scaled(self.leads.table),
            largest=self.leads.largest * factor,
            effect_minus_largest=self.leads.effect_minus_largest * factor,
        )
        draws = self.randomisation and {
            name: replace(r, effect=r.effect * factor, draws=r.draws * factor)
            for name, r in self.randomisation.items()
        }
        frames = ("versions", "decision", "by_exposure", "by_cohort", "by_period")
        numbers = ("effect", "std_error", "ci_low", "ci_high", "model_errors")
        shocks = replace(
            self.shocks,
            pupil_sd=self.shocks.pupil_sd * factor,
            shock_sd=self.shocks.shock_sd * factor,
        )
        return replace(
            self,
            **{name: getattr(self, name) * factor for name in numbers},
            **{name: scaled(getattr(self, name)) for name in frames},
            leads=leads,
            board_clustered=None if self.board_clustered is None else scaled(self.board_clustered),
            randomisation=draws,
            shocks=shocks,
        )

    def summary(self, version: str = "V1") -> str:
        """Say in Dutch what was found, with the doubt that belongs to it."""
        row = self.decision.loc[version]
        if np.isnan(row["effect"]):
            return f"Versie {version} is met deze gegevens niet te berekenen."
        how = "loten van startjaren" if self.method == "randomisation" else "spreiding per school"
        lines = [
            f"Verschil na de start: {dutch(row['effect'], 2, signed=True)}; het kan ook liggen "
            f"tussen {dutch(row['ci_low'], 2)} en {dutch(row['ci_high'], 2)} "
            f"(95%-interval, {how}).",
            f"{self.n_treated} deelnemende scholen, "
            f"{self.n_schools - self.n_treated} scholen om mee te vergelijken.",
        ]
        for name, effect in self.versions["effect"].items():
            text = "niet te berekenen" if np.isnan(effect) else dutch(effect, 2, signed=True)
            lines.append(f"{name} ({VERSIONS[name]}): {text}.")
        return "\n".join([*lines, *self.notes])


def dutch(x: float, decimals: int = 1, *, signed: bool = False) -> str:
    """Write a number with a decimal comma and a true minus sign.

    Examples
    --------
    >>> dutch(-1.25, 2), dutch(3.04, 1, signed=True), dutch(-0.001, 1, signed=True)
    ('−1,25', '+3,0', '0,0')
    """
    if not np.isfinite(x):
        return "onbekend"
    size = f"{abs(x):.{decimals}f}"
    if float(size) == 0:
        return size.replace(".", ",")
    sign = "−" if x < 0 else "+" if signed else ""
    return sign + size.replace(".", ",")


def estimate_effect(
    panel: pd.DataFrame,
    seed: int = 1,
    *,
    randomise_always: bool = False,
    draws: int = 999,
    size_by_year: bool = False,
    details: bool = True,
) -> EffectEstimate:
    """Estimate what taking part goes together with, in four fixed versions.

    Parameters
    ----------
    panel : DataFrame
        One row per school and school year, sorted by both: ``school`` (text), ``year`` (first year
        of the school year), ``value`` (higher is better), ``n`` (pupils behind it), ``cohort``
        (Int64, first year with the programme, NA for comparison schools), ``schoolweging`` (fixed,
        from before the programme), ``provider`` (text or NA), ``own_region`` (bool) and, when
        known, ``board`` (text).
    seed : int
        Of the redraws; the same seed gives the same figures.
    randomise_always : bool
        Redraw start years also with 40 or more participants (shown, not used by the verdict).
    draws : int
        Number of redraws.
    size_by_year : bool
        Add log(pupils before the programme) by year to the model (goal 2, METHODS 5.2).
    details : bool
        False leaves out leads and the tables by exposure, cohort and period (simulations).

    Returns
    -------
    EffectEstimate

    Raises
    ------
    PanelError
        When the panel cannot be analysed; the message says what to do.

    Notes
    -----
    Weights are ``n / (n + k)`` with k from the years before the first start. Standard errors equal
    those of the model with a dummy per school. Below 40 participants cluster-robust errors are too
    small, so the verdict then uses redrawn start years: the p value counts draws, the interval
    holds the constant effects that the draws do not reject (test inversion), so the two agree.

    Examples
    --------
    >>> from kansen_analysis.demo.panels import simulate
    >>> estimate_effect(simulate("S0", seed=1, effect=0.2)).n_treated
    80
    """
    check_panel(panel)
    data, notes = to_data(panel, size_by_year=size_by_year)
    if not data.treated.any():
        raise PanelError(
            "No participant has years both before and after its start; add earlier years, or "
            "leave these schools out."
        )
    start = int(np.nanmin(data.cohort))
    shocks = estimate_shocks(data, start)
    if shocks.pairs == 0:
        notes.append("Te weinig jaren vooraf om toevalsschommelingen te meten; gewicht n/(n+54).")
    data = replace(data, weight=data.n / (data.n + shocks.k))
    fits: dict[str, Fit] = {}
    for name, (part, leads, problem) in _versions(data, start).items():
        if problem is None:
            try:
                fits[name] = fit(part, leads)
                continue
            except PanelError:
                if name == "V1":
                    raise
                problem = "de gegevens laten dat niet toe"
        notes.append(f"{name} is niet te berekenen: {problem}.")
    main = fits["V1"]
    for name, each in fits.items():
        if each.lost["effect"].any():
            cells = ", ".join(
                f"start {label(g)} in {label(t)}"
                for g, t in each.lost.loc[each.lost["effect"], ["cohort", "year"]].to_numpy()
            )
            notes.append(f"{name}: niet te onderscheiden en weggelaten: {cells}.")

    versions = pd.DataFrame(index=pd.Index(list(VERSIONS), name="version"), columns=FIGURES)
    versions = versions.astype(float)
    for name, each in fits.items():
        versions.loc[name] = each.contrast([each.cells["effect"]]).iloc[0]
    few = main.n_treated < FEW
    redrawn = None
    if few or randomise_always:
        redrawn = {name: randomise(each, draws, seed) for name, each in fits.items()}
    return EffectEstimate(
        **versions.loc["V1"].to_dict(),
        n_schools=main.data.schools(),
        n_treated=main.n_treated,
        versions=versions,
        decision=_decision(versions, fits, redrawn if few else None),
        method="randomisation" if few else "cluster",
        **_tables(main, details),
        leads=_leads(data, float(versions.loc["V1", "effect"])) if details else None,
        board_clustered=_by_board(main),
        randomisation=redrawn,
        shocks=shocks,
        model_errors=pd.Series(
            {
                name: _model_error(fits[name], shocks) if name in fits else np.nan
                for name in VERSIONS
            }
        ),
        notes=tuple(notes),
    )


def _versions(data: Data, start: int):
    """Per version: its rows, its lead cells, and why it cannot be fitted (or None)."""
    years = data.years
    step = np.searchsorted(years, data.year) - np.searchsorted(years, data.cohort)
    v2, _ = drop_unusable(data, (step <= -3) & ~np.isnan(data.cohort))
    last_two = years[years < start][-2:]
    v3, _ = drop_unusable(data.rows(~np.isin(data.year, last_two)))
    v4 = data.rows(data.own_region | ~np.isnan(data.cohort))
    short = "er zijn te weinig jaren vooraf"
    alone = "er zijn geen vergelijkbare scholen uit de eigen regio"
    return {
        "V1": (data, (), None),
        "V2": (v2, (-2, -1), None if v2.treated.any() else short),
        "V3": (v3, (), None if v3.treated.any() else short),
        "V4": (v4, (), None if np.isnan(v4.cohort).any() else alone),
    }


def _decision(versions: pd.DataFrame, fits: Mapping[str, Fit], redrawn) -> pd.DataFrame:
    table = versions[["effect", "p_value", "ci_low", "ci_high"]].assign(
        ci90_low=np.nan, ci90_high=np.nan
    )
    bounds = ["ci_low", "ci_high"], ["ci90_low", "ci90_high"]
    for name, each in fits.items():
        if redrawn is not None:
            table.loc[name, "p_value"] = redrawn[name].p_value()
            for columns, level in zip(bounds, (0.95, 0.90), strict=True):
                table.loc[name, columns] = redrawn[name].interval(level)
        else:
            reach = stats.t.ppf(0.95, each.data.schools() - 1) * versions.loc[name, "std_error"]
            table.loc[name, bounds[1]] = table.loc[name, "effect"] + np.array([-reach, reach])
    return table


def _tables(main: Fit, details: bool) -> dict[str, pd.DataFrame]:
    cells = main.cells
    period = np.where(cells["year"] < BREAK, f"t/m {label(BREAK - 1)}", f"vanaf {label(BREAK)}")
    groups = {"by_exposure": cells["exposure"], "by_cohort": cells["cohort"], "by_period": period}
    tables = {}
    for name, group in groups.items():
        group = pd.Series(group, cells.index)
        keys = sorted(group[cells["effect"]].unique())
        picks = [(group == key) & cells["effect"] for key in keys] if details else []
        table = main.contrast(picks) if picks else pd.DataFrame(columns=FIGURES, dtype=float)
        table.index = pd.Index(keys if picks else [], name=name.removeprefix("by_"))
        table["school_years"] = [int(cells.loc[pick, "count"].sum()) for pick in picks]
        tables[name] = table
    tables["by_cohort"] = tables["by_cohort"].drop(columns="p_value")
    return tables


def _leads(data: Data, effect: float) -> Leads | None:
    try:
        full = fit(data, leads=None)
    except PanelError:  # too few school-years for a cell per lead
        return None
    step = full.cells["step"]
    steps = [lead for lead in LEADS if (step == lead).any()]
    if not steps:
        return None
    picks = [step == lead for lead in steps]
    table = full.contrast(picks)
    table.index = pd.Index(steps, name="step")
    statistic, p_value = full.joint(picks)
    largest = float(table["effect"].loc[table["effect"].abs().idxmax()])
    return Leads(table, statistic, p_value, largest, effect - np.sign(effect) * abs(largest))


def _by_board(main: Fit) -> pd.Series | None:
    if main.by_board is None:
        return None
    figures = main.contrast([main.cells["effect"]], by_board=True).iloc[0]
    board, own = main.data.board, ~np.isnan(main.data.cohort)
    counts = {"n_boards": len(np.unique(board)), "n_boards_treated": len(np.unique(board[own]))}
    return pd.concat([figures, pd.Series(counts)])


def _model_error(main: Fit, shocks: Shocks) -> float:
    """Return the standard error that the measured shocks imply for this very panel."""
    if shocks.pairs == 0:
        return float("nan")
    data, loads = main.data, main.loads
    at = np.searchsorted(data.years, data.year)
    table = np.zeros((len(data.names), len(data.years)))
    table[data.school, at] = loads
    lag = np.abs(np.subtract.outer(np.arange(len(data.years)), np.arange(len(data.years))))
    shared = np.einsum("it,tu,iu->", table, shocks.rho**lag, table)
    variance = shocks.shock_sd**2 * shared + shocks.pupil_sd**2 * (loads**2 / data.n).sum()
    return float(np.sqrt(variance))


@dataclass(frozen=True)
class DetectableDifference:
    """The smallest true difference that would be noticed with the asked-for chance.

    Attributes
    ----------
    difference : float
        From the shocks measured before the programme, in the unit of the outcome.
    from_std_error : float
        The same from the standard error of the estimate itself (or the spread of the redraws).
    power : float
        The chance of noticing it by that version alone; the rule of four asks for more.
    shocks : Shocks
        The measured shocks behind it.
    """

    difference: float
    from_std_error: float
    power: float
    shocks: Shocks


def detectable_difference(
    estimate: EffectEstimate, version: str = "V1", *, power: float = 0.8, level: float = 0.95
) -> DetectableDifference:
    """How large must a difference be to be noticed with these schools and years?

    Parameters
    ----------
    estimate : EffectEstimate
        The estimate for this year's participants.
    version : str
        The version that must notice it.
    power : float
        Wanted chance of noticing.
    level : float
        Level of the interval that must leave out zero.

    Returns
    -------
    DetectableDifference

    Examples
    --------
    >>> from kansen_analysis.demo.panels import simulate
    >>> found = detectable_difference(estimate_effect(simulate("S0", seed=1)))
    >>> 0.04 < found.difference < 0.09
    True
    """
    free = estimate.n_schools - 1
    reach = stats.t.ppf(0.5 + level / 2, free) + stats.t.ppf(power, free)
    error = float(estimate.versions.loc[version, "std_error"])
    if estimate.method == "randomisation":
        error = max(error, float(np.std(estimate.randomisation[version].draws)))
    model = float(estimate.model_errors[version])
    return DetectableDifference(
        difference=float(reach * (error if np.isnan(model) else model)),
        from_std_error=float(reach * error),
        power=power,
        shocks=estimate.shocks,
    )
