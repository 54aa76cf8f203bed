"""Turn the cells of one column into values, by the kind its variable has.

Every distinct cell is read once; a cell that cannot be read becomes a finding with its line.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date, datetime, time

import numpy as np
import pandas as pd

from kansen_analysis.errors import CellError

_COUNT = re.compile(r"\d{1,9}", re.ASCII)
_THOUSANDS = re.compile(r"\d{1,3}(\.\d{3})*", re.ASCII)
_DECIMAL = {mark: re.compile(rf"-?\d+({re.escape(mark)}\d+)?", re.ASCII) for mark in ",."}
_BRIN = re.compile(r"\d\d[A-Z]{2}", re.ASCII)
_KINDS = {k.upper(): k for k in ("Bo", "Sbo", "So", "Vso", "So/Vso")}


class _BadCell(ValueError):
    """Holds what was expected instead."""


def _text(cell) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime) and cell.time() == time():
        return str(cell.date())
    return str(cell).strip()


def _is_empty(cell) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


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
    """
    text = _text(cell)
    if text in masked:
        low, high = masked[text]
        return pd.NA, low, pd.NA if high is None else high
    symbols = " or ".join(repr(s) for s in masked)
    if thousands and not isinstance(cell, int | float) and _THOUSANDS.fullmatch(text):
        text = text.replace(".", "")
    if isinstance(cell, datetime | date) or not _COUNT.fullmatch(text):
        raise _BadCell("a whole number of pupils" + (f", or {symbols}" if symbols else ""))
    return int(text), int(text), int(text)


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
    text = _text(cell)
    if not _DECIMAL[mark].fullmatch(text):
        kind = {",": "comma, such as 31,47", ".": "point, such as 31.47"}[mark]
        raise _BadCell(f"a number with a decimal {kind}")
    return float(text.replace(",", "."))


def read_date(cell) -> date:
    """Read ``20221001``."""
    text = _text(cell)
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
    match = re.fullmatch(r"((?:19|20)\d\d)(?:[-/]((?:19|20)\d\d))?", _text(cell), re.ASCII)
    if not match or (match[2] and int(match[2]) != int(match[1]) + 1):
        raise _BadCell("a year such as 2024, the first of a school year")
    return int(match[1])


def _read_brin(cell) -> str:
    text = _text(cell)
    if not _BRIN.fullmatch(text):
        raise _BadCell("a BRIN of two digits and two capitals, such as 06GS")
    return text


def _read_branch(cell) -> str:
    """Read a vestiging in any notation; the BRIN in front is compared later."""
    text = _text(cell)
    if re.fullmatch(r"\d{1,2}", text, re.ASCII):
        return text.zfill(2)
    if re.fullmatch(_BRIN.pattern + r"\d\d", text, re.ASCII):
        return text
    raise _BadCell("a vestiging such as 00 or 06GS00")


def _read_school(cell) -> str:
    """Read a whole key: ``06GS00``, or ``04. 40776-06GS-000`` (number. board-BRIN-location)."""
    match = re.fullmatch(
        rf"(?:\d+\. )?(?:\d+-)?({_BRIN.pattern})(?:-0)?(\d\d)", _text(cell), re.ASCII
    )
    if not match:
        raise _BadCell("a school such as 06GS00")
    return match[1] + match[2]


def _read_region(cell) -> str:
    text = _text(cell)
    if not re.fullmatch(r"[A-Z]{2}\d{1,8}", text, re.ASCII):
        raise _BadCell("a region of CBS, such as GM0114 or NL01")
    return text


def _read_period(cell) -> str:
    text = _text(cell)
    if not re.fullmatch(r"\d{4}[A-Z]{2}\d\d", text, re.ASCII):
        raise _BadCell("a period of CBS, such as 2022JJ00 or 2022SJ00")
    return text


def _read_ovt(cell) -> str:
    text = _text(cell)
    if not re.fullmatch(_BRIN.pattern + r"\|C\d{1,2}", text, re.ASCII):
        raise _BadCell("an OVT such as 06GS|C1")
    return text


def _read_municipality(cell) -> str:
    text = _text(cell)
    if not re.fullmatch(r"\d{1,4}", text, re.ASCII):
        raise _BadCell("a municipality number of at most four digits")
    return text.zfill(4)


def _read_board(cell) -> str:
    text = _text(cell)
    if not re.fullmatch(r"\d{1,6}", text, re.ASCII):
        raise _BadCell("the number of a board, digits only")
    return text


def _read_kind(cell) -> str:
    try:
        return _KINDS[_text(cell).upper()]
    except KeyError:
        raise _BadCell("Bo, Sbo, So, Vso or So/Vso") from None


CODES: dict[str, Callable] = {
    "brin": _read_brin,
    "branch": _read_branch,
    "ovt": _read_ovt,
    "school": _read_school,
    "region": _read_region,
    "period": _read_period,
    "municipality_code": _read_municipality,
    "board": _read_board,
    "kind": _read_kind,
}


def _reader(variable: pd.Series, meta: dict, masked: dict, thousands: bool) -> Callable:
    """Return the function that reads one cell of this variable."""
    mark = meta.get("decimal", ",")
    missing = {text.lower() for text in meta.get("unknown", {}).get(variable.name, [])}
    kind, may_be_empty = variable["kind"], variable["empty"] == "unknown"
    nothing = (pd.NA, pd.NA, pd.NA) if kind == "count" else None
    limits = f"between {variable['min'] or '…'} and {variable['max'] or '…'}"
    low, high = float(variable["min"] or "-inf"), float(variable["max"] or "inf")
    label, name = variable["label"].lower(), variable.name
    code = {"date": read_date, "year": read_year}.get(kind) or CODES.get(name)
    is_key = name in meta["key"]

    def read(cell):
        text = cell.strip() if type(cell) is str else "" if cell is None else _text(cell)
        if not text:
            if may_be_empty:
                return nothing
            raise _BadCell(f"{label}, not an empty cell")
        if missing and text.lower() in missing:
            return nothing
        if kind == "count":
            triple = read_count(cell, masked, thousands)
            if triple[0] is not pd.NA and not low <= triple[0] <= high:
                raise _BadCell(f"a number of pupils {limits}")
            return triple
        if kind in ("mean", "share"):
            if text in masked or text in meta.get("not_a_mean", []):
                return None
            value = read_decimal(cell, mark)
            if value == 0 and "mean_needs" in meta and kind == "mean":
                return None  # the publisher's way to write that nobody sat this test
            if not (math.isfinite(value) and low <= value <= high):
                raise _BadCell(f"{label} {limits}")
            return value
        if code is not None:
            return code(cell)
        if is_key and '"' in text:
            raise _BadCell(f"{label}, without a quotation mark")
        return text

    return read


def read_column(
    cells: list,
    variable: pd.Series,
    meta: dict,
    masked: dict,
    *,
    file: str,
    column: str,
    lines: list[int],
    findings: list,
    thousands: bool = False,
) -> dict[str, pd.Series]:
    """Read one column.

    Parameters
    ----------
    cells : list
        The raw cells.
    variable : pandas.Series
        Its row of ``variables.csv``.
    meta, masked : dict
        The source's rules.
    file, column, lines
        Where the cells stand, for findings.
    findings : list
        Takes one `CellError` per distinct unreadable cell.
    thousands : bool, default False
        Counts above 999 are written with a point.

    Returns
    -------
    dict of str to pandas.Series
        One column, or for a count the column with its ``_low`` and ``_high``.
    """
    read = _reader(variable, meta, masked, thousands)
    keys = np.empty(len(cells), dtype=object)
    keys[:] = cells
    codes, distinct = pd.factorize(keys, use_na_sentinel=False)
    values = []
    for code, cell in enumerate(distinct):
        try:
            values.append(read(cell))
        except _BadCell as bad:
            at = np.flatnonzero(codes == code)
            found = "an empty cell" if _is_empty(cell) else repr(_text(cell)[:60])
            more = f" (on {len(at)} lines)" if len(at) > 1 else ""
            findings.append(
                CellError(
                    file,
                    found + more,
                    str(bad),
                    "compare with the publisher's file; if the publisher changed the notation, "
                    f"edit sources/{meta['name']}/",
                    line=lines[at[0]],
                    column=column,
                )
            )
            values.append((pd.NA,) * 3 if variable["kind"] == "count" else None)

    name, kind = variable.name, variable["kind"]
    if kind == "count":
        triples = [pd.array([v[i] for v in values], dtype="Int64").take(codes) for i in range(3)]
        return dict(
            zip((name, f"{name}_low", f"{name}_high"), map(pd.Series, triples), strict=True)
        )
    if kind in ("mean", "share"):
        numbers = np.array([np.nan if v is None else v for v in values], dtype=float)
        return {name: pd.Series(numbers[codes])}
    if kind == "year":
        return {name: pd.Series(pd.array(values, dtype="Int64").take(codes))}
    if kind == "date":
        return {name: pd.Series(pd.array(values, dtype=object)[codes])}
    return {name: pd.Series(pd.array(values, dtype="str")[codes])}
