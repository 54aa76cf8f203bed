"""Hoe goed is deze methode? What a simulation with a known truth says about the verdicts."""

from __future__ import annotations

import json
from importlib import resources

import pandas as pd

from kansen_analysis.disclosure import disclose
from kansen_analysis.display import numbers, tables
from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.display.tables import Table
from kansen_analysis.pages.common import about

RESULTS = "bench_results.json"
COLUMNS = ["world", "figure", "value", "target_low", "target_high", "runs"]
_NONE = (
    "De uitkomsten van de simulatie (bench_results.json) zitten niet bij deze uitgave. Ze worden "
    "gemaakt met make bench-evidence."
)


def results() -> pd.DataFrame | None:
    """Read the figures of the bench; None when it was never run.

    Returns
    -------
    pandas.DataFrame or None
        ``world``, ``figure`` (both Dutch), ``value``, ``target_low``, ``target_high`` (empty when
        there is no bound on that side), ``runs``.
    """
    file = resources.files("kansen_analysis").joinpath(RESULTS)
    if not file.is_file():
        return None
    rows = json.loads(file.read_text(encoding="utf-8"))
    frame = pd.DataFrame(rows, columns=COLUMNS)
    numeric = COLUMNS[2:]
    return frame.astype(dict.fromkeys(numeric, float)) if len(frame) else None


def summary(frame: pd.DataFrame | None) -> Prose | Absent:
    """Say how many figures lie within what was asked of them."""
    if frame is None:
        return Absent(_NONE)
    asked = frame.dropna(subset=["target_low", "target_high"], how="all")
    met = int(_met(asked).sum())
    return Prose(
        f"Van de {len(asked)} eisen vooraf haalt de methode er {met}. Elke wereld is "
        f"{_runs(frame)} keer nagebootst."
    )


def _runs(frame: pd.DataFrame) -> str:
    low, high = frame["runs"].min(), frame["runs"].max()
    return numbers.span(low, high, 0)


def _met(frame: pd.DataFrame) -> pd.Series:
    low = frame["target_low"].fillna(float("-inf"))
    high = frame["target_high"].fillna(float("inf"))
    return frame["value"].between(low, high)


def _target(low: float, high: float) -> str:
    if pd.isna(low) and pd.isna(high):
        return "geen eis"
    if pd.isna(low):
        return f"hoogstens {numbers.number(high, 3)}"
    if pd.isna(high):
        return f"minstens {numbers.number(low, 3)}"
    return numbers.interval(low, high, 3)


def figures_per_world(frame: pd.DataFrame | None) -> Table | Absent:
    """List every figure of every world beside what was asked of it."""
    if frame is None:
        return Absent(_NONE)
    shown = frame.assign(
        target=[_target(*ends) for ends in frame[["target_low", "target_high"]].to_numpy()],
        met=_met(frame).map({True: "ja", False: "nee"}),
        runs=frame["runs"].astype("Int64"),
    )
    shown.loc[shown["target"] == "geen eis", "met"] = "geen eis"
    variables = about(
        ("world", "Wereld", "", 0, "text"),
        ("figure", "Wat gemeten is", "", 0, "text"),
        ("value", "Uitkomst", "", 3, "mean"),
        ("target", "Eis vooraf", "", 0, "text"),
        ("met", "Gehaald", "", 0, "text"),
        ("runs", "Nabootsingen", "aantal", 0, "count"),
    )
    return tables.table(
        disclose(shown, variables),
        name="methode-uitkomsten",
        caption="Hoe vaak de methode goed en fout zit in nagebootste werelden",
        variables=variables,
        source="kansen_analysis, simulatie met bekende waarheid (make bench-evidence)",
    )
