"""Small pieces of HTML, always escaped."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from kansen_analysis.display.downloads import Links


def text(value) -> str:
    """Escape text for use between tags and in attributes."""
    return html.escape(str(value), quote=True)


def words(value) -> str:
    """Escape text and keep its school years whole.

    Examples
    --------
    >>> words("vanaf 2023-2024 <5")
    'vanaf <span class="kansen-whole">2023-2024</span> &lt;5'
    """
    return _YEAR.sub(r'<span class="kansen-whole">\g<0></span>', text(value))


_YEAR = re.compile(r"\b\d{4}-\d{4}\b")


def below(
    source: str, notes: Sequence[str], links: Links, name: str, about: str, table: str = ""
) -> str:
    """Write what stands under a table or figure: one paragraph, and one line with its files.

    The table of a figure unfolds from that line.
    """
    # The hidden words tell links with the same text apart in a list of links.
    hidden = f'<span class="kansen-hidden"> bij: {text(about)}</span>'
    said = " ".join([*(words(note) for note in notes), f"Bron: {text(source)}"])
    files = (
        f'<a href="{text(links.data)}" download="{text(name)}.csv">CSV{hidden}</a> '
        f'<a href="{text(links.metadata)}" download="{text(name)}-toelichting.csv">'
        f"Toelichting (CSV){hidden}</a>"
    )
    lines = [f'<p class="kansen-source">{said}</p>']
    if table:
        lines += [
            '<div class="kansen-files">',
            f'<details class="kansen-details"><summary>Tabel{hidden}</summary>',
            table,
            f'</details>\n<p class="kansen-links">{files}</p>\n</div>',
        ]
    else:
        lines.append(f'<p class="kansen-links">{files}</p>')
    return "\n".join(lines)
