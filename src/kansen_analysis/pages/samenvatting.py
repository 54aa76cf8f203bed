"""Samenvatting: is it getting better, how sure is that, and what changed since last year.

Everything here is for readers with five minutes: short sentences, no words of the method, and on
paper no more than one A4 (tests/test_plain_language.py).
"""

from __future__ import annotations

import pandas as pd

from kansen_analysis.display import downloads, figures
from kansen_analysis.display._html import text
from kansen_analysis.display.figures import SIGNS
from kansen_analysis.display.prose import Prose
from kansen_analysis.edition.disclosure import disclose
from kansen_analysis.edition.open import Edition
from kansen_analysis.goals.codes import Verdict
from kansen_analysis.goals.protocol import Goal
from kansen_analysis.pages import deelnemers, published
from kansen_analysis.pages._programme import goal_page
from kansen_analysis.pages.common import (
    PERSON,
    Html,
    about,
    source_line,
    verdict_word,
)
from kansen_analysis.sources import schoolyear
from kansen_analysis.words import numbers, obstacles
from kansen_analysis.words.verdicts import say_size

# What a reader might read into a verdict, and should not.
NOT_SAID = {
    "advice_above_expectation": "Een hoger advies is niet altijd een beter advies.",
    "havo_vwo_share": "Een hoger advies is niet altijd een beter advies.",
    "places_leerjaar3": "Minder afstroom is alleen winst als leerlingen niet lager beginnen.",
    "special_education": "Minder zorg is alleen winst als kinderen minder zorg nodig hebben.",
}
NOT_CAUSED = "Dit zegt niet dat het door het programma komt."

COUNTS = {1: "één", 2: "twee", 3: "drie", 4: "vier", 5: "vijf", 6: "zes", 7: "zeven", 8: "acht"}
CHANGES = "Sinds de vorige monitor"
SIZES = {
    "effect": "Schatting",
    "ci_low": "Ondergrens van het 95%-interval",
    "ci_high": "Bovengrens van het 95%-interval",
}


def opening(monitor: Edition) -> Prose:
    """Say what the programme is and what this page answers."""
    settings = monitor.settings
    person = f"[{settings.person.one}](begrippen.ipynb#{PERSON})"
    what = settings.what.replace(settings.person.one, person, 1)
    aim = f" Het doel is dat {settings.aim}." if settings.aim else ""
    count = len(monitor.protocol.goals)
    asked = "Komt dat dichterbij?" if count == 1 else "Komen die dichterbij?"
    goals = f"Deze monitor volgt {COUNTS.get(count, count)} {'doel' if count == 1 else 'doelen'}."
    return Prose(f"{what}{aim} {goals} {asked}")


def _headline(words: list[str]) -> str:
    """Say in one sentence what the verdicts amount to; never more than they do."""
    better, worse = words.count("Beter"), words.count("Slechter")
    tested = [word for word in words if word != "Niet toetsbaar"]
    names = {count: COUNTS.get(count, str(count)) for count in range(1, len(words) + 1)}
    if len(words) == 1:
        return f"Het doel van het programma: {words[0].lower()}"
    if not tested:
        return f"Met deze gegevens is nog geen van de {names[len(words)]} doelen te toetsen"
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
    return f"Van de {names[len(words)]} doelen: " + ", ".join(parts)


def goals_figure(monitor: Edition) -> figures.Figure:
    """Draw the verdicts on one scale."""
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
            # The whole reason stands below the figure; a picture is not a place to read.
            "reason": [_in_short(row) for _, row in verdicts.iterrows()],
        }
    )
    return figures.goals_overview(
        frame,
        figures.Texts(
            name="samenvatting-doelen",
            title=_headline(frame["verdict"].tolist()),
            subtitle="Verschil met vergelijkbare scholen sinds de start, tot en met "
            f"{schoolyear.label(monitor.year)}; naar rechts is beter",
            source=source_line(
                *("leerresultaten", "referentieniveaus", "schooladviezen"),
                *(["leerjaar3"] if len(monitor.places) else []),
            ),
        ),
    )


def _in_short(row: pd.Series) -> str:
    return (
        "hier zijn nog geen goede cijfers voor"
        if row["verdict"] == Verdict.UNTESTABLE
        else row["reason"]
    )


def _smallest(goal: Goal) -> float:
    """Return the smallest difference that matters, in pupils of every hundred."""
    return goal.outcome.smallest_difference * goal.sentences.per


def _doubt(goal: Goal, row: pd.Series) -> str:
    """Say what the verdict word alone would hide."""
    if row["verdict"] == Verdict.OPEN:
        return " Dat kan toeval zijn."
    limit = goal.outcome.smallest_difference
    if (
        row["verdict"] in (Verdict.BETTER, Verdict.WORSE)
        and min(abs(row["ci_low"]), abs(row["ci_high"])) < limit
    ):
        small = _smallest(goal)
        size = numbers.number(small, 0 if small == int(small) else 1)
        how = "Waarschijnlijk is het" if abs(row["effect"]) < limit else "Het kan ook"
        end = "" if abs(row["effect"]) < limit else " zijn"
        return f" {how} een klein verschil{end}: minder dan {size} van elke 100 leerlingen."
    return ""


def goals_text(monitor: Edition) -> Html:
    """Give per goal the verdict, the size with its doubt, what it does not say, where to read."""
    items, plain = [], []
    for _, row in monitor.verdicts.iterrows():
        goal, word = monitor.protocol.goal(row["goal"]), verdict_word(row)
        if row["verdict"] == Verdict.UNTESTABLE:
            said = row["reason"]
        else:
            said = say_size(goal, row)
            said += _doubt(goal, row)
        head, page = f"Doel {goal.id}. {goal.question}", goal_page(monitor, goal.id)
        more = f' <a href="{page}">Meer over {text(goal.name.lower())}</a>' if page else ""
        not_said = NOT_SAID.get(goal.outcome.measure, NOT_CAUSED)
        items.append(
            f'<p><strong>{text(head)}</strong> <span aria-hidden="true">{SIGNS[word]}</span> '
            f"<strong>{text(word)}.</strong> {text(said)} {text(not_said)}"
            f"{more}</p>"
        )
        plain.append(f"{head} {word}. {said} {not_said}")
    return Html(
        '<div class="kansen-block kansen-goals">\n' + "\n".join(items) + "\n</div>",
        "\n".join(plain),
    )


def changes(monitor: Edition) -> Prose:
    """Say what changed since last year, and whether that is what was published then."""
    earlier = published.before(monitor)
    year = schoolyear.label(monitor.year - 1)
    if earlier is None:
        return Prose(
            f"Over {year} zijn er geen resultaten in deze bestanden. Daarom is er niets om deze "
            "monitor naast te leggen."
        )
    now, then = (each.set_index("goal") for each in (monitor.verdicts, earlier))
    lines = []
    then = then.reindex(now.index)  # a goal that is new has no verdict on last year
    moved = now.index[then["verdict"].notna() & (now["verdict"] != then["verdict"])]
    for goal in moved:
        was, became = then.loc[goal, "verdict"], now.loc[goal, "verdict"]
        lines.append(f"**{now.loc[goal, 'name']}**: was ‘{was}’, is nu ‘{became}’.")
    if not len(moved):
        lines.append(f"Alle doelen krijgen hetzelfde oordeel als in {year}.")
    both = now.index[now["effect"].notna() & then["effect"].notna()]
    for goal in both:
        outcome = monitor.protocol.goal(goal).outcome
        size = 1 if outcome.unit == "procentpunt" else 2
        was, became = (numbers.signed(t.loc[goal, "effect"], size) for t in (then, now))
        lines.append(
            f"Het verschil bij {now.loc[goal, 'name'].lower()} was {was} {outcome.unit} en is nu "
            f"{became}."
        )
    started = int((monitor.participants["coach_start"] == monitor.year).sum())
    if started:
        verb = "school begon" if started == 1 else "scholen begonnen"
        lines.append(f"{started} {verb} dit schooljaar met een {monitor.settings.person.one}.")
    return Prose(" ".join([*lines, published.told(monitor)]))


def behind(monitor: Edition) -> Html:
    """Offer every number in the text of this page as a file, not rounded and with its unit."""
    people = monitor.participants
    started = people["coach_start"].dropna()
    rows = [
        ("Wie doet mee", "Deelnemende scholen", len(people), "scholen"),
        ("Wie doet mee", "Gemeenten", people["municipality"].nunique(), "gemeenten"),
        ("Wie doet mee", "Zonder bekend eerste jaar", len(people) - len(started), "scholen"),
    ]
    if len(started):
        for part, year in (("Wie doet mee", int(started.min())), (CHANGES, monitor.year)):
            count = int((started == year).sum())
            rows.append((part, f"Begonnen in {schoolyear.label(year)}", count, "scholen"))
    earlier = published.before(monitor)
    then = None if earlier is None else earlier.set_index("goal")
    for number, row in monitor.verdicts.set_index("goal").iterrows():
        goal, part = monitor.protocol.goal(number), f"Doel {number}"
        known = [obstacles.label(each) for each in monitor.obstacles.get(number, [])]
        rows += [(part, *each, "") for each in known if each]
        found = monitor.estimates.get(number)
        if found is not None and not isinstance(found, tuple):
            needed = monitor.protocol.minimum_participants
            rows.append((part, "Deelnemende scholen in de toets", found.n_treated, "scholen"))
            rows.append((part, "Zoveel zijn er minstens nodig", needed, "scholen"))
            small = _smallest(goal)
            rows.append(
                (part, "Kleinste verschil dat ertoe doet", small, "van elke 100 leerlingen")
            )
        for name, label in SIZES.items():
            rows.append((part, label, row[name], goal.outcome.unit))
            per = goal.sentences.per
            if per != 1:
                rows.append((part, label, row[name] * per, "van elke 100 leerlingen"))
        if then is not None and number in then.index:
            was = then.loc[number, "effect"]
            label = f"Schatting over {schoolyear.label(monitor.year - 1)}"
            rows.append((CHANGES, f"{part}: {label.lower()}", was, goal.outcome.unit))
    frame = pd.DataFrame(rows, columns=["part", "what", "value", "unit"])
    frame["value"] = frame["value"].astype(float)
    frame = frame[frame["value"].notna()].reset_index(drop=True)
    variables = about(
        ("part", "Onderdeel", "", 0, "text"),
        ("what", "Wat", "", 0, "text"),
        ("value", "Getal", "", 2, "mean"),
        ("unit", "Eenheid", "", 0, "text"),
    )
    links = downloads.link(
        "samenvatting-getallen",
        disclose(frame, variables),
        variables,
        source=source_line("leerresultaten", "referentieniveaus", "schooladviezen"),
    )
    return Html(
        f'<p class="kansen-links"><a href="{text(links.data)}" '
        'download="samenvatting-getallen.csv">Alle getallen in deze tekst (CSV)</a> '
        f'<a href="{text(links.metadata)}" download="samenvatting-getallen-toelichting.csv">'
        "Toelichting bij alle getallen (CSV)</a></p>",
        f"Bestand samenvatting-getallen ({len(frame)} rijen)",
    )


def who_takes_part(monitor: Edition) -> Prose:
    """Say how many schools take part, where and since when."""
    return deelnemers.who(monitor)


def limits(monitor: Edition) -> Prose:
    """Say what the verdicts do not say."""
    provisional = monitor.provisional("leerresultaten", "referentieniveaus", "schooladviezen")
    years = " en ".join(schoolyear.label(year) for year in provisional)
    lines = [
        "‘Beter’ is niet hetzelfde als ‘door het programma’. Scholen kiezen zelf of zij meedoen.",
        "De cijfers gaan over scholen, niet over één kind of één leraar.",
    ]
    if (monitor.verdicts["verdict"] == Verdict.OPEN).any():
        lines.append(
            "‘Onbeslist’ is niet hetzelfde als ‘geen effect’. De cijfers zeggen dan te weinig."
        )
    if provisional:
        lines.append(f"De cijfers over {years} zijn voorlopig.")
    return Prose("**Wat dit niet zegt.** " + " ".join(lines))
