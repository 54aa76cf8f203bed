"""In Dutch, why a goal cannot be tested, or not with all participants."""

from __future__ import annotations

from collections.abc import Mapping

from kansen_analysis.errors import Reason
from kansen_analysis.goals.protocol import Goal
from kansen_analysis.outcomes.codes import Obstacle
from kansen_analysis.sources import schoolyear
from kansen_analysis.words.reasons import says, says_plainly

FIGURES = {
    "target_levels": "De toetsresultaten",
    "test_score_z": "De eindscores",
    "advice_above_expectation": "De adviezen",
    "havo_vwo_share": "De adviezen",
    "special_education": "De adviezen",
    "places_leerjaar3": "De aangeleverde cijfers over leerjaar 3",
    "havo_vwo_leerjaar3": "De aangeleverde cijfers over leerjaar 3",
}
"""What the figures of an outcome are called."""


def label(obstacle: Reason) -> tuple[str, int] | None:
    """Return what the number of an obstacle counts, and the number; None when it has none.

    Examples
    --------
    >>> label(Reason(Obstacle.START_UNKNOWN, {"schools": 3, "participants": 60}))
    ('Scholen zonder bekend startjaar', 3)
    """
    numbers = obstacle.numbers
    match obstacle.code:
        case Obstacle.START_UNKNOWN:
            return "Scholen zonder bekend startjaar", numbers["schools"]
        case Obstacle.LATE_START:
            year = schoolyear.label(numbers["start"])
            what = f"Scholen met start in {year} en te weinig jaren van vóór de start"
            return what, numbers["schools"]
        case Obstacle.ONLY_LATER:
            return "Nodige schooljaren van vóór de start", numbers["needed"]
        case Obstacle.NOTHING_BESIDE:
            return "Vergelijkbare scholen in deze bestanden", 0
    return None


@says(Obstacle.PARTICIPANTS)
def _participants(goal: Goal, numbers: Mapping) -> str:
    schools = numbers["schools"]
    return f"Het register telt {schools} {'school' if schools == 1 else 'scholen'}."


@says(Obstacle.LATE_START)
def _late_start(goal: Goal, numbers: Mapping) -> str:
    one = numbers["schools"] == 1
    return (
        f"{numbers['schools']} {'school' if one else 'scholen'} met een start in "
        f"{schoolyear.label(numbers['start'])} {'telt' if one else 'tellen'} niet mee: er zijn "
        f"minder dan {numbers['needed']} schooljaren van vóór de start."
    )


@says(Obstacle.ONLY_LATER)
def _only_later(goal: Goal, numbers: Mapping) -> str:
    return (
        f"{FIGURES[goal.outcome.measure]} uit deze bestanden die meetellen, beginnen in "
        f"{schoolyear.label(numbers['first'])}; voor een toets zijn minstens {numbers['needed']} "
        "schooljaren van vóór de start nodig."
    )


@says(Obstacle.NOTHING_BESIDE)
def _nothing_beside(goal: Goal, numbers: Mapping) -> str:
    return (
        f"{FIGURES[goal.outcome.measure]} gaan alleen over scholen in het register; er is niets om "
        "mee te vergelijken."
    )


says_plainly(
    {
        Obstacle.NOBODY: "Het register noemt nog geen scholen.",
        Obstacle.START_UNKNOWN: (
            "Van {schools} van de {participants} scholen in het register noemt geen document het "
            "startjaar."
        ),
        Obstacle.NO_EXACT_YEARS: (
            "De map bevat geen schooljaar waarin alle adviezen precies zijn gepubliceerd. Zonder "
            "zo’n jaar (2021-2022 of eerder) is niet te meten hoeveel van een verandering "
            "zichtbaar blijft nu aantallen van 1 tot en met 4 als ‘<5’ worden afgedrukt, en is "
            "dit doel niet te toetsen."
        ),
        Obstacle.FEW_SUPPLIED: (
            "Cijfers zijn er van te weinig scholen om ze te tonen zonder er een van te verraden: "
            "er zijn er minstens {needed} nodig die meedoen, en evenveel om mee te vergelijken."
        ),
        Obstacle.NO_ESTIMATE: "Met deze scholen en jaren is geen berekening te maken.",
        Obstacle.HIDDEN_DECIDES: (
            "In {hidden} van de {rows} schooljaren zijn aantallen afgeschermd, en het antwoord "
            "hangt af van wat daar verborgen is. Met exacte aantallen is dit doel wel te "
            "toetsen."
        ),
    }
)
