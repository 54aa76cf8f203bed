"""What the pages about the programme share: the tables, places, dates and sources in words."""

from __future__ import annotations

import pandas as pd

from kansen_analysis.display.publication import current
from kansen_analysis.edition.open import Edition
from kansen_analysis.outcomes import PAGES
from kansen_analysis.programme.schema import split
from kansen_analysis.sources import schoolyear
from kansen_analysis.words import numbers


def goal_page(monitor: Edition, number: int) -> str:
    """Return the page of a goal, below the site; empty when this site has none."""
    goal = monitor.protocol.goal(number)
    page = PAGES.get((number, goal.outcome.measure))
    return f"{page}.ipynb" if page else f"doelen/{number}.ipynb" if current().generated else ""


NOT_NAMED = "niet genoemd"


def telling(variables: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """Leave out the columns in which no row says anything: empty, not named, or none.

    Examples
    --------
    >>> from kansen_analysis.display.tables import about
    >>> known = about(("name", "School", "", 0, "text"), ("hours", "Uren", "", 0, "mean"))
    >>> telling(known, pd.DataFrame({"name": ["De Plataan"], "hours": [None]})).index.tolist()
    ['name']
    """
    cells = frame.reindex(columns=variables.index)
    silent = cells.isna() | cells.isin(["", NOT_NAMED, 0])
    return variables[~silent.all().to_numpy()] if len(frame) else variables


def sources(frame: pd.DataFrame) -> str:
    """Name the documents a frame rests on, each once."""
    return "; ".join(dict.fromkeys(frame["source"]))


def when(date: str) -> str:
    """Write a date as precisely as it is known.

    Examples
    --------
    >>> when("2021"), when("2021-08"), when("2021-08-15"), when("")
    ('2021', 'augustus 2021', '15 augustus 2021', '')
    """
    if len(date) == 10:
        return numbers.date(date)
    return numbers.date(f"{date}-01").split(maxsplit=1)[1] if len(date) == 7 else date


def period(text: str) -> str:
    """Write a year, a school year or a run of years.

    Examples
    --------
    >>> period("2023"), period("2024-2025"), period("2022-2024")
    ('2023', '2024-2025', '2022–2024')
    """
    first, _, last = text.partition("-")
    return text if not last or int(last) == int(first) + 1 else f"{first}–{last}"


def last_year(text: str) -> int:
    """Return the school year a period ends with.

    Examples
    --------
    >>> last_year("2023"), last_year("2021-2022")
    (2023, 2021)
    """
    return int(text[-4:]) - 1 if "-" in text else int(text)


def place(monitor: Edition, row) -> str:
    """Say where: schools by name, then neighbourhood."""
    names = monitor.participants.set_index("school")["name"]
    schools = [names.get(school, school) for school in split(row.school)]
    return ", ".join([*schools, *([row.neighbourhood] if row.neighbourhood else [])])


def pages_of(monitor: Edition, schools: str) -> list[tuple[str, str]]:
    """Return the pages of participants that this site has."""
    names = monitor.participants.set_index("school")["name"]
    made = [school for school in split(schools) if school in names and current().generated]
    return [(names[school], f"scholen/{school}.ipynb") for school in made]


def euro(value: float) -> str:
    """Write whole euros.

    Examples
    --------
    >>> euro(45000)
    '€\xa045\u202f000'
    """
    return f"€\u00a0{numbers.number(value, 0)}"  # a sign alone at the end of a line is lost


def this_year(monitor: Edition) -> str:
    """Write the school year of the edition."""
    return schoolyear.label(monitor.year)
