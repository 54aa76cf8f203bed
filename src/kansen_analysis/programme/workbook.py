"""Hand the tables out as one workbook and take them back: what changed is shown first."""

from __future__ import annotations

import datetime as dt
import io
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path

import openpyxl
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from kansen_analysis.errors import (
    CellError,
    DataErrors,
    FileFormatError,
    Finding,
    LayoutError,
    UsageError,
    raise_all,
)
from kansen_analysis.programme.reading import register_of
from kansen_analysis.programme.schema import NUMBERS, REGISTER, columns, tables
from kansen_analysis.programme.tables import Sheet, open_sheet, parse
from kansen_analysis.schools.participants import read_participants
from kansen_analysis.sources import hand

GUIDE, CHOICES = "uitleg", "keuzes"
ROOM = 500  # rows below the last one that have the lists too


@dataclass
class Changes:
    """What a workbook would change.

    Parameters
    ----------
    lines : list of str
        One per changed cell, added or removed row, new column; empty when nothing changed.
    files : dict of pathlib.Path to Sheet
        Only the files that change.
    """

    lines: list[str] = field(default_factory=list)
    files: dict[Path, Sheet] = field(default_factory=dict)

    def write(self) -> list[Path]:
        """Write the changed files and return them."""
        for path, sheet in self.files.items():
            hand.save(path, sheet.encode())
        return list(self.files)


def _paths(folder: Path) -> dict[str, Path]:
    """Return the files that travel in the workbook, by the name of their sheet."""
    paths = {REGISTER: register_of(folder)}
    paths |= {table: folder / f"{table}.csv" for table in tables()}
    return {table: path for table, path in paths.items() if path.is_file()}


def programme_export(folder: Path | str, target: Path | str) -> Path:
    """Write the tables and the register as one xlsx, with lists to choose from.

    Parameters
    ----------
    folder : pathlib.Path or str
        The programme folder.
    target : pathlib.Path or str
        The workbook; replaced when it is there.

    Returns
    -------
    pathlib.Path
        The workbook. Codes and dates are text, so that nothing loses a zero; numbers are numbers;
        text that begins with ``=`` stays text.

    Raises
    ------
    UsageError
        When the folder has no tables.
    Finding
        When one of them cannot be read.
    """
    folder, target = Path(folder), Path(target)
    paths = _paths(folder)
    if set(paths) <= {REGISTER}:
        raise UsageError(f"There are no tables in {folder}.")
    sheets = {table: open_sheet(path) for table, path in paths.items()}
    book = openpyxl.Workbook()
    _guide(book.active, sheets)
    lists = _choices(book.create_sheet(CHOICES), sheets)
    for table, sheet in sheets.items():
        page = book.create_sheet(table)
        kinds = {column.name: column.kind for column in columns(table)}
        for place, name in enumerate(sheet.header, 1):
            cell = page.cell(1, place, name)
            cell.font = Font(bold=True)
            page.column_dimensions[get_column_letter(place)].width = _width(sheet, place - 1)
            letter = get_column_letter(place)
            if area := lists.get((table, name)):
                strict = kinds.get(name) == "choice"
                page.add_data_validation(
                    _list(area, f"{letter}2:{letter}{len(sheet.rows) + ROOM}", strict)
                )
        for line, row in enumerate(sheet.rows, 2):
            for place, (name, text) in enumerate(zip(sheet.header, row, strict=True), 1):
                _put(page.cell(line, place), text, kinds.get(name, "text"))
        # An empty row typed below keeps its zeros as well.
        for place, name in enumerate(sheet.header, 1):
            if kinds.get(name, "text") not in NUMBERS:
                page.column_dimensions[get_column_letter(place)].number_format = "@"
        page.freeze_panes = "B2"
    content = io.BytesIO()  # whole, before anything is written
    book.save(content)
    return hand.save(target, content.getvalue())


def programme_import(folder: Path | str, workbook: Path | str) -> Changes:
    """Compare a workbook that came back with the tables; nothing is written.

    Parameters
    ----------
    folder : pathlib.Path or str
        The programme folder.
    workbook : pathlib.Path or str
        As `programme_export` wrote it and somebody edited it, in any spreadsheet program.

    Returns
    -------
    Changes
        Show its ``lines``, then call ``write()``.

    Raises
    ------
    UsageError
        When there is no such workbook.
    DataErrors
        When it holds mistakes, a formula, or lacks a column that the table has. A sheet that is
        not there leaves its table as it is.
    """
    folder, workbook = Path(folder), Path(workbook)
    if not workbook.is_file():
        raise UsageError(f"There is no workbook {workbook}.")
    try:
        book = openpyxl.load_workbook(workbook)
    except Exception as error:  # openpyxl raises whatever the zip or XML inside raises
        raise FileFormatError(
            workbook.name, f"no workbook ({error})", "an xlsx", "save it as .xlsx"
        ) from error
    changes, findings = Changes(), []
    every = {REGISTER: register_of(folder)} | {t: folder / f"{t}.csv" for t in tables()}
    for table, path in every.items():
        if table not in book.sheetnames:
            continue
        try:
            old = open_sheet(path) if path.is_file() else Sheet([c.name for c in columns(table)])
            new = _take(book[table], old, f"{workbook.name}, sheet {table}")
        except Finding as finding:
            findings.append(finding)
            continue
        lines = list(_compare(path.name, old, new))
        if not lines:
            continue
        if table == REGISTER:
            findings += _register(new, path.name)
        else:
            # What was wrong before is not the workbook's doing.
            known = {str(f) for f in parse(table, old, path.name)[1]}
            findings += [f for f in parse(table, new, path.name)[1] if str(f) not in known]
        changes.lines += lines
        changes.files[path] = new
    raise_all(findings)
    return changes


def _register(sheet: Sheet, name: str) -> list[Finding]:
    """Let the register's own reader judge it."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / name
        path.write_bytes(sheet.encode())
        try:
            read_participants(path)
        except DataErrors as errors:
            return errors.findings
    return []


# --- out -----------------------------------------------------------------------------------------


def _put(cell: Cell, text: str, kind: str) -> None:
    if kind in NUMBERS and re.fullmatch(r"0|[1-9]\d*(\.\d*[1-9])?", text):
        cell.value = float(text) if "." in text else int(text)
        return
    cell.number_format = "@"
    if text:
        cell.value = text
        cell.data_type = "s"  # else text that begins with = becomes a formula
    cell.alignment = Alignment(vertical="top", wrap_text=len(text) > 40)


def _width(sheet: Sheet, place: int) -> float:
    longest = max((len(row[place]) for row in sheet.rows), default=0)
    return min(45, max(len(sheet.header[place]), longest)) + 3


def _guide(page: Worksheet, sheets: dict[str, Sheet]) -> None:
    page.title = GUIDE
    page.append(["tabel", "kolom", "betekenis", "verplicht", "vorm", "keuzes"])
    for table in sheets:
        for column in columns(table):
            page.append(
                [
                    table,
                    column.name,
                    ". ".join(text for text in (column.label, column.meaning) if text),
                    "ja" if column.required else "",
                    column.kind,
                    "; ".join(column.choices),
                ]
            )
    for cell in page[1]:
        cell.font = Font(bold=True)
    for letter, width in zip("ABCDEF", (14, 20, 70, 10, 12, 50), strict=True):
        page.column_dimensions[letter].width = width
    page.freeze_panes = "A2"


def _choices(page: Worksheet, sheets: dict[str, Sheet]) -> dict[tuple[str, str], str]:
    """Write the lists, and return where the list of a table's column stands."""
    lists: dict[str, list[str]] = {}
    users: dict[tuple[str, str], str] = {}
    for source, column in (("programmes", "programme"), (REGISTER, "school")):
        if source in sheets and column in sheets[source].header:
            place = sheets[source].header.index(column)
            lists[column] = [row[place] for row in sheets[source].rows]
    for table in sheets:
        for column in columns(table):
            if column.choices:
                name = f"{table} {column.name}"
                lists[name], users[table, column.name] = list(column.choices), name
            elif column.name in lists and (table, column.name) not in (
                ("programmes", "programme"),
                (REGISTER, "school"),
            ):
                users[table, column.name] = column.name
    areas = {}
    for place, (name, words) in enumerate(lists.items(), 1):
        letter = get_column_letter(place)
        page.cell(1, place, name).font = Font(bold=True)
        for line, word in enumerate(words, 2):
            _put(page.cell(line, place), word, "text")
        areas[name] = f"{CHOICES}!${letter}$2:${letter}${max(2, len(words) + 1)}"
    return {user: areas[name] for user, name in users.items()}


def _list(area: str, cells: str, strict: bool) -> DataValidation:
    rule = DataValidation(type="list", formula1=area, allow_blank=True)
    # More schools may stand in one cell, and a programme may be new: then the list is advice.
    rule.errorStyle = "stop" if strict else "information"
    rule.errorTitle, rule.error = "Niet in de lijst", f"Kies een woord uit het blad {CHOICES}."
    rule.showErrorMessage = True
    rule.add(cells)
    return rule


# --- back ----------------------------------------------------------------------------------------


def _take(page: Worksheet, old: Sheet, file: str) -> Sheet:
    """Read a sheet as text, with the columns of the old table first and in their order."""
    grid = [list(row) for row in page.iter_rows()]
    header = [_text(cell, file).strip() for cell in grid[0]] if grid else []
    while header and not header[-1]:
        header.pop()
    rows = []
    for cells in grid[1:]:
        texts = [_text(cell, file) for cell in cells]
        if stray := [t for t in texts[len(header) :] if t.strip()]:
            raise LayoutError(
                file,
                f"{stray[0]!r} right of the last column",
                "cells below a name",
                "give the column a name in the first row, or empty the cell",
                line=cells[0].row,
            )
        if any(text.strip() for text in texts):
            rows.append(texts[: len(header)])
    if lost := [name for name in old.header if name not in header]:
        raise LayoutError(
            file,
            "no such column",
            f"a column {lost[0]!r}",
            "put it back; to drop what is in it, empty its cells",
            line=1,
            column=lost[0],
        )
    if len(set(header)) < len(header) or "" in header:
        raise LayoutError(
            file, "a column without a name, or a name twice", "a name for each", "rename", line=1
        )
    order = [*old.header, *(name for name in header if name not in old.header)]
    places = [header.index(name) for name in order]
    return Sheet(
        order,
        [[row[place] for place in places] for row in rows],
        list(range(2, len(rows) + 2)),
        old.separator,
        old.newline,
        old.mark,
    )


def _text(cell: Cell, file: str) -> str:
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "f":
        raise CellError(
            file,
            f"the formula {value}",
            "a value",
            "paste the result as a value",
            line=cell.row,
            column=cell.column_letter,
        )
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    if isinstance(value, bool):
        return "ja" if value else "nee"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)


def _compare(file: str, old: Sheet, new: Sheet) -> Iterator[str]:
    """Say in words what differs, by line of the old file."""
    added = new.header[len(old.header) :]
    for name in added:
        yield f"{file}: new column {name!r}"
    before = [(*row, *("" for _ in added)) for row in old.rows]
    after = [tuple(row) for row in new.rows]
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for what, i1, i2, j1, j2 in matcher.get_opcodes():
        if what == "equal":
            continue
        pairs = min(i2 - i1, j2 - j1)
        for i, j in zip(range(i1, i1 + pairs), range(j1, j1 + pairs), strict=True):
            for name, one, two in zip(new.header, before[i], after[j], strict=True):
                if one != two:
                    yield f"{file}, line {old.lines[i]}, {name}: {one!r} becomes {two!r}"
        for i in range(i1 + pairs, i2):
            yield f"{file}, line {old.lines[i]}: removed, {_short(before[i])}"
        for j in range(j1 + pairs, j2):
            yield f"{file}: new row, {_short(after[j])}"


def _short(row: tuple[str, ...]) -> str:
    text = ", ".join(cell for cell in row if cell)
    return text if len(text) <= 100 else text[:99] + "…"
