"""What may be published about pupils: the one frame that charts, tables, alt texts and files share.

The rule is the publisher's own. A count of 1 to 4 pupils is shown as ``<5``; 0 is shown. A mean or
a share that rests on fewer than 5 pupils is not shown. A total from which a hidden count can be
worked out is itself shown as a range, so that no other cell has to be hidden.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from kansen_analysis.errors import UsageError
from kansen_analysis.outcomes.intervals import HIGH, LOW

REASON = f"minder dan {HIGH + 1} leerlingen"


def disclose(
    frame: pd.DataFrame,
    variables: pd.DataFrame,
    *,
    base: str | None = None,
    parts: Mapping[str, str] | None = None,
    totals: Mapping[str, Sequence[str]] | None = None,
) -> pd.DataFrame:
    """Hide what is about too few pupils, and only that.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per school, small group or whatever is shown. A count may already be an interval:
        then ``x`` is missing and ``x_low`` and ``x_high`` are given.
    variables : pandas.DataFrame
        Indexed by column name, with at least ``kind`` and ``unit``. Columns of kind ``count`` whose
        unit is ``leerlingen`` are guarded; other counts (schools, years) are not about persons.
    base : str, optional
        The count on which the means and shares of a row rest. The column ``base`` of `variables`
        names another one for a single variable; empty means this one.
    parts : mapping, optional
        Share to the count it is made of: where the count is hidden, so is the share.
    totals : mapping, optional
        Total to its parts in the same row, all of them counts in the frame.

    Returns
    -------
    pandas.DataFrame
        A copy. Every guarded count has ``x`` (Int64, missing when hidden), ``x_low`` and
        ``x_high``; every mean or share that was hidden somewhere has ``x_reason``.

    Raises
    ------
    UsageError
        If a column named in `base`, `parts` or `totals` is not a guarded count, or a count is
        negative or broken.

    Examples
    --------
    >>> schools = pd.DataFrame({"havo": [3, 12], "leerlingen": [4, 40], "score": [50.1, 61.2]})
    >>> about = pd.DataFrame(
    ...     {"kind": ["count", "count", "mean"], "unit": ["leerlingen", "leerlingen", "punten"]},
    ...     index=["havo", "leerlingen", "score"],
    ... )
    >>> shown = disclose(schools, about, base="leerlingen")
    >>> shown[["havo", "havo_low", "havo_high", "score", "score_reason"]]
       havo  havo_low  havo_high  score             score_reason
    0  <NA>         1          4    NaN  minder dan 5 leerlingen
    1    12        12         12   61.2                      NaN
    """
    parts, totals = dict(parts or {}), dict(totals or {})
    about = variables.loc[[name for name in variables.index if name in frame.columns]]
    counts = list(about.index[(about["kind"] == "count") & (about["unit"] == "leerlingen")])
    needed = (
        ({base} if base else set())
        | set(parts.values())
        | set(totals)
        | {c for t in totals.values() for c in t}
    )
    unknown = sorted(needed - set(counts))
    if unknown:
        raise UsageError(f"not a count of pupils in this frame: {', '.join(unknown)}")

    out = frame.copy()
    for name in counts:
        _guard(out, name)
    for total, cells in totals.items():
        _guard_total(out, total, list(cells))
    for name in about.index[about["kind"].isin(["mean", "share", "difference"])]:
        rests_on = about.loc[name, "base"] if "base" in about else base
        rests_on = base if pd.isna(rests_on) or not rests_on else rests_on
        hidden = pd.Series(False, index=out.index)
        if rests_on is not None:
            hidden |= (out[f"{rests_on}_high"] <= HIGH).fillna(False)
        if name in parts:
            hidden |= is_small(out, parts[name])
        ends = [end for end in (f"{name}_low", f"{name}_high") if end in out]
        hidden &= out[[name, *ends]].notna().any(axis=1)
        if hidden.any():
            out[name] = out[name].mask(hidden)
            out[f"{name}_reason"] = pd.Series(REASON, index=out.index, dtype="str").where(hidden)
            for end in ends:
                out[end] = out[end].mask(hidden)
    return out


def is_small(frame: pd.DataFrame, count: str) -> pd.Series:
    """Tell where a disclosed count is shown as ``<5``.

    Parameters
    ----------
    frame : pandas.DataFrame
        As `disclose` returns it.
    count : str
        Name of a guarded count.

    Returns
    -------
    pandas.Series
        Boolean, without missing values.
    """
    return ((frame[f"{count}_low"] == LOW) & (frame[f"{count}_high"] == HIGH)).fillna(False)


def _guard(out: pd.DataFrame, name: str) -> None:
    value = pd.to_numeric(out[name]).astype("Float64")
    if ((value < 0) | (value % 1 != 0)).fillna(False).any():
        raise UsageError(f"{name} is not a count: whole numbers from 0 were expected")
    value = value.astype("Int64")
    ends = {}
    for end in ("low", "high"):
        given = out.get(f"{name}_{end}", pd.Series(pd.NA, index=out.index))
        ends[end] = value.fillna(given.astype("Int64"))
    # An interval inside 1-4, narrowed with a total, would say more than the publisher does.
    small = ((ends["low"] >= LOW) & (ends["high"] <= HIGH)).fillna(False)
    exact = (ends["low"] == ends["high"]).fillna(False) & ~small
    out[name] = ends["low"].where(exact)
    out[f"{name}_low"] = ends["low"].mask(small, LOW)
    out[f"{name}_high"] = ends["high"].mask(small, HIGH)


def _guard_total(out: pd.DataFrame, total: str, cells: list[str]) -> None:
    """Show a total as the range of its parts where it would give a hidden part away."""
    small = pd.concat({cell: is_small(out, cell) for cell in cells}, axis=1)
    # Only rows whose other parts are all known can be subtracted.
    settled = (small | out[cells].notna().to_numpy()).all(axis=1)
    hidden = small.sum(axis=1)
    exact = out[cells].sum(axis=1)
    # The hidden parts add up to between `least` and `most`; at either end of what they can be, or
    # when there is only one, a single possible sum gives every one of them away.
    least = (out[f"{total}_low"] - exact).clip(lower=hidden * LOW)
    most = (out[f"{total}_high"] - exact).clip(upper=hidden * HIGH)
    gives_away = (least == most) & (
        (hidden == 1) | (least == hidden * LOW) | (most == hidden * HIGH)
    )
    gives_away = gives_away.fillna(False).astype(bool) & settled & (hidden > 0)
    for end in ("low", "high"):
        ends = out[[f"{cell}_{end}" for cell in cells]].sum(axis=1).astype("Int64")
        out[f"{total}_{end}"] = out[f"{total}_{end}"].mask(gives_away, ends)
    out[total] = out[total].mask(gives_away)
