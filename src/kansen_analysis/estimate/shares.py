"""The effect on a share (k of n pupils): a binomial model, with a linear one beside it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from kansen_analysis.errors import PanelError, Reason
from kansen_analysis.estimate.codes import Note
from kansen_analysis.estimate.etwfe import cell_table, confounded, independent, nuisance
from kansen_analysis.estimate.panel import Data, check_panel, to_data


@dataclass(frozen=True, eq=False, repr=False)
class ShareEffect:
    """What `estimate_share_effect` found, in percentage points, positive when better.

    Attributes
    ----------
    effect, std_error, ci_low, ci_high, p_value : float
        Mean difference over the participants' school-years with the programme between what the
        binomial model gives with and without it; cluster-robust by school.
    linear : Series
        The same five figures from a linear model weighted by pupils, as a check.
    share : float
        Share (percent) among participants with the programme, as it was observed.
    n_schools, n_treated : int
        Schools in the model, and participants with a programme year.
    notes : tuple of str
        In Dutch: what was left out.
    """

    effect: float
    std_error: float
    ci_low: float
    ci_high: float
    p_value: float
    linear: pd.Series
    share: float
    n_schools: int
    n_treated: int
    notes: tuple[Reason, ...] = ()

    def __repr__(self) -> str:
        """Show the figures, the same on every machine."""
        return (
            f"ShareEffect(effect={self.effect:.4g} points, ci={self.ci_low:.4g} to "
            f"{self.ci_high:.4g}, p={self.p_value:.3f}, {self.n_schools} schools, "
            f"{self.n_treated} treated)"
        )


def estimate_share_effect(panel: pd.DataFrame, *, higher_is_better: bool = True) -> ShareEffect:
    """Estimate the effect on a share from counts.

    Parameters
    ----------
    panel : DataFrame
        As for `effects.estimate_effect`, with ``count`` (pupils with the outcome, 0 to n) in the
        place of ``value``.
    higher_is_better : bool
        False turns the sign, for outcomes like afstroom.

    Raises
    ------
    PanelError
        When the panel cannot be analysed; the message says what to do.

    Notes
    -----
    ``GLM(k / n, Binomial(), var_weights=n)`` with cluster-robust errors (docs/methods.md); cohort
    and schoolweging stand in the place of the school effects. Two-column counts with ``scale="X2"``
    give errors that are far too small, so that form is not used.

    Examples
    --------
    >>> from kansen_analysis.demo.panels import simulate
    >>> panel = simulate("S0", seed=1, effect=0.2)
    >>> panel["count"] = (panel["n"] * (0.5 + 0.2 * panel.pop("value")).clip(0, 1)).astype(int)
    >>> bool(estimate_share_effect(panel).effect > 0)
    True
    """
    check_panel(panel, outcome=("count",))
    wrong = (panel["count"] < 0) | (panel["count"] > panel["n"])
    if wrong.any():
        row = panel[wrong].iloc[0]
        raise PanelError(
            f"School {row['school']} counts {row['count']} of {row['n']} pupils; a count lies "
            "between 0 and n, so check that both come from the same file."
        )
    import statsmodels.api as sm
    from statsmodels.tools.sm_exceptions import SpecificationWarning

    data, notes = to_data(panel, "count")
    data, columns, of_cells, lost = _design(data)
    if lost:
        notes.append(Reason(Note.CELLS_LEFT_OUT, {"cells": lost}))
    treated = data.treated
    without = columns[treated].copy()
    without[:, -of_cells:] = 0.0
    share, errors = data.y / data.n, {"groups": data.school}

    def figures(model, mean: Callable, slope: Callable) -> pd.Series:
        with warnings.catch_warnings():
            # Checked in the tests: with whole pupils as weights the errors are those of single
            # pupils clustered by school.
            warnings.simplefilter("ignore", SpecificationWarning)
            results = model.fit(cov_type="cluster", cov_kwds=errors, use_t=True)
        on, off = columns[treated] @ results.params, without @ results.params
        effect = (mean(on) - mean(off)).mean()
        gradient = slope(on)[:, None] * columns[treated] - slope(off)[:, None] * without
        spread = float(np.ravel(results.t_test(gradient.mean(0)).sd)[0])
        free = data.schools() - 1
        reach = stats.t.ppf(0.975, free) * spread
        p_value = 2 * stats.t.sf(abs(effect) / spread, free)
        low, high = sorted((sign * (effect - reach), sign * (effect + reach)))
        names = ["effect", "std_error", "ci_low", "ci_high", "p_value"]
        values = [100 * sign * effect, 100 * spread, 100 * low, 100 * high, p_value]
        return pd.Series(values, names, dtype=float)

    sign = 1 if higher_is_better else -1
    logit = sm.families.Binomial()
    binomial = figures(
        sm.GLM(share, columns, family=logit, var_weights=data.n),
        logit.link.inverse,
        logit.link.inverse_deriv,
    )
    linear = figures(
        sm.WLS(share, columns, weights=data.n, hasconst=True), lambda x: x, np.ones_like
    )
    return ShareEffect(
        effect=binomial["effect"],
        std_error=binomial["std_error"],
        ci_low=binomial["ci_low"],
        ci_high=binomial["ci_high"],
        p_value=binomial["p_value"],
        linear=linear,
        share=float(100 * data.y[treated].sum() / data.n[treated].sum()),
        n_schools=data.schools(),
        n_treated=data.schools(treated),
        notes=tuple(notes),
    )


def _design(data: Data) -> tuple[Data, np.ndarray, int, int]:
    """Build the columns, cells last; cells that cannot be told go out with their rows."""
    lost = 0
    while True:
        cells = cell_table(data)
        if not len(cells):
            raise PanelError("No programme year can be told apart; add comparison schools.")
        in_cell = (data.cohort[:, None] == cells["cohort"].to_numpy()) & (
            data.year[:, None] == cells["year"].to_numpy()
        )
        cohorts = np.unique(data.cohort[~np.isnan(data.cohort)])
        weging = (data.weging - data.weging.mean()) / (data.weging.std() or 1)
        columns = np.column_stack(
            [np.ones(len(data.y)), data.cohort[:, None] == cohorts, weging, nuisance(data), in_cell]
        )
        gram = columns.T @ (columns * data.n[:, None])
        keep = independent(gram, np.diag(gram))
        keep[-len(cells) :] = True
        columns = columns[:, keep]
        gram = gram[np.ix_(keep, keep)]
        loose = confounded(gram, np.diag(gram))[-len(cells) :]
        if not loose.any():
            return data, columns, len(cells), lost
        lost += int(loose.sum())
        data = data.rows(~in_cell[:, loose].any(axis=1))
