"""What of the supplied counts may be shown, decided before anything that is published is written.

This stage is private: it holds which schools each cell is made of. What was published is kept in
one file beside the editions, so that the next edition, or this one with more schools, respects it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from kansen_analysis.edition import store
from kansen_analysis.edition.disclosure import supplied

PLACES = "afstroom-leerjaar-3"  # the table on the page of goal 3
WHOLE, PARTS = "pupils", ("pupils_below", "pupils_havo_vwo")
FILE = "released.json"  # beside the key
GROUPS = {"mine": "scholen in het register", "alike": "vergelijkbare scholen"}


def run(inputs: Mapping) -> dict[str, object]:
    """Decide on every cell of supplied counts.

    Returns
    -------
    dict
        ``cells``: as `supplied.release`.
    """
    places, people = inputs["outcomes"]["later_places"], inputs["schools"]["participants"]
    alike = inputs["schools"]["pools"].members["school"]

    groups = pd.Series(pd.NA, index=places.index, dtype="str")
    groups[places["school"].isin(alike)] = "alike"
    groups[places["school"].isin(people["school"])] = "mine"

    return {
        "cells": supplied.release(
            PLACES, places, groups, WHOLE, PARTS, inputs["limits"], inputs["earlier"]
        )
    }


def read(private: Path) -> pd.DataFrame:
    """Return the cells that editions of this working folder published."""
    path = private / FILE
    rows = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    table = pd.DataFrame(rows, columns=supplied.CELLS)
    return table.astype({"low": "Int64", "high": "Int64"})


def remember(private: Path, cells: pd.DataFrame) -> None:
    """Add cells that were published; a cell that stands there stays as it is."""
    shown = cells[cells["low"].notna()]
    if not len(shown):
        return
    with store.locked(private):
        known = read(private)
        both = pd.concat([known, shown], ignore_index=True)
        both = both.drop_duplicates(["output", "group", "year", "count", "schools"])
        if len(both) == len(known):
            return
        rows = both.astype(object).where(both.notna(), None).to_dict("records")
        text = json.dumps(rows, ensure_ascii=False, indent=1, default=int)
        store.write_text(private / FILE, text + "\n")
