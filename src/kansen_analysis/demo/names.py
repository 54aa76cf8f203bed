"""Names that nobody carries: composed from invented syllables.

The lists are fixed; only the order in which names are handed out depends on the seed. A test holds
every name against the real registers, where those are at hand.
"""

from __future__ import annotations

from itertools import chain, islice, product

import numpy as np

_PLACE = (
    "Zwam", "Plim", "Drub", "Snev", "Klam", "Twev", "Gromp", "Fron", "Quor", "Vlonk", "Brum",
    "Knev", "Wrob", "Dwaal", "Grul", "Prast", "Vrem", "Zwelg", "Trav", "Kreuv", "Droes", "Wemp",
    "Slunt", "Greev", "Tjarm", "Skrob", "Pluv", "Hroed", "Swint", "Jaffel",
)  # fmt: skip
_PLACE_ENDS = (
    "erveen", "elo", "inge", "erhorst", "enwolde", "ummer", "erdijk", "enburen", "eroord",
    "ersloot", "ingerveld", "enbroek", "erhuizen", "ermond", "elzijl", "erwoud",
)  # fmt: skip
_MUNICIPALITY_ENDS = (
    "erland", "eradeel", "erwaard", "ermeer", "enstede", "ergouw",
)  # fmt: skip
_SCHOOL = (
    "Kwint", "Bolv", "Wimp", "Zilk", "Parm", "Vonsk", "Raft", "Tumm", "Lorr", "Mesp", "Hibb",
    "Gald", "Pimp", "Sork", "Dott", "Warm", "Flieg", "Nork", "Jolt", "Klies", "Byst", "Orv",
    "Elmp", "Umb", "Ipst", "Quast", "Fluk", "Drams",
)  # fmt: skip
_SCHOOL_ENDS = (
    "elaar", "ert", "ening", "erik", "ekamp", "erij", "eling", "oen", "ebrink", "enhof", "aard",
    "estee", "andel", "erpad", "otter", "imme", "enkule", "ezwaan", "iedel", "oraan",
)  # fmt: skip
_PARTS = ("Noord", "Oost", "Zuid", "West", "Nieuw", "Oud", "Hoog", "Laag")  # of a larger country
_STREET_ENDS = (
    "laan", "straat", "weg", "pad", "plein", "hof",
)  # fmt: skip

PROVINCES = {  # number of schools that start in the demo, and holiday region
    "Drenthe": (232, "Noord"),
    "Overijssel": (124, "Noord"),
    "Groningen": (104, "Noord"),
    "Friesland": (88, "Noord"),
    "Gelderland": (104, "Midden"),
    "Noord-Brabant": (88, "Zuid"),
    "Zuid-Holland": (92, "Midden"),
    "Noord-Holland": (72, "Noord"),
    "Utrecht": (52, "Midden"),
    "Limburg": (44, "Zuid"),
    "Flevoland": (24, "Noord"),
    "Zeeland": (24, "Zuid"),
}
SCHOOLS = sum(number for number, _ in PROVINCES.values())
DENOMINATIONS = {  # share of the schools, and what such a school calls itself
    "Openbaar": (0.33, ("OBS", "Openbare Basisschool", "o.b.s.", "OBS")),
    "Protestants-Christelijk": (0.30, ("CBS", "Christelijke Basisschool", "PCB", "CBS")),
    "Rooms-Katholiek": (0.25, ("Basisschool", "RK Basisschool", "RKBS", "Kindcentrum")),
    "Algemeen bijzonder": (0.06, ("Basisschool", "Daltonschool", "IKC", "Montessorischool")),
    "Gereformeerd vrijgemaakt": (0.03, ("GBS", "Geref Basisschool")),
    "Samenwerking PC, RK": (0.02, ("Basisschool", "IKC")),
    "Antroposofisch": (0.01, ("Vrije School",)),
}


def spread(count: int) -> dict[str, int]:
    """Divide schools over the provinces as in the demo.

    Examples
    --------
    >>> spread(SCHOOLS)["Drenthe"], sum(spread(6500).values())
    (232, 6500)
    """
    ends = np.rint(np.cumsum([n for n, _ in PROVINCES.values()]) * count / SCHOOLS).astype(int)
    return dict(zip(PROVINCES, np.diff(ends, prepend=0).tolist(), strict=True))


def _more(names: list[str], count: int, form: str = "{part}-{name}") -> list[str]:
    """Return so many names: after the last one they come again, with another part to each."""
    parts = (*_PARTS, *map(str, range(2, 2 + count // len(names))))
    more = (form.format(part=part, name=name) for part in parts for name in names)
    return list(islice(chain(names, more), count))


def _shuffled(rng: np.random.Generator, names: list[str]) -> list[str]:
    return [names[i] for i in rng.permutation(len(names))]


def municipalities(rng: np.random.Generator, count: int) -> list[str]:
    """Return names of municipalities, the first ones with signs that show a wrong encoding."""
    accented = ["Noard-Swintêradiel", "Tjarmerlân", "’t Plimmerland", "Kreuvé en Droes"]
    plain = _shuffled(rng, [a + b for a, b in product(_PLACE, _MUNICIPALITY_ENDS)])
    return _more(accented + plain, count)


def places(rng: np.random.Generator, count: int) -> list[str]:
    """Return names of towns and villages."""
    return _more(_shuffled(rng, [a + b for a, b in product(_PLACE, _PLACE_ENDS)]), count)


def streets(rng: np.random.Generator, count: int) -> list[str]:
    """Return names of streets; a name may return in another town."""
    names = [f"{a}er{b}" for a, b in product(_SCHOOL, _STREET_ENDS)]
    return [names[i] for i in rng.integers(len(names), size=count)]


def schools(rng: np.random.Generator, prefixes: list[str]) -> list[str]:
    """Return one name for every prefix; no two schools share the part after the prefix.

    Examples
    --------
    >>> schools(np.random.default_rng(1), ["OBS"])[0].startswith("OBS ")
    True
    """
    stems = _shuffled(rng, [a + b for a, b in product(_SCHOOL, _SCHOOL_ENDS)])
    forms = {"De": 1.0, "Het": 0.75, "’t": 0.25}  # the part of the stems that also come this way
    names = [
        f"{form} {stem}" for form, part in forms.items() for stem in stems[: int(part * len(stems))]
    ]
    names = _more(_shuffled(rng, names), len(prefixes), "{name} {part}")
    # Every fortieth school writes its name between quotation marks: a test of the quoting.
    return [
        f'{prefix} "{name}"' if i % 40 == 7 else f"{prefix} {name}"
        for i, (prefix, name) in enumerate(zip(prefixes, names, strict=True))
    ]
