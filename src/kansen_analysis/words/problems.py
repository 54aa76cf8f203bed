"""In Dutch, why something cannot be estimated."""

from __future__ import annotations

from collections.abc import Mapping

from kansen_analysis.estimate.codes import Problem
from kansen_analysis.goals.protocol import Goal
from kansen_analysis.words.reasons import says


@says(Problem.PANEL)
def _panel(goal: Goal, numbers: Mapping) -> str:
    return "Met deze scholen en jaren is dat niet te berekenen."


@says(Problem.FEW_YEARS)
def _few_years(goal: Goal, numbers: Mapping) -> str:
    return "Er zijn te weinig jaren van vóór de start om toeval per school te meten."


@says(Problem.NEVER_BOTH)
def _never_both(goal: Goal, numbers: Mapping) -> str:
    return "Geen enkele school in het register heeft jaren van vóór én ná de start."
