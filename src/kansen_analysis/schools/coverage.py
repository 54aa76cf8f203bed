"""What a data folder holds: per source and school year rows, schools, hidden cells, unmatched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kansen_analysis.errors import Finding, raise_all
from kansen_analysis.schools.load import open_folder, ovt_match
from kansen_analysis.schools.match import UNMATCHED
from kansen_analysis.sources import DataFolder, FileRead, get, names, schoolyear
from kansen_analysis.sources.tidy import counts, hidden, plain

# What names the rows of a source.
_NAMES = ("school", "ovt", "region", "year", "kind", "name", "pupils_high")


def _together(units: list[tuple[pd.DataFrame, np.ndarray]]) -> pd.DataFrame:
    """Put what names the rows that are meant under each other, text as text."""
    texts = [
        pd.DataFrame({c: plain(part[c].iloc[rows]) for c in _NAMES if c in part}, copy=False)
        for part, rows in units
    ]
    return pd.concat(texts, ignore_index=True)


def _key(units: list[pd.DataFrame]) -> str:
    keys = ("ovt", "region", "school")
    return next(k for k in keys if any(k in part and part[k].notna().any() for part in units))


def _distinct(units: list[pd.DataFrame], key: str) -> dict[int, int]:
    """Count the schools, OVTs or regions of each school year."""
    found: dict[int, list[pd.Index]] = {}
    for part in units:
        years, keys = part["year"].to_numpy(), part[key].cat
        for year in pd.unique(years):
            codes = keys.codes.to_numpy()[years == year]
            there = np.bincount(codes[codes >= 0], minlength=len(keys.categories)) > 0
            found.setdefault(int(year), []).append(keys.categories[there])
    return {
        year: len(keys[0]) if len(keys) == 1 else keys[0].append(keys[1:]).nunique()
        for year, keys in sorted(found.items())
    }


@cache
def _schools(folder: DataFolder, register: str) -> pa.Array:
    """Return the schools that a register has in any year."""
    found = [pa.array([], pa.string())]
    for part in folder.wide(register):
        codes = np.unique(part["school"].cat.codes)
        names = part["school"].cat.categories[codes[codes >= 0]]
        found.append(pa.array(names, pa.string()))
    return pa.concat_arrays(found)


def _outside(schools: pd.Series, known: pa.Array) -> np.ndarray:
    """Return the rows with a school that is not known, or without one."""
    found = pc.is_in(pa.array(schools.cat.categories, pa.string()), known)
    outside = np.append(~found.to_numpy(zero_copy_only=False), True)
    return np.flatnonzero(outside[schools.cat.codes])


def unmatched_schools(folder: DataFolder, source: str) -> pd.DataFrame:
    """List what a source holds that no register of schools knows.

    Returns
    -------
    pandas.DataFrame
        ``source``, ``year``, ``key`` (BRIN6 or OVT) and ``name`` where the source has one. Of
        primary schools only regular ones: the register holds no others. Empty without a register.
    """
    columns = ["source", "year", "key", "name"]
    known_in = get(source).meta.get("register", "vestigingen")
    if known_in == "none":
        return pd.DataFrame(columns=columns)
    units = [part for part in folder.wide(source) if len(part)]
    known = _schools(folder, known_in)
    key = _key(units) if units else ""
    if not units or (not len(known) and key != "ovt"):
        return pd.DataFrame(columns=columns)
    if key == "ovt":
        # Whatever the Inspectie lists has to be a school we know, register or not.
        match = ovt_match(folder)
        strange = match.loc[match["match"] == UNMATCHED, "ovt"]
        rows = [np.flatnonzero(part["ovt"].isin(strange)) for part in units]
    else:
        rows = [_outside(part["school"], known) for part in units]
    lost = _together([*zip(units, rows, strict=True)])
    if key != "ovt":
        if "kind" in lost:
            lost = lost[lost["kind"] == "Bo"]
        if source == "leerlingen_historisch":
            lost = lost[lost["pupils_high"] > 0]
    lost = lost.assign(source=source, key=lost[key])
    if "name" not in lost:
        lost = lost.assign(name=pd.Series(pd.NA, lost.index, dtype=object))
    lost = lost.sort_values(["key", "year"], kind="stable").drop_duplicates(["year", "key"])
    return lost[columns].reset_index(drop=True)


def check(
    data: Path | str | DataFolder, progress: Callable[[str], None] = lambda name: None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read every file of a folder and say what is in it.

    Parameters
    ----------
    data : pathlib.Path, str or DataFolder
        The folder.
    progress : callable, optional
        Called with each file name before it is read.

    Returns
    -------
    coverage : pandas.DataFrame
        One row per source and school year: ``source``, ``year``, ``school_year`` (of CBS's youth
        care a calendar year), ``rows`` (in all its files of that year), ``schools`` (or regions),
        ``masked_cells``, ``unmatched_schools``, ``provisional``, ``files``.
    unmatched : pandas.DataFrame
        As `unmatched_schools`, for all sources.

    Raises
    ------
    DataErrors
        With every mistake found in any of the files.
    """
    folder = open_folder(data)
    folder.scan(progress)
    raise_all(folder.findings)
    rows, lists = [], []
    for source in names():
        files = folder.of(source)
        if not files:
            continue
        lost = unmatched_schools(folder, source)
        lists.append(lost)
        units = folder.wide(source)
        schools = _distinct(units, _key(units))
        provisional = folder.provisional(source)
        cells = {file.path.name: _of_years(file) for file in files}
        for year in schools:
            here = {
                file.path.name: cells[file.path.name][year] for file in files if year in file.years
            }
            # Of editions the newest counts; the other repeats it.
            counted = [*here.values()][-1:] if get(source).meta.get("editions") else here.values()
            rows.append(
                {
                    "source": source,
                    "year": year,
                    "school_year": (
                        str(year) if get(source).meta.get("calendar") else schoolyear.label(year)
                    ),
                    "rows": sum(rows for rows, _ in counted),
                    "schools": schools[year],
                    "masked_cells": sum(masked for _, masked in counted),
                    "unmatched_schools": int((lost["year"] == year).sum()),
                    "provisional": year in provisional,
                    "files": sorted(here),
                }
            )
    coverage = pd.DataFrame(
        rows,
        columns=[
            "source",
            "year",
            "school_year",
            "rows",
            "schools",
            "masked_cells",
            "unmatched_schools",
            "provisional",
            "files",
        ],
    )
    unmatched = (
        pd.concat(lists, ignore_index=True)
        if lists
        else pd.DataFrame(columns=["source", "year", "key", "name"])
    )
    return coverage, unmatched


def _of_years(file: FileRead) -> dict[int, tuple[int, int]]:
    """Count per school year the rows of a file (of its longest sheet) and what is hidden.

    Folded or not: a count of the file is one cell.
    """
    rows: dict[int, Counter] = {}
    masked: Counter = Counter()
    for wide in file.parts:
        years, at = np.unique(wide.frame["year"].to_numpy(), return_inverse=True)
        cells = np.zeros(len(at))
        for name in counts(wide.frame):
            cells += hidden(wide.frame, name)
        per_year = zip(years.tolist(), np.bincount(at), np.bincount(at, cells), strict=True)
        for year, here, gone in per_year:
            rows.setdefault(year, Counter())[wide.layout.name] += int(here)
            masked[year] += int(gone)
    return {year: (max(rows[year].values()), masked[year]) for year in sorted(rows)}


def findings_frame(findings: Iterable[Finding]) -> pd.DataFrame:
    """Put findings in a table, for a CSV with all of them.

    Parameters
    ----------
    findings : iterable of Finding
        As `DataErrors` and `DataFolder` hold them.

    Returns
    -------
    pandas.DataFrame
        ``kind``, ``file``, ``line`` (nullable integer), ``column``, ``found``, ``expected``,
        ``remedy``; one row each, in their order.

    Examples
    --------
    >>> from kansen_analysis.errors import CellError
    >>> finding = CellError("a.csv", "'1x'", "a count", "mend it", line=7, column="HAVO")
    >>> findings_frame([finding])[["file", "line", "column"]].values.tolist()
    [['a.csv', 7, 'HAVO']]
    """
    columns = ["kind", "file", "line", "column", "found", "expected", "remedy"]
    frame = pd.DataFrame([f.as_dict() for f in findings], columns=columns)
    return frame.astype({"line": "Int64"})
