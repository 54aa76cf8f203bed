"""The *cijferbijlage*: one workbook with every file that stands behind a figure or table.

It is read back from the downloads themselves, so that it cannot say anything else than they do, and
made anew after every render. The same downloads give the same bytes.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from kansen_analysis.display.downloads import FORMULA

FILE = "cijferbijlage.xlsx"
TITLE = "Cijferbijlage"
CONTENTS = "Inhoud"
ABOUT = "-toelichting"  # the name of the file that explains another one ends so
EPOCH = dt.datetime(2000, 1, 1)  # nobody's date: a workbook holds when it was made
SHEET_NAME = 31  # characters that Excel takes
WIDEST = 60

_NUMBER = re.compile(r"-?(0|[1-9]\d*)(,\d+)?")
_LINK = Font(color="12436D", underline="single")
_BOLD = Font(bold=True)
_HEADING = Font(bold=True, size=14)
_WRAPPED = Alignment(wrap_text=True, vertical="top")


@dataclass(frozen=True)
class Sheet:
    """One download with its explanation.

    Parameters
    ----------
    name : str
        Of the file, without suffix.
    rows : list of list of str
        The download; the first row names the columns.
    source, notes : str
        Of the whole file.
    about : dict
        Column to description, unit, source and notes.
    """

    name: str
    rows: list[list[str]]
    source: str
    notes: str
    about: dict[str, tuple[str, str, str, str]]


def write(folder: Path) -> Path | None:
    """Write the workbook into a folder with downloads.

    Parameters
    ----------
    folder : Path
        With ``name.csv`` and ``name-toelichting.csv``, as `kansen_analysis.display.downloads`
        writes them.

    Returns
    -------
    Path or None
        The workbook; None when the folder holds no downloads.
    """
    sheets = read(folder)
    if not sheets:
        return None
    target = Path(folder) / FILE
    target.write_bytes(build(sheets))
    return target


def read(folder: Path) -> list[Sheet]:
    """Read the downloads of a folder that have an explanation.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    list of Sheet
        In the order of their names.
    """
    sheets = []
    for path in sorted(Path(folder).glob(f"*{ABOUT}.csv")):
        name = path.stem.removesuffix(ABOUT)
        data = path.with_name(f"{name}.csv")
        if data.exists():
            (_, _, _, source, notes), *columns = _read(path)[1:]
            about = {column: tuple(rest) for column, *rest in columns}
            sheets.append(Sheet(name, _read(data), source, notes, about))
    return sheets


def build(sheets: Iterable[Sheet]) -> bytes:
    """Make the workbook.

    Parameters
    ----------
    sheets : iterable of Sheet

    Returns
    -------
    bytes
        A contents sheet with links, then one sheet per download: what it is, source, notes, what
        its columns mean, and the figures. Numbers are numbers, everything else is text.
    """
    sheets = list(sheets)
    book = Workbook()
    book.properties.creator = "kansen_analysis"
    book.properties.title = TITLE
    book.properties.language = "nl"
    contents = book.active
    contents.title = CONTENTS
    titles = _titles(sheet.name for sheet in sheets)
    _contents(contents, sheets, titles)
    for sheet, title in zip(sheets, titles, strict=True):
        _fill(book.create_sheet(title), sheet)
    return _fixed(book)


def _contents(page: Worksheet, sheets: list[Sheet], titles: list[str]) -> None:
    _put(page, 1, ["Cijferbijlage bij de monitor Kansen4Kinderen"], font=_HEADING)
    lines = [
        "Elk blad hoort bij één figuur of tabel. Een lege cel is onbekend of afgeschermd.",
        "Kolommen die eindigen op _low en _high geven de grenzen waartussen een getal ligt.",
        "Het blad begint met de bron, de opmerkingen en wat elke kolom betekent.",
    ]
    for number, line in enumerate(lines, 2):
        _put(page, number, [line])
    at = len(lines) + 3
    _put(page, at, ["Blad", "Bestand", "Rijen", "Bron"], font=_BOLD)
    for number, (sheet, title) in enumerate(zip(sheets, titles, strict=True), at + 1):
        _put(page, number, [title, f"{sheet.name}.csv", len(sheet.rows) - 1, sheet.source])
        page.cell(number, 1).hyperlink = f"#'{title}'!A1"
        page.cell(number, 1).font = _LINK
        page.cell(number, 4).alignment = _WRAPPED
    page.freeze_panes = page.cell(at + 1, 1)
    for letter, width in zip("ABCD", (34, 40, 8, WIDEST), strict=True):
        page.column_dimensions[letter].width = width


def _fill(page: Worksheet, sheet: Sheet) -> None:
    names, *rows = sheet.rows
    _put(page, 1, [sheet.name], font=_HEADING)
    _put(page, 2, ["Terug naar de inhoud"], font=_LINK)
    page["A2"].hyperlink = f"#'{CONTENTS}'!A1"
    _put(page, 3, ["Bron", sheet.source])
    _put(page, 4, ["Opmerkingen", sheet.notes])
    at = 6
    _put(page, at, ["Kolom", "Omschrijving", "Eenheid", "Bron", "Opmerkingen"], font=_BOLD)
    for name in names:
        at += 1
        description, unit, source, notes = sheet.about.get(name, ("", "", "", ""))
        own = "" if source == sheet.source else source
        _put(page, at, [name, description, unit, own, notes])
    at += 2
    _put(page, at, names, font=_BOLD)
    page.freeze_panes = None if at > 25 else page.cell(at + 1, 1)
    kinds = [_is_number(row[i] for row in rows) for i in range(len(names))]
    for number, row in enumerate(rows, at + 1):
        values = [
            _number(text) if kind and text else _plain(text)
            for text, kind in zip(row, kinds, strict=True)
        ]
        _put(page, number, values)
    for i, name in enumerate(names):
        longest = max((len(row[i]) for row in rows), default=0)
        width = max(len(name), 12, min(longest, WIDEST)) + 2
        page.column_dimensions[get_column_letter(i + 1)].width = width


def _put(page: Worksheet, row: int, values: Iterable, font: Font | None = None) -> None:
    for column, value in enumerate(values, 1):
        if value == "":
            continue
        cell: Cell = page.cell(row, column)
        cell.value = value
        if isinstance(value, str):
            cell.data_type = "s"  # never a formula, whatever it begins with
        if font is not None:
            cell.font = font


def _is_number(texts: Iterable[str]) -> bool:
    """Tell whether a column holds numbers: one code with a zero in front makes it text."""
    return all(_NUMBER.fullmatch(text) for text in texts if text)


def _number(text: str) -> int | float:
    return float(text.replace(",", ".")) if "," in text else int(text)


def _plain(text: str) -> str:
    """Take away the apostrophe that keeps a CSV from being read as a formula."""
    bare = text.removeprefix("'")
    return bare if bare.lstrip(" ").startswith(FORMULA) else text


def _titles(names: Iterable[str]) -> list[str]:
    """Name the sheets: what Excel takes, and no two alike.

    Examples
    --------
    >>> _titles(["kort", "een-naam-die-langer-is-dan-excel-toestaat", "Kort"])
    ['kort', 'een-naam-die-langer-is-dan-exce', 'Kort 2']
    """
    titles: list[str] = []
    taken = {CONTENTS.lower()}
    for name in names:
        base = re.sub(r"[\[\]:*?/\\']", " ", name)
        title, number = base[:SHEET_NAME], 1
        while title.lower() in taken:
            number += 1
            title = f"{base[: SHEET_NAME - len(str(number)) - 1]} {number}"
        taken.add(title.lower())
        titles.append(title)
    return titles


def _fixed(book: Workbook) -> bytes:
    """Save a workbook without the moment it was saved at."""
    raw, out = BytesIO(), BytesIO()
    book.save(raw)
    stamp = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")
    when = EPOCH.isoformat().encode() + b"Z"
    with zipfile.ZipFile(raw) as made, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as fixed:
        for item in made.infolist():
            content = made.read(item)
            if item.filename == "docProps/core.xml":
                content = stamp.sub(rb"\g<1>" + when, content)
            fixed.writestr(
                zipfile.ZipInfo(item.filename, EPOCH.timetuple()[:6]),
                content,
                zipfile.ZIP_DEFLATED,
            )
    return out.getvalue()


def _read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, delimiter=";"))
