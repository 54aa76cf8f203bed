"""Tell which source and layout a file is, by its header and sheets and not by its name."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kansen_analysis.errors import Finding, LayoutError
from kansen_analysis.sources import reading, spec

LIKE_ENOUGH = 0.6  # below this a header belongs to something we do not know
_SCAN = 10  # lines in which a header may stand
_COLUMNS = 3  # no published file has fewer
_SEPARATORS = ";,\t|"


@dataclass(frozen=True)
class Part:
    """One csv, or one sheet of a workbook, with the layout it is in."""

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


def _layouts(workbook: bool, only: str | None) -> list[spec.Layout]:
    names = [only] if only else spec.names()
    return [
        layout
        for name in names
        for layout in spec.get(name).layouts
        if bool(layout.sheet) == workbook
    ]


def _named_by_file(path: Path) -> str | None:
    """Return the source whose published file names this name resembles most, if any does."""
    stem = path.stem.lower().replace("_", "-")
    for name in spec.names():
        for file in spec.get(name).files["file"]:
            words = "".join(c for c in Path(file).stem.lower() if not c.isdigit()).strip(".- ")
            if "".join(c for c in stem if not c.isdigit()).strip(".- ") == words:
                return name
    return None


def _csv(path: Path, content: bytes, only: str | None) -> Recognised | None:
    """Recognise a csv by the line that looks most like a header we know."""
    lines = content[:20_000].decode("latin-1").lstrip("\u00ef\u00bb\u00bf").splitlines()[:_SCAN]
    best = (0.0, None, 0, "")
    layouts = _layouts(False, only)
    for separator in _SEPARATORS:
        for at, line in enumerate(lines):
            header = next(csv.reader([line], delimiter=separator), [])
            if len(header) < _COLUMNS:
                continue
            for layout in layouts:
                likeness = layout.likeness(header)
                # Between layouts alike, the one that is written with this separator.
                if likeness and layout.separator == separator:
                    likeness += 1e-6
                if likeness > best[0]:
                    best = (likeness, layout, at, separator)
    score, layout, at, separator = best
    if layout is None or score < LIKE_ENOUGH:
        suggested = only or _named_by_file(path)
        if suggested is None:
            return None
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
    return Recognised(path, source, [Part(layout, grid, layout.header_row - 1)])


def _workbook(path: Path, content: bytes, only: str | None) -> Recognised | None:
    """Recognise a workbook by its sheet names and the headers in them."""
    grids = reading.read_workbook(path, content)
    found: dict[str, list[tuple[float, Part]]] = {}
    for grid in grids:
        for layout in _layouts(True, only):
            if len(grid.rows) < layout.header_row:
                continue
            header = [str(cell) for cell in grid.rows[layout.header_row - 1]]
            score = layout.likeness(header)
            if score >= LIKE_ENOUGH:
                part = Part(layout, grid, layout.header_row - 1)
                found.setdefault(layout.source, []).append((score, part))
    if not found:
        if only is None:
            return None
        raise LayoutError(
            path.name,
            "sheets " + ", ".join(grid.sheet for grid in grids),
            f"the sheets of {only}",
            f"compare with sources/{only}/files.csv and columns.csv",
        )
    name = max(found, key=lambda n: sum(score for score, _ in found[n]))
    best: dict[str, tuple[float, Part]] = {}
    for score, part in found[name]:  # a sheet is in one layout: the one it resembles most
        if score > best.get(part.grid.sheet, (0.0, None))[0]:
            best[part.grid.sheet] = (score, part)
    parts = [part for _, part in best.values()]
    findings: list[Finding] = []
    for part in parts:
        if not part.layout.sheet_pattern.fullmatch(part.grid.sheet):
            findings.append(
                LayoutError(
                    path.name,
                    f"a sheet named {part.grid.sheet!r}",
                    f"the name {part.layout.sheet.replace('{year}', '2022-2023')!r}",
                    f"rename the sheet, or edit sources/{name}/files.csv",
                    line=1,
                    column=part.grid.sheet,
                )
            )
    present = {part.layout.name for part in parts}
    for layout in spec.get(name).layouts:
        if layout.sheet and layout.name not in present:
            findings.append(
                LayoutError(
                    path.name,
                    "sheets " + ", ".join(grid.sheet for grid in grids),
                    f"a sheet {layout.sheet.replace('{year}', '2022-2023')!r} with the columns "
                    + ", ".join(layout.columns.values()),
                    "download the file again, or edit "
                    f"sources/{name}/files.csv and sources/{name}/columns.csv",
                )
            )
    if findings:
        raise findings[0] if len(findings) == 1 else ExceptionGroup("sheets", findings)
    return Recognised(path, spec.get(name), parts)


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
