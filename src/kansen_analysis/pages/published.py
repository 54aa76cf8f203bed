"""Last year's verdict: the one that was published, or one that is worked out again."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from kansen_analysis.edition.open import Edition
from kansen_analysis.edition.record import RECORD, published, read_record
from kansen_analysis.programme import workspace
from kansen_analysis.sources import schoolyear
from kansen_analysis.words import numbers


def recorded(monitor: Edition) -> pd.DataFrame | None:
    """Return what the record says was published on the school year before, None without."""
    if monitor.demo:  # invented schools are never published
        return None
    return published(read_record(workspace.root() / RECORD), monitor.year - 1)


def before(monitor: Edition) -> pd.DataFrame | None:
    """Return the verdicts on the school year before, None without.

    Returns
    -------
    pandas.DataFrame or None
        ``goal``, ``verdict`` and ``effect``: as published where the record holds them, else as
        they come out of the register, the files and the protocol of now.
    """
    again, known = monitor.previous_verdicts, recorded(monitor)
    if known is None:
        return again
    names = ["verdict", "effect"]
    found = known.set_index("goal")[names].reindex(monitor.verdicts["goal"].astype(int))
    if again is not None:
        found = found.fillna({"verdict": again.set_index("goal")["verdict"]})
    return found.dropna(subset="verdict").rename_axis("goal").reset_index()


def told(monitor: Edition) -> str:
    """Say whether last year's verdicts are those that were published, and if they still hold."""
    year, known, again = schoolyear.label(monitor.year - 1), recorded(monitor), None
    if known is None:
        return (
            f"Het oordeel over {year} is opnieuw berekend, met de bestanden, het register en het "
            "protocol van nu."
        )
    day = numbers.date(dt.date.fromisoformat(known["published"].iloc[-1]))
    said = f"Het oordeel over {year} is dat van de monitor die op {day} is gepubliceerd."
    again = monitor.previous_verdicts
    if again is None:
        return said
    then = again.set_index("goal")["verdict"]
    moved = [
        f"{monitor.protocol.goal(goal).name.lower()} ‘{then[goal]}’"
        for goal, verdict in zip(known["goal"], known["verdict"], strict=True)
        if goal in then.index and then[goal] != verdict
    ]
    if not moved:
        return f"{said} Met de bestanden, het register en het protocol van nu is het hetzelfde."
    return (
        f"{said} Met de bestanden, het register en het protocol van nu zou het zijn: "
        f"{numbers.listed(moved)}."
    )
