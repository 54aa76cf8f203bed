"""What is seen of a group of schools, where no verdict can be given: levels, ranges, changes.

A level carries two ranges that are never mixed up. ``low`` to ``high`` is what hidden counts leave
open: the figure lies inside for certain. ``chance_low`` to ``chance_high`` is what these few pupils
could have shown by chance: the exact binomial interval. A year is joined to the one before only
when the same schools have a figure in both (``segment``), so that a school that has none cannot
pose as a change.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd
from scipy import stats

from kansen_analysis.outcomes import panel
from kansen_analysis.outcomes.intervals import HIGH, LOW, share

SAME = 0.95  # part of the schools of two years that is in both, to call them one set ...
FEW = 20  # ... in a group of this many or more; a smaller one must be the very same schools
LEVEL = 0.95  # chance with which the ranges hold the true share
BREAK = 2023  # first school year of the new test and the new rule for advices
_ENDS = ("low", "high")
SHARE_COLUMNS = [f"{part}_{end}" for part in ("part", "rest") for end in _ENDS]
_SUMS = [*SHARE_COLUMNS, "n_low", "n_high"]
SPECIAL = ("VSO", "PRO")


def binomial_range(
    low: np.ndarray, high: np.ndarray, n: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the exact binomial interval around a share, in percent (Clopper and Pearson 1934).

    Parameters
    ----------
    low, high : numpy.ndarray
        Lowest and highest the share can be, in percent; the same where nothing is hidden.
    n : numpy.ndarray
        Pupils it rests on (the fewest there can be).

    Returns
    -------
    tuple of numpy.ndarray
        From the lower end for `low` to the upper end for `high`; NaN where nobody is.

    Examples
    --------
    >>> low, high = binomial_range(np.array([50.0]), np.array([50.0]), np.array([20]))
    >>> low.round(1).tolist(), high.round(1).tolist()
    ([27.2], [72.8])
    """
    tail = (1 - LEVEL) / 2
    n = np.asarray(n, dtype=float)
    least, most = np.asarray(low, float) * n / 100, np.asarray(high, float) * n / 100
    with np.errstate(invalid="ignore"):
        lower = np.where(least > 0, stats.beta.ppf(tail, least, n - least + 1), 0.0)
        upper = np.where(most < n, stats.beta.ppf(1 - tail, most + 1, n - most), 1.0)
    empty = ~(n > 0)
    return np.where(empty, np.nan, 100 * lower), np.where(empty, np.nan, 100 * upper)


# School-years as parts of a whole ---------------------------------------------------------------


def target_parts(levels: pd.DataFrame) -> pd.DataFrame:
    """Write target levels reached as part and rest, in pupils (a third of a level each).

    The three levels of one pupil go together, so a group of n pupils is taken as n draws and not
    as 3n.

    Parameters
    ----------
    levels : pandas.DataFrame
        As `panel.target_levels`.

    Examples
    --------
    >>> row = {"school": "90AA00", "year": 2024, "low": 50.0, "high": 50.0}
    >>> parts = target_parts(pd.DataFrame([row | {"n_low": 20, "n_high": 20}]))
    >>> parts[["part_low", "rest_high"]].values.tolist()
    [[10.0, 10.0]]
    """
    low, high = levels["low"] / 100, levels["high"] / 100
    ends = (low * levels["n_low"], high * levels["n_high"])
    rest = ((1 - high) * levels["n_low"], (1 - low) * levels["n_high"])
    return _parts(levels, ends, rest, tuple(levels[f"n_{end}"].astype(float) for end in _ENDS))


def advice_parts(advices: pd.DataFrame) -> pd.DataFrame:
    """Write the advices for vso and praktijkonderwijs as part of all advices.

    Parameters
    ----------
    advices : pandas.DataFrame
        The tidy table ``schooladviezen``.
    """
    rows = advices[advices["kind"] == "Bo"]
    chosen = rows["advice"].isin(SPECIAL)
    sums = [
        rows[mask].groupby(["school", "year"])[["pupils_low", "pupils_high"]].sum().astype(int)
        for mask in (chosen, ~chosen)
    ]
    part, rest = sums[0], sums[1].reindex(sums[0].index, fill_value=0)
    some = (part + rest)["pupils_high"] > 0
    part, rest = part[some].reset_index(), rest[some].reset_index()
    ends = tuple(part[f"pupils_{end}"].astype(float) for end in _ENDS)
    return _parts(part, ends, tuple(rest[f"pupils_{end}"].astype(float) for end in _ENDS))


def place_parts(places: pd.DataFrame) -> pd.DataFrame:
    """Write former pupils who are not below their advice as part and rest.

    Parameters
    ----------
    places : pandas.DataFrame
        As `panel.later_places`.
    """
    ends, rest = (
        tuple(sum(places[f"pupils_{name}_{end}"].astype(float) for name in names) for end in _ENDS)
        for names in (("level", "above"), ("below",))
    )
    n = tuple(places[f"pupils_{end}"].astype(float) for end in _ENDS)
    return _parts(places, ends, rest, n)


def _parts(rows: pd.DataFrame, part, rest, n=None) -> pd.DataFrame:
    """Name the ends of part and rest, and of the pupils they are of (else their sum)."""
    n = n or tuple(one + other for one, other in zip(part, rest, strict=True))
    values = dict(zip(_SUMS, (*part, *rest, *n), strict=True))
    return rows[["school", "year"]].assign(**values).reset_index(drop=True)


# Levels of groups -------------------------------------------------------------------------------


def group_shares(
    parts: pd.DataFrame, groups: Mapping[str, Collection[str]], *, hide: bool = False
) -> pd.DataFrame:
    """Add up shares over groups of schools, with both ranges and what may be joined.

    Parameters
    ----------
    parts : pandas.DataFrame
        ``school``, ``year`` and ``part_low, part_high, rest_low, rest_high, n_low, n_high``, in
        pupils, as `target_parts`, `advice_parts` and `place_parts` give them.
    groups : mapping of str to collection of str
        Schools per group, in the order in which they are shown.
    hide : bool
        Take an exact sum of 1 to 4 pupils as hidden, as the publisher does today: a share would
        give it away.

    Returns
    -------
    pandas.DataFrame
        One row per group and year: ``value`` (percent; missing where counts are hidden), ``low``,
        ``high``, ``chance_low``, ``chance_high``, ``n_low``, ``n_high`` (pupils), ``schools``,
        ``without`` (schools of the group without a figure that year) and ``segment``.

    Examples
    --------
    >>> levels = pd.DataFrame({"school": ["90AA00", "90AB00", "90AA00"], "year": [2023, 2023, 2024],
    ...     "low": [50.0, 50, 60], "high": [50.0, 50, 60], "n_low": 10, "n_high": 10})
    >>> parts = target_parts(levels)
    >>> shares = group_shares(parts, {"deelnemers": ["90AA00", "90AB00"]})
    >>> shares[["year", "value", "schools", "without", "segment"]].values.tolist()
    [[2023.0, 50.0, 2.0, 0.0, 1.0], [2024.0, 60.0, 1.0, 1.0, 2.0]]
    """
    rows = []
    for name, schools in groups.items():
        inside = parts[parts["school"].isin(list(schools))]
        if not len(inside):
            continue
        sums = inside.groupby("year")[_SUMS].sum()
        if hide:
            for side in ("part", "rest"):
                ends = [f"{side}_{end}" for end in _ENDS]
                few = (sums[ends[0]] >= LOW) & (sums[ends[1]] <= HIGH)
                sums.loc[few, ends] = LOW, HIGH
        low, high = share(*(sums[column].to_numpy() for column in SHARE_COLUMNS))
        chance = binomial_range(low, high, sums["n_low"].to_numpy())
        frame = pd.DataFrame({"low": low, "high": high}, sums.index)
        frame["chance_low"], frame["chance_high"] = chance
        for end in _ENDS:
            frame[f"n_{end}"] = sums[f"n_{end}"].round().astype(int)
        rows.append(_finished(frame, name, inside, schools))
    return _joined(rows)


def group_advice(
    low: pd.DataFrame, high: pd.DataFrame, groups: Mapping[str, Collection[str]]
) -> pd.DataFrame:
    """Bound the mean advice of groups of schools.

    Parameters
    ----------
    low, high : pandas.DataFrame
        As `panel.advice_cells` returns them.
    groups : mapping of str to collection of str
        Schools per group.

    Returns
    -------
    pandas.DataFrame
        As `group_shares`, in levels (0 = pro … 9 = vwo) and without a range by chance.
    """
    rows = []
    for name, schools in groups.items():
        cells = [
            table[table.index.get_level_values("school").isin(list(schools))]
            for table in (low, high)
        ]
        if not len(cells[0]):
            continue
        sums = [table.groupby(level="year").sum() for table in cells]
        bounds = panel.advice_levels(*sums).set_index("year")
        frame = bounds[["low", "high"]].assign(
            n_low=bounds["pupils_low"], n_high=bounds["pupils_high"]
        )
        inside = cells[0].index.to_frame(index=False)
        rows.append(_finished(frame, name, inside, schools))
    return _joined(rows)


def _finished(frame: pd.DataFrame, name: str, rows: pd.DataFrame, schools) -> pd.DataFrame:
    """Add the name, the number of schools and the segments to the figures by year."""
    sets = rows.groupby("year")["school"].agg(frozenset)
    counts = sets.map(len)
    met = np.isclose(frame["low"], frame["high"], rtol=1e-9, atol=1e-9)
    return frame.assign(
        group=name,
        value=frame["low"].where(met),
        schools=counts,
        without=len(set(schools)) - counts,
        segment=_segments(sets),
    ).reset_index()


def _segments(sets: pd.Series) -> list[int]:
    """Number the stretches of years in which the same schools have a figure."""
    numbers: list[int] = []
    before = None
    for now in sets:
        same = before is not None and _same(before, now)
        numbers.append(numbers[-1] if same else (numbers[-1] + 1 if numbers else 1))
        before = now
    return numbers


def _same(one: frozenset, other: frozenset) -> bool:
    if min(len(one), len(other)) < FEW:
        return one == other
    return len(one & other) >= SAME * len(one | other)


_COLUMNS = [
    *("group", "year", "value", "low", "high", "chance_low", "chance_high", "n_low", "n_high"),
    *("schools", "without", "segment"),
]


def _joined(rows: list[pd.DataFrame]) -> pd.DataFrame:
    if not rows:
        return pd.DataFrame(columns=_COLUMNS)
    return pd.concat(rows, ignore_index=True).reindex(columns=_COLUMNS)


def group_changes(parts: pd.DataFrame, groups: Mapping[str, Collection[str]]) -> pd.DataFrame:
    """Set the last year beside the first, for the schools that have a figure in both.

    Parameters
    ----------
    parts, groups
        As for `group_shares`.

    Returns
    -------
    pandas.DataFrame
        One row per group with two years or more: ``from_year``, ``year``, ``schools`` (in both),
        ``left_out`` (in one of them only), ``from_low``, ``from_high``, ``low``, ``high``
        (percent), ``change_low``, ``change_high`` (what hidden counts leave open, in points),
        ``chance_low``, ``chance_high`` (with chance besides) and ``over_break`` (the test or the
        rule for advices changed in between).

    Notes
    -----
    The range of the change is that of Newcombe (1998, method 10) with exact binomial limits.

    Examples
    --------
    >>> levels = pd.DataFrame({"school": ["90AA00"] * 2, "year": [2023, 2024],
    ...     "low": [50.0, 70], "high": [50.0, 70], "n_low": 20, "n_high": 20})
    >>> change = group_changes(target_parts(levels), {"deelnemers": ["90AA00"]}).iloc[0]
    >>> change[["change_low", "chance_low", "chance_high"]].astype(float).round(1).tolist()
    [20.0, -13.3, 49.1]
    """
    rows = []
    for name, schools in groups.items():
        inside = parts[parts["school"].isin(list(schools))]
        years = sorted(inside["year"].unique())
        if len(years) < 2:
            continue
        ends = [inside[inside["year"] == year] for year in (years[0], years[-1])]
        both = set(ends[0]["school"]) & set(ends[1]["school"])
        if not both:
            continue
        kept = inside[inside["school"].isin(both) & inside["year"].isin([years[0], years[-1]])]
        then, now = group_shares(kept, {name: both}).to_dict("records")
        middle = {
            key: (row["low"] + row["high"]) / 2 for key, row in (("then", then), ("now", now))
        }
        apart = middle["now"] - middle["then"]
        down = np.hypot(middle["now"] - now["chance_low"], then["chance_high"] - middle["then"])
        up = np.hypot(now["chance_high"] - middle["now"], middle["then"] - then["chance_low"])
        rows.append(
            {
                "group": name,
                "from_year": years[0],
                "year": years[-1],
                "schools": len(both),
                "left_out": len(set(ends[0]["school"]) | set(ends[1]["school"])) - len(both),
                "from_low": then["low"],
                "from_high": then["high"],
                "low": now["low"],
                "high": now["high"],
                "change_low": now["low"] - then["high"],
                "change_high": now["high"] - then["low"],
                "chance_low": apart - down,
                "chance_high": apart + up,
                "over_break": years[0] < BREAK <= years[-1],
            }
        )
    return pd.DataFrame(rows)


def beside_signal(results: pd.DataFrame, schools: Collection[str]) -> pd.DataFrame:
    """Set schools beside their own signaleringswaarde, over the three years of the Inspectie.

    Parameters
    ----------
    results : pandas.DataFrame
        The tidy table ``leerresultaten``.
    schools : collection of str
        The schools to show.

    Returns
    -------
    pandas.DataFrame
        One row per school in the latest edition, by code: ``school``, ``year`` (last of the three),
        ``value`` (percent of target levels), ``chance_low``, ``chance_high``, ``n`` (pupils in
        three years), ``signal``, ``standing`` (``boven`` or ``onder``, as the Inspectie has it;
        ``onbekend`` where it gives no judgement) and ``sure`` (the signaleringswaarde lies outside
        the range by chance).
    """
    columns = ["school", "year", "value", "chance_low", "chance_high", "n", "signal", "standing"]
    columns.append("sure")
    if not len(results):
        return pd.DataFrame(columns=columns)
    rows = results[results["school"].isin(list(schools)) & (results["year"] == results["edition"])]
    rows = rows[rows["year"] == rows["year"].max()].sort_values("school", kind="stable")
    value, n = rows["pct_1s2f_driejaars"].astype(float), rows["pupils_driejaars_low"]
    chance = binomial_range(value.to_numpy(), value.to_numpy(), n.fillna(0).to_numpy(float))
    signal = rows["signaleringswaarde_1s2f"].astype(float)
    told = rows["oordeel_1s2f"].fillna("").str.split().str[0].str.lower()
    frame = pd.DataFrame(
        {
            "school": rows["school"],
            "year": rows["year"].astype(int),
            "value": value,
            "chance_low": chance[0],
            "chance_high": chance[1],
            "n": n,
            "signal": signal,
            "standing": told.where(told.isin(["boven", "onder"]), "onbekend"),
        }
    )
    frame["sure"] = (frame["chance_low"] > signal) | (frame["chance_high"] < signal)
    return frame.reset_index(drop=True)[columns]


def by_goal(
    tables: Mapping[str, pd.DataFrame], groups: Mapping[str, Collection[str]]
) -> dict[int, pd.DataFrame]:
    """Return what is seen per goal, where there is anything to see.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        ``levels`` (`panel.target_levels`), ``advice_low`` and ``advice_high``
        (`panel.advice_cells`, index as columns), ``places`` (`panel.later_places`) and
        ``schooladviezen``; those that are there.
    groups : mapping of str to collection of str
        Schools per group: participants, comparable schools, the country.

    Returns
    -------
    dict of int to pandas.DataFrame
        1: percent of target levels reached; 2: mean advice (0 to 9); 3: percent not below its
        advice in leerjaar 3; 4: percent of advices for vso or praktijkonderwijs. Only groups and
        goals with figures.
    """

    def table(name: str) -> pd.DataFrame:
        return tables.get(name, pd.DataFrame())

    found: dict[int, pd.DataFrame] = {}
    if len(table("levels")):
        found[1] = group_shares(target_parts(table("levels")), groups)
    if len(table("advice_low")):
        low, high = (table(f"advice_{end}").set_index(["school", "year"]) for end in _ENDS)
        found[2] = group_advice(low, high, groups)
    if len(table("places")):
        found[3] = group_shares(place_parts(table("places")), groups, hide=True)
    if len(table("schooladviezen")):
        found[4] = group_shares(advice_parts(table("schooladviezen")), groups, hide=True)
    return {goal: rows for goal, rows in found.items() if len(rows)}
