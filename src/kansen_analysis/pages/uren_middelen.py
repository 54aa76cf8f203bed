"""Uren en middelen: is it used as agreed."""

from __future__ import annotations

import pandas as pd

from kansen_analysis.display import figures, programme_figures
from kansen_analysis.display.figures import Figure
from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.display.tables import Table
from kansen_analysis.edition.open import Edition
from kansen_analysis.pages._programme import euro, period, sources, telling, when
from kansen_analysis.pages.common import published_table
from kansen_analysis.pages.markdown import plain
from kansen_analysis.programme.schema import is_date, split
from kansen_analysis.sources.rows import each_row
from kansen_analysis.words import numbers
from kansen_analysis.words.columns import columns_of
from kansen_analysis.words.numbers import many

NONE = "Er is geen begroting vastgelegd."
UNDATED = "geen datum genoemd"


def _label(rows: pd.DataFrame) -> pd.Series:
    return rows["intervention"] + ": " + rows["part"] + " (" + rows["year"].map(period) + ")"


def _part(row, several: bool) -> str:
    return plain(row.part) + (f", {period(row.year)}" if several else "")


def sums(monitor: Edition) -> Prose:
    """Work out per intervention what was granted and planned, and what has been spent."""
    budget = monitor.programme.budget
    lines = []
    for key, rows in budget.groupby(["programme", "intervention"], sort=False):
        programme, intervention = map(str, key)
        several = len(set(rows["year"])) > 1
        parts = [
            f"{numbers.number(row.hours_planned, 0)} uur × {euro(row.rate)} = "
            f"{euro(row.amount_planned)} ({_part(row, several)})"
            if pd.notna(row.hours_planned) and pd.notna(row.rate)
            else f"{euro(row.amount_planned)} ({_part(row, several)})"
            for row in each_row(rows)
        ]
        total = euro(rows["amount_planned"].sum())
        text = " + ".join(parts) + (f" = {total}" if len(parts) > 1 else "")
        granted, spent = rows["granted"].sum(), rows["amount_spent"]
        if rows["granted"].notna().any():
            text += f". Toegekend: {euro(granted)}"
        if spent.notna().all():
            text += f". Besteed: {euro(spent.sum())}"
        elif spent.notna().any():
            text += f". Besteed, voor zover ingevuld: {euro(spent.sum())}"
        else:
            text += ". Wat is besteed, is nog niet ingevuld"
        financiers = ", ".join(plain(each) for each in dict.fromkeys(rows["financier"]))
        lines.append(
            f"- **{plain(intervention)}** ({plain(programme)}, betaald door {financiers}): {text}."
        )
        lines += [f"    - {plain(note)}" for note in rows["note"] if note]
    return Prose("\n".join(lines) or NONE)


def hours(monitor: Edition) -> Figure | Absent:
    """Draw hours planned and spent."""
    budget = monitor.programme.budget
    rows = budget[budget["hours_planned"].notna()]
    if not len(rows):
        return Absent("Er zijn geen uren begroot.")
    return _bars(rows, "hours", "uur", "uren-uren", "Uren per onderdeel: begroot en besteed")


def money(monitor: Edition) -> Figure | Absent:
    """Draw euros planned and spent."""
    budget = monitor.programme.budget
    if not len(budget):
        return Absent(NONE)
    return _bars(
        budget, "amount", "euro", "uren-euro", "Bedrag per onderdeel: begroot en besteed, in euro"
    )


def _bars(rows: pd.DataFrame, what: str, unit: str, name: str, subtitle: str) -> Figure:
    planned, spent = rows[f"{what}_planned"], rows[f"{what}_spent"]
    known = spent.notna()
    if unit == "uur":
        title = _hours_by_part(rows[known] if known.any() else rows)
    elif known.any():
        title = f"Van {euro(planned[known].sum())} is {euro(spent.sum())} besteed"
    else:
        title = f"Begroot is {euro(planned.sum())}"
    if not known.any():
        title += "; wat is besteed, is nog niet ingevuld"
    elif over := int((spent > planned).sum()):
        title += f"; {many(over, 'onderdeel', 'onderdelen')} boven de begroting"
    if not known.any():
        subtitle = subtitle.replace("begroot en besteed", "begroot")
    return programme_figures.bullets(
        pd.DataFrame({"label": _label(rows), "planned": planned, "spent": spent}),
        figures.Texts(
            name=name,
            title=title,
            subtitle=subtitle,
            source=sources(rows),
        ),
        unit=unit,
    )


def _hours_by_part(rows: pd.DataFrame) -> str:
    """Name the hours of each part: those of a procesbegeleider and of a coach do not add up."""
    parts = rows.groupby("part", sort=False)[["hours_planned", "hours_spent"]].sum(min_count=1)
    if len(parts) > 3:
        return f"Uren van {len(parts)} onderdelen, elk apart"
    spent = parts["hours_spent"].notna().any()
    told = [
        f"{row.Index} {numbers.number(row.hours_spent, 0)} van "
        f"{numbers.number(row.hours_planned, 0)} uur"
        if spent
        else f"{row.Index} {numbers.number(row.hours_planned, 0)} uur"
        for row in each_row(parts)
    ]
    return f"{'Besteed' if spent else 'Begroot'}: {', '.join(told)}"


def budget(monitor: Edition) -> Table | Absent:
    """List every part of the budget."""
    frame = monitor.programme.budget
    if not len(frame):
        return Absent(NONE)
    frame = frame.assign(
        what=frame["intervention"] + ": " + frame["part"], of=frame["year"].map(period)
    )
    return published_table(
        frame,
        "uren-begroting",
        caption="Begroot en besteed per onderdeel"
        if frame[["hours_spent", "amount_spent"]].notna().any(axis=None)
        else "Begroot per onderdeel; wat is besteed, is nog niet ingevuld",
        variables=telling(columns_of("uren-begroting"), frame),
        source=sources(frame),
    )


def calendar(monitor: Edition) -> Table | Absent:
    """List the moments on which is looked back."""
    frame = monitor.programme.budget
    rows = []
    for row in each_row(frame):
        for moment in split(row.evaluations):
            day, _, what = moment.partition(" ")
            dated = is_date(day)
            rows.append(
                (
                    day if dated else "9999",
                    when(day) if dated else UNDATED,
                    what if dated else moment,
                    row.intervention,
                    row.programme,
                )
            )
    if not rows:
        return Absent("Er zijn geen evaluatiemomenten vastgelegd.")
    shown = pd.DataFrame(rows, columns=["order", "day", "moment", "intervention", "programme"])
    return published_table(
        shown.sort_values("order", kind="stable", ignore_index=True),
        "uren-kalender",
        caption="Wanneer wordt teruggekeken"
        if (shown["day"] != UNDATED).any()
        else "Wanneer wordt teruggekeken; het document noemt geen data",
        variables=telling(columns_of("uren-kalender"), shown.replace({"day": {UNDATED: ""}})),
        source=sources(frame[frame["evaluations"] != ""]),
    )


def dose(monitor: Edition) -> Prose:
    """Say how many hours schools get, and what that does not say."""
    people = monitor.participants
    coached = people[people["coach_start"].notna()]
    known = people["hours"].dropna()
    person = monitor.settings.person
    if not len(known):
        return Prose(
            f"**Het register noemt van geen enkele school het aantal uren van {person.the}.** "
            "Of meer uren samengaan met een groter verschil, is daarom niet te beschrijven."
        )
    text = (
        f"Van {many(len(known), 'school', 'scholen')} noemt het register de uren van "
        f"{person.the}: {numbers.interval(known.min(), known.max(), 0)} uur per schooljaar, de "
        f"middelste school {numbers.number(known.median(), 0)} uur."
    )
    missing = int(coached["hours"].isna().sum())
    if missing:
        text += f" Van {many(missing, 'school', 'scholen')} met een {person.one} is dat leeg."
    return Prose(
        text + " Scholen kiezen hun uren niet door loting: een school met meer zorgen krijgt "
        "misschien meer uren. Een verband tussen uren en uitkomsten zou dus niets bewijzen. De "
        "monitor toetst het niet, en het oordeel per doel hangt er niet van af."
    )
