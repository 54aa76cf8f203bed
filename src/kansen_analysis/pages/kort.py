"""In het kort: the summary on one sheet of paper, for a council or a board."""

from __future__ import annotations

from dataclasses import replace

from kansen_analysis.display import components
from kansen_analysis.display.components import Html
from kansen_analysis.edition.open import Edition
from kansen_analysis.outcomes.region import REGION
from kansen_analysis.pages import samenvatting
from kansen_analysis.pages.common import source_line
from kansen_analysis.sources import schoolyear
from kansen_analysis.words import region as words

FACTS = 3  # of the region; more does not fit


def sheet(monitor: Edition) -> Html:
    """Put the answer, the goals, what changed, what comes next and the region on one sheet."""
    cards = [samenvatting.card(monitor, row) for _, row in monitor.verdicts.iterrows()]
    told = monitor.region_told
    rows = told[told["place_kind"] == REGION].head(FACTS).to_dict("records")
    below = [
        _titled("Wat er nu komt", samenvatting.coming(monitor)),
        _titled("Sinds de vorige uitgave", samenvatting.changed(monitor)),
    ]
    if rows:
        below.append(_titled("De regio", [words.sentence(row) for row in rows]))
    sources = ("leerresultaten", "referentieniveaus", "schooladviezen", "leerlingen_historisch")
    return components.sheet(
        f"{samenvatting.headline(monitor)}.",
        samenvatting.key_numbers(monitor),
        components.cards([replace(card, link=("", "")) for card in cards]),
        *below,
        foot=f"Uitgave over {schoolyear.label(monitor.year)}. Bron: {source_line(*sources)}.",
    )


def _titled(title: str, lines: list[str]) -> Html:
    made = components.listed(lines)
    return Html(f"<h2>{title}</h2>\n{made.html}", f"{title}: {made.plain}")
