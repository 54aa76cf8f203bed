"""Samenvatting: is it getting better, how sure is that, and what changed since last year.

Everything here is for readers with five minutes: short sentences, no words of the method, and on
paper no more than one A4 (tests/test_plain_language.py).
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from kansen_analysis.display import components, downloads
from kansen_analysis.display._html import text
from kansen_analysis.display.prose import Prose
from kansen_analysis.display.tables import about
from kansen_analysis.edition.answers import AREA, REGISTER
from kansen_analysis.edition.disclosure import disclose
from kansen_analysis.edition.open import Edition
from kansen_analysis.goals.codes import Verdict
from kansen_analysis.goals.protocol import Goal
from kansen_analysis.pages import deelnemers, plan, published, seen
from kansen_analysis.pages._programme import goal_page
from kansen_analysis.pages.common import (
    PERSON,
    Html,
    source_line,
    verdict_word,
)
from kansen_analysis.sources import schoolyear
from kansen_analysis.sources.rows import each_row
from kansen_analysis.words import numbers, obstacles
from kansen_analysis.words import plan as plan_words
from kansen_analysis.words import seen as seen_words
from kansen_analysis.words.verdicts import say_size

# What a reader might read into a verdict, and should not.
NOT_SAID = {
    "advice_above_expectation": "Een hoger advies is niet altijd een beter advies.",
    "havo_vwo_share": "Een hoger advies is niet altijd een beter advies.",
    "places_leerjaar3": "Minder afstroom is alleen winst als leerlingen niet lager beginnen.",
    "special_education": "Minder zorg is alleen winst als kinderen minder zorg nodig hebben.",
}
NOT_CAUSED = "Dit zegt niet dat het door het programma komt."

LOOKS = {
    "Beter": "better",
    "Slechter": "worse",
    "Geen verschil dat ertoe doet": "same",
    "Onbeslist": "open",
}
MOST_NEEDS = 3  # of what is missing; all of it is on the page about the years to come
COUNTS = {1: "één", 2: "twee", 3: "drie", 4: "vier", 5: "vijf", 6: "zes", 7: "zeven", 8: "acht"}
CHANGES = "Sinds de vorige monitor"
NEXT = "Wat er nu komt"
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
    number = COUNTS.get(len(words), str(len(words)))
    if len(words) == 1 and tested:
        return f"Het doel van het programma: {words[0].lower()}"
    if not tested:
        return f"Nog geen van de {number} doelen is te toetsen; dit is wat we wel zien"
    parts = []
    if better:
        parts.append(f"{numbers.counted(better)} beter")
    if worse:
        parts.append(f"{numbers.counted(worse)} slechter")
    same = words.count("Geen verschil dat ertoe doet")
    if same:
        parts.append(f"{numbers.counted(same)} zonder verschil dat ertoe doet")
    unsure = words.count("Onbeslist")
    if unsure:
        parts.append(f"{numbers.counted(unsure)} onbeslist")
    rest = words.count("Niet toetsbaar")
    if rest:
        parts.append(f"{numbers.counted(rest)} nog niet te toetsen")
    return f"Van de {number} doelen: " + ", ".join(parts)


def headline(monitor: Edition) -> str:
    """Say in one sentence what this edition answers."""
    return _headline([verdict_word(row) for _, row in monitor.verdicts.iterrows()])


def lead(monitor: Edition) -> Prose:
    """Open with the answer, what the programme is, and who is in the register."""
    return Prose(f"**{headline(monitor)}.**\n\n{who_takes_part(monitor).markdown}")


def key_numbers(monitor: Edition) -> Html:
    """Put the size of it in a row: schools, municipalities, pupils, years, latest file."""
    people = monitor.participants
    found = [
        (
            numbers.number(len(people), 0),
            "school in het register" if len(people) == 1 else "scholen in het register",
        )
    ]
    if told := deelnemers.in_documents(monitor):
        found.append(told)
    places = people["municipality"].nunique()
    if places:
        found.append((numbers.number(places, 0), "gemeente" if places == 1 else "gemeenten"))
    rows = monitor.seen.get(1)
    if rows is not None and len(area := rows[rows["group"] == AREA]):
        found.append((numbers.number(area.iloc[-1]["schools"], 0), seen_words.GROUPS[AREA]))
    if rows is not None and len(mine := rows[rows["group"] == REGISTER]):
        last = mine.iloc[-1]
        pupils = numbers.number(last["n_low"], 0)
        if last["n_low"] != last["n_high"]:
            pupils += f" tot {numbers.number(last['n_high'], 0)}"
        found.append((pupils, f"leerlingen met een uitslag in {schoolyear.label(last['year'])}"))
    years = sorted({int(year) for rows in monitor.seen.values() for year in rows["year"]})
    if years:
        found.append((f"{years[0]}–{years[-1] + 1}", "schooljaren met cijfers"))
    found.append((schoolyear.label(monitor.year), "laatste schooljaar in de bestanden"))
    return components.key_numbers(found)


def _smallest(goal: Goal) -> float:
    """Return the smallest difference that matters, in pupils of every hundred."""
    return goal.outcome.smallest_difference * goal.sentences.per


def _doubt(goal: Goal, row: pd.Series) -> str:
    """Say what the verdict word alone would hide."""
    if row["verdict"] == Verdict.OPEN:
        return " Dat kan toeval zijn."
    limit, small = goal.outcome.smallest_difference, _smallest(goal)
    size = f"minder dan {numbers.number(small, 0 if small == int(small) else 1)} van elke 100"
    if _is_small(goal, row):
        return f" Waarschijnlijk is het een klein verschil: {size} leerlingen."
    if (
        row["verdict"] in (Verdict.BETTER, Verdict.WORSE)
        and min(abs(row["ci_low"]), abs(row["ci_high"])) < limit
    ):
        return f" Het kan ook een klein verschil zijn: {size} leerlingen."
    return ""


def _is_small(goal: Goal, row: pd.Series) -> bool:
    """Tell whether an interval lies mostly among differences that do not matter."""
    if row["verdict"] not in (Verdict.BETTER, Verdict.WORSE):
        return False
    limit = goal.outcome.smallest_difference
    low, high = (float(np.clip(row[end], -limit, limit)) for end in ("ci_low", "ci_high"))
    return high - low > 0.5 * (row["ci_high"] - row["ci_low"])


def card(monitor: Edition, row: pd.Series) -> components.Card:
    """Put one goal on a card: the word, the size, how sure, or what is seen without a verdict."""
    goal = monitor.protocol.goal(row["goal"])
    question = f"{goal.id}. {goal.question}"
    link = (f"{goal.name}: cijfers en uitleg", goal_page(monitor, goal.id))
    rows = monitor.outlook[monitor.outlook["goal"] == goal.id]
    if row["verdict"] == Verdict.UNTESTABLE:
        facts = {}
        if said := seen.in_short(monitor, goal.id):
            facts["Wat we wel zien"] = said
        if goal.outcome.measure == plan.PLACES:
            facts["Wat nodig is"] = plan_words.places_need()
        return components.Card(
            question,
            "none",
            "Nog niet te toetsen",
            size=plan_words.not_yet(goal, rows),
            sure=plan_words.in_short(goal, rows) if goal.role != "context" else "",
            link=link,
            facts=facts,
        )
    small = _is_small(goal, row)
    first, _, rest = say_size(goal, row).partition(". ")
    margin = goal.outcome.smallest_difference
    word = verdict_word(row)
    return components.Card(
        question,
        "small" if small and row["verdict"] == Verdict.BETTER else LOOKS[word],
        f"{word}, maar klein" if small else word,
        size=f"{first}.",
        sure=f"{rest}{_doubt(goal, row)} {NOT_SAID.get(goal.outcome.measure, NOT_CAUSED)}",
        link=link,
        interval=tuple(float(row[name]) / margin for name in ("effect", "ci_low", "ci_high")),
    )


def cards(monitor: Edition) -> Html:
    """Give every goal a card."""
    return components.cards([card(monitor, row) for _, row in monitor.verdicts.iterrows()])


def changed(monitor: Edition) -> list[str]:
    """Say what changed since last year, and whether that is what was published then."""
    earlier = published.before(monitor)
    year = schoolyear.label(monitor.year - 1)
    if earlier is None:
        return [
            f"Over {year} zijn er geen resultaten in deze bestanden. Daarom is er niets om deze "
            "monitor naast te leggen."
        ]
    now, then = (each.set_index("goal") for each in (monitor.verdicts, earlier))
    lines = []
    then = then.reindex(now.index)  # a goal that is new has no verdict on last year
    moved = now.index[then["verdict"].notna() & (now["verdict"] != then["verdict"])]
    for goal in moved:
        was, became = then.loc[goal, "verdict"], now.loc[goal, "verdict"]
        lines.append(f"{now.loc[goal, 'name']}: was **{was}**, is nu **{became}**.")
    if (now["verdict"] == Verdict.UNTESTABLE).all() and not len(moved):
        lines.append(f"Ook over {year} was geen van de doelen te toetsen.")
    elif not len(moved):
        lines.append(f"Alle doelen krijgen hetzelfde oordeel als in {year}.")
    both = now.index[now["effect"].notna() & then["effect"].notna()]
    for goal in both:
        outcome = monitor.protocol.goal(goal).outcome
        size = 1 if outcome.unit == "procentpunt" else 2
        was, became = (numbers.signed(t.loc[goal, "effect"], size) for t in (then, now))
        if was != became:
            lines.append(
                f"Het verschil bij {now.loc[goal, 'name'].lower()} was {was} {outcome.unit} en is "
                f"nu {became}."
            )
    people = monitor.participants
    started = int((people["coach_start"] == monitor.year).sum())
    ended = _ended(monitor)
    begun, stopped = "Geen school begon", "er stopte geen school"
    if started:
        begun = numbers.many(started, "school begon", "scholen begonnen")
    if ended:
        stopped = numbers.many(ended, "school stopte", "scholen stopten")
    lines.append(f"{begun} dit schooljaar; {stopped}, volgens het register.")
    return [*lines, published.told(monitor)]


def _ended(monitor: Edition) -> int:
    people = monitor.participants
    return int((people["coach_end"] == monitor.year - 1).sum()) if "coach_end" in people else 0


def changes(monitor: Edition) -> Html:
    """List what changed since last year's monitor."""
    return components.listed(changed(monitor))


def coming(monitor: Edition) -> list[str]:
    """Say what comes next, and what would help most."""
    looks = monitor.protocol.verdict.looks
    look, year = looks.of(monitor.year + 1), schoolyear.label(monitor.year + 1)
    begun = monitor.participants["coach_start"].notna().any()
    planned = f", jaar {look} van {looks.planned}" if begun and look <= looks.planned else ""
    lines = [f"De volgende uitgave gaat over {year}{planned}."]
    untested = set(monitor.verdicts.loc[monitor.verdicts["verdict"] == Verdict.UNTESTABLE, "goal"])
    needs = monitor.needs[monitor.needs["goal"].isin(untested)].drop_duplicates("need")
    told = dict.fromkeys(plan_words.need(row)[0] for row in needs.to_dict("records"))
    return [*lines, *list(told)[:MOST_NEEDS]]


def next_steps(monitor: Edition) -> Html:
    """List what comes next."""
    return components.listed(coming(monitor))


def _without_verdict(monitor: Edition, goal: int) -> list[tuple]:
    """List the numbers on the card of a goal without a verdict: what is seen, and what will be."""
    rows, part = [], f"Doel {goal}"
    found = monitor.seen.get(goal)
    if found is not None and len(found):
        for row in each_row(found[found["year"] == found["year"].max()]):
            where = f"{seen_words.GROUPS[row.group]}, {schoolyear.label(row.year)}"
            rows += [
                (part, f"Minstens: {where}", row.low, seen_words.unit(goal)),
                (part, f"Hoogstens: {where}", row.high, seen_words.unit(goal)),
                (part, f"Leerlingen, minstens: {where}", row.n_low, "leerlingen"),
                (part, f"Leerlingen, hoogstens: {where}", row.n_high, "leerlingen"),
                (part, f"Scholen: {where}", row.schools, "scholen"),
            ]
    best = plan_words.soonest(monitor.outlook[monitor.outlook["goal"] == goal])
    if best is not None:
        when = f"uitgave over {schoolyear.label(best['year'])}"
        rows.append((part, f"Scholen erbij: {when}", best["more"], "scholen"))
        for name in ("difference", "difference_slow"):
            what = f"Verschil dat te zien is, naar boven afgerond: {when}"
            size = plan_words.of_hundred(monitor.protocol.goal(goal), best[name])
            rows.append((part, what, size, "van elke 100 leerlingen"))
    return rows


def behind(monitor: Edition) -> Html:
    """Offer every number in the text of this page as a file, not rounded and with its unit."""
    people = monitor.participants
    started = people["coach_start"].dropna()
    rows = [
        ("Wie doet mee", "Scholen in het register", len(people), "scholen"),
        ("Wie doet mee", "Gemeenten", people["municipality"].nunique(), "gemeenten"),
        ("Wie doet mee", "Zonder bekend eerste jaar", len(people) - len(started), "scholen"),
    ]
    if len(started):
        for part, year in (("Wie doet mee", int(started.min())), (CHANGES, monitor.year)):
            count = int((started == year).sum())
            rows.append((part, f"Begonnen in {schoolyear.label(year)}", count, "scholen"))
    rows.append((CHANGES, "Gestopt", _ended(monitor), "scholen"))
    looks, coming_year = monitor.protocol.verdict.looks, schoolyear.label(monitor.year + 1)
    for label, value in (("dit is jaar", looks.of(monitor.year + 1)), ("van", looks.planned)):
        rows.append((NEXT, f"De uitgave over {coming_year}: {label}", value, "jaren"))
    if told := deelnemers.in_documents(monitor):
        rows.append(("Wie doet mee", told[1], int(re.sub(r"\D", "", told[0])), "scholen"))
    if (found := monitor.seen.get(1)) is not None and len(found):
        mine = found[found["group"] == REGISTER].iloc[-1:]
        for end in ("n_low", "n_high"):
            label = f"Leerlingen met een uitslag in {schoolyear.label(monitor.year)}"
            rows += [("Wie doet mee", label, value, "leerlingen") for value in mine[end]]
    earlier = published.before(monitor)
    then = None if earlier is None else earlier.set_index("goal")
    for number, row in monitor.verdicts.set_index("goal").iterrows():
        goal, part = monitor.protocol.goal(number), f"Doel {number}"
        if row["verdict"] == Verdict.UNTESTABLE:
            rows += _without_verdict(monitor, number)
        known = [obstacles.label(each) for each in monitor.obstacles.get(number, [])]
        rows += [(part, *each, "") for each in known if each]
        found = monitor.estimates.get(number)
        if found is not None and not isinstance(found, tuple):
            needed = monitor.protocol.minimum_participants
            rows.append((part, "Scholen in het register in de toets", found.n_treated, "scholen"))
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
    said = monitor.verdicts["verdict"].isin([Verdict.BETTER, Verdict.WORSE]).any()
    lines = ["De cijfers gaan over scholen, niet over één kind of één leraar."]
    if said:
        lines.insert(
            0,
            "‘Beter’ is niet hetzelfde als ‘door het programma’. Scholen kiezen zelf of zij "
            "meedoen.",
        )
    if (monitor.verdicts["verdict"] == Verdict.OPEN).any():
        lines.append(
            "‘Onbeslist’ is niet hetzelfde als ‘geen effect’. De cijfers zeggen dan te weinig."
        )
    if provisional:
        lines.append(f"De cijfers over {years} zijn voorlopig.")
    return Prose("**Wat dit niet zegt.** " + " ".join(lines))
