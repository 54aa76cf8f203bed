"""Which schools are one school over time.

Schools merge, move to another BRIN, split and close. What became of a school is not in the files of
results, so it stands in a table of transitions (``overgangen.csv``), filled by hand from what DUO
and school boards publish. A merged school is followed back as the sum of the schools it came from;
a school that split is not followed over the split.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

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
    kinds = {"school": "str", "school_over_time": "str", "flag": "str", "year": "int64"}
    found = pd.DataFrame(rows.values(), columns=[*kinds]).astype(kinds)
    return found.sort_values("school", ignore_index=True, kind="stable")


def as_one(schools: pd.Series, identity: pd.DataFrame) -> pd.Series:
    """Give schools the key under which they are followed; who never changed keeps its own.

    Parameters
    ----------
    schools : pandas.Series
        Codes.
    identity : pandas.DataFrame
        As `over_time` or `followed` returns it.

    Examples
    --------
    >>> moved = pd.DataFrame({"school": ["90AA00"], "school_over_time": ["90AC00"]})
    >>> as_one(pd.Series(["90AA00", "90AB00"]), moved).tolist()
    ['90AC00', '90AB00']
    """
    if not len(identity):
        return schools
    return schools.map(identity.set_index("school")["school_over_time"]).fillna(schools)


def follow(
    table: pd.DataFrame,
    identity: pd.DataFrame,
    by: Iterable[str] = (),
    means: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Put schools that are one over time together: counts added up, means weighted by pupils.

    Parameters
    ----------
    table : pandas.DataFrame
        With ``school``, ``year`` and counts with ``_low`` and ``_high``.
    identity : pandas.DataFrame
        As `over_time` returns it.
    by : iterable of str, optional
        Further columns that make a row, such as ``["advice"]``.
    means : mapping of str to str, optional
        Mean or share → the count it is weighted with, also one without ends.

    Returns
    -------
    pandas.DataFrame
        ``school`` (over time), ``year``, ``by``, ``schools_together`` (how many schools of the
        table a row is made of), the counts, as intervals where they have ends, the means (NaN
        where a predecessor has pupils but no mean, or its number is hidden) and ``flag``.
    """
    means = means or {}
    key = ["school", "year", *by]
    table = table.assign(school=as_one(table["school"], identity))
    counts = [c.removesuffix("_low") for c in table.columns if c.endswith("_low")]
    groups = table.groupby(key, sort=False, dropna=False)
    result = groups.size().rename("schools_together").reset_index()
    for count in dict.fromkeys(means.values()):
        if count not in counts:
            result[count] = groups[count].agg(_sum).to_numpy()
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
    flags = identity.set_index("school")["flag"]
    result["flag"] = result["school"].map(flags).astype("str")
    return result


def together(rows: pd.DataFrame, identity: pd.DataFrame, means: Iterable[str]) -> pd.DataFrame:
    """Put the school-years of an outcome together where schools are one over time.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``school``, ``year``, ``n`` (pupils) and more; a row per school and year.
    identity : pandas.DataFrame
        As `over_time` or `followed` returns it.
    means : iterable of str
        Columns that are weighted by pupils. The other columns are those of the largest school.

    Returns
    -------
    pandas.DataFrame
        The same columns. Rows of schools that never changed are the ones that were given.

    Examples
    --------
    >>> merged = over_time(pd.DataFrame({"school": ["90AA00"], "successor": ["90AB00"],
    ...     "year": [2021], "kind": ["fusie"], "source": ["x"]}))
    >>> rows = pd.DataFrame({"school": ["90AA00", "90AB00"], "year": 2020, "value": [50.0, 60.0],
    ...     "n": [10, 30], "provider": ["x", "y"]})
    >>> together(rows, merged, ["value"]).values.tolist()
    [['90AB00', 2020, 57.5, 40, 'y']]
    """
    changed = rows["school"].isin(identity["school"])
    if not changed.any():
        return rows
    parts, keys = rows[changed], ["school", "year"]
    sums = follow(parts[[*keys, "n", *means]], identity, means=dict.fromkeys(means, "n"))
    largest = parts.sort_values("n", kind="stable").assign(
        school=lambda t: as_one(t["school"], identity)
    )
    largest = largest.drop_duplicates(keys, keep="last").drop(columns=["n", *means])
    whole = sums.merge(largest, on=keys)[[*rows.columns]]
    return pd.concat([rows[~changed], whole], ignore_index=True).astype(rows.dtypes.to_dict())


def _sum(cells: pd.Series) -> float:
    """Add cells up; of which one is unknown, so is the sum."""
    return cells.sum(skipna=False)


# ---------------------------------------------------------------- the programme at a merged school


def followed(
    transitions: pd.DataFrame, starts: pd.Series, seen: pd.Series, until: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Follow schools to a school year, and say when the programme runs for all of their pupils.

    A school-year can be compared when the programme runs for all pupils of the school over time, or
    for none of them. It runs at a merged school when the register says so of that school, or of
    every school whose pupils it took in; what a register says of a code that came with the change
    also holds for the schools it came from, as far as they do not stand there themselves.

    Parameters
    ----------
    transitions : pandas.DataFrame
        As `read_transitions` returns it; what comes after `until` is left aside.
    starts : pandas.Series
        By school that takes part its first school year with the programme, NA when unknown.
    seen : pandas.Series
        By school the first school year in which any file has it.
    until : int
        The last school year that counts.

    Returns
    -------
    identity : pandas.DataFrame
        As `over_time`, under the code of the register where that has another than the last one,
        with ``start`` (Int64): the first year in which the programme runs for all pupils.
    left_out : pandas.DataFrame
        ``school`` (over time), ``year``: those that cannot be compared, since the programme runs
        for some of the pupils, or since the school split.
    """
    known = transitions[transitions["year"] <= until]
    identity = over_time(known)
    parts = identity.groupby("school_over_time")["school"].agg(list)
    keys = {last: _key(str(last), schools, starts) for last, schools in parts.items()}
    identity["school_over_time"] = identity["school_over_time"].map(keys).astype("str")
    runs = _Runs(known, starts, seen)
    begin: dict[str, object] = {}
    left: list[tuple[str, int]] = []
    first = min([*known["year"], *starts.dropna().astype(int)], default=until)
    for last, schools in parts.items():
        years = {year: runs.at_all(schools, year) for year in range(first, until + 1)}
        begin[keys[last]] = start = next((y for y, runs_ in years.items() if runs_), pd.NA)
        mixed = [
            year
            for year, here in years.items()
            if here is None or (here is False and start is not pd.NA and year > start)
        ]
        left += [(keys[last], year) for year in mixed]
    identity["start"] = identity["school_over_time"].map(begin).astype("Int64")
    for row in each_row(known[known["kind"] == SPLIT]):
        for school in as_one(pd.Series([row.school, row.successor]), identity):
            left += [(school, year) for year in range(row.year, until + 1)]
    frame = pd.DataFrame(sorted(set(left)), columns=["school", "year"])
    return identity, frame.astype({"school": "str", "year": int})


def _key(last: str, schools: list[str], starts: pd.Series) -> str:
    """Return the code a school over time goes by: the last one, unless the register has another."""
    listed = [school for school in schools if school in starts.index]
    return last if last in listed or not listed else max(listed)


class _Runs:
    """Whether the programme runs at schools that change: True, False, or None for some pupils."""

    def __init__(self, transitions: pd.DataFrame, starts: pd.Series, seen: pd.Series):
        self.starts = {s: pd.NA if pd.isna(year) else int(year) for s, year in starts.items()}
        self.ends: dict[str, tuple[str, int]] = {}
        self.came: dict[str, list[tuple[str, int]]] = {}
        for row in each_row(transitions[transitions["kind"].isin([MERGER, MOVE])]):
            self.ends[row.school] = row.successor, row.year
            self.came.setdefault(row.successor, []).append((row.school, row.year))
        # A code that came with the change; one that was there before had pupils of its own.
        self.new = {
            school: min(year for _, year in came)
            for school, came in self.came.items()
            if not seen.get(school, np.inf) < min(year for _, year in came)
        }

    def start(self, school: str) -> Any:
        """Return the first year the register gives a school, also by the code it got later."""
        if school in self.starts:
            return self.starts[school]
        after, since = self.ends.get(school, ("", 0))
        if after in self.new and pd.notna(start := self.start(after)) and start < since:
            return start
        return None

    def at(self, school: str, year: int) -> bool | None:
        """Tell whether it runs at one school."""
        start = self.start(school)
        if start is not None and pd.isna(start):
            return None
        if start is not None and year >= start:
            return True
        before = [self.at(each, year) for each, since in self.came.get(school, ()) if since <= year]
        if school not in self.new or start is not None or not before:
            before.append(False)
        return _same(before)

    def at_all(self, schools: Iterable[str], year: int) -> bool | None:
        """Tell whether it runs at the schools among these that are there in a year."""
        there = [
            school
            for school in schools
            if year >= self.new.get(school, year)
            and year < self.ends.get(school, ("", year + 1))[1]
        ]
        return _same([self.at(school, year) for school in there]) if there else False


def _same(told: list[bool | None]) -> bool | None:
    return told[0] if len(set(told)) == 1 else None


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
    kinds = {"school": "str", "name": "str", "year": "int64", "change": "str"}
    if not len(historical):
        return pd.DataFrame(columns=[*kinds]).astype(kinds)
    there = historical[(historical["kind"] == "Bo") & (historical["pupils_high"] > 0).fillna(False)]
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
    result = pd.concat(listed).rename_axis("school").reset_index()[[*kinds]].astype(kinds)
    return result.sort_values(["year", "school"], ignore_index=True, kind="stable")
