"""What is seen of a group without a verdict, said in plain Dutch: *beeld, geen oordeel*."""

from __future__ import annotations

import pandas as pd

from kansen_analysis.sources.rows import Row
from kansen_analysis.words import numbers

TITLE = "Wat we wel zien"
WHOSE = {"register": "in het register", "area": "in het werkgebied"}
GROUPS = {  # of `edition.answers`
    "register": "scholen in het register",
    "area": "scholen in het werkgebied",
    "alike": "vergelijkbare scholen",
    "country": "alle scholen in het land",
}
NOT_A_VERDICT = "Beeld, geen oordeel."
_SAID = {  # per goal: the clause of one group, with {n}, {schools} and {value}
    1: "haalden {n} leerlingen op {schools} {value} van de streefniveaus",
    2: "was het gemiddelde advies van {n} leerlingen op {schools} {value}, op een schaal van 0 "
    "(pro) tot 9 (vwo)",
    3: "zat {value} van {n} oud-leerlingen van {schools} in leerjaar 3 niet onder het advies",
    4: "kreeg {value} van {n} leerlingen op {schools} een advies voor vso of praktijkonderwijs",
}
_CARD = {
    1: "{value} van de streefniveaus gehaald",
    2: "gemiddeld advies {value} op een schaal van 0 tot 9",
    3: "{value} niet onder het advies",
    4: "{value} van de adviezen voor vso of praktijkonderwijs",
}
_DECIMALS = {1: 0, 2: 1, 3: 0, 4: 1}
HIDDEN = "Twee getallen: kleine aantallen zijn afgeschermd; het juiste getal ligt ertussen."
DRAWN = (
    "Staand streepje: wat bij zo weinig leerlingen door toeval of afscherming ook kan.",
    "Waar aantallen zijn afgeschermd, staat het punt midden tussen laagst en hoogst mogelijk.",
    "Een lijn verbindt alleen jaren met dezelfde scholen.",
)
FEW = 200  # pupils: so few that chance is named first


def value(goal: int, low: float, high: float) -> str:
    """Write a level, with two ends where hidden counts leave a range.

    Examples
    --------
    >>> value(1, 54.04, 54.04), value(2, 4.26, 6.38)
    ('54%', '4,3 tot 6,4')
    """
    text = numbers.to(low, high, _DECIMALS[goal])
    return text if goal == 2 else f"{text}%"


def latest(goal: int, rows: pd.DataFrame, own: str, whose: str) -> str:
    """Say the latest level of the participants, beside that of the other groups in that year.

    Parameters
    ----------
    goal : int
        The goal.
    rows : pandas.DataFrame
        Its table of `outcomes.seen.by_goal`.
    own : str
        The group of the participants.
    whose : str
        Which schools they are: ``in het register``, or what else the page calls them.

    Returns
    -------
    str
        Empty when the participants have no figure.

    Examples
    --------
    >>> row = {"group": "deelnemers", "year": 2024, "low": 54.0, "high": 54.0, "chance_low": 41.3}
    >>> row |= {"chance_high": 66.4, "n_low": 66, "n_high": 66, "schools": 4, "without": 1}
    >>> print(latest(1, pd.DataFrame([row]), "deelnemers", "in het register"))
    In 2024-2025 haalden 66 leerlingen op 4 scholen in het register 54% van de streefniveaus. Met
    zo weinig leerlingen kan het door toeval ook 41 tot 66% zijn. Van 1 school is er geen cijfer.
    """
    mine = rows[rows["group"] == own]
    if not len(mine):
        return ""
    row = mine.iloc[-1].to_dict()
    said = _SAID[goal].format(
        n=_count(row), schools=_schools(row["schools"], whose), value=_of(goal, row)
    )
    parts = [f"In {numbers.school_year(row['year'])} {said}."]
    if pd.notna(row["chance_low"]):
        chance = value(goal, row["chance_low"], row["chance_high"])
        few = (
            "Met zo weinig leerlingen kan het door toeval"
            if row["n_low"] < FEW
            else ("Door toeval kan het")
        )
        if chance != _of(goal, row):
            parts.append(f"{few} ook {chance} zijn.")
    if row["without"]:
        parts.append(f"Van {_schools(row['without'])} is er geen cijfer.")
    others = rows[(rows["group"] != own) & (rows["year"] == row["year"])]
    beside = [f"{each['group']} {_of(goal, each)}" for each in others.to_dict("records")]
    if beside:
        parts.append(f"Ernaast: {', '.join(beside)}.")
    return " ".join(parts)


def headline(goal: int, row: Row, whose: str) -> str:
    """Say the level of one group in one sentence, with its n.

    Parameters
    ----------
    goal : int
        The goal.
    row : mapping
        A row of `outcomes.seen.by_goal`.
    whose : str
        As for `latest`.

    Examples
    --------
    >>> row = {"year": 2024, "low": 54.04, "high": 54.04, "n_low": 66, "n_high": 66, "schools": 4}
    >>> headline(1, row, "in het register")
    'In 2024-2025 haalden 66 leerlingen op 4 scholen in het register 54% van de streefniveaus'
    """
    said = _SAID[goal].format(
        n=_count(row), schools=_schools(row["schools"], whose), value=_of(goal, row)
    )
    return f"In {numbers.school_year(row['year'])} {said}"


def unit(goal: int) -> str:
    """Return the unit of a level, for a table."""
    return "op een schaal van 0 tot 9" if goal == 2 else "%"


def in_short(goal: int, rows: pd.DataFrame, own: str, whose: str = "") -> str:
    """Say the latest level beside that of the others, for a card.

    Parameters
    ----------
    goal, rows, own, whose
        As for `latest`.

    Examples
    --------
    >>> row = {"group": "deelnemers", "year": 2024, "low": 54.0, "high": 54.0, "schools": 4}
    >>> print(in_short(1, pd.DataFrame([row | {"n_low": 66, "n_high": 66}]), "deelnemers"))
    54% van de streefniveaus gehaald in 2024-2025 (66 leerlingen, 4 scholen).
    """
    mine = rows[rows["group"] == own]
    if not len(mine):
        return ""
    row = mine.iloc[-1]
    said = _CARD[goal].format(value=_of(goal, row))
    text = (
        f"{said} in {numbers.school_year(row['year'])} ({_count(row)} leerlingen, "
        f"{_schools(row['schools'], whose)})"
    )
    others = rows[(rows["group"] != own) & (rows["year"] == row["year"])]
    beside = [f"{each['group']} {_of(goal, each)}" for each in others.to_dict("records")]
    return f"{text}; {', '.join(beside)}." if beside else f"{text}."


def change(goal: int, row: Row, whose: str) -> str:
    """Say how a group moved, on the schools that have a figure in both years.

    Parameters
    ----------
    goal : int
        The goal (a share: 1, 3 or 4).
    row : mapping
        A row of `outcomes.seen.group_changes`.
    whose : str
        As for `latest`.
    """
    years = [numbers.school_year(row[name]) for name in ("from_year", "year")]
    ends = [
        value(goal, row["from_low"], row["from_high"]),
        value(goal, row["low"], row["high"]),
    ]
    text = (
        f"Op {_schools(row['schools'], whose)} met cijfers in beide jaren ging het van {ends[0]} "
        f"in {years[0]} naar {ends[1]} in {years[1]}."
    )
    if row["chance_low"] <= 0 <= row["chance_high"]:
        text += " Dat kan toeval zijn."
    if row["over_break"]:
        text += " In 2023-2024 kwam er een nieuwe toets; ook daardoor kan het verschillen."
    return text


def signal(rows: pd.DataFrame) -> str:
    """Say how many schools stand where beside their signaleringswaarde, and how sure that is.

    Parameters
    ----------
    rows : pandas.DataFrame
        As `outcomes.seen.beside_signal`.
    """
    known = rows[rows["standing"] != "onbekend"]
    if not len(known):
        return ""
    above = int((known["standing"] == "boven").sum())
    year = numbers.school_year(known["year"].iloc[0])
    text = (
        f"Over de drie schooljaren tot en met {year} {'ligt' if above == 1 else 'liggen'} "
        f"{above} van de {len(known)} scholen boven de eigen signaleringswaarde."
    )
    if unsure := int((~known["sure"]).sum()):
        which = "school is" if unsure == 1 else "scholen is"
        text += (
            f" Bij {unsure} {which} het verschil met die grens zo klein dat het toeval kan zijn."
        )
    return text


def _of(goal: int, row: Row) -> str:
    return value(goal, row["low"], row["high"])


def _count(row: Row) -> str:
    return numbers.to(int(row["n_low"]), int(row["n_high"]))


def _schools(count: int, whose: str = "") -> str:
    text = "1 school" if count == 1 else f"{numbers.number(int(count), 0)} scholen"
    return f"{text} {whose}".strip()
