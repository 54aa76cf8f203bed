"""The rule in Dutch: how large a difference is, and why a verdict is given.

`goals.rule` gives codes with numbers; each code of `goals.codes` has its sentence here.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from kansen_analysis.goals.codes import Verdict, Why
from kansen_analysis.goals.protocol import Goal, Protocol, Sentences
from kansen_analysis.sources.rows import Row
from kansen_analysis.words import numbers as write
from kansen_analysis.words.reasons import say, says, says_plainly


def worded(table: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """Put the reasons of a table of verdicts into Dutch.

    Parameters
    ----------
    table : DataFrame
        From `goals.rule.judge`.
    protocol : Protocol
        The one it was judged by.

    Returns
    -------
    DataFrame
        The same with a text in ``reason``: size and doubt, why, and the verdict.
    """
    rows = [_reason(protocol.goal(row["goal"]), row) for row in table.to_dict("records")]
    return table.assign(reason=pd.Series(rows, index=table.index, dtype="str"))


def _reason(goal: Goal, row: Row) -> str:
    why = say(goal, *row["reason"])
    if row["verdict"] == Verdict.UNTESTABLE:
        return why
    return f"{say_size(goal, row)} {why} Daarom: {row['verdict']}."


def say_size(goal: Goal, row: Row) -> str:
    """Say the difference and its doubt in plain Dutch, in pupils of every hundred.

    Parameters
    ----------
    goal : Goal
        Holds the sentences.
    row : mapping
        ``effect, ci_low, ci_high`` in the goal's unit.

    Examples
    --------
    >>> from kansen_analysis.goals.protocol import load_protocol
    >>> goal = load_protocol().goal(1)
    >>> print(say_size(goal, {"effect": 3.1, "ci_low": -1.2, "ci_high": 7.4}))
    Van elke 100 leerlingen halen er naar schatting 3 méér het streefniveau dan op vergelijkbare
    scholen. Het kan ook 1 minder zijn, of 7 meer.
    """
    words = goal.sentences
    effect = row["effect"] * words.per
    count = _whole(effect)
    if count == 0:
        first = words.equal
    else:
        first = (words.more if effect > 0 else words.fewer).format(n=count)
    low, high = (_side(row[name] * words.per, words) for name in ("ci_low", "ci_high"))
    return f"{first.strip()} {words.range.format(low=low, high=high).strip()}"


def beside(goal: Goal, row: Row, protocol: Protocol) -> tuple[str, ...]:
    """Say what a verdict rests on besides the estimate: this look, the start, intake, drift.

    Parameters
    ----------
    goal : Goal
    row : mapping
        Its row of `goals.rule.judge`, of a goal that was tested.
    protocol : Protocol
        The one it was judged by.
    """
    if pd.isna(row["look"]):  # not testable
        return ()
    looks, limits, unit = protocol.verdict.looks, protocol.verdict, goal.outcome.unit
    decimals = 1 if unit == "procentpunt" else 2
    lines = []
    if row["look"] <= looks.planned:
        lines.append(
            f"Dit is jaar {row['look']} van {looks.planned} geplande edities. Zeker genoeg is dit "
            f"jaar een p-waarde onder {_significant(row['limit'])}; zij is "
            f"{_p_value(row['p_holm'])}, na correctie voor het aantal doelen."
        )
    else:
        lines.append(f"Er waren {looks.planned} edities gepland; deze komt daarna.")
    if pd.notna(apart := row["start_difference"]):
        if abs(apart) <= limits.adjusted:
            judged = "dat is goed vergelijkbaar"
        elif abs(apart) <= limits.not_comparable:
            judged = "dat is vergelijkbaar omdat de berekening ervoor corrigeert"
        else:
            judged = "dat is te veel om te vergelijken"
        lines.append(
            "Vóór de start lagen deelnemers en vergelijkbare scholen bij gelijke schoolweging "
            f"{write.number(abs(apart), 2)} leerling-standaardafwijking uit elkaar: {judged} "
            f"(grenzen {write.number(limits.adjusted, 2)} en "
            f"{write.number(limits.not_comparable, 2)})."
        )
    lost = 100 * row["participants_lost"]
    lines.append(
        "Alle deelnemers met gegevens tellen mee."
        if round(lost) == 0
        else f"{write.percent(lost)} van de deelnemers met gegevens valt weg, omdat jaren "
        "ontbreken of niet te vergelijken zijn."
    )
    if pd.notna(part := row["intake_part"]):
        lines.append(
            f"Bij de verandering van de schoolweging van deelnemers hoort "
            f"{write.signed(part, decimals)} {unit} van het verschil."
        )
    if row["breakdown"] > 0:
        lines.append(
            f"Gingen deelnemers ook zonder programma elk jaar {write.number(row['breakdown'], 2)} "
            f"{unit} of meer hun eigen kant op, dan is dit verschil niet zeker meer."
        )
    return tuple(lines)


def _significant(x: float) -> str:
    """Write a limit with all the digits that it has: 0,00845 and not 0,01."""
    return write.number(x, next((d for d in range(2, 9) if round(x, d) == x), 9))


def _p_value(x: float) -> str:
    return "kleiner dan 0,0001" if x < 1e-4 else write.number(x, 2 if x >= 0.1 else 4)


def _whole(x: float) -> int:
    number = write.rounded(x, 0)
    if number is None:
        raise ValueError(f"{x} is no number of pupils")
    return int(abs(number))


def _side(x: float, words: Sentences) -> str:
    count = _whole(x) if np.isfinite(x) else f"{write.UNKNOWN_WORD} hoeveel"
    word = words.word_more if x > 0 else words.word_fewer
    return f"{count or 'minder dan 1'} {word}"


def _of_hundred(goal: Goal, difference: float) -> str:
    """Write a difference in the goal's unit as pupils of every hundred."""
    size = difference * goal.sentences.per
    return f"{write.number(size, 0 if size == int(size) else 1)} op de 100 leerlingen"


def _all(versions: int) -> str:
    return f"alle {write.counted(versions)} de berekeningen"


@says(Why.NO_DATA)
def _no_data(goal: Goal, numbers: Mapping) -> str:
    return goal.missing


@says(Why.ALL_AGREE)
def _all_agree(goal: Goal, numbers: Mapping) -> str:
    return (
        f"{_all(numbers['versions']).capitalize()} wijzen dezelfde kant op. Dit hangt samen met "
        "meedoen; het bewijst niet dat het daardoor komt."
    )


@says(Why.BUT_SMALL)
def _but_small(goal: Goal, numbers: Mapping) -> str:
    return f"Het verschil is wel klein: minder dan {_of_hundred(goal, numbers['margin'])}."


@says(Why.WITHIN_MARGIN)
def _within_margin(goal: Goal, numbers: Mapping) -> str:
    return f"Een verschil van {_of_hundred(goal, numbers['margin'])} of meer is onwaarschijnlijk."


@says(Why.CHANCE)
def _chance(goal: Goal, numbers: Mapping) -> str:
    seen = _whole(numbers["detectable"] * goal.sentences.per)
    return (
        "Dat kan toeval zijn. Het is geen bewijs dat er niets veranderd is: een verschil van "
        f"minder dan ongeveer {seen} op de 100 leerlingen is met deze scholen niet goed te zien."
    )


@says(Why.GUARD)
def _guard(goal: Goal, numbers: Mapping) -> str:
    assert goal.guard is not None  # the reason is only given where there is one
    return f"Maar niet is aangetoond dat het {goal.guard.name.lower()} gelijk bleef."


@says(Why.VERSIONS_MISSING)
def _versions_missing(goal: Goal, numbers: Mapping) -> str:
    names = ", ".join(numbers["missing"])
    return f"Maar niet {_all(numbers['versions'])} zijn te maken (niet: {names})."


@says(Why.VERSIONS_DISAGREE)
def _versions_disagree(goal: Goal, numbers: Mapping) -> str:
    names = ", ".join(numbers["disagreeing"])
    return f"Maar niet {_all(numbers['versions'])} laten dit zien (niet: {names})."


@says(Why.OUTSIDE_MARGIN)
def _outside_margin(goal: Goal, numbers: Mapping) -> str:
    names = ", ".join(numbers["versions"])
    return (
        f"Volgens een deel van de berekeningen ({names}) kan het verschil toch "
        f"{_of_hundred(goal, numbers['margin'])} of meer zijn."
    )


@says(Why.NOT_COMPARABLE)
def _not_comparable(goal: Goal, numbers: Mapping) -> str:
    apart, limit = (write.number(numbers[name], 2) for name in ("apart", "limit"))
    return (
        "Al vóór de start lagen deelnemers en vergelijkbare scholen te ver uit elkaar om te "
        f"vergelijken ({apart} leerling-standaardafwijking; de grens is {limit})."
    )


@says(Why.INTAKE)
def _intake(goal: Goal, numbers: Mapping) -> str:
    return (
        "Maar er kwamen andere leerlingen: "
        f"{_of_hundred(goal, abs(numbers['part']))} van het verschil hoort daarbij, en wat "
        "overblijft is niet zeker."
    )


@says(Why.FEW_BOARDS)
def _few_boards(goal: Goal, numbers: Mapping) -> str:
    return (
        f"De deelnemers horen bij {write.counted(numbers['boards'])} besturen; dat zijn er weinig "
        "om te zien wat besturen uit zichzelf schommelen."
    )


@says(Why.INTAKE_CHANGED)
def _intake_changed(goal: Goal, numbers: Mapping) -> str:
    return (
        f"De schoolweging van deelnemers veranderde met {write.signed(numbers['change'], 1)} punt; "
        f"daarbij hoort {_of_hundred(goal, abs(numbers['part']))} van het verschil."
    )


@says(Why.PUPILS_CHANGED)
def _pupils_changed(goal: Goal, numbers: Mapping) -> str:
    return (
        f"Het aantal getoetste leerlingen van deelnemers veranderde met "
        f"{write.signed(numbers['change'], 0)}%, gerekend tegen andere scholen."
    )


says_plainly(
    {
        Why.FEW_PARTICIPANTS: (
            "Er doen {participants} scholen mee met gegevens van vóór en ná de start. Met minder "
            "dan {needed} scholen is toeval niet uit te sluiten."
        ),
        Why.NO_DECIDING_VERSION: (
            "De berekening die voor dit doel beslist, is met deze gegevens niet te maken."
        ),
        Why.ONLY_CHANCE: "Dat kan toeval zijn. Het is geen bewijs dat er niets veranderd is.",
        Why.SEVERAL_GOALS: (
            "Maar er zijn meer doelen tegelijk bekeken, en dan is dit niet zeker genoeg."
        ),
        Why.SCHOOLS_DIFFER: (
            "Scholen verschillen onderling: sommige gaan vooruit en andere achteruit, meer dan "
            "door toeval te verwachten is."
        ),
        Why.LOOK_NOT_PLANNED: (
            "Maar deze editie was niet gepland: het protocol voorziet in {planned} edities. Wie "
            "blijft kijken, ziet vanzelf een keer een verschil."
        ),
        Why.LOOK: (
            "Maar dit is jaar {look} van {planned}: wie elk jaar kijkt, moet in elk jaar "
            "zekerder zijn, en dit is nog niet zeker genoeg."
        ),
        Why.OWN_PATH: (
            "Maar deze scholen gingen misschien al langer een eigen kant op: wordt die lijn van "
            "vóór de start doorgetrokken, dan is het verschil niet zeker (V5)."
        ),
        Why.LAST_YEAR: (
            "Maar vergeleken met alleen het laatste jaar vóór de start is het verschil niet zeker."
        ),
        Why.ONE_BOARD: (
            "Maar alle deelnemers horen bij één bestuur: wat dat bestuur verder deed, is niet "
            "van het programma te onderscheiden."
        ),
        Why.REGION_HIGHER: (
            "Andere scholen in de eigen regio gingen mee vooruit. Profiteren zij van het "
            "programma, dan is het verschil groter dan V4 laat zien; kwam het door iets anders "
            "in de regio, dan is V4 juist."
        ),
        Why.REGION_LOWER: (
            "De eigen regio als geheel bleef achter bij vergelijkbare scholen elders; V1, V2, V3 "
            "en V5 zijn daardoor te laag."
        ),
    }
)
