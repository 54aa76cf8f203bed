"""Begrippen: every domain term with its definition and source."""

from __future__ import annotations

import pandas as pd

from kansen_analysis.display.prose import Prose
from kansen_analysis.edition.open import Edition
from kansen_analysis.pages.common import PERSON, glossary
from kansen_analysis.sources.rows import each_row
from kansen_analysis.words import numbers


def listed(monitor: Edition) -> Prose:
    """List all terms by their first letter, each with an anchor to link to."""
    settings, person = monitor.settings, monitor.settings.person
    own = {
        "term": numbers.capital(person.one),
        "definition": person.what or f"Wie voor {settings.short} op school werkt.",
        "source": person.source or settings.name,
    }
    table = pd.concat([glossary(), pd.DataFrame(own, index=[PERSON])])
    table = table.sort_values("term", key=lambda terms: terms.str.lower(), kind="stable")
    blocks = [
        f"[**{row.term}**]{{#{row.Index}}}\n:   {row.definition} *Bron: {row.source}.*"
        for row in each_row(table)
    ]
    return Prose("\n\n".join(blocks))
