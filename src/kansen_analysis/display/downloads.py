"""The files behind figures and tables: CSV that Excel opens, with a second CSV that explains it.

A page that is drawn for a publication (`kansen_analysis.display.publication`) has its files written
beside it and linked. Otherwise every file is inlined, so that a stored notebook is complete by
itself.

`kansen_analysis.display.annex` puts all of them into one workbook, the *cijferbijlage*.
"""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kansen_analysis.display.publication import current
from kansen_analysis.sources.reading import shown
from kansen_analysis.words import numbers

# A spreadsheet reads text that begins with one of these as a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_ENDS = {"low": "ondergrens", "high": "bovengrens", "reason": "reden waarom er niets staat"}
# Enough to calculate with; more would be noise that differs between machines.
_DIGITS = 6


@dataclass(frozen=True)
class Links:
    """Addresses of a download and of its explanation, relative or inline."""

    data: str
    metadata: str


def columns(frame: pd.DataFrame, variables: pd.DataFrame) -> list[str]:
    """Return the columns of a download: those described, with the ends of their intervals.

    Parameters
    ----------
    frame : pandas.DataFrame
        A disclosed frame.
    variables : pandas.DataFrame
        Indexed by column name.

    Returns
    -------
    list of str
        In the order of `variables`. What is not described is not published.
    """
    wanted = [
        each
        for name in variables.index
        for each in (name, *(f"{name}_{end}" for end in _ENDS))
        if each in frame.columns
    ]
    extra = [name for name in ("provisional",) if name in frame.columns]
    return list(dict.fromkeys(wanted + extra))


def encode(frame: pd.DataFrame, variables: pd.DataFrame) -> bytes:
    """Write a disclosed frame as CSV: UTF-8 with BOM, ``;``, decimal comma, CRLF.

    Parameters
    ----------
    frame : pandas.DataFrame
        A disclosed frame.
    variables : pandas.DataFrame
        Indexed by column name, with ``kind``.

    Returns
    -------
    bytes
        The same for the same frame, on every machine. Text that a spreadsheet would read as a
        formula gets an apostrophe in front; numbers stay numbers; codes keep their zeros.

    Examples
    --------
    >>> frame = pd.DataFrame({"code": ["0119"], "note": ["=1+1"], "change": [-1.5]})
    >>> about = pd.DataFrame({"kind": ["code", "text", "mean"]}, index=list(frame))
    >>> encode(frame, about).decode("utf-8-sig").splitlines()
    ['code;note;change', "0119;'=1+1;-1,5"]
    """
    names = columns(frame, variables)
    kinds = {name: variables["kind"].get(name, "") for name in names}
    rows = [[_cell(row[name], kinds[name]) for name in names] for _, row in _rows(frame[names])]
    return _csv([names, *rows])


def metadata(
    frame: pd.DataFrame, variables: pd.DataFrame, *, source: str, notes: Sequence[str] = ()
) -> bytes:
    """Write the explanation of a download: column, label, unit, source, notes.

    Parameters
    ----------
    frame : pandas.DataFrame
        The frame of the download.
    variables : pandas.DataFrame
        Indexed by column name, with ``label`` and ``unit``; ``source`` and ``notes`` where a
        variable has its own.
    source : str
        Publisher and data set.
    notes : sequence of str
        What holds for the whole file; stands on the first line.

    Returns
    -------
    bytes
        CSV of the same form as the download.
    """
    lines = [["kolom", "omschrijving", "eenheid", "bron", "opmerkingen"]]
    lines.append(["(hele bestand)", "", "", source, " ".join(notes)])
    for name in columns(frame, variables):
        of, end = _split(name, variables)
        if of is None:
            lines.append([name, "voorlopig cijfer (ja of nee)", "", source, ""])
            continue
        about = variables.loc[of]
        label = _text(about.get("label", of)) + (f", {_ENDS[end]}" if end else "")
        unit = "" if end == "reason" else _text(about.get("unit"))
        own = _text(about.get("source")) or source
        lines.append([name, label, unit, own, _text(about.get("notes"))])
    return _csv([[_safe(cell) for cell in line] for line in lines])


def link(
    name: str,
    frame: pd.DataFrame,
    variables: pd.DataFrame,
    *,
    source: str,
    notes: Sequence[str] = (),
) -> Links:
    """Put a download where the page can find it.

    Parameters
    ----------
    name : str
        File name without extension; unique in the monitor.
    frame, variables, source, notes
        As in `encode` and `metadata`.

    Returns
    -------
    Links
        Relative addresses when the page is published, else ``data:`` addresses.
    """
    return Links(
        place(f"downloads/{name}.csv", encode(frame, variables), "text/csv"),
        place(
            f"downloads/{name}-toelichting.csv",
            metadata(frame, variables, source=source, notes=notes),
            "text/csv",
        ),
    )


def place(path: str, content: bytes, kind: str) -> str:
    """Write a file beside the page and return its address, or inline it.

    Parameters
    ----------
    path : str
        Relative path, with forward slashes.
    content : bytes
        What is in it.
    kind : str
        MIME type.

    Returns
    -------
    str
        Address for ``href`` or ``src``.
    """
    now = current()
    if now.files is None:
        return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
    target = now.files / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return f"{now.address}/{path}"


def _rows(frame: pd.DataFrame):
    # Objects keep every column's own type; a row of mixed numbers would become floats.
    return frame.astype(object).iterrows()


def _cell(value, kind: str) -> str:
    if value is None or pd.isna(value):
        return ""
    if isinstance(value, bool | np.bool_):
        return "ja" if value else "nee"
    if kind == "year":
        return numbers.school_year(value)
    if isinstance(value, int | np.integer):
        return str(int(value))
    if isinstance(value, float | np.floating):
        text = f"{round(float(value), _DIGITS):.{_DIGITS}f}".rstrip("0").rstrip(".")
        return "0" if text == "-0" else text.replace(".", ",")
    return _safe(str(value))


def _safe(text: str) -> str:
    text = shown(text)
    return "'" + text if text.lstrip(" \u00a0").startswith(FORMULA) else text


def _text(value) -> str:
    return "" if value is None or pd.isna(value) else str(value)


def _split(name: str, variables: pd.DataFrame) -> tuple[str | None, str]:
    if name in variables.index:
        return name, ""
    of, _, end = name.rpartition("_")
    return (of, end) if of in variables.index else (None, "")


def _csv(rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode("utf-8-sig")
