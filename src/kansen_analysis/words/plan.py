"""When will we know, said in plain Dutch: what could be seen, what is missing, who has it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from kansen_analysis.goals.codes import Holder, Hurdle, Need, Scenario
from kansen_analysis.goals.protocol import Goal, Protocol
from kansen_analysis.sources.rows import Row
from kansen_analysis.words import numbers

TITLE = "Wanneer weten we het?"
ALL = 100  # of every hundred: more than each pupil one step
NO_GAIN = 0.97  # of a difference: so near is told as the same
_NEVER = (
    "Met openbare cijfers is dit doel nooit per school te toetsen. De cijfers gaan over alle "
    "kinderen in een gemeente, niet over één school."
)
_HOLDERS = {
    Holder.PROGRAMME: "het programma, dat het register bijhoudt",
    Holder.SCHOOLS: "de scholen",
    Holder.BOARDS: "de schoolbesturen",
    Holder.SECONDARY: "de vo-scholen, die terugmelden waar oud-leerlingen zitten",
    Holder.PUBLISHERS: "DUO en de Inspectie, in openbare bestanden van die jaren",
    Holder.CBS: "het CBS, alleen voor onderzoekers met toestemming",
    Holder.MUNICIPALITIES: "de gemeenten",
    Holder.SUPPORT: "de samenwerkingsverbanden passend onderwijs",
}


def of_hundred(goal: Goal, difference: float) -> int:
    """Return a difference in pupils of every hundred, rounded up."""
    return math.ceil(round(difference * goal.sentences.per, 6))


def own_figures() -> str:
    """Say where a school finds where its former pupils are in leerjaar 3.

    Examples
    --------
    >>> "NCO" in own_figures() and "vo-scholen" in own_figures()
    True
    """
    return (
        "Een school kan haar eigen cijfers krijgen. Het Nationaal Cohortonderzoek Onderwijs (NCO) "
        "maakt elk jaar een rapport per vestiging, ook over oud-leerlingen in het voortgezet "
        "onderwijs; het schoolbestuur krijgt een brief om het op te halen. Daarnaast melden "
        "vo-scholen terug waar oud-leerlingen zitten. Er is een formulier om de cijfers in te "
        "vullen; vraag het aan wie deze monitor maakt."
    )


def places_need() -> str:
    """Say in one sentence what goal 3 waits for.

    Examples
    --------
    >>> "formulier" in places_need()
    True
    """
    return (
        "cijfers die scholen zelf hebben, zoals het rapport dat het NCO voor elke school maakt. "
        "Er is een formulier."
    )


def size(goal: Goal, low: float, high: float | None = None) -> str:
    """Write a difference in pupils of every hundred, rounded up: less than it is not promised.

    Parameters
    ----------
    goal : Goal
        Its sentences turn the unit into pupils.
    low, high : float
        In the unit of the outcome; the cautious end may be left out.

    Examples
    --------
    >>> from kansen_analysis.goals.protocol import load_protocol
    >>> size(load_protocol().goal(1), 11.4, 15.2), size(load_protocol().goal(2), 0.65)
    ('12 tot 16 op de 100 leerlingen', 'één stap bij 65 op de 100 leerlingen')
    """
    ends = [of_hundred(goal, end) for end in (low, low if high is None else high)]
    if ends[0] >= ALL:
        return "gemiddeld één stap per leerling of meer"
    first, last = (numbers.number(end, 0) for end in ends)
    step = "één stap bij " if goal.sentences.per == ALL else ""
    return f"{step}{first if first == last else f'{first} tot {last}'} op de 100 leerlingen"


def answer(goal: Goal, rows: pd.DataFrame) -> str:
    """Say in one or two sentences when a goal can be answered with the register as it is.

    Parameters
    ----------
    goal : Goal
        The goal.
    rows : pandas.DataFrame
        Its rows of `goals.plan.outlook`; empty for a goal that is context. Where they are about
        figures that schools would still have to supply, ``supplied`` is False.
    """
    if goal.role == "context":
        return _NEVER
    if not len(rows):
        return _no_data(goal)
    if "supplied" in rows and not rows["supplied"].all():
        own = answer(goal, rows.drop(columns="supplied"))
        return f"{_no_data(goal)} {_IF_SUPPLIED} {own}"
    own = rows[rows["scenario"] == Scenario.REGISTER]
    told = own[own["code"] == ""]
    if not len(told):
        return _why_not(own.iloc[-1].to_dict())
    first, best = told.iloc[0], _sharpest(told)
    schools = int(first["schools"])
    text = (
        f"Met {schools} scholen die meetellen is in de uitgave over "
        f"{numbers.school_year(first['year'])} een verschil van {_size(goal, first)} te zien, met "
        "een kans van 80%."
    )
    if _size(goal, first) != _size(goal, best):
        text += (
            f" In de uitgave over {numbers.school_year(best['year'])} is dat {_size(goal, best)}."
        )
    matters = goal.outcome.smallest_difference
    if best["difference"] > matters:
        text += (
            f" Een verschil dat ertoe doet is al {size(goal, matters)}: een kleiner verschil dan "
            "het genoemde kan er dus zijn zonder dat we het zien."
        )
    return text


def _sharpest(rows: pd.DataFrame) -> pd.Series:
    """Return the edition in which the smallest difference can be seen."""
    return rows.iloc[int(rows["difference"].argmin())]


def _size(goal: Goal, row: Row) -> str:
    return size(goal, row["difference"], row["difference_slow"])


def _no_data(goal: Goal) -> str:
    return f"Zonder nieuwe cijfers is dit doel niet te toetsen. {goal.missing}"


def not_yet(goal: Goal, rows: pd.DataFrame) -> str:
    """Say in one sentence why a goal cannot be tested yet, for a card.

    Parameters
    ----------
    goal, rows
        As for `answer`.
    """
    missing_first = goal.missing.partition(". ")[0].rstrip(".") + "."
    if goal.role == "context" or not len(rows) or not rows["supplied"].all():
        return missing_first
    code = rows[rows["scenario"] == Scenario.REGISTER].iloc[0]
    return _reason(code) if code["code"] else missing_first


def _why_not(row: Row) -> str:
    """Say why the register as it is will not give an answer in the editions to come."""
    text = f"Met het register van nu is dit doel de komende jaren niet te toetsen. {_reason(row)}"
    if row["code"] == Hurdle.TOO_SHORT:
        text += " Wachten helpt daarbij niet, bestanden van eerdere jaren wel."
    return text


def _reason(row: Row) -> str:
    schools, needed = int(row["schools"]), int(row["needed"])
    count = f"{schools} scholen tellen" if schools != 1 else "1 school telt"
    return {
        Hurdle.NO_START: "Van geen enkele school is bekend of en wanneer zij begon.",
        Hurdle.TOO_FEW: f"{count} mee; er zijn er minstens {needed} nodig.",
        Hurdle.TOO_SHORT: "Van vóór de start zijn er te weinig schooljaren met cijfers.",
        Hurdle.NOTHING_BESIDE: "Er zijn te weinig vergelijkbare scholen om naast te leggen.",
    }[row["code"]]


def helps(goal: Goal, rows: pd.DataFrame) -> list[str]:
    """Say what would help, each with what it gives in the edition that shows most.

    Parameters
    ----------
    goal, rows
        As for `answer`.

    Returns
    -------
    list of str
        One sentence per scenario that gives or improves an answer.
    """
    if not len(rows):
        return []
    found = {
        key: _sharpest(part)
        for key, part in rows[rows["code"] == ""].groupby(["scenario", "more"], sort=False)
    }
    start = numbers.school_year(rows["year"].min())
    lines = []
    for (scenario, more), row in found.items():
        if scenario == Scenario.REGISTER:
            continue
        # It stands beside the register, or beside the register with schools added.
        joins = f"Komen er {more} scholen bij in het register, met een start in {start}"
        what = {
            Scenario.MORE_SCHOOLS: joins,
            Scenario.EARLIER: "Komen er cijfers bij van één eerder schooljaar",
            Scenario.EXACT: "Leveren de besturen exacte aantallen",
        }[Scenario(str(scenario))]
        beside = (Scenario.REGISTER, 0)
        if more and scenario != Scenario.MORE_SCHOOLS:
            what += f" en komen er {more} scholen bij in het register"
            beside = (Scenario.MORE_SCHOOLS, more)
        gain = (
            f"{what}, dan is in de uitgave over {numbers.school_year(row['year'])} een verschil "
            f"van {_size(goal, row)} te zien"
        )
        base = found.get(beside)
        if base is not None and row["difference"] > NO_GAIN * base["difference"]:
            gain = f"{what}, dan is bijna hetzelfde te zien"
        elif base is not None and _size(goal, base) != _size(goal, row):
            gain += f", in plaats van {_size(goal, base)}"
        lines.append(f"{gain}.")
    return lines


def missing(rows: pd.DataFrame) -> list[str]:
    """Say what is missing for one goal and who has it.

    Parameters
    ----------
    rows : pandas.DataFrame
        The rows of one goal of `goals.plan.needs`.

    Examples
    --------
    >>> row = {"need": Need.STARTS, "number": 3, "years": [], "holders": (Holder.PROGRAMME,)}
    >>> print(missing(pd.DataFrame([row]))[0])
    Van 3 scholen in het register is het startjaar niet bekend. Wie het weet: het programma, dat
    het register bijhoudt.
    """
    told = [need(row) for row in rows.to_dict("records")]
    return [f"{what} Wie het weet: {who}." for what, who in told]


def need(row: Row) -> tuple[str, str]:
    """Say what is missing, and who has it.

    Parameters
    ----------
    row : mapping
        A row of `goals.plan.needs`.
    """
    return _need(row), _listed(row["holders"])


def _need(row: Row) -> str:
    number = row["number"]
    schools = "1 school" if number == 1 else f"{number} scholen"
    years = [numbers.school_year(year) for year in row["years"]]
    return {
        Need.STARTS: f"Van {schools} in het register is het startjaar niet bekend.",
        Need.MEMBERS: f"Er {'moet' if number == 1 else 'moeten'} nog minstens {schools} in het "
        "register bij.",
        Need.AREA: f"In het werkgebied {'staat' if number == 1 else 'staan'} {schools}, minder dan "
        "een toets vraagt.",
        Need.YEARS: f"Cijfers van vóór de start ontbreken: {' en '.join(years)}.",
        Need.COUNTS: "Sinds 2022-2023 zijn aantallen van 1 tot en met 4 leerlingen afgeschermd; "
        "exacte aantallen per advies ontbreken.",
        Need.PLACES: "Per basisschool ontbreekt waar oud-leerlingen in leerjaar 3 zitten.",
        Need.CARE: "Gebruik van jeugdhulp en speciaal onderwijs per basisschool ontbreekt.",
    }[row["need"]]


SERIES = {
    Scenario.REGISTER: "register van nu",
    Scenario.MORE_SCHOOLS: "{more} scholen erbij",
    Scenario.EARLIER: "één eerder schooljaar erbij",
    Scenario.EXACT: "exacte aantallen erbij",
}
MATTERS = "verschil dat ertoe doet"


def as_text(protocol: Protocol, outlook: pd.DataFrame, needs: pd.DataFrame) -> str:
    """Write the whole answer for a terminal.

    Parameters
    ----------
    protocol : Protocol
    outlook, needs : pandas.DataFrame
        As `goals.plan` gives them, of all goals.
    """
    lines = []
    for goal in protocol.goals:
        rows, lacking = (each[each["goal"] == goal.id] for each in (outlook, needs))
        lines.append(f"{goal.id}. {goal.name}: {answer(goal, rows)}")
        lines += [f"   - {each}" for each in (*helps(goal, rows), *missing(lacking))]
    return "\n".join(lines)


def series(scenario: str, more: int) -> str:
    """Name a scenario in a figure.

    Examples
    --------
    >>> series(Scenario.MORE_SCHOOLS, 10), series(Scenario.EXACT, 10)
    ('10 scholen erbij', '10 scholen en exacte aantallen erbij')
    """
    if more and scenario != Scenario.MORE_SCHOOLS:
        return f"{more} scholen en {SERIES[Scenario(scenario)]}"
    return SERIES[Scenario(scenario)].format(more=more)


def unit(goal: Goal) -> str:
    """Return the unit of a difference, in pupils of every hundred."""
    return "stappen per 100 leerlingen" if goal.sentences.per == ALL else "per 100 leerlingen"


def soonest(rows: pd.DataFrame) -> pd.Series | None:
    """Return what a card says of the editions to come: with the register of now, else with more.

    Parameters
    ----------
    rows
        As for `answer`; None without an edition in which anything can be seen.
    """
    told = rows[rows["code"] == ""] if len(rows) else rows
    if not len(told):
        return None
    own = told[told["scenario"] == Scenario.REGISTER]
    more = told[told["scenario"] == Scenario.MORE_SCHOOLS]
    return _sharpest(next(each for each in (own, more, told) if len(each)))


def in_short(goal: Goal, rows: pd.DataFrame) -> str:
    """Say in one sentence when a goal can be answered, for a card.

    Parameters
    ----------
    goal, rows
        As for `answer`.
    """
    if goal.role == "context":
        return "Met openbare cijfers nooit per school te toetsen."
    best = soonest(rows)
    wide = rows[rows["scenario"] == Scenario.MORE_SCHOOLS] if len(rows) else rows
    if best is None and len(wide) and (wide["code"] == Hurdle.TOO_FEW).all():
        return "Ook met alle scholen in het werkgebied erbij zijn het er te weinig."
    if best is None:
        return "Wanneer dat wel kan, is nog niet te zeggen: zie wat er ontbreekt."
    given = [] if rows["supplied"].all() else ["die cijfers"]
    if best["more"]:
        given.append(f"{int(best['more'])} scholen erbij")
    first = f"Met {' en '.join(given)} is" if given else "Te zien is"
    return (
        f"{first} in de uitgave over {numbers.school_year(best['year'])} een verschil van "
        f"{_size(goal, best)}{' te zien' if given else ''}."
    )


def headline(goal: Goal, rows: pd.DataFrame) -> str:
    """Say what the figure of the coming editions shows, in one sentence.

    Parameters
    ----------
    goal, rows
        As for `answer`; at least one edition can show something.
    """
    told = rows[rows["code"] == ""]
    own = told[told["scenario"] == Scenario.REGISTER]
    more = told[told["scenario"] == Scenario.MORE_SCHOOLS]
    if len(own):
        best = _sharpest(own)
        return (
            f"Met de {int(best['schools'])} scholen die meetellen is een verschil van "
            f"{_size(goal, best)} te zien"
        )
    if len(more):
        best = _sharpest(more)
        return (
            f"Met het register van nu niet te zien; met {int(best['more'])} scholen erbij een "
            f"verschil van {_size(goal, best)}"
        )
    return "Met het register van nu niet te zien; andere cijfers helpen"


def planned(last: int) -> str:
    """Say until when the protocol has planned editions.

    Parameters
    ----------
    last : int
        School year of the last planned edition.
    """
    return (
        f"Het protocol voorziet in uitgaven tot en met {numbers.school_year(last)}. Voor latere "
        "jaren is gerekend met de grens van die laatste; een oordeel in die jaren vraagt eerst een "
        "nieuw protocol."
    )


def _listed(codes: Sequence[str]) -> str:
    names = [_HOLDERS[Holder(code)] for code in codes]
    if len(names) == 1:
        return names[0]
    comma = "," if "," in names[-2] else ""
    return f"{', '.join(names[:-1])}{comma} en {names[-1]}"


_IF_SUPPLIED = (
    "Als deze scholen en vergelijkbare scholen dat doen, ook over leerlingen van vóór de start, "
    "geldt het volgende."
)
HOW = (
    "De berekening gaat uit van de scholen in het register, hun startjaar en aantal leerlingen, en "
    "van hoeveel uitslagen van jaar op jaar vanzelf schommelen. Getallen zijn naar boven "
    "afgerond. Twee getallen: het eerste geldt als schommelingen elk jaar nieuw zijn, het tweede "
    "als scholen langzaam verschuiven. Een kleiner verschil kan er zijn zonder dat we het zien."
)
FROM_METHODS = (
    "Hoeveel uitslagen schommelen is met deze bestanden niet te meten; de waarden komen uit "
    "landelijke bestanden die eerder zijn doorgerekend."
)
