"""Text on a page that is written from the data."""

from __future__ import annotations

from dataclasses import dataclass

from kansen_analysis.display._html import text


@dataclass(frozen=True)
class Prose:
    """Markdown in the dialect of the notebooks, shown as it is.

    Parameters
    ----------
    markdown : str
        Text with, when needed, references such as ``@fig-x`` and links between notebooks.

    Examples
    --------
    >>> Prose("**Beter**")
    Tekst (9 tekens)
    """

    markdown: str

    def __repr__(self) -> str:
        """Return a fixed text: stored outputs are compared."""
        return f"Tekst ({len(self.markdown)} tekens)"

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        return {"text/markdown": self.markdown, "text/plain": repr(self)}


@dataclass(frozen=True)
class Absent:
    """What stands in the place of a figure or table that these data cannot give.

    Parameters
    ----------
    reason : str
        In Dutch, what is missing.

    Examples
    --------
    >>> Absent("Er zijn geen jaren van vóór de start.")
    Niet te maken: Er zijn geen jaren van vóór de start.
    """

    reason: str

    def __repr__(self) -> str:
        """Return a fixed text: stored outputs are compared."""
        return f"Niet te maken: {self.reason}"

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        html = (
            '<div class="kansen-block kansen-absent"><p><strong>Niet te maken met deze '
            f"gegevens.</strong> {text(self.reason)}</p></div>"
        )
        return {"text/html": html, "text/plain": repr(self)}
