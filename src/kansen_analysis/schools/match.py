"""Schools and their keys: which vestiging an OVT is, and which schools are one school over time.

An OVT (object van toezicht) is not a vestiging. ``C1`` is nearly always vestiging ``00``, but the
numbers behind the C follow no rule, so they are never translated: an OVT is matched when its BRIN
has one OVT and one vestiging, else by name within the BRIN, else it is listed.

Schools merge, move to another BRIN and close. What became of a school is not in the files of
results, so it stands in a table of transitions (``overgangen.csv``), filled by hand from what DUO
and school boards publish. A merged school is followed back as the sum of the schools it came from.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd

from kansen_analysis.errors import (
    CellError,
    ConsistencyError,
    Finding,
    UsageError,
    raise_all,
)
from kansen_analysis.sources import hand, schoolyear
from kansen_analysis.sources.rows import each_row

# Words that say what kind of school it is, and so do not tell two schools of one BRIN apart.
_KIND_WORDS = frozenset(
    (
        *("basisschool", "basisonderwijs", "school", "kindcentrum", "locatie", "openbare"),
        *("bijzondere", "christelijke", "katholieke", "rooms", "protestants", "gereformeerde"),
        *("obs", "cbs", "rkbs", "kbs", "pcb", "pcbs", "gbs", "bs", "rk", "pc", "kc", "ikc"),
        *("de", "het", "van", "voor"),
    )
)

ONE_TO_ONE, BY_NAME, UNMATCHED = "enige vestiging", "naam", "niet gekoppeld"


def name_key(name: str) -> str:
    """Reduce a school's name to what tells it apart within its BRIN.

    Examples
    --------
    >>> name_key("Openbare Basisschool 't Hoge Land") == name_key("OBS 't Hoge Land")
    True
    """
    plain = unicodedata.normalize("NFKD", str(name)).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    own = [word for word in words if word not in _KIND_WORDS]
    return " ".join(own or words)


def existing(historical: pd.DataFrame, register: pd.DataFrame, years: list[int]) -> pd.DataFrame:
    """List the regular primary schools that existed in at least one of the years.

    Parameters
    ----------
    historical, register : pandas.DataFrame
        Tidy tables ``leerlingen_historisch`` and ``vestigingen``; either may be empty.
    years : list of int
        School years.

    Returns
    -------
    pandas.DataFrame
        One row per school with ``school``, ``brin`` and ``name``.
    """
    names = [
        frame[["school", "name"]].drop_duplicates().astype("str")
        for frame in (historical, register)
        if len(frame)
    ]
    if not names:
        return pd.DataFrame({"school": [], "brin": [], "name": []}, dtype="str")
    listed = pd.concat(names, ignore_index=True).dropna().drop_duplicates()
    if len(historical):  # it has every year; a register only says how things were on one day
        alive = historical[
            (historical["kind"] == "Bo")
            & historical["year"].isin(years)
            & (historical["pupils_high"] > 0)
        ]
        listed = listed[listed["school"].isin(alive["school"])]
    listed["brin"] = listed["school"].str[:4]
    return listed.reset_index(drop=True)


def match_ovt(ovts: pd.DataFrame, schools: pd.DataFrame) -> pd.DataFrame:
    """Match each OVT to a vestiging, or say that it cannot be.

    Parameters
    ----------
    ovts : pandas.DataFrame
        ``ovt`` and, where known, ``name``; an OVT may stand there under several names.
    schools : pandas.DataFrame
        As `existing` returns it.

    Returns
    -------
    pandas.DataFrame
        One row per OVT: ``ovt``, ``school`` (NA when not matched) and ``match``, one of
        ``enige vestiging``, ``naam``, ``niet gekoppeld``.

    Examples
    --------
    >>> ovts = pd.DataFrame({"ovt": ["90AA|C1", "90AB|C1", "90AB|C4"],
    ...                      "name": ["De Aa", "Het Bos", "OBS De Zee"]})
    >>> schools = pd.DataFrame({"school": ["90AA00", "90AB00", "90AB01"],
    ...                         "brin": ["90AA", "90AB", "90AB"],
    ...                         "name": ["De Aa", "Het Bos", "De Zee"]})
    >>> match_ovt(ovts, schools)
           ovt  school            match
    0  90AA|C1  90AA00  enige vestiging
    1  90AB|C1  90AB00             naam
    2  90AB|C4  90AB01             naam
    """
    ovts = ovts[["ovt", "name"]].drop_duplicates().assign(brin=lambda f: f["ovt"].str[:4])
    result = ovts[["ovt"]].drop_duplicates(ignore_index=True)
    brin = result["ovt"].str[:4]

    alone = schools.drop_duplicates("school").set_index("brin")["school"]
    alone = alone[~alone.index.duplicated(keep=False)]
    single = ~brin.duplicated(keep=False)
    result["school"] = brin.map(alone).where(single)
    result["match"] = result["school"].notna().map({True: ONE_TO_ONE, False: UNMATCHED})

    by_name = set(brin[result["school"].isna()])
    named, known = (f[f["brin"].isin(by_name)].dropna(subset="name") for f in (ovts, schools))
    named, known = (f.assign(key=f["name"].map(name_key)) for f in (named, known))
    pairs = named.merge(known, on=["brin", "key"])[["ovt", "school"]].drop_duplicates()
    unique = pairs[
        ~pairs["ovt"].duplicated(keep=False) & ~pairs["school"].duplicated(keep=False)
    ].set_index("ovt")["school"]
    open_ = result["school"].isna() & result["ovt"].isin(unique.index)
    named_school = result["ovt"].map(unique).astype("str")
    result["school"] = result["school"].astype("str").where(~open_, named_school)
    result["match"] = result["match"].where(~open_, BY_NAME)
    return result


# ---------------------------------------------------------------- one school over time

FILE = "overgangen.csv"
TRANSITIONS = ("school", "successor", "school_year", "kind", "source")
MERGER, MOVE, SPLIT, CLOSURE = "fusie", "verplaatsing", "splitsing", "sluiting"
_KINDS = (MERGER, MOVE, SPLIT, CLOSURE)


def read_transitions(path: Path | str) -> pd.DataFrame:
    """Read the table that says what became of schools.

    Parameters
    ----------
    path : pathlib.Path or str
        A csv with ``school`` (BRIN6), ``successor`` (BRIN6, empty for a closure), ``school_year``
        (the first in which it is so), ``kind`` (``fusie``, ``verplaatsing``: another BRIN or
        number for the same school, ``splitsing``, ``sluiting``) and ``source`` (the document).

    Returns
    -------
    pandas.DataFrame
        The same with ``year`` in the place of ``school_year``; empty when there is no file.

    Raises
    ------
    DataErrors
        With every mistake in the table.
    """
    path = Path(path)
    columns = ["school", "successor", "year", "kind", "source"]
    if not path.is_file():
        return pd.DataFrame(
            {c: pd.Series(dtype="int64" if c == "year" else "str") for c in columns}
        )
    findings: list[Finding] = []
    rows = []
    told = hand.read(path, TRANSITIONS)
    for row in told:
        line = row.line

        def tell(column, expected, row=row, line=line):
            findings.append(
                CellError(
                    path.name,
                    repr(row[column]),
                    expected,
                    "correct the table",
                    line=line,
                    column=column,
                )
            )

        closes = row["kind"] == CLOSURE
        if row["kind"] not in _KINDS:
            tell("kind", "one of " + ", ".join(_KINDS))
        if not re.fullmatch(r"\d\d[A-Z]{2}\d\d", row["school"]):
            tell("school", "a school such as 06GS00")
        if closes != (row["successor"] == ""):
            tell("successor", "nothing after a closure, a school such as 06GS00 otherwise")
        elif not closes and not re.fullmatch(r"\d\d[A-Z]{2}\d\d", row["successor"]):
            tell("successor", "a school such as 06GS00")
        if not row["source"]:
            tell("source", "the document that says so")
        try:
            year = schoolyear.parse(row["school_year"])
        except UsageError:
            tell("school_year", "a school year such as 2023-2024")
            continue
        rows.append({c: row[c] for c in columns if c != "year"} | {"year": year, "_line": line})
    table = pd.DataFrame(rows, columns=[*columns, "_line"])
    findings += _contradictions(table, path.name)
    raise_all(findings)
    return table[columns].astype({"year": int})


def _contradictions(table: pd.DataFrame, file: str) -> list[Finding]:
    """Find schools with two fates, and schools that succeed themselves."""
    findings: list[Finding] = []
    one_fate = table[table["kind"] != SPLIT]
    for row in each_row(one_fate[one_fate.duplicated("school")]):
        findings.append(
            ConsistencyError(
                file,
                f"a second fate of {row.school}",
                "one line per school, but for a split",
                "keep the right line",
                line=row._6,
                column="school",
            )
        )
    next_ = one_fate[one_fate["successor"] != ""].set_index("school")["successor"].to_dict()
    for row in each_row(one_fate):
        seen, school = {row.school}, next_.get(row.school)
        while school and school not in seen:
            seen.add(school)
            school = next_.get(school)
        if school == row.school:
            findings.append(
                ConsistencyError(
                    file,
                    f"{row.school} as its own successor",
                    "a later school",
                    "correct the successor",
                    line=row._6,
                    column="successor",
                )
            )
    return findings


def over_time(transitions: pd.DataFrame) -> pd.DataFrame:
    """Give every school that changed the key under which it is followed over time.

    Parameters
    ----------
    transitions : pandas.DataFrame
        As `read_transitions` returns it.

    Returns
    -------
    pandas.DataFrame
        One row per school in the table: ``school``, ``school_over_time`` (the last successor;
        of a school that closes or splits the school itself), ``flag`` (``fusie``,
        ``verplaatsing``, ``splitsing``, ``sluiting``; of a successor the kind that made it, a
        merger before a move) and ``year``, the first school year of the change. A school that is
        not in it is its own.

    Examples
    --------
    >>> moved = pd.DataFrame({"school": ["90AA00", "90AB00"], "successor": ["90AC00"] * 2,
    ...     "year": [2021, 2021], "kind": ["fusie"] * 2, "source": ["x"] * 2})
    >>> over_time(moved)["school_over_time"].tolist()
    ['90AC00', '90AC00', '90AC00']
    """
    follows = transitions[transitions["kind"].isin([MERGER, MOVE])]
    next_ = dict(zip(follows["school"], follows["successor"], strict=True))

    def last(school: str) -> str:
        while school in next_:
            school = next_[school]
        return school

    rows: dict[str, dict] = {}
    ordered = transitions.assign(
        rank=transitions["kind"].map({k: i for i, k in enumerate(_KINDS)})
    ).sort_values(["rank", "year"], kind="stable")
    for row in each_row(ordered):
        for school in (row.school, row.successor):
            if school:
                new = {"school_over_time": last(school), "flag": row.kind, "year": row.year}
                rows.setdefault(school, {"school": school} | new)
    columns = ["school", "school_over_time", "flag", "year"]
    return pd.DataFrame(rows.values(), columns=columns).sort_values(
        "school", ignore_index=True, kind="stable"
    )


def follow(
    table: pd.DataFrame,
    identity: pd.DataFrame,
    by: list[str] | None = None,
    means: dict[str, str] | None = None,
) -> pd.DataFrame:
    """Put schools that are one over time together: counts added up, means weighted by pupils.

    Parameters
    ----------
    table : pandas.DataFrame
        Tidy, with ``school``, ``year`` and counts with ``_low`` and ``_high``.
    identity : pandas.DataFrame
        As `over_time` returns it.
    by : list of str, optional
        Further columns that make a row, such as ``["advice"]``.
    means : dict of str to str, optional
        Mean or share → the count it is weighted with.

    Returns
    -------
    pandas.DataFrame
        ``school`` (over time), ``year``, ``by``, the counts as intervals, the means (NaN where a
        predecessor has pupils but no mean, or its number is hidden), ``schools_together`` (how
        many schools of the table a row is made of) and ``flag``.
    """
    by, means = by or [], means or {}
    key = ["school", "year", *by]
    known = identity.set_index("school")
    table = table.assign(
        school=table["school"].map(known["school_over_time"]).fillna(table["school"])
    )
    counts = [c.removesuffix("_low") for c in table.columns if c.endswith("_low")]
    groups = table.groupby(key, sort=False, dropna=False)
    result = groups.size().rename("schools_together").reset_index()
    for count in counts:
        low, high = (groups[f"{count}_{end}"].agg(_sum).astype("Int64") for end in ("low", "high"))
        exact = low.where((low == high).fillna(False))
        for name, cells in ((count, exact), (f"{count}_low", low), (f"{count}_high", high)):
            result[name] = cells.to_numpy()
    for mean, weight in means.items():
        pupils = table[weight].astype("Float64").to_numpy(float, na_value=np.nan)
        value = table[mean].to_numpy(float)
        product = np.where(pupils == 0, 0.0, pupils * value)  # of nobody there is no mean
        parts = table[key].assign(_product=product, _weight=pupils)
        sums = parts.groupby(key, sort=False, dropna=False)[["_product", "_weight"]].agg(_sum)
        alone = groups[mean].first()
        with np.errstate(invalid="ignore", divide="ignore"):
            weighted = sums["_product"] / sums["_weight"]
        result[mean] = np.where(result["schools_together"] == 1, alone, weighted)
    result["flag"] = result["school"].map(known["flag"]).astype("str")
    return result


def _sum(cells: pd.Series) -> float:
    """Add cells up; of which one is unknown, so is the sum."""
    return cells.sum(skipna=False)


def unexplained(historical: pd.DataFrame, transitions: pd.DataFrame) -> pd.DataFrame:
    """List regular primary schools that end or begin without a transition that says why.

    Parameters
    ----------
    historical : pandas.DataFrame
        Tidy table ``leerlingen_historisch``.
    transitions : pandas.DataFrame
        As `read_transitions` returns it.

    Returns
    -------
    pandas.DataFrame
        ``school``, ``name``, ``year`` (the first school year without, or with, the school) and
        ``change``: ``verdwenen`` or ``nieuw``. A school may be in it twice.
    """
    columns = ["school", "name", "year", "change"]
    there = historical[(historical["kind"] == "Bo") & (historical["pupils_high"] > 0).fillna(False)]
    if not len(there):
        return pd.DataFrame(columns=columns)
    span = there.groupby("school").agg(
        first=("year", "min"), last=("year", "max"), name=("name", "last")
    )
    start, end = historical["year"].min(), historical["year"].max()
    gone = span[(span["last"] < end) & ~span.index.isin(transitions["school"])]
    new = span[(span["first"] > start) & ~span.index.isin(transitions["successor"])]
    listed = [
        gone.assign(year=gone["last"] + 1, change="verdwenen"),
        new.assign(year=new["first"], change="nieuw"),
    ]
    result = pd.concat(listed).rename_axis("school").reset_index()[columns]
    return result.sort_values(["year", "school"], ignore_index=True, kind="stable")
