"""In Dutch, what differs between two editions, and why figures are not the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from kansen_analysis.sources.rows import Row
from kansen_analysis.words import numbers

ALONE = "Er ligt geen eerdere uitgave naast deze."
NOTHING = "geen oordeel"
SAME_VERDICTS = "Geen enkel oordeel veranderde."
SAME_FIGURES = "De uitgevers veranderden geen cijfers van eerdere jaren."
SAME_FILES = "Beide uitgaven rusten op dezelfde bestanden."
SAME_METHOD = "Protocol en rekenprogramma zijn gelijk gebleven."
SAME_PEOPLE = "In beide uitgaven staan dezelfde scholen in het register."
SUPPLIED = "aangeleverd, niet openbaar"
REVISED, ADDED, GONE = "Hetzelfde bestand met andere inhoud", "Nieuw", "Niet meer gebruikt"
JOINED, LEFT = "Nu ook in het register", "Niet meer in het register"
AGAIN = (
    "‘Met alles van nu’: hetzelfde schooljaar, met de bestanden, het register en het protocol van "
    "nu. Verschilt dat van de eerdere uitgave, dan ligt het niet aan het nieuwe schooljaar."
)
COUNTED = (
    "Een rij is anders als zij in de bestanden van nu niet meer precies zo staat. Ook een rij die "
    "weg is, telt."
)
_FRESH = "het nieuwe schooljaar: de resultaten, wie begon, en hoe zeker het dan moet zijn"


class Cause(StrEnum):
    """What can make a verdict another one, besides the new school year."""

    FIGURES = "herziene cijfers van de uitgever"
    METHOD = "een andere methode"
    FILES = "bestanden die erbij kwamen of weggingen"
    PEOPLE = "andere deelnemers"
    CHOICES = "gewijzigde instellingen, startjaren of overgangen"


def opening(then: str, day: str, moved: int, goals: int) -> str:
    """Say beside which edition this one stands, and of how many goals the verdict is another."""
    first = f"Deze uitgave staat hier naast die over {then}{f' van {day}' if day else ''}."
    if not moved:
        return f"{first} Elk doel heeft hetzelfde oordeel."
    return f"{first} Het oordeel is anders bij {moved} van de {goals} doelen."


def sides(figures: Sequence[str], method: str, people: str) -> str:
    """List in one line each what publishers, method and participants have to do with it.

    Parameters
    ----------
    figures : sequence of str
        Tables with other figures of earlier years, as markdown.
    method, people : str
        As `method` and `people` of this module say it.
    """
    revised = f"veranderden cijfers van eerdere jaren: {numbers.listed(figures)}" if figures else ""
    told = {
        "De uitgevers": revised or "veranderden geen cijfers van eerdere jaren",
        "De methode": method or "is gelijk gebleven",
        "De deelnemers": people or "zijn dezelfde scholen",
    }
    return "\n".join(f"- **{who}** {what}." for who, what in told.items())


def method(was: Mapping, now: Mapping) -> str:
    """Say what differs in protocol and code, as the end of a sentence; nothing when all is alike.

    Parameters
    ----------
    was, now : mapping
        Manifests of two editions.
    """
    said = []
    if was["protocol"]["sha256"] != now["protocol"]["sha256"]:
        versions = was["protocol"]["version"], now["protocol"]["version"]
        said.append(
            f"het protocol ging van versie {versions[0]} naar {versions[1]}"
            if versions[0] != versions[1]
            else "het protocol is een ander, met hetzelfde versienummer"
        )
    if was["kansen_analysis"] != now["kansen_analysis"]:
        said.append(
            f"het rekenprogramma ging van versie {was['kansen_analysis']} naar "
            f"{now['kansen_analysis']}"
        )
    elif was["source_sha256"] != now["source_sha256"]:
        said.append("aan het rekenprogramma is gewerkt")
    if was["packages"] != now["packages"]:
        said.append("het gebruikt andere versies van andermans software")
    return f"veranderde: {numbers.listed(said)}" if said else ""


def people(joined: int, left: int) -> str:
    """Say how many came and went, as the end of a sentence; nothing when nobody did.

    Examples
    --------
    >>> people(0, 1), people(0, 0)
    ('zijn niet dezelfde: 1 school eraf', '')
    """
    said = [
        f"{numbers.many(count, 'school', 'scholen')} {how}"
        for count, how in ((joined, "erbij"), (left, "eraf"))
        if count
    ]
    return f"zijn niet dezelfde: {numbers.listed(said)}" if said else ""


def moved(row: Row, name: str, causes: Sequence[str], then: str) -> str:
    """Say of a goal with another verdict what made it so, as far as can be told.

    Parameters
    ----------
    row : mapping
        ``goal``, ``then``, ``now`` and, where it could be worked out, ``again``: the verdict on
        the school year of then with everything of now.
    name : str
        Of the goal, as markdown.
    causes : sequence of str
        What differs between the editions.
    then : str
        The school year of the edition before.
    """
    head = f"- **Doel {row['goal']}, {name}**: van ‘{row['then']}’ naar ‘{row['now']}’."
    if "again" not in row:
        return f"{head} Dat kan komen door {_either([_FRESH, *causes])}."
    told = [head]
    if row["again"] != row["then"]:
        whence = (
            f"komt door {causes[0]}"
            if len(causes) == 1
            else f"kan komen door {_either(causes)}"
            if causes
            else "komt niet door bestanden, methode of deelnemers, voor zover dat is vastgelegd"
        )
        told.append(f"Over {then} zelf is het nu ‘{row['again']}’; dat {whence}.")
    if row["now"] != row["again"]:
        told.append(f"Het verschil met nu komt door {_FRESH}.")
    return " ".join(told)


def _either(causes: Sequence[str]) -> str:
    *first, last = causes
    return f"{', '.join(first)} of {last}; dat is hier niet te scheiden" if first else last
