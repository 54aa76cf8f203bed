"""Stage 2: which schools there are, which of them take part, and whom those are compared with."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from kansen_analysis.errors import SettingsError
from kansen_analysis.outcomes import panel
from kansen_analysis.programme.settings import FILE, Settings
from kansen_analysis.schools.participants import plain, programme_start
from kansen_analysis.schools.pools import Pools, choose_pools, in_region


def run(inputs: Mapping) -> dict[str, object]:
    """Put what is known before the programme beside every school, and choose the comparison.

    Returns
    -------
    dict
        ``participants`` (the register), ``schools`` (as `describe`, with ``own_region``),
        ``pools`` (a `Pools`; schools of another programme are in none), the ``region``, and
        ``others``: by school the other programme it takes part in.
    """
    tables, people, region = inputs["tidy"], inputs["participants"], inputs["region"]

    schools = describe(tables, people, inputs["year"])
    own = region.own.provinces, region.own.municipalities
    schools["own_region"] = in_region(schools, *own)
    takes_part = schools["participant"]
    usable = takes_part | ~schools["school"].isin(list(inputs["others"]))
    if (wider := region.elsewhere) is not None:
        usable &= (
            takes_part
            | schools["own_region"]
            | in_region(schools, wider.provinces, wider.municipalities)
        )
    pools = choose_pools(schools[usable], provinces=own[0], municipalities=own[1])

    return {
        "participants": people,
        "schools": schools,
        "pools": pools,
        "region": region,
        "others": inputs["others"],
    }


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
