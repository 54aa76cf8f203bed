"""Open a published file, within limits, and give its tables: of a text, or of a workbook's sheets.

There is one reader per container and both give the same: a `Table` with its first rows, in which a
header is looked for, and below that header columns of distinct cells with a code per row. A text
that keeps to RFC 4180 is split by Arrow; one that does not goes through the csv module, which says
on which line it goes wrong.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import stat
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import python_calamine

from kansen_analysis.errors import FileFormatError, Finding

# Gives back what is freed; its own pool keeps an eighth of all that a load takes.
pa.set_memory_pool(pa.system_memory_pool())

WORKBOOKS = {".ods", ".xlsx", ".xlsm", ".xls"}
TEXTS = {".csv", ".txt", ".tsv"}
SEPARATORS = ";,\t|"
HEAD = 10  # rows in which a header may stand
COLUMNS = 3  # no published file has fewer
_AGAIN = "download the file again from the publisher"

# Ten times what any publisher offers, and little enough for a small machine.
FILE_MAX = 250_000_000  # bytes
SMALL_MAX = 5_000_000  # bytes of a file that is written by hand
UNPACKED_MAX = 250_000_000  # bytes of a workbook's tables
CELLS_MAX = 5_000_000  # cells of a sheet, from its first to its last, empty ones included
LINE_MAX = 100_000  # bytes of a line


@dataclass(frozen=True)
class Column:
    """The cells of one column below a header: the distinct ones, and which row has which.

    Parameters
    ----------
    codes : numpy.ndarray
        Per row the place of its cell among the distinct ones.
    cells : list or pyarrow.StringArray
        The distinct cells: text, or what a workbook holds.
    """

    codes: np.ndarray
    cells: list | pa.StringArray

    def listed(self) -> list:
        """Return the distinct cells as Python has them."""
        return self.cells if isinstance(self.cells, list) else self.cells.to_pylist()


@dataclass(frozen=True)
class Body:
    """What stands below a header.

    Parameters
    ----------
    columns : list of Column
        As many as the header has cells.
    lines : numpy.ndarray
        The line of each row in the file.
    broken : list of Finding
        Rows that are not of the header's width.
    notes : list of str
        What is worth a look and no mistake.
    """

    columns: list[Column]
    lines: np.ndarray
    broken: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Table:
    """A table that a file may hold.

    Parameters
    ----------
    file, sheet : str
        Where it is; a text has no sheet.
    separator : str
        What a text is split by; a workbook has none.
    head : list of list
        Its first rows.
    lines : list of int
        The lines of those.
    """

    file: str
    sheet: str
    separator: str
    head: list[list]
    lines: list[int]
    _source: _Text | list[list] = field(repr=False)

    def below(
        self,
        at: int,
        width: int,
        until: str | None = None,
        encodings: tuple[str, ...] = (),
        multiline: bool = False,
    ) -> Body:
        """Read the rows below a header.

        Parameters
        ----------
        at : int
            Which row of `head` is the header.
        width : int
            Cells of the header; a workbook may have empty ones to the right.
        until : str, optional
            How the first cell of the first row of notes under the table begins.
        encodings : tuple of str
            Those to try first where a text is not UTF-8.
        multiline : bool, default False
            Whether a cell between quotes may hold more than one line.

        Raises
        ------
        FileFormatError
            When the quotes of a text do not match, or it has signs that no encoding knows.
        """
        if isinstance(self._source, _Text):
            line = self.lines[at]
            return self._source.below(self.separator, line, width, until, encodings, multiline)
        return _below(self, self._source, at, width, until)


# Signs that show nothing and that no picture or workbook can hold; a space shows as much.
_CONTROL = [at for at in range(1, 32) if at not in b"\t\n\r"]  # a NUL is told
_CONTROLS = bytes(32 if at in _CONTROL else at for at in range(256))
_UNSEEN = dict.fromkeys([0, *_CONTROL, 0xFFFE, 0xFFFF], " ")


def shown(text: str) -> str:
    """Return text with a space for every sign that nothing can show.

    Examples
    --------
    >>> shown("De\\x01Brug")
    'De Brug'
    """
    return text.translate(_UNSEEN)


def _shown(content: bytes) -> bytes:
    content = content.translate(_CONTROLS)
    return content.replace("\ufffe".encode(), b" ").replace("\uffff".encode(), b" ")


def read_small(path: Path, most: int = SMALL_MAX) -> bytes:
    """Read a file that somebody wrote by hand; what is none, or larger, is refused unread.

    Raises
    ------
    FileFormatError
        For a pipe, a device or a folder, and for a file of more than `most` bytes.
    """
    about = path.stat()
    expected = f"a file of at most {most / 1e6:g} MB"
    if not stat.S_ISREG(about.st_mode):
        raise FileFormatError(path.name, "no regular file", expected, "put the file there")
    if about.st_size > most:
        found = f"{about.st_size / 1e6:,.0f} MB"
        raise FileFormatError(path.name, found, expected, "put the old file back")
    return _shown(path.read_bytes())


def read_bytes(path: Path) -> bytes:
    """Read a file and refuse what cannot be a data file at all.

    Raises
    ------
    FileFormatError
        When the file is empty, too large, a web page, or a workbook under the name of a csv.
    """
    is_text = path.suffix.lower() in TEXTS
    expected = "text with separators" if is_text else "a data file"

    def refuse(found: str, remedy: str = _AGAIN, line: int = 1, expected: str = expected):
        return FileFormatError(path.name, found, expected, remedy, line=line)

    about = path.stat()
    if not stat.S_ISREG(about.st_mode):
        raise refuse("no regular file", "remove it from the folder")
    if about.st_size > FILE_MAX:
        raise refuse(
            f"{about.st_size / 1e6:,.0f} MB",
            "remove it, or keep only the rows that are needed",
            expected=f"at most {FILE_MAX / 1e6:.0f} MB, ten times what the publishers offer",
        )
    content = path.read_bytes()
    if is_text and content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        with suppress(UnicodeDecodeError):  # what Excel calls Unicode text; else told below
            content = content.decode("utf-16").encode()
    start = content[:2000].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if not start and not content.lstrip(b"\xef\xbb\xbf").strip():
        raise refuse("an empty file", expected="a data file")
    if start.startswith((b"<!doctype", b"<html", b"<head", b"<?xml")) or b"<html" in start:
        raise refuse("a web page (probably an error message of the site)", expected="a data file")
    if not is_text:
        return content
    if start.startswith((b"{", b"[")):
        raise refuse("an answer of an API (JSON)")
    if content.startswith((b"PK", b"\x1f\x8b")):
        raise refuse(
            "a zip file or workbook" if content[:2] == b"PK" else "a packed file (gzip)",
            "unpack it, or give the workbook its own extension (.ods or .xlsx)",
        )
    if b"\x00" in content:
        raise refuse(
            "NUL bytes (a binary or UTF-16 file)",
            "save the file as CSV UTF-8, or " + _AGAIN,
            content.count(b"\n", 0, content.index(b"\x00")) + 1,
            "text in UTF-8 or cp1252",
        )
    return _shown(content)


# ---------------------------------------------------------------- text

# What Dutch text holds beyond ASCII; tells one eight-bit encoding from another: letters beside a
# letter, and dashes and quotation marks where there is none on one side.
_LETTER = "[áàâäåçéèêëíìîïñóòôöúùûüý]"
_USUAL = re.compile(
    rf"(?<=[A-Za-z]){_LETTER}|{_LETTER}(?=[A-Za-z])|’"
    r"|(?<![A-Za-z])[‘“”–—…€](?=[^A-Za-z]|$)|(?<= )[‘“]|[”…](?=[ ,;\"]|$)"
)


def _beyond(content: bytes) -> bytes:
    """Return the bytes beyond ASCII, each with those beside it."""
    signs = np.frombuffer(content, np.uint8)
    beyond = signs > 127
    around = beyond.copy()
    around[1:] |= beyond[:-1]
    around[:-1] |= beyond[1:]
    return signs[around].tobytes()


def decode(path: Path, content: bytes, encodings: tuple[str, ...]) -> str:
    r"""Decode a csv: UTF-8 when it is, else the eight-bit encoding that gives the likeliest names.

    DUO's encoding differs per file, not per year, so the bytes decide; between encodings that are
    as likely, the first of those given comes first.

    Examples
    --------
    >>> decode(Path("a.csv"), b"Mari\x89ndael", ("cp850",))
    'Mariëndael'
    >>> decode(Path("a.csv"), b"Mari\xebndael", ("cp850",))
    'Mariëndael'
    >>> decode(Path("a.csv"), b"2022\x962024", ())
    '2022–2024'
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        failed = error
    own = [e for e in encodings if not e.startswith("utf")]
    tried, beyond = list(dict.fromkeys((*own, "cp1252", "cp850"))), _beyond(content)
    usual = {e: len(_USUAL.findall(beyond.decode(e, errors="replace"))) for e in tried}
    for encoding in sorted(tried, key=lambda e: -usual[e]):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError as error:
            failed = error
    line = content[: failed.start].count(b"\n") + 1
    raise FileFormatError(
        path.name,
        f"byte 0x{content[failed.start]:02X}, which no known encoding has",
        f"text in UTF-8, {', '.join(tried)}",
        _AGAIN + ", or add its encoding to files.csv of the source",
        line=line,
    )


class _Text:
    """A text file, to be split by whatever separator it turns out to have."""

    def __init__(self, path: Path, content: bytes):
        self.path = path
        content = content.removeprefix(b"\xef\xbb\xbf")
        # Excel's first line, which says by what the rest is separated.
        first = re.match(rb"sep=.\r?\n", content)
        self.skipped = int(bool(first))
        self.content = content[first.end() :] if first else content
        self.bytes = np.frombuffer(self.content, np.uint8)
        self.ends = np.flatnonzero(self.bytes == 10)
        if not len(self.ends):
            self.ends = np.flatnonzero(self.bytes == 13)
        sizes = np.diff(self.ends, prepend=-1, append=len(self.bytes))
        if sizes.max() > LINE_MAX:
            raise FileFormatError(
                path.name,
                f"a line of {sizes.max():,} bytes",
                f"lines of at most {LINE_MAX:,} bytes",
                _AGAIN,
                line=int(sizes.argmax()) + 1 + self.skipped,
            )

    def tables(self) -> Iterator[Table]:
        """Give the text as a table, once for each separator that it may have."""
        last = self.ends[HEAD] if len(self.ends) > HEAD else len(self.content)
        lines = re.split(r"\r\n|\n|\r", self.content[: int(last)].decode("latin-1"))[:HEAD]
        numbers = [at + self.skipped for at in range(1, len(lines) + 1)]
        for separator in SEPARATORS:
            if any(line.count(separator) >= COLUMNS - 1 for line in lines):
                # A quote that never closes is told where the rows are read.
                head = [next(csv.reader([line], delimiter=separator), []) for line in lines]
                yield Table(self.path.name, "", separator, head, numbers, self)

    @property
    def stops(self) -> bool:
        """Whether the last line has no end."""
        newline = b"\n" if b"\n" in self.content else b"\r"  # a return alone is half an end
        return not self.content.endswith(newline)

    def below(
        self, separator: str, line: int, width: int, until: str | None, encodings, multiline: bool
    ) -> Body:
        """Read the rows below a line."""
        text = self.content
        if not text.isascii():
            text = decode(self.path, text, encodings).encode()
        plain = self._plain(text, separator, line, width) if until is None else None
        return plain or self._strict(text.decode(), separator, line, width, until, multiline)

    def _in_order(self, separator: str) -> bool:
        """Tell whether lines end in one way and every quote opens or closes a whole cell of one.

        Between the quotes no newline may stand: then what RFC 4180 allows can be read in one way
        only.
        """
        if self.content.count(b"\r") != self.content.count(b"\r\n"):
            return False
        if b'"' not in self.content:
            return True
        places = np.flatnonzero(self.bytes == ord('"'))
        if len(places) % 2:
            return False
        padded = np.frombuffer(b"\n" + self.content + b"\n", np.uint8)
        edge = np.zeros(256, dtype=bool)
        edge[[10, 13, ord(separator), ord('"')]] = True
        return bool(
            edge[padded[places[::2]]].all()  # before one that opens
            and edge[padded[places[1::2] + 2]].all()  # behind one that closes
            and not (np.searchsorted(places, self.ends) % 2).any()
        )

    def _plain(self, text: bytes, separator: str, line: int, width: int) -> Body | None:
        """Split a text that is in order, fast; return None for one that is not."""
        rows = len(self.ends) + self.stops - (line - self.skipped)
        if rows < 1 or not self._in_order(separator):
            return None
        names = [str(at) for at in range(width)]
        kinds = dict.fromkeys(names, pa.dictionary(pa.int32(), pa.string()))
        try:
            read = pyarrow.csv.read_csv(
                pa.py_buffer(text),
                pyarrow.csv.ReadOptions(
                    use_threads=False,
                    column_names=names,
                    skip_rows=line - self.skipped,
                    block_size=len(text) + 1,
                ),
                pyarrow.csv.ParseOptions(delimiter=separator),
                pyarrow.csv.ConvertOptions(column_types=kinds, strings_can_be_null=False),
            )
        except pa.ArrowInvalid:  # a row of another width, for one
            return None
        if read.num_rows != rows:  # lines that are empty, for one
            return None
        chunks = [column.chunk(0) for column in read.unify_dictionaries().combine_chunks().columns]
        columns = [Column(c.indices.to_numpy(), c.dictionary) for c in chunks]
        if all(pc.any(pc.match_substring_regex(c.dictionary, r"^\s*$")).as_py() for c in chunks):
            return None  # there may be rows without anything in them
        lines = np.arange(line + 1, line + 1 + rows, dtype=np.int32)
        return Body(columns, lines, notes=[_NO_END] if self.stops else [])

    def _strict(
        self,
        text: str,
        separator: str,
        line: int,
        width: int,
        until: str | None,
        multiline: bool,
    ) -> Body:
        """Split a text with the csv module and say where it is not in order."""
        starts = [end.end() for end in re.finditer(r"\r\n|\n|\r", text)]
        header = line - self.skipped - 1
        below = text[starts[header] :] if header < len(starts) else ""
        reader = csv.reader(io.StringIO(below, newline=""), delimiter=separator, strict=True)
        rows, lines, broken, at = [], [], [], line + 1
        try:
            for row in reader:
                begins, at = at, line + reader.line_num + 1
                if at > begins + 1 and not multiline:
                    raise FileFormatError(
                        self.path.name,
                        "a quote that is not closed on its line",
                        "every row on one line",
                        "mend the quotes in this line, or " + _AGAIN,
                        line=begins,
                    )
                if not any(cell.strip() for cell in row):
                    continue
                if until is not None and row[0].strip().startswith(until):
                    break
                if len(row) == width:
                    rows.append(row)
                    lines.append(begins)
                else:
                    broken.append(_width(self.path.name, len(row), width, begins))
        except csv.Error as error:
            raise FileFormatError(
                self.path.name,
                f"quotes that do not match ({error})",
                'text in double quotes, with a quote inside doubled ("")',
                "mend the quotes in this line, or " + _AGAIN,
                line=at,
            ) from error
        if self.stops and broken and broken[-1].line == at - 1:
            broken[-1] = FileFormatError(
                self.path.name,
                "a last line without an end",
                f"{width} cells in it, as in the header",
                "the file is cut off; " + _AGAIN,
                line=at - 1,
            )
        notes = [_NO_END] if self.stops and not broken else []
        return Body(_columns(rows, width), np.array(lines, dtype=np.int32), broken, notes)


_NO_END = "its last line has no line end; if the publisher's file is longer, it was cut off there"


def _width(file: str, found: int, expected: int, line: int, sheet: str = "") -> Finding:
    return FileFormatError(
        file,
        f"{found} cells",
        f"{expected} cells, as in the header",
        "the file is cut off or a separator is lost here; download it again",
        line=line,
        column=sheet or None,
    )


def _columns(rows: list[list], width: int) -> list[Column]:
    """Turn rows into columns of distinct cells."""
    columns = []
    for cells in zip(*rows, strict=True) if rows else ((),) * width:
        keys = np.empty(len(cells), dtype=object)
        keys[:] = cells
        codes, distinct = pd.factorize(keys, use_na_sentinel=False)
        seen = [shown(cell) if isinstance(cell, str) else cell for cell in distinct]
        columns.append(Column(codes.astype(np.int32), seen))
    return columns


# ---------------------------------------------------------------- workbooks

_REF = re.compile(rb' r="([A-Z]{1,3})(\d+)"')
_REPEAT = re.compile(rb'number-(?:rows|columns)-repeated="(\d+)"')
_ROW = re.compile(rb"<table:table-row")
_CELL = re.compile(rb"<table:(?:covered-)?table-cell([^>]*)>")


def _place(letters: bytes) -> int:
    place = 0
    for letter in letters:
        place = place * 26 + letter - 64
    return place


def _extent_xlsx(xml: bytes) -> int:
    """Return how many cells a sheet has from its first to its last."""
    letters, rows = map(set, zip(*_REF.findall(xml), strict=True)) if b' r="' in xml else ((), ())
    return max(map(_place, letters), default=0) * max(map(int, rows), default=0)


def _extent_ods(xml: bytes) -> int:
    """Return how many cells the sheets have; what is empty to the end does not count."""
    rows = width = 0
    begins = [found.start() for found in _ROW.finditer(xml)]
    for begin, end in zip(begins, [*begins[1:], len(xml)], strict=False):
        rows += 1
        if xml.find(b"value-type", begin, end) < 0:
            continue
        if repeat := _REPEAT.search(xml, begin, xml.index(b">", begin)):
            rows += int(repeat[1]) - 1
        last = xml.rindex(b"<table:table-cell", begin, end)
        filled = xml.find(b"value-type", last, end) >= 0
        if xml.find(b"columns-repeated", begin, end if filled else last) < 0:
            width = max(width, xml.count(b"<table:table-cell", begin, end) - (not filled))
            continue
        at = 0
        for tag in _CELL.findall(xml, begin, end):
            repeat = _REPEAT.search(tag)
            at += int(repeat[1]) if repeat else 1
            width = max(width, at) if b"value-type" in tag else width
    return rows * width


def _guard(path: Path, content: bytes) -> None:
    """Refuse a workbook that unpacks to more than its size promises, before it is opened.

    The reader sets apart room for every cell between the first and the last, so one cell far away
    is as large as all between; and the sizes in a zip are what its maker says they are.
    """

    def refuse(found: str, expected: str) -> None:
        raise FileFormatError(path.name, found, expected, "remove the file, or " + _AGAIN, line=1)

    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        members = packed.infolist()
        unpacked = sum(member.file_size for member in members)
        if unpacked > UNPACKED_MAX or len(members) > 10_000:
            refuse(
                f"a workbook of {unpacked / 1e6:,.0f} MB when unpacked",
                f"at most {UNPACKED_MAX / 1e6:.0f} MB, ten times what the publishers offer",
            )
        for member in members:
            name = member.filename
            extent = (
                _extent_ods
                if name == "content.xml"
                else _extent_xlsx
                if re.fullmatch(r"xl/worksheets/[^/]+\.xml", name)
                else None
            )
            if not extent and member.compress_size * 1100 <= UNPACKED_MAX:
                continue  # not even deflate makes that too large
            xml = packed.read(member)  # as long as is said, or it is damaged
            cells = extent(xml) if extent else 0
            if cells > CELLS_MAX:
                refuse(
                    f"{cells:,} cells from the first to the last in {name}",
                    f"at most {CELLS_MAX:,}",
                )


def _sheets(path: Path, content: bytes) -> list[Table]:
    """Read every sheet; cells keep the type the workbook gives them.

    Raises
    ------
    FileFormatError
        When the workbook is cut off, too large or not a workbook.
    """
    try:
        if content[:2] == b"PK":
            _guard(path, content)
        workbook = python_calamine.load_workbook(io.BytesIO(content))
        sheets = [
            (name, workbook.get_sheet_by_name(name).to_python(skip_empty_area=False))
            for name in workbook.sheet_names
        ]
    except FileFormatError:
        raise
    except Exception as error:  # the readers have one class per inner format
        raise FileFormatError(
            path.name,
            f"a workbook that cannot be opened ({error})",
            "a complete .ods or .xlsx",
            _AGAIN,
            line=1,
        ) from error
    return [
        Table(path.name, name, "", rows[:HEAD], [*range(1, len(rows[:HEAD]) + 1)], rows)
        for name, rows in sheets
    ]


def text(cell) -> str:
    """Return what a cell shows: a whole number without a point, a day without a time.

    Examples
    --------
    >>> text(2021.0), text(" 06GS "), text(31.47), text(None)
    ('2021', '06GS', '31.47', '')
    """
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime) and cell.time() == time():
        return str(cell.date())
    return str(cell).strip()


def _empty(cell) -> bool:
    return isinstance(cell, str) and not cell.strip()


def _below(table: Table, sheet: list[list], at: int, width: int, until: str | None) -> Body:
    """Return the rows of a sheet below its header, all of the header's width."""
    rows, lines, broken = [], [], []
    for line, row in enumerate(sheet[at + 1 :], at + 2):
        if all(map(_empty, row)):
            continue
        if until is not None and str(row[0]).strip().startswith(until):
            break
        if len(row) > width and not all(map(_empty, row[width:])):
            broken.append(_width(table.file, len(row), width, line, table.sheet))
            continue
        rows.append([*row[:width], *[""] * (width - len(row))])
        lines.append(line)
    return Body(_columns(rows, width), np.array(lines, dtype=np.int32), broken)


def tables(path: Path) -> list[Table]:
    """Open a file and return the tables it may hold.

    Parameters
    ----------
    path : pathlib.Path
        A text or a workbook; anything else has no tables.

    Returns
    -------
    list of Table
        Of a workbook its sheets; of a text the same rows once per separator it may have.

    Raises
    ------
    FileFormatError
        When the file is broken, too large, or not what its name says.
    """
    kind = path.suffix.lower()
    if kind in WORKBOOKS:
        return _sheets(path, read_bytes(path))
    if kind in TEXTS:
        return list(_Text(path, read_bytes(path)).tables())
    return []
