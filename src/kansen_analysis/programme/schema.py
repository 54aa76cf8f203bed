"""The form of the programme's tables, as it stands in schema.csv."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

from kansen_analysis.errors import UsageError
from kansen_analysis.sources import schoolyear

# The register has a reader of its own; it travels along in the workbook.
REGISTER = "participants"
NUMBERS = ("number", "money")


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    name, label : str
        Header in the file, and what a reader sees.
    kind : str
        What its cells hold, one of `EXPECTED`.
    required : bool
        Whether a cell may be empty.
    choices : tuple of str
        What a choice may be.
    meaning : str
        In Dutch, for who fills it in.
    """

    name: str
    label: str
    kind: str
    required: bool
    choices: tuple[str, ...]
    meaning: str


@cache
def _all() -> dict[str, tuple[Column, ...]]:
    text = (resources.files(__package__) / "schema.csv").read_text("utf-8")
    found: dict[str, tuple[Column, ...]] = {}
    for row in csv.DictReader(text.splitlines()):
        column = Column(
            row["column"],
            row["label"],
            row["kind"],
            row["required"] == "yes",
            tuple(row["values"].split("|")) if row["values"] else (),
            row["meaning"],
        )
        found[row["table"]] = (*found.get(row["table"], ()), column)
    return found


def tables() -> tuple[str, ...]:
    """Return the names of the tables in the programme folder.

    Examples
    --------
    >>> tables()
    ('programmes', 'activities', 'goals', 'budget', 'network', 'lessons')
    """
    return tuple(name for name in _all() if name != REGISTER)


def columns(table: str) -> tuple[Column, ...]:
    """Return the columns of a table in the order of its file.

    Raises
    ------
    UsageError
        When there is no such table.

    Examples
    --------
    >>> [column.name for column in columns("network")]
    ['programme', 'year', 'what', 'precision', 'schools', 'source']
    """
    try:
        return _all()[table]
    except KeyError:
        known = ", ".join(_all())
        raise UsageError(f"There is no table {table!r}; there are {known}.") from None


def values(table: str, column: str) -> tuple[str, ...]:
    """Return what a choice may be.

    Examples
    --------
    >>> values("activities", "state")
    ('verkenning', 'voorbereiding', 'loopt', 'afgerond', 'gestopt')
    """
    return next(each.choices for each in columns(table) if each.name == column)


def split(text: str) -> list[str]:
    """Split a cell that holds a list.

    Examples
    --------
    >>> split("MWC; gemeente Emmen;")
    ['MWC', 'gemeente Emmen']
    """
    return [part.strip() for part in text.split(";") if part.strip()]


def is_date(text: str) -> bool:
    """Tell whether text is a year, month or day that exists; documents seldom give the day.

    Examples
    --------
    >>> is_date("2021"), is_date("2021-08"), is_date("2021-02-30"), is_date("1-8-2021")
    (True, True, False, False)
    """
    if not re.fullmatch(r"(19|20)\d\d(-\d\d(-\d\d)?)?", text):
        return False
    try:
        date.fromisoformat(text + "-01-01"[len(text) - 4 :])
    except ValueError:
        return False
    return True


def backwards(first: str, second: str) -> bool:
    """Tell whether the second date certainly comes before the first.

    Examples
    --------
    >>> backwards("2021-08", "2021-07-31"), backwards("2021-08", "2021"), backwards("", "2021")
    (True, False, False)
    """
    known = min(len(first), len(second))
    return first[:known] > second[:known]


def _is_school_year(text: str) -> bool:
    try:
        schoolyear.parse(text)
    except UsageError:
        return False
    return True


def _is_period(text: str) -> bool:
    years = re.fullmatch(r"(20\d\d)(?:-(20\d\d))?", text)
    return years is not None and (years[2] is None or years[2] > years[1])


def _is_school(text: str) -> bool:
    return bool(re.fullmatch(r"\d\d[A-Z]{2}\d\d", text))


def _are_sdgs(text: str) -> bool:
    return all(part.isascii() and part.isdigit() and 1 <= int(part) <= 17 for part in split(text))


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"\d+([.,]\d+)?", text))


# kind -> what it looks like, and whether text is that; what is not here may be any text
EXPECTED: dict[str, tuple[str, Callable[[str], bool]]] = {
    "date": ("a year, month or day such as 2021, 2021-08 or 2021-08-15", is_date),
    "day": ("a day such as 2026-07-31", lambda text: len(text) == 10 and is_date(text)),
    "school_year": ("a school year such as 2024-2025", _is_school_year),
    "period": ("a year or years such as 2023 or 2022-2024", _is_period),
    "school": ("a BRIN6 such as 06GS00", _is_school),
    "schools": (
        "BRIN6 such as 06GS00; several separated by ;",
        lambda text: all(map(_is_school, split(text))),
    ),
    "sdg": ("numbers from 1 to 17 separated by ;", _are_sdgs),
    "number": ("a number such as 588 or 12,5", _is_number),
    "money": ("euros such as 45000, without sign or dots", _is_number),
    "code": ("a code", bool),
}
