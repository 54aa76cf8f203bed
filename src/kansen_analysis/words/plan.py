"""When will we know, said in plain Dutch: what could be seen, what is missing, who has it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from kansen_analysis.goals.plan import Holder, Hurdle, Need, Scenario
from kansen_analysis.goals.protocol import Goal
from kansen_analysis.words import numbers

TITLE = "Wanneer weten we het?"
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
SCENARIOS = {
    Scenario.REGISTER: "scholen in het register",
    Scenario.MORE_SCHOOLS: "met {more} scholen meer",
    Scenario.EARLIER: "met één eerder schooljaar aan cijfers",
    Scenario.EXACT: "met exacte aantallen van de besturen",
}


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
    ('12 tot 16 op de 100 leerlingen', '65 op de 100 leerlingen')
    """
    per = goal.sentences.per
    ends = [math.ceil(round(end * per, 6)) for end in (low, low if high is None else high)]
    first, last = (numbers.number(end, 0) for end in ends)
    return f"{first if first == last else f'{first} tot {last}'} op de 100 leerlingen"


def answer(goal: Goal, rows: pd.DataFrame, *, supplied: bool = True) -> str:
    """Say in one or two sentences when a goal can be answered with the register as it is.

    Parameters
    ----------
    goal : Goal
        The goal.
    rows : pandas.DataFrame
        Its rows of `goals.plan.outlook`; empty for a goal that is context.
    supplied : bool
        False when the rows are about figures that schools would still have to supply.
    """
    if goal.role == "context":
        return _NEVER
    if not len(rows):
        return _no_data(goal)
    if not supplied:
        return f"{_no_data(goal)} Doen zij dat, dan geldt dit. {answer(goal, rows)}"
    own = rows[rows["scenario"] == Scenario.REGISTER]
    told = own[own["code"] == ""]
    if not len(told):
        return _why_not(own.iloc[-1].to_dict())
    first, last = (told.iloc[at].to_dict() for at in (0, -1))
    schools = int(first["schools"])
    text = (
        f"Met {schools} scholen die meetellen is in de uitgave over "
        f"{numbers.school_year(first['year'])} een verschil van {_size(goal, first)} te zien, met "
        "een kans van 80%."
    )
    if len(told) > 1 and _size(goal, first) != _size(goal, last):
        text += (
            f" In de uitgave over {numbers.school_year(last['year'])} is dat {_size(goal, last)}."
        )
    matters = goal.outcome.smallest_difference
    if last["difference"] > matters:
        text += (
            f" Een verschil dat ertoe doet is al {size(goal, matters)}: een kleiner verschil dan "
            "het genoemde kan er dus zijn zonder dat we het zien."
        )
    return text


def _size(goal: Goal, row: Mapping) -> str:
    return size(goal, row["difference"], row["difference_slow"])


def _no_data(goal: Goal) -> str:
    return f"Zonder nieuwe cijfers is dit doel niet te toetsen. {goal.missing}"


def _why_not(row: Mapping) -> str:
    """Say why the register as it is will not give an answer in the editions to come."""
    schools, needed = int(row["schools"]), int(row["needed"])
    count = (
        "geen enkele school"
        if schools == 0
        else f"{schools} scholen"
        if schools > 1
        else ("1 school")
    )
    reasons = {
        Hurdle.NO_START: "Van geen enkele school is bekend in welk schooljaar de school begon.",
        Hurdle.TOO_FEW: (
            f"{count[0].upper()}{count[1:]} {'tellen' if schools > 1 else 'telt'} mee; er zijn er "
            f"minstens {needed} nodig."
        ),
        Hurdle.TOO_SHORT: (
            "Van vóór de start zijn er te weinig schooljaren met cijfers. Wachten "
            "helpt daarbij niet, bestanden van eerdere jaren wel."
        ),
        Hurdle.NOTHING_BESIDE: "Er zijn te weinig vergelijkbare scholen om naast te leggen.",
    }
    first = "Met het register van nu is dit doel de komende jaren niet te toetsen."
    return f"{first} {reasons[row['code']]}"


def helps(goal: Goal, rows: pd.DataFrame) -> list[str]:
    """Say what would help, each with what it gives in the last edition looked at.

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
    last = rows[rows["year"] == rows["year"].max()].set_index(["scenario", "more"])
    year = numbers.school_year(rows["year"].max())
    now = last.loc[(Scenario.REGISTER, 0)]
    # What else would help stands beside the register, or beside the register with schools added.
    lines = []
    for (scenario, more), row in last.iterrows():
        if scenario == Scenario.REGISTER or row["code"]:
            continue
        what = {
            Scenario.MORE_SCHOOLS: f"Komen er {more} scholen bij in het register, met een start in "
            f"{numbers.school_year(rows['year'].min())}",
            Scenario.EARLIER: "Komen er cijfers bij van één eerder schooljaar",
            Scenario.EXACT: "Leveren de besturen exacte aantallen",
        }[scenario]
        base = (
            last.loc[(Scenario.MORE_SCHOOLS, more)]
            if more and scenario != Scenario.MORE_SCHOOLS
            else now
        )
        if scenario != Scenario.MORE_SCHOOLS and more:
            what += f" en {more} scholen in het register"
        gain = f"{what}, dan is in {year} een verschil van {_size(goal, row)} te zien"
        if not base["code"]:
            if row["difference"] > NO_GAIN * base["difference"]:
                gain = f"{what}, dan is in {year} bijna hetzelfde te zien"
            else:
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
    return [
        f"{_need(row)} Wie het weet: {_listed(row['holders'])}." for row in rows.to_dict("records")
    ]


def _need(row: Mapping) -> str:
    number = row["number"]
    schools = "1 school" if number == 1 else f"{number} scholen"
    years = [numbers.school_year(year) for year in row["years"]]
    return {
        Need.STARTS: f"Van {schools} in het register is het startjaar niet bekend.",
        Need.MEMBERS: f"Er {'moet' if number == 1 else 'moeten'} nog minstens {schools} in het "
        "register bij.",
        Need.YEARS: f"Cijfers van vóór de start ontbreken: {' en '.join(years)}.",
        Need.COUNTS: "Sinds 2022-2023 zijn aantallen van 1 tot en met 4 leerlingen afgeschermd; "
        "exacte aantallen per advies ontbreken.",
        Need.PLACES: "Per basisschool ontbreekt waar oud-leerlingen in leerjaar 3 zitten.",
        Need.CARE: "Gebruik van jeugdhulp en speciaal onderwijs per basisschool ontbreekt.",
    }[row["need"]]


def _listed(codes: Sequence[str]) -> str:
    names = [_HOLDERS[Holder(code)] for code in codes]
    if len(names) == 1:
        return names[0]
    comma = "," if "," in names[-2] else ""
    return f"{', '.join(names[:-1])}{comma} en {names[-1]}"


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
OWN_FIGURES = (
    "Een school kan haar eigen cijfers over leerjaar 3 vinden in het jaarlijkse rapport dat het "
    "Nationaal Cohortonderzoek Onderwijs (NCO) voor elke school maakt, in Vensters (Doorstroom PO) "
    "en in wat vo-scholen terugmelden. Er is een invulblad: `kansen leerjaar3 template`."
)
