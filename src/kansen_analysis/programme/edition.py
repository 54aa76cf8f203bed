"""A new edition: open a new state for what goes on, and list what somebody must fill in."""

from __future__ import annotations

from pathlib import Path

from kansen_analysis.errors import DataErrors, raise_all
from kansen_analysis.programme.progress import states
from kansen_analysis.programme.reading import collect, register_of
from kansen_analysis.programme.stories import read_stories
from kansen_analysis.programme.tables import LINE, Sheet, open_sheet
from kansen_analysis.schools.participants import read_participants
from kansen_analysis.sources import hand, schoolyear

ENDED = ("afgerond", "gestopt")


def new_edition(folder: Path | str, year: int) -> list[str]:
    """Copy the tables forward to a school year.

    Nothing is overwritten: an activity that goes on gets a row for the end of the school year with
    an empty state, and a budget line of the school year before gets one with nothing spent yet.
    What cannot be known is left empty, so that `check_programme` names it until somebody fills it
    in. A second call adds nothing.

    Parameters
    ----------
    folder : pathlib.Path or str
        The programme folder.
    year : int
        First year of the school year.

    Returns
    -------
    list of str
        What must be updated, with file and line.

    Raises
    ------
    DataErrors
        When the tables have mistakes: those come first. A state that is still to be filled in is
        none.
    """
    folder, label = Path(folder), schoolyear.label(year)
    first, last = f"{year}-08", f"{year + 1}-07"
    programme, findings = collect(folder, last)
    # A state that the edition itself left open is not in the way of calling it again.
    raise_all(f for f in findings if not (f.column in ("state", "source") and "empty" in f.found))
    todo = []

    sheet = open_sheet(folder / "activities.csv") if len(programme.activities) else Sheet([])
    added = 0
    for row in states(programme.activities).to_dict("records") if sheet.header else ():
        if row["state"] not in ENDED and row["date"] < first:
            _append(sheet, row[LINE], {"date": last, "state": "", "note": "", "source": ""})
            added += 1
    _write(folder / "activities.csv", sheet, added)
    todo += _blank(sheet, "activities.csv", ("state", "source"), "activity")

    sheet = open_sheet(folder / "budget.csv") if len(programme.budget) else Sheet([])
    before, added = schoolyear.label(year - 1), 0
    key = ["programme", "intervention", "part", "financier"]
    there = set(
        programme.budget.loc[programme.budget["year"] == label, key].itertuples(index=False)
    )
    for row in programme.budget.to_dict("records"):
        if row["year"] == before and tuple(row[name] for name in key) not in there:
            empty = dict.fromkeys(("hours_spent", "amount_spent", "source"), "")
            _append(sheet, row[LINE], {"year": label, **empty})
            added += 1
    _write(folder / "budget.csv", sheet, added)
    todo += _blank(sheet, "budget.csv", ("amount_spent", "source"), "part")

    for row in programme.goals.to_dict("records"):
        if row["goal"] and not row["result"]:
            todo.append(f"goals.csv, line {row[LINE]}: no result yet for {row['goal']!r}")
    for row in programme.lessons.to_dict("records"):
        if row["consent_until"] and row["consent_until"] <= f"{last}-31":
            todo.append(f"lessons.csv, line {row[LINE]}: consent ends on {row['consent_until']}")
    for story in read_stories(folder, ())[0]:
        if not story.may_be_shown(f"{last}-31"):
            todo.append(f"stories/{story.file}.md: no consent until the end of {label}")
    return todo + _register(register_of(folder), label)


def _append(sheet: Sheet, line: int, changes: dict[str, str]) -> None:
    cells = dict(zip(sheet.header, sheet.rows[sheet.lines.index(line)], strict=True)) | changes
    sheet.rows.append([cells[name] for name in sheet.header])
    sheet.lines.append(sheet.lines[-1] + 1)


def _write(path: Path, sheet: Sheet, added: int) -> None:
    if added:
        hand.save(path, sheet.encode())


def _blank(sheet: Sheet, file: str, columns: tuple[str, ...], what: str) -> list[str]:
    found = []
    for line, cells in zip(sheet.lines, sheet.rows, strict=True):
        row = dict(zip(sheet.header, cells, strict=True))
        empty = [name for name in columns if not row[name].strip()]
        if empty:
            found.append(f"{file}, line {line}: {', '.join(empty)} of {row[what]!r}")
    return found


def _register(path: Path, label: str) -> list[str]:
    if not path.is_file():
        return []
    try:
        people = read_participants(path)
    except DataErrors as errors:
        return [str(finding) for finding in errors.findings]
    empty = people[people["hours"].isna()]
    found = [
        f"participants.csv: hours of {row.school} ({row.name})"
        for row in empty.itertuples(index=False)
    ]
    return [*found, f"participants.csv: schools that joined or stopped in {label}"]
