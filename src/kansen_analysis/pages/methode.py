"""Hoe goed is deze methode? What a simulation with a known truth says about the verdicts."""

from __future__ import annotations

import json
from importlib import resources

import pandas as pd

from kansen_analysis.display import tables
from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.display.tables import Table
from kansen_analysis.edition.disclosure import disclose
from kansen_analysis.pages.common import about
from kansen_analysis.words import numbers

RESULTS = "bench_results.json"
COLUMNS = ["world", "figure", "value", "target_low", "target_high", "runs", "unit", "peer"]
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
        there is no bound on that side), ``runs``, ``unit``, ``peer`` (another way to calculate, on
        the same data; empty for ours).
    """
    file = resources.files("kansen_analysis.pages").joinpath(RESULTS)
    if not file.is_file():
        return None
    rows = pd.DataFrame(json.loads(file.read_text(encoding="utf-8"))["results"])
    frame = pd.DataFrame(
        {
            "world": rows["world_label"],
            "figure": rows["label"],
            **{name: rows[name].astype(float) for name in COLUMNS[2:6]},
            "unit": rows["unit"],
            "peer": rows["peer_label"].fillna("") if "peer_label" in rows else "",
        }
    )
    return frame if len(frame) else None


def _worlds(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep what was counted in worlds by our own method; not its speed, not the peers."""
    return frame[(frame["peer"] == "") & (frame["unit"] != "s")]


def summary(frame: pd.DataFrame | None) -> Prose | Absent:
    """Say how many figures lie within what was asked of them."""
    if frame is None:
        return Absent(_NONE)
    ours = _worlds(frame)
    asked = ours.dropna(subset=["target_low", "target_high"], how="all")
    met = int(_met(asked).sum())
    return Prose(
        f"Van de {len(asked)} eisen vooraf haalt de methode er {met}. Elke wereld is "
        f"{_runs(ours)} keer nagebootst; hoe minder keer, hoe meer toeval in de uitkomst zit."
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
    frame = frame[frame["peer"] == ""]
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
        ("unit", "Eenheid", "", 0, "text"),
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


def peers(frame: pd.DataFrame | None) -> Table | Absent:
    """Set the alarms of simpler calculations beside ours, on the same worlds without effect."""
    if frame is None:
        return Absent(_NONE)
    alarms = frame[frame["figure"].str.startswith("ten onrechte een verschil")]
    if not (alarms["peer"] != "").any():
        return Absent("Er zijn geen andere berekeningen meegelopen.")
    shown = alarms.assign(
        peer=alarms["peer"].where(alarms["peer"] != "", "deze monitor, berekening V1 alleen"),
        runs=alarms["runs"].astype("Int64"),
    )
    variables = about(
        ("peer", "Berekening", "", 0, "text"),
        ("world", "Wereld zonder effect", "", 0, "text"),
        ("value", "Vals alarm", "%", 1, "mean"),
        ("runs", "Nabootsingen", "aantal", 0, "count"),
    )
    return tables.table(
        disclose(shown, variables),
        name="methode-anderen",
        caption="Hoe vaak andere berekeningen een verschil melden dat er niet is",
        variables=variables,
        source="kansen_analysis, simulatie met bekende waarheid (make bench-evidence)",
    )
