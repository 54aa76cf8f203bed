"""Hoe goed is deze methode? What a simulation with a known truth says about the verdicts."""

from __future__ import annotations

import json
from importlib import resources

import pandas as pd

from kansen_analysis.display import figures
from kansen_analysis.display.figures import Figure
from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.display.tables import Table
from kansen_analysis.pages.common import Html, file_only, published_table
from kansen_analysis.sources.rows import each_row
from kansen_analysis.words import numbers

RESULTS = "bench_results.json"
SOURCE = "kansen_analysis, simulatie met bekende waarheid (make bench-evidence)"
COLUMNS = [
    *("world", "truth", "kind", "figure", "value", "chance_low", "chance_high"),
    *("target_low", "target_high", "runs", "unit", "peer"),
]
_NONE = (
    "De uitkomsten van de simulatie (bench_results.json) zitten niet bij deze uitgave. Ze worden "
    "gemaakt met make bench-evidence."
)


def results() -> pd.DataFrame | None:
    """Read the figures of the bench; None when it was never run.

    Returns
    -------
    pandas.DataFrame or None
        ``world`` (Dutch), ``truth`` (the difference in it, pupil SD), ``kind`` (what the figure is,
        as the bench names it), ``figure`` (the same in Dutch), ``value``, ``chance_low``,
        ``chance_high`` (what chance leaves, 95%), ``target_low``, ``target_high`` (empty when there
        is no bound on that side), ``runs``, ``unit``, ``peer`` (another way to calculate, on the
        same data; empty for ours). ``attrs["measured"]``: the day.
    """
    file = resources.files("kansen_analysis.pages").joinpath(RESULTS)
    if not file.is_file():
        return None
    stored = json.loads(file.read_text(encoding="utf-8"))
    rows = pd.DataFrame(stored["results"])
    if not len(rows):
        return None
    worlds = pd.DataFrame(stored["worlds"]).T
    kinds = pd.DataFrame(stored["figures"]).T
    bounds = rows.reindex(columns=COLUMNS[4:10]).astype(float)
    frame = bounds.assign(
        world=rows["world"].map(worlds["label"]),
        truth=rows["world"].map(worlds["truth"]).astype(float),
        kind=rows["figure"],
        figure=rows["figure"].map(kinds["label"]),
        unit=rows["figure"].map(kinds["unit"]),
        peer=rows["peer_label"].fillna("") if "peer_label" in rows else "",
    )
    frame = frame[COLUMNS]
    frame.attrs["measured"] = stored["meta"]["date"]
    return frame


def _worlds(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep what was counted in worlds by our own method; not its speed, not the peers."""
    return frame[(frame["peer"] == "") & (frame["unit"] != "s")]


def _verdicts(frame: pd.DataFrame) -> pd.DataFrame:
    """Put wrong and right verdicts side by side, a row per world."""
    ours = _worlds(frame).set_index("world")
    wrong, right = (ours[ours["kind"] == name] for name in ("wrong", "right"))
    truth = wrong["truth"].map(
        lambda size: f"verschil van {numbers.number(size, 1)}" if size else "geen verschil"
    )
    return pd.DataFrame(
        {
            "label": wrong.index,
            "truth": truth.to_numpy(),
            "wrong": wrong["value"].to_numpy(),
            "low": wrong["chance_low"].to_numpy(),
            "high": wrong["chance_high"].to_numpy(),
            "right": right["value"].reindex(wrong.index).to_numpy(),
            "runs": wrong["runs"].astype(int).to_numpy(),
        }
    )


def right_and_wrong(frame: pd.DataFrame | None) -> Figure | Absent:
    """Draw how often the verdict is wrong and right in each world, the worst world first."""
    if frame is None:
        return Absent(_NONE)
    shown = _verdicts(frame)
    worst = shown.iloc[int(shown["wrong"].argmax())]
    return figures.right_and_wrong(
        shown,
        figures.Texts(
            name="methode-oordelen",
            title=f"In de slechtste wereld is {numbers.percent(worst['wrong'], 1)} van de oordelen "
            "fout",
            subtitle="Oordelen van het hele protocol in nagebootste werelden, de slechtste eerst; "
            "verschillen in leerling-standaarddeviaties",
            source=SOURCE,
            notes=(
                "Fout is ‘beter’ of ‘slechter’ als er geen verschil is, en ‘slechter’ of ‘geen "
                "verschil dat ertoe doet’ als er een verschil is. Goed is ‘geen verschil dat ertoe "
                "doet’ als er geen is, en ‘beter’ als dat er is. De rest is onbeslist.",
                "Waar de ene helft van de scholen vooruitgaat en de andere evenveel achteruit is "
                "ook ‘geen verschil dat ertoe doet’ fout.",
                "Bij drie doelen tegelijk, gecorrigeerd volgens Holm, en bij vijf edities na "
                "elkaar telt één fout oordeel al als fout.",
            ),
        ),
    )


def summary(frame: pd.DataFrame | None) -> Prose | Absent:
    """Say where the method is worst, and which of its aims it does not reach."""
    if frame is None:
        return Absent(_NONE)
    ours = _worlds(frame)
    asked = ours.dropna(subset=["target_low", "target_high"], how="all")
    missed = asked[~_met(asked)]
    verdicts = _verdicts(frame)
    lines = []
    if len(verdicts):
        worst = verdicts.iloc[int(verdicts["wrong"].argmax())]
        share = numbers.percent(worst["wrong"], 1)
        chance = numbers.interval(worst["low"], worst["high"], 1)
        lines.append(
            f"Het vaakst fout gaat het in deze wereld: {worst['label']}. Daar klopt het oordeel in "
            f"{share} van de nabootsingen niet (met toeval {chance}%)."
        )
    lines.append(
        f"Van de {len(asked)} eisen vooraf haalt de methode er {len(asked) - len(missed)}. Elke "
        f"wereld is {_runs(ours)} keer nagebootst; hoe minder keer, hoe meer toeval in de uitkomst "
        "zit."
    )
    if day := frame.attrs.get("measured"):
        lines.append(f"Gemeten op {numbers.date(day)}, met de rekenwijze van die dag.")
    text = " ".join(lines)
    if len(missed):
        text += "\n\nNiet gehaald:\n\n" + "\n".join(map(_told, each_row(missed)))
    return Prose(text)


def _told(row) -> str:
    """Tell an aim that was not reached, and whether chance may be why."""
    decimals = 1 if row.unit == "%" else 3
    size = numbers.number(row.value, decimals) + ("%" if row.unit == "%" else "")
    target = _target(row.target_low, row.target_high, decimals)
    reached = (pd.isna(row.target_low) or row.chance_high >= row.target_low) and (
        pd.isna(row.target_high) or row.chance_low <= row.target_high
    )
    chance = "; met het toeval van zo weinig nabootsingen kan hij gehaald zijn" if reached else ""
    return f"- {row.world}: {row.figure} {size} (eis: {target}{chance})."


def _runs(frame: pd.DataFrame) -> str:
    low, high = frame["runs"].min(), frame["runs"].max()
    return numbers.span(low, high, 0)


def _met(frame: pd.DataFrame) -> pd.Series:
    low = frame["target_low"].fillna(float("-inf"))
    high = frame["target_high"].fillna(float("inf"))
    return frame["value"].between(low, high)


def _target(low: float, high: float, decimals: int = 3) -> str:
    if pd.isna(low) and pd.isna(high):
        return "geen eis"
    if pd.isna(low):
        return f"hoogstens {numbers.number(high, decimals)}"
    if pd.isna(high):
        return f"minstens {numbers.number(low, decimals)}"
    return numbers.interval(low, high, decimals)


def every_figure(frame: pd.DataFrame | None) -> Html | Absent:
    """Offer every figure of every world, beside what was asked of it, as a file."""
    return file_only(figures_per_world(frame))


def figures_per_world(frame: pd.DataFrame | None) -> Table | Absent:
    """List every figure of every world and calculation beside what was asked of it."""
    if frame is None:
        return Absent(_NONE)
    shown = frame.assign(
        peer=frame["peer"].where(frame["peer"] != "", "deze monitor"),
        target=[_target(*ends) for ends in frame[["target_low", "target_high"]].to_numpy()],
        met=_met(frame).map({True: "ja", False: "nee"}),
        runs=frame["runs"].astype("Int64"),
    )
    free = (shown["target"] == "geen eis") | (frame["peer"] != "")  # nothing was asked of others
    shown.loc[free, ["target", "met"]] = "geen eis"
    return published_table(
        shown,
        "methode-uitkomsten",
        caption="Hoe vaak de methode goed en fout zit in nagebootste werelden",
        source=SOURCE,
    )


def peers(frame: pd.DataFrame | None) -> Table | Absent:
    """Set the alarms of simpler calculations beside ours: in their best and their worst world."""
    if frame is None:
        return Absent(_NONE)
    alarms = frame[frame["kind"] == "false_positives"]
    if not (alarms["peer"] != "").any():
        return Absent("Er zijn geen andere berekeningen meegelopen.")
    alarms = alarms.assign(
        peer=alarms["peer"].where(alarms["peer"] != "", "deze monitor, berekening V1 alleen")
    )
    found = alarms.groupby("peer", sort=False)["value"]
    worst = alarms.loc[found.idxmax()].set_index("peer")
    shown = pd.DataFrame(
        {
            "worlds": found.size(),
            "least": found.min(),
            "most": worst["value"],
            "world": worst["world"],
        }
    )
    shown = shown.loc[list(alarms["peer"].unique())].rename_axis("peer").reset_index()
    return published_table(
        shown,
        "methode-anderen",
        caption="Hoe vaak andere berekeningen een verschil melden dat er niet is",
        source=SOURCE,
        notes=("Elke berekening liep mee in haar eigen werelden zonder effect.",),
    )
