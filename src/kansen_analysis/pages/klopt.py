"""Klopt het? For the demo: the truth that was put in, beside what the monitor found."""

from __future__ import annotations

import pandas as pd

from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.display.tables import Table
from kansen_analysis.edition.open import Edition
from kansen_analysis.pages.common import estimate_or_reason, published_table, verdict_row
from kansen_analysis.sources import schoolyear
from kansen_analysis.words import truth as words
from kansen_analysis.words.columns import columns_of

SOURCE = "truth.json van het voorbeeld en de schatting van deze monitor"


def introduction(monitor: Edition) -> Prose | Absent:
    """Say what is compared here; nothing where the truth is not known."""
    return Prose(words.INTRODUCTION) if monitor.truth else Absent("")


def _put_in(monitor: Edition, goal: int) -> dict:
    return monitor.truth.get(f"goal{goal}", {})


def _size(told: dict) -> float | None:
    """Return the true difference: above what the test leads one to expect, where that is asked."""
    if told.get("zero"):
        return 0.0
    return told.get("above_expected", told.get("realised_pupil_weighted"))


def goals(monitor: Edition) -> Table | Absent:
    """Set truth and estimate side by side for every goal."""
    if not monitor.truth:
        return Absent("")
    rows = []
    for goal in monitor.protocol.goals:
        truth, verdict = _size(_put_in(monitor, goal.id)), verdict_row(monitor, goal.id)
        found, _ = estimate_or_reason(monitor, goal.id)
        row = {"goal": goal.name, "unit": goal.outcome.unit, "truth": truth}
        row["verdict"] = verdict["verdict"]
        if found is None or truth is None:
            row["fits"] = words.NOT_ASKED if goal.role == "context" else words.NO_FILE
        else:
            row |= {name: float(verdict[name]) for name in ("effect", "ci_low", "ci_high")}
            ends = row["ci_low"], row["ci_high"]
            row["fits"] = words.fits(truth, *ends, row["verdict"])
        rows.append(row)
    variables = columns_of("klopt-doelen")
    frame = pd.DataFrame(rows).reindex(columns=list(variables.index))
    return published_table(
        frame,
        "klopt-doelen",
        caption="De waarheid in de verzonnen gegevens naast wat de monitor vond, per doel",
        variables=variables,
        source=SOURCE,
        notes=(
            "Waarheid bij de eindtoets: het gemiddelde over alle leerlingen met een coach. Bij het "
            "advies: wat er boven op het eigen leren kwam.",
            "Grenzen: 95%-interval.",
        ),
    )


def cohorts(monitor: Edition) -> Table | Absent:
    """Set truth and estimate side by side for every starting year of goal 1."""
    told = _put_in(monitor, 1).get("by_cohort", {})
    found, _ = estimate_or_reason(monitor, 1)
    if found is None or not told:
        return Absent("")
    rows = []
    for start, truth in told.items():
        year = schoolyear.parse(start)
        if year in found.by_cohort.index:
            figures = (found.by_cohort[name].loc[year] for name in ("effect", "ci_low", "ci_high"))
            effect, low, high = map(float, figures)
            rows.append(
                {
                    "start": year,
                    "truth": truth,
                    "effect": effect,
                    "ci_low": low,
                    "ci_high": high,
                    "fits": words.covered(truth, low, high),
                }
            )
    if not rows:
        return Absent("")
    return published_table(
        pd.DataFrame(rows),
        "klopt-startjaar",
        caption="Eindtoets: de waarheid naast wat de monitor vond, per startjaar",
        source=SOURCE,
        notes=("Van de intervallen mag 1 op de 20 de waarheid missen.",),
    )
