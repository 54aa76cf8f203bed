"""Small pieces of HTML, always escaped."""

from __future__ import annotations

import html
from collections.abc import Sequence

from kansen_analysis.display.downloads import Links


def text(value) -> str:
    """Escape text for use between tags and in attributes."""
    return html.escape(str(value), quote=True)


def below(source: str, notes: Sequence[str], links: Links, name: str, about: str) -> str:
    """Write the lines under a table or figure: notes, source, files."""
    # The hidden words tell links with the same text apart in a list of links.
    hidden = f'<span class="kansen-hidden"> bij: {text(about)}</span>'
    lines = [f'<p class="kansen-note">{text(note)}</p>' for note in notes]
    lines.append(f'<p class="kansen-source">Bron: {text(source)}</p>')
    lines.append(
        '<p class="kansen-links">'
        f'<a href="{text(links.data)}" download="{text(name)}.csv">Cijfers (CSV){hidden}</a> '
        f'<a href="{text(links.metadata)}" download="{text(name)}-toelichting.csv">'
        f"Toelichting (CSV){hidden}</a></p>"
    )
    return "\n".join(lines)
