"""Samenvatting: is it getting better, how sure is that, and who takes part."""

from __future__ import annotations

import pandas as pd

from kansen_analysis import schoolyear
from kansen_analysis.display import figures, numbers
from kansen_analysis.display.prose import Prose
from kansen_analysis.monitor import Monitor
from kansen_analysis.pages.common import source_line, verdict_word

PAGES = {1: "eindtoets.ipynb", 2: "schooladvies.ipynb"}


def _headline(words: list[str]) -> str:
    """Say in one sentence what the four verdicts amount to; never more than they do."""
    better, worse = words.count("Beter"), words.count("Slechter")
    tested = [word for word in words if word != "Niet toetsbaar"]
    names = {1: "één", 2: "twee", 3: "drie", 4: "vier"}
    if not tested:
        return "Met deze gegevens is nog geen van de vier doelen te toetsen"
    parts = []
    if better:
        parts.append(f"{names[better]} beter")
    if worse:
        parts.append(f"{names[worse]} slechter")
    same = words.count("Geen verschil dat ertoe doet")
    if same:
        parts.append(f"{names[same]} zonder verschil dat ertoe doet")
    unsure = words.count("Onbeslist")
    if unsure:
        parts.append(f"{names[unsure]} onbeslist")
    rest = words.count("Niet toetsbaar")
    if rest:
        parts.append(f"{names[rest]} niet toetsbaar")
    return "Van de vier doelen: " + ", ".join(parts)


def goals_figure(monitor: Monitor) -> figures.Figure:
    """Draw the four verdicts on one scale."""
    verdicts = monitor.verdicts
    outcomes = [monitor.protocol.goal(number).outcome for number in verdicts["goal"]]
    frame = pd.DataFrame(
        {
            "goal": verdicts["goal"],
            "label": verdicts["name"],
            "verdict": [verdict_word(row) for _, row in verdicts.iterrows()],
            "estimate": verdicts["effect"].astype(float),
            "low": verdicts["ci_low"].astype(float),
            "high": verdicts["ci_high"].astype(float),
            "margin": [outcome.smallest_difference for outcome in outcomes],
            "unit": verdicts["unit"],
            "decimals": [1 if outcome.unit == "procentpunt" else 2 for outcome in outcomes],
            "reason": verdicts["reason"],
        }
    )
    return figures.goals_overview(
        frame,
        name="samenvatting-doelen",
        title=_headline(frame["verdict"].tolist()),
        subtitle="Verschil tussen deelnemende en vergelijkbare scholen sinds de start, per doel, "
        f"tot en met {schoolyear.label(monitor.year)}; naar rechts is beter",
        source=source_line("leerresultaten", "referentieniveaus", "schooladviezen"),
    )


def goals_text(monitor: Monitor) -> Prose:
    """Give per goal the verdict, the size, the doubt and where to read on."""
    blocks = []
    for _, row in monitor.verdicts.iterrows():
        word = verdict_word(row)
        page = PAGES.get(row["goal"])
        more = f" [Lees meer over dit doel]({page})." if page else ""
        question = monitor.protocol.goal(row["goal"]).question
        blocks.append(
            f"### Doel {row['goal']}: {row['name']} {{#sec-doel-{row['goal']}}}\n\n"
            f"{question} **{word}.** {row['reason']}{more}"
        )
    return Prose("\n\n".join(blocks))


def who_takes_part(monitor: Monitor) -> Prose:
    """Say how many schools take part, where and since when."""
    people = monitor.participants
    count, places = len(people), people["municipality"].nunique()
    started = people["coach_start"].dropna()
    verb = "school doet" if count == 1 else "scholen doen"
    where = "gemeente" if places == 1 else "gemeenten"
    text = f"**{numbers.number(count, 0)} {verb} mee, in {places} {where}.** "
    if len(started):
        text += (
            f"De eerste begonnen in {schoolyear.label(int(started.min()))} met een kansencoach; "
            f"van {len(started)} scholen is het beginjaar bekend."
        )
    unknown = count - len(started)
    if unknown:
        text += (
            f" Van {unknown} {'school' if unknown == 1 else 'scholen'} noemt geen document het "
            "beginjaar; die tellen niet mee in de toets."
        )
    return Prose(text)


def limits(monitor: Monitor) -> Prose:
    """Say what the verdicts do not say."""
    provisional = monitor.provisional("leerresultaten", "referentieniveaus", "schooladviezen")
    years = " en ".join(schoolyear.label(year) for year in provisional)
    lines = [
        "‘Beter’ is niet hetzelfde als ‘door de kansencoach’. Scholen kiezen zelf of zij meedoen; "
        "wat er verder veranderde, is niet helemaal weg te rekenen.",
        "‘Onbeslist’ is niet hetzelfde als ‘geen effect’. Het betekent dat de cijfers te weinig "
        "zeggen om te kiezen.",
        "De cijfers gaan over scholen, niet over één kind of één leraar.",
    ]
    if provisional:
        lines.append(f"De cijfers over {years} zijn voorlopig.")
    return Prose("\n".join(f"- {line}" for line in lines))
