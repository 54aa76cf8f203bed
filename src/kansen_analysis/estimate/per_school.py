"""One school at a time: its change, and how much of that is chance.

Without limits that allow for chance, one in eight schools would stand out with no effect at all
(docs/methods.md). So a school is shown over three years together, beside limits that hold both the
pupils' chance and the spread seen among comparison schools, and never ranked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from kansen_analysis.errors import PanelError, Reason
from kansen_analysis.estimate.codes import Problem
from kansen_analysis.estimate.components import variance_components
from kansen_analysis.estimate.etwfe import nuisance, within
from kansen_analysis.estimate.panel import Data, check_panel, to_data
from kansen_analysis.outcomes.fixed import ABOVE, BELOW, INSIDE, MINIMUM, TOO_FEW, WINDOW


@dataclass(frozen=True, eq=False)
class SchoolChanges:
    """Changes of the participants around their own start.

    Attributes
    ----------
    table : DataFrame
        One row per participant, by code: ``school, cohort, n_before, n_after`` (pupils in the last
        three tested years before and since the start), ``n`` (pupils that count: the harmonic sum
        of both), ``change`` (after minus before, less what comparison schools of the same
        schoolweging and provider did), ``shrunken`` (drawn toward the participants' mean by as
        much as is chance), ``low, high`` (95% limits for no change), ``mark``. Figures are NaN
        where `mark` is *te weinig leerlingen*.
    limits : DataFrame
        Curves for the funnel: ``n, low95, high95, low998, high998``.
    spread : float
        Spread of changes among comparison schools beyond the pupils' chance.
    """

    table: pd.DataFrame
    limits: pd.DataFrame
    spread: float

    def __repr__(self) -> str:
        """Show the size, the same on every machine."""
        return f"SchoolChanges({len(self.table)} schools, spread={self.spread:.4g})"


def school_changes(panel: pd.DataFrame, *, size_by_year: bool = False) -> SchoolChanges:
    """Compute the change of every participant, with limits for chance.

    Parameters
    ----------
    panel : DataFrame
        As for `effects.estimate_effect`.
    size_by_year : bool
        As there.

    Raises
    ------
    PanelError
        When the panel cannot be analysed, or its early years are too few to measure chance.

    Examples
    --------
    >>> from kansen_analysis.demo.panels import simulate
    >>> changes = school_changes(simulate("S0", seed=1))
    >>> len(changes.table), "binnen de marge" in set(changes.table["mark"])
    (80, True)
    """
    check_panel(panel)
    data, _ = to_data(panel, size_by_year=size_by_year)
    components = variance_components(data, int(np.nanmin(data.cohort)))
    if components.pairs == 0:
        raise PanelError(
            "The years before the start are too few to measure chance per school; add earlier "
            "years or more comparison schools.",
            Reason(Problem.FEW_YEARS),
        )
    data = replace(data, weight=data.n / (data.n + components.k))
    data = replace(data, y=_without_common(data))
    cohorts = sorted(int(g) for g in np.unique(data.cohort[~np.isnan(data.cohort)]))
    frames, spreads, counts = [], [], []
    for cohort in cohorts:
        windows = _windows(data, cohort)
        if windows is None:
            continue
        variance = components.pupil_sd**2 * (1 / windows["n_before"] + 1 / windows["n_after"])
        windows["chance"] = variance
        own = windows["cohort"] == cohort
        others = windows[windows["cohort"].isna() & _enough(windows)]
        spreads.append(_extra_variance(others["change"], others["chance"]))
        counts.append(int(own.sum()))
        frames.append(windows[own])
    if not frames:
        raise PanelError(
            "No participant has years both before and after its start.", Reason(Problem.NEVER_BOTH)
        )
    extra = float(np.average(spreads, weights=counts))
    table = pd.concat(frames).sort_values("school", ignore_index=True, kind="stable")
    enough = _enough(table)
    table["n"] = 1 / (1 / table["n_before"] + 1 / table["n_after"])
    reach = stats.norm.ppf(0.975) * np.sqrt(table["chance"] + extra)
    table["low"], table["high"] = -reach, reach
    seen = table[enough]
    mean = np.average(seen["change"], weights=1 / (seen["chance"] + extra)) if len(seen) else 0.0
    kept = extra / (extra + table["chance"])
    table["shrunken"] = mean + kept * (table["change"] - mean)
    marks = [~enough, table["change"] > table["high"], table["change"] < table["low"]]
    table["mark"] = np.select(marks, [TOO_FEW, ABOVE, BELOW], INSIDE)
    table.loc[~enough, ["change", "shrunken", "low", "high"]] = np.nan
    table["cohort"] = table["cohort"].astype("Int64")
    names = ["school", "cohort", "n_before", "n_after", "n", "change", "shrunken", "low", "high"]
    return SchoolChanges(
        table=table[[*names, "mark"]],
        limits=_curves(table["n"], components.pupil_sd, extra),
        spread=float(np.sqrt(extra)),
    )


def _without_common(data: Data) -> np.ndarray:
    """Take off what year, provider and schoolweging did to the comparison schools."""
    columns = nuisance(data)
    others = np.isnan(data.cohort)
    part = data.rows(others)
    root = np.sqrt(part.weight)
    x = within(columns[others], part.school, part.weight) * root[:, None]
    y = within(part.y, part.school, part.weight) * root
    return data.y - columns @ np.linalg.lstsq(x, y, rcond=None)[0]


def _windows(data: Data, cohort: int) -> pd.DataFrame | None:
    """Pupil-weighted means of the last years before and since a start, for every school."""
    years = data.years
    before, after = years[years < cohort][-WINDOW:], years[years >= cohort][-WINDOW:]
    if not len(after):
        return None
    frame = pd.DataFrame({"s": data.school, "n": data.n, "sum": data.n * data.y})
    sums = {
        name: frame[np.isin(data.year, window)].groupby("s").sum()
        for name, window in (("before", before), ("after", after))
    }
    both = sums["before"].merge(sums["after"], on="s", suffixes=("_before", "_after"))
    first = pd.Series(data.cohort).groupby(data.school).first()
    return pd.DataFrame(
        {
            "school": data.names[both.index],
            "cohort": first.loc[both.index],
            "n_before": both["n_before"],
            "n_after": both["n_after"],
            "change": both["sum_after"] / both["n_after"] - both["sum_before"] / both["n_before"],
        }
    )


def _enough(windows: pd.DataFrame) -> pd.Series:
    return (windows["n_before"] >= MINIMUM) & (windows["n_after"] >= MINIMUM)


def _extra_variance(change: pd.Series, chance: pd.Series) -> float:
    """Return the variance beyond chance (DerSimonian and Laird's moment estimate)."""
    if len(change) < 3:
        return 0.0
    weight = 1 / chance
    mean = np.average(change, weights=weight)
    heterogeneity = (weight * (change - mean) ** 2).sum()
    scale = weight.sum() - (weight**2).sum() / weight.sum()
    return max(0.0, float((heterogeneity - (len(change) - 1)) / scale))


def _curves(n: pd.Series, pupil_sd: float, extra: float) -> pd.DataFrame:
    grid = np.linspace(max(float(n.min()) * 0.8, 5.0), float(n.max()) * 1.1, 60)
    error = np.sqrt(pupil_sd**2 / grid + extra)
    curves = {"n": grid}
    for name, level in (("95", 0.975), ("998", 0.999)):
        reach = stats.norm.ppf(level) * error
        curves |= {f"low{name}": -reach, f"high{name}": reach}
    return pd.DataFrame(curves)
