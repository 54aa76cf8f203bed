"""The protocol in Dutch: which one it is, and where it is not the one that was released."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from itertools import groupby

from kansen_analysis.goals.protocol import Protocol
from kansen_analysis.goals.released import Difference, differences, digest, release_beside, releases
from kansen_analysis.words import numbers as write

KEYS = {
    "version": "versie",
    "date": "datum",
    "changes": "wijziging",
    "after_data": "nadat gegevens waren geladen",
    "what": "wat",
    "verdict": "",
    "alpha": "grens voor toeval",
    "minimum_participants": "minste aantal deelnemers",
    "looks": "geplande edities",
    "first": "eerste schooljaar",
    "limits": "grens per editie",
    "gate": "niveau van V5 en van het laatste jaar vooraf",
    "spread": "grens voor verschil tussen scholen",
    "not_comparable": "verschil vooraf waarboven niets wordt gezegd",
    "adjusted": "verschil vooraf dat geen correctie vraagt",
    "pupil_sd": "spreiding van leerlingen",
    "name": "naam",
    "question": "vraag",
    "source_text": "tekst van het programma",
    "role": "rol",
    "outcome": "",
    "measure": "uitkomst",
    "definition": "omschrijving",
    "sources": "bronnen",
    "unit": "eenheid",
    "higher_is_better": "hoger is beter",
    "window": "eerste en laatste schooljaar",
    "exclude_years": "schooljaren die niet meetellen",
    "smallest_difference": "kleinste verschil dat ertoe doet",
    "smallest_difference_note": "toelichting bij het kleinste verschil",
    "decides": "versie die beslist",
    "size_by_year": "schoolgrootte per jaar",
    "secondary": "tweede uitkomst",
    "context": "context",
    "note": "opmerking",
    "sentences": "zin",
    "per": "leerlingen per eenheid",
    "more": "meer",
    "fewer": "minder",
    "equal": "evenveel",
    "range": "interval",
    "word_more": "woord voor meer",
    "word_fewer": "woord voor minder",
    "missing": "wat ontbreekt",
    "guard": "voorwaarde",
}
"""What a page calls a key of goals.yml; one without a word of its own is left out."""
YEARS = ("window", "exclude_years")


def say_protocol(protocol: Protocol, own: bool = False) -> str:
    """Say which protocol this is, and whether it changed after data were seen or was released.

    Examples
    --------
    >>> from kansen_analysis.goals.protocol import load_protocol
    >>> print(say_protocol(load_protocol()))
    Protocol, versie ... van ... (controlegetal ...). ...
    """
    other = say_differences(protocol, own)
    name = "Eigen protocol van dit programma" if own else "Eigen protocol" if other else "Protocol"
    text = (
        f"{name}, versie {protocol.version} van {write.date(protocol.date)} (controlegetal "
        f"{digest(protocol)[:12]})."
    )
    late = [change for change in protocol.changes if change.after_data]
    if late:
        text += " Gewijzigd nadat gegevens waren geladen; hieronder staat wat."
    if own:
        text += (
            " De regel die tot een oordeel leidt, is die van kansen_analysis"
            f"{', op deze punten na' if other else ''}."
        )
    elif other:
        count = "1 verschil" if len(other) == 1 else f"{len(other)} verschillen"
        text += (
            f" Dit is niet het protocol dat met kansen_analysis is uitgegeven: {count} met versie "
            f"{release_beside(protocol)}."
        )
    elif protocol.version != releases()[-1]:
        text += f" Er is een nieuwere uitgave: versie {releases()[-1]}."
    elif not late:
        text += " Niet gewijzigd nadat er gegevens waren geladen."
    return text


def say_changes(protocol: Protocol) -> list[str]:
    """Say what was changed after data were seen, each change with its day."""
    return [f"{write.date(c.date)}: {c.what}" for c in protocol.changes if c.after_data]


def say_differences(protocol: Protocol, own: bool = False) -> list[str]:
    """Say key by key where a protocol is not the released one; nothing when it is.

    Parameters
    ----------
    protocol : Protocol
    own : bool
        Whether its goals are a programme's own; then only the rule is compared.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from kansen_analysis.goals.protocol import load_protocol
    >>> protocol = load_protocol()
    >>> say_differences(protocol)
    []
    >>> limits = replace(protocol.verdict, alpha=0.2)
    >>> say_differences(replace(protocol, verdict=limits))
    ['Grens voor toeval: 0,05 in de uitgave, hier 0,2.']
    """
    return [
        line
        for goal, group in groupby(
            [
                each
                for each in differences(protocol)
                if not own or (each.key.startswith("verdict.") and not each.key.endswith("first"))
            ],
            _goal_of,
        )
        for line in _said(goal, list(group))
    ]


def _goal_of(difference: Difference) -> str:
    parts = difference.key.split(".")
    return parts[1] if parts[0] == "goals" else ""


def _said(goal: str, found: list[Difference]) -> Iterable[str]:
    """Say the differences of one goal, or those outside the goals."""
    by_key = {each.key: each for each in found}
    measure = by_key.get(f"goals.{goal}.outcome.measure")
    if measure is not None:  # not the same goal with other rules, but another goal
        name = by_key.get(f"goals.{goal}.name", Difference("", "", ""))
        if measure.here is None:
            return [f"Doel {goal} ({name.released}) staat in de uitgave, maar hier niet."]
        if measure.released is None:
            return [f"Doel {goal} ({name.here}) staat niet in de uitgave."]
    return [_line(each) for each in found]


def _line(difference: Difference) -> str:
    parts = difference.key.split(".")
    head = ""
    if parts[0] == "goals":
        head, parts = f"Doel {parts[1]}, ", parts[2:]
    label = " ".join(filter(None, (KEYS.get(part, part) for part in parts)))
    text = f"{head}{label}"
    there, here = (_value(parts[-1], each) for each in (difference.released, difference.here))
    return f"{write.capital(text)}: {there} in de uitgave, hier {here}."


def _value(key: str, value: object) -> str:
    """Write a value of the protocol."""
    if value is None:
        return "niets"
    if isinstance(value, bool):
        return "ja" if value else "nee"
    if isinstance(value, int | float):
        exact = Decimal(repr(value)).normalize()
        return write.number(value, max(0, -int(exact.as_tuple().exponent)))
    if isinstance(value, list):
        return ", ".join(
            (write.school_year(each) if key in YEARS else str(each)) if each is not None else "open"
            for each in value
        )
    return f"‘{value}’" if " " in str(value) else str(value)
