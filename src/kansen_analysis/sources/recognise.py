"""Tell which source and layout a file is, by its header and sheets and not by its name."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import SequenceMatcher
from fnmatch import fnmatch
from functools import cache, cached_property
from pathlib import Path

from kansen_analysis.errors import FileFormatError, Finding, LayoutError
from kansen_analysis.sources import persons, reading, spec

LIKE_ENOUGH = 0.6  # below this a header belongs to something we do not know
RESEMBLES = 0.3  # enough when the file has the name of a published file
SPELLED_ALIKE = 0.6  # of two headers, for one to be the other renamed
_WORDS = 5  # letters in a file name that say what it is; "NED" alone does not


@dataclass(frozen=True)
class Part:
    """A table of a file with the layout it is in."""

    layout: spec.Layout
    table: reading.Table
    header_at: int  # row of the head

    @property
    def line(self) -> int:
        """The line of the header."""
        return self.table.lines[self.header_at]

    @property
    def where(self) -> str:
        """What stands before a column in a message: the sheet, where there is one."""
        return f"{self.table.sheet}: " if self.table.sheet else ""

    @property
    def seen(self) -> bool:
        """Whether one of us has seen a file in this layout, in this kind of file."""
        suffix = Path(self.table.file).suffix.lower()
        known = bool(self.table.separator) or suffix in self.layout.suffixes
        return self.layout.seen and known and self.table.separator == self.layout.separator

    @cached_property
    def header(self) -> list[str]:
        """The raw column headers; a column that has none by design gets a name."""
        header = _words_of(self.table.head[self.header_at])
        last = max((i for i, cell in enumerate(header) if cell), default=-1)
        if spec.NO_HEADER in self.layout.columns.values():
            header[last + 1 : last + 2] = [spec.NO_HEADER]
            last += 1
        return header if self.table.separator else header[: last + 1]


@dataclass(frozen=True)
class Recognised:
    """A file, its source and its parts."""

    path: Path
    source: spec.Source
    parts: list[Part]


@dataclass(frozen=True)
class Resembling:
    """A file that looks like a source and is something else.

    Parameters
    ----------
    source : str
        What it looks like.
    has, lacks : list of str
        Headers that this source has not, and that it has.
    """

    source: str
    has: list[str] = field(default_factory=list)
    lacks: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        sides = [f"has {', '.join(self.has[:3])}"] if self.has else []
        sides += [f"lacks {', '.join(self.lacks[:3])}"] if self.lacks else []
        return f"resembles {self.source}, is not {self.source} ({', '.join(sides)})"


@dataclass(frozen=True)
class _Hit:
    """A row that looks like the header of a layout."""

    likeness: float
    part: Part

    @property
    def layout(self) -> spec.Layout:
        return self.part.layout

    @property
    def usual(self) -> bool:
        """Whether the table is split as this layout is published."""
        return self.layout.separator == self.part.table.separator


def _words_of(row: list) -> list[str]:
    return [str(cell).strip() for cell in row]


@cache
def _layouts(only: str | None) -> tuple[spec.Layout, ...]:
    names = [only] if only else spec.names()
    return tuple(layout for name in names for layout in spec.get(name).layouts)


def _stem_words(name: str) -> str:
    """Reduce a file name to its words: no numbers, no extension."""
    stem = Path(name).stem.lower().replace("_", "-")
    return "".join(c for c in stem if not c.isdigit()).strip(".- ")


def named_by_file(path: Path) -> str | None:
    """Return the source with a published file of this name, or else of the same words.

    The extension makes no difference: a csv may have been saved as a workbook.

    Examples
    --------
    >>> named_by_file(Path("05-gemiddelde-eindscores-bo-sbo-2030-2031.xlsx"))
    'eindscores'
    >>> named_by_file(Path("84780NED_UntypedDataSet_20112026.csv"))
    'cbs_84780ned'
    """
    stem, words = path.stem, _stem_words(path.name)
    exact = [n for n, published, _ in _published() if fnmatch(stem, published)]
    tables = [n for n, published, _ in _published() if stem.startswith(published + "_")]
    alike = [n for n, _, own in _published() if len(words) >= _WORDS and own == words]
    return next(iter(exact + tables + alike), None)


@cache
def _published() -> list[tuple[str, str, str]]:
    """Return the names of published files: source, name without extension, words of it."""
    files = [(name, file) for name in spec.names() for file in spec.get(name).files["file"] if file]
    return [(name, Path(file).stem, _stem_words(file)) for name, file in files]


def _hits(tables: list[reading.Table], only: str | None = None) -> list[_Hit]:
    """Return all that looks like a header of a layout, in any table under any separator."""
    layouts = _layouts(only)
    known = frozenset().union(*(layout.headers for layout in layouts))
    hits = []
    for table in tables:
        for at, row in enumerate(table.head):
            header = _words_of(row)
            ours = not known.isdisjoint(header)  # else a row of data, or not one of ours
            for layout in layouts:
                if len(layout.headers) > 1 and not ours:
                    continue
                likeness = layout.likeness(header)
                if likeness >= RESEMBLES:
                    hits.append(_Hit(likeness, Part(layout, table, at)))
    return hits


def _best(hits: list[_Hit]) -> _Hit | None:
    """Return the hit most like a layout; of those as like, one split as it is published."""
    return max(hits, key=lambda hit: (hit.likeness, hit.usual), default=None)


def _of_text(hits: list[_Hit]) -> list[_Hit]:
    best = _best(hits)
    return [best] if best else []


def _of_workbook(hits: list[_Hit]) -> list[_Hit]:
    """Return the sheets that look like a layout, of the source that most of them look like."""
    found: dict[str, dict[str, _Hit]] = {}
    for hit in hits:
        sheets = found.setdefault(hit.layout.source, {})
        sheet = hit.part.table.sheet
        if sheet not in sheets or hit.likeness > sheets[sheet].likeness:
            sheets[sheet] = hit
    likenesses = {name: sum(h.likeness for h in sheets.values()) for name, sheets in found.items()}
    best = max(likenesses, key=likenesses.__getitem__, default=None)
    return list(found[best].values()) if best else []


def _resembling(hit: _Hit) -> Resembling:
    has, lacks = hit.layout.difference(hit.part.header)
    return Resembling(hit.layout.source, has, [hit.layout.columns[n].split("|")[0] for n in lacks])


def _foreign(hit: _Hit) -> bool:
    """Tell whether a header as like as this is that of another publication.

    It is when a column that names a row is not there under any name, or when one is there that only
    the other publication has.
    """
    layout = hit.layout
    if layout.whole and hit.likeness < 1:
        return True
    has, lacks = layout.difference(hit.part.header)
    if not layout.never.isdisjoint(hit.part.header):
        return True

    def renamed(raw: str) -> bool:
        words = [word.upper() for word in raw.split("|")]
        return any(
            SequenceMatcher(None, word, other.upper()).ratio() >= SPELLED_ALIKE
            for word in words
            for other in has
        )

    return any(name in layout.keys and not renamed(layout.columns[name]) for name in lacks)


def _found(tables: list[reading.Table], only: str | None) -> list[_Hit]:
    hits = _hits(tables, only)
    return _of_text(hits) if tables[0].separator else _of_workbook(hits)


def _ours(path: Path, tables: list[reading.Table], told: str | None) -> list[_Hit] | Resembling:
    """Return the tables that are a source's, or what they look like; nothing for neither."""
    found = _found(tables, told)
    named = told or named_by_file(path)
    other = found and named and not told and named != found[0].layout.source
    if other and spec.get(named).table == found[0].layout.table:
        # Tables of CBS differ in one column: lost, it is another table, but for the name.
        found = _found(tables, named)
        told = named if found else None
    like = [hit for hit in found if hit.likeness >= LIKE_ENOUGH]
    if like and (told or named == like[0].layout.source or not any(map(_foreign, like))):
        return like
    persons.refuse_cells(path.name, tables)
    if named:
        # Its name says what it is: then say what in its header is otherwise.
        found = _found(tables, named)
        if found:
            return found
        text = next((row for row in tables[0].head if any(_words_of(row))), [])
        header = (tables[0].separator or " ").join(_words_of(text))
        raise LayoutError(
            path.name,
            f"the header {header[:60]!r}" if tables[0].separator else _sheets(tables),
            f"a header of {named}",
            "download the file again; if the publisher changed the layout, add it to "
            f"sources/{named}/columns.csv",
            line=1,
        )
    _refuse_open_quote(path.name, tables)
    best = _best(found)
    return _resembling(best) if best and best.likeness >= LIKE_ENOUGH else []


def _refuse_open_quote(file: str, tables: list[reading.Table]) -> None:
    """Refuse a text whose header would be ours, were a quote in it closed on its line."""
    for table in tables if tables[0].separator else ():
        row = _words_of(table.head[0]) or [""]
        header = [*row[:-1], *row[-1].split(table.separator)]  # as it is without the quote
        more = len(header) > len(row)
        if more and any(layout.likeness(header) >= LIKE_ENOUGH for layout in _layouts(None)):
            raise FileFormatError(
                file,
                "a quote in the header that is not closed on its line",
                "every row on one line",
                "mend the quotes in this line, or download the file again from the publisher",
                line=1,
            )


def _sheets(tables: list[reading.Table]) -> str:
    return "sheets " + ", ".join(table.sheet for table in tables)


def _check_places(path: Path, parts: list[Part], tables: list[reading.Table]) -> list[Finding]:
    """Find headers on another line, and sheets that are missing or named otherwise."""
    findings: list[Finding] = []
    name = parts[0].layout.source
    source = spec.get(name)

    def tell(found: str, expected: str, remedy: str, line: int = 1, sheet: str = ""):
        column = sheet or None
        findings.append(LayoutError(path.name, found, expected, remedy, line=line, column=column))

    for part in parts:
        sheet, layout = part.table.sheet, part.layout
        if sheet and layout.sheet and not layout.sheet_pattern.fullmatch(sheet):
            tell(
                f"a sheet named {sheet!r}",
                f"the name {layout.sheet.replace('{year}', '2022-2023')!r}",
                f"rename the sheet, or edit sources/{name}/files.csv",
                sheet=sheet,
            )
        if part.header_at + 1 != layout.header_row:
            tell(
                f"the header on line {part.line}",
                f"the header on line {layout.header_row}",
                "remove what stands above it, or download the file again",
                line=part.line,
                sheet=sheet,
            )
    if tables[0].separator:
        return findings
    there = {part.table.sheet for part in parts}
    for table in tables:
        for layout in source.layouts:
            named = layout.sheet and layout.sheet_pattern.fullmatch(table.sheet)
            if named and table.sheet not in there:
                tell(
                    "no header",
                    "the columns " + ", ".join(layout.columns.values()),
                    f"download the file again, or edit sources/{name}/columns.csv",
                    line=layout.header_row,
                    sheet=table.sheet,
                )
    present = {part.layout.name for part in parts}
    for layout in source.layouts:
        if layout.sheet and layout.name not in present and not findings:
            tell(
                _sheets(tables),
                f"a sheet {layout.sheet.replace('{year}', '2022-2023')!r} with the columns "
                + ", ".join(layout.columns.values()),
                f"download the file again, or edit sources/{name}/files.csv and "
                f"sources/{name}/columns.csv",
            )
    return findings


def recognise(path: Path, source: str | None = None) -> Recognised | Resembling | None:
    """Open a file and tell what it is.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    source : str, optional
        Its source, when ``files.csv`` in the data folder names it.

    Returns
    -------
    Recognised, Resembling or None
        None when the file belongs to no known source and looks like none.

    Raises
    ------
    Finding
        When the file is broken, holds persons, or is of a known source in an unknown form.
    ExceptionGroup
        Of `Finding`, when several things are wrong.
    """
    tables = reading.tables(path)
    if not tables:
        named = source or named_by_file(path)
        if named and path.suffix.lower() in reading.TEXTS:
            raise LayoutError(
                path.name,
                "text without separators",
                f"a header of {named}",
                "download the file again from the publisher",
                line=1,
            )
        return None
    persons.refuse_headers(path.name, tables)
    found = _ours(path, tables, source)
    if isinstance(found, Resembling):
        return found
    if not found:
        return None
    parts = [hit.part for hit in found]
    findings = _check_places(path, parts, tables)
    if len(findings) == 1:
        raise findings[0]
    if findings:
        raise ExceptionGroup("sheets", findings)
    return Recognised(path, spec.get(parts[0].layout.source), parts)
