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
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from kansen_analysis.display.downloads import FORMULA

FILE = "cijferbijlage.xlsx"
TITLE = "Cijferbijlage"
CONTENTS, COLUMNS = "Inhoud", "Kolommen"
ABOUT = "-toelichting"  # the name of the file that explains another one ends so
EPOCH = dt.datetime(2000, 1, 1)  # nobody's date: a workbook holds when it was made
SHEET_NAME = 31  # characters that Excel takes
WIDEST = 60

# pages of which there are many alike: their downloads are stacked
_ALIKE = re.compile(r"(school|gemeente)-([^-]+)-(.+)")
_PAGE = ("Pagina", "", "", "De school of gemeente van deze pagina")
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

    Returns
    -------
    list of Sheet
        In the order of their names. What each school or municipality has on its own page is
        one sheet, with a column that says whose it is.
    """
    sheets: dict[str, Sheet] = {}
    for path in sorted(Path(folder).glob(f"*{ABOUT}.csv")):
        name = path.stem.removesuffix(ABOUT)
        data = path.with_name(f"{name}.csv")
        if data.exists():
            whole, *columns = [list(map(_plain, row)) for row in _read(path)[1:]]
            _, _, _, source, notes = whole
            about = {column: (said, unit, of, note) for column, said, unit, of, note in columns}
            sheet = Sheet(name, _read(data), source, notes, about)
            if alike := _ALIKE.fullmatch(name):
                kind, page, what = alike.groups()
                name = f"{kind}-{what}"
                sheet = _stacked(sheets.get(name), sheet, name, page.upper())
            sheets[name] = sheet
    return [sheets[name] for name in sorted(sheets)]


def _stacked(upper: Sheet | None, lower: Sheet, name: str, page: str) -> Sheet:
    """Put the rows of one page below those of the pages before it."""
    rows = [["pagina", *lower.rows[0]], *([page, *row] for row in lower.rows[1:])]
    about = {"pagina": _PAGE} | lower.about
    if upper is None:
        return replace(lower, name=name, rows=rows, about=about)
    names = list(dict.fromkeys(upper.rows[0] + rows[0]))
    stacked = [
        [dict(zip(part[0], row, strict=True)).get(column, "") for column in names]
        for part in (upper.rows, rows)
        for row in part[1:]
    ]
    return replace(upper, rows=[names, *stacked], about=about | upper.about)


def build(sheets: Iterable[Sheet]) -> bytes:
    """Make the workbook.

    Returns
    -------
    bytes
        A contents sheet with links, a sheet that says what the columns mean, and one sheet per
        download with its source and notes. Numbers are numbers, everything else is text.
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
    _columns(book.create_sheet(COLUMNS), sheets, titles)
    for sheet, title in zip(sheets, titles, strict=True):
        _fill(book.create_sheet(title), sheet)
    return _fixed(book)


def _contents(page: Worksheet, sheets: list[Sheet], titles: list[str]) -> None:
    lines = [
        "Elk blad hoort bij één figuur of tabel van de monitor.",
        "Een lege cel is onbekend of afgeschermd. Kolommen met ‘ondergrens’ en ‘bovengrens’ geven "
        "de grenzen waartussen een afgeschermd getal ligt.",
    ]
    _put(page, 1, ["Cijferbijlage bij de monitor"], font=_HEADING)
    for number, line in enumerate(lines, 2):
        _put(page, number, [line])
    at = len(lines) + 3
    _put(page, at, ["Blad", "Bestand", "Rijen", "Bron"], font=_BOLD)
    _put(page, at + 1, [COLUMNS, "", "", "Wat elke kolom van elk blad betekent, met eenheid"])
    _link(page, at + 1, COLUMNS)
    for number, (sheet, title) in enumerate(zip(sheets, titles, strict=True), at + 2):
        _put(page, number, [title, f"{sheet.name}.csv", len(sheet.rows) - 1, sheet.source])
        _link(page, number, title)
    page.freeze_panes = page.cell(at + 1, 1)
    _widths(page, (34, 40, 8, WIDEST))


def _columns(page: Worksheet, sheets: list[Sheet], titles: list[str]) -> None:
    heads = ["Blad", "Kolom", "Omschrijving", "Eenheid", "Bron", "Opmerkingen"]
    _put(page, 1, heads, font=_BOLD)
    number = 2
    for sheet, title in zip(sheets, titles, strict=True):
        for column, about in sheet.about.items():
            _put(page, number, [title, column, *about])
            _link(page, number, title)
            number += 1
    page.freeze_panes = "A2"
    _widths(page, (34, 24, 48, 20, 40, WIDEST))


def _fill(page: Worksheet, sheet: Sheet) -> None:
    names, *rows = sheet.rows
    _put(page, 1, [sheet.name], font=_HEADING)
    _put(page, 2, [f"Bron: {sheet.source}"])
    _put(page, 3, [sheet.notes])
    _put(page, 4, ["Terug naar de inhoud"])
    _link(page, 4, CONTENTS)
    labels = [_label(sheet.about.get(name, ("", "", "", ""))) for name in names]
    _put(page, 5, labels, font=_BOLD, alignment=_WRAPPED)
    _put(page, 6, names, font=_BOLD)
    page.freeze_panes = "A7"
    numeric = [_is_number(row[i] for row in rows) for i in range(len(names))]
    for number, row in enumerate(rows, 7):
        cells = zip(row, numeric, strict=True)
        _put(page, number, [_number(c) if as_number and c else _plain(c) for c, as_number in cells])
    longest = [max((len(row[i]) for row in rows), default=0) for i in range(len(names))]
    _widths(
        page,
        [
            max(14, min(n + 2, WIDEST), len(name) + 2)
            for n, name in zip(longest, names, strict=True)
        ],
    )


def _label(about: tuple[str, ...]) -> str:
    description, unit, *_ = about
    return f"{description} ({unit})" if unit else description


def _link(page: Worksheet, row: int, title: str) -> None:
    cell = page.cell(row, 1)
    cell.hyperlink = Hyperlink(ref=cell.coordinate, location=f"'{title}'!A1")
    cell.font = _LINK


def _widths(page: Worksheet, widths: Iterable[float]) -> None:
    for column, width in enumerate(widths, 1):
        page.column_dimensions[get_column_letter(column)].width = width


def _put(page: Worksheet, row: int, values: Iterable, **style) -> None:
    """Write a row; text stays text, whatever it begins with."""
    for column, value in enumerate(values, 1):
        if value == "":
            continue
        cell = page.cell(row, column)
        cell.value = value
        if isinstance(value, str):
            cell.data_type = "s"
        for name, look in style.items():
            setattr(cell, name, look)


def _is_number(texts: Iterable[str]) -> bool:
    """Tell whether a column holds numbers: one code with a zero in front makes it text."""
    return all(_NUMBER.fullmatch(text) for text in texts if text)


def _number(text: str) -> int | float:
    return float(text.replace(",", ".")) if "," in text else int(text)


def _plain(text: str) -> str:
    """Take away the apostrophe that keeps a CSV from being read as a formula."""
    bare = text.removeprefix("'")
    return bare if bare.lstrip(" \u00a0").startswith(FORMULA) else text


def _titles(names: Iterable[str]) -> list[str]:
    """Name the sheets: what Excel takes, and no two alike.

    Examples
    --------
    >>> _titles(["kort", "een-naam-die-langer-is-dan-excel-toestaat", "Kort"])
    ['kort', 'een-naam-die-langer-is-dan-exce', 'Kort 2']
    """
    titles: list[str] = []
    taken = {CONTENTS.lower(), COLUMNS.lower()}
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
