"""How sure we are of a goal that is tested: the same figures, whichever goal it is."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from kansen_analysis.display import figures, tables
from kansen_analysis.display.figures import Figure
from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.display.tables import Table
from kansen_analysis.edition.disclosure import disclose
from kansen_analysis.edition.monitor import Monitor
from kansen_analysis.errors import PanelError
from kansen_analysis.estimate.effects import FEW, VERSIONS, EffectEstimate, detectable_difference
from kansen_analysis.estimate.per_school import MINIMUM, school_changes
from kansen_analysis.estimate.specifications import vary
from kansen_analysis.pages.common import (
    about,
    estimate_or_reason,
    source_line,
    term,
    verdict_row,
)
from kansen_analysis.sources import schoolyear
from kansen_analysis.words import advice, numbers


@dataclass(frozen=True)
class Words:
    """What the figures of one goal are called."""

    page: str
    outcome: str
    sources: tuple[str, ...]
    decimals: int


WORDS = {
    1: Words(
        "eindtoets", "het aandeel op streefniveau", ("leerresultaten", "referentieniveaus"), 1
    ),
    2: Words(
        "schooladvies", "het advies, gezien de toets,", ("schooladviezen", "referentieniveaus"), 2
    ),
    3: Words("afstroom", "het aandeel dat niet onder zijn advies zit", ("leerjaar3",), 1),
}
# Unit, decimals, sources and notes of the second outcome of a goal.
SECOND = {
    1: ("z", 2, ("eindscores",), ()),
    2: (
        "procentpunt",
        1,
        ("schooladviezen",),
        (
            "Anders dan het adviesniveau houdt dit aandeel geen rekening met de toets: wie hoger "
            "scoort, krijgt vaker havo of hoger.",
        ),
    ),
}
# What every choice of `choices.vary` changes, by how its name begins; the rest stays as it was
# fixed. A figure of names alone would be a list, this is a matrix.
PROTOCOL = {
    "jaren vooraf": "alle",
    "scholen": "alle",
    "rekenwijze": "zoals vastgelegd",
    "gewicht": "zoals vastgelegd",
}
CHOICES = {
    "Hoofdberekening": {},
    "Zonder de twee jaren vlak voor de eigen start": {"jaren vooraf": "zonder 2 voor eigen start"},
    "Zonder de twee jaren vlak voor de eerste start": {"jaren vooraf": "zonder 2 voor 1e start"},
    "Eén jaar vlak voor de eerste start weg": {"jaren vooraf": "zonder het laatste"},
    "Alleen scholen uit de eigen regio": {"scholen": "eigen regio"},
    "Alleen scholen van buiten": {"scholen": "buiten de regio"},
    "Alleen scholen die niet van toetsaanbieder": {"scholen": "nooit andere toets"},
    "Zonder gefuseerde scholen": {"scholen": "zonder fusies"},
    "Zonder rekening te houden met de toetsaanbieder": {"rekenwijze": "zonder toetsaanbieder"},
    "Zonder schoolweging per jaar": {"rekenwijze": "zonder schoolweging"},
    "Eén effect voor alle jaren": {"rekenwijze": "één effect (TWFE)"},
    "Met schoolgrootte per jaar": {"rekenwijze": "met schoolgrootte"},
    "Onzekerheid per bestuur": {"rekenwijze": "per bestuur"},
    "Vanaf de start van het netwerk": {"rekenwijze": "start van netwerk"},
    "Elke leerling": {"gewicht": "elke leerling"},
    "Elke school": {"gewicht": "elke school"},
}


def _with_estimate(monitor: Monitor, goal: int) -> tuple[EffectEstimate | None, Absent]:
    """Return the estimate, or None and a word in its place; the answer above says why."""
    estimate, _ = estimate_or_reason(monitor, goal)
    return estimate, Absent("Er is geen schatting; het antwoord bovenaan zegt waarom.")


def since_start(monitor: Monitor, goal: int) -> Figure | Absent:
    """Draw the difference with comparable schools by years since the start."""
    estimate, absent = _with_estimate(monitor, goal)
    if estimate is None:
        return absent
    words, outcome = WORDS[goal], monitor.protocol.goal(goal).outcome
    after = estimate.by_exposure.reset_index(names="relative")
    parts = [after]
    if estimate.leads is not None:
        before = estimate.leads.table.reset_index(names="relative")
        parts = [before, pd.DataFrame({"relative": [-1], "effect": [0.0]}), after]
    frame = pd.concat(parts, ignore_index=True).rename(
        columns={"effect": "estimate", "ci_low": "low", "ci_high": "high"}
    )
    rows = monitor.panels.get(goal)
    if rows is None:
        frame["n"] = estimate.n_treated
    else:
        step = (rows["year"] - rows["cohort"]).dropna().astype(int)
        schools = rows.loc[step.index].groupby(step)["school"].nunique()
        frame["n"] = frame["relative"].map(schools).fillna(0).astype(int)
    titles = {
        "beter": f"Na de start ligt {words.outcome} hoger dan op vergelijkbare scholen",
        "slechter": f"Na de start ligt {words.outcome} lager dan op vergelijkbare scholen",
        "geen verschil dat ertoe doet": "Na de start is er geen verschil dat ertoe doet",
    }
    found = verdict_row(monitor, goal)["verdict"]
    return figures.event_study(
        frame[["relative", "estimate", "low", "high", "n"]],
        name=f"{words.page}-start",
        title=titles.get(found, "Na de start is er geen duidelijk verschil"),
        subtitle=f"{outcome.name}: verschil met vergelijkbare scholen ({outcome.unit}), naar "
        "schooljaren voor en na de start van de kansencoach; jaar −1 is het ijkpunt",
        source=source_line(*words.sources),
        unit=outcome.unit,
        decimals=words.decimals,
        margin=outcome.smallest_difference,
        start="start coach",
    )


def four_versions(monitor: Monitor, goal: int) -> Figure | Absent:
    """Draw whether the answer hangs on one of the four versions that were fixed beforehand."""
    estimate, absent = _with_estimate(monitor, goal)
    if estimate is None:
        return absent
    words, outcome = WORDS[goal], monitor.protocol.goal(goal).outcome
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
        title = "De vier berekeningen wijzen niet dezelfde kant op"
    return figures.versions(
        frame,
        name=f"{words.page}-versies",
        title=title,
        subtitle=f"Verschil met vergelijkbare scholen na de start ({outcome.unit}), met "
        f"95%-interval, volgens vier vastgelegde berekeningen; {outcome.decides} geeft de doorslag",
        source=source_line(*words.sources),
        unit=outcome.unit,
        decimals=words.decimals,
        margin=outcome.smallest_difference,
        notes=estimate.notes,
    )


def place(choice: str) -> dict[str, str]:
    """Tell in which respect a choice differs from the protocol.

    Examples
    --------
    >>> place("Elke school telt even zwaar")["gewicht"]
    'elke school'
    """
    for start, change in CHOICES.items():
        if choice.startswith(start):
            return PROTOCOL | change
    return PROTOCOL | {"rekenwijze": choice.lower()}


def results_vary(monitor: Monitor, goal: int) -> Figure | Absent:
    """Draw the estimate under every choice that somebody could reasonably have made."""
    estimate, absent = _with_estimate(monitor, goal)
    if estimate is None:
        return absent
    rows = monitor.panels.get(goal)
    if rows is None:
        return Absent("De keuzes zijn voor dit doel nog niet doorgerekend.")
    words, outcome = WORDS[goal], monitor.protocol.goal(goal).outcome
    try:
        table = vary(rows, size_by_year=outcome.size_by_year)
    except PanelError as error:
        return Absent(f"De keuzes zijn niet door te rekenen: {error}")
    # An estimate that is corrected for hidden counts is so under every choice.
    factor = 1 / monitor.attenuation.mean if goal == 2 else 1.0
    table = table.dropna(subset="effect")
    places = pd.DataFrame([place(choice) for choice in table.index])
    frame = pd.DataFrame(
        {
            "estimate": table["effect"].to_numpy() * factor,
            "low": table["ci_low"].to_numpy() * factor,
            "high": table["ci_high"].to_numpy() * factor,
            "main": table.index.str.contains(f"({outcome.decides})", regex=False),
        }
    ).join(places)
    positive = int((frame["estimate"] > 0).sum())
    side = "boven" if 2 * positive >= len(frame) else "onder"
    count = max(positive, len(frame) - positive)
    return figures.specification_curve(
        frame,
        choices=list(PROTOCOL),
        name=f"{words.page}-keuzes",
        title=f"{count} van de {len(frame)} keuzes komen {side} nul uit",
        subtitle=f"Verschil met vergelijkbare scholen na de start ({outcome.unit}), met "
        "95%-interval, onder keuzes die een ander had kunnen maken",
        source=source_line(*words.sources),
        unit=outcome.unit,
        decimals=words.decimals,
        margin=outcome.smallest_difference,
        notes=(
            f"Volgens protocol: {outcome.decides}, de berekening die het oordeel geeft. De "
            "intervallen komen hier altijd uit de spreiding tussen scholen.",
        ),
    )


def what_could_be_seen(monitor: Monitor, goal: int) -> Figure | Absent:
    """Draw the smallest difference that could have been seen beside the one that matters."""
    estimate, absent = _with_estimate(monitor, goal)
    if estimate is None:
        return absent
    words, outcome = WORDS[goal], monitor.protocol.goal(goal).outcome
    seen = detectable_difference(estimate, outcome.decides).difference
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
        name=f"{words.page}-zicht",
        title=f"Een verschil vanaf {size} is met deze scholen meestal te zien",
        subtitle="Kleinste verschil dat met deze deelnemers en jaren met 80% kans wordt opgemerkt, "
        f"volgens {outcome.decides}",
        source=source_line(*words.sources),
        unit=outcome.unit,
        decimals=words.decimals,
        notes=(
            "Dat is klein genoeg om het verschil te zien dat ertoe doet."
            if seen <= outcome.smallest_difference
            else "Een kleiner verschil, dat er wel toe doet, kan dus gemist zijn.",
        ),
    )


def by_period(monitor: Monitor, goal: int) -> Table | Absent:
    """List the difference before and from 2023-2024, and by year of start."""
    estimate, absent = _with_estimate(monitor, goal)
    if estimate is None:
        return absent
    words, outcome = WORDS[goal], monitor.protocol.goal(goal).outcome
    columns = ["label", "effect", "ci_low", "ci_high", "school_years"]
    periods = estimate.by_period.assign(label=lambda f: [f"Schooljaren {p}" for p in f.index])
    starts = estimate.by_cohort.assign(
        label=lambda f: [f"Gestart in {schoolyear.label(int(c))}" for c in f.index]
    )
    frame = pd.concat([periods, starts], ignore_index=True)[columns]
    variables = about(
        ("label", "Deel", "", 0, "text"),
        ("effect", "Verschil", outcome.unit, words.decimals, "difference"),
        ("ci_low", "Ondergrens", outcome.unit, words.decimals, "difference"),
        ("ci_high", "Bovengrens", outcome.unit, words.decimals, "difference"),
        ("school_years", "Schooljaren van scholen", "aantal", 0, "count"),
    )
    return tables.table(
        disclose(frame, variables),
        name=f"{words.page}-delen",
        caption="Verschil met vergelijkbare scholen (V1) vóór en vanaf 2023-2024, en per startjaar",
        variables=variables,
        source=source_line(*words.sources),
        notes=(
            "Geen aparte toetsen: kleine groepen geven brede grenzen, en wie lang genoeg zoekt "
            "vindt altijd een groep die afwijkt.",
        ),
    )


def second_outcome(monitor: Monitor, goal: int) -> Table | Absent:
    """List the four versions of another outcome of the same goal, without a verdict."""
    found = getattr(monitor, "secondary", {}).get(goal)
    if found is None:
        return Absent("Er is geen schatting van een tweede uitkomst met deze gegevens.")
    other = monitor.protocol.goal(goal).secondary[0]
    unit, decimals, source, notes = SECOND[goal]
    decision = found.decision.reindex(list(VERSIONS))
    frame = decision[["effect", "ci_low", "ci_high"]].reset_index(drop=True)
    frame.insert(0, "label", [f"{name}: {words}" for name, words in VERSIONS.items()])
    variables = about(
        ("label", "Berekening", "", 0, "text"),
        ("effect", "Verschil", unit, decimals, "difference"),
        ("ci_low", "Ondergrens", unit, decimals, "difference"),
        ("ci_high", "Bovengrens", unit, decimals, "difference"),
    )
    return tables.table(
        disclose(frame, variables),
        name=f"{WORDS[goal].page}-tweede",
        caption=f"{other.name}: verschil met vergelijkbare scholen na de start",
        variables=variables,
        source=source_line(*source),
        notes=(
            other.note,
            *notes,
            f"{found.n_treated} deelnemende en {found.n_schools - found.n_treated} andere scholen; "
            "grenzen: 95%-interval.",
        ),
    )


def doubts(monitor: Monitor, goal: int) -> Prose | Absent:
    """Say how the doubt was worked out and what argues against the estimate."""
    estimate, absent = _with_estimate(monitor, goal)
    if estimate is None:
        return absent
    words, unit = WORDS[goal], monitor.protocol.goal(goal).outcome.unit
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
            f"{term('interval', '95%-interval')} van V1 van {written(board['ci_low'])} tot "
            f"{written(board['ci_high'])} ({int(board['n_boards_treated'])} besturen met "
            "deelnemers)."
        )
    leads = estimate.leads
    if leads is not None:
        lines.append(
            f"Vóór de start was het grootste verschil met het ijkjaar {written(leads.largest)}. "
            "Gaat dat van de schatting af, dan blijft "
            f"{written(leads.effect_minus_largest)} over. De verschillen vooraf samen zijn "
            + ("niet goed" if leads.p_value < 0.05 else "goed")
            + f" met toeval te verklaren (p = {numbers.number(leads.p_value, 2)}). Die toets mist "
            "veel; zij beslist daarom niets."
        )
    if goal == 2:
        # What hiding does to the estimate, and a check that fills the hidden counts otherwise.
        if (seen := getattr(monitor, "attenuation", None)) is not None:
            lines.append(advice.attenuation(seen))
        if (check := getattr(monitor, "advice_check", None)) is not None:
            lines.append(advice.check(check))
    return Prose("\n".join(f"- {line}" for line in lines))


def funnel(monitor: Monitor, goal: int) -> Figure | Absent:
    """Draw the change of every participant against its pupils, without names."""
    estimate, absent = _with_estimate(monitor, goal)
    if estimate is None or (rows := monitor.panels.get(goal)) is None:
        return absent
    words, outcome = WORDS[goal], monitor.protocol.goal(goal).outcome
    try:
        changes = school_changes(rows, size_by_year=outcome.size_by_year)
    except PanelError as error:
        return Absent(f"De verandering per school is niet te berekenen: {error}")
    shown = changes.table.dropna(subset="change")
    if not len(shown):
        return Absent("Geen enkele deelnemende school heeft genoeg leerlingen.")
    outside = int(shown["mark"].isin(["boven de marge", "onder de marge"]).sum())
    few = len(changes.table) - len(shown)
    return figures.funnel(
        shown.rename(columns={"change": "value"})[["n", "value"]],
        changes.limits,
        name=f"{words.page}-scholen",
        title=f"{outside} van de {len(shown)} scholen veranderden meer dan toeval meestal doet",
        subtitle=f"Verandering rond de eigen start ({outcome.unit}), drie jaren samen, min wat "
        "vergelijkbare scholen deden, naar aantal leerlingen; elke stip is een deelnemende school",
        source=source_line(*words.sources),
        unit=outcome.unit,
        decimals=words.decimals,
        notes=(
            f"Toeval alleen zet ongeveer 1 op de 20 scholen buiten de smalle lijnen: hier "
            f"{numbers.number(len(shown) / 20, 0)}.",
            *([f"Te weinig leerlingen (minder dan {MINIMUM} in drie jaar): {few}."] if few else []),
        ),
    )
