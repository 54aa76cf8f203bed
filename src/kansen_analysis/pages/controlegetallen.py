"""Controlegetallen: what official publications print, beside what we find in the same files."""

from __future__ import annotations

from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.display.tables import Table
from kansen_analysis.edition.open import Edition
from kansen_analysis.pages.common import published_table, source_line
from kansen_analysis.words import printed as words


def introduction(monitor: Edition) -> Prose:
    """Say how many figures are compared, and how many are equal."""
    rows = monitor.printed
    return Prose(words.introduction(rows) if len(rows) else words.NOTHING)


def figures(monitor: Edition) -> Table | Absent:
    """Set every printed figure beside ours."""
    rows = monitor.printed
    if not len(rows):
        return Absent("")
    sources = dict.fromkeys(name for each in rows["source"] for name in each.split("; "))
    return published_table(
        words.table(rows),
        "controlegetallen",
        caption="Cijfers die anderen drukten, naast wat wij vinden",
        source=source_line(*sources),
        notes=words.NOTES,
    )


def differences(monitor: Edition) -> Prose | Absent:
    """Tell of the figures that differ what is known of why."""
    lines = words.differences(monitor.printed) if len(monitor.printed) else []
    return Prose("\n".join(f"- {line}" for line in lines)) if lines else Absent("")


def publications(monitor: Edition) -> Prose | Absent:
    """List the publications, each with a link."""
    rows = monitor.printed
    if not len(rows):
        return Absent("")
    each = rows.drop_duplicates(["publisher", "title"])[["publisher", "title", "address"]]
    lines = [f"- {who}, [{title}]({address})" for who, title, address in each.to_numpy().tolist()]
    return Prose("\n".join(lines))
