"""Tell data of persons from data of schools, so that they are refused before anything shows them.

Published files count pupils; a file with one row per pupil is never one. Headers tell first, then
what stands below them: numbers with the check digit of a burgerservicenummer, e-mail addresses,
telephone numbers, dates of birth. Nothing that was found is repeated in the message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from kansen_analysis.errors import PersonalDataError
from kansen_analysis.sources import spec
from kansen_analysis.sources.reading import COLUMNS, Table

ENOUGH = 3  # different cells, for a column to be of a kind
LONGEST = 60  # letters of a header
OF_BIRTH = 10  # different dates; the dates of a published file are few

_HEADER = re.compile(
    r"""(?:.*_)?(?:
    bsn | burgerservicenummer | sofi_?(?:nummer)? | pgn | persoonsgebonden_?nummer
    | onderwijsnummer | onderwijs_nummer | eck_?id
    | geb(?:oorte)?_?(?:datum|dag|dt) | date_?of_?birth | birth_?date | dob
    | voornaam | voornamen | achternaam | roepnaam | tussenvoegsel | voorletters | geslachtsnaam
    | leerling_?(?:nummer|nr|id|naam|code|key) | (?:naam|nummer|id)_(?:van_)?(?:de_)?leerling
    | pupil_?(?:id|name|number) | student_?(?:id|name|number|nummer)
    | e_?mail(?:_?adres)? | telefoon(?:_?nummer)? | tel_?nr | mobiel(?:_?nummer)?
    )(?:_.*)?|leerling|pupil|student|kind_?(?:naam|id|nummer)""",
    re.X,
)
_MAIL = re.compile(r"[^@\s;,]+@[^@\s;,]+\.[a-z]{2,}", re.I)
_PHONE = re.compile(r"(?:\+31|0031|0)[\s-]?(?:\d[\s-]?){8}\d")
_DATE = re.compile(
    r"(?:(?:19|20)\d\d[-/.]?(?:0[1-9]|1[0-2])[-/.]?(?:0[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])[-/.](?:0?[1-9]|1[0-2])[-/.](?:(?:19|20)?\d\d))(?:[ T]00:00:00)?"
)
_NUMBER = re.compile(r"(?<!\d)\d{8,9}(?!\d)")
OF_A_SCHOOL = {"phone", "website", "house_number", "post_house_number"}  # variables of registers
# Numbers of schools and boards that pass the same test, and what a register tells of a school.
_NOT_A_PERSON = re.compile(r"(?i).*(?:rsin|fiscaal|kvk|internetadres|website)")


def is_bsn(text: str) -> bool:
    """Tell whether a text is a number that a burgerservicenummer could be, by its check digit.

    Examples
    --------
    >>> is_bsn("111222333"), is_bsn("111222334"), is_bsn("90001")
    (True, False, False)
    """
    if not re.fullmatch(r"\d{8,9}", text, re.ASCII) or not int(text):
        return False
    digits = [int(digit) for digit in text.zfill(9)]
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return sum(w * d for w, d in zip(weights, digits, strict=True)) % 11 == 0


def is_header(header: str) -> bool:
    """Tell whether the name of a column says that it is about persons.

    Examples
    --------
    >>> [is_header(h) for h in ("BSN", "Geboortedatum", "leerlingnr.", "AANTAL_LEERLINGEN")]
    [True, True, True, False]
    """
    return bool(_HEADER.fullmatch(re.sub(r"\W+|_+", "_", header.strip().lower()).strip("_")))


def kind_of(cells: Iterable) -> str:
    """Say what kind of data about persons the different cells of a column are; nothing for none.

    Examples
    --------
    >>> kind_of(["111222333", "123456782", "100000009"])
    'numbers with the check digit of a burgerservicenummer'
    >>> kind_of(["90001", "90002"])
    ''
    """
    texts = [text for cell in cells if (text := str(cell).strip().removesuffix(".0"))]
    if any(_MAIL.search(text) for text in texts if "@" in text):
        return "e-mail addresses"
    if len(texts) < ENOUGH:
        return ""
    if all(map(is_bsn, texts)) and any(len(text) == 9 for text in texts):
        return "numbers with the check digit of a burgerservicenummer"
    most = 0.8 * len(texts)
    if sum(bool(_PHONE.fullmatch(text)) for text in texts) >= most:
        return "telephone numbers"
    if len(texts) >= OF_BIRTH and sum(bool(_DATE.fullmatch(text)) for text in texts) >= most:
        return "dates, one for each row"
    return ""


def within(cells: Iterable[str]) -> str:
    """Say what kind of data about persons stands in words, such as names of schools.

    Examples
    --------
    >>> within(["De Aa", "De Zee 111222333"])
    'numbers with the check digit of a burgerservicenummer'
    """
    for text in cells:
        if "@" in text and _MAIL.search(text):
            return "e-mail addresses"
        if any(map(is_bsn, _NUMBER.findall(text))):
            return "numbers with the check digit of a burgerservicenummer"
    return ""


_CALL = re.compile(rf"(?<![\w/.-]){_PHONE.pattern}(?![\w-])")
_BORN = re.compile(rf"(?i)\b(?:geboren|geb\.|geboortedatum)\D{{0,12}}{_DATE.pattern}")


def in_text(text: str) -> str:
    """Say what kind of data about persons stands in free text, such as a note or a story.

    Examples
    --------
    >>> in_text("Bel juf op 06-12345678."), in_text("Sinds 2021-2022 met 12 scholen.")
    ('telephone numbers', '')
    >>> in_text("geboren op 12-03-2013")
    'a date of birth'
    """
    if found := within([text]):
        return found
    if _CALL.search(text):
        return "telephone numbers"
    return "a date of birth" if _BORN.search(text) else ""


def finding(file: str, found: str, line: int, column: str | None = None) -> PersonalDataError:
    """Return the finding; it never repeats what it found."""
    return PersonalDataError(
        file,
        found,
        "no data about persons",
        "personal data: remove this file",
        line=line,
        column=column,
    )


def _school_register(header: list[str]) -> bool:
    """Tell whether a header is that of a register of schools, where a telephone is a school's."""
    layouts = (*spec.get("vestigingen").layouts, *spec.get("vestigingen_vo").layouts)
    known = frozenset().union(*(layout.headers for layout in layouts))
    return len(known.intersection(header)) >= len(header) / 2


def refuse_headers(file: str, tables: list[Table]) -> None:
    """Refuse a file of which the name of a column says that it is about persons.

    Raises
    ------
    PersonalDataError
        Names the column.
    """
    for table in tables:
        for line, row in zip(table.lines, table.head, strict=True):
            header = [str(cell).strip() for cell in row if str(cell).strip()]
            about = [h for h in header if len(h) <= LONGEST and is_header(h)]
            # A sheet with an explanation may use the words; a table has columns.
            if about and len(header) >= COLUMNS and not _school_register(header):
                raise finding(file, f"a column {about[0]!r}", line, about[0])


def refuse_cells(file: str, tables: list[Table]) -> None:
    """Refuse a file of unknown form of which the cells look like persons.

    Raises
    ------
    PersonalDataError
        Names the number of the column.
    """
    for table in tables:
        rows = [row for row in table.head if any(str(cell).strip() for cell in row)]
        if not rows:
            continue
        header = [str(cell).strip() for cell in rows[0]]
        if _school_register(header):
            continue
        at = next(i for i, row in enumerate(table.head) if row is rows[0])
        body = table.below(at, len(rows[0]), multiline=True)
        for place, column in enumerate(body.columns, 1):
            own = [rows[0][place - 1]]
            if _NOT_A_PERSON.match(str(own[0])):
                continue
            # Without a header the first row is a person too.
            kind = kind_of(column.listed()) or kind_of([*column.listed(), *own])
            if kind:
                raise finding(file, f"{kind} in column {place}", int(body.lines[0]))
