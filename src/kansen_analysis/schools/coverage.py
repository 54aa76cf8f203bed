"""What a data folder holds: per source and school year rows, schools, hidden cells, unmatched."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd

from kansen_analysis.errors import Finding, alike, raise_all
from kansen_analysis.schools.load import load, open_folder
from kansen_analysis.schools.match import UNMATCHED
from kansen_analysis.sources import DataFolder, feeding, get, names, schoolyear
from kansen_analysis.sources.tidy import LINE


def _hidden(frame: pd.DataFrame) -> pd.Series:
    """Return per row how many of its counts the publisher hid."""
    counts = [c.removesuffix("_low") for c in frame if c.endswith("_low")]
    hidden = [frame[c].isna() & frame[f"{c}_low"].notna() for c in counts]
    return pd.concat(hidden, axis=1).sum(axis=1) if hidden else pd.Series(0, index=frame.index)


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
    table, register = load(source, folder), load(known_in, folder)
    if not len(table) or (not len(register) and "ovt" not in table):
        return pd.DataFrame(columns=columns)
    if "ovt" in table:
        # Whatever the Inspectie lists has to be a school we know, register or not.
        lost = table[table["match"] == UNMATCHED].assign(key=lambda f: f["ovt"])
    else:
        known = table["school"].isin(register["school"])
        lost = table[~known].assign(key=lambda f: f["school"])
        if "kind" in lost:
            lost = lost[lost["kind"] == "Bo"]
        if "pupils_high" in lost and source == "leerlingen_historisch":
            lost = lost[lost["pupils_high"] > 0]
    if "name" not in lost:
        lost = lost.assign(name=pd.NA)
    lost = lost.assign(source=source).drop_duplicates(["year", "key"])
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
        care a calendar year), ``rows`` (in the file), ``schools`` (or regions),
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
        table = folder.read(source)
        if get(source).table == source and len(feeding(source)) > 1:
            table = table[table["dataset"] == source]
        key = next(k for k in ("ovt", "region", "school") if k in table and table[k].notna().any())
        calendar = get(source).meta.get("calendar")
        schools = table.groupby("year")[key].nunique()
        provisional = table.groupby("year")["provisional"].any()
        for year in sorted(schools.index):
            here = [
                (file, frame[frame["year"] == year])
                for file in files
                for frame in file.frames
                if (frame["year"] == year).any()
            ]
            # A folded row stands in the frame once per value of its dimensions; the cells that
            # are not folded are hidden once.
            rows.append(
                {
                    "source": source,
                    "year": int(year),
                    "school_year": str(year) if calendar else schoolyear.label(year),
                    "rows": max(frame[LINE].nunique() for _, frame in here),
                    "schools": int(schools[year]),
                    "masked_cells": sum(_masked_cells(frame) for _, frame in here),
                    "unmatched_schools": int((lost["year"] == year).sum()),
                    "provisional": bool(provisional[year]),
                    "files": sorted({file.path.name for file, _ in here}),
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


def _masked_cells(frame: pd.DataFrame) -> int:
    """Count hidden cells of the file: folded ones per row, repeated ones once per line."""
    folded = [c for c in ("pupils",) if frame[LINE].duplicated().any() and c in frame]
    once = frame.drop_duplicates(LINE)
    return int(
        _hidden(frame[[c for c in frame if c.removesuffix("_low") in folded]]).sum()
        + _hidden(once[[c for c in once if c.removesuffix("_low") not in folded]]).sum()
    )


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


def grouped(findings: Iterable[Finding]) -> pd.DataFrame:
    """Group findings of the same kind in the same column, with how many there are.

    Parameters
    ----------
    findings : iterable of Finding
        In any order.

    Returns
    -------
    pandas.DataFrame
        As `findings_frame`, the first finding of each group, with ``count``.

    Examples
    --------
    >>> from kansen_analysis.errors import CellError
    >>> two = [CellError("a.csv", f"'{n}x'", "a count", "mend it", line=n, column="HAVO")
    ...        for n in (7, 9)]
    >>> grouped(two)[["line", "found", "count"]].values.tolist()
    [[7, "'7x'", 2]]
    """
    groups = alike(findings)
    return findings_frame(group[0] for group in groups).assign(count=[*map(len, groups)])
