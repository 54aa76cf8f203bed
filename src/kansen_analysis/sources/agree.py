"""What only another file can explain: the meaning of codes."""

from __future__ import annotations

import pandas as pd

from kansen_analysis.errors import ConsistencyError, Finding, MissingFileError
from kansen_analysis.sources import schoolyear, spec

CLASH = 0.02  # of the cells may differ, for what the publisher revised


def _cells(files: list, source: str, years: set[int]) -> pd.DataFrame:
    """Return the bounds of every count of a source by school, year and dimensions."""
    key = [*spec.get(source).meta["key"], "year", *spec.get(source).dimensions]
    frames = [
        frame.loc[frame["year"].isin(years), [*key, "pupils_low", "pupils_high"]]
        for file in files
        if file.source == source
        for frame in file.frames
    ]
    return pd.concat(frames, ignore_index=True)


def with_wide_file(files: list) -> list[Finding]:
    """Check the meaning of codes in a long file against a yearly file that spells them out.

    DUO's long file of advices has numbers for advices, and those who read it disagree about which
    number is which. So a long file is only read when a yearly file of one of its years is in the
    folder and has, school by school, the same counts under the names that ``codes.csv`` gives.

    Parameters
    ----------
    files : list of FileRead
        All files of a folder.
    """
    findings: list[Finding] = []
    for file in files:
        source = spec.get(file.source)
        wide = source.meta.get("check_codes")
        if not wide:
            continue
        column, name = wide["column"], wide["against"]
        has = {year for other in files if other.source == name for year in other.years}
        years = set(file.years) & has
        raw = source.layouts[0].columns[source.codes["variable"].iloc[0]]
        if not years:
            span = f"{schoolyear.label(file.years[0])} to {schoolyear.label(file.years[-1])}"
            findings.append(
                MissingFileError(
                    file.path.name,
                    f"codes that no file of {name} confirms",
                    f"a yearly file of {name} of one of the school years {span}",
                    f"add such a file to the folder: the meaning of {raw} is disputed",
                    column=raw,
                )
            )
            continue
        key = [*source.meta["key"], "year"]
        other = _cells(files, name, years).rename(
            columns={"pupils_low": "low", "pupils_high": "high"}
        )
        both = _cells([file], file.source, years).merge(other, on=key)
        both = both[(both["pupils_high"] > 0) | (both["high"] > 0)]
        for value, rows in both.groupby(column):
            clash = (rows["pupils_low"] > rows["high"]) | (rows["pupils_high"] < rows["low"])
            if clash.mean() <= CLASH:
                continue
            code = source.codes.set_index(column)["code"].get(value, value)
            findings.append(
                ConsistencyError(
                    file.path.name,
                    f"code {code} as {value}: {_span(rows, 'pupils_')} pupils, "
                    f"{100 * clash.mean():.0f}% of the schools contradicted",
                    f"{_span(rows, '')} pupils, as in {name} of the same schools and years",
                    f"correct the meaning of the codes in sources/{source.name}/codes.csv",
                    column=raw,
                )
            )
    return findings


def _span(rows: pd.DataFrame, prefix: str) -> str:
    low, high = rows[f"{prefix}low"].sum(), rows[f"{prefix}high"].sum()
    return f"{low}" if low == high else f"{low} to {high}"
