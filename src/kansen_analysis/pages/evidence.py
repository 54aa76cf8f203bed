"""How sure we are of a goal that is tested: the same figures, whichever goal it is."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, TypeVar

import pandas as pd

from kansen_analysis.display import figures
from kansen_analysis.display.figures import Figure
from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.display.tables import Table, about
from kansen_analysis.edition.disclosure.supplied import carried
from kansen_analysis.edition.open import Edition
from kansen_analysis.errors import Reason
from kansen_analysis.outcomes import OUTCOMES, PAGES
from kansen_analysis.outcomes.fixed import FEW, MINIMUM
from kansen_analysis.pages.common import (
    estimate_or_reason,
    published_table,
    source_line,
    term,
    verdict_row,
)
from kansen_analysis.sources import schoolyear
from kansen_analysis.words import advice, numbers
from kansen_analysis.words.choices import FIXED, place
from kansen_analysis.words.estimates import VERSIONS, noted
from kansen_analysis.words.reasons import say
from kansen_analysis.words.verdicts import beside

if TYPE_CHECKING:
    from kansen_analysis.estimate.effects import EffectEstimate


@dataclass(frozen=True)
class Words:
    """What the figures of one goal are called."""

    page: str
    outcome: str
    sources: tuple[str, ...]
    decimals: int


CALLED = {  # the outcome in a sentence, the sources that are named, decimals
    "target_levels": (
        "het aandeel op streefniveau",
        ("leerresultaten", "referentieniveaus"),
        1,
    ),
    "test_score_z": ("de score binnen jaar en aanbieder", ("eindscores",), 2),
    "advice_above_expectation": (
        "het advies, gezien de toets,",
        ("schooladviezen", "referentieniveaus"),
        2,
    ),
    "havo_vwo_share": ("het aandeel havo of hoger", ("schooladviezen",), 1),
    "places_leerjaar3": ("het aandeel dat niet onder zijn advies zit", ("leerjaar3",), 1),
    "havo_vwo_leerjaar3": ("het aandeel op havo of vwo", ("leerjaar3",), 1),
}


def words_of(monitor: Edition, goal: int) -> Words:
    """Return what the figures of a goal are called; the page is part of their names."""
    measure = monitor.protocol.goal(goal).outcome.measure
    page = PAGES.get((goal, measure), f"doel-{goal}")
    return Words(page, *CALLED[measure])


# Notes of a second outcome.
SECOND = {
    "havo_vwo_share": (
        "Anders dan het adviesniveau houdt dit aandeel geen rekening met de toets: wie hoger "
        "scoort, krijgt vaker havo of hoger.",
    ),
}


T = TypeVar("T")


def with_estimate(
    show: Callable[[Edition, int, EffectEstimate], T],
) -> Callable[[Edition, int], T | Absent]:
    """Show something of an estimate; without one nothing, for the answer above says why."""

    @wraps(show)
    def shown(monitor: Edition, goal: int) -> T | Absent:
        estimate, _ = estimate_or_reason(monitor, goal)
        return Absent("") if estimate is None else show(monitor, goal, estimate)

    return shown


@with_estimate
def since_start(monitor: Edition, goal: int, estimate: EffectEstimate) -> Figure | Absent:
    """Draw the difference with comparable schools by years since the start."""
    words, outcome = words_of(monitor, goal), monitor.protocol.goal(goal).outcome
    if estimate.event is None:
        return Absent("Er zijn te weinig jaren vooraf om jaar voor jaar te vergelijken.")
    # Bounds for all years together: whoever looks at ten years sees one stick out by chance.
    told = estimate.event.table[estimate.event.table["n"] >= _fewest(monitor)]
    frame = told[["estimate", "band_low", "band_high", "n"]].reset_index(names="relative")
    frame = frame.rename(columns={"band_low": "low", "band_high": "high"})
    titles = {
        "beter": f"Na de start ligt {words.outcome} hoger dan op vergelijkbare scholen",
        "slechter": f"Na de start ligt {words.outcome} lager dan op vergelijkbare scholen",
        "geen verschil dat ertoe doet": "Na de start is er geen verschil dat ertoe doet",
    }
    found = verdict_row(monitor, goal)["verdict"]
    return figures.event_study(
        frame,
        figures.Texts(
            name=f"{words.page}-start",
            title=titles.get(found, "Na de start is er geen duidelijk verschil"),
            subtitle=f"{outcome.name}: verschil met vergelijkbare scholen ({outcome.unit}), naar "
            "schooljaren met een toets voor en na de start; jaar −1 is het "
            "ijkpunt, de lijnen zijn 95%-grenzen voor alle jaren samen",
            source=source_line(*words.sources),
        ),
        unit=outcome.unit,
        decimals=words.decimals,
        margin=outcome.smallest_difference,
        start="start",
    )


def _fewest(monitor: Edition) -> int:
    """Return of how many participants a figure is at least."""
    return monitor.disclosure["limits"]["schools"]


@with_estimate
def four_versions(monitor: Edition, goal: int, estimate: EffectEstimate) -> Figure:
    """Draw whether the answer hangs on one of the four versions that were fixed beforehand."""
    words, outcome = words_of(monitor, goal), monitor.protocol.goal(goal).outcome
    decision = estimate.decision.reindex(list(VERSIONS))
    frame = pd.DataFrame(
        {
            "version": list(VERSIONS),
            "label": list(VERSIONS.values()),
            "estimate": decision["effect"].to_numpy(),
            "low": decision["ci_low"].to_numpy(),
            "high": decision["ci_high"].to_numpy(),
        }
    )
    known = frame["estimate"].dropna()
    clear = ((frame["low"] > 0) | (frame["high"] < 0)).sum()
    if (known > 0).all() or (known < 0).all():
        side = "boven" if (known > 0).all() else "onder"
        firm = "duidelijk " if clear == len(known) else ""
        title = f"Alle {len(known)} berekeningen komen {firm}{side} nul uit"
        if not firm:
            title += f", {clear} daarvan duidelijk"
    else:
        title = f"De {numbers.counted(len(known))} berekeningen wijzen niet dezelfde kant op"
    return figures.versions(
        frame,
        figures.Texts(
            name=f"{words.page}-versies",
            title=title,
            subtitle=f"Verschil met vergelijkbare scholen na de start ({outcome.unit}), met "
            f"95%-interval, volgens de berekeningen die vooraf vastliggen; {outcome.decides} geeft "
            "de doorslag",
            source=source_line(*words.sources),
            notes=noted(estimate.notes),
        ),
        unit=outcome.unit,
        decimals=words.decimals,
        margin=outcome.smallest_difference,
    )


@with_estimate
def results_vary(monitor: Edition, goal: int, estimate: EffectEstimate) -> Figure | Absent:
    """Draw the estimate under every choice that somebody could reasonably have made."""
    words, outcome = words_of(monitor, goal), monitor.protocol.goal(goal).outcome
    table = monitor.choices[goal]
    if isinstance(table, Reason):
        why = say(monitor.protocol.goal(goal), table)
        return Absent(f"De keuzes zijn niet door te rekenen. {why}")
    # An estimate that is corrected for hidden counts is so under every choice.
    table = table.dropna(subset="effect")
    effect, low, high = (table[name].to_numpy() for name in ("effect", "ci_low", "ci_high"))
    if (seen := monitor.attenuation.get(goal)) is not None:
        effect, (low, high) = effect / seen.mean, seen.interval(low, high)
    places = pd.DataFrame([place(choice) for choice in table.index])
    frame = pd.DataFrame(
        {
            "estimate": effect,
            "low": low,
            "high": high,
            "main": table.index == outcome.decides,
        }
    ).join(places)
    positive = int((frame["estimate"] > 0).sum())
    side = "boven" if 2 * positive >= len(frame) else "onder"
    count = max(positive, len(frame) - positive)
    return figures.specification_curve(
        frame,
        figures.Texts(
            name=f"{words.page}-keuzes",
            title=f"{count} van de {len(frame)} keuzes komen {side} nul uit",
            subtitle=f"Verschil met vergelijkbare scholen na de start ({outcome.unit}), met "
            "95%-interval, onder keuzes die een ander had kunnen maken",
            source=source_line(*words.sources),
            notes=(
                f"Volgens protocol: {outcome.decides}, de berekening die het oordeel geeft. De "
                "intervallen komen hier altijd uit de spreiding tussen scholen.",
            ),
        ),
        choices=list(FIXED),
        unit=outcome.unit,
        decimals=words.decimals,
        margin=outcome.smallest_difference,
    )


@with_estimate
def what_could_be_seen(monitor: Edition, goal: int, estimate: EffectEstimate) -> Figure | Absent:
    """Draw the smallest difference that could have been seen beside the one that matters."""
    words, outcome = words_of(monitor, goal), monitor.protocol.goal(goal).outcome
    seen = monitor.detectable[goal]
    if estimate.n_treated < monitor.protocol.verdict.minimum_participants:
        return Absent(
            "Er doen te weinig scholen mee voor een oordeel; dan is geen verschil groot genoeg om "
            "‘beter’ te heten."
        )
    if not math.isfinite(seen):
        return Absent(
            "Niet alle berekeningen zijn met deze gegevens te maken; dan is geen verschil groot "
            "genoeg om ‘beter’ te heten."
        )
    decides = estimate.decision.loc[outcome.decides]
    nan = float("nan")
    frame = pd.DataFrame(
        [
            ("detectable", "met 80% kans te zien", seen, nan, nan),
            ("matters", "kleinste verschil dat ertoe doet", outcome.smallest_difference, nan, nan),
            ("estimate", "geschat", decides["effect"], decides["ci_low"], decides["ci_high"]),
        ],
        columns=["kind", "label", "value", "low", "high"],
    )
    size = f"{numbers.number(seen, words.decimals)} {outcome.unit}"
    return figures.ruler(
        frame,
        figures.Texts(
            name=f"{words.page}-zicht",
            title=f"Een verschil vanaf {size} is met deze scholen meestal te zien",
            subtitle="Kleinste verschil dat met deze deelnemers en jaren met 80% kans ‘beter’ "
            "heet, volgens alle berekeningen en controles samen",
            source=source_line(*words.sources),
            notes=(
                "Dat is klein genoeg om het verschil te zien dat ertoe doet."
                if seen <= outcome.smallest_difference
                else "Een kleiner verschil, dat er wel toe doet, kan dus gemist zijn.",
            ),
        ),
        unit=outcome.unit,
        decimals=words.decimals,
    )


@with_estimate
def by_period(monitor: Edition, goal: int, estimate: EffectEstimate) -> Table:
    """List the difference before and from 2023-2024, and by year of start."""
    words, outcome = words_of(monitor, goal), monitor.protocol.goal(goal).outcome
    columns = ["label", "effect", "ci_low", "ci_high", "school_years"]
    periods = estimate.by_period.assign(label=lambda f: [f"Schooljaren {p}" for p in f.index])
    starts = estimate.by_cohort.assign(
        label=lambda f: [f"Gestart in {schoolyear.label(int(c))}" for c in f.index]
    )
    # A start of one or two schools is a figure of each of them.
    schools = monitor.participants["coach_start"].value_counts()
    starts = starts[schools.reindex(starts.index).fillna(0).to_numpy() >= _fewest(monitor)]
    frame = pd.concat([periods, starts], ignore_index=True)[columns]
    frame = carried(frame, "effect", ("ci_low", "ci_high"))
    variables = about(
        ("label", "Deel", "", 0, "text"),
        ("effect", "Verschil", outcome.unit, words.decimals, "difference"),
        ("ci_low", "Ondergrens", outcome.unit, words.decimals, "difference"),
        ("ci_high", "Bovengrens", outcome.unit, words.decimals, "difference"),
        ("school_years", "Schooljaren van scholen", "aantal", 0, "count"),
    )
    return published_table(
        frame,
        f"{words.page}-delen",
        caption="Verschil met vergelijkbare scholen (V1) vóór en vanaf 2023-2024, en per startjaar",
        variables=variables,
        source=source_line(*words.sources),
        notes=(
            "Geen aparte toetsen: kleine groepen geven brede grenzen, en wie lang genoeg zoekt "
            "vindt altijd een groep die afwijkt.",
        ),
    )


def second_outcome(monitor: Edition, goal: int) -> Table | Absent:
    """List the four versions of another outcome of the same goal, without a verdict."""
    found = monitor.secondary.get(goal)
    if found is None:
        return Absent("Er is geen schatting van een tweede uitkomst met deze gegevens.")
    other = monitor.protocol.goal(goal).secondary[0]
    unit, decimals = OUTCOMES[other.measure].unit, CALLED[other.measure][2]
    decision = found.decision.reindex(list(VERSIONS))
    frame = decision[["effect", "ci_low", "ci_high"]].reset_index(drop=True)
    frame = carried(frame, "effect", ("ci_low", "ci_high"))
    frame.insert(0, "label", [f"{name}: {words}" for name, words in VERSIONS.items()])
    variables = about(
        ("label", "Berekening", "", 0, "text"),
        ("effect", "Verschil", unit, decimals, "difference"),
        ("ci_low", "Ondergrens", unit, decimals, "difference"),
        ("ci_high", "Bovengrens", unit, decimals, "difference"),
    )
    return published_table(
        frame,
        f"{words_of(monitor, goal).page}-tweede",
        caption=f"{other.name}: verschil met vergelijkbare scholen na de start",
        variables=variables,
        source=source_line(*other.sources),
        notes=(
            other.note,
            *SECOND.get(other.measure, ()),
            f"{found.n_treated} deelnemende en {found.n_schools - found.n_treated} andere scholen; "
            "grenzen: 95%-interval.",
        ),
    )


@with_estimate
def doubts(monitor: Edition, goal: int, estimate: EffectEstimate) -> Prose:
    """Say how the doubt was worked out and what argues against the estimate."""
    words, unit = words_of(monitor, goal), monitor.protocol.goal(goal).outcome.unit
    size = words.decimals

    def written(value: float) -> str:
        return f"{numbers.signed(value, size)} {unit}"

    if estimate.method == "randomisation":
        how = (
            f"Er zijn minder dan {FEW} deelnemende scholen ({estimate.n_treated}). De onzekerheid "
            f"komt daarom uit {term('loten', 'het opnieuw loten van startjaren')}."
        )
    else:
        how = (
            f"De onzekerheid komt uit de spreiding tussen scholen ({estimate.n_treated} "
            f"deelnemende, {estimate.n_schools - estimate.n_treated} andere)."
        )
    lines = [how]
    board = estimate.board_clustered
    if board is not None:
        lines.append(
            "Tellen scholen van één bestuur als één groep, dan loopt het "
            f"{term('interval', '95%-interval')} van {written(board['ci_low'])} tot "
            f"{written(board['ci_high'])} ({int(board['n_boards_treated'])} besturen met "
            "deelnemers)."
        )
    judged = verdict_row(monitor, goal).to_dict()
    lines += beside(monitor.protocol.goal(goal), judged, monitor.protocol)
    event = estimate.event
    if event is not None:
        lines.append(
            f"Vóór de start was het grootste verschil met het ijkjaar {written(event.largest)}. "
            "Gaat dat van de schatting met hetzelfde ijkjaar af, dan blijft "
            f"{written(event.effect_minus_largest)} over. De verschillen vooraf samen zijn "
            + ("niet goed" if event.p_value < 0.05 else "goed")
            + f" met toeval te verklaren (p = {numbers.number(event.p_value, 2)}). Die toets mist "
            "veel; zij beslist daarom niets."
        )
    # What hiding does to the estimate, and a check that fills the hidden counts otherwise.
    if (seen := monitor.attenuation.get(goal)) is not None:
        lines.append(advice.attenuation(seen))
        measure = monitor.protocol.goal(goal).outcome.measure
        if measure == "advice_above_expectation" and monitor.advice_check is not None:
            lines.append(advice.check(monitor.advice_check))
    return Prose("\n".join(f"- {line}" for line in lines))


@with_estimate
def funnel(monitor: Edition, goal: int, estimate: EffectEstimate) -> Figure | Absent:
    """Draw the change of every participant against its pupils, without names."""
    words, outcome = words_of(monitor, goal), monitor.protocol.goal(goal).outcome
    changes = monitor.changes[goal]
    if isinstance(changes, Reason):
        why = say(monitor.protocol.goal(goal), changes)
        return Absent(f"De verandering per school is niet te berekenen. {why}")
    shown = changes.table.dropna(subset="change")
    if not len(shown):
        return Absent("Geen enkele deelnemende school heeft genoeg leerlingen.")
    outside = int(shown["mark"].isin(["boven de marge", "onder de marge"]).sum())
    few = len(changes.table) - len(shown)
    return figures.funnel(
        shown.rename(columns={"change": "value"})[["n", "value"]],
        changes.limits,
        figures.Texts(
            name=f"{words.page}-scholen",
            title=f"{outside} van de {len(shown)} scholen veranderden meer dan toeval meestal doet",
            subtitle=f"Verandering rond de eigen start ({outcome.unit}), drie jaren samen, min wat "
            "vergelijkbare scholen deden, naar aantal leerlingen; elke stip is een deelnemende "
            "school",
            source=source_line(*words.sources),
            notes=(
                f"Toeval alleen zet ongeveer 1 op de 20 scholen buiten de smalle lijnen: hier "
                f"{numbers.number(len(shown) / 20, 0)}.",
                *(
                    [f"Te weinig leerlingen (minder dan {MINIMUM} in drie jaar): {few}."]
                    if few
                    else []
                ),
            ),
        ),
        unit=outcome.unit,
        decimals=words.decimals,
    )
