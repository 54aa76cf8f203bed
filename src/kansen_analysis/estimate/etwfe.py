"""The regression behind every effect: one panel, checked, and one weighted fit per version.

Wooldridge's extended two-way fixed effects model (ETWFE): school effects, year effects, provider by
year and schoolweging by year, and one cell per cohort and programme year. School effects are taken
out by subtracting weighted school means, the other effects by projection: that gives the
coefficients of the model with all dummies exactly, on unbalanced and weighted panels too
(Frisch-Waugh). The fit itself is statsmodels' WLS; the covariance is scaled to count every effect
that was taken out, so that standard errors equal those of the model with all dummies as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import statsmodels.api as sm

from kansen_analysis.errors import PanelError
from kansen_analysis.sources.schoolyear import label

COLUMNS = ("school", "year", "value", "n", "cohort", "schoolweging", "provider", "own_region")
WEGING_RANGE = (20, 40)  # the publisher clips schoolweging to this range
DEFAULT_K = 54.0  # pupil variance over shock variance when a panel is too small to tell
MIN_PAIRS = 50  # pairs of school-years needed to estimate it
TOLERANCE = 1e-9  # a column whose own part is smaller than this follows from the others


def check_panel(panel: pd.DataFrame, outcome: Sequence[str] = ("value",)) -> None:
    """Stop when a panel cannot be analysed, and say what to do about it.

    Parameters
    ----------
    panel : DataFrame
        One row per school and school year, with the columns of `COLUMNS`.
    outcome : sequence of str
        The columns that hold the outcome; they take the place of ``value``.

    Raises
    ------
    PanelError
        Naming the column, the school or the year, and the remedy.
    """
    if not isinstance(panel, pd.DataFrame):
        raise PanelError(f"The panel is a {type(panel).__name__}; pass a pandas DataFrame.")
    needed = [name for name in COLUMNS if name != "value"] + list(outcome)
    if missing := [name for name in needed if name not in panel.columns]:
        raise PanelError(
            f"The panel has no column {', '.join(missing)}; add it (see the docstring of "
            f"estimate_effect for the columns {', '.join(needed)})."
        )
    if panel.empty:
        raise PanelError("The panel has no rows; check the filters that made it.")
    _check_keys(panel)
    _check_numbers(panel, outcome)
    _check_fixed(panel)
    _check_groups(panel)


def _check_keys(panel: pd.DataFrame) -> None:
    if not all(isinstance(school, str) for school in panel["school"].unique()):
        raise PanelError(
            "Column school holds something that is not text; school codes are text (06GS00)."
        )
    if not pd.api.types.is_integer_dtype(panel["year"]) or panel["year"].isna().any():
        raise PanelError(
            "Column year must hold whole numbers without gaps: the first year of the school year."
        )
    twice = panel.duplicated(["school", "year"])
    if twice.any():
        row = panel[twice].iloc[0]
        raise PanelError(
            f"School {row['school']} has more than one row for {label(int(row['year']))}; "
            "combine them into one row (pupil-weighted) first."
        )
    order = panel["school"].astype(str).to_numpy(), panel["year"].to_numpy()
    if not (np.lexsort(order[::-1]) == np.arange(len(panel))).all():
        raise PanelError(
            "The panel is not sorted; use panel.sort_values(['school', 'year']) first, "
            "so that the same input always gives the same numbers."
        )


def _check_numbers(panel: pd.DataFrame, outcome: Sequence[str]) -> None:
    for name in (*outcome, "n", "schoolweging"):
        if not pd.api.types.is_numeric_dtype(panel[name]):
            raise PanelError(f"Column {name} is not numeric; parse it before building the panel.")
        empty = panel[name].isna() | np.isinf(panel[name].astype(float))
        if empty.any():
            row = panel[empty].iloc[0]
            raise PanelError(
                f"Column {name} is empty or infinite in {int(empty.sum())} rows (first: school "
                f"{row['school']}, {label(int(row['year']))}); leave these rows out and list the "
                "schools, do not fill them."
            )
    if (panel["n"] <= 0).any():
        row = panel[panel["n"] <= 0].iloc[0]
        raise PanelError(
            f"School {row['school']} has n = {row['n']} in {label(int(row['year']))}; a row "
            "without pupils is no observation, leave it out."
        )
    low, high = WEGING_RANGE
    outside = ~panel["schoolweging"].between(low, high)
    if outside.any():
        row = panel[outside].iloc[0]
        raise PanelError(
            f"School {row['school']} has schoolweging {row['schoolweging']:g}; it lies between "
            f"{low} and {high}, so check the decimal comma and that it is not the leerlinggewicht."
        )
    spread = panel.groupby("year")[outcome[0]].agg(["nunique", "size"])
    flat = spread.index[(spread["nunique"] == 1) & (spread["size"] > 1)]
    if len(flat):
        raise PanelError(
            f"Every school has the same {outcome[0]} in {label(int(flat[0]))}; a year without a "
            "test (2019-2020) is left out, never written as 0."
        )


def _check_fixed(panel: pd.DataFrame) -> None:
    if not pd.api.types.is_bool_dtype(panel["own_region"]) or panel["own_region"].isna().any():
        raise PanelError("Column own_region must hold True or False for every row.")
    if not pd.api.types.is_integer_dtype(panel["cohort"]):
        raise PanelError(
            "Column cohort must be Int64: the first programme year, NA for the others."
        )
    remedy = {
        "cohort": "a school joins once, keep its first programme year in every row",
        "schoolweging": "use one value from before the programme; a changing one is partly outcome",
        "own_region": "a school lies in one place, use its latest municipality",
    }
    first = panel["school"].map(panel.groupby("school", sort=False)["year"].idxmin())
    for name, advice in remedy.items():
        column = panel[name].astype("Float64").fillna(-1.0).to_numpy(float)
        changed = column != pd.Series(column, panel.index).loc[first].to_numpy()
        if changed.any():
            school = panel["school"].to_numpy()[changed.argmax()]
            raise PanelError(f"Column {name} changes within school {school}; {advice}.")


def _check_groups(panel: pd.DataFrame) -> None:
    if panel["cohort"].isna().all():
        raise PanelError("No school in the panel takes part; fill cohort for the participants.")
    if panel["cohort"].notna().all():
        raise PanelError(
            "There are no comparison schools; add schools whose cohort is NA "
            "(kansen_analysis.schools.pools.choose_pools finds them)."
        )
    years = np.sort(panel["year"].unique())
    for cohort in sorted(panel["cohort"].dropna().unique()):
        before = int((years < cohort).sum())
        if before < 2:
            start = label(int(cohort))
            found = "no earlier year" if before == 0 else "only one earlier year"
            raise PanelError(
                f"Cohort {start} has {found} in the panel; at least two tested years before the "
                "start are needed. Add earlier years, or leave this cohort's schools out."
            )
    if (panel["cohort"] > years[-1]).fillna(True).all():
        raise PanelError(
            f"No participant has a programme year in the panel (it ends with "
            f"{label(int(years[-1]))}); add later years or check the start years."
        )


@dataclass(frozen=True)
class Shocks:
    """How much school-years move by chance, from the years before the programme.

    Attributes
    ----------
    pupil_sd : float
        Spread of pupils inside a school-year.
    shock_sd : float
        Spread of a school's years around its own level, beyond who sat the test.
    rho : float
        Correlation of these shocks one year apart (0 when the years cannot tell).
    k : float
        ``pupil_sd**2 / shock_sd**2``: a school-year weighs ``n / (n + k)``.
    pairs : int
        Pairs of school-years behind the figures; 0 when `k` is the default.
    """

    pupil_sd: float
    shock_sd: float
    rho: float
    k: float
    pairs: int


@dataclass(frozen=True)
class Data:
    """A checked panel as arrays, rows sorted by school and year."""

    school: np.ndarray  # number of the school, per row
    year: np.ndarray  # calendar year of the row
    y: np.ndarray
    n: np.ndarray
    cohort: np.ndarray  # per row, NaN for comparison schools
    weging: np.ndarray
    provider: np.ndarray  # number of the provider within the panel, per row
    own_region: np.ndarray
    board: np.ndarray | None
    size: np.ndarray | None  # log pupils before the programme; None when not in the model
    names: np.ndarray  # school codes, by number
    weight: np.ndarray = field(default_factory=lambda: np.empty(0))

    def rows(self, keep: np.ndarray) -> Data:
        """Return the same data with only these rows."""
        changed = {
            name: None if (column := getattr(self, name)) is None else column[keep]
            for name in (
                *("school", "year", "y", "n", "cohort", "weging", "provider", "own_region"),
                *("board", "size", "weight"),
            )
        }
        return replace(self, **changed)

    @property
    def years(self) -> np.ndarray:
        """The tested years, in order."""
        return np.unique(self.year)

    @property
    def treated(self) -> np.ndarray:
        """Per row: is the programme running?"""
        return self.year >= self.cohort  # False for NaN

    def schools(self, rows: np.ndarray | None = None) -> int:
        """Count the schools, or those in some rows."""
        return len(np.unique(self.school if rows is None else self.school[rows]))


def to_data(
    panel: pd.DataFrame, outcome: str = "value", *, size_by_year: bool = False
) -> tuple[Data, list[str]]:
    """Turn a checked panel into arrays, without the schools that cannot count.

    Returns
    -------
    tuple of Data and list of str
        The data, and Dutch notes on what was left out.
    """
    school, names = pd.factorize(panel["school"])
    # A provider that is not known is a group of its own: it may hold any test.
    provider = pd.factorize(panel["provider"].astype(object).where(panel["provider"].notna(), ""))
    board = None
    if "board" in panel.columns:
        last = panel.groupby("school", sort=False)["board"].last()
        board = pd.factorize(last.where(last.notna(), "?" + last.index.astype(str)))[0][school]
    data = Data(
        school=school,
        year=panel["year"].to_numpy(int),
        y=panel[outcome].to_numpy(float),
        n=panel["n"].to_numpy(float),
        cohort=panel["cohort"].astype("Float64").to_numpy(float, na_value=np.nan),
        weging=panel["schoolweging"].to_numpy(float),
        provider=provider[0],
        own_region=panel["own_region"].to_numpy(bool),
        board=board,
        size=None,
        names=np.asarray(names, dtype=object),
        weight=np.ones(len(panel)),
    )
    first = int(np.nanmin(data.cohort))
    if size_by_year:
        early = np.where(data.year < first, data.n, np.nan)
        sums = pd.Series(early).groupby(school).mean()
        data = replace(data, size=np.log(sums.fillna(sums.median()).to_numpy())[school])
    return drop_unusable(data)


def drop_unusable(data: Data, base: np.ndarray | None = None) -> tuple[Data, list[str]]:
    """Leave out participants without a year to compare with, and schools with one year only.

    Parameters
    ----------
    data : Data
        The panel.
    base : array of bool, optional
        Rows that count as "before"; by default every row before the school's own start.
    """
    base = data.year < data.cohort if base is None else base
    has_base = np.zeros(len(data.names), bool)
    has_base[data.school[base]] = True
    never = np.isnan(data.cohort)
    years = np.bincount(data.school, minlength=len(data.names))
    late = ~never & ~has_base[data.school]
    single = years[data.school] < 2
    notes = []
    if late.any():
        codes = ", ".join(sorted(data.names[np.unique(data.school[late])]))
        notes.append(f"Zonder bruikbaar jaar vóór de start, daarom niet meegeteld: {codes}.")
    if (single & ~late).any():
        count = data.schools(single & ~late)
        notes.append(f"{count} scholen met maar één jaar tellen niet mee.")
    return data.rows(~late & ~single), notes


def _dummies(codes: np.ndarray, values: np.ndarray) -> np.ndarray:
    return (codes[:, None] == values[None, :]).astype(float)


def nuisance(data: Data) -> np.ndarray:
    """Build the columns that every version has: year, schoolweging and provider by year."""
    year = _dummies(data.year, data.years)
    later = year[:, 1:]  # the first year is the school effects' reference
    slopes = [data.weging] if data.size is None else [data.weging, data.size]
    blocks = [later]
    for slope in slopes:
        spread = slope.std()
        if spread > 0:
            blocks.append(later * ((slope - slope.mean()) / spread)[:, None])
    pair = data.year * (data.provider.max() + 1) + data.provider
    present, counts = np.unique(pair, return_counts=True)
    of_year = present // (data.provider.max() + 1)
    for each in data.years:
        inside = of_year == each
        others = np.delete(present[inside], counts[inside].argmax())  # largest = reference
        if len(others):
            blocks.append(_dummies(pair, others))
    return np.hstack(blocks)


def within(columns: np.ndarray, school: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Subtract each school's weighted mean from every column (rows sorted by school)."""
    start = np.flatnonzero(np.r_[True, school[1:] != school[:-1]])
    total = np.add.reduceat(weight, start)
    flat = columns.ndim == 1
    table = columns[:, None] if flat else columns
    means = np.add.reduceat(table * weight[:, None], start) / total[:, None]
    result = table - np.repeat(means, np.diff(np.r_[start, len(school)]), axis=0)
    return result[:, 0] if flat else result


def independent(gram: np.ndarray, original: np.ndarray) -> np.ndarray:
    """Mark the columns that do not follow from the ones before them.

    Parameters
    ----------
    gram : array
        Cross products of the columns after the school means were subtracted.
    original : array
        Sums of squares of the columns before that.
    """
    rest, keep = gram.copy(), np.zeros(len(gram), bool)
    for at in range(len(gram)):
        pivot = rest[at, at]
        if pivot > TOLERANCE * max(original[at], 1e-300):
            keep[at] = True
            rest[at + 1 :, at + 1 :] -= np.outer(rest[at + 1 :, at], rest[at, at + 1 :]) / pivot
    return keep


def estimate_shocks(data: Data, before: int) -> Shocks:
    """Measure pupil spread, shocks and their correlation in the years before the programme.

    Differences between two years of the same school, one to five tested years apart, have
    mean square ``2 shock^2 (1 - rho^h) + pupil^2 (1/n + 1/n')``; the three figures are the least
    squares fit to that.

    Parameters
    ----------
    data : Data
        The panel.
    before : int
        Years before this one are used.
    """
    early = data.rows(data.year < before)
    if len(early.years) < 2:
        return Shocks(np.nan, np.nan, 0.0, DEFAULT_K, 0)
    columns = np.column_stack([_dummies(early.year, early.years[:1]), nuisance(early)])
    if early.size is None and early.weging.std() > 0:
        columns = np.column_stack([columns, early.weging - early.weging.mean()])
    rest = early.y - columns @ np.linalg.lstsq(columns, early.y, rcond=None)[0]
    at = np.searchsorted(early.years, early.year)
    square, inverse, lag = [], [], []
    for step in range(1, 6):  # tested years apart
        pair = pd.DataFrame({"s": early.school, "t": at, "e": rest, "n": early.n})
        both = pair.merge(pair.assign(t=pair["t"] + step), on=["s", "t"])
        square.append(((both["e_x"] - both["e_y"]) ** 2).to_numpy())
        inverse.append((1 / both["n_x"] + 1 / both["n_y"]).to_numpy())
        lag.append(np.full(len(both), step))
    square, inverse, lag = map(np.concatenate, (square, inverse, lag))
    if len(square) < MIN_PAIRS:
        return Shocks(np.nan, np.nan, 0.0, DEFAULT_K, 0)
    pupil, shock, rho = _fit_shocks(square, inverse, lag)
    k = pupil / shock if shock > 0 else np.inf
    return Shocks(
        pupil_sd=float(np.sqrt(pupil)),
        shock_sd=float(np.sqrt(shock)),
        rho=rho,
        k=float(np.clip(k, 1.0, 1000.0)),
        pairs=len(square),
    )


def _fit_shocks(square: np.ndarray, inverse: np.ndarray, lag: np.ndarray):
    """Fit pupil variance, shock variance and rho to squared differences."""
    lags = np.unique(lag)
    rhos = np.arange(0.0, 0.91, 0.05) if len(lags) > 1 else np.zeros(1)
    expected = np.full(len(square), square.mean())
    for _ in range(3):  # a squared difference spreads as its own mean, so reweigh
        weight = 1 / expected**2
        sums = [  # per lag, all that least squares needs
            np.bincount(lag, weight * part)[lags]
            for part in (1.0, inverse, inverse**2, square, square * inverse)
        ]
        best = min((_shocks_given(rho, lags, sums) for rho in rhos), key=lambda fit: fit[0])
        _, rho, shock, pupil = best
        expected = np.maximum(2 * shock * (1 - rho**lag) + pupil * inverse, square.mean() / 100)
    return pupil, shock, float(rho)


def _shocks_given(rho: float, lags: np.ndarray, sums: Sequence[np.ndarray]):
    """Least squares for one rho: loss (up to a constant), rho, shock and pupil variance."""
    one, inverse, inverse2, square, both = sums
    part = 2 * (1 - rho**lags)
    gram = np.array(
        [[(part**2 * one).sum(), (part * inverse).sum()], [(part * inverse).sum(), inverse2.sum()]]
    )
    score = np.array([(part * square).sum(), both.sum()])
    fit = np.linalg.lstsq(gram, score, rcond=None)[0]
    if fit.min() < 0:  # a variance is not negative: keep the better one alone
        alone = np.maximum(score / np.diag(gram), 0)
        keep = int((alone * score).argmax())
        fit = np.where(np.arange(2) == keep, alone, 0.0)
    return fit @ gram @ fit - 2 * fit @ score, rho, fit[0], fit[1]


@dataclass(frozen=True)
class Fit:
    """One fitted version: everything a contrast, a redraw or a power figure needs.

    Attributes
    ----------
    data : Data
        The rows it was fitted on.
    results, by_board : statsmodels results
        The same fit with errors clustered by school and (None without boards) by board.
    z : array
        The nuisance columns that were kept, school means subtracted.
    z_cross : array
        Inverse of their weighted cross products.
    design : array
        The cells without what school means and `z` explain of them.
    cells : DataFrame
        One row per cell column: cohort, year, exposure (years since the start), step (tested years
        since the start, negative for leads), count (school-years) and effect (False for leads).
    scale : float
        Corrects the covariance for all that was taken out before the fit.
    lost : DataFrame
        The cells that could not be told apart from the rest, and were left out.
    """

    data: Data
    results: object
    by_board: object | None
    z: np.ndarray
    z_cross: np.ndarray
    design: np.ndarray
    cells: pd.DataFrame
    scale: float
    lost: pd.DataFrame

    @property
    def n_treated(self) -> int:
        """Participants with at least one programme year."""
        return self.data.schools(self.data.treated)

    def rows(self, picks: Sequence[np.ndarray]) -> np.ndarray:
        """Contrast rows over the cells: the mean of the picked ones per school-year."""
        shares = np.array(picks, float) * self.cells["count"].to_numpy()
        return shares / shares.sum(1, keepdims=True)

    def contrast(self, picks: Sequence[np.ndarray], *, by_board: bool = False) -> pd.DataFrame:
        """Test means of cells, one row per pick, with the five figures of an estimate."""
        results = self.by_board if by_board else self.results
        test = results.t_test(self.rows(picks), cov_p=results.cov_params() * self.scale)
        low, high = np.atleast_2d(test.conf_int(0.05)).T
        figures = (test.effect, test.sd, low, high, test.pvalue)
        columns = ("effect", "std_error", "ci_low", "ci_high", "p_value")
        return pd.DataFrame({c: np.ravel(f) for c, f in zip(columns, figures, strict=True)})

    def joint(self, picks: Sequence[np.ndarray]) -> tuple[float, float]:
        """Wald test that all picked means are zero: F and p."""
        covariance = self.results.cov_params() * self.scale
        test = self.results.wald_test(self.rows(picks), cov_p=covariance, use_f=True, scalar=True)
        return float(test.statistic), float(test.pvalue)

    @property
    def loads(self) -> np.ndarray:
        """Per row, how much its value counts in the effect (effect = loads @ y)."""
        weighted = self.design * self.data.weight[:, None]
        contrast = self.rows([self.cells["effect"]])[0]
        return weighted @ np.linalg.solve(self.design.T @ weighted, contrast)


def cell_table(data: Data, leads: Sequence[int] | None = ()) -> pd.DataFrame:
    """List the cells of a version: every cohort by programme year, and the asked-for leads.

    Parameters
    ----------
    data : Data
        The panel.
    leads : sequence of int or None
        Steps (tested years from the start, so -1 is the last year before) with a cell of their
        own; None takes all but -1.
    """
    years = data.years
    own = ~np.isnan(data.cohort)
    pairs = np.column_stack([data.cohort[own], data.year[own]]).astype(int)
    found, counts = np.unique(pairs, axis=0, return_counts=True)  # sorted by cohort and year
    cells = pd.DataFrame(found, columns=["cohort", "year"]).assign(count=counts)
    rank = np.searchsorted(years, cells["year"])
    cells["step"] = rank - np.searchsorted(years, cells["cohort"])
    cells["exposure"] = cells["year"] - cells["cohort"]
    cells["effect"] = cells["exposure"] >= 0
    lead = cells["step"] < -1 if leads is None else cells["step"].isin(list(leads))
    return cells[cells["effect"] | lead].reset_index(drop=True)


def fit(data: Data, leads: Sequence[int] | None = (), *, together: bool = False) -> Fit:
    """Fit one version by weighted least squares with cluster-robust errors.

    Parameters
    ----------
    data : Data
        The panel with its weights.
    leads : sequence of int or None
        See `cell_table`.
    together : bool
        One cell for all programme years (plain two-way fixed effects, to show beside the rest).

    Raises
    ------
    PanelError
        When no programme year can be told apart, or there are too few school-years.
    """
    cells = cell_table(data, leads)
    in_cell = (data.cohort[:, None] == cells["cohort"].to_numpy()) & (
        data.year[:, None] == cells["year"].to_numpy()
    )
    if together:
        cells, in_cell = cells.assign(count=cells["count"].sum()).head(1), data.treated[:, None]
    raw = np.hstack([nuisance(data), in_cell])
    demeaned = within(raw, data.school, data.weight)
    gram = demeaned.T @ (demeaned * data.weight[:, None])
    keep = independent(gram, (raw**2).T @ data.weight)
    split = raw.shape[1] - len(cells)
    of_z, of_cells = np.flatnonzero(keep[:split]), split + np.flatnonzero(keep[split:])
    lost, cells = cells[~keep[split:]], cells[keep[split:]].reset_index(drop=True)
    if not cells["effect"].any():
        raise PanelError(
            "No programme year can be told apart from the year, provider and schoolweging effects; "
            "add comparison schools with the same providers and years."
        )
    unknowns = data.schools() + int(keep.sum())
    free = len(data.y) - unknowns
    if free <= 0:
        raise PanelError(
            f"The panel has {len(data.y)} school-years for {unknowns} unknowns; "
            "add comparison schools or years."
        )
    z, z_cross = demeaned[:, of_z], np.linalg.inv(gram[np.ix_(of_z, of_z)])
    weighted = (z * data.weight[:, None]).T
    left = np.column_stack([within(data.y, data.school, data.weight), demeaned[:, of_cells]])
    for _ in range(2):  # the second pass removes the rounding of the first
        left = left - z @ (z_cross @ (weighted @ left))
    y, design = left[:, 0], left[:, 1:]
    model = sm.WLS(y, design, weights=data.weight, hasconst=False)
    results = model.fit(cov_type="cluster", cov_kwds={"groups": data.school}, use_t=True)
    by_board = None
    if data.board is not None:
        by_board = results.get_robustcov_results("cluster", groups=data.board, use_t=True)
    return Fit(
        data=data,
        results=results,
        by_board=by_board,
        z=z,
        z_cross=z_cross,
        design=design,
        cells=cells,
        scale=(len(y) - design.shape[1]) / free,
        lost=lost,
    )
