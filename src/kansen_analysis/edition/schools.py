"""Stage 2: which schools there are, which of them take part, and whom those are compared with."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from kansen_analysis.errors import SettingsError
from kansen_analysis.outcomes import panel
from kansen_analysis.programme.settings import FILE, Settings
from kansen_analysis.schools.over_time import as_one, followed, unexplained
from kansen_analysis.schools.participants import plain, programme_start
from kansen_analysis.schools.pools import Pools, choose_pools, in_region


def run(inputs: Mapping) -> dict[str, object]:
    """Put what is known before the programme beside every school, and choose the comparison.

    Returns
    -------
    dict
        ``participants`` (the register), ``schools`` (as `describe`, with ``own_region``),
        ``pools`` (a `Pools`; schools of another programme are in none), the ``region``, and
        ``others``: by school the other programme it takes part in. ``over_time`` and ``left_out``
        say which schools are one over time and which of their years cannot be compared
        (`kansen_analysis.schools.over_time.followed`); ``unexplained``: participants and
        comparison schools that begin or end without a transition that says why.
    """
    tables, people, region = inputs["tidy"], inputs["participants"], inputs["region"]
    year, moved = inputs["year"], inputs["transitions"]

    schools = describe(tables, people, year)
    over_time, left_out = followed(
        moved, people.set_index("school")["coach_start"], _first_years(tables), year
    )
    schools = joined(schools, over_time, programme_start(people, year))
    own = region.own.provinces, region.own.municipalities
    schools["own_region"] = in_region(schools, *own)
    takes_part = schools["participant"]
    elsewhere = as_one(pd.Series([*inputs["others"]], dtype="str"), over_time)
    usable = takes_part | ~schools["school"].isin(elsewhere)
    usable &= as_one(schools["school"], over_time) == schools["school"]  # its successor counts
    if (wider := region.elsewhere) is not None:
        usable &= (
            takes_part
            | schools["own_region"]
            | in_region(schools, wider.provinces, wider.municipalities)
        )
    pools = choose_pools(schools[usable], provinces=own[0], municipalities=own[1])
    history = tables["leerlingen_historisch"]
    history = history[history["year"] <= year] if len(history) else history
    odd = unexplained(history, moved)
    compared = {*people["school"], *pools.members["school"]}

    return {
        "participants": people,
        "schools": schools,
        "pools": pools,
        "region": region,
        "others": inputs["others"],
        "over_time": over_time,
        "left_out": left_out,
        "unexplained": odd[odd["school"].isin(compared)].reset_index(drop=True),
    }


def _first_years(tables: Mapping[str, pd.DataFrame]) -> pd.Series:
    """Return the first school year in which a file has a school."""
    names = ("leerlingen_historisch", "schooladviezen", "referentieniveaus", "eindscores")
    parts = [tables[name][["school", "year"]] for name in names if len(tables[name])]
    return pd.concat(parts).groupby("school")["year"].min() if parts else pd.Series(dtype=int)


def joined(schools: pd.DataFrame, over_time: pd.DataFrame, start: int) -> pd.DataFrame:
    """Describe a school that merged by all the schools it came from.

    Parameters
    ----------
    schools : pandas.DataFrame
        As `describe`.
    over_time : pandas.DataFrame
        As `kansen_analysis.schools.over_time.followed`.
    start : int
        First school year of the programme.

    Returns
    -------
    pandas.DataFrame
        The same, of the school over time its pupils together and their mean schoolweging, from
        before the programme where any of its schools has one. All of them take part if one does.
    """
    schools = schools.copy()
    one = as_one(schools["school"], over_time)
    for code, rows in schools[schools["school"].isin(over_time["school"])].groupby(one):
        known = rows.dropna(subset="schoolweging")
        early = known[known["weging_year"] < start]
        known = early if len(early) else known
        at, weights = schools["school"] == code, known["pupils"].fillna(0)
        schools.loc[at, "pupils"] = rows["pupils"].sum(min_count=1)
        schools.loc[rows.index, "participant"] = bool(rows["participant"].any())
        if len(known):
            mean = np.average(known["schoolweging"], weights=weights if weights.any() else None)
            schools.loc[at, ["schoolweging", "weging_year"]] = mean, known["weging_year"].max()
    return schools


def check_region(settings: Settings, schools: pd.DataFrame, pools: Pools) -> None:
    """Compare the region of the settings with where the schools are.

    Parameters
    ----------
    settings : Settings
    schools : pandas.DataFrame
        As `describe`.
    pools : Pools

    Raises
    ------
    SettingsError
        With one line per mistake: a municipality in which the files know no school, or that they
        call otherwise, and an own region without a school to compare with.
    """
    names = schools.dropna(subset=["municipality_code"]).groupby("municipality_code")[
        "municipality"
    ]
    known, told = names.last().dropna(), []
    for code, name in settings.region.area.municipalities.items():
        key = f"{FILE}: region.area.municipalities[{code}]: found {name!r}, expected "
        alike = known[known.map(plain) == plain(name)]
        if code not in known.index:
            hint = f"; {name} is {alike.index[0]}" if len(alike) else ""
            told.append(f"{key}a municipality in which the files know a primary school{hint}.")
        elif plain(known[code]) != plain(name):
            told.append(f"{key}{known[code]!r}, as the files call {code}.")
    for each in settings.region.neighbourhoods:
        if each.municipality not in known.index:
            told.append(
                f"{FILE}: region.neighbourhoods ({each.name}): found municipality "
                f"{each.municipality!r}, expected one in which the files know a primary school."
            )
    if not len(pools.schools("A")):
        found = ", ".join((*settings.region.own.provinces, *settings.region.own.municipalities))
        told.append(
            f"{FILE}: region.own: found {found}, without any school to compare with; expected "
            "provinces or municipalities with other primary schools."
        )
    if told:
        raise SettingsError("\n".join(told))


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


def _pupils(tables: Mapping[str, pd.DataFrame], year: int) -> pd.Series:
    """Return the pupils of regular schools on 1 October of a year."""
    history = tables["leerlingen_historisch"]
    if not len(history):
        return pd.Series(dtype=float)
    there = history[(history["kind"] == "Bo") & (history["year"] == year)]
    return there.drop_duplicates("school").set_index("school")["pupils"]
