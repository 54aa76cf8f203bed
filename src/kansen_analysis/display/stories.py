"""Stories as a reader meets them: whatever stands in them is shown as text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kansen_analysis.display import downloads
from kansen_analysis.display._html import text


@dataclass(frozen=True, repr=False)
class Card:
    """One story or picture.

    Parameters
    ----------
    name : str
        Unique in the monitor.
    title, body : str
        Of the body only the paragraphs are used; nothing in it is interpreted.
    facts : sequence of (str, str)
        Name and value: when, where, what was tried.
    strength : str
        What kind of evidence this is.
    links : sequence of (str, str)
        Words and notebook.
    picture : bytes, optional
        With its `mime` and `alt`.
    """

    name: str
    title: str
    body: str
    facts: Sequence[tuple[str, str]] = ()
    strength: str = ""
    links: Sequence[tuple[str, str]] = ()
    picture: bytes | None = None
    mime: str = "image/png"
    alt: str = ""

    def html(self) -> str:
        """Return the story as HTML, without blank lines."""
        heading = f"verhaal-{text(self.name)}-titel"
        lines = [
            f'<article class="kansen-block kansen-story" aria-labelledby="{heading}">',
            f'<h4 id="{heading}">{text(self.title)}</h4>',
        ]
        if self.picture is not None:
            end = {"image/jpeg": "jpg"}.get(self.mime, self.mime.rpartition("/")[2])
            address = downloads.place(f"figures/verhaal-{self.name}.{end}", self.picture, self.mime)
            lines.append(f'<img class="kansen-image" src="{text(address)}" alt="{text(self.alt)}">')
        for paragraph in re.split(r"\n\s*\n", self.body.strip()):
            # escaped brackets are read by neither HTML nor Quarto's shortcodes
            lines.append(f"<p>{text(' '.join(paragraph.split()))}</p>")
        lines += [
            f"<p><b>{text(name)}:</b> {text(value)}</p>" for name, value in self.facts if value
        ]
        if self.links:
            words = ", ".join(f'<a href="{text(to)}">{text(word)}</a>' for word, to in self.links)
            lines.append(f'<p class="kansen-links">{words}</p>')
        if self.strength:
            lines.append(f'<p class="kansen-note">{text(self.strength)}</p>')
        return "\n".join([*lines, "</article>"])


@dataclass(frozen=True, repr=False)
class Cards:
    """Stories under their themes.

    Parameters
    ----------
    themes : sequence of (str, sequence of Card)
        In the order of the page.
    """

    themes: Sequence[tuple[str, Sequence[Card]]]

    def html(self) -> str:
        """Return all of it as HTML, without blank lines."""
        return "\n".join(
            line
            for theme, cards in self.themes
            for line in (f"<h3>{text(theme)}</h3>", *(card.html() for card in cards))
        )

    def __repr__(self) -> str:
        """Return a fixed text: stored outputs are compared."""
        return f"Verhalen ({sum(len(cards) for _, cards in self.themes)})"

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": repr(self)}
