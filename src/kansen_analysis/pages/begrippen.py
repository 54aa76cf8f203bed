"""Begrippen: every domain term with its definition and source."""

from __future__ import annotations

from kansen_analysis.display.prose import Prose
from kansen_analysis.pages.common import glossary


def listed() -> Prose:
    """List all terms by their first letter, each with an anchor to link to."""
    table = glossary().sort_values("term", key=lambda terms: terms.str.lower(), kind="stable")
    blocks = [
        f"[**{row.term}**]{{#{row.Index}}}\n:   {row.definition} *Bron: {row.source}.*"
        for row in table.itertuples()
    ]
    return Prose("\n\n".join(blocks))
