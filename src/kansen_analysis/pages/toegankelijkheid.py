"""Toegankelijkheid: what was tested, with what, when, and what came out; nothing else."""

from __future__ import annotations

import json
from importlib import resources

import pandas as pd

from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.display.tables import Table
from kansen_analysis.pages.common import published_table
from kansen_analysis.words import numbers

RESULTS = "accessibility_results.json"
_NONE = (
    "Bij deze uitgave zit geen verslag van een toets (accessibility_results.json). Hieronder staat "
    "wat er getoetst hoort te worden; over de uitkomst zegt deze pagina daarom niets."
)


def results() -> dict | None:
    """Read what the tests wrote down; None when they wrote nothing.

    Returns
    -------
    dict or None
        ``date`` (ISO), ``engine``, ``tool``, ``tool_version``, ``browser``, ``pages`` (number) and
        ``checks``: a list of ``{"what", "how", "pages", "found"}`` in Dutch, with in ``found`` the
        number of violations.
    """
    file = resources.files("kansen_analysis.pages").joinpath(RESULTS)
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def statement(results: dict | None) -> Prose | Absent:
    """Say when, with what and on how many pages was tested, and how much was found."""
    if results is None:
        return Absent(_NONE)
    wrong = sum(check["found"] for check in results["checks"])
    outcome = (
        "Daarbij is niets gevonden dat niet voldoet."
        if not wrong
        else f"Daarbij is {numbers.number(wrong, 0)} keer iets gevonden dat niet voldoet."
    )
    return Prose(
        f"Op **{numbers.date(results['date'])}** is het voorbeeld getoetst, met "
        f"{numbers.number(results['pages'], 0)} pagina’s, gemaakt met {results['engine']}. Dat is "
        f"gedaan met {results['tool']} {results['tool_version']} in {results['browser']}. Niet "
        f"elke toets keek naar elke pagina; hoeveel, staat in de tabel. {outcome}"
    )


def checks(results: dict | None) -> Table | Absent:
    """List each check with how it was done and what it found."""
    if results is None:
        return Absent(_NONE)
    frame = pd.DataFrame(results["checks"], columns=["what", "how", "pages", "found"])
    return published_table(
        frame,
        "toegankelijkheid-toetsen",
        caption="Wat er is getoetst en wat er is gevonden",
        source=f"kansen_analysis, toetsen van {numbers.date(results['date'])}",
    )
