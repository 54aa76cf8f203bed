"""Gemeenten: every municipality with participants, with a way to its page."""

from __future__ import annotations

from kansen_analysis.display.prose import Prose
from kansen_analysis.edition.open import Edition
from kansen_analysis.pages.markdown import link_if_made, linked_table
from kansen_analysis.sources.rows import each_row
from kansen_analysis.words import numbers


def index(monitor: Edition) -> Prose:
    """List the municipalities in the order of the alphabet with their number of participants."""
    people = monitor.participants
    counts = people.groupby("municipality_code").agg(
        name=("municipality", "first"), schools=("school", "nunique")
    )
    counts = counts.sort_values("name", key=lambda names: names.str.casefold(), kind="stable")
    rows = [
        [
            link_if_made(row.name, f"gemeenten/{row.Index}.ipynb"),
            numbers.number(row.schools, 0),
        ]
        for row in each_row(counts)
    ]
    header = ["Gemeente", "Scholen in het register"]
    return Prose(linked_table(header, rows, "Gemeenten met scholen in het register, op alfabet"))
