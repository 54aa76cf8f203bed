"""A form for figures that nobody publishes: the header the loader knows, lists and limits."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import openpyxl
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from kansen_analysis.errors import UsageError
from kansen_analysis.sources import hand, schoolyear
from kansen_analysis.sources.spec import Source, get

LEERJAAR3 = "leerjaar3"
GUIDE, CHOICES = "uitleg", "keuzes"
ROWS = 500  # that have the lists and limits
YEARS = 12  # to choose from
LATER = 3  # school years from the advice to leerjaar 3
NO_TEST = 2019  # its advices are left out

_CODES = {"brin": (4, "90AA"), "branch": (2, "00")}
_HOW = {
    "year": "Kies uit de lijst. Leerjaar 3 is drie schooljaren later.",
    "brin": "Vier tekens, zoals 90AA",
    "branch": "Twee cijfers als tekst, met de nul ervoor: 00",
    "pupils": "Oud-leerlingen met een definitief advies van pro tot en met vwo, van wie de plaats "
    "in leerjaar 3 bekend is; precies onder + op + boven",
    "pupils_level": "Bij een dubbel advies telt het laagste niveau als ‘op’",
    "pupils_havo_vwo": "Van dezelfde leerlingen: wie op havo of vwo zit",
}
_COUNT = "Een heel getal; alleen als het echt niet anders kan <5, dat is 1 tot en met 4"
_ABOUT = (
    "Eén regel per school en schooljaar van het advies. Verander de kopregel niet.",
    "Ook jaren van vóór de start zijn nodig (minstens twee), en ook scholen die niet meedoen.",
    "Adviezen uit 2019-2020 tellen niet mee: er was dat jaar geen eindtoets.",
    "De cijfers zijn niet openbaar. Vul ze alleen in met toestemming van het bestuur.",
)


def leerjaar3_template(target: Path | str, last: int | None = None) -> Path:
    """Write the form on which a school fills in where its former pupils are in leerjaar 3.

    Parameters
    ----------
    target : pathlib.Path or str
        The workbook, which must not be there yet: it may hold figures somebody filled in.
    last : int, optional
        First year of the latest school year of an advice to choose; by default the latest whose
        pupils are in leerjaar 3 today.

    Returns
    -------
    pathlib.Path
        The workbook. Its first sheet has the header of ``leerjaar3.csv`` and no rows; codes are
        text, school years a list, counts whole numbers from 0 to 500 or ``<5``. The second sheet
        explains each column in Dutch.

    Raises
    ------
    UsageError
        When the file is there already or is no xlsx.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     book = openpyxl.load_workbook(leerjaar3_template(f"{folder}/form.xlsx", last=2022))
    >>> book.sheetnames
    ['leerjaar3', 'uitleg', 'keuzes']
    >>> [cell.value for cell in book["keuzes"]["A"]][:4]
    ['2022-2023', '2021-2022', '2020-2021', '2018-2019']
    """
    target = Path(target)
    if target.suffix.lower() != ".xlsx":
        raise UsageError(f"{target.name} is no xlsx; name the form something like leerjaar3.xlsx.")
    if target.exists() or target.is_symlink():
        raise UsageError(f"{target} is there already; name another file, or take it away first.")
    if last is None:
        today = date.today()
        last = today.year - (today.month < 8) - LATER
    source = get(LEERJAAR3)
    book = openpyxl.Workbook()
    page = book.active
    page.title = LEERJAAR3
    years = [year for year in range(last, last - YEARS - 1, -1) if year != NO_TEST][:YEARS]
    _guide(book.create_sheet(GUIDE), source)
    _choices(book.create_sheet(CHOICES), years)
    for place, (name, header) in enumerate(source.layouts[0].columns.items(), 1):
        letter = get_column_letter(place)
        page.cell(1, place, header).font = Font(bold=True)
        page.column_dimensions[letter].width = len(header) + 4
        kind = source.variables.loc[name, "kind"]
        if kind != "count":
            page.column_dimensions[letter].number_format = "@"
        page.add_data_validation(_limit(name, letter, years))
    page.freeze_panes = "A2"
    content = io.BytesIO()  # whole, before anything is written
    book.save(content)
    return hand.save(target, content.getvalue())


def _limit(name: str, letter: str, years: Sequence[int]) -> DataValidation:
    """Return what may stand in a column, with what Excel says when something else does."""
    first = f"{letter}2"
    if name == "year":
        rule = DataValidation(type="list", formula1=f"{CHOICES}!$A$1:$A${len(years)}")
        told = f"Kies een schooljaar uit het blad {CHOICES}."
    elif name in _CODES:
        size, example = _CODES[name]
        rule = DataValidation(type="textLength", operator="equal", formula1=str(size))
        told = f"Schrijf {size} tekens, zoals {example}."
    else:
        number = f"AND(ISNUMBER({first}),{first}>=0,{first}<=500,{first}=INT({first}))"
        rule = DataValidation(
            type="custom", formula1=f'IF(ISNUMBER({first}),{number},{first}="<5")'
        )
        told = _COUNT + "."
    rule.allow_blank, rule.errorStyle, rule.showErrorMessage = True, "stop", True
    rule.errorTitle, rule.error = "Zo kan het niet gelezen worden", told
    rule.add(f"{first}:{letter}{ROWS + 1}")
    return rule


def _guide(page: Worksheet, source: Source) -> None:
    page.append(["kolom", "betekenis", "hoe in te vullen"])
    labels = source.variables
    for name, header in source.layouts[0].columns.items():
        default = _COUNT if labels.loc[name, "kind"] == "count" else ""
        how = ". ".join(text for text in (_HOW.get(name, ""), default) if text)
        page.append([header, labels.loc[name, "label"], how])
    page.append([])
    for line in _ABOUT:
        page.append([line])
    for cell in page[1]:
        cell.font = Font(bold=True)
    for letter, width in zip("ABC", (24, 40, 90), strict=True):
        page.column_dimensions[letter].width = width
    for (cell,) in page.iter_rows(min_col=3, max_col=3):
        cell.alignment = Alignment(vertical="top", wrap_text=True)


def _choices(page: Worksheet, years: Sequence[int]) -> None:
    for line, year in enumerate(years, 1):
        cell = page.cell(line, 1, schoolyear.label(year))
        cell.number_format = "@"
