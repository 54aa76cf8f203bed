"""The region in figures: what the published files say of a place, whoever takes part there.

Each fact is a sum over schools, so it is worked out once per municipality and year and rolled up to
the region and the country: a count, a mean, or a share as (part, rest) with the lowest and highest
each can be. A hidden count stays an interval up to the figure that is shown. Which facts are told
is a rule (`notable`): what lies furthest from the country and what changed most, on the yardstick
of how much municipalities differ; schools are never set in an order.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd

from kansen_analysis.outcomes import panel
from kansen_analysis.outcomes.around import secondary_places
from kansen_analysis.outcomes.intervals import share
from kansen_analysis.sources.rows import each_row

SMALL_SCHOOL = 50  # pupils; with fewer it is small, as the Drentse Onderwijsmonitor has it
LOW_FIFTH, HIGH_FIFTHS = 0.2, 0.6  # of all schools in the country: lowest fifth, highest two fifths
FEWEST_SCHOOLS, FEWEST_PUPILS = 10, 100  # behind a fact that is told in words
FEWEST_PLACES = 5  # municipalities needed to say how much places differ
SMALLEST = {"region": 0.25, "municipality": 0.5}  # in the yardstick; a region is a mean of places
BACK, LEAST = 5, 3  # years over which a change is told, and the fewest
HISTORY = 15  # years of schools and pupils
MOVES = {"afstroom": "afstromers", "opstroom": "opstromers", "zittenblijvers": "zittenblijvers"}
MOST = 4  # facts that are told per place and rule
RECENT = 3  # years a figure may be old to be told in words
REGION, PROVINCE, COUNTRY = "region", "province", "country"
_COUNTRY_CODE = "NL"  # how CBS begins the code of the country
_ENDS = ("low", "high")
_PLACE = ["municipality_code", "municipality", "province"]
_SPECIAL = ("So", "So/Vso", "Vso")  # kinds that the historical file mixes
_HIGHER = ("HAVO", "HAVO_VWO", "VWO")


@dataclass(frozen=True)
class Fact:
    """One kind of fact, a row of facts.csv: how it is measured, never what it says.

    Attributes
    ----------
    key : str
        Name of the fact; `kansen_analysis.words.region` has its sentences.
    form : str
        ``count``, ``mean``, ``share`` (percent) or ``level`` (mean rank of advices).
    unit, per : str
        Unit of the value, and what ``n`` counts (``scholen`` or ``leerlingen``).
    sources : tuple of str
        The tables it rests on.
    theme : str
        What it is about; of a place at most one fact of a theme is told in words.
    breaks : tuple of int
        First years that may not be compared with the years before.
    local : bool
        False when pupils come from far: then it says nothing about one municipality.
    """

    key: str
    form: str
    unit: str
    per: str
    sources: tuple[str, ...]
    theme: str
    breaks: tuple[int, ...]
    local: bool


def _facts() -> dict[str, Fact]:
    """Read facts.csv; its breaks are a new test and rule (2023) and years without a test, say."""
    with (resources.files(__package__) / "facts.csv").open(encoding="utf-8") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))
    for row in rows:
        row["sources"] = tuple(row["sources"].split(";"))
        row["breaks"] = tuple(map(int, filter(None, row["breaks"].split(";"))))
        row["local"] = row["local"] == "yes"
    return {row["key"]: Fact(**row) for row in rows}


FACTS: Mapping[str, Fact] = _facts()
COLUMNS = [
    *("fact", "place", "place_code", "place_kind", "year", "value", "low", "high", "n"),
    *("n_low", "n_high", "unit", "per", "source", "provisional"),
]


def gather(
    tidy: panel.Tables, year: int | None = None, made: panel.Tables | None = None
) -> dict[str, pd.DataFrame]:
    """Put the tables together that the facts rest on.

    Parameters
    ----------
    tidy : mapping of str to pandas.DataFrame
        The tidy tables.
    year : int, optional
        Later school years are left aside.
    made : mapping of str to pandas.DataFrame, optional
        ``levels``, ``advice_low`` and ``advice_high``, where these were worked out before.

    Returns
    -------
    dict of str to pandas.DataFrame
        Tidy tables by name; ``levels`` (`panel.target_levels`), ``advice_low``, ``advice_high``
        (`panel.advice_cells`, as columns), ``raised`` (`panel.raised_advices`), ``schools``
        (`panel.school_facts`) and ``spelled`` (names of municipalities) beside the sources. A
        source that is not there is an empty frame.

    Examples
    --------
    >>> from kansen_analysis.demo import demo_folder
    >>> from kansen_analysis.schools.load import Tables
    >>> sorted(gather(Tables(demo_folder())))[:3]
    ['advice_high', 'advice_low', 'leerlingen_historisch']
    """
    spelled = [tidy[name] for name in ("referentieniveaus", "schooladviezen", "leerlingen")]
    spelled = [table[_PLACE].drop_duplicates() for table in spelled if len(table)]
    names = (
        *("leerlingen_historisch", "vestigingen", "vestigingen_vo", "schoolweging"),
        *("leerresultaten", "vo_doorstroom", "vsv", "so_vso"),
    )
    tables = {name: tidy[name] for name in names}
    if made is None:
        low, high = (cells.reset_index() for cells in panel.advice_cells(tidy))
        made = {"levels": panel.target_levels(tidy), "advice_low": low, "advice_high": high}
    tables |= {
        **{name: made[name] for name in ("levels", "advice_low", "advice_high")},
        "raised": panel.raised_advices(tidy),
        "schools": panel.school_facts(tidy),
        "spelled": pd.concat(spelled) if spelled else pd.DataFrame(columns=_PLACE),
    }
    registers = ("schools", "spelled", "vestigingen", "vestigingen_vo")  # where a school is now
    if year is None:
        return tables
    return {
        name: table[table["year"] <= year] if len(table) and name not in registers else table
        for name, table in tables.items()
    }


def municipalities(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Name every municipality that a file places in a province.

    Returns
    -------
    pandas.DataFrame
        ``municipality_code``, ``municipality`` (in the spelling with small letters where a file
        has one) and ``province``; one row per code, sorted.
    """
    sources = ("spelled", "schools", "vestigingen", "vo_doorstroom")
    parts = [tables[name][_PLACE] for name in sources if len(tables.get(name, ()))]
    if not parts:
        return pd.DataFrame(columns=_PLACE)
    found = pd.concat([part.drop_duplicates() for part in parts], ignore_index=True)
    found = found.dropna(subset="municipality_code")
    names = found.dropna(subset="municipality")
    shouting = names["municipality"] == names["municipality"].str.upper()
    counts = (
        names.assign(shouting=shouting)
        .groupby(["municipality_code", "municipality", "shouting"])
        .size()
        .rename("size")
        .reset_index()
        .sort_values(
            ["municipality_code", "shouting", "size", "municipality"],
            ascending=[True, True, False, True],
            kind="stable",
        )
        .drop_duplicates("municipality_code")
    )
    province = (
        found.groupby(["municipality_code", "province"], sort=False)
        .size()
        .sort_values(ascending=False, kind="stable")
        .reset_index("province")["province"]
    )
    province = province[~province.index.duplicated()]
    result = counts[_PLACE[:2]].assign(province=counts["municipality_code"].map(province))
    return result.reset_index(drop=True)


def region_facts(
    tables: Mapping[str, pd.DataFrame],
    *,
    province: str,
    also: Collection[str] = (),
    name: str | None = None,
    everywhere: bool = False,
    provinces: Collection[str] = (),
) -> pd.DataFrame:
    """Work out every fact for the region, each of its municipalities and the country.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        As `gather` returns them.
    province : str
        The region is this province ...
    also : collection of str
        ... and the municipalities with these codes.
    name : str, optional
        What the region is called; by default the province.
    everywhere : bool
        Also for every other municipality of the country, which `notable` needs.
    provinces : collection of str
        Also for these provinces as a whole, which publications print.

    Returns
    -------
    pandas.DataFrame
        One row per ``fact`` (key of `FACTS`), place and ``year`` (first year of the school year):
        ``place`` (name), ``place_code`` (municipality; empty for region and country),
        ``place_kind`` (``region``, ``municipality``, ``country`` or ``province``), ``value``
        (missing where hidden counts leave a range), ``low``, ``high``, ``n`` with ``n_low`` and
        ``n_high`` (how many schools or pupils), ``unit``, ``per`` (what n counts), ``source``,
        ``provisional``. Sorted by fact, place and year. A fact whose file is not there is absent.

    Examples
    --------
    >>> from kansen_analysis.demo import demo_folder
    >>> from kansen_analysis.schools.load import Tables
    >>> facts = region_facts(gather(Tables(demo_folder()), 2024), province="Drenthe")
    >>> small = facts[(facts["fact"] == "kleine_scholen") & (facts["place_kind"] == "region")]
    >>> small["place"].iloc[-1], int(small["year"].iloc[-1]), bool(small["value"].notna().all())
    ('Drenthe', 2024, True)
    """
    known = municipalities(tables)
    inside = known["municipality_code"].isin(list(also)) | known["province"].eq(province)
    sums = _sums(tables)
    if not len(sums):
        return pd.DataFrame(columns=COLUMNS)
    shown = known if everywhere else known[inside]
    places = [
        (name or province, "", REGION, set(known.loc[inside, "municipality_code"])),
        ("Nederland", "", COUNTRY, None),
    ]
    for each in provinces:
        codes = set(known.loc[known["province"] == each, "municipality_code"])
        places.append((each, "", PROVINCE, codes))
    rolled = [_roll_up(sums, codes).assign(place=p, place_code=c, place_kind=k)
              for p, c, k, codes in places]  # fmt: skip
    own = sums[sums["municipality_code"].isin(shown["municipality_code"])]
    names = shown.set_index("municipality_code")["municipality"]
    rolled.append(
        own.rename(columns={"municipality_code": "place_code"}).assign(
            place=lambda rows: rows["place_code"].map(names), place_kind="municipality"
        )
    )
    facts = _figures(pd.concat(rolled, ignore_index=True))
    facts["order"] = facts["fact"].map({key: at for at, key in enumerate(FACTS)})
    facts["kind_order"] = facts["place_kind"].map(
        {REGION: 0, "municipality": 1, COUNTRY: 2, PROVINCE: 3}
    )
    order = ["order", "kind_order", "place", "place_code", "year"]
    return facts.sort_values(order, kind="stable", ignore_index=True)[COLUMNS]


# Sums per municipality and year ----------------------------------------------------------------

_PARTS = [f"{part}_{end}" for part in ("part", "rest", "whole") for end in _ENDS]
_CELLS = [f"{advice}_{end}" for advice in panel.RANKED_ADVICES for end in _ENDS]
_KEYS = ["fact", "municipality_code", "year"]


def _sums(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Add up, per fact, municipality and year, what its figure is made of."""
    place = municipality_of(tables)
    makers = (_pupils, _weging, _results, _advices, _raised, _moves, _special, _leavers)
    parts = [rows for make in makers for rows in make(tables, place) if len(rows)]
    if not parts:
        return pd.DataFrame(columns=[*_KEYS, *_PARTS, *_CELLS, "provisional"])
    rows = pd.concat([_of_fact(part) for part in parts], ignore_index=True)
    rows = rows.reindex(columns=[*_KEYS, *_PARTS, *_CELLS, "provisional"])
    return rows.sort_values(_KEYS, ignore_index=True, kind="stable")


def _of_fact(rows: pd.DataFrame) -> pd.DataFrame:
    """Add up the rows of one fact."""
    if "provisional" not in rows:
        rows = rows.assign(provisional=False)
    names = [name for name in (*_PARTS, *_CELLS) if name in rows]
    groups = rows.astype(dict.fromkeys(names, float)).groupby(_BY, sort=True)
    sums = groups[names].sum(min_count=1).assign(provisional=groups["provisional"].any())
    return sums.reset_index().assign(fact=rows["fact"].iloc[0])


def _roll_up(sums: pd.DataFrame, codes: Collection[str] | None) -> pd.DataFrame:
    """Add up municipalities; with None the country, from its own row where the publisher has it."""
    if codes is None:
        own = sums["municipality_code"] == _COUNTRY_CODE
        told = pd.MultiIndex.from_frame(sums.loc[own, ["fact", "year"]])
        sums = sums[own | ~pd.MultiIndex.from_frame(sums[["fact", "year"]]).isin(told)]
    else:
        sums = sums[sums["municipality_code"].isin(list(codes))]
    groups = sums.groupby(["fact", "year"], sort=True)
    result = groups[[*_PARTS, *_CELLS]].sum(min_count=1)
    return result.assign(provisional=groups["provisional"].any()).reset_index()


def _figures(rows: pd.DataFrame) -> pd.DataFrame:
    """Turn sums into the figure of each fact, with its bounds and n."""
    form = _of(rows, "form")
    ends = {end: rows[f"part_{end}"].copy() for end in _ENDS}  # of a count
    n = {end: rows[f"whole_{end}"].copy() for end in _ENDS}
    mean, shares, level = (form == kind for kind in ("mean", "share", "level"))
    other = {"low": "high", "high": "low"}
    for end in _ENDS:
        ends[end] = ends[end].mask(mean, rows[f"part_{end}"] / rows[f"whole_{other[end]}"])
        parts = rows[f"part_{end}"] + rows[f"rest_{end}"]
        n[end] = n[end].mask(shares & n[end].isna(), parts)  # where no total is known apart
    bounds = share(
        *(rows[f"{part}_{end}"].to_numpy() for part in ("part", "rest") for end in _ENDS)
    )
    for end, bound in zip(_ENDS, bounds, strict=True):
        ends[end] = ends[end].mask(shares, pd.Series(bound, index=rows.index))
    if level.any():
        cells = {
            end: rows.loc[level, [f"{a}_{end}" for a in panel.RANKED_ADVICES]].to_numpy()
            for end in _ENDS
        }
        for end, bound in zip(
            _ENDS, panel.mean_rank_bounds(cells["low"], cells["high"]), strict=True
        ):
            ends[end] = ends[end].mask(level, pd.Series(bound, index=rows.index[level]))
            n[end] = n[end].mask(level, pd.Series(cells[end].sum(1), index=rows.index[level]))
    for end in _ENDS:  # parts that were shares of pupils add up to whole pupils
        n[end] = n[end].round().astype("Int64")
    met = np.isclose(ends["low"], ends["high"], rtol=1e-9, atol=1e-9)
    result = rows[["fact", "place", "place_code", "place_kind", "year", "provisional"]].assign(
        value=ends["low"].where(met),
        **ends,
        n=n["low"].where(n["low"] == n["high"]),
        n_low=n["low"],
        n_high=n["high"],
    )
    for name in ("unit", "per"):
        result[name] = _of(result, name)
    result["source"] = _of(result, "sources").str.join("; ")
    result["year"] = result["year"].astype(int)
    return result[(result["n_high"] > 0) & result["low"].notna()]


def municipality_of(tables: Mapping[str, pd.DataFrame]) -> pd.Series:
    """Return the municipality every school lies in now, also one that closed."""
    parts = [
        tables[name].dropna(subset="municipality_code")[["school", "municipality_code"]]
        for name in ("leerlingen_historisch", "schools")
        if len(tables.get(name, ()))
    ]
    if not parts:
        return pd.Series(dtype="str")
    rows = pd.concat(parts, ignore_index=True).drop_duplicates("school", keep="last")
    return rows.set_index("school")["municipality_code"]


def _of_ovt(rows: pd.DataFrame, where: pd.Series) -> pd.Series:
    """Return the municipality of an OVT: of its vestiging, or of all vestigingen of its BRIN."""
    brin = where.groupby(where.index.str[:4]).agg(["first", "nunique"])
    one = brin.loc[brin["nunique"] == 1, "first"]
    return rows["school"].map(where).fillna(rows["ovt"].str[:4].map(one))


def _ends_of(rows: pd.DataFrame, name: str) -> tuple[pd.Series, pd.Series]:
    """Return the lowest and highest of a count, as floats."""
    return rows[f"{name}_low"].astype(float), rows[f"{name}_high"].astype(float)


def _counted(rows: pd.DataFrame, fact: str, by: list[str], **parts) -> pd.DataFrame:
    """Keep the keys and the parts of one fact; a part is a column, a pair of ends, or a number."""
    frame = rows[by].assign(fact=fact)
    if "provisional" in rows:
        frame["provisional"] = rows["provisional"]
    for part, given in parts.items():
        low, high = given if isinstance(given, tuple) else (given, given)
        frame[f"{part}_low"], frame[f"{part}_high"] = low, high
    return frame


_BY = ["municipality_code", "year"]


def _existing(history: pd.DataFrame, where: pd.Series) -> pd.DataFrame:
    """Keep the schools with pupils in the last years, with the municipality they lie in now."""
    there = (history["pupils_high"] > 0) & (history["year"] > history["year"].max() - HISTORY)
    rows = history[there]
    return rows.assign(municipality_code=rows["school"].map(where))


def _pupils(tables, where):
    """Schools and pupils on 1 October."""
    rows = tables.get("leerlingen_historisch", pd.DataFrame())
    if not len(rows):
        return
    rows = _existing(rows, where)
    regular = rows[rows["kind"] == "Bo"]
    pupils = _ends_of(regular, "pupils")
    small = (regular["pupils_high"] < SMALL_SCHOOL).astype(float)
    yield _counted(regular, "scholen", _BY, part=1.0, whole=1.0)
    yield _counted(regular, "leerlingen", _BY, part=pupils, whole=1.0)
    yield _counted(regular, "leerlingen_per_school", _BY, part=pupils, whole=1.0)
    yield _counted(regular, "kleine_scholen", _BY, part=small, rest=1.0 - small)


def _weging(tables, where):
    """Mean schoolweging, and schools in the country's lowest fifth and highest two fifths."""
    rows = tables.get("schoolweging", pd.DataFrame())
    if not len(rows):
        return
    rows = rows[rows["schoolweging"].notna() & rows["pupils"].notna()]
    rows = rows.assign(municipality_code=_of_ovt(rows, where))
    pupils = rows["pupils"].astype(float)
    yield _counted(rows, "schoolweging", _BY, part=rows["schoolweging"] * pupils, whole=pupils)
    by_year = rows.groupby("year")["schoolweging"]
    low = rows["schoolweging"] <= rows["year"].map(by_year.quantile(LOW_FIFTH))
    high = rows["schoolweging"] > rows["year"].map(by_year.quantile(HIGH_FIFTHS))
    for fact, chosen in (("lage_schoolweging", low), ("hoge_schoolweging", high)):
        part = chosen.astype(float)
        yield _counted(rows, fact, _BY, part=part, rest=1.0 - part)


def _results(tables, where):
    """Target levels reached, and schools below the signaleringswaarde over three years."""
    rows = tables.get("levels", pd.DataFrame())
    if len(rows):
        rows = rows.assign(municipality_code=rows["school"].map(where))
        reached = {end: rows[end] / 100 * rows[f"n_{end}"] for end in _ENDS}
        missed = {
            "low": (100 - rows["high"]) / 100 * rows["n_low"],
            "high": (100 - rows["low"]) / 100 * rows["n_high"],
        }
        yield _counted(
            rows,
            "streefniveau",
            _BY,
            part=(reached["low"], reached["high"]),
            rest=(missed["low"], missed["high"]),
            whole=_ends_of(rows, "n"),
        )
    rows = tables.get("leerresultaten", pd.DataFrame())
    if len(rows):
        told = rows["oordeel_1s2f"].fillna("").str.split().str[0]  # Boven, Onder, or neither
        rows = rows[told.isin(["Boven", "Onder"]) & (rows["year"] == rows["edition"])]
        part = (told[rows.index] == "Onder").astype(float)
        rows = rows.assign(municipality_code=_of_ovt(rows, where))
        yield _counted(rows, "onder_signaal", _BY, part=part, rest=1.0 - part)


def _advices(tables, where):
    """Advices by rank, and those for havo or higher."""
    low, high = (tables.get(f"advice_{end}", pd.DataFrame()) for end in _ENDS)
    if not len(low):
        return
    names = list(panel.RANKED_ADVICES)
    keys = low[["year"]].assign(municipality_code=low["school"].map(where))
    cells = {"low": low[names], "high": high[names]}
    level = keys.assign(fact="advies")
    for end in _ENDS:
        level[[f"{name}_{end}" for name in names]] = cells[end].to_numpy(float)
    yield level
    lower = [name for name in names if name not in _HIGHER]
    up, rest = (
        tuple(cells[end][chosen].sum(axis=1).astype(float) for end in _ENDS)
        for chosen in (list(_HIGHER), lower)
    )
    yield _counted(keys, "advies_havo", _BY, part=up, rest=rest)


def _raised(tables, where):
    """Advices that were raised, of those that could be."""
    rows = tables.get("raised", pd.DataFrame())
    if not len(rows):
        return
    rows = rows.assign(municipality_code=rows["school"].map(where))
    raised, could = (_ends_of(rows, name) for name in ("raised", "eligible"))
    yield _counted(rows, "bijgesteld", _BY, part=raised, rest=_rest(raised, could), whole=could)


def _rest(part, whole):
    """Return what is left of a whole that is known apart from its part, never below nothing."""
    return (whole[0] - part[1]).clip(lower=0), (whole[1] - part[0]).clip(lower=0)


def _moves(tables, where):
    """Pupils of secondary schools who moved down or up a level, or repeated a year."""
    rows = tables.get("vo_doorstroom", pd.DataFrame())
    if not len(rows):
        return
    whole = _ends_of(rows, "pupils")
    for fact, column in MOVES.items():
        part = _ends_of(rows, column)
        yield _counted(rows, fact, _BY, part=part, rest=_rest(part, whole), whole=whole)


def _special(tables, where):
    """Pupils at schools for special education: by place of the school, and by home."""
    rows = tables.get("leerlingen_historisch", pd.DataFrame())
    if len(rows):
        rows = _existing(rows, where)
        primary = rows[rows["kind"].isin(["Bo", "Sbo"])]
        sbo = (primary["kind"] == "Sbo").astype(float)
        ends = _ends_of(primary, "pupils")
        yield _counted(
            primary,
            "sbo",
            _BY,
            part=tuple(sbo * end for end in ends),
            rest=tuple((1 - sbo) * end for end in ends),
        )
        special = rows[rows["kind"].isin(_SPECIAL)]
        ends = _ends_of(special, "pupils")
        yield _counted(special, "speciale_scholen", _BY, part=ends, whole=1.0)
    rows = _by_home(tables.get("so_vso", pd.DataFrame()))
    if len(rows) and {"cbs_85489ned", "cbs_85490ned"} <= set(rows["dataset"]):
        # The tables hold totals beside their parts; the total is the largest number of a place.
        totals = rows.groupby(["dataset", *_BY])["pupils"].max().astype(float).unstack(0).dropna()
        totals = totals.reset_index()
        yield _counted(
            totals,
            "speciaal_thuis",
            _BY,
            part=totals["cbs_85490ned"],
            rest=totals["cbs_85489ned"],
        )


def _leavers(tables, where):
    """Early school leaving: by home where CBS tells it, and by place of the vo school."""
    table = tables.get("vsv", pd.DataFrame())
    if not len(table):
        return
    rows = _by_home(table)
    if len(rows):
        rows = rows[(rows["sex"] == "totaal") & rows["vsv"].notna() & rows["pupils"].notna()]
        part, whole = rows["vsv"].astype(float), rows["pupils"].astype(float)
        yield _counted(rows, "vsv", _BY, part=part, rest=whole - part)
    if "school" not in table:
        return
    rows = table[table["school"].notna()]
    places = secondary_places(tables)
    if not len(places) or not len(rows):
        return
    rows = rows.assign(municipality_code=rows["school"].map(places["municipality_code"]))
    part, whole = (_ends_of(rows, name) for name in ("vsv", "pupils"))
    yield _counted(rows, "vsv_vo", _BY, part=part, rest=_rest(part, whole), whole=whole)


def _by_home(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of CBS, the country with a code of its own."""
    if not len(table) or "region" not in table:
        return table.iloc[:0]
    country = table["region"].astype(str).str.startswith(_COUNTRY_CODE)
    rows = table[country | table["municipality_code"].notna()]
    return rows.assign(
        municipality_code=rows["municipality_code"].mask(country[rows.index], _COUNTRY_CODE)
    )


# What is told ----------------------------------------------------------------------------------


def in_fifths(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Put every school with a schoolweging in a fifth of the country, in the latest year.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        ``schoolweging`` and, for where a school is, ``leerlingen_historisch`` and ``schools``.

    Returns
    -------
    pandas.DataFrame
        The rows of that year with ``municipality_code`` (also of a school whose vestiging is not
        certain, where its BRIN has all of them in one municipality) and ``fifth``, 5 the highest.
    """
    rows = tables.get("schoolweging", pd.DataFrame())
    if not len(rows):
        return rows
    rows = rows[rows["schoolweging"].notna() & (rows["year"] == rows["year"].max())]
    edges = rows["schoolweging"].quantile([0.2, 0.4, 0.6, 0.8]).to_numpy()
    return rows.assign(
        municipality_code=_of_ovt(rows, municipality_of(tables)),
        fifth=1 + np.searchsorted(edges, rows["schoolweging"].to_numpy(), side="left"),
    )


def spread(tables: Mapping[str, pd.DataFrame], facts: pd.DataFrame) -> pd.DataFrame:
    """Spread the schools of each place over the fifths of the country by schoolweging.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        As `gather` returns them.
    facts : pandas.DataFrame
        As `region_facts` returns them; gives the places.

    Returns
    -------
    pandas.DataFrame
        ``place``, ``place_code``, ``place_kind``, ``fifth`` (1 = lowest schoolweging), ``schools``
        and ``share`` (percent of the schools of the place), of the latest year, in ``year``.
    """
    columns = ["place", "place_code", "place_kind", "year", "fifth", "schools", "share"]
    rows = in_fifths(tables)
    if not len(rows) or not len(facts):
        return pd.DataFrame(columns=columns)
    places = facts[["place", "place_code", "place_kind"]].drop_duplicates()
    own = set(places["place_code"]) - {""}
    parts = []
    for place in each_row(places):
        if place.place_kind == COUNTRY:
            here = rows
        else:
            codes = own if place.place_kind == REGION else {place.place_code}
            here = rows[rows["municipality_code"].isin(codes)]
        if not len(here):
            continue
        counts = here["fifth"].value_counts().reindex(range(1, 6), fill_value=0)
        part = counts.rename_axis("fifth").rename("schools").reset_index()
        parts.append(
            part.assign(
                place=place.place,
                place_code=place.place_code,
                place_kind=place.place_kind,
                share=100 * counts.to_numpy() / len(here),
            )
        )
    table = pd.concat(parts, ignore_index=True)
    return table.assign(year=int(rows["year"].iloc[0]))[columns]


def secondary_schools(tables: Mapping[str, pd.DataFrame], codes: Collection[str]) -> pd.DataFrame:
    """List afstroom, opstroom and zittenblijvers of every vo school in some municipalities.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        As `gather` returns them.
    codes : collection of str
        Codes of the municipalities.

    Returns
    -------
    pandas.DataFrame
        One row per vestiging and year, in the order of municipality, name and code: ``school``,
        ``name``, ``municipality_code``, ``year``, ``n_low``, ``n_high`` (pupils) and per kind of
        move ``_low`` and ``_high``, in percent.
    """
    rows = tables.get("vo_doorstroom", pd.DataFrame())
    keys = ["school", "name", "municipality_code", "year"]
    shares = [f"{fact}_{end}" for fact in MOVES for end in _ENDS]
    if not len(rows):
        return pd.DataFrame(columns=[*keys, "n_low", "n_high", *shares])
    rows = rows[rows["municipality_code"].isin(list(codes))]
    result = rows[keys].assign(n_low=rows["pupils_low"], n_high=rows["pupils_high"])
    whole = _ends_of(rows, "pupils")
    for fact, column in MOVES.items():
        part = _ends_of(rows, column)
        bounds = share(*(x.to_numpy() for x in (*part, *_rest(part, whole))))
        result[f"{fact}_low"], result[f"{fact}_high"] = bounds
    order = result.assign(key=result["name"].str.casefold())
    order = order.sort_values(["municipality_code", "key", "school", "year"], kind="stable")
    return order.drop(columns="key").reset_index(drop=True)


def changes(facts: pd.DataFrame, back: int = BACK) -> pd.DataFrame:
    """Set the latest year of each fact and place beside an earlier one.

    Parameters
    ----------
    facts : pandas.DataFrame
        As `region_facts` returns them.
    back : int
        Wanted number of years between the two. The year nearest to it is taken that no break
        separates from the latest, at least `LEAST` years before it.

    Returns
    -------
    pandas.DataFrame
        The latest row of each fact and place, with ``from_year``, ``from_low``, ``from_high`` and
        the change, ``change_low`` to ``change_high``: percent of the earlier number for counts,
        else the difference in the unit of the fact. Where no earlier year may be compared there is
        no row.

    Examples
    --------
    >>> facts = pd.DataFrame({"fact": "leerlingen", "place": "Drenthe", "place_code": "",
    ...     "place_kind": "region", "year": [2019, 2024], "low": [200, 190], "high": [200, 190]})
    >>> changes(facts)[["year", "from_year", "change_low"]].round(1).values.tolist()
    [[2024.0, 2019.0, -5.0]]
    """
    key = ["fact", "place_kind", "place_code"]
    ordered = facts.sort_values([*key, "year"], kind="stable")
    latest = ordered.drop_duplicates(key, keep="last")
    last = latest.groupby("fact")["year"].transform("max")
    latest = latest[latest["year"] == last]  # a place whose figures stopped has no latest change
    since = {name: max(fact.breaks, default=-np.inf) for name, fact in FACTS.items()}
    both = latest.merge(
        ordered[[*key, "year", "low", "high"]].rename(
            columns={"year": "from_year", "low": "from_low", "high": "from_high"}
        ),
        on=key,
    )
    apart = both["year"] - both["from_year"]
    allowed = (apart >= LEAST) & (both["from_year"] >= both["fact"].map(since))
    both = both.assign(off=(apart - back).abs())[allowed]
    both = both.sort_values("off", kind="stable").drop_duplicates(key)
    both = both.sort_values(key, kind="stable").drop(columns="off").reset_index(drop=True)
    counted = _of(both, "form") == "count"
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = {
            "low": 100 * (both["low"] / both["from_high"] - 1),
            "high": 100 * (both["high"] / both["from_low"] - 1),
        }
    plain = {"low": both["low"] - both["from_high"], "high": both["high"] - both["from_low"]}
    for end in _ENDS:
        both[f"change_{end}"] = plain[end].mask(counted, relative[end])
    return both


def notable(facts: pd.DataFrame) -> pd.DataFrame:
    """Choose by rule what is told of the region and of each of its municipalities.

    Parameters
    ----------
    facts : pandas.DataFrame
        As `region_facts` returns them, with ``everywhere=True``: how much municipalities differ is
        the yardstick.

    Returns
    -------
    pandas.DataFrame
        One row per place and chosen fact: the columns of `facts`, ``rule`` (``country``: furthest
        from the country in the latest year; ``change``: largest change), ``other_year``,
        ``other_low``, ``other_high`` (what it is set beside), ``gap_low`` and ``gap_high`` and
        ``size`` (the smallest the gap can be, in standard deviations over municipalities).
        Largest first within place and rule.

    Notes
    -----
    A fact takes part when its place has at least `FEWEST_SCHOOLS` schools or `FEWEST_PUPILS`
    pupils behind it, when it is at most `RECENT` years older than the newest, and when all that
    hidden counts allow lies on one side of what it is set beside; a change also on one side of
    that of the country; and when it is `SMALLEST` or more on the yardstick. Of a place one fact
    of a theme is told.
    """
    gaps = [f"gap_{end}" for end in _ENDS]
    columns = [*COLUMNS, "rule", *(f"other_{x}" for x in ("year", *_ENDS)), *gaps, "size"]
    if not len(facts):
        return pd.DataFrame(columns=columns)
    last = facts.groupby("fact")["year"].transform("max")
    facts = facts[last >= facts["year"].max() - RECENT]
    both = pd.concat([_beside_country(facts), _moved(facts)], ignore_index=True)
    places = both[(both["place_kind"] == "municipality") & _enough(both)]
    middle = places[gaps].mean(axis=1)
    spread = middle.groupby([places["rule"], places["fact"]]).agg(["std", "size"])
    yardstick = spread.loc[spread["size"] >= FEWEST_PLACES, "std"]
    unit = yardstick.reindex(pd.MultiIndex.from_frame(both[["rule", "fact"]]))
    one_side = (both[gaps] > 0).all(axis=1) | (both[gaps] < 0).all(axis=1)
    one_side &= (both["apart_low"] > 0) | (both["apart_high"] < 0)
    least = both[["apart_low", "apart_high"]].abs().min(axis=1)
    both["size"] = least / np.asarray(unit, dtype=float)
    local = _of(both, "local") | (both["place_kind"] == REGION)
    worth = np.isfinite(both["size"]) & (both["size"] >= both["place_kind"].map(SMALLEST))
    both = both[one_side & local & _enough(both) & worth]
    both = both.assign(theme=_of(both, "theme"))
    place = ["place_kind", "place_code"]
    both = both.sort_values("size", ascending=False, kind="stable")
    both = both.drop_duplicates([*place, "theme"]).groupby([*place, "rule"]).head(MOST)
    both = both.sort_values(["place", "place_code", "rule"], kind="stable")  # keeps size within
    first = both["place_kind"] == REGION
    return pd.concat([both[first], both[~first]], ignore_index=True)[columns]


def _beside_country(facts: pd.DataFrame) -> pd.DataFrame:
    """Set the latest figure of each place beside that of the country; counts say nothing there."""
    last = facts.groupby("fact")["year"].transform("max")
    rows = facts[(facts["year"] == last) & (_of(facts, "form") != "count")]
    country = rows[rows["place_kind"] == COUNTRY].set_index("fact")
    rows = rows[rows["place_kind"] != COUNTRY].assign(rule="country", other_year=rows["year"])
    for end, other in zip(_ENDS, reversed(_ENDS), strict=True):
        rows[f"other_{end}"] = rows["fact"].map(country[end])
        rows[f"gap_{end}"] = rows[end] - rows["fact"].map(country[other])
        rows[f"apart_{end}"] = rows[f"gap_{end}"]
    return rows


def _moved(facts: pd.DataFrame) -> pd.DataFrame:
    """Return the change of each place, and how far it is apart from that of the country."""
    rows = changes(facts)
    names = {f"from_{x}": f"other_{x}" for x in ("year", *_ENDS)}
    rows = rows.rename(columns=names | {f"change_{end}": f"gap_{end}" for end in _ENDS})
    country = rows[rows["place_kind"] == COUNTRY].set_index("fact")
    rows = rows[rows["place_kind"] != COUNTRY].assign(rule="change")
    for end, other in zip(_ENDS, reversed(_ENDS), strict=True):
        national = rows["fact"].map(country[f"gap_{other}"]).astype(float).fillna(0)
        rows[f"apart_{end}"] = rows[f"gap_{end}"] - national
    return rows


def _of(rows: pd.DataFrame, name: str) -> pd.Series:
    """Look an attribute of `Fact` up for every row."""
    return rows["fact"].map({key: getattr(fact, name) for key, fact in FACTS.items()})


def _enough(rows: pd.DataFrame) -> pd.Series:
    """Tell which facts have enough schools or pupils behind them to be told in words."""
    fewest = rows["per"].map({"scholen": FEWEST_SCHOOLS, "leerlingen": FEWEST_PUPILS})
    return (rows["n_low"] >= fewest).fillna(False).astype(bool)
