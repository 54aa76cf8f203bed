"""Open a published file and return its rows, or say what is wrong with it as a whole."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import python_calamine

from kansen_analysis.errors import FileFormatError

WORKBOOKS = {".ods", ".xlsx", ".xls", ".xlsb"}
TEXTS = {".csv", ".txt"}
_AGAIN = "download the file again from the publisher"


@dataclass(frozen=True)
class Grid:
    """The cells of one csv or of one sheet, with the line each row begins on."""

    sheet: str
    rows: list[list]
    lines: list[int]


def read_bytes(path: Path) -> bytes:
    """Read a file and refuse what cannot be a data file at all.

    Raises
    ------
    FileFormatError
        When the file is empty, a web page, or a workbook under the name of a csv.
    """
    content = path.read_bytes()
    start = content[:2000].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if not content.lstrip(b"\xef\xbb\xbf").strip():
        raise FileFormatError(path.name, "an empty file", "a data file", _AGAIN, line=1)
    if start.startswith((b"<!doctype", b"<html", b"<head", b"<?xml")) or b"<html" in start:
        raise FileFormatError(
            path.name,
            "a web page (probably an error message of the site)",
            "a data file",
            _AGAIN,
            line=1,
        )
    if path.suffix.lower() in TEXTS and start.startswith((b"{", b"[")):
        raise FileFormatError(
            path.name,
            "an answer of an API (JSON)",
            "text with separators",
            _AGAIN,
            line=1,
        )
    is_zip = content[:2] == b"PK"
    if path.suffix.lower() in TEXTS and is_zip:
        raise FileFormatError(
            path.name,
            "a zip file or workbook",
            "text with separators",
            "unpack it, or give the workbook its own extension (.ods or .xlsx)",
            line=1,
        )
    if path.suffix.lower() in TEXTS and b"\x00" in content:
        line = content[: content.index(b"\x00")].count(b"\n") + 1
        raise FileFormatError(
            path.name,
            "NUL bytes (a binary or UTF-16 file)",
            "text in UTF-8 or cp1252",
            "save the file as CSV UTF-8, or " + _AGAIN,
            line=line,
        )
    return content


# What Dutch names hold beyond ASCII; tells one eight-bit encoding from another.
_ASCII = bytes(range(0x80))
_USUAL = frozenset("áàâäåçéèêëíìîïñóòôöúùûüý’")


def _plausible(content: bytes, encoding: str) -> int:
    """Score how usual the signs beyond ASCII are that this encoding makes of the bytes."""
    text = content.translate(None, _ASCII).decode(encoding, errors="replace")
    return sum(sign in _USUAL for sign in text)


def decode(path: Path, content: bytes, encodings: tuple[str, ...]) -> str:
    r"""Decode a csv: UTF-8 when it is, else the eight-bit encoding that gives the likeliest names.

    DUO's encoding differs per file, not per year, so the bytes decide; between encodings that are
    as likely, the layout's own comes first.

    Examples
    --------
    >>> decode(Path("a.csv"), b"Mari\x89ndael", ("cp850",))
    'Mariëndael'
    >>> decode(Path("a.csv"), b"Mari\xebndael", ("cp850",))
    'Mariëndael'
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        failed = error
    own = [e for e in encodings if not e.startswith("utf")]
    tried = list(dict.fromkeys((*own, "cp1252", "cp850")))
    for encoding in sorted(tried, key=lambda e: -_plausible(content, e)):
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


def read_csv(path: Path, content: bytes, separator: str, encodings: tuple[str, ...]) -> Grid:
    """Split a csv into cells, strictly.

    Returns
    -------
    Grid
        All rows of the file, header included; cells are text.

    Raises
    ------
    FileFormatError
        When quotes do not match, or the file stops in the middle of a line.
    """
    text = decode(path, content, encodings)
    if not text.endswith(("\n", "\r")) or (text.endswith("\r") and "\r\n" in text):
        raise FileFormatError(
            path.name,
            "a last line without an end",
            "a complete file (the publisher ends every line)",
            _AGAIN + "; if it is complete, add an empty line at the end",
            line=text.count("\n") + 1,
        )
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows, lines, begin = [], [], 1
    try:
        for row in reader:
            if reader.line_num != begin:
                raise FileFormatError(
                    path.name,
                    "a quote that is not closed on its line",
                    "every row on one line",
                    "mend the quotes in this line, or " + _AGAIN,
                    line=begin,
                )
            if any(cell.strip() for cell in row):
                rows.append(row)
                lines.append(begin)
            begin = reader.line_num + 1
    except csv.Error as error:
        raise FileFormatError(
            path.name,
            f"quotes that do not match ({error})",
            'text in double quotes, with a quote inside doubled ("")',
            "mend the quotes in this line, or " + _AGAIN,
            line=begin,
        ) from error
    return Grid("", rows, lines)


def read_workbook(path: Path, content: bytes) -> list[Grid]:
    """Read every sheet of an ods or xlsx; cells keep the type the workbook gives them.

    Raises
    ------
    FileFormatError
        When the workbook is cut off or not a workbook.
    """
    try:
        workbook = python_calamine.load_workbook(io.BytesIO(content))
        sheets = [
            (name, workbook.get_sheet_by_name(name).to_python(skip_empty_area=False))
            for name in workbook.sheet_names
        ]
    except Exception as error:  # the reader has one class per inner format
        raise FileFormatError(
            path.name,
            f"a workbook that cannot be opened ({error})",
            "a complete .ods or .xlsx",
            _AGAIN,
            line=1,
        ) from error
    return [Grid(name, rows, list(range(1, len(rows) + 1))) for name, rows in sheets]
