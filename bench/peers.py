"""What others would have found on the same schools."""

from __future__ import annotations

import importlib.util
import os
import warnings
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats

from kansen_analysis.estimate.etwfe import within


class Found(NamedTuple):
    """An effect with its doubt."""

    effect: float
    error: float
    p_value: float
    low: float
    high: float


def _running(panel: pd.DataFrame) -> np.ndarray:
    return (panel["year"] >= panel["cohort"]).fillna(False).to_numpy(bool)


def _figures(effect: float, error: float, free: float) -> Found:
    reach = stats.t.ppf(0.975, free) * error
    p_value = 2 * stats.t.sf(abs(effect) / error, free)
    return Found(*map(float, (effect, error, p_value, effect - reach, effect + reach)))


def before_after(panel: pd.DataFrame) -> Found:
    """Compare the participants' years after the start with those before it, and nothing else."""
    own = panel["cohort"].notna().to_numpy()
    after = _running(panel)[own].astype(float)
    results = sm.OLS(panel["value"].to_numpy()[own], sm.add_constant(after)).fit()
    return _figures(results.params[1], results.bse[1], results.df_resid)


def standardised(panel: pd.DataFrame) -> Found:
    """The same after standardising within the year, paired by school.

    The yardstick is the schools that take no part: in the country they are nearly all schools.
    """
    own = panel["cohort"].notna()
    others = panel[~own].groupby("year")["value"].agg(["mean", "std"])
    centre, spread = (panel["year"].map(others[name]) for name in ("mean", "std"))
    z = (panel["value"] - centre) / spread * spread.mean()
    means = z[own].groupby([panel.loc[own, "school"], _running(panel)[own]]).mean().unstack()
    change = (means[True] - means[False]).dropna()
    return _figures(change.mean(), change.sem(), len(change) - 1)


def _two_way(panel: pd.DataFrame, cluster: bool) -> Found:
    school, _ = pd.factorize(panel["school"])
    years = pd.get_dummies(panel["year"], drop_first=True).to_numpy(float)
    columns = np.column_stack([_running(panel), years, panel["value"]]).astype(float)
    columns = within(columns, school, np.ones(len(panel)))
    model = sm.OLS(columns[:, -1], columns[:, :-1])
    absorbed = school.max() + 1
    if cluster:
        results = model.fit(cov_type="cluster", cov_kwds={"groups": school}, use_t=True)
        return _figures(results.params[0], results.bse[0], absorbed - 1)
    results = model.fit()
    free = results.df_resid - absorbed  # the school means were estimated too
    error = results.bse[0] * np.sqrt(results.df_resid / free)
    return _figures(results.params[0], error, free)


def two_way(panel: pd.DataFrame) -> Found:
    """Two-way fixed effects with classical errors."""
    return _two_way(panel, cluster=False)


def two_way_clustered(panel: pd.DataFrame) -> Found:
    """Two-way fixed effects with errors clustered by school."""
    return _two_way(panel, cluster=True)


def did2s(panel: pd.DataFrame) -> Found:
    """Gardner's two-stage estimator, in pyfixest."""
    os.environ.setdefault("NUMBA_NUM_THREADS", "1")  # the bench shares the processors already
    import pyfixest

    frame = panel[["value", "year"]].assign(
        id=pd.factorize(panel["school"])[0], running=_running(panel).astype(int)
    )
    fitted = pyfixest.did2s(
        frame,
        yname="value",
        first_stage="~0 | id + year",
        second_stage="~0 + running",
        treatment="running",
        cluster="id",
    )
    return _figures(fitted.coef().iloc[0], fitted.se().iloc[0], frame["id"].nunique() - 1)


def group_time(panel: pd.DataFrame) -> Found:
    """Callaway and Sant'Anna's group-time effects, in differences."""
    from differences import ATTgt

    frame = pd.DataFrame(
        {
            "id": pd.factorize(panel["school"])[0],
            "year": panel["year"].to_numpy(),
            "value": panel["value"].to_numpy(),
            "cohort": panel["cohort"].astype("Float64").to_numpy(float, na_value=np.nan),
        }
    ).set_index(["id", "year"])
    result = ATTgt(data=frame, cohort_column="cohort").fit("value", progress_bar=False)
    row = result.aggregate("simple").iloc[0].astype(object)
    row.index = row.index.get_level_values(-1)
    return _figures(row["ATT"], row["std_error"], np.inf)


OWN: Mapping[str, Callable[[pd.DataFrame], Found]] = {
    "before_after": before_after,
    "standardised": standardised,
    "twfe": two_way,
    "twfe_clustered": two_way_clustered,
}
PACKAGES = {"did2s": ("pyfixest", did2s), "group_time": ("differences", group_time)}
LABELS = {
    "before_after": "alleen vóór en na",
    "standardised": "vóór en na, per jaar gestandaardiseerd",
    "twfe": "two-way fixed effects, klassieke fouten",
    "twfe_clustered": "two-way fixed effects, fouten per school",
    "did2s": "did2s (pyfixest)",
    "group_time": "Callaway-Sant'Anna (differences)",
}


def missing() -> list[str]:
    """Name the packages with a peer that are not installed."""
    names = sorted({package for package, _ in PACKAGES.values()})
    return [name for name in names if importlib.util.find_spec(name) is None]


def measure(panel: pd.DataFrame, *, packages: bool) -> dict[str, object]:
    """Let every peer estimate the effect; one that stops is counted, not hidden.

    Parameters
    ----------
    panel : DataFrame
        From `kansen_analysis.demo.panels.simulate`, with its ``truth``.
    packages : bool
        Ask the packages too, as far as they are installed.
    """
    chosen = dict(OWN)
    if packages:
        absent = missing()
        chosen |= {name: f for name, (package, f) in PACKAGES.items() if package not in absent}
    row: dict[str, object] = {"failed": []}
    truth = panel.attrs["truth"]
    for name, estimate in chosen.items():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = estimate(panel)
        except Exception:  # any mistake of someone else's package is a failed run of that package
            if name in OWN:
                raise
            row["failed"].append(name)
            continue
        row[f"peer_{name}_effect"] = found.effect
        row[f"peer_{name}_error"] = found.error
        row[f"peer_{name}_p"] = found.p_value
        row[f"peer_{name}_covered"] = found.low <= truth <= found.high
    return row
