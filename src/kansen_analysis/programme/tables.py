"""Read and write one table of the programme: a CSV that somebody edits by hand."""

from __future__ import annotations

import csv
import io
import stat
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from kansen_analysis.errors import CellError, FileFormatError, Finding, LayoutError
from kansen_analysis.programme.schema import EXPECTED, NUMBERS, Column, columns
from kansen_analysis.sources import persons
from kansen_analysis.sources.reading import decode, read_small

LINE = "line"  # of a row in its file, for whoever finds something wrong with it


@dataclass
class Sheet:
    """The cells of a file as they are written, and how it is written.

    Parameters
    ----------
    header : list of str
        Names of the columns.
    rows : list of list of str
        As many cells as the header has.
    lines : list of int
        Line on which each row begins.
    separator, newline : str
        As found, so that writing changes no more than the cells that changed.
    mark : bool
        Whether the file begins with a byte order mark.
    """

    header: list[str]
    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    separator: str = ","
    newline: str = "\n"
    mark: bool = False

    def encode(self) -> bytes:
        """Write the sheet as it was found, quoted only where needed."""
        out = io.StringIO(newline="")
        writer = csv.writer(out, delimiter=self.separator, lineterminator=self.newline)
        writer.writerows([self.header, *self.rows])
        return out.getvalue().encode("utf-8-sig" if self.mark else "utf-8")


def open_sheet(path: Path) -> Sheet:
    """Read the cells of a CSV with commas or semicolons.

    Returns
    -------
    Sheet
        Empty lines are left out.

    Raises
    ------
    Finding
        When the file is empty or not text, or a row has another number of cells than the header.
    """
    content = read_small(path)
    text = decode(path, content, ("utf-8-sig",))
    if not text.strip():
        raise FileFormatError(path.name, "an empty file", "a header", "put the old file back")
    first = text.split("\n", 1)[0]
    sheet = Sheet(
        [],
        separator=";" if first.count(";") > first.count(",") else ",",
        newline="\r\n" if first.endswith("\r") else "\n",
        mark=content.startswith(b"\xef\xbb\xbf"),
    )
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sheet.separator, strict=True)
    begins = 1
    try:
        for cells in reader:
            if not sheet.header:
                sheet.header = [cell.strip() for cell in cells]
            elif any(cell.strip() for cell in cells):
                if len(cells) != len(sheet.header):
                    raise LayoutError(
                        path.name,
                        f"{len(cells)} cells",
                        f"{len(sheet.header)}, as in the header",
                        "put text that holds the separator between quotes",
                        line=begins,
                    )
                sheet.rows.append(cells)
                sheet.lines.append(begins)
            begins = reader.line_num + 1
    except csv.Error as error:
        raise FileFormatError(
            path.name, f"broken quotes ({error})", "a CSV", "mend the quotes", line=begins
        ) from error
    return sheet


def no_file(path: Path, file: str) -> list[Finding]:
    """Tell what stands under a name that should be a file: a pipe, a device, a folder, a loop."""
    try:
        kind = path.lstat().st_mode
    except OSError:  # nothing stands there
        return []
    names = {stat.S_IFIFO: "a pipe", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}
    names |= {stat.S_IFDIR: "a folder", stat.S_IFSOCK: "a socket"}
    names[stat.S_IFLNK] = "a link to no file"
    what = names.get(stat.S_IFMT(kind))
    if what is None:
        return []
    return [FileFormatError(file, what, "a file", "put the file there, or take it away")]


def parse(table: str, sheet: Sheet, file: str) -> tuple[pd.DataFrame, list[Finding]]:
    """Read the cells of a table by its schema.

    Parameters
    ----------
    table : str
        Name in the schema.
    sheet : Sheet
        The cells.
    file : str
        What to call it in findings.

    Returns
    -------
    frame : pandas.DataFrame
        The columns of the schema, then those added by hand, then `LINE`. Text is trimmed and never
        missing; numbers are floats, missing when the cell is empty.
    findings : list of Finding
        Every mistake; with one in the header the frame is empty.

    Examples
    --------
    >>> cells = [["K4K", "2021", "scholen in het netwerk", "meer dan", "90", "Jaarbericht"]]
    >>> header = [column.name for column in columns("network")]
    >>> frame, findings = parse("network", Sheet(header, cells, [2]), "network.csv")
    >>> frame["schools"].tolist(), findings
    ([90.0], [])
    """
    known = columns(table)
    findings = _about_persons(known, sheet, file) or _in_header(known, sheet, file)
    if findings:
        return _frame(known, [], []), findings
    rows = []
    for line, cells in zip(sheet.lines, sheet.rows, strict=True):
        row: dict = {name: cell.strip() for name, cell in zip(sheet.header, cells, strict=True)}
        for column in known:
            if problem := _in_cell(column, row[column.name]):
                findings.append(CellError(file, *problem, line=line, column=column.name))
                row[column.name] = ""
            if column.kind in NUMBERS:
                row[column.name] = _number(row[column.name])
        rows.append(row | {LINE: line})
    extra = [name for name in sheet.header if name not in {column.name for column in known}]
    return _frame(known, extra, rows), findings


def read_table(folder: Path, table: str) -> tuple[pd.DataFrame, list[Finding]]:
    """Read one table of a programme folder; a file that is not there is a table without rows.

    Returns
    -------
    frame, findings
        As `parse`.
    """
    path = Path(folder) / f"{table}.csv"
    if not path.is_file():
        return _frame(columns(table), [], []), no_file(path, path.name)
    try:
        return parse(table, open_sheet(path), path.name)
    except Finding as finding:
        return _frame(columns(table), [], []), [finding]


def _about_persons(known: tuple[Column, ...], sheet: Sheet, file: str) -> list[Finding]:
    """Find data about persons, by the names of columns and in what stands below them."""
    found: list[Finding] = [
        persons.finding(file, f"a column {name!r}", 1, name)
        for name in sheet.header
        if persons.is_header(name)
    ]
    amounts = {column.name for column in known if column.kind in NUMBERS}
    for line, cells in zip(sheet.lines, sheet.rows, strict=True):
        found += [
            persons.finding(file, kind, line, name)
            for name, cell in zip(sheet.header, cells, strict=True)
            if name not in amounts and (kind := persons.in_text(cell))
        ]
    return found


def _in_header(known: tuple[Column, ...], sheet: Sheet, file: str) -> list[Finding]:
    findings: list[Finding] = []
    for column in known:
        if column.name not in sheet.header:
            findings.append(
                LayoutError(
                    file,
                    "no such column",
                    f"a column {column.name!r}",
                    "add it to the header; its cells may "
                    + ("not be empty" if column.required else "be empty"),
                    line=1,
                    column=column.name,
                )
            )
    for place, name in enumerate(sheet.header, 1):
        if not name or sheet.header.count(name) > 1:
            findings.append(
                LayoutError(
                    file,
                    f"{name!r} as name of column {place}",
                    "a name that stands there once",
                    "rename it",
                    line=1,
                )
            )
    return findings


def _in_cell(column: Column, text: str) -> tuple[str, str, str] | None:
    """Return what was found, what was expected and what to do, if a cell is wrong."""
    if not text:
        if not column.required:
            return None
        expected = ", ".join(column.choices) or EXPECTED.get(column.kind, ("text", bool))[0]
        return "an empty cell", expected, f"fill it in ({column.label})"
    if column.kind == "choice":
        right, expected = text in column.choices, "one of " + ", ".join(column.choices)
    else:
        expected, is_right = EXPECTED.get(column.kind, ("text", bool))
        right = is_right(text)
    return None if right else (repr(text), expected, f"correct it ({column.label})")


def _number(text: str) -> float:
    return float(text.replace(",", ".")) if text else float("nan")


def _frame(known: tuple[Column, ...], extra: list[str], rows: list[dict]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=[*(column.name for column in known), *extra, LINE])
    for column in known:
        frame[column.name] = frame[column.name].astype(float if column.kind in NUMBERS else "str")
    return frame.astype({LINE: int})
