"""What `kansen_analysis.outcomes.region` found, said in plain Dutch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from kansen_analysis.outcomes.region import BACK, FACTS, SMALL_SCHOOL
from kansen_analysis.sources.rows import Row
from kansen_analysis.words import numbers

COUNTRY = "heel Nederland"
NOTHING = "De bestanden van deze uitgave zeggen niets over de regio."
LOWEST = "Waar kleine aantallen zijn afgeschermd, staat het laagste aantal dat mogelijk is."


@dataclass(frozen=True)
class Words:
    """How one fact is said.

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
    decimals: int = 0
    plural: bool = False
    when: str = "year"
    note: str = ""


_LOW = (
    "Lage schoolweging: de school hoort bij de 20% van alle scholen in het land met de laagste "
    "schoolweging van dat jaar. Hoe lager de weging, hoe meer kansen kinderen thuis krijgen."
)
_HIGH = (
    "Schoolweging boven het midden: de school hoort bij de 40% van alle scholen in het land met de "
    "hoogste schoolweging van dat jaar."
)
_MOVED = "Naar de gemeente van de vo-school, niet die van de leerling."
_HIDDEN = "Twee getallen: kleine aantallen zijn afgeschermd (‘<5’); het juiste getal ligt ertussen."
WORDS: Mapping[str, Words] = {
    "scholen": Words("Basisscholen", "telde {place} {value} basisscholen", plural=True, when="day"),
    "leerlingen": Words(
        "Leerlingen op basisscholen",
        "zaten in {place} {value} leerlingen op de basisschool",
        plural=True,
        when="day",
    ),
    "leerlingen_per_school": Words(
        "Leerlingen per basisschool",
        "had een basisschool in {place} gemiddeld {value} leerlingen ({n} scholen)",
        plural=True,
        when="day",
    ),
    "kleine_scholen": Words(
        f"Basisscholen met minder dan {SMALL_SCHOOL} leerlingen",
        "had {value} van de {n} basisscholen in {place} minder dan "
        f"{SMALL_SCHOOL} leerlingen",
        when="day",
    ),
    "schoolweging": Words(
        "Schoolweging, gemiddeld over de leerlingen",
        "was de schoolweging in {place} gemiddeld {value} ({n} leerlingen)",
        decimals=1,
        note="Schoolweging: hoe hoger, hoe meer kinderen thuis minder kans op een goede start "
        "hebben.",
    ),
    "lage_schoolweging": Words(
        "Basisscholen met een lage schoolweging",
        "had {value} van de {n} basisscholen in {place} een lage schoolweging",
        note=_LOW,
    ),
    "hoge_schoolweging": Words(
        "Basisscholen met een schoolweging boven het midden",
        "had {value} van de {n} basisscholen in {place} een schoolweging boven het midden",
        note=_HIGH,
    ),
    "streefniveau": Words(
        "Behaalde streefniveaus (1S/2F)",
        "haalden leerlingen in {place} {value} van de streefniveaus ({n} leerlingen in groep 8)",
        note="Van elke leerling drie niveaus: rekenen, lezen en taalverzorging. " + _HIDDEN,
    ),
    "onder_signaal": Words(
        "Basisscholen onder de signaleringswaarde",
        "lag {value} van de {n} basisscholen in {place} onder de signaleringswaarde",
        when="three",
        note="Signaleringswaarde: de grens die de inspectie voor scholen met dezelfde schoolweging "
        "gebruikt, over drie schooljaren samen. Scholen met te weinig leerlingen tellen niet mee.",
    ),
    "advies": Words(
        "Gemiddeld advies (0 = pro … 9 = vwo)",
        "was het gemiddelde advies in {place} {value} op een schaal van 0 (pro) tot 9 (vwo) "
        "({n} adviezen)",
        decimals=1,
        note=_HIDDEN,
    ),
    "advies_havo": Words(
        "Adviezen voor havo of hoger",
        "kreeg {value} van de {n} leerlingen in {place} een advies voor havo of hoger",
        note=_HIDDEN,
    ),
    "bijgesteld": Words(
        "Bijgestelde adviezen",
        "kreeg {value} van de {n} leerlingen in {place} die daarvoor in aanmerking kwamen, na de "
        "toets een hoger advies",
        note=_HIDDEN,
    ),
    "afstroom": Words(
        "Afstroom in het voortgezet onderwijs",
        "ging {value} van de {n} leerlingen op vo-scholen in {place} naar een lager niveau",
        decimals=1,
        when="next",
        note=_MOVED,
    ),
    "opstroom": Words(
        "Opstroom in het voortgezet onderwijs",
        "ging {value} van de {n} leerlingen op vo-scholen in {place} naar een hoger niveau",
        decimals=1,
        when="next",
        note=_MOVED,
    ),
    "zittenblijvers": Words(
        "Zittenblijvers in het voortgezet onderwijs",
        "bleef {value} van de {n} leerlingen op vo-scholen in {place} zitten",
        decimals=1,
        when="next",
        note=_MOVED,
    ),
    "sbo": Words(
        "Leerlingen op een school voor speciaal basisonderwijs",
        "zat {value} van de {n} leerlingen op basisscholen in {place} in het speciaal "
        "basisonderwijs",
        decimals=1,
        when="day",
        note="Naar de plaats van de school: kinderen gaan ook in een andere gemeente naar school.",
    ),
    "speciale_scholen": Words(
        "Leerlingen op scholen voor (voortgezet) speciaal onderwijs",
        "zaten in {place} {value} leerlingen op een school voor (voortgezet) speciaal onderwijs",
        plural=True,
        when="day",
        note="Naar de plaats van de school. So en vso samen: het bestand mengt die twee.",
    ),
    "speciaal_thuis": Words(
        "Leerlingen die hier wonen en naar een speciale school gaan",
        "ging {value} van de {n} leerlingen die in {place} wonen naar een speciale school",
        decimals=1,
    ),
    "vsv": Words(
        "Voortijdig schoolverlaters",
        "ging {value} van de {n} leerlingen die in {place} wonen zonder startkwalificatie van "
        "school",
        decimals=1,
        note="Startkwalificatie: een diploma havo, vwo of mbo vanaf niveau 2.",
    ),
    "vsv_vo": Words(
        "Voortijdig schoolverlaters van vo-scholen",
        "ging {value} van de {n} leerlingen van vo-scholen in {place} zonder startkwalificatie van "
        "school",
        decimals=1,
        note=_MOVED,
    ),
}


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
    about = WORDS[fact]
    least = 10**-about.decimals
    if FACTS[fact].form == "share" and low == high < least / 2:
        return f"minder dan {numbers.number(least, about.decimals)}%" if high else "0%"
    ends = [numbers.number(end, about.decimals) for end in (low, high)]
    text = ends[0] if ends[0] == ends[1] else f"{ends[0]} tot {ends[1]}"
    return text + ("%" if FACTS[fact].form == "share" else "")


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
    first = f"{time[0].upper()}{time[1:]} {said}."
    was = "waren dat er" if about.plural else "was dat"
    other = value(fact, row["other_low"], row["other_high"])
    if row["other_high"] == 0 and _OF in about.clause:
        was, other = "waren dat er", "geen"
    if row["rule"] == "country":
        return f"{first} In {COUNTRY} {was} {other}."
    then = when(fact, int(row["other_year"]))
    second = f"{then[0].upper()}{then[1:]} {was} {other}"
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
    ends = [numbers.number(int(end), 0) for end in (low, high)]
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} tot {ends[1]}"


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
