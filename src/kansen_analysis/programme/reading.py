"""The programme folder as a whole, and where it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from kansen_analysis.errors import ConsistencyError, Finding, raise_all
from kansen_analysis.programme.consent import PUBLIC, publication_day, uncovered_names
from kansen_analysis.programme.schema import REGISTER, tables
from kansen_analysis.programme.stories import Story, read_stories
from kansen_analysis.programme.tables import LINE, open_sheet, read_table


@dataclass(frozen=True)
class Programme:
    """What stands beside the figures.

    Parameters
    ----------
    day : str
        The day on which consent was judged.
    programmes, activities, goals, budget, network : pandas.DataFrame
        As in schema.csv, each with the ``line`` in its file.
    lessons : pandas.DataFrame
        Only those that may be shown on that day.
    stories : tuple of Story
        Only those that may be shown on that day.
    withheld : int
        How many stories and lessons may not.
    """

    day: str
    programmes: pd.DataFrame = field(repr=False)
    activities: pd.DataFrame = field(repr=False)
    goals: pd.DataFrame = field(repr=False)
    budget: pd.DataFrame = field(repr=False)
    network: pd.DataFrame = field(repr=False)
    lessons: pd.DataFrame = field(repr=False)
    stories: tuple[Story, ...] = field(repr=False)
    withheld: int


def register_of(folder: Path) -> Path:
    """Return the register of participants that goes with a programme folder."""
    return Path(folder).parent / f"{REGISTER}.csv"


def collect(folder: Path | str, day: str | None = None) -> tuple[Programme, list[Finding]]:
    """Read a programme folder and return what is in it with every mistake found.

    Parameters
    ----------
    folder : pathlib.Path or str
        Tables that are not there are empty.
    day : str, optional
        Day on which consent is judged; by default today.
    """
    folder, day = Path(folder), day or publication_day()
    found, findings = {}, []
    for table in tables():
        found[table], wrong = read_table(folder, table)
        findings += wrong
    known = _nobody(folder, found)
    stories, wrong = read_stories(folder, known)
    findings += wrong
    findings += _names_in_lessons(found["lessons"], known)
    lessons = found.pop("lessons")
    agreed = (lessons["consent_by"] != "") & (
        (lessons["consent_until"] >= day)
        | ((lessons["consent_by"] == PUBLIC) & (lessons["consent_until"] == ""))
    )
    shown = tuple(story for story in stories if story.may_be_shown(day))
    return Programme(
        day=day,
        lessons=lessons[agreed].reset_index(drop=True),
        stories=shown,
        withheld=int((~agreed).sum()) + len(stories) - len(shown),
        **found,
    ), findings


def read_programme(folder: Path | str, day: str | None = None) -> Programme:
    """Read what stands beside the figures.

    Parameters
    ----------
    folder : pathlib.Path or str
        As `programme_folder` gives it.
    day : str, optional
        Day on which consent is judged; by default today.

    Returns
    -------
    Programme
        Stories and lessons without consent, or past its date, are not in it.

    Raises
    ------
    DataErrors
        With every mistake: file, line, column, found, expected, remedy.

    Examples
    --------
    >>> from kansen_analysis.programme import workspace
    >>> programme = read_programme(workspace.root() / "data" / "programme")
    >>> int((programme.activities["theme"] == "Kansrijke start").sum())
    3
    """
    programme, findings = collect(folder, day)
    raise_all(findings)
    return programme


def _nobody(folder: Path, found: dict[str, pd.DataFrame]) -> list[str]:
    """Return the names in the tables that are nobody's."""
    columns = {
        "programmes": ("programme", "area", "carried_by", "about"),
        "activities": ("theme", "pillar", "activity", "partners", "neighbourhood"),
        "goals": ("plan", "pillar", "goal", "activities"),
        "budget": ("intervention", "part", "financier"),
        "lessons": ("theme", "neighbourhood"),
    }
    names = [
        word for table, those in columns.items() for name in those for word in found[table][name]
    ]
    register = register_of(folder)
    if register.is_file():
        try:
            sheet = open_sheet(register)
        except Finding:  # whoever reads the register tells what is wrong with it
            return names
        for column in ("name", "municipality", "board"):
            if column in sheet.header:
                names += [row[sheet.header.index(column)] for row in sheet.rows]
    return names


def _names_in_lessons(lessons: pd.DataFrame, known: list[str]) -> list[Finding]:
    return [
        ConsistencyError(
            "lessons.csv",
            f"{name!r}, which looks like the name of a person",
            "a lesson without names of persons",
            "take it out",
            line=int(row[LINE]),
            column=column,
        )
        for row in lessons.to_dict("records")
        for column in ("lesson", "tried", "happened")
        for name in uncovered_names(row[column], known, ())
    ]
