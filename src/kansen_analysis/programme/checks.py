"""What a table alone cannot tell: unknown schools, too much spent, dates that run backwards."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import pandas as pd

from kansen_analysis.errors import ConsistencyError, DataErrors, DuplicateError, Finding
from kansen_analysis.programme.consent import PUBLIC
from kansen_analysis.programme.progress import KEY
from kansen_analysis.programme.reading import Programme, collect, register_of
from kansen_analysis.programme.schema import backwards, is_date, split, tables
from kansen_analysis.programme.stories import read_stories
from kansen_analysis.programme.tables import LINE, read_table
from kansen_analysis.schools.participants import read_participants

CENT = 0.005


def check_programme(
    folder: Path | str, schools: Iterable[str] | None = None, day: str | None = None
) -> list[Finding]:
    """Check everything in a programme folder.

    Parameters
    ----------
    folder : pathlib.Path or str
        The programme folder.
    schools : iterable of str, optional
        BRIN6 of schools that exist; by default those of the register beside the folder.
    day : str, optional
        Day of publication; by default today.

    Returns
    -------
    list of Finding
        Mistakes in cells, states that are missing, unknown schools and programmes, more spent than
        planned, sums that do not come out, dates that run backwards, consent that is missing or
        ends before publication.

    Examples
    --------
    >>> from kansen_analysis.programme import workspace
    >>> check_programme(workspace.root() / "data" / "programme")
    []
    """
    folder = Path(folder)
    programme, findings = collect(folder, day)
    if schools is None:
        try:
            schools = read_participants(register_of(folder))["school"]
        except (DataErrors, OSError):
            schools = ()  # the register is checked by itself
    known = set(schools)
    findings += _schools(folder, known)
    findings += _programmes(folder, programme)
    findings += _activities(programme.activities)
    findings += _budget(programme.budget)
    findings += _consent(folder, programme.day)
    return findings


def _rows(frame: pd.DataFrame):
    for row in frame.to_dict("records"):
        yield int(row[LINE]), row


def _schools(folder: Path, known: set[str]) -> list[Finding]:
    found = [
        (f"{table}.csv", line, school)
        for table in ("activities", "lessons")
        for line, row in _rows(read_table(folder, table)[0])
        for school in split(row["school"])
    ]
    found += [
        (f"stories/{story.file}.md", None, school)
        for story in read_stories(folder, ())[0]
        for school in split(story.school)
        if re.fullmatch(r"\d\d[A-Z]{2}\d\d", school)  # another form is told where it is read
    ]
    return [
        ConsistencyError(
            file,
            f"{school}, which the register does not know",
            "a school in participants.csv",
            "correct the BRIN6 or add the school",
            line=line,
            column="school",
        )
        for file, line, school in found
        if school not in known
    ]


def _programmes(folder: Path, programme: Programme) -> list[Finding]:
    known = set(programme.programmes["programme"])
    findings: list[Finding] = []
    for table in tables():
        frame = read_table(folder, table)[0]
        if table == "programmes":
            for line, row in _rows(frame[frame["programme"].duplicated()]):
                findings.append(
                    DuplicateError(
                        "programmes.csv",
                        f"{row['programme']!r} a second time",
                        "each programme once",
                        "keep one of the rows",
                        line=line,
                        column="programme",
                    )
                )
            for line, row in _rows(frame):
                if row["ended"] and backwards(row["started"], row["ended"]):
                    findings.append(_backwards("programmes.csv", line, "ended", row, "started"))
            continue
        for line, row in _rows(frame[~frame["programme"].isin(known) & (frame["programme"] != "")]):
            findings.append(
                ConsistencyError(
                    f"{table}.csv",
                    repr(row["programme"]),
                    "a programme in programmes.csv",
                    "write it as it stands there, or add it",
                    line=line,
                    column="programme",
                )
            )
    return findings


def _activities(activities: pd.DataFrame) -> list[Finding]:
    findings: list[Finding] = []
    again = activities[activities.duplicated([*KEY, "date"])]
    for line, row in _rows(again):
        findings.append(
            DuplicateError(
                "activities.csv",
                f"{row['activity']!r} a second time on {row['date']}",
                "one state per activity and date",
                "keep one of the rows, or give the new state its own date",
                line=line,
                column="date",
            )
        )
    for line, row in _rows(activities):
        if row["date"] and backwards(row["since"], row["date"]):
            findings.append(_backwards("activities.csv", line, "date", row, "since"))
    return findings


def _backwards(file: str, line: int, column: str, row: dict, earlier: str) -> Finding:
    return ConsistencyError(
        file,
        row[column],
        f"{row[earlier]} ({earlier}) or later",
        "correct one of the two dates",
        line=line,
        column=column,
    )


def _budget(budget: pd.DataFrame) -> list[Finding]:
    findings: list[Finding] = []

    def add(line, column, found, expected, remedy):
        findings.append(
            ConsistencyError("budget.csv", found, expected, remedy, line=line, column=column)
        )

    for line, row in _rows(budget):
        for what in ("hours", "amount"):
            spent, planned = row[f"{what}_spent"], row[f"{what}_planned"]
            if spent > planned + CENT:  # false when either is not known
                add(
                    line,
                    f"{what}_spent",
                    f"{spent:g}",
                    f"at most {planned:g}, what was planned",
                    "correct it, or let the plan follow the decision that allowed it",
                )
        product = row["hours_planned"] * row["rate"]
        if abs(product - row["amount_planned"]) > CENT:
            add(
                line,
                "amount_planned",
                f"{row['amount_planned']:g}",
                f"{row['hours_planned']:g} × {row['rate']:g} = {product:g}",
                "correct one of the three, or split the row",
            )
        moments = [part.split()[0] for part in split(row["evaluations"])]
        dated = [moment for moment in moments if is_date(moment)]
        for first, second in pairwise(dated):
            if backwards(first, second):
                add(line, "evaluations", second, f"{first} or later", "put them in order")
    for _, rows in budget.groupby(["programme", "intervention", "year"]):
        planned, granted = rows["amount_planned"].sum(), rows["granted"].sum()
        if rows["granted"].notna().any() and planned > granted + CENT:
            line = int(rows[LINE].iloc[0])
            add(line, "granted", f"{granted:g}", f"at least {planned:g}, the parts", "correct it")
    return findings


def _consent(folder: Path, day: str) -> list[Finding]:
    """Say what will not be shown, and why."""
    findings: list[Finding] = []

    def add(file, found, line=None, column="consent"):
        findings.append(
            ConsistencyError(
                file,
                found,
                f"consent that holds on {day}, the day of publication",
                "renew it, or take the file or row out; until then it is not shown",
                line=line,
                column=column,
            )
        )

    for story in read_stories(folder, ())[0]:
        file = f"stories/{story.file}.md"
        if not story.consents:
            add(file, "no consent")
        for each in story.consents:
            if each.until and each.until < day:
                add(file, f"consent until {each.until}")
            if each.until and backwards(story.date, each.until):
                add(file, f"consent until {each.until}, before the story ({story.date})")
    for line, row in _rows(read_table(folder, "lessons")[0]):
        until = row["consent_until"]
        if not row["consent_by"]:
            add("lessons.csv", "no consent", line, "consent_by")
        elif (until and until < day) or (not until and row["consent_by"] != PUBLIC):
            add("lessons.csv", f"consent until {until or 'no day'}", line, "consent_until")
        if until and row["date"] and backwards(row["date"], until):
            add(
                "lessons.csv", f"consent until {until}, before {row['date']}", line, "consent_until"
            )
    return findings
