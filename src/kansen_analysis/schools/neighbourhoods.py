"""Neighbourhoods by their postcodes: which schools stand there, who lives there, which care.

DUO's registers give the postcode of a school, its files by home the four digits of where pupils
live; CBS counts by its own code of a neighbourhood. Postcodes and neighbourhoods do not always fit:
those that share their postcodes are one *area*, counted once and named together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

SCHOOLS = ("area", "school", "name", "kind", "postcode", "year")
HOMES = ("area", "year", "low", "high", "inside_low", "inside_high")
CARE = ("area", "year", "form", "young_people", "share")
ENDS = ("low", "high")


def areas(neighbourhoods: Iterable) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """Put neighbourhoods with the same postcodes together.

    Parameters
    ----------
    neighbourhoods : iterable of Neighbourhood
        With ``name``, ``postcodes`` (four digits) and ``codes`` (of CBS), as in the settings.

    Returns
    -------
    dict
        By name ("Selwerd, Tuinwijk") its postcodes and its codes of CBS.

    Examples
    --------
    >>> from types import SimpleNamespace as N
    >>> both = N(name="Oost", postcodes=("9901",), codes=()), N(name="West", postcodes=("9901",),
    ...     codes=("WK990100",))
    >>> areas(both)
    {'Oost, West': (frozenset({'9901'}), frozenset({'WK990100'}))}
    """
    found: dict[tuple, list] = {}
    for at, each in enumerate(neighbourhoods):
        # Without postcodes there is nothing to share.
        found.setdefault(tuple(sorted(each.postcodes)) or (at,), []).append(each)
    return {
        ", ".join(each.name for each in group): (
            frozenset(code for each in group for code in each.postcodes),
            frozenset(code for each in group for code in each.codes),
        )
        for group in found.values()
    }


def schools_in(
    register: pd.DataFrame, where: Mapping[str, tuple[frozenset, frozenset]]
) -> pd.DataFrame:
    """List the schools of a register by the area in which they stand.

    Parameters
    ----------
    register : DataFrame
        ``school, year, kind, name, postcode``: the tidy table *vestigingen*; the latest year of a
        school counts.
    where : mapping
        As `areas`.

    Returns
    -------
    DataFrame
        Columns of `SCHOOLS`, sorted by area and name; ``postcode`` are the four digits.
    """
    if not len(register):
        return pd.DataFrame(columns=list(SCHOOLS))
    rows = register.sort_values("year", kind="stable").drop_duplicates(
        ["school", "kind"], keep="last"
    )
    rows = rows.assign(postcode=rows["postcode"].astype("str").str[:4])
    parts = [
        rows[rows["postcode"].isin(postcodes)].assign(area=area)
        for area, (postcodes, _) in where.items()
    ]
    found = pd.concat(parts)[list(SCHOOLS)] if parts else pd.DataFrame(columns=list(SCHOOLS))
    return found.sort_values(["area", "name", "school"], ignore_index=True, kind="stable")


def homes(pupils: pd.DataFrame, where: Mapping[str, tuple[frozenset, frozenset]]) -> pd.DataFrame:
    """Count who lives in an area, and how many of them go to a school that stands there.

    Parameters
    ----------
    pupils : DataFrame
        ``year, home_postcode, postcode, pupils_low, pupils_high``: the tidy table
        *leerlingen_herkomst*. Only the schools of the files that were read count.
    where : mapping
        As `areas`.

    Returns
    -------
    DataFrame
        Columns of `HOMES`: pupils as an interval, because counts from 1 to 4 are hidden.
    """
    rows = []
    for area, (postcodes, _) in where.items():
        there = pupils[pupils["home_postcode"].isin(postcodes)]
        for year in sorted(there["year"].unique().tolist()):
            part = there[there["year"] == year]
            inside = part[part["postcode"].astype("str").str[:4].isin(postcodes)]
            counts = [each[f"pupils_{end}"].sum() for each in (part, inside) for end in ENDS]
            rows.append((area, year, *map(int, counts)))
    return pd.DataFrame(rows, columns=list(HOMES))


def care(table: pd.DataFrame, where: Mapping[str, tuple[frozenset, frozenset]]) -> pd.DataFrame:
    """List young people with care by area.

    Parameters
    ----------
    table : DataFrame
        ``region, year, form, share, young_people``: the tidy table *jeugdhulp*.
    where : mapping
        As `areas`; an area without codes of CBS has no rows.

    Returns
    -------
    DataFrame
        Columns of `CARE`, one row per code, year and form.
    """
    parts = []
    for area, (_, codes) in where.items():
        region = table["region"].astype("str").str.strip()
        parts.append(table[region.isin(codes)].assign(area=area).reindex(columns=list(CARE)))
    found = pd.concat(parts) if parts else pd.DataFrame(columns=list(CARE))
    return found.sort_values(["area", "form", "year"], ignore_index=True, kind="stable")
