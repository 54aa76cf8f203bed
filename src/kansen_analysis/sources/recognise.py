"""Tell which source and layout a file is, by its header and sheets and not by its name."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from kansen_analysis.errors import Finding, LayoutError
from kansen_analysis.sources import reading, spec

LIKE_ENOUGH = 0.6  # below this a header belongs to something we do not know
RESEMBLES = 0.3  # enough when the file has the name of a published file
_SCAN = 10  # lines in which a header may stand
_WORDS = 5  # letters in a file name that say what it is; "NED" alone does not
_COLUMNS = 3  # no published file has fewer
_SEPARATORS = ";,\t|"


@dataclass(frozen=True)
class Part:
    """One csv, or one sheet of a workbook, with the layout it is in."""

    file: str
    layout: spec.Layout
    grid: reading.Grid
    header_at: int  # index in grid.rows

    @cached_property
    def header(self) -> list[str]:
        """The raw column headers; a column that has none by design gets a name."""
        header = [str(cell).strip() for cell in self.grid.rows[self.header_at]]
        if spec.NO_HEADER in self.layout.columns.values():
            last = max((i for i, cell in enumerate(header) if cell), default=-1)
            header[last + 1 : last + 2] = [spec.NO_HEADER]
        return header


@dataclass(frozen=True)
class Recognised:
    """A file, its source and its parts."""

    path: Path
    source: spec.Source
    parts: list[Part]


@cache
def _layouts(workbook: bool, only: str | None) -> tuple[spec.Layout, ...]:
    names = [only] if only else spec.names()
    every = (layout for name in names for layout in spec.get(name).layouts)
    return tuple(layout for layout in every if bool(layout.sheet) == workbook)


def _words(name: str) -> str:
    """Reduce a file name to its words: no numbers, no extension."""
    stem = Path(name).stem.lower().replace("_", "-")
    return "".join(c for c in stem if not c.isdigit()).strip(".- ")


def _named_by_file(path: Path) -> str | None:
    """Return the source with a published file of this name, or else of the same words."""
    files = [(name, file) for name in spec.names() for file in spec.get(name).files["file"] if file]
    exact = [n for n, file in files if path.name == file or ("*" in file and path.match(file))]
    words = _words(path.name)
    alike = [n for n, file in files if len(words) >= _WORDS and _words(file) == words]
    return next(iter(exact + alike), None)


@cache
def _headers(layouts: tuple[spec.Layout, ...]) -> frozenset[str]:
    return frozenset().union(*(layout.headers for layout in layouts))


def _best(
    lines: list[str], layouts: tuple[spec.Layout, ...]
) -> tuple[float, spec.Layout | None, int, str]:
    """Return the layout most like any line under any separator: likeness, layout, line, separator.

    Of layouts that are as like, the one written with this separator is taken.
    """
    best = (0.0, None, 0, "")
    known = _headers(layouts)
    for separator in _SEPARATORS:
        for at, line in enumerate(lines):
            if line.count(separator) < _COLUMNS - 1:
                continue
            header = [cell.strip() for cell in next(csv.reader([line], delimiter=separator), [])]
            ours = bool(known.intersection(header))  # else a row of data, or not one of ours
            for layout in layouts:
                if len(layout.headers) > 1 and not ours:
                    continue
                likeness = layout.likeness(header)
                better = likeness > best[0] or (
                    likeness == best[0] and layout.separator == separator != best[3]
                )
                if likeness and better:
                    best = (likeness, layout, at, separator)
    return best


def _csv(path: Path, content: bytes, only: str | None) -> Recognised | None:
    """Recognise a csv by the line that looks most like a header we know."""
    text = content[:20_000].decode("latin-1").lstrip("\u00ef\u00bb\u00bf")
    lines = re.split(r"\r\n|\n|\r", text)[:_SCAN]
    score, layout, at, separator = _best(lines, _layouts(False, only))
    named = _named_by_file(path) if layout and not only else None
    if named and named != layout.source and spec.get(named).table == layout.table:
        # Tables of CBS differ in one column: lost, it is another table, but for the name.
        only = named
        score, layout, at, separator = _best(lines, _layouts(False, only))
    if layout is None or score < LIKE_ENOUGH or (layout.whole and score < 1 and not only):
        suggested = only or _named_by_file(path)
        if suggested is None:
            return None
        # Its name says what it is: then say what in its header is otherwise.
        score, layout, at, separator = _best(lines, _layouts(False, suggested))
        if score < RESEMBLES:
            columns = spec.get(suggested).tables()["columns.csv"]
            raise LayoutError(
                path.name,
                f"the header {lines[0][:60]!r}",
                f"a header of {suggested}",
                "download the file again; if the publisher changed the layout, add it to "
                f"sources/{suggested}/{columns.name}",
                line=1,
            )
    source = spec.get(layout.source)
    if separator != layout.separator:
        raise LayoutError(
            path.name,
            f"columns separated by {separator!r}",
            f"{layout.separator!r}",
            "save the file with the publisher's separator, or download it again",
            line=at + 1,
        )
    if at + 1 != layout.header_row:
        raise LayoutError(
            path.name,
            f"the header on line {at + 1}",
            f"the header on line {layout.header_row}",
            "remove what stands above it, or download the file again",
            line=at + 1,
        )
    grid = reading.read_csv(path, content, layout.separator, layout.encodings)
    part = Part(path.name, layout, grid, layout.header_row - 1)
    return Recognised(path, source, [part])


def _parts(path: Path, grids: list[reading.Grid], only: str | None) -> list[tuple[float, Part]]:
    """Return the sheets that look like a layout we know, with how much, the best source's only."""
    found: dict[str, dict[str, tuple[float, Part]]] = {}
    for grid in grids:
        for layout in _layouts(True, only):
            for at, row in enumerate(grid.rows[:_SCAN]):
                header = [str(cell).strip() for cell in row]
                score = layout.likeness(header) if layout.headers.intersection(header) else 0.0
                sheets = found.setdefault(layout.source, {})
                if score >= LIKE_ENOUGH and score > sheets.get(grid.sheet, (0.0,))[0]:
                    sheets[grid.sheet] = (score, Part(path.name, layout, grid, at))
    return list(
        max(found.values(), key=lambda sheets: sum(score for score, _ in sheets.values())).values()
    )


def _workbook(path: Path, content: bytes, only: str | None) -> Recognised | None:
    """Recognise a workbook by its sheet names and the headers in them."""
    grids = reading.read_workbook(path, content)
    parts = [part for _, part in _parts(path, grids, only)]
    all_sheets = "sheets " + ", ".join(grid.sheet for grid in grids)
    name = parts[0].layout.source if parts else only or _named_by_file(path)
    if name is None:
        return None
    source = spec.get(name)
    findings: list[Finding] = []

    def tell(found: str, expected: str, remedy: str, line: int = 1, sheet: str | None = None):
        findings.append(LayoutError(path.name, found, expected, remedy, line=line, column=sheet))

    for part in parts:
        sheet, layout = part.grid.sheet, part.layout
        if not layout.sheet_pattern.fullmatch(sheet):
            tell(
                f"a sheet named {sheet!r}",
                f"the name {layout.sheet.replace('{year}', '2022-2023')!r}",
                f"rename the sheet, or edit sources/{name}/files.csv",
                sheet=sheet,
            )
        if part.header_at + 1 != layout.header_row:
            tell(
                f"the header on line {part.header_at + 1}",
                f"the header on line {layout.header_row}",
                "remove what stands above it, or download the file again",
                line=part.header_at + 1,
                sheet=sheet,
            )
    there = {part.grid.sheet for part in parts}
    for grid in grids:
        if grid.sheet in there:
            continue
        for layout in source.layouts:
            if layout.sheet_pattern.fullmatch(grid.sheet):
                tell(
                    "no header",
                    "the columns " + ", ".join(layout.columns.values()),
                    f"download the file again, or edit sources/{name}/columns.csv",
                    line=layout.header_row,
                    sheet=grid.sheet,
                )
    present = {part.layout.name for part in parts}
    for layout in source.layouts:
        if layout.sheet and layout.name not in present and not findings:
            tell(
                all_sheets,
                f"a sheet {layout.sheet.replace('{year}', '2022-2023')!r} with the columns "
                + ", ".join(layout.columns.values()),
                f"download the file again, or edit sources/{name}/files.csv and "
                f"sources/{name}/columns.csv",
            )
    if findings:
        raise ExceptionGroup("sheets", findings)
    return Recognised(path, source, parts)


def recognise(path: Path, source: str | None = None) -> Recognised | None:
    """Open a file and tell what it is.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    source : str, optional
        Its source, when ``files.csv`` in the data folder names it.

    Returns
    -------
    Recognised or None
        None when the file belongs to no known source.

    Raises
    ------
    Finding
        When the file is broken, or is of a known source in an unknown form.
    """
    content = reading.read_bytes(path)
    if path.suffix.lower() in reading.WORKBOOKS:
        return _workbook(path, content, source)
    if path.suffix.lower() in reading.TEXTS:
        return _csv(path, content, source)
    return None
