"""Stage 1: the published files as tidy tables, and what is in which file."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from kansen_analysis.errors import raise_all
from kansen_analysis.schools.coverage import check
from kansen_analysis.schools.load import Tables
from kansen_analysis.sources import DataFolder, names

# Of these a school year has results when any of them has it.
RESULTS = ("eindscores", "referentieniveaus", "leerresultaten", "schooladviezen")


def run(inputs: Mapping) -> dict[str, object]:
    """Read every file of the folder.

    Returns
    -------
    dict
        Every table of `kansen_analysis.load`; ``years`` (table, year, whether the publisher may
        still revise it), ``files``, ``coverage`` and ``unmatched`` (see
        `kansen_analysis.schools.coverage.check`), and ``folder``: its name, the files that are not
        known, and the school years with results.

    Raises
    ------
    DataErrors
        With everything that is wrong in the files.
    """
    tables = Tables(inputs["raw"])
    folder = tables.folder
    folder.scan()
    raise_all(folder.findings)

    tables = dict(tables)
    coverage, unmatched = check(folder)

    return tables | {
        "years": _years(tables),
        "files": _files(folder),
        "coverage": coverage.assign(files=coverage["files"].str.join(" | ")),
        "unmatched": unmatched,
        "folder": {
            "name": folder.path.name,
            "aside": [(each.file, each.kind.value, each.source) for each in folder.aside],
            "years": sorted({year for table in RESULTS for year in folder.years(table)}),
        },
    }


def _years(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    parts = [
        table.groupby("year")["provisional"].any().reset_index().assign(table=name)
        for name, table in tables.items()
        if len(table)
    ]
    columns = ["table", "year", "provisional"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _files(folder: DataFolder) -> pd.DataFrame:
    rows = [
        {
            "source": file.source,
            "file": file.path.name,
            "first_year": file.years[0],
            "last_year": file.years[-1],
            "rows": file.rows,
            "sha256": file.sha256,
            "note": file.note,
        }
        for source in names()
        for file in folder.of(source)
    ]
    columns = ["source", "file", "first_year", "last_year", "rows", "sha256", "note"]
    return pd.DataFrame(rows, columns=columns)
