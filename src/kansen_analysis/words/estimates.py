"""An estimate in Dutch: what its versions are called, what was left out, and why there is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kansen_analysis.errors import Reason
from kansen_analysis.estimate.codes import Lack, Note, Problem
from kansen_analysis.goals.protocol import Goal
from kansen_analysis.sources.schoolyear import label
from kansen_analysis.words import numbers as write
from kansen_analysis.words.reasons import SENTENCES, says, says_plainly

VERSIONS = {
    "V1": "alle jaren vooraf, alle vergelijkbare scholen",
    "V2": "zonder de twee jaren vlak voor de eigen start",
    "V3": "zonder de twee jaren vlak voor de eerste start",
    "V4": "alleen vergelijkbare scholen uit de eigen regio",
    "V5": "met een eigen lijn voor de deelnemers",
}
LACKS = {
    Lack.YEARS_BEFORE: "er zijn te weinig jaren vooraf",
    Lack.OWN_REGION: "er zijn geen vergelijkbare scholen uit de eigen regio",
    Lack.PROVIDER: "te vaak maakt niemand anders dezelfde toets",
    Lack.YEAR: "te vaak is er in dat jaar niemand om mee te vergelijken",
    Lack.ROWS: "er zijn te weinig schooljaren",
}
WAYS = {
    "cluster": "spreiding per school",
    "board": "spreiding per bestuur",
    "randomisation": "loten van startjaren",
}


def noted(notes: Iterable[Reason], goal: Goal | None = None) -> tuple[str, ...]:
    """Say what was left out of an estimate.

    Examples
    --------
    >>> noted([Reason(Note.VERSION_MISSING, {"version": "V4", "lack": Lack.PROVIDER})])
    ('V4 is niet te berekenen: te vaak maakt niemand anders dezelfde toets.',)
    """
    return tuple(SENTENCES[note.code](goal, note.numbers) for note in notes)


@says(Note.NO_BASE)
def _no_base(goal: Goal | None, numbers: Mapping) -> str:
    codes = ", ".join(numbers["schools"])
    return f"Zonder bruikbaar jaar vóór de start, daarom niet meegeteld: {codes}."


@says(Note.USUAL_WEIGHT)
def _usual_weight(goal: Goal | None, numbers: Mapping) -> str:
    return (
        "Te weinig jaren vooraf om toevalsschommelingen te meten; gewicht "
        f"n/(n+{write.number(numbers['k'], 0)})."
    )


@says(Note.VERSION_MISSING)
def _version_missing(goal: Goal | None, numbers: Mapping) -> str:
    return f"{numbers['version']} is niet te berekenen: {LACKS[Lack(numbers['lack'])]}."


@says(Note.LEFT_OUT)
def _left_out(goal: Goal | None, numbers: Mapping) -> str:
    cells = ", ".join(f"start {label(g)} in {label(t)}" for g, t in numbers["cells"])
    return f"{', '.join(numbers['versions'])}: niet te vergelijken en (deels) weggelaten: {cells}."


says_plainly({lack: f"De reden: {text}." for lack, text in LACKS.items()})
says_plainly(
    {
        Note.ONE_YEAR: "{schools} scholen met maar één jaar tellen niet mee.",
        Note.CELLS_LEFT_OUT: "{cells} startgroep-jaren zijn niet te onderscheiden en weggelaten.",
        Problem.PANEL: "Met deze scholen en jaren is dat niet te berekenen.",
        Problem.FEW_YEARS: (
            "Er zijn te weinig jaren van vóór de start om toeval per school te meten."
        ),
        Problem.NEVER_BOTH: (
            "Geen enkele school in het register heeft jaren van vóór én ná de start."
        ),
    }
)
