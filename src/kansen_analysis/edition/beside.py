"""What stands beside the figures: the tables of the programme, stories and lessons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kansen_analysis.programme.reading import read_programme


def run(inputs: Mapping) -> dict[str, object]:
    """Read the programme folder.

    Returns
    -------
    dict
        ``programme``: what may be shown on the day of publication, up to the school year in which
        the edition appears. What is withheld is counted and not in it. The ``settings``. And
        ``truth``: what was put into invented data; empty for published files.

    Raises
    ------
    DataErrors
        With every mistake in the tables.
    """
    programme = read_programme(inputs["programme"], inputs["day"])

    known = programme.activities["date"] < f"{inputs['year'] + 2}-08"
    shown = programme.activities[known].reset_index(drop=True)

    # The day shows in nothing but what was withheld: with that the same, it is the same edition.
    return {
        "programme": replace(programme, activities=shown, day=""),
        "truth": inputs["truth"],
        "settings": inputs["settings"],
    }
