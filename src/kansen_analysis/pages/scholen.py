"""Scholen: every participant in the order of the alphabet, with a way to its page."""

from __future__ import annotations

import pandas as pd

from kansen_analysis.display.prose import Prose
from kansen_analysis.edition.open import Edition
from kansen_analysis.pages.common import BEGUN
from kansen_analysis.pages.markdown import link_if_made, linked_table, plain
from kansen_analysis.sources import schoolyear
from kansen_analysis.sources.rows import each_row


def index(monitor: Edition) -> Prose:
    """List the participating schools; no results, so there is nothing to rank."""
    people = monitor.participants.sort_values(
        ["name", "municipality"], key=lambda column: column.str.casefold(), kind="stable"
    )
    rows = [
        [
            link_if_made(row.name, f"scholen/{row.school}.ipynb"),
            plain(row.municipality),
            row.school,
            "niet bekend" if pd.isna(row.coach_start) else schoolyear.label(int(row.coach_start)),
        ]
        for row in each_row(people)
    ]
    header = ["School", "Gemeente", "BRIN en vestiging", BEGUN]
    return Prose(linked_table(header, rows, "Scholen in het register, op alfabet"))
