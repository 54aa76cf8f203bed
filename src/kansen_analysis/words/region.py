"""What `kansen_analysis.outcomes.region` found, said in plain Dutch."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

import pandas as pd

from kansen_analysis.outcomes.region import BACK, FACTS, SMALL_SCHOOL
from kansen_analysis.sources.rows import Row
from kansen_analysis.words import numbers

COUNTRY = "heel Nederland"
NOTHING = "De bestanden van deze uitgave zeggen niets over de regio."
LOWEST = "Waar kleine aantallen zijn afgeschermd, staat het laagste aantal dat mogelijk is."


@dataclass(frozen=True)
class Words:
    """How one fact is said, a row of facts.csv.

    Parameters
    ----------
    label : str
        In a table.
    clause : str
        After the time: a verb first, with ``{place}``, ``{value}`` and ``{n}``.
    decimals : int
        Digits behind the comma of the value.
    plural : bool
        The value is a number of things: *waren dat er*, else *was dat*.
    when : str
        ``day`` (1 October), ``year`` (school year), ``three`` (three school years) or ``next``
        (from one school year to the next).
    note : str
        What is meant, for below a table.
    """

    label: str
    clause: str
    decimals: int
    plural: bool
    when: str
    note: str


def _words() -> dict[str, Words]:
    with (resources.files(__package__) / "facts.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    small = str(SMALL_SCHOOL)
    return {
        row["key"]: Words(
            label=row["label"].replace("{small}", small),
            clause=row["clause"].replace("{small}", small),
            decimals=int(row["decimals"]),
            plural=row["plural"] == "yes",
            when=row["when"],
            note=row["note"],
        )
        for row in rows
    }


WORDS: Mapping[str, Words] = _words()


def when(fact: str, year: int) -> str:
    """Say what time a figure is about.

    Examples
    --------
    >>> when("scholen", 2025), when("afstroom", 2023)
    ('op 1 oktober 2025', 'van 2023-2024 op 2024-2025')
    >>> when("onder_signaal", 2024)
    'in de drie schooljaren tot en met 2024-2025'
    """
    kind = WORDS[fact].when
    label = numbers.school_year(year)
    if kind == "day":
        return f"op 1 oktober {year}"
    if kind == "next":
        return f"van {label} op {numbers.school_year(year + 1)}"
    return f"in de drie schooljaren tot en met {label}" if kind == "three" else f"in {label}"


def value(fact: str, low: float, high: float) -> str:
    """Write a figure with its unit; two ends where hidden counts leave a range.

    Examples
    --------
    >>> value("kleine_scholen", 10.67, 10.67), value("advies_havo", 25.7, 59.3)
    ('11%', '26 tot 59%')
    >>> value("kleine_scholen", 0, 0), value("kleine_scholen", 0.4, 0.4)
    ('0%', 'minder dan 1%')
    """
    decimals = WORDS[fact].decimals
    share = FACTS[fact].form == "share"
    if share and low == high < 10**-decimals / 2:
        return f"minder dan {numbers.number(10**-decimals, decimals)}%" if high else "0%"
    return numbers.to(low, high, decimals) + ("%" if share else "")


def sentence(row: Row) -> str:
    """Say a fact that `outcomes.region.notable` chose, beside what it was chosen for.

    Parameters
    ----------
    row : mapping
        A row of `notable`.

    Returns
    -------
    str
        Two sentences: the figure with its n, and the country or the earlier year.

    Examples
    --------
    >>> row = {"fact": "kleine_scholen", "place": "Drenthe", "year": 2025, "low": 10.67}
    >>> row |= {"high": 10.67, "n_low": 253, "n_high": 253, "rule": "country"}
    >>> sentence(row | {"other_year": 2025, "other_low": 3.26, "other_high": 3.26})
    'Op 1 oktober 2025 had 11% van de 253 basisscholen in Drenthe minder dan 50 leerlingen. In heel
    Nederland was dat 3%.'
    """
    fact = row["fact"]
    about = WORDS[fact]
    said = _clause(row)
    time = when(fact, int(row["year"]))
    first = f"{numbers.capital(time)} {said}."
    was = "waren dat er" if about.plural else "was dat"
    other = value(fact, row["other_low"], row["other_high"])
    if row["other_high"] == 0 and _OF in about.clause:
        was, other = "waren dat er", "geen"
    if row["rule"] == "country":
        return f"{first} In {COUNTRY} {was} {other}."
    then = when(fact, int(row["other_year"]))
    second = f"{numbers.capital(then)} {was} {other}"
    if FACTS[fact].form == "count":
        second += f": {_more(row['gap_low'], row['gap_high'])}"
    return f"{first} {second}."


def counted(row: Row) -> str:
    """Say what a number in a row of key numbers counts, with its time.

    Examples
    --------
    >>> counted({"fact": "scholen", "year": 2024})
    'basisscholen op 1 oktober 2024'
    """
    label = WORDS[row["fact"]].label
    return f"{label[0].lower()}{label[1:]} {when(row['fact'], int(row['year']))}"


_OF = "{value} van de {n}"


def _clause(row: Row) -> str:
    """Say a figure of a place without its time; none of the schools is said as none."""
    clause, said = WORDS[row["fact"]].clause, value(row["fact"], row["low"], row["high"])
    return clause.format(
        place=row["place"],
        value="geen" if row["high"] == 0 and _OF in clause else said,
        n=_count(row["n_low"], row["n_high"]),
    )


def headline(row: Row, country: Row | None, *, dated: bool = False) -> str:
    """Say a fact beside the country, for above a figure.

    Parameters
    ----------
    row, country : mapping
        Rows of `outcomes.region.region_facts`, the second about the country.
    dated : bool
        Begin with the time: of years long gone the subtitle alone is too quiet.

    Examples
    --------
    >>> row = {"fact": "kleine_scholen", "place": "Drenthe", "low": 10.67, "high": 10.67}
    >>> row |= {"n_low": 253, "n_high": 253}
    >>> headline(row, {"low": 3.26, "high": 3.26})
    'In Drenthe had 11% van de 253 basisscholen minder dan 50 leerlingen; in heel Nederland 3%'
    """
    said = _clause(row)
    # The place first: the time stands in the subtitle.
    text = f"In {row['place']} {said.replace(' in ' + row['place'], '', 1)}"
    if dated:
        time = when(row["fact"], int(row["year"]))
        text = f"{time[0].upper()}{time[1:]} {said}"
    if country is None:
        return text
    return f"{text}; in {COUNTRY} {value(row['fact'], country['low'], country['high'])}"


def grown(first: Row, last: Row) -> str:
    """Say how a number changed between two years, for above a figure.

    Examples
    --------
    >>> one = {"place": "Drenthe", "year": 2019, "low": 39026, "high": 39026}
    >>> grown(one, one | {"year": 2024, "low": 36818, "high": 36818}).replace("\u202f", ".")
    'Op 1 oktober 2024 zaten in Drenthe 36.818 leerlingen op basisscholen, 6% minder dan in 2019'
    """
    change = 100 * (last["low"] / first["high"] - 1)
    size = numbers.number(abs(change), 0)
    moved = "bijna evenveel als" if size == "0" else f"{size}% {'meer' if change > 0 else 'minder'}"
    than = "" if size == "0" else " dan"
    return (
        f"Op 1 oktober {int(last['year'])} zaten in {last['place']} "
        f"{numbers.number(int(last['low']), 0)} leerlingen op basisscholen, "
        f"{moved}{than} in {int(first['year'])}"
    )


def _more(low: float, high: float) -> str:
    """Say how much a number grew or shrank since, in percent."""
    ends = sorted(numbers.number(abs(end), 0) for end in (low, high))
    size = ends[0] if ends[0] == ends[1] else f"{ends[0]} tot {ends[1]}"
    if size == "0":
        return "nu bijna evenveel"
    return f"nu {size}% {'meer' if low > 0 else 'minder'}"


def _count(low, high) -> str:
    return numbers.to(int(low), int(high))


def rule(places: int) -> str:
    """Say how the facts that are told were chosen.

    Parameters
    ----------
    places : int
        Number of municipalities that are the yardstick.
    """
    return (
        "Welke feiten hier staan, kiest een vaste regel: wat het verst van het land af ligt, en "
        f"wat in ongeveer {numbers.number(BACK, 0)} jaar het meest veranderde. De maat is hoe "
        f"ver gemeenten uiteen liggen ({numbers.number(places, 0)} gemeenten). Feiten over minder "
        "dan 10 scholen of 100 leerlingen staan er niet bij. Scholen staan nooit op volgorde."
    )


def table(facts: pd.DataFrame) -> pd.DataFrame:
    """Write facts as rows for a file: what, where and when in words, the rest as numbers.

    Values are rounded as a page rounds them, so that a file gives no more away.

    Parameters
    ----------
    facts : pandas.DataFrame
        As `outcomes.region.region_facts` returns them.
    """
    rows = facts.to_dict("records")
    return pd.DataFrame(
        {
            "what": [WORDS[row["fact"]].label for row in rows],
            "place": [row["place"] for row in rows],
            "when": [when(row["fact"], int(row["year"])) for row in rows],
            "low": [_figure(row, "low") for row in rows],
            "high": [_figure(row, "high") for row in rows],
            "unit": [row["unit"] for row in rows],
            "n_low": [int(row["n_low"]) for row in rows],
            "n_high": [int(row["n_high"]) for row in rows],
            "per": [row["per"] for row in rows],
            "source": [row["source"] for row in rows],
        }
    )


def _figure(row: Row, end: str) -> float:
    return float(numbers.rounded(row[end], WORDS[row["fact"]].decimals) or 0)


def over(row: Row) -> str:
    """Say over how many schools or pupils a figure is."""
    one = {"scholen": "school", "leerlingen": "leerling"}[FACTS[row["fact"]].per]
    noun = one if row["n_low"] == row["n_high"] == 1 else FACTS[row["fact"]].per
    return f"{_count(row['n_low'], row['n_high'])} {noun}"
