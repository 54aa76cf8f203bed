"""Verhalen en lessen: figures, pictures, stories and lessons side by side, each for what it is."""

from __future__ import annotations

import pandas as pd

from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.display.stories import Card, Cards
from kansen_analysis.display.tables import Table
from kansen_analysis.edition.open import Edition
from kansen_analysis.pages._programme import (
    NOT_NAMED,
    goal_page,
    pages_of,
    place,
    sources,
    telling,
    when,
)
from kansen_analysis.pages.common import published_table, verdict_word
from kansen_analysis.programme.reading import Programme
from kansen_analysis.programme.stories import Story
from kansen_analysis.sources.rows import each_row
from kansen_analysis.words.columns import columns_of
from kansen_analysis.words.numbers import listed, many

NOT_TESTED = "verteld, niet getoetst"
NO_STORIES = "Er zijn geen verhalen waarvoor toestemming is gegeven."
NO_FIGURE = "geen cijfer"
NO_LESSONS = "Er zijn geen lessen waarvoor toestemming is gegeven."


def _themes(programme: Programme) -> list[str]:
    """Return every theme, those of the activities first."""
    named = [*programme.activities["theme"], *(story.theme for story in programme.stories)]
    return list(dict.fromkeys([*named, *programme.lessons["theme"]]))


def what_is_here(monitor: Edition) -> Prose:
    """Say how much there is and how much is held back."""
    programme = monitor.programme
    pictures = sum(story.picture is not None for story in programme.stories)
    kinds = [
        (len(programme.stories), "verhaal", "verhalen"),
        (pictures, "beeld", "beelden"),
        (len(programme.lessons), "les", "lessen"),
    ]
    here = [(many(*kind), kind[0]) for kind in kinds if kind[0]]
    text = "Er is nog geen verhaal en geen les vastgelegd."
    if here:
        verb = "staat" if here[0][1] == 1 else "staan"
        text = f"Op deze pagina {verb} {listed(words for words, _ in here)}."
    if programme.withheld:
        text += (
            f" {many(programme.withheld, 'bijdrage staat', 'bijdragen staan')} er niet op: "
            "zonder toestemming, of na de datum daarvan, tonen wij niets."
        )
    return Prose(text)


def evidence(monitor: Edition) -> Table | Absent:
    """Put figures, pictures, stories and lessons side by side per theme, and say how strong."""
    programme = monitor.programme
    themes = _themes(programme)
    if not themes:
        return Absent("Er zijn geen thema’s vastgelegd.")
    verdicts = monitor.verdicts.set_index("goal")
    rows = []
    for theme in themes:
        stories = [story for story in programme.stories if story.theme == theme]
        lessons = programme.lessons[programme.lessons["theme"] == theme]
        goals = sorted({*(story.goal for story in stories), *lessons["goal"]} - {""})
        figures = [
            f"doel {goal}: {verdict_word(verdicts.loc[int(goal)])}"
            for goal in goals
            if int(goal) in verdicts.index
        ]
        if not len(stories) + len(lessons):
            continue
        strength = NOT_TESTED
        if figures:
            strength = f"cijfers over het doel, los van dit thema; verhalen en lessen {NOT_TESTED}"
        rows.append(
            (
                theme,
                "; ".join(figures) or NO_FIGURE,
                sum(story.picture is not None for story in stories),
                len(stories),
                len(lessons),
                strength,
            )
        )
    variables = columns_of("verhalen-bewijs")
    frame = pd.DataFrame(rows, columns=list(variables.index))
    shown = telling(variables, frame.replace({"figures": {NO_FIGURE: ""}}))
    if not {"figures", "stories"} & set(shown.index):
        return Absent("")  # what lessons say stands with the lessons
    about = [programme.activities["source"], programme.lessons["source"]]
    about.append(pd.Series([story.source for story in programme.stories], dtype="str"))
    return published_table(
        frame,
        "verhalen-bewijs",
        caption="Cijfers, beelden, verhalen en lessen per thema, en hoe sterk dat is",
        variables=shown,
        source=sources(pd.DataFrame({"source": pd.concat(about)})),
        notes=(
            "Het oordeel bij de cijfers gaat over alle scholen in het register samen. Het zegt "
            "niet "
            "dat dit thema of deze activiteit de oorzaak is.",
            *(
                [f"Over {many(silent, 'ander thema', 'andere thema’s')} is nog niets vastgelegd."]
                if (silent := len(themes) - len(frame))
                else []
            ),
        ),
    )


def _card(monitor: Edition, story: Story) -> Card:
    links = pages_of(monitor, story.school)
    known = {str(goal.id): goal for goal in monitor.protocol.goals}
    if story.goal in known and (page := goal_page(monitor, int(story.goal))):
        links.append((f"Doel {story.goal}: {known[story.goal].name}", page))
    return Card(
        name=story.file,
        title=story.title,
        body=story.text,
        facts=(
            ("Waar", place(monitor, story)),
            ("Wanneer", when(story.date)),
            ("Wat is geprobeerd", story.tried),
            ("Wat gebeurde er", story.happened),
            ("Wat nu", story.advice),
            ("Bron", story.source),
        ),
        strength="Een verhaal is een ervaring. Het is verteld, niet getoetst.",
        links=links,
        picture=story.picture.content if story.picture else None,
        mime=story.picture.mime if story.picture else "",
        alt=story.alt,
    )


def stories(monitor: Edition) -> Cards | Absent:
    """Show every story with consent, under its theme."""
    programme = monitor.programme
    if not programme.stories:
        return Absent(NO_STORIES)
    told = [
        (theme, [_card(monitor, each) for each in programme.stories if each.theme == theme])
        for theme in _themes(programme)
    ]
    return Cards([(theme, cards) for theme, cards in told if cards])


def lessons(monitor: Edition) -> Table | Absent:
    """List the lessons: what was tried where, what happened, and what to do now."""
    frame = monitor.programme.lessons
    if not len(frame):
        return Absent(NO_LESSONS)
    where = pd.Series([place(monitor, row) for row in each_row(frame)], index=frame.index)
    shown = frame.assign(
        where=where.mask(where == "", frame["programme"]),
        day=[when(date) for date in frame["date"]],
        **{name: frame[name].replace("", NOT_NAMED) for name in ("tried", "happened", "advice")},
    )
    told = telling(columns_of("verhalen-lessen"), shown)
    parts = {
        "tried": "wat is geprobeerd",
        "happened": "wat gebeurde er",
        "advice": "wat nu",
    }
    said = [text for name, text in parts.items() if name in told.index]
    return published_table(
        shown,
        "verhalen-lessen",
        caption=f"Lessen: {listed(said)}" if said[1:] else "Lessen, en waar zij vandaan komen",
        variables=told,
        source=sources(frame),
        notes=(f"Een les is {NOT_TESTED}.",),
    )
