"""A frame of one's own as a table of the monitor: readable, with small groups hidden."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

import pandas as pd
from pandas.api import types

from kansen_analysis.display import tables
from kansen_analysis.display.tables import Table
from kansen_analysis.edition.disclosure import disclose


def show(
    frame: pd.DataFrame,
    caption: str,
    *,
    labels: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    decimals: int = 1,
    pupils: Collection[str] = (),
    source: str = "eigen analyse",
) -> Table:
    """Show a frame as the monitor shows its tables.

    Parameters
    ----------
    frame : pandas.DataFrame
        Few rows, few columns; a named index becomes the first column. ``x_low`` and ``x_high``
        beside a column ``x`` are its bounds, and stand in its cell where it is missing.
    caption : str
        What, of whom, where and when.
    labels, units : mapping of str to str, optional
        Per column what stands above it, and its unit.
    decimals : int
        Of numbers that are not whole.
    pupils : collection of str
        Columns that count pupils: 1 to 4 is shown as ``<5``.
    source : str
        Publisher and data set.

    Returns
    -------
    Table
        Shows itself in a notebook, with its file; ``.frame`` is what is shown.

    Raises
    ------
    UsageError
        For a column of pupils that holds no counts.

    Examples
    --------
    >>> counts = pd.DataFrame({"advies": ["HAVO", "VWO"], "n": [12, 3]})
    >>> show(counts, "Adviezen van een school", pupils=["n"]).frame["n_high"].tolist()
    [12, 4]
    """
    labels, units = labels or {}, units or {}
    if frame.index.name is not None or isinstance(frame.index, pd.MultiIndex):
        frame = frame.reset_index()
    frame = frame.reset_index(drop=True)
    bounds = {f"{name}_{end}" for name in frame for end in ("low", "high")}
    rows = []
    for name in [each for each in frame.columns if each not in bounds]:
        kind = _kind(str(name), frame[name])
        counted = name in pupils
        unit = "leerlingen" if counted else units.get(name, "aantal" if kind == "count" else "")
        digits = decimals if kind in ("mean", "difference") else 0
        rows.append((name, labels.get(name, name), unit, digits, "count" if counted else kind))
        if kind == "text":
            frame[name] = frame[name].map(_word)
    columns = ["column", "label", "unit", "decimals", "kind"]
    variables = pd.DataFrame(rows, columns=columns).set_index("column")
    slug = re.sub(r"[^a-z0-9]+", "-", caption.lower())[:40].strip("-")
    return tables.table(
        disclose(frame, variables), name=slug, caption=caption, variables=variables, source=source
    )


def _kind(name: str, column: pd.Series) -> str:
    if name == "year":
        return "year"
    if types.is_bool_dtype(column):
        return "text"
    if types.is_integer_dtype(column):
        return "count"
    if types.is_numeric_dtype(column):
        return "difference" if name.startswith(("verschil", "effect")) else "mean"
    return "text"


def _word(value) -> str:
    return {True: "ja", False: "nee"}.get(value, "" if pd.isna(value) else str(value))
