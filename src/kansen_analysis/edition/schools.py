"""Stage 2: which schools there are, which of them take part, and whom those are compared with."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from kansen_analysis.outcomes import panel
from kansen_analysis.schools.pools import choose_pools, in_region


def run(inputs: Mapping) -> dict[str, object]:
    """Put what is known before the programme beside every school, and choose the comparison.

    Returns
    -------
    dict
        ``participants`` (the register), ``schools`` (as `describe`, with ``own_region``),
        ``pools`` (a `Pools`) and the ``region``.
    """
    tables, people, region = inputs["tidy"], inputs["participants"], inputs["region"]

    schools = describe(tables, people, inputs["year"])
    own = region.own.provinces, region.own.municipalities
    schools["own_region"] = in_region(schools, *own)
    pools = choose_pools(schools, provinces=own[0], municipalities=own[1])

    return {"participants": people, "schools": schools, "pools": pools, "region": region}


def describe(tables: panel.Tables, people: pd.DataFrame, year: int) -> pd.DataFrame:
    """Put what is known from before the programme beside every regular school.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        The tidy tables.
    people : pandas.DataFrame
        The register of participants.
    year : int
        The school year of the edition.

    Returns
    -------
    pandas.DataFrame
        `panel.school_facts` with ``schoolweging``, ``weging_year``, ``pupils``, ``kind`` and
        ``participant``.
    """
    start = programme_start(people, year)
    weging = panel.fixed_weging(tables, start)
    schools = panel.school_facts(tables).merge(weging, on="school", how="left")
    schools["pupils"] = schools["school"].map(_pupils(tables, start - 1)).astype(float)
    schools["kind"] = "Bo"
    schools["participant"] = schools["school"].isin(people["school"])
    return schools


def programme_start(people: pd.DataFrame, year: int) -> int:
    """Return the first school year in which any school had a coach; else the one after `year`."""
    starts = people["coach_start"].dropna()
    return int(starts.min()) if len(starts) else year + 1


def _pupils(tables: Mapping[str, pd.DataFrame], year: int) -> pd.Series:
    """Return the pupils of regular schools on 1 October of a year."""
    history = tables["leerlingen_historisch"]
    if not len(history):
        return pd.Series(dtype=float)
    there = history[(history["kind"] == "Bo") & (history["year"] == year)]
    return there.drop_duplicates("school").set_index("school")["pupils"]
