"""Schooladvies: goal 2, how high the advices are, and how much of that is hidden."""

from __future__ import annotations

import pandas as pd

from kansen_analysis import schoolyear
from kansen_analysis.disclosure import disclose
from kansen_analysis.display import figures, numbers, tables
from kansen_analysis.display.figures import Figure
from kansen_analysis.display.prose import Absent
from kansen_analysis.display.tables import Table
from kansen_analysis.monitor import Monitor
from kansen_analysis.pages.common import source_line
from kansen_analysis.panel import advice_levels

LEVELS = {
    0: "praktijkonderwijs",
    1: "vmbo basis",
    3: "vmbo kader",
    5: "vmbo gt",
    7: "havo",
    9: "vwo",
}
_NONE = "Er zijn geen schooladviezen van deelnemende scholen in deze map."


def all_participants(monitor: Monitor) -> Figure | Absent:
    """Draw the lowest and highest possible mean advice of all participants together."""
    low, high = (
        cells[cells.index.get_level_values("school").isin(monitor.participants["school"])]
        for cells in monitor.advice_cells
    )
    if not len(low):
        return Absent(_NONE)
    levels = advice_levels(low.groupby("year").sum(), high.groupby("year").sum())
    exact = levels["low"] == levels["high"]
    frame = pd.DataFrame(
        {
            "year": levels["year"],
            "low": levels["low"],
            "high": levels["high"],
            "value": levels["low"].where(exact),
            "n": levels["pupils_low"].where(levels["pupils_low"] == levels["pupils_high"]),
            "n_low": levels["pupils_low"],
            "n_high": levels["pupils_high"],
        }
    )
    frame["n"] = frame["n"].astype("Int64")
    last = frame.iloc[-1]
    year = schoolyear.label(int(last["year"]))
    if exact.iloc[-1]:
        title = f"Het gemiddelde advies was in {year} {numbers.number(last['value'], 1)}"
    else:
        title = f"Het gemiddelde advies ligt in {year} " + numbers.interval(
            last["low"], last["high"], 1
        )
    return figures.ranges(
        frame,
        name="schooladvies-deelnemers",
        title=title,
        subtitle="Gemiddeld definitief advies van alle deelnemende scholen samen, van 0 "
        "(praktijkonderwijs) tot 9 (vwo); stip: precies bekend, balk: laagst en hoogst mogelijk",
        source=source_line("schooladviezen"),
        unit="adviesniveau",
        levels=LEVELS,
        notes=("Zonder vso en zonder ‘advies niet mogelijk’.",),
    )


def per_school(monitor: Monitor) -> Table | Absent:
    """List per participant the mean advice, exact or as lowest and highest possible."""
    levels = monitor.advice_levels
    mine = levels[levels["school"].isin(monitor.participants["school"])]
    if not len(mine):
        return Absent(_NONE)
    people = monitor.participants.sort_values(["municipality", "name"], ignore_index=True)
    frame = people[["school", "name", "municipality"]].copy()
    rows = [
        ("name", "School", "", 0, "text"),
        ("school", "BRIN en vestiging", "", 0, "code"),
        ("municipality", "Gemeente", "", 0, "text"),
    ]
    for year in sorted(mine["year"].unique())[-6:]:
        here = mine[mine["year"] == year].set_index("school")
        exact = here["low"] == here["high"]
        frame[f"level_{year}"] = frame["school"].map(here["low"].where(exact))
        for end in ("low", "high"):
            frame[f"level_{year}_{end}"] = frame["school"].map(here[end].where(~exact))
        rows.append((f"level_{year}", schoolyear.label(int(year)), "adviesniveau", 1, "mean"))
    variables = figures_variables(rows)
    return tables.table(
        disclose(frame, variables),
        name="schooladvies-scholen",
        caption="Gemiddeld advies per deelnemende school, van 0 (praktijkonderwijs) tot 9 (vwo)",
        variables=variables,
        source=source_line("schooladviezen"),
        notes=(
            "Twee getallen met een streep: het laagste en het hoogste gemiddelde dat mogelijk is, "
            "omdat DUO aantallen van 1 tot en met 4 vanaf 2022-2023 als ‘<5’ afdrukt.",
        ),
    )


def figures_variables(rows: list[tuple]) -> pd.DataFrame:
    """Describe columns from rows of (column, label, unit, decimals, kind)."""
    names = ["column", "label", "unit", "decimals", "kind"]
    return pd.DataFrame(rows, columns=names).set_index("column")


def compared(monitor: Monitor) -> Table | Absent:
    """Set participants beside comparable schools: lowest and highest possible mean advice."""
    low, high = monitor.advice_cells
    school = low.index.get_level_values("school")
    groups = {
        "deelnemende scholen": school.isin(monitor.participants["school"]),
        "vergelijkbare scholen": school.isin(monitor.pools.schools("B")),
        "alle scholen": school.notna(),
    }
    parts = []
    for name, inside in groups.items():
        if not inside.any():
            continue
        levels = advice_levels(
            low[inside].groupby("year").sum(), high[inside].groupby("year").sum()
        )
        exact = levels["low"] == levels["high"]
        parts.append(
            pd.DataFrame(
                {
                    "year": levels["year"],
                    name: levels["low"].where(exact),
                    f"{name}_low": levels["low"].where(~exact),
                    f"{name}_high": levels["high"].where(~exact),
                }
            ).set_index("year")
        )
    if not parts:
        return Absent(_NONE)
    frame = pd.concat(parts, axis=1).reset_index()
    variables = figures_variables(
        [("year", "Schooljaar", "", 0, "year")]
        + [
            (name, name[0].upper() + name[1:], "adviesniveau", 1, "mean")
            for name in groups
            if name in frame
        ]
    )
    return tables.table(
        disclose(frame, variables),
        name="schooladvies-vergelijking",
        caption="Gemiddeld advies van deelnemende, vergelijkbare en alle scholen, per schooljaar",
        variables=variables,
        source=source_line("schooladviezen"),
        notes=("Twee getallen met een streep: laagst en hoogst mogelijk gemiddelde.",),
    )
