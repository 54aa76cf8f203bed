"""Which rows and columns: the five fixed versions, and other choices somebody could have made."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from kansen_analysis.errors import PanelError
from kansen_analysis.estimate.codes import Choice, Lack
from kansen_analysis.estimate.components import variance_components
from kansen_analysis.estimate.etwfe import figures_of, fit
from kansen_analysis.estimate.panel import Data, check_panel, drop_unusable, to_data

LEAST = 0.5  # share of the participants' programme years that a version must rest on
FIGURES = ["effect", "std_error", "ci_low", "ci_high"]


@dataclass(frozen=True)
class Version:
    """One of the five versions.

    Attributes
    ----------
    data : Data
        Its rows; the same object for versions on the same rows.
    options : dict
        What `etwfe.fit` is told besides.
    lack : str
        Why it cannot be fitted: a value of `codes.Lack`; else empty.
    """

    data: Data
    options: dict = field(default_factory=dict)
    lack: str = ""


def versions(data: Data, start: int) -> dict[str, Version]:
    """Give the five fixed versions of the comparison.

    Parameters
    ----------
    data : Data
        The panel, with weights.
    start : int
        First programme year of any school.
    """
    step = np.searchsorted(data.years, data.year) - np.searchsorted(data.years, data.cohort)
    own = ~np.isnan(data.cohort)
    early, _ = drop_unusable(data, (step <= -3) & own)
    if len(early.y) == len(data.y):
        early = data
    last_two = data.years[data.years < start][-2:]
    apart, _ = drop_unusable(data.rows(~np.isin(data.year, last_two)))
    region = data.rows(data.own_region | own)
    return {
        "V1": Version(data),
        "V2": Version(early, {"leads": (-2, -1)}, "" if early.treated.any() else Lack.YEARS_BEFORE),
        "V3": Version(apart, lack="" if apart.treated.any() else Lack.YEARS_BEFORE),
        "V4": Version(region, lack="" if np.isnan(region.cohort).any() else Lack.OWN_REGION),
        "V5": Version(data, {"trend": True}),
    }


def vary(panel: pd.DataFrame, *, size_by_year: bool = False) -> pd.DataFrame:
    """Estimate the effect under stated choices, one row each, without p values.

    Parameters
    ----------
    panel : DataFrame
        As for `effects.estimate_effect`; with a column ``merged`` (bool) also without merged
        schools, with a column ``cohort_network`` (Int64) also from the start of the network.
    size_by_year : bool
        As there, for every choice but the one that is about it.

    Returns
    -------
    DataFrame
        Index ``choice`` (values of `codes.Choice`): ``effect, std_error, ci_low, ci_high,
        n_schools, n_treated``; NaN where the panel does not allow the choice.

    Examples
    --------
    >>> from kansen_analysis.demo.panels import simulate
    >>> len(vary(simulate("S0", seed=1))) >= 10
    True
    """
    check_panel(panel)
    data, _ = to_data(panel, size_by_year=size_by_year)
    start = int(np.nanmin(data.cohort))
    k = variance_components(data, start).k
    data = replace(data, weight=data.n / (data.n + k))
    own = ~np.isnan(data.cohort)
    fixed = {name: (each.data, each.options) for name, each in versions(data, start).items()}
    before = data.years[data.years < start]
    ones = np.ones_like(data.n)
    cases: dict[Choice, tuple[Data | None, dict]] = {
        **{Choice[name]: each for name, each in fixed.items()},
        Choice.OUTSIDE: (data.rows(own | ~data.own_region), {}),
        Choice.LAST_YEAR: (_usable(data, data.year != before[-1]), {}),
        Choice.NO_PROVIDER: (replace(data, provider=np.zeros_like(data.provider)), {}),
        Choice.STAYERS: (_stayers(data), {}),
        Choice.NO_WEGING: (replace(data, weging=ones), {}),
        Choice.EVERY_PUPIL: (replace(data, weight=data.n), {}),
        Choice.EVERY_SCHOOL: (replace(data, weight=ones), {}),
        Choice.ONE_EFFECT: (data, {"together": True}),
    }
    if not size_by_year:
        sized, _ = to_data(panel, size_by_year=True)
        cases[Choice.SIZE] = (replace(sized, weight=data.weight), {})
    if data.board is not None:
        cases[Choice.BOARDS] = (data, {"by_board": True})
    if "merged" in panel.columns:
        apart = panel[~panel["merged"].astype(bool)]
        cases[Choice.NOT_MERGED] = (_again(apart, k, size_by_year), {})
    if "cohort_network" in panel.columns:
        network = panel.assign(cohort=panel["cohort_network"].astype("Int64"))
        cases[Choice.NETWORK] = (_again(network, k, size_by_year), {})
    rows = {choice.value: _row(part, **options) for choice, (part, options) in cases.items()}
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = "choice"
    return table.astype({"n_schools": "Int64", "n_treated": "Int64"})


def _row(data: Data | None, *, by_board: bool = False, **options) -> dict:
    empty = dict.fromkeys(FIGURES, np.nan) | {"n_schools": pd.NA, "n_treated": pd.NA}
    if data is None or not data.treated.any() or not np.isnan(data.cohort).any():
        return empty
    try:
        found = fit(data, **options)
    except PanelError:
        return empty
    if found.left < LEAST:
        return empty
    figures = found.contrast([found.all]).iloc[0]
    if by_board and found.data.board is not None:
        free = len(np.unique(found.data.board)) - 1
        figures = figures_of(figures["effect"], found.board_error(), free).iloc[0]
    return figures[FIGURES].to_dict() | {
        "n_schools": data.schools(),
        "n_treated": found.n_treated,
    }


def _usable(data: Data, keep: np.ndarray) -> Data:
    return drop_unusable(data.rows(keep))[0]


def _stayers(data: Data) -> Data:
    several = pd.Series(data.provider).groupby(data.school).transform("nunique") > 1
    return data.rows(~several.to_numpy())


def _again(panel: pd.DataFrame, k: float, size_by_year: bool) -> Data | None:
    try:
        check_panel(panel)
    except PanelError:
        return None
    data, _ = to_data(panel, size_by_year=size_by_year)
    return replace(data, weight=data.n / (data.n + k))
