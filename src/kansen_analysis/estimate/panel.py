"""The panel that every estimate starts from: checked, and as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from kansen_analysis.errors import PanelError, Reason
from kansen_analysis.estimate.codes import Note
from kansen_analysis.sources.schoolyear import label

COLUMNS = ("school", "year", "value", "n", "cohort", "schoolweging", "provider", "own_region")
WEGING_RANGE = (20, 40)  # the publisher clips schoolweging to this range
YEARS = (1900, 2100)  # what lies outside is no first year of a school year
LARGEST = 1e100  # beyond it, and below one part of it, squares leave what a computer can hold


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
    if twice := sorted({str(name) for name in panel.columns[panel.columns.duplicated()]}):
        raise PanelError(f"The panel has column {', '.join(twice)} more than once; keep one.")
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
    _check_years(panel, "year", "the first year of the school year, in four figures")
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


def _check_years(panel: pd.DataFrame, name: str, meant: str) -> None:
    outside = ((panel[name] < YEARS[0]) | (panel[name] > YEARS[1])).fillna(False).astype(bool)
    if outside.any():
        row = panel[outside].iloc[0]
        raise PanelError(f"School {row['school']} has {name} {row[name]}; it must be {meant}.")


def _check_numeric(panel: pd.DataFrame, name: str) -> None:
    kind = panel[name].dtype
    if not pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_complex_dtype(kind):
        raise PanelError(f"Column {name} is not numeric; parse it before building the panel.")


def _check_numbers(panel: pd.DataFrame, outcome: Sequence[str]) -> None:
    for name in (*outcome, "n", "schoolweging"):
        _check_numeric(panel, name)
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
    for name in ("schoolweging", "schoolweging_year"):
        if name not in panel.columns:
            continue
        _check_numeric(panel, name)
        outside = (panel[name] < low) | (panel[name] > high)
        if outside.any():
            row = panel[outside].iloc[0]
            raise PanelError(
                f"School {row['school']} has {name} {row[name]:g}; it lies between {low} and "
                f"{high}, so check the decimal comma and that it is not the leerlinggewicht."
            )
    largest = float(panel[outcome[0]].astype(float).abs().max())
    if largest > LARGEST or 0 < largest < 1 / LARGEST:
        raise PanelError(
            f"Column {outcome[0]} goes up to {largest:g}, which cannot be reckoned with; give it "
            "in a common unit."
        )
    spread = panel[outcome[0]].groupby(panel["year"].to_numpy()).agg(["min", "max", "size"])
    flat = spread.index[(spread["min"] == spread["max"]) & (spread["size"] > 1)]
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
    _check_years(panel, "cohort", "the first programme year, NA for schools that take no part")
    remedy = {
        "cohort": "a school joins once, keep its first programme year in every row",
        "schoolweging": "use one value from before the programme; a changing one is partly outcome",
        "own_region": "a school lies in one place, use its latest municipality",
    }
    school = panel["school"].to_numpy(object)  # sorted, so a school's rows stand together
    same = school[1:] == school[:-1]
    for name, advice in remedy.items():
        column = panel[name].astype("Float64").to_numpy(float, na_value=-1.0)
        changed = same & (column[1:] != column[:-1])
        if changed.any():
            code = school[1:][changed.argmax()]
            raise PanelError(f"Column {name} changes within school {code}; {advice}.")


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
    weging_year: np.ndarray | None  # schoolweging of the year itself, NaN where not known
    size: np.ndarray | None  # log pupils before the programme; None when not in the model
    names: np.ndarray  # school codes, by number
    weight: np.ndarray = field(default_factory=lambda: np.empty(0))

    def rows(self, keep: np.ndarray) -> Data:
        """Return the same data with only these rows."""
        changed: dict[str, Any] = {
            name: None if (column := getattr(self, name)) is None else column[keep]
            for name in (
                *("school", "year", "y", "n", "cohort", "weging", "provider", "own_region"),
                *("board", "weging_year", "size", "weight"),
            )
        }
        return replace(self, **changed)

    @cached_property
    def years(self) -> np.ndarray:
        """The tested years, in order."""
        first = self.year.min(initial=9999)
        return first + np.flatnonzero(np.bincount(self.year - first))

    @cached_property
    def first(self) -> np.ndarray:
        """Row of each school's first year."""
        return np.flatnonzero(np.r_[True, self.school[1:] != self.school[:-1]])

    @cached_property
    def treated(self) -> np.ndarray:
        """Per row: is the programme running?"""
        return self.year >= self.cohort  # False for NaN

    def schools(self, rows: np.ndarray | None = None) -> int:
        """Count the schools, or those in some rows."""
        school = self.school if rows is None else self.school[rows]
        return int(np.count_nonzero(np.diff(school, prepend=-1)))


def to_data(
    panel: pd.DataFrame, outcome: str = "value", *, size_by_year: bool = False
) -> tuple[Data, list[Reason]]:
    """Turn a checked panel into arrays, without the schools that cannot count.

    Returns
    -------
    tuple of Data and list of Reason
        The data, and what was left out.
    """
    school, names = pd.factorize(panel["school"])
    # A provider that is not known is a group of its own: it may hold any test.
    provider = pd.factorize(panel["provider"].astype(object).where(panel["provider"].notna(), ""))
    board = None
    if "board" in panel.columns:
        last = panel["board"].groupby(school).last()
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
        weging_year=(
            panel["schoolweging_year"].to_numpy(float, na_value=np.nan)
            if "schoolweging_year" in panel.columns
            else None
        ),
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


def drop_unusable(data: Data, base: np.ndarray | None = None) -> tuple[Data, list[Reason]]:
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
        codes = tuple(sorted(data.names[np.unique(data.school[late])]))
        notes.append(Reason(Note.NO_BASE, {"schools": codes}))
    if (single & ~late).any():
        notes.append(Reason(Note.ONE_YEAR, {"schools": data.schools(single & ~late)}))
    return data.rows(~late & ~single), notes
