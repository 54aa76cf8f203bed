"""In Dutch, what a choice of `estimate.specifications.vary` changes in the calculation."""

from __future__ import annotations

from kansen_analysis.estimate.codes import Choice

FIXED = {
    "jaren vooraf": "alle",
    "scholen": "alle",
    "rekenwijze": "zoals vastgelegd",
    "gewicht": "zoals vastgelegd",
}
"""In which respects choices differ, and what each is when nothing is changed."""
CHANGES: dict[Choice, dict[str, str]] = {
    Choice.V1: {},
    Choice.V2: {"jaren vooraf": "zonder 2 voor eigen start"},
    Choice.V3: {"jaren vooraf": "zonder 2 voor 1e start"},
    Choice.V4: {"scholen": "eigen regio"},
    Choice.V5: {"rekenwijze": "eigen lijn deelnemers"},
    Choice.OUTSIDE: {"scholen": "buiten de regio"},
    Choice.LAST_YEAR: {"jaren vooraf": "zonder het laatste"},
    Choice.NO_PROVIDER: {"rekenwijze": "zonder toetsaanbieder"},
    Choice.STAYERS: {"scholen": "nooit andere toets"},
    Choice.NO_WEGING: {"rekenwijze": "zonder schoolweging"},
    Choice.EVERY_PUPIL: {"gewicht": "elke leerling"},
    Choice.EVERY_SCHOOL: {"gewicht": "elke school"},
    Choice.ONE_EFFECT: {"rekenwijze": "één effect (TWFE)"},
    Choice.SIZE: {"rekenwijze": "met schoolgrootte"},
    Choice.BOARDS: {"rekenwijze": "per bestuur"},
    Choice.NOT_MERGED: {"scholen": "zonder fusies"},
    Choice.NETWORK: {"rekenwijze": "start van netwerk"},
}


def place(choice: str) -> dict[str, str]:
    """Tell, for every respect, what a choice has there: a row of a matrix of choices.

    Examples
    --------
    >>> place("every school")["gewicht"]
    'elke school'
    """
    return FIXED | CHANGES[Choice(choice)]
