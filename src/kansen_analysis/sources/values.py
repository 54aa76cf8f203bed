"""Turn the cells of one column into values, by the kind its variable has.

Every distinct cell is read once: those written in the one usual way all together, the others one by
one. A cell that cannot be read becomes a finding with its line.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kansen_analysis.errors import CellError, Finding
from kansen_analysis.sources import persons
from kansen_analysis.sources.reading import Column
from kansen_analysis.sources.reading import text as as_text

_COUNT = re.compile(r"(\d{1,9})(?:[,.]0{1,2})?", re.ASCII)  # 12,00 is twelve
_THOUSANDS = re.compile(r"\d{1,3}(\.\d{3})*", re.ASCII)
_DECIMAL = {mark: re.compile(rf"-?\d+({re.escape(mark)}\d+)?", re.ASCII) for mark in ",."}
_BRIN = re.compile(r"\d\d[A-Z]{2}", re.ASCII)
_KINDS = {k.upper(): k for k in ("Bo", "Sbo", "So", "Vso", "So/Vso")}


class _BadCell(ValueError):
    """Holds what was expected instead."""


def read_count(cell, masked: dict, thousands: bool = False) -> tuple:
    """Read a number of pupils as (value, lowest, highest); a hidden one has no value.

    Parameters
    ----------
    cell : object
        The raw cell.
    masked : dict
        Symbol → lowest and highest number it stands for.
    thousands : bool, default False
        Numbers above 999 are written with a point, 1.001.

    Examples
    --------
    >>> read_count("17", {}), read_count("<5", {"<5": (1, 4)}), read_count("1.001", {}, True)
    ((17, 17, 17), (<NA>, 1, 4), (1001, 1001, 1001))
    >>> read_count("12,00", {})
    (12, 12, 12)
    """
    text = as_text(cell)
    if text in masked:
        low, high = masked[text]
        return pd.NA, low, pd.NA if high is None else high
    symbols = " or ".join(repr(s) for s in masked)
    if thousands and not isinstance(cell, int | float) and _THOUSANDS.fullmatch(text):
        text = text.replace(".", "")
    match = None if isinstance(cell, datetime | date | bool) else _COUNT.fullmatch(text)
    if not match:
        raise _BadCell("a whole number of pupils" + (f", or {symbols}" if symbols else ""))
    return (int(match[1]),) * 3


def read_decimal(cell, mark: str = ",") -> float:
    """Read a number as text with a decimal comma (or another mark), or a workbook's number.

    Examples
    --------
    >>> read_decimal("31,47"), read_decimal(31.47), read_decimal("-0.5", ".")
    (31.47, 31.47, -0.5)
    """
    if isinstance(cell, bool | datetime | date):
        raise _BadCell("a number, not a date")
    if isinstance(cell, int | float):
        return float(cell)
    text = as_text(cell)
    if not _DECIMAL[mark].fullmatch(text):
        kind = {",": "comma, such as 31,47", ".": "point, such as 31.47"}[mark]
        raise _BadCell(f"a number with a decimal {kind}")
    return float(text.replace(",", "."))


def read_date(cell) -> date:
    """Read ``20221001``, or a workbook's date."""
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date()
    text = as_text(cell)
    try:
        return datetime.strptime(text, "%Y%m%d").date()
    except ValueError:
        raise _BadCell("a date written as 20221001") from None


def read_year(cell) -> int:
    """Read a school year as DUO's long files have it: its first year, or both.

    Examples
    --------
    >>> read_year("2024"), read_year("2024-2025")
    (2024, 2024)
    """
    # The whole cell: in 2021" with a stray quote, the "20" and "21" are no school year.
    match = re.fullmatch(r"((?:19|20)\d\d)(?:[-/]((?:19|20)\d\d))?", as_text(cell), re.ASCII)
    if not match or (match[2] and int(match[2]) != int(match[1]) + 1):
        raise _BadCell("a year such as 2024, the first of a school year")
    return int(match[1])


def _read_brin(cell) -> str:
    text = as_text(cell)
    if not _BRIN.fullmatch(text):
        time = re.fullmatch(r"\d\d:\d\d:\d\d", text)
        what = "; a spreadsheet has turned a code that ends in AM or PM into a time" if time else ""
        raise _BadCell(f"a BRIN of two digits and two capitals, such as 06GS{what}")
    return text


def _read_branch(cell) -> str:
    """Read a vestiging in any notation; the BRIN in front is compared later."""
    text = as_text(cell)
    if re.fullmatch(r"\d{1,2}", text, re.ASCII):
        return text.zfill(2)
    if re.fullmatch(_BRIN.pattern + r"\d\d", text, re.ASCII):
        return text
    raise _BadCell("a vestiging such as 00 or 06GS00")


def _read_school(cell) -> str:
    """Read a whole key: ``06GS00``, or ``04. 40776-06GS-000`` (number. board-BRIN-location)."""
    match = re.fullmatch(
        rf"(?:\d+\. )?(?:\d+-)?({_BRIN.pattern})(?:-0)?(\d\d)", as_text(cell), re.ASCII
    )
    if not match:
        raise _BadCell("a school such as 06GS00")
    return match[1] + match[2]


def _read_region(cell) -> str:
    text = as_text(cell)
    if not re.fullmatch(r"[A-Z]{2}\d{1,8}", text, re.ASCII):
        raise _BadCell("a region of CBS, such as GM0114 or NL01")
    return text


def _read_period(cell) -> str:
    text = as_text(cell)
    if not re.fullmatch(r"\d{4}[A-Z]{2}\d\d", text, re.ASCII):
        raise _BadCell("a period of CBS, such as 2022JJ00 or 2022SJ00")
    return text


def _read_ovt(cell) -> str:
    text = as_text(cell)
    if not re.fullmatch(_BRIN.pattern + r"\|C\d{1,2}", text, re.ASCII):
        raise _BadCell("an OVT such as 06GS|C1")
    return text


def _read_municipality(cell) -> str:
    text = as_text(cell)
    if not re.fullmatch(r"\d{1,4}", text, re.ASCII):
        raise _BadCell("a municipality number of at most four digits")
    return text.zfill(4)


def _read_board(cell) -> str:
    text = as_text(cell)
    if not re.fullmatch(r"\d{1,6}", text, re.ASCII):
        raise _BadCell("the number of a board, digits only")
    return text


def _read_kind(cell) -> str:
    try:
        return _KINDS[as_text(cell).upper()]
    except KeyError:
        raise _BadCell("Bo, Sbo, So, Vso or So/Vso") from None


# Which reader a code has, and how it is written where its value is simply what stands there.
CODES: dict[str, tuple[Callable, str]] = {
    "brin": (_read_brin, r"^\d\d[A-Z]{2}$"),
    "branch": (_read_branch, r"^(\d\d|\d\d[A-Z]{2}\d\d)$"),
    "ovt": (_read_ovt, r"^\d\d[A-Z]{2}\|C\d{1,2}$"),
    "school": (_read_school, r"^\d\d[A-Z]{2}\d\d$"),
    "region": (_read_region, r"^[A-Z]{2}\d{1,8}$"),
    "period": (_read_period, r"^\d{4}[A-Z]{2}\d\d$"),
    "municipality_code": (_read_municipality, r"^\d{4}$"),
    "board": (_read_board, r"^\d{1,6}$"),
    "kind": (_read_kind, "^(Bo|Sbo|So|Vso|So/Vso)$"),
}


@dataclass(frozen=True)
class Place:
    """Where a column stands, for what is found in it.

    Parameters
    ----------
    file, column : str
        Name of the file; header, with the sheet before it in a workbook.
    lines : numpy.ndarray
        The line of each row.
    findings : list of Finding
        Takes what is found.
    notes : list of str
        Takes what is worth a look and no mistake.
    """

    file: str
    column: str
    lines: np.ndarray
    findings: list[Finding]
    notes: list[str]

    def line(self, column: Column, cell: int) -> int:
        """Return the first line that has a distinct cell."""
        return int(self.lines[np.flatnonzero(column.codes == cell)[0]])

    def tell(self, kind: type[Finding], rows: np.ndarray, found: str, expected: str, remedy: str):
        """Write down a finding on the first of some rows."""
        more = f" (on {len(rows)} lines)" if len(rows) > 1 else ""
        line = int(self.lines[rows[0]])
        self.findings.append(
            kind(self.file, found + more, expected, remedy, line=line, column=self.column)
        )


class _Cells:
    """The distinct cells of a column: as text, and as numbers where a workbook has numbers."""

    def __init__(self, column: Column):
        self.column = column
        self.number = np.zeros(len(column.cells), dtype=bool)
        if isinstance(column.cells, pa.Array):
            texts = column.cells
        else:
            self.number[:] = [type(cell) in (float, int) for cell in column.cells]
            texts = [c if type(c) is str else as_text(c) for c in column.cells]
            texts = pa.array(texts, pa.string())
        self.text = pc.utf8_trim_whitespace(texts)

    @cached_property
    def raw(self) -> list:
        """The cells as they are."""
        return self.column.listed()

    def filled(self) -> np.ndarray:
        """Tell which cells have something in them; a date in a workbook does not count."""
        filled = pc.not_equal(self.text, "").to_numpy(zero_copy_only=False)
        if isinstance(self.column.cells, list):
            filled = filled & ~np.array([isinstance(c, datetime | date) for c in self.raw], bool)
        return filled

    def like(self, pattern: str) -> np.ndarray:
        """Tell which cells are text of a form."""
        found = pc.match_substring_regex(self.text, pattern).to_numpy(zero_copy_only=False)
        return found & ~self.number

    def numbers(self, usual: np.ndarray, mark: str) -> np.ndarray:
        """Return the usual texts, and the numbers of a workbook, as numbers; NaN for the rest."""
        text = pc.if_else(pa.array(usual), self.text, pa.scalar(None, pa.string()))
        if mark == ",":
            text = pc.replace_substring(text, ",", ".")
        values = text.cast(pa.float64()).to_numpy(zero_copy_only=False)
        if self.number.any():
            values = values.copy()
            values[self.number] = [float(self.raw[at]) for at in np.flatnonzero(self.number)]
        return values


class _Reader:
    """Reads the cells of one variable of a source."""

    def __init__(self, variable: dict[str, str], source, thousands: bool, mark: str):
        meta = source.meta
        self.source = source.name
        self.name, self.kind, self.mark = variable["name"], variable["kind"], mark
        self.thousands, self.masked = thousands, source.masked
        self.label = variable["label"].lower()
        self.may_be_empty = variable["empty"] == "unknown"
        unknown = meta.get("unknown", {})
        self.missing = {text.lower() for text in unknown.get(self.name, [])}
        if self.kind in ("count", "mean", "share"):
            self.missing |= {text.lower() for text in unknown.get("*", [])}
        self.limits = f"between {variable['min'] or '…'} and {variable['max'] or '…'}"
        self.low, self.high = float(variable["min"] or "-inf"), float(variable["max"] or "inf")
        self.not_a_mean = {*source.masked, *meta.get("not_a_mean", [])}
        self.no_zero = "mean_needs" in meta and self.kind == "mean"
        # What names a row, or says whether it is read at all.
        self.is_key = self.name in {*meta["key"], *meta.get("where", {})}
        nothing: tuple[Callable | None, str] = (None, "")
        self.code, self.plain = CODES.get(self.name, nothing)

    def one(self, cell):
        """Read one cell; of a count the value with its lowest and highest."""
        text = "" if cell is None else as_text(cell)
        if not text:
            if self.may_be_empty:
                return None
            raise _BadCell(f"{self.label}, not an empty cell")
        if text.lower() in self.missing:
            return None
        if self.kind == "count":
            triple = read_count(cell, self.masked, self.thousands)
            if triple[0] is not pd.NA and not self.low <= triple[0] <= self.high:
                raise _BadCell(f"a number of pupils {self.limits}")
            return triple
        if self.kind in ("mean", "share"):
            if text in self.not_a_mean:
                return None
            value = read_decimal(cell, self.mark)
            if value == 0 and self.no_zero:
                return None  # the publisher's way to write that nobody sat this test
            if not (math.isfinite(value) and self.low <= value <= self.high):
                raise _BadCell(f"{self.label} {self.limits}")
            return value
        if self.kind == "date":
            return read_date(cell)
        if self.kind == "year":
            return read_year(cell)
        if isinstance(cell, datetime | date):
            raise _BadCell(f"{self.label}, which a spreadsheet has turned into a date")
        if self.code is not None:
            return self.code(cell)
        if self.is_key and '"' in text:
            raise _BadCell(f"{self.label}, without a quotation mark")
        return text

    def count(self, column: Column, cells: _Cells, place: Place) -> dict[str, pd.Series]:
        """Read counts as their lowest and highest; the number itself is where these are one."""
        usual = cells.like(r"^\d{1,9}$")
        values = cells.numbers(usual, self.mark)
        good = (values >= self.low) & (values <= self.high) & (values == np.floor(values))
        low, high = np.where(good, values, 0.0), np.where(good, values, 0.0)
        no_low, no_high = ~good, ~good
        for at, triple in self._each(~good, column, cells, place):
            _, lowest, highest = triple
            low[at], no_low[at] = lowest, False
            if highest is not pd.NA:
                high[at], no_high[at] = highest, False
        codes = column.codes

        def bound(numbers: np.ndarray, unknown: np.ndarray) -> pd.Series:
            return pd.Series(
                pd.arrays.IntegerArray(numbers.astype(np.int32)[codes], unknown[codes]), copy=False
            )

        lowest = bound(low, no_low)
        same = (low == high).all() and (no_low == no_high).all()
        return {
            f"{self.name}_low": lowest,
            f"{self.name}_high": lowest if same else bound(high, no_high),
        }

    def decimal(self, column: Column, cells: _Cells, place: Place) -> dict[str, pd.Series]:
        """Read means and shares; NaN where there is none."""
        mark = re.escape(self.mark)
        values = cells.numbers(cells.like(rf"^-?\d+({mark}\d+)?$"), self.mark)
        good = (values >= self.low) & (values <= self.high)
        if self.no_zero:
            good &= values != 0
        values = np.where(good, values, np.nan)
        for at, value in self._each(~good, column, cells, place):
            values[at] = value
        return {self.name: pd.Series(values[column.codes], copy=False)}

    def words(self, column: Column, cells: _Cells, place: Place) -> dict[str, pd.Series]:
        """Read text and codes: each different text once, and per row which."""
        if self.code is not None:
            usual = cells.like(self.plain)
        else:
            usual = cells.filled()
            if self.is_key:
                usual &= ~cells.like('"')
        if self.missing:
            lower = pc.utf8_lower(cells.text)
            usual &= ~pc.is_in(lower, pa.array(self.missing)).to_numpy(zero_copy_only=False)
        text = cells.text
        if not usual.all():
            special = dict(self._each(~usual, column, cells, place))
            text = pc.if_else(pa.array(usual), text, pa.scalar(None, pa.string()))
            if special:
                values = text.to_pylist()
                for at, value in special.items():
                    values[at] = value
                text = pa.array(values, pa.string())
        if self.code is None and self.name not in persons.OF_A_SCHOOL:
            text = self._decoded(text, column, place)
        return {self.name: _category(column.codes, text)}

    def whole(self, column: Column, cells: _Cells, place: Place) -> dict[str, pd.Series]:
        """Read dates and years, of which there are few different ones."""
        values: list = [None] * len(cells.raw)
        for at, value in self._each(np.ones(len(values), dtype=bool), column, cells, place):
            values[at] = value
        if self.kind == "date":
            return {self.name: _category(column.codes, pa.array(values, pa.date32()))}
        years = pd.array([pd.NA if v is None else v for v in values], dtype="Int64")
        return {self.name: pd.Series(years.take(column.codes), copy=False)}

    def _each(self, unusual: np.ndarray, column: Column, cells: _Cells, place: Place):
        """Read cells one by one; what cannot be read becomes a finding."""
        for at in np.flatnonzero(unusual):
            cell = cells.raw[at]
            try:
                value = self.one(cell)
            except _BadCell as bad:
                self._tell(cell, np.flatnonzero(column.codes == at), str(bad), place)
                continue
            if value is not None:
                yield at, value

    def _tell(self, cell, rows: np.ndarray, expected: str, place: Place) -> None:
        text = "" if cell is None else as_text(cell)
        if persons.within([text]):  # a number of a person is not repeated in a message
            found, line = persons.within([text]), int(place.lines[rows[0]])
            place.findings.append(persons.finding(place.file, found, line, place.column))
            return
        place.tell(
            CellError,
            rows,
            repr(text[:60]) if text else "an empty cell",
            expected,
            "compare with the publisher's file; if the publisher changed the notation, "
            f"edit sources/{self.source}/",
        )

    def _decoded(self, text: pa.StringArray, column: Column, place: Place) -> pa.StringArray:
        """Refuse persons in words; undo, and tell, that words were encoded twice."""
        if not pc.any(pc.match_substring_regex(text, _DOUBTFUL)).as_py():
            return text
        values = text.to_pylist()
        for at, value in enumerate(values):
            if value and (found := persons.within([value])):
                line = place.line(column, at)
                place.findings.append(persons.finding(place.file, found, line, place.column))
                return text
        decoded = [_decoded_twice(value) for value in values]
        changed = [at for at, value in enumerate(values) if value != decoded[at]]
        if changed:
            at = changed[0]
            place.notes.append(
                f"column {place.column}: encoded twice, such as {values[at]!r} on line "
                f"{place.line(column, at)}; read as {decoded[at]!r}"
            )
        return pa.array(decoded, pa.string())


# What makes it worth while to look at words one by one.
_DOUBTFUL = r"[ÂÃ][^ A-Za-z]|@[\w.-]+\.[A-Za-z]{2}|\d{8}"
_TWICE = re.compile("[ÂÃ][\u0080-\u00bf‚ƒ„…†‡ˆ‰Š‹Œ‘’“”•–—˜™š›œžŸ€]")


def _decoded_twice(text: str | None) -> str | None:
    """Undo that a text was encoded twice.

    Examples
    --------
    >>> _decoded_twice("MÃ¶nster"), _decoded_twice("Mönster")
    ('Mönster', 'Mönster')
    """
    if text is None or not _TWICE.search(text):
        return text
    for encoding in ("cp1252", "latin-1"):
        try:
            return text.encode(encoding).decode()
        except UnicodeError:
            continue
    return text


def _category(codes: np.ndarray, values: pa.Array) -> pd.Series:
    """Put per row a value of a list in which values may be missing or the same."""
    distinct = values.dictionary_encode()
    places = distinct.indices.fill_null(-1).to_numpy().astype(np.int32)
    if pa.types.is_string(values.type):
        categories = pd.Index(pd.array(distinct.dictionary, dtype="str"))
    else:
        categories = pd.Index(distinct.dictionary.to_pylist(), dtype=object)
    return pd.Series(pd.Categorical.from_codes(places[codes], categories), copy=False)


def read_column(
    column: Column,
    variable: dict[str, str],
    source,
    place: Place,
    *,
    thousands: bool = False,
    marks: str = "",
) -> dict[str, pd.Series]:
    """Read one column.

    Parameters
    ----------
    column : Column
        The raw cells.
    variable : dict of str to str
        Its row of ``variables.csv``.
    source : Source
        Whose rules hold.
    place : Place
        Where the cells stand; takes one `CellError` per distinct unreadable cell.
    thousands : bool, default False
        Counts above 999 are written with a point.
    marks : str, optional
        Decimal marks that may stand here; the one that most cells have. By default the source's
        own.

    Returns
    -------
    dict of str to pandas.Series
        Of a count two columns, ``_low`` and ``_high`` (Int32); else one: numbers as float, years
        as Int64, text, codes and dates as categories.
    """
    cells, mark = _Cells(column), source.meta.get("decimal", ",")
    if marks and variable["kind"] in ("mean", "share"):
        # Where both stand in a column, those of the rarer one are told.
        rows = np.bincount(column.codes, minlength=len(column.cells))
        mark = max(marks, key=lambda m: int(rows[cells.like(re.escape(m))].sum()))
    reader = _Reader(variable, source, thousands, mark)
    kinds = {"count": reader.count, "mean": reader.decimal, "share": reader.decimal}
    kinds |= {"date": reader.whole, "year": reader.whole}
    return kinds.get(reader.kind, reader.words)(column, cells, place)
