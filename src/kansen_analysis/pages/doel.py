"""A page for a goal of the programme's own, which has no page that was written for it."""

from __future__ import annotations

import re

from kansen_analysis.display.components import Html
from kansen_analysis.display.figures import Figure
from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.display.tables import Table
from kansen_analysis.edition.open import Edition
from kansen_analysis.outcomes import PAGES
from kansen_analysis.pages import common, context, evidence, programma


def own(monitor: Edition) -> list[str]:
    """Return the numbers of the goals that get a page of this kind."""
    return [
        str(goal.id)
        for goal in monitor.protocol.goals
        if (goal.id, goal.outcome.measure) not in PAGES
    ]


def heading(monitor: Edition, number: str) -> tuple[str, str]:
    """Return the title of the page, and what it is about."""
    goal = monitor.protocol.goal(int(number))
    return goal.name, f"Doel {goal.id}. {goal.question}"


def answer(monitor: Edition, number: str) -> Html:
    """Give the verdict with its reason."""
    return common.verdict(monitor, int(number))


def wanted(monitor: Edition, number: str) -> Prose:
    """Say what the programme wants, what is measured, and what is missing."""
    return context.what_is_needed(monitor, int(number))


def since_start(monitor: Edition, number: str) -> Figure | Absent:
    """Draw the difference with comparable schools by years since the start."""
    return evidence.since_start(monitor, int(number))


def versions(monitor: Edition, number: str) -> Figure | Absent:
    """Draw the versions that were fixed beforehand."""
    return evidence.four_versions(monitor, int(number))


def could_be_seen(monitor: Edition, number: str) -> Figure | Absent:
    """Draw the smallest difference that would have been seen."""
    return evidence.what_could_be_seen(monitor, int(number))


def doubts(monitor: Edition, number: str) -> Prose | Absent:
    """Say what speaks against the estimate."""
    return _below(evidence.doubts(monitor, int(number)))


def _below(said: Prose | Absent) -> Prose | Absent:
    """Let links lead one folder up: these pages stand below the others."""
    if isinstance(said, Absent):
        return said
    return Prose(re.sub(r"\]\((?=[\w-]+\.ipynb)", "](../", said.markdown))


def second(monitor: Edition, number: str) -> Table | Absent:
    """List the second outcome, without a verdict."""
    return evidence.second_outcome(monitor, int(number))


def told(monitor: Edition, number: str) -> Prose | Absent:
    """Point to stories and lessons about the goal."""
    return _below(programma.of_goal(monitor, int(number)))
