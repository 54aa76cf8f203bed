"""Eindtoets: goal 1, the results at the end of primary school.

The figures about how sure this is are in `kansen_analysis.pages.evidence`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.display.tables import Table, about
from kansen_analysis.edition.open import Edition
from kansen_analysis.pages.common import (
    BEGUN,
    by_name,
    groups_of,
    published_table,
    source_line,
)
from kansen_analysis.sources import schoolyear
from kansen_analysis.words import numbers

WHAT = "Aandeel behaalde streefniveaus (1S/2F)"
SOURCES = ("leerresultaten", "referentieniveaus")
WINDOW = 3  # school years with results taken together, before and since the start
_NONE = "Er zijn geen leerresultaten en geen referentieniveaus in deze map."


def _weighted(rows: pd.DataFrame) -> pd.Series:
    """Average a share over the pupils of all schools, per school year."""
    parts = rows.assign(part=rows["value"] * rows["n"]).groupby("year")[["part", "n"]].sum()
    return parts["part"] / parts["n"]


def before_and_since(monitor: Edition) -> Table | Absent:
    """Set earlier years beside the years since the first start: participants and others."""
    levels = monitor.target_levels
    if not len(levels):
        return Absent(_NONE)
    if not monitor.participants["coach_start"].notna().any():
        return Absent(
            "Van geen school in het register is bekend wanneer zij begon. Er is dus geen vóór en "
            "geen ná om naast elkaar te zetten."
        )
    years = np.array(sorted(levels["year"].unique()))
    start = monitor.programme_start
    windows = {"before": years[years < start][-WINDOW:], "since": years[years >= start][-WINDOW:]}
    if not len(windows["before"]) or not len(windows["since"]):
        return Absent(
            f"De resultaten in deze bestanden beginnen in {schoolyear.label(int(years[0]))}; de "
            f"eerste school begon in {schoolyear.label(start)}. Er is geen vóór of geen ná om "
            "naast elkaar te zetten."
        )
    rows = []
    for name, inside in groups_of(monitor, levels["school"]).items():
        part = levels[inside]
        row: dict[str, Any] = {"group": name}
        for window, chosen in windows.items():
            seen = part[part["year"].isin(chosen)]
            row[window] = np.average(seen["value"], weights=seen["n"]) if len(seen) else np.nan
            row[f"n_{window}"] = int(seen["n"].sum())
        rows.append(row | {"change": row["since"] - row["before"]})
    spans = {
        name: f"{schoolyear.label(int(chosen[0]))} t/m {schoolyear.label(int(chosen[-1]))}"
        for name, chosen in windows.items()
    }
    variables = about(
        ("group", "Groep", "", 0, "text"),
        ("before", f"Vóór: {spans['before']}", "%", 1, "share", "n_before"),
        ("since", f"Sinds de start: {spans['since']}", "%", 1, "share", "n_since"),
        ("change", "Verandering", "procentpunt", 1, "difference", "n_since"),
        ("n_since", "Leerlingen sinds de start", "leerlingen", 0, "count"),
        ("n_before", "Leerlingen vóór de start", "leerlingen", 0, "count"),
    )
    return published_table(
        pd.DataFrame(rows),
        "eindtoets-eerder",
        caption=f"{WHAT} vóór en sinds de eerste start",
        variables=variables,
        source=source_line(*SOURCES),
        notes=(
            "Een beschrijving, geen toets: alle scholen kregen in deze jaren een andere toets en "
            "een andere norm. De toets staat hieronder.",
        ),
    )


def _latest(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Return the newest values per school."""
    newest = table.dropna(subset="school").sort_values("year", kind="stable")
    return newest.groupby("school")[columns].last()


def participants(monitor: Edition) -> Table | Absent:
    """List what is known of each participant: results beside its signaleringswaarde."""
    levels = monitor.target_levels
    if not len(levels):
        return Absent(_NONE)
    if not len(monitor.participants):
        return Absent("Het register noemt nog geen scholen.")
    years = sorted(levels["year"].unique())[-3:]
    frame = by_name(monitor)[["school", "name", "municipality", "coach_start"]].copy()
    weging = ["schoolweging_driejaars", "signaleringswaarde_1s2f"]
    results = monitor.load("leerresultaten")
    known = _latest(results, weging) if len(results) else pd.DataFrame(columns=weging)
    frame = frame.merge(known, left_on="school", right_index=True, how="left")
    rows = [
        ("name", "School", "", 0, "text", ""),
        ("school", "BRIN en vestiging", "", 0, "code", ""),
        ("municipality", "Gemeente", "", 0, "text", ""),
        ("coach_start", BEGUN, "", 0, "year", ""),
        ("schoolweging_driejaars", "Schoolweging", "", 2, "mean", ""),
        ("signaleringswaarde_1s2f", "Signaleringswaarde", "%", 1, "mean", ""),
    ]
    matched_schools = monitor.pools.members.query("pool == 'B'")
    for year in years:
        here = levels[levels["year"] == year].set_index("school")
        exact = here["value"].where(here["origin"] != "interval")
        frame[f"value_{year}"] = frame["school"].map(exact)
        for end in ("low", "high"):
            masked = here[end].where(here["origin"] == "interval")
            frame[f"value_{year}_{end}"] = frame["school"].map(masked)
        known = here["n"].where(here["n_low"] == here["n_high"])
        frame[f"n_{year}"] = frame["school"].map(known).astype("Int64")
        for end in ("low", "high"):
            frame[f"n_{year}_{end}"] = frame["school"].map(here[f"n_{end}"]).astype("Int64")
        label = schoolyear.label(int(year))
        rows.append((f"value_{year}", f"Streefniveau {label}", "%", 1, "share", f"n_{year}"))
        rows.append((f"n_{year}", f"Leerlingen {label}", "leerlingen", 0, "count", ""))
    last = levels[levels["year"] == years[-1]].set_index("school")
    pairs = matched_schools.assign(value=matched_schools["school"].map(last["value"]).astype(float))
    frame["alike"] = frame["school"].map(pairs.groupby("matched_to")["value"].mean())
    rows.append(
        ("alike", f"Vergelijkbare scholen {schoolyear.label(int(years[-1]))}", "%", 1, "mean", "")
    )
    variables = about(*rows)
    return published_table(
        frame,
        "eindtoets-deelnemers",
        caption="Behaalde streefniveaus (1S/2F) van elke school in het register, naast de "
        "signaleringswaarde en het gemiddelde van vergelijkbare scholen",
        variables=variables,
        source=source_line("leerresultaten", "referentieniveaus"),
        notes=(
            "Twee getallen met een streep: de uitkomst ligt daartussen; de aantallen zijn deels "
            "afgeschermd.",
            "Geen ranglijst: bij kleine groepen verschuift één leerling het cijfer met meerdere "
            "procentpunten.",
        ),
    )


def standard_scores(monitor: Edition) -> Table | Absent:
    """List the mean test score by group and year, as z within school year and provider."""
    scores = monitor.standard_scores
    if not scores["school"].isin(monitor.participants["school"]).any():
        return Absent("Er zijn geen eindscores van scholen in het register in deze map.")
    labels = {"mine": "scholen in het register", "alike": "vergelijkbare scholen"}
    groups = groups_of(monitor, scores["school"])
    parts = {}
    for name, label in labels.items():
        part = scores[groups[label]]
        parts[name] = _weighted(part)
        parts[f"n_{name}"] = part.groupby("year")["n"].sum().astype("Int64")
    frame = pd.DataFrame(parts).reset_index(names="year")
    return published_table(
        frame,
        "eindtoets-scores",
        caption="Gemiddelde eindscore, vergeleken met alle scholen die in dat jaar dezelfde toets "
        "gebruikten",
        source=source_line("eindscores"),
        notes=(
            "0 is het landelijk gemiddelde van dezelfde toets in hetzelfde jaar; 1 is één "
            "standaardafwijking tussen scholen hoger.",
            "Zonder oordeel: laat zien of een andere maat hetzelfde beeld geeft.",
        ),
    )


def missing(monitor: Edition) -> Prose:
    """List what the figures on this page do not rest on."""
    levels = monitor.target_levels
    mine = levels[levels["school"].isin(monitor.participants["school"])]
    people = monitor.participants
    unknown = int(people["coach_start"].isna().sum())
    later = int((people["coach_start"] > monitor.year).sum())
    lines = []
    if unknown:
        lines.append(
            f"Van {unknown} van de {len(people)} scholen in het register noemt geen document het "
            "startjaar. Zij tellen niet mee in de toets."
        )
    if later:
        verb = "school begint" if later == 1 else "scholen beginnen"
        lines.append(f"{later} {verb} pas na dit schooljaar.")
    if len(mine):
        placed = 100 * (mine["origin"].eq("interval") & mine["joined"].eq("")).mean()
        if placed:
            lines.append(
                f"Bij {numbers.percent(placed)} van de schooljaren van deelnemers is een deel van "
                "de aantallen afgeschermd. Het aandeel is dan geplaatst waar scholen van die "
                "omvang gemiddeld liggen."
            )
        gone = set(people["school"]) - set(mine.loc[mine["year"] == monitor.year, "school"])
        if gone:
            schools = "school" if len(gone) == 1 else "scholen"
            lines.append(
                f"Van {len(gone)} {schools} in het register is er over "
                f"{schoolyear.label(monitor.year)} geen resultaat gepubliceerd."
            )
    lines.append("In 2019-2020 is geen eindtoets afgenomen; dat jaar ontbreekt en is niet gevuld.")
    lines.append(
        "Een meting bij leerlingen zelf ontbreekt: dit zijn gemiddelden van groep 8, elk jaar van "
        "andere kinderen."
    )
    return Prose("\n".join(f"- {line}" for line in lines))
