"""The register of participants: which schools take part, in what, and since when."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pandas as pd

from kansen_analysis.errors import DataErrors, Finding, ParticipantsError, UsageError
from kansen_analysis.sources import schoolyear
from kansen_analysis.sources.reading import decode

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
                "leave it empty when no document gives it",
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
        if re.fullmatch(r"\d+([.,]\d+)?", read["hours"]):
            read["hours"] = float(read["hours"].replace(",", "."))
        else:
            add("hours", repr(read["hours"]), "hours per school year", "write a number or nothing")
            read["hours"] = pd.NA
    else:
        read["hours"] = pd.NA
    return read


def read_participants(path: Path | str) -> pd.DataFrame:
    """Read the register of participants.

    Parameters
    ----------
    path : pathlib.Path or str
        A csv with the columns of `COLUMNS` and, where wanted, of `OPTIONAL`, separated by commas
        or semicolons.

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
    path = Path(path)
    if not path.is_file():
        raise UsageError(f"There is no register of participants {path}.")
    text = decode(path, path.read_bytes(), ("utf-8-sig",))
    separator = ";" if text.split("\n", 1)[0].count(";") > 2 else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)
    header = [name.strip() for name in reader.fieldnames or []]
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise DataErrors(
            [
                ParticipantsError(
                    path.name,
                    "no such column",
                    f"a column {name!r}",
                    "add it to the header, with empty cells if nothing is known",
                    line=1,
                    column=name,
                )
                for name in missing
            ]
        )
    findings: list[Finding] = []
    rows: list[dict] = []
    seen: dict[str, int] = {}
    for row in reader:
        line = reader.line_num

        def add(column, found, expected, remedy, line=line):
            findings.append(
                ParticipantsError(path.name, found, expected, remedy, line=line, column=column)
            )

        if None in row.values() or None in row:
            add(None, "another number of cells", f"{len(header)} cells", "quote text with commas")
            continue
        read = _check(row, add)
        if read["school"] in seen:
            add(
                "school",
                f"{read['school']} a second time",
                f"each school once (it is on line {seen[read['school']]})",
                "keep one of the two rows",
            )
        seen.setdefault(read["school"], line)
        rows.append(read)
    if findings:
        raise DataErrors(findings)
    frame = pd.DataFrame(rows, columns=[*COLUMNS, *OPTIONAL])
    for name in ("network_start", "coach_start", "coach_end"):
        frame[name] = frame[name].astype("Int64")
    frame["board"] = frame["board"].astype("str")
    frame["hours"] = frame["hours"].astype("Float64")
    return frame
