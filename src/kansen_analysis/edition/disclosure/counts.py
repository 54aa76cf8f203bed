"""What may be published about pupils: the one frame that charts, tables, alt texts and files share.

The rule is the publisher's own. A count of 1 to 4 pupils is shown as ``<5``; 0 is shown. A mean or
a share that rests on fewer than 5 pupils is not shown.
"""

from __future__ import annotations

import pandas as pd

from kansen_analysis.errors import UsageError
from kansen_analysis.outcomes.intervals import HIGH, LOW

REASON = f"minder dan {HIGH + 1} leerlingen"
RESTS = ("mean", "share", "difference")  # kinds that rest on a count


def disclose(frame: pd.DataFrame, variables: pd.DataFrame) -> pd.DataFrame:
    """Hide what is about too few pupils, and only that.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per school, small group or whatever is shown. A count may already be an interval:
        then ``x`` is missing and ``x_low`` and ``x_high`` are given.
    variables : pandas.DataFrame
        Indexed by column name, with at least ``kind`` and ``unit``. Columns of kind ``count`` whose
        unit is ``leerlingen`` are guarded; other counts (schools, years) are not about persons.
        ``base``, where it is given, names the count on which a mean, share or difference rests.

    Returns
    -------
    pandas.DataFrame
        A copy. Every guarded count has ``x`` (Int64, missing when hidden), ``x_low`` and
        ``x_high``; every mean or share that was hidden somewhere has ``x_reason``.

    Raises
    ------
    UsageError
        If a base is not a guarded count, or a count is negative or broken.

    Examples
    --------
    >>> schools = pd.DataFrame({"leerlingen": [4, 40], "score": [50.1, 61.2]})
    >>> about = pd.DataFrame(
    ...     {"kind": ["count", "mean"], "unit": ["leerlingen", "punten"], "base": "leerlingen"},
    ...     index=["leerlingen", "score"],
    ... )
    >>> disclose(schools, about)[["leerlingen", "leerlingen_high", "score", "score_reason"]]
       leerlingen  leerlingen_high  score             score_reason
    0        <NA>                4    NaN  minder dan 5 leerlingen
    1          40               40   61.2                      NaN
    """
    about = variables.loc[[name for name in variables.index if name in frame.columns]]
    counts = list(about.index[(about["kind"] == "count") & (about["unit"] == "leerlingen")])
    rests = about.loc[about["kind"].isin(RESTS)]
    bases = rests["base"].fillna("") if "base" in rests else rests["kind"].map(lambda kind: "")
    if unknown := sorted(set(bases) - {"", *counts}):
        raise UsageError(f"not a count of pupils in this frame: {', '.join(unknown)}")
    out = frame.copy()
    for name in counts:
        _guard(out, name)
    for name, base in bases.items():
        if not base:
            continue
        ends = [end for end in (f"{name}_low", f"{name}_high") if end in out]
        hidden = (out[f"{base}_high"] <= HIGH).fillna(False).astype(bool)
        hidden &= out[[name, *ends]].notna().any(axis=1)
        if hidden.any():
            out[name] = out[name].mask(hidden)
            out[f"{name}_reason"] = pd.Series(REASON, index=out.index, dtype="str").where(hidden)
            for end in ends:
                out[end] = out[end].mask(hidden)
    return out


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
