"""What several pages share: the banner of the demo, source lines, the words of a verdict."""

from __future__ import annotations

import pandas as pd

from kansen_analysis import schoolyear
from kansen_analysis.display.figures import SIGNS
from kansen_analysis.display.prose import Prose
from kansen_analysis.effects import EffectEstimate
from kansen_analysis.monitor import Monitor
from kansen_analysis.sources import get

__all__ = ["banner", "estimate_or_reason", "open_monitor", "source_line", "verdict_word"]

open_monitor = Monitor.from_environment


def banner(monitor: Monitor) -> Prose:
    """Say first of all whether the schools exist, and which school year this is about."""
    about = f"Uitgave over het schooljaar {schoolyear.label(monitor.year)}."
    if monitor.demo:
        return Prose(
            f"**Voorbeeld met verzonnen scholen: geen school, gemeente of bestuur op deze pagina "
            f"bestaat.** {about}"
        )
    return Prose(about)


def source_line(*sources: str, made: str = "bewerking kansen_analysis") -> str:
    """Name publisher and data set of each source, for below a figure."""
    named = [f"{get(s).meta['publisher']}, {get(s).meta['title']}" for s in sources]
    return "; ".join([*dict.fromkeys(named), made])


def verdict_word(row: pd.Series) -> str:
    """Return the verdict as the pages write it: *Beter*, *Onbeslist*, …"""
    word = row["verdict"][0].upper() + row["verdict"][1:]
    assert word in SIGNS
    return word


def estimate_or_reason(monitor: Monitor, goal: int) -> tuple[EffectEstimate | None, str]:
    """Return the estimate of a goal, or None and why there is none."""
    found = monitor.estimates.get(goal, monitor.protocol.goal(goal).missing)
    return (None, found) if isinstance(found, str) else (found, "")
