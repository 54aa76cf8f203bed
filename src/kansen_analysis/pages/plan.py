"""Wanneer weten we het? What is missing, who has it, what the coming editions can show."""

from __future__ import annotations

import pandas as pd

from kansen_analysis.display import figures
from kansen_analysis.display.figures import Figure
from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.display.tables import Table
from kansen_analysis.edition.open import Edition
from kansen_analysis.goals.protocol import Goal
from kansen_analysis.pages.common import published_table, source_line
from kansen_analysis.words import numbers
from kansen_analysis.words import plan as words
from kansen_analysis.words.columns import columns_of

PLACES = "places_leerjaar3"  # the outcome whose figures only schools have
_ROLES = ("participants", "comparison", "earlier")
_MOST = 3  # scenarios in one figure, beside the difference that matters


def _rows(monitor: Edition, goal: int) -> pd.DataFrame:
    return monitor.outlook[monitor.outlook["goal"] == goal]


def _answer(monitor: Edition, goal: Goal) -> str:
    return words.answer(goal, _rows(monitor, goal.id))


def block(monitor: Edition, goal: int) -> Prose:
    """Say when a goal can be answered, what is missing and who has it, and what would help."""
    told = monitor.protocol.goal(goal)
    needs = words.missing(monitor.needs[monitor.needs["goal"] == goal])
    parts = [f"**{_answer(monitor, told)}**"]
    if needs:
        parts += ["Wat ontbreekt:", "\n".join(f"- {line}" for line in needs)]
    if helps := words.helps(told, _rows(monitor, goal)):
        parts += ["Wat zou helpen:", "\n".join(f"- {line}" for line in helps)]
    if told.outcome.measure == PLACES:
        parts.append(words.own_figures())
    return Prose("\n\n".join(parts))


def coming(monitor: Edition, goal: int) -> Figure | Absent:
    """Draw per edition to come the smallest difference that can be seen, beside what matters."""
    rows = _rows(monitor, goal)
    seen = rows[rows["code"] == ""]
    if not len(seen):
        return Absent("")
    told = monitor.protocol.goal(goal)
    per, decimals = told.sentences.per, 0
    scenarios = list(dict.fromkeys(zip(seen["scenario"], seen["more"], strict=True)))[:_MOST]
    parts, roles = [], {}
    for (scenario, more), role in zip(scenarios, _ROLES, strict=False):
        part = seen[(seen["scenario"] == scenario) & (seen["more"] == more)]
        name = words.series(scenario, int(more))
        roles[name] = role
        parts.append(
            pd.DataFrame(
                {
                    "series": name,
                    "year": part["year"],
                    "value": per * part["difference"],
                    "n": part["schools"],
                }
            )
        )
    years = sorted(rows["year"].unique())
    roles[words.MATTERS] = "warning"
    parts.append(
        pd.DataFrame(
            {
                "series": words.MATTERS,
                "year": years,
                "value": per * told.outcome.smallest_difference,
            }
        )
    )
    return figures.lines(
        pd.concat(parts, ignore_index=True),
        figures.Texts(
            name=f"wanneer-doel-{goal}",
            title=words.headline(told, rows),
            subtitle=f"Kleinste verschil dat met 80% kans te zien is ({told.name.lower()}), per "
            f"uitgave, {words.unit(told)}",
            source=source_line(*told.outcome.sources) + "; register van deelnemers",
            notes=(words.FROM_METHODS,) if (rows["components_from"] == "methods").any() else (),
        ),
        unit=words.unit(told),
        decimals=decimals,
        roles=roles,
        breaks=(),
        zero=True,
    )


def helping(monitor: Edition, goal: int) -> Prose | Absent:
    """Say what would help a goal, each with what it gives."""
    rows = _rows(monitor, goal)
    if not len(rows):
        return Absent("")
    told = monitor.protocol.goal(goal)
    lines = words.helps(told, rows)
    parts = ["\n".join(f"- {line}" for line in lines)] if lines else []
    if told.outcome.measure == PLACES:
        parts.append(words.own_figures())
    return Prose("\n\n".join(parts)) if parts else Absent("")


def overview(monitor: Edition) -> Prose:
    """Answer the question of the page for all goals; one line for goals of one answer."""
    said: dict[str, list[str]] = {}
    for goal in monitor.protocol.goals:
        said.setdefault(_answer(monitor, goal), []).append(goal.name)
    return Prose("\n".join(f"- **{numbers.listed(of)}.** {text}" for text, of in said.items()))


def missing(monitor: Edition) -> Table | Absent:
    """List what is missing, for which goals, and who has it."""
    names = {goal.id: goal.name for goal in monitor.protocol.goals}
    needs: dict[tuple[str, str], list[str]] = {}
    for row in monitor.needs.to_dict("records"):
        needs.setdefault(words.need(row), []).append(names[row["goal"]])
    rows = [(what, numbers.listed(of), who) for (what, who), of in needs.items()]
    if not rows:
        return Absent("")
    variables = columns_of("wanneer-ontbreekt")
    return published_table(
        pd.DataFrame(rows, columns=list(variables.index)),
        "wanneer-ontbreekt",
        caption="Wat er ontbreekt om een doel te toetsen, en wie het weet",
        variables=variables,
        source="register van deelnemers en de bestanden van deze uitgave",
    )


def numbers_behind(monitor: Edition) -> Table | Absent:
    """List every scenario and edition with the difference it can show."""
    rows = monitor.outlook
    if not len(rows):
        return Absent("")
    goals = {goal.id: goal for goal in monitor.protocol.goals}
    per = rows["goal"].map({number: goal.sentences.per for number, goal in goals.items()})
    frame = pd.DataFrame(
        {
            "goal": rows["goal"].map({number: goal.name for number, goal in goals.items()}),
            "scenario": [
                words.series(scenario, int(more))
                for scenario, more in zip(rows["scenario"], rows["more"], strict=True)
            ],
            "year": rows["year"],
            "schools": rows["schools"],
            "difference": per * rows["difference"],
            "difference_slow": per * rows["difference_slow"],
            "limit": rows["limit"],
        }
    )
    return published_table(
        frame,
        "wanneer-alles",
        caption="Kleinste verschil dat met 80% kans te zien is, per doel, uitgave en aanname",
        source="register van deelnemers en de bestanden van deze uitgave",
        notes=("Leeg: met die scholen en jaren is het doel niet te toetsen.",),
    )


def how(monitor: Edition) -> Prose:
    """Say how it was worked out, and how long editions are planned."""
    looks = monitor.protocol.verdict.looks
    parts = [words.HOW, words.planned(looks.first + looks.planned - 1)]
    if (monitor.outlook["components_from"] == "methods").any():
        parts.append(words.FROM_METHODS)
    return Prose("\n\n".join(parts))
