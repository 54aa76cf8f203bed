"""Voortgang: what each programme does, how far it is, and what moved."""

from __future__ import annotations

import pandas as pd

from kansen_analysis.display import figures, programme_figures
from kansen_analysis.display.figures import Figure
from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.display.tables import Table
from kansen_analysis.edition.open import Edition
from kansen_analysis.pages._programme import NOT_NAMED, place, sources, telling, when
from kansen_analysis.pages.common import published_table
from kansen_analysis.pages.markdown import plain
from kansen_analysis.programme.progress import states
from kansen_analysis.programme.schema import split, values
from kansen_analysis.sources.rows import each_row
from kansen_analysis.words.columns import columns_of
from kansen_analysis.words.numbers import many

STATES = values("activities", "state")
SAID = {  # of one, of more
    "verkenning": ("in verkenning",) * 2,
    "voorbereiding": ("in voorbereiding",) * 2,
    "loopt": ("die loopt", "die lopen"),
    "afgerond": ("afgerond",) * 2,
    "gestopt": ("gestopt",) * 2,
}
_WHOLE = "De documenten noemen de doelen voor het programma als geheel, niet per activiteit."
NONE = "Er zijn geen activiteiten vastgelegd."
SDG = {
    1: "Geen armoede",
    2: "Geen honger",
    3: "Goede gezondheid en welzijn",
    4: "Kwaliteitsonderwijs",
    5: "Gendergelijkheid",
    6: "Schoon water en sanitair",
    7: "Betaalbare en duurzame energie",
    8: "Waardig werk en economische groei",
    9: "Industrie, innovatie en infrastructuur",
    10: "Ongelijkheid verminderen",
    11: "Duurzame steden en gemeenschappen",
    12: "Verantwoorde consumptie en productie",
    13: "Klimaatactie",
    14: "Leven in het water",
    15: "Leven op het land",
    16: "Vrede, justitie en sterke publieke diensten",
    17: "Partnerschap om doelstellingen te bereiken",
}


def _now(monitor: Edition) -> pd.DataFrame:
    return states(monitor.programme.activities)


def overview(monitor: Edition) -> Prose:
    """Say per programme how many activities there are, how far, and of what day that is."""
    now = _now(monitor)
    lines = []
    for programme, rows in now.groupby("programme", sort=False):
        counts = rows["state"].value_counts()
        told = ", ".join(many(counts[each], *SAID[each]) for each in STATES if each in counts)
        before = rows["overview_before"].iloc[0]
        moved = int(rows["moved"].sum())
        since = (
            f"Sinds {when(before)} {'veranderde' if moved == 1 else 'veranderden'} "
            f"{many(moved, 'activiteit', 'activiteiten')} van stand."
            if before
            else "Er is één overzicht; wat er sindsdien veranderde, is niet vastgelegd."
        )
        themes = many(rows["theme"].nunique(), "thema", "thema’s")
        lines.append(
            f"**{plain(str(programme))}, {when(rows['overview'].iloc[0])}: "
            f"{many(len(rows), 'activiteit', 'activiteiten')} in {themes}.** "
            f"Daarvan {told}. {since}"
        )
        if reason := monitor.settings.shows.get(programme):
            lines[-1] += f" *Waarom dit hier staat: {plain(reason)}*"
    return Prose("\n\n".join(lines) or NONE)


def progress(monitor: Edition, programme: str | None = None) -> Figure | Absent:
    """Draw the activities of a programme by theme and state; by default the largest one."""
    now = _now(monitor)
    if not len(now):
        return Absent(NONE)
    programme = programme or now["programme"].value_counts().index[0]
    rows = now[now["programme"] == programme]
    if not len(rows):
        return Absent(f"Van {programme} zijn geen activiteiten vastgelegd.")
    moved, running = int(rows["moved"].sum()), int((rows["state"] == "loopt").sum())
    date, before = when(rows["overview"].iloc[0]), rows["overview_before"].iloc[0]
    title = f"{running} van de {many(len(rows), 'activiteit loopt', 'activiteiten lopen')}"
    if before:
        title += f"; {moved} {'veranderde' if moved == 1 else 'veranderden'} sinds {when(before)}"
    return programme_figures.progress_marks(
        rows.assign(state_before=rows["state_before"].where(rows["moved"], "")),
        figures.Texts(
            name="voortgang-standen",
            title=title,
            subtitle=f"Activiteiten van {programme} naar thema en stand, {date}, aantal "
            "activiteiten",
            source=sources(rows),
        ),
        states=STATES,
    )


def themes(monitor: Edition) -> Table | Absent:
    """Count the activities per theme, and name the partners."""
    now = _now(monitor)
    if not len(now):
        return Absent(NONE)
    counts = now.groupby(["programme", "theme"]).agg(activities=("theme", "size"))
    partners = now.groupby(["programme", "theme"])["partners"].agg(
        lambda cells: ", ".join(dict.fromkeys(each for cell in cells for each in split(cell)))
    )
    counts["partners"] = partners.where(partners != "", NOT_NAMED)
    order = now.drop_duplicates(["programme", "theme"]).set_index(["programme", "theme"]).index
    frame = counts.loc[order].reset_index()
    return published_table(
        frame,
        "voortgang-themas",
        caption="Activiteiten per thema, met partners",
        variables=telling(columns_of("voortgang-themas"), frame),
        source=sources(now),
    )


def moved(monitor: Edition) -> Table | Absent:
    """List what changed since the overview before."""
    now = _now(monitor)
    fresh = (now["overview_before"] != "") & (now["state_before"] == "")
    rows = now[now["moved"] | fresh]
    if not len(rows):
        return Absent("")  # the first lines of the page say that nothing moved
    frame = rows.assign(
        state_before=rows["state_before"].where(rows["state_before"] != "", "nieuw"),
        of=[when(date) for date in rows["date"]],
    )
    return published_table(
        frame,
        "voortgang-veranderd",
        caption="Wat veranderde sinds het vorige overzicht",
        source=sources(rows),
    )


def _state(row) -> str:
    """Say how far an activity is, on which day, and since when where that is known."""
    since = f", begonnen in {when(row.since)}" if row.since else ""
    return f"{row.state}{since} ({when(row.date)})" if row.date else row.state + since


def activities(monitor: Edition) -> Table | Absent:
    """List every activity with its partners, place, state and source."""
    now = _now(monitor)
    if not len(now):
        return Absent(NONE)
    frame = now.assign(
        partners=now["partners"].str.replace(";", ",").replace("", NOT_NAMED),
        target_group=now["target_group"].replace("", NOT_NAMED),
        place=[place(monitor, row) or "hele gebied" for row in each_row(now)],
        state=[_state(row) for row in each_row(now)],
    )
    return published_table(
        frame,
        "voortgang-activiteiten",
        caption="Alle activiteiten: wat, met wie, waar en hoe ver",
        variables=telling(columns_of("voortgang-activiteiten"), frame),
        source=sources(now),
        notes=("De stand is door de monitor afgeleid uit de tekst van het document.",)
        if not monitor.demo
        else (),
    )


def sdg(monitor: Edition) -> Table | Absent:
    """List the development goals that programmes and activities link themselves to."""
    programme = monitor.programme
    named = [
        (int(number), row.programme)
        for row in each_row(programme.programmes)
        for number in split(row.sdg)
    ]
    now = states(programme.activities)
    done = [int(number) for cell in now["sdg"] for number in split(cell)]
    if not named and not done:
        return Absent("Geen programma verbindt zich aan de duurzame ontwikkelingsdoelen.")
    goals = sorted({number for number, _ in named} | set(done))
    frame = pd.DataFrame(
        {
            "sdg": [f"{number}. {SDG[number]}" for number in goals],
            "programmes": [
                ", ".join(name for at, name in named if at == number) or "alleen activiteiten"
                for number in goals
            ],
            "activities": [done.count(number) for number in goals],
        }
    )
    rests_on = pd.concat(
        [programme.programmes[programme.programmes["sdg"] != ""], now[now["sdg"] != ""]]
    )
    return published_table(
        frame,
        "voortgang-sdg",
        caption="Duurzame ontwikkelingsdoelen (SDG’s) waar programma’s zich aan verbinden",
        variables=telling(columns_of("voortgang-sdg"), frame),
        source=sources(rests_on),
        notes=() if done else (_WHOLE,),
    )
