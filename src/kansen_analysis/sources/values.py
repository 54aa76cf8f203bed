"""Turn the cells of one column into values, by the kind its variable has.

Every distinct cell is read once; a cell that cannot be read becomes a finding with its line.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date, datetime

import numpy as np
import pandas as pd

from kansen_analysis.errors import CellError

_COUNT = re.compile(r"\d{1,9}")
_DECIMAL = re.compile(r"\d+(,\d+)?")
_BRIN = re.compile(r"\d\d[A-Z]{2}")
_KINDS = {k.upper(): k for k in ("Bo", "Sbo", "So", "Vso", "So/Vso")}


class _BadCell(ValueError):
    """Holds what was expected instead."""


def _text(cell) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _is_empty(cell) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def read_count(cell, masked: dict) -> tuple:
    """Read a number of pupils as (value, lowest, highest); a hidden one has no value."""
    text = _text(cell)
    if text in masked:
        low, high = masked[text]
        return pd.NA, low, pd.NA if high is None else high
    symbols = " or ".join(repr(s) for s in masked)
    if isinstance(cell, datetime | date) or not _COUNT.fullmatch(text):
        raise _BadCell("a whole number of pupils" + (f", or {symbols}" if symbols else ""))
    return int(text), int(text), int(text)


def read_decimal(cell) -> float:
    """Read a number with a decimal comma (text) or a number cell of a workbook."""
    if isinstance(cell, bool | datetime | date):
        raise _BadCell("a number, not a date")
    if isinstance(cell, int | float):
        return float(cell)
    text = cell.strip()
    if not _DECIMAL.fullmatch(text):
        raise _BadCell("a number with a decimal comma, such as 31,47")
    return float(text.replace(",", "."))


def read_date(cell) -> date:
    """Read ``20221001``."""
    text = _text(cell)
    try:
        return datetime.strptime(text, "%Y%m%d").date()
    except ValueError:
        raise _BadCell("a date written as 20221001") from None


def _read_brin(cell) -> str:
    text = _text(cell)
    if not _BRIN.fullmatch(text):
        raise _BadCell("a BRIN of two digits and two capitals, such as 06GS")
    return text


def _read_branch(cell) -> str:
    """Read a vestiging in any notation; the BRIN in front is compared later."""
    text = _text(cell)
    if re.fullmatch(r"\d{1,2}", text):
        return text.zfill(2)
    if re.fullmatch(_BRIN.pattern + r"\d\d", text):
        return text
    raise _BadCell("a vestiging such as 00 or 06GS00")


def _read_ovt(cell) -> str:
    text = _text(cell)
    if not re.fullmatch(_BRIN.pattern + r"\|C\d{1,2}", text):
        raise _BadCell("an OVT such as 06GS|C1")
    return text


def _read_municipality(cell) -> str:
    text = _text(cell)
    if not re.fullmatch(r"\d{1,4}", text):
        raise _BadCell("a municipality number of at most four digits")
    return text.zfill(4)


def _read_board(cell) -> str:
    text = _text(cell)
    if not re.fullmatch(r"\d{1,6}", text):
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
    "municipality_code": _read_municipality,
    "board": _read_board,
    "kind": _read_kind,
}


def _reader(variable: pd.Series, meta: dict, masked: dict) -> Callable:
    """Return the function that reads one cell of this variable."""
    missing = {text.lower() for text in meta.get("unknown", {}).get(variable.name, [])}
    kind, may_be_empty = variable["kind"], variable["empty"] == "unknown"
    nothing = (pd.NA, pd.NA, pd.NA) if kind == "count" else None
    limits = f"between {variable['min'] or '…'} and {variable['max'] or '…'}"
    low, high = float(variable["min"] or "-inf"), float(variable["max"] or "inf")
    label, name = variable["label"].lower(), variable.name

    def read(cell):
        if _is_empty(cell):
            if may_be_empty:
                return nothing
            raise _BadCell(f"{label}, not an empty cell")
        if kind == "count":
            triple = read_count(cell, masked)
            if triple[0] is not pd.NA and not low <= triple[0] <= high:
                raise _BadCell(f"a number of pupils {limits}")
            return triple
        if kind in ("mean", "share"):
            if _text(cell) in masked or _text(cell) in meta.get("not_a_mean", []):
                return None
            value = read_decimal(cell)
            if value == 0 and "mean_needs" in meta and kind == "mean":
                return None  # the publisher's way to write that nobody sat this test
            if not (math.isfinite(value) and low <= value <= high):
                raise _BadCell(f"{label} {limits}")
            return value
        if kind == "date":
            return read_date(cell)
        text = _text(cell)
        if text.lower() in missing:
            return None
        return CODES[name](cell) if name in CODES else text

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

    Returns
    -------
    dict of str to pandas.Series
        One column, or for a count the column with its ``_low`` and ``_high``.
    """
    read = _reader(variable, meta, masked)
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
    if kind == "date":
        return {name: pd.Series(pd.array(values, dtype=object)[codes])}
    return {name: pd.Series(pd.array(values, dtype="str")[codes])}
