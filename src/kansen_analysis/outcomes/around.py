"""What is published around the schools, by municipality: context of goals 3 and 4, never a test.

Early school leaving, moves inside secondary schools, special education and youth care are not
published by primary school. Every series here is a share by municipality and year.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from kansen_analysis.outcomes.intervals import HIGH, LOW

MOVES = ("afstromers", "opstromers", "zittenblijvers")
SPECIAL_TABLES = ("cbs_85489ned", "cbs_85490ned")  # primary and special schools
YOUTH_CARE = "cbs_85098ned"
# Years from the first coach to the first pupils who can be counted: former pupils go to vo the year
# after and leave school early at seventeen; a municipality counts everybody from the next year on.
LATER = {"vo_doorstroom": 1, "vsv": 5, "so_vso": 1, "jeugdhulp": 1}


@dataclass(frozen=True, eq=False)
class Series:
    """One share by municipality and year.

    Attributes
    ----------
    name : str
        One of `MOVES`, ``vsv``, ``special`` or ``youth_care``.
    table : str
        The tidy table it comes from.
    datasets : tuple of str
        The data sets that its rows came from.
    shares : DataFrame
        ``place`` (number of the municipality), ``year``, ``value`` (percent), ``n`` (pupils; 1
        where that is not published).
    """

    name: str
    table: str
    datasets: tuple[str, ...]
    shares: pd.DataFrame


def series(tables: Mapping[str, pd.DataFrame], goal: int) -> list[Series]:
    """Return what is published around the schools for a goal.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        The tidy tables.
    goal : int
        3 (secondary schools, early leaving) or 4 (special education, youth care).

    Returns
    -------
    list of Series
        Without those that the tables do not have.
    """
    found = []
    if goal == 3:
        moves = tables["vo_doorstroom"]
        if len(moves):
            own = ("vo_doorstroom",)
            found += [Series(name, *own, own, _counted(moves, name)) for name in MOVES]
        leavers = early_leavers(tables)
        if leavers is not None:
            rows, _ = leavers
            found.append(Series("vsv", "vsv", datasets(rows, "vsv"), _counted(rows, "vsv")))
        return found
    special = special_pupils(tables)
    if len(special):
        rows = special.rename(columns={"share": "value", "pupils": "n"})
        found.append(Series("special", "so_vso", SPECIAL_TABLES, _in_places(rows)))
    care = youth_care(tables)
    if len(care):  # the table does not say how many young people there are
        rows = care.rename(columns={"share": "value"}).assign(n=1.0)
        found.append(Series("youth_care", "jeugdhulp", (YOUTH_CARE,), _in_places(rows)))
    return found


def secondary_places(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return where secondary schools are, by school, from every file that says so.

    Returns
    -------
    pandas.DataFrame
        ``municipality_code`` and ``province``, indexed by school; the register goes before the
        file of pupils who moved down or up.
    """
    columns = ["school", "municipality_code", "province"]
    named = [tables.get(name, pd.DataFrame()) for name in ("vo_doorstroom", "vestigingen_vo")]
    named = [each.reindex(columns=columns) for each in named if len(each)]
    if not named:
        return pd.DataFrame(columns=columns).set_index("school")
    rows = pd.concat(named).dropna(subset=["school", "municipality_code"])
    return rows.drop_duplicates("school", keep="last").set_index("school")


def early_leavers(tables: Mapping[str, pd.DataFrame]) -> tuple[pd.DataFrame, str] | None:
    """Return early school leaving with a municipality, and whose municipality that is.

    Returns
    -------
    tuple or None
        The rows, and ``home`` (where pupils live) or ``school`` (where the secondary school is);
        None where there is no file, or nothing says where its schools are.
    """
    table = tables["vsv"]
    if not len(table):
        return None
    if "municipality_code" in table and table["municipality_code"].notna().any():
        rows = table[table["municipality_code"].notna()]
        if "sex" in rows:
            rows = rows[rows["sex"].fillna("totaal") == "totaal"]
        return rows, "home"
    places = secondary_places(tables)
    if not len(places):
        return None
    rows = table.assign(
        municipality_code=table["school"].map(places["municipality_code"]),
        province=table["school"].map(places["province"]),
    )
    # A vestiging stands once per samenwerkingsverband that its pupils come from.
    return rows, "school"


def special_pupils(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return pupils at special schools as a share of primary pupils, by region and year.

    Returns
    -------
    pandas.DataFrame
        ``region``, ``year``, ``share`` (percent), ``pupils`` (of both kinds); empty unless both
        tables of CBS are there.
    """
    table = tables["so_vso"]
    if not len(table) or not set(SPECIAL_TABLES) <= set(table["dataset"]):
        return pd.DataFrame(columns=["region", "year", "share", "pupils"])
    # The tables hold totals beside their parts; the total is the largest number of a region.
    totals = table.groupby(["dataset", "region", "year"])["pupils"].max().astype(float).unstack(0)
    totals["pupils"] = totals[list(SPECIAL_TABLES)].sum(axis=1, min_count=2)
    totals["share"] = 100 * totals["cbs_85490ned"] / totals["pupils"]
    return totals.dropna(subset="share").reset_index()


def youth_care(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the share of young people with youth care, by region and calendar year."""
    table = tables["jeugdhulp"]
    if not len(table):
        return table
    return table[(table["dataset"] == YOUTH_CARE) & (table["form"] == "jeugdhulp")]


def datasets(table: pd.DataFrame, source: str) -> tuple[str, ...]:
    """Name the data sets that rows came from."""
    return tuple(sorted(table["dataset"].dropna().unique())) if "dataset" in table else (source,)


def fill_hidden(counts: pd.DataFrame, name: str) -> pd.Series:
    """Give every count of 1 to 4, hidden or not, the mean of those: then all years are alike.

    Parameters
    ----------
    counts : DataFrame
        ``name`` with ``_low`` and ``_high``.
    name : str
        The count.

    Returns
    -------
    Series
        The counts themselves where nothing is hidden in any year.

    Examples
    --------
    >>> counts = pd.DataFrame({"k_low": [3, 1, 9], "k_high": [3, 4, 9]})
    >>> fill_hidden(counts, "k").tolist()
    [3.0, 3.0, 9.0]
    """
    low, high = counts[f"{name}_low"].astype(float), counts[f"{name}_high"].astype(float)
    if (low == high).all():
        return low
    small = (low >= LOW) & (high <= HIGH)
    exact = low[small & (low == high)]
    usual = exact.mean() if len(exact) else (LOW + HIGH) / 2
    return ((low + high) / 2).mask(small, usual)


def _counted(table: pd.DataFrame, part: str) -> pd.DataFrame:
    """Add up counts to shares by municipality and year."""
    counts = table[["municipality_code", "year"]].assign(
        part=fill_hidden(table, part), n=fill_hidden(table, "pupils")
    )
    sums = counts.groupby(["municipality_code", "year"])[["part", "n"]].sum().reset_index()
    sums["value"] = 100 * sums["part"] / sums["n"].where(sums["n"] > 0)
    return sums.rename(columns={"municipality_code": "place"})


def _in_places(rows: pd.DataFrame) -> pd.DataFrame:
    place = rows["region"].str.extract(r"^GM(\d{4})", expand=False)
    return rows.assign(place=place)[place.notna()][["place", "year", "value", "n"]]
