"""Shares of participants beside comparable schools, by year, from counts that may be hidden."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from kansen_analysis.edition.open import Edition
from kansen_analysis.outcomes.intervals import HIGH, LOW, share_of_total
from kansen_analysis.outcomes.panel import ENDS

GROUPS = {"mine": "scholen in het register", "alike": "vergelijkbare scholen"}


def by_group(
    monitor: Edition, counts: pd.DataFrame, shares: Mapping[str, str], whole: str
) -> tuple[pd.DataFrame, list[tuple]]:
    """Add up counts of pupils per group and year, and give each share as value or as bounds.

    Parameters
    ----------
    monitor : Edition
        Knows who takes part.
    counts : pandas.DataFrame
        ``school``, ``year`` and counts with ``_low`` and ``_high``.
    shares : mapping of str to str
        The counts that are part of `whole`, and what they are called.
    whole : str
        The count they are a part of.

    Returns
    -------
    frame : pandas.DataFrame
        ``year``; per group the shares in percent and ``n``, the pupils they are of.
    variables : list of tuple
        Rows for `common.about`, the year first.
    """
    group = monitor.group_of(counts["school"])
    years = sorted(int(year) for year in counts["year"].unique())
    frame = pd.DataFrame({"year": years})
    rows: list[tuple] = [("year", "Schooljaar van het advies", "", 0, "year")]
    for name, label in GROUPS.items():
        sums = counts[group == label].drop(columns="school").groupby("year").sum().reindex(years)
        if not len(sums.dropna()):
            continue
        sums = sums.astype(float).reset_index(drop=True)
        for part, words in shares.items():
            ends = [f"{part}_{end}" for end in ENDS]
            # An exact count of 1 to 4 would stand in the share as plainly as in a table.
            few = sums[ends[0]].between(LOW, HIGH) & (sums[ends[1]] <= HIGH)
            sums.loc[few, ends] = LOW, HIGH
            of = [f"{whole}_{end}" for end in ENDS]
            low, high = share_of_total(*(sums[column].to_numpy() for column in (*ends, *of)))
            column, exact = f"{part}_{name}", low == high
            frame[column] = np.where(exact, low, np.nan)
            frame[f"{column}_low"] = np.where(exact, np.nan, low)
            frame[f"{column}_high"] = np.where(exact, np.nan, high)
            rows.append((column, f"{words}: {label}", "%", 1, "share", f"n_{name}"))
        low, high = (sums[f"{whole}_{end}"].astype("Int64") for end in ENDS)
        frame[f"n_{name}"] = low.where((low == high).fillna(False))
        frame[f"n_{name}_low"], frame[f"n_{name}_high"] = low, high
        rows.append((f"n_{name}", f"Leerlingen: {label}", "leerlingen", 0, "count"))
    return frame, rows
