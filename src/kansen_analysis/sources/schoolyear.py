"""School years: written ``2024-2025``, stored as the first year, 2024."""

from __future__ import annotations

import re
from datetime import date

from kansen_analysis.errors import UsageError

FIRST_MONTH = 8  # a school year runs from 1 August

# The notations met in names and headers of published files, the longest first.
_NOTATIONS = (
    re.compile(r"(?<!\d)(?P<first>20\d\d)[-/](?P<second>20\d\d)(?!\d)"),
    re.compile(r"(?<!\d)(?P<first>20\d\d)[-/]'?(?P<second>\d\d)(?!\d)"),
    re.compile(r"(?<!\d)(?P<first>[12]\d)-?(?P<second>[12]\d)(?!\d)"),
)


def parse(text: str) -> int:
    """Read a school year written out in full.

    Parameters
    ----------
    text : str
        ``"2024-2025"``.

    Returns
    -------
    int
        The first year of the school year.

    Raises
    ------
    UsageError
        When the text is something else, or the two years do not follow each other.

    Examples
    --------
    >>> parse("2024-2025")
    2024
    """
    match = re.fullmatch(r"((?:19|20)\d\d)-(\d{4})", text.strip(), re.ASCII)
    if not match or int(match[2]) != int(match[1]) + 1:
        raise UsageError(f"{text!r} is not a school year; write it like 2024-2025.")
    return int(match[1])


def label(year: int) -> str:
    """Write a school year out in full.

    Examples
    --------
    >>> label(2024)
    '2024-2025'
    """
    return f"{year}-{year + 1}"


def of_date(day: date) -> int:
    """Return the school year a day falls in.

    Test dates (April 2019) and count dates (1 October 2022) stand in the same column of DUO's
    files; both name their school year this way.

    Examples
    --------
    >>> of_date(date(2019, 4, 17)), of_date(date(2022, 10, 1))
    (2018, 2022)
    """
    return day.year if day.month >= FIRST_MONTH else day.year - 1


def day_after(year: int) -> str:
    """Return the day after a school year, by which an edition goes that nothing dates.

    Examples
    --------
    >>> day_after(2024)
    '2025-08-01'
    """
    return date(year + 1, FIRST_MONTH, 1).isoformat()


def find(text: str) -> list[int]:
    """Find the school years named in a file name or header, in the order they stand.

    Examples
    --------
    >>> find("04-leerlingen-bo-sbo-schooladviezen-2022-2023.csv")
    [2022]
    >>> find("05.-zittenblijven-vo-brinvest-1516-tov-1617.csv")
    [2015, 2016]
    >>> find("schoolweging 2022/2023, 2023/2024, 2024/2025")
    [2022, 2023, 2024]
    >>> find("leerlingen.csv"), find("leerlingen-2021.csv")
    ([], [])

    The four digits 2021 may be a calendar year; beside another pair they are 2020-2021.

    >>> find("1920-tov-2021")
    [2019, 2020]
    """
    hits: dict[int, int] = {}
    texts = []
    for notation in _NOTATIONS:
        for match in notation.finditer(text):
            first, second = int(match["first"]) % 100, int(match["second"]) % 100
            if second == first + 1 and not any(abs(match.start() - at) < 4 for at in hits):
                hits[match.start()] = 2000 + first
                texts.append(match[0])
    if texts == ["2021"]:
        return []
    return [hits[at] for at in sorted(hits)]
