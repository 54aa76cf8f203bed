"""The register of participants: which schools take part, in what, and since when."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pandas as pd

from kansen_analysis.errors import DataErrors, Finding, ParticipantsError, UsageError
from kansen_analysis.sources import DataFolder, hand, schoolyear

COLUMNS = (
    "school",
    "name",
    "municipality",
    "municipality_code",
    "programme",
    "network_start",
    "coach_start",
    "hours",
    "source",
)
# Known of some schools only; a register without them is complete.
OPTIONAL = ("board", "coach_end")
REGISTERS = ("vestigingen", "leerlingen_historisch")  # where a school must be known
RESULTS = ("eindscores", "referentieniveaus", "leerresultaten", "schooladviezen")
HOURS_MAX = 2_000  # of one person, in a full year
_PLACE = ("municipality_code", "municipality")


def _check(row: dict, add) -> dict:
    """Read one row; ``add`` takes (column, found, expected, remedy) for each mistake."""
    read: dict = {name: row[name].strip() for name in COLUMNS}
    read |= {name: (row.get(name) or "").strip() for name in OPTIONAL}
    read["board"] = read["board"] or pd.NA
    if not re.fullmatch(r"\d\d[A-Z]{2}\d\d", read["school"]):
        add(
            "school",
            repr(read["school"]),
            "a BRIN6 such as 06GS00",
            "write BRIN and two digits of the vestiging (usually 00)",
        )
    for name in ("name", "municipality", "programme", "source"):
        if not read[name]:
            add(name, "an empty cell", "text", "fill it in; every row names its source document")
    if not re.fullmatch(r"\d{1,4}", read["municipality_code"]):
        add(
            "municipality_code",
            repr(read["municipality_code"]),
            "a municipality number such as 0119",
            "take it from the register of schools",
        )
    read["municipality_code"] = read["municipality_code"].zfill(4)
    for name in ("network_start", "coach_start", "coach_end"):
        try:
            read[name] = schoolyear.parse(read[name]) if read[name] else pd.NA
        except UsageError:
            add(
                name,
                repr(read[name]),
                "a school year such as 2021-2022, or nothing",
                "write both years; leave it empty when no document gives it",
            )
            read[name] = pd.NA
    known = read["network_start"] is not pd.NA and read["coach_start"] is not pd.NA
    if known and read["coach_start"] < read["network_start"]:
        add(
            "coach_start",
            schoolyear.label(read["coach_start"]),
            f"{schoolyear.label(read['network_start'])} or later, when the school joined",
            "correct one of the two years",
        )
    known = read["coach_start"] is not pd.NA and read["coach_end"] is not pd.NA
    if known and read["coach_end"] < read["coach_start"]:
        add(
            "coach_end",
            schoolyear.label(read["coach_end"]),
            f"{schoolyear.label(read['coach_start'])} or later, when the coach started",
            "correct one of the two years; it is the last school year with a coach",
        )
    if read["hours"]:
        # Of 1.000 nobody can tell whether it is one or a thousand.
        written = re.fullmatch(r"(\d+)([.,]\d{1,2})?", read["hours"], re.ASCII)
        hours = float(read["hours"].replace(",", ".")) if written else HOURS_MAX + 1
        if hours > HOURS_MAX:
            expected = f"hours per school year, at most {HOURS_MAX}"
            add("hours", repr(read["hours"]), expected, "write a number such as 1000, or nothing")
        read["hours"] = hours if hours <= HOURS_MAX else pd.NA
    else:
        read["hours"] = pd.NA
    return read


def _read(path: Path | str) -> tuple[str, list[tuple[int, dict]], list[Finding]]:
    """Read a register: its name, the line and cells of each row, and what is wrong with them."""
    path = Path(path)
    if not path.is_file():
        raise UsageError(f"There is no register of participants {path}.")
    table = hand.read(path, COLUMNS, OPTIONAL)
    findings: list[Finding] = []
    rows: list[tuple[int, dict]] = []
    seen: dict[str, int] = {}
    for row in table:

        def add(column, found, expected, remedy, line=row.line):
            findings.append(
                ParticipantsError(path.name, found, expected, remedy, line=line, column=column)
            )

        read = _check(row.cells, add)
        if read["school"] in seen:
            add(
                "school",
                f"{read['school']} a second time",
                f"each school once (it is on line {seen[read['school']]})",
                "keep one of the two rows",
            )
        seen.setdefault(read["school"], row.line)
        rows.append((row.line, read))
    return path.name, rows, findings


def read_participants(path: Path | str) -> pd.DataFrame:
    """Read the register of participants.

    Parameters
    ----------
    path : pathlib.Path or str
        A csv or a workbook with the columns of `COLUMNS` and, where wanted, of `OPTIONAL`; a csv
        may be separated by commas, semicolons or tabs.

    Returns
    -------
    pandas.DataFrame
        One row per school: ``school`` (BRIN6), names, ``network_start`` and ``coach_start`` (first
        year of the school year, Int64, NA when no document gives it), ``hours`` per school year,
        ``board`` and ``coach_end`` (last school year with a coach, NA when it goes on).

    Raises
    ------
    UsageError
        When there is no such file.
    DataErrors
        With every mistake in it: file, line, column, found, expected, remedy.

    Examples
    --------
    >>> from kansen_analysis.demo import demo_folder
    >>> read_participants(demo_folder() / "participants.csv")["programme"].unique().tolist()
    ['Kansen4Kinderen']
    """
    _, rows, findings = _read(path)
    if findings:
        raise DataErrors(findings)
    frame = pd.DataFrame([row for _, row in rows], columns=[*COLUMNS, *OPTIONAL])
    for name in ("network_start", "coach_start", "coach_end"):
        frame[name] = frame[name].astype("Int64")
    frame["board"] = frame["board"].astype("str")
    frame["hours"] = frame["hours"].astype("Float64")
    return frame


def check_participants(path: Path | str, folder: DataFolder) -> list[Finding]:
    """Compare a register of participants with the registers of schools in a data folder.

    Parameters
    ----------
    path : pathlib.Path or str
        The register.
    folder : DataFolder
        Published files; without a register of schools nothing is said of schools.

    Returns
    -------
    list of Finding
        Schools that no register has, schools in another municipality, years that begin after the
        last school year of which there are results.
    """
    name, rows, _ = _read(path)
    tables = [folder.read(table) for table in REGISTERS if folder.of(table)]
    known = pd.concat([t[["school", "name", *_PLACE]] for t in tables]) if tables else None
    years = [year for table in RESULTS for year in folder.years(table)]
    findings: list[Finding] = []
    for line, row in rows:

        def add(column, found, expected, remedy, line=line):
            findings.append(
                ParticipantsError(name, found, expected, remedy, line=line, column=column)
            )

        if known is not None:
            _place(row, known, add)
        for column in ("network_start", "coach_start"):
            if years and row[column] is not pd.NA and row[column] > max(years):
                add(
                    column,
                    schoolyear.label(row[column]),
                    f"{schoolyear.label(max(years))} or earlier, the last of which there are "
                    "results",
                    "correct the year, or leave the school out until there are results of it",
                )
    return findings


def _place(row: dict, registers: pd.DataFrame, add) -> None:
    """Compare one school with what the registers say of it, and of its namesake nearby."""
    known = registers[registers["school"] == row["school"]]
    if not len(known):
        add(
            "school",
            f"{row['school']}, which no register of schools has",
            "a school of " + " or ".join(REGISTERS),
            "correct the BRIN; of a school that is closed, add a register of a year it was there",
        )
        return
    for column in _PLACE:
        there = known[column].dropna().unique()
        if len(there) and plain(row[column]) not in set(map(plain, there)):
            add(
                column,
                repr(row[column]),
                f"{' or '.join(map(repr, there))}, as in the register of schools",
                "correct the municipality, or the BRIN if it is another school",
            )
            return
    near = registers[registers["municipality_code"].isin(known["municipality_code"])]
    alike = near[near["name"].map(plain) == plain(row["name"])]
    if len(alike) and row["school"] not in {*alike["school"]}:
        add(
            "school",
            f"{row['school']} beside the name of {' and '.join(sorted({*alike['school']}))}",
            f"the BRIN of {row['name']}, or the name {known['name'].iloc[0]!r}",
            "correct the BRIN, or the name",
        )


def plain(text: str) -> str:
    """Reduce a name to its letters and digits: registers write the same place in several ways.

    Examples
    --------
    >>> plain("'s-Gravenhage") == plain("S GRAVENHAGE")
    True
    """
    decomposed = unicodedata.normalize("NFKD", str(text)).casefold()
    return "".join(filter(str.isalnum, decomposed))


def programme_start(people: pd.DataFrame, year: int) -> int:
    """Return the first school year in which any school had a coach; else the one after `year`."""
    starts = people["coach_start"].dropna()
    return int(starts.min()) if len(starts) else year + 1
