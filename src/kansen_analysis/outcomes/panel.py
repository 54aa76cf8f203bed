"""One row per school and school year: what the goals measure, and what goes with it.

Only regular primary schools (``Bo``). The school year 2019-2020 has no test: it is absent, never
zero and never filled in.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from kansen_analysis.outcomes import intervals as masked

# Ten advices in rank order (PRO = 0 … VWO = 9); vso and "niet mogelijk" have no rank.
RANKED_ADVICES = (
    "PRO",
    "VMBO_B",
    "VMBO_B_K",
    "VMBO_K",
    "VMBO_K_GT",
    "VMBO_GT",
    "VMBO_GT_HAVO",
    "HAVO",
    "HAVO_VWO",
    "VWO",
)
# Cells of a referentieniveaus row per domain, with whether the level is the target (1S/2F).
DOMAINS = {
    "rekenen": {"<1F": False, "1F": False, "1S": True, "2F": True},
    "lezen": {"<1F": False, "1F": False, "2F": True},
    "taalverzorging": {"<1F": False, "1F": False, "2F": True},
}
# Where the true share lies in its interval, by pupils tested, as measured on the national files of
# 2022-2023 to 2024-2025; used when the folder has too few schools to measure it itself.
_POSITION = pd.DataFrame({"pupils": [8.0, 20.0], "position": [0.53, 0.75]})
ENDS = ("low", "high")
Tables = Mapping[str, pd.DataFrame]  # tidy tables by name, as `kansen_analysis.load` gives them
_ENOUGH = 200  # school-years needed to measure the position
MIN_CELL = 30  # schools needed to standardise a provider in a year


def _wide(table: pd.DataFrame, columns: list[str], end: str) -> pd.DataFrame:
    return table.pivot(index=["school", "year"], columns=columns, values=f"pupils_{end}")


def reference_levels(tables: Tables) -> pd.DataFrame:
    """Pool the three domains of the referentieniveaus into one share per school and year.

    The share follows the Inspectie: (rekenen 1S + 2F, lezen 2F, taalverzorging 2F) as a percentage
    of three times the pupils. All domains have the same pupils, so what is hidden in one is
    narrowed by the others.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        The tidy tables.

    Returns
    -------
    pandas.DataFrame
        ``school``, ``year``, ``low``, ``high`` (percent, bounds of the share), ``pupils_low``,
        ``pupils_high``. Schools without tested pupils are left out.
    """
    table = tables["referentieniveaus"]
    table = table[table["kind"] == "Bo"] if len(table) else table
    if not len(table):
        return pd.DataFrame(columns=["school", "year", "low", "high", "pupils_low", "pupils_high"])
    low, high = (_wide(table, ["domain", "level"], end).astype(int) for end in ("low", "high"))
    lows, highs, targets, totals = [], [], [], []
    for domain, levels in DOMAINS.items():
        cells = [(domain, level) for level in levels]
        lows.append(low[cells].to_numpy())
        highs.append(high[cells].to_numpy())
        targets.append(np.array(list(levels.values())))
        totals.append(masked.total(lows[-1], highs[-1]))
    # A domain of zeros beside filled ones was not tested: it says nothing about the others.
    totals = [(np.where(h == 0, 0, lo), np.where(h == 0, np.iinfo(int).max, h)) for lo, h in totals]
    pupils_low, pupils_high = masked.intersect(*totals)
    tested = pupils_high < np.iinfo(int).max
    pupils_low, pupils_high = (np.where(tested, p, 0) for p in (pupils_low, pupils_high))

    best_low, best_high = np.full(len(low), np.inf), np.full(len(low), -np.inf)
    for extra in range(int((pupils_high - pupils_low).max()) + 1):
        pupils = np.minimum(pupils_low + extra, pupils_high)
        part_low, part_high = np.zeros((2, len(low)))
        for lo, hi, target in zip(lows, highs, targets, strict=True):
            a, b = masked.part_of_total(lo, hi, target, pupils, pupils)
            part_low, part_high = part_low + a, part_high + b
        with np.errstate(invalid="ignore", divide="ignore"):
            best_low = np.fmin(best_low, 100 * part_low / (3 * pupils))
            best_high = np.fmax(best_high, 100 * part_high / (3 * pupils))
    result = low.index.to_frame(index=False)
    result["low"], result["high"] = best_low, np.minimum(best_high, 100)
    result["pupils_low"], result["pupils_high"] = pupils_low, pupils_high
    return result[tested & (pupils_low > 0)].reset_index(drop=True)


def _position(both: pd.DataFrame) -> pd.DataFrame:
    """Measure where the true share lies in its interval, by the number of pupils."""
    wide = both[(both["high"] - both["low"] > 1) & both["value"].between(both["low"], both["high"])]
    if len(wide) < _ENOUGH:
        return _POSITION
    place = (wide["value"] - wide["low"]) / (wide["high"] - wide["low"])
    size = pd.qcut(wide["n"], 5, duplicates="drop")
    means = pd.DataFrame({"pupils": wide["n"], "position": place}).groupby(size, observed=True)
    return means.mean().sort_values("pupils", kind="stable").reset_index(drop=True)


def both_publishers(tables: Tables) -> pd.DataFrame:
    """Put what the Inspectie and what DUO print of a school-year beside each other.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        The tidy tables.

    Returns
    -------
    pandas.DataFrame
        ``school``, ``year``; of the Inspectie ``value`` (percent of target levels) and ``n``
        (pupils); of DUO ``low``, ``high``, ``pupils_low``, ``pupils_high`` (see
        `reference_levels`); and ``placed``, where in DUO's interval the share of schools of that
        size lies on average (0 to 1). What a publisher does not have is missing.
    """
    levels = reference_levels(tables)
    results = tables["leerresultaten"]
    columns = ["school", "year", "value", "n"]
    exact = pd.DataFrame(columns=columns)
    if len(results):
        usable = results.dropna(subset=["school", "pct_1s2f", "pupils"])
        exact = usable.rename(columns={"pct_1s2f": "value", "pupils": "n"})[columns]
        exact["n"] = exact["n"].astype(int)
    both = exact.merge(levels, on=["school", "year"], how="outer")
    ends = ["low", "high", "pupils_low", "pupils_high"]
    both = both.astype(dict.fromkeys(ends, float))  # of nothing where one source is all there is
    known = both["value"].notna()
    position = _position(both[known & both["low"].notna()])
    middle = (both["pupils_low"] + both["pupils_high"]) / 2
    both["placed"] = np.interp(
        middle.fillna(0).astype(float), position["pupils"], position["position"]
    )
    return both


def target_levels(tables: Tables) -> pd.DataFrame:
    """Share of target levels reached (%1S/2F) per school and school year, for goal 1.

    From the leerresultaten of the Inspectie where they have the school (exact); otherwise from the
    referentieniveaus: exact where nothing is hidden, else placed in its interval where schools of
    that size are found on average (docs/methods.md: bias -0.1, SD 2.2 points).

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        The tidy tables.

    Returns
    -------
    pandas.DataFrame
        ``school``, ``year``, ``value`` (percent of levels), ``n`` (pupils), ``low``, ``high``,
        ``n_low``, ``n_high`` (bounds of both), ``origin`` (``leerresultaten``,
        ``referentieniveaus`` or ``interval``).
    """
    both = both_publishers(tables)
    known, placed = both["value"].notna(), both["placed"]
    middle = (both["pupils_low"] + both["pupils_high"]) / 2
    both["origin"] = np.select(
        [known, both["low"] == both["high"]],
        ["leerresultaten", "referentieniveaus"],
        "interval",
    )
    both["value"] = both["value"].where(known, both["low"] + placed * (both["high"] - both["low"]))
    both["n"] = both["n"].where(known, np.floor(middle + 0.5)).astype(int)
    for bound in ("low", "high"):
        both[bound] = both["value"].where(known, both[bound])
        both[f"n_{bound}"] = both["n"].where(known, both[f"pupils_{bound}"]).astype(int)
    keep = ["school", "year", "value", "n", "low", "high", "n_low", "n_high", "origin"]
    both = both[keep].astype(dict.fromkeys(("value", "low", "high"), float))
    return both.sort_values(["school", "year"], ignore_index=True, kind="stable")


def main_provider(tables: Tables) -> pd.DataFrame:
    """Return the test most pupils of a school sat: ``school``, ``year``, ``provider``."""
    scores = tables["eindscores"]
    if not len(scores):
        return pd.DataFrame(columns=["school", "year", "provider"])
    sat = scores[(scores["kind"] == "Bo") & (scores["pupils_high"] > 0)]
    size = (sat["pupils_low"] + sat["pupils_high"]).rename("size")
    order = sat.assign(size=size).sort_values(["school", "year", "size"], kind="stable")
    return order.drop_duplicates(["school", "year"], keep="last")[
        ["school", "year", "provider"]
    ].reset_index(drop=True)


def standard_scores(tables: Tables) -> pd.DataFrame:
    """Standardise mean test scores within school year and provider, for all regular schools.

    Six providers have six scales, so a raw mean compares nothing. z = (mean - M) / S with M the
    pupil-weighted mean and S the standard deviation of the school means (docs/methods.md).

    Returns
    -------
    pandas.DataFrame
        ``school``, ``year``, ``value`` (z, in standard deviations of school means), ``n`` pupils.
        Cells of fewer than `MIN_CELL` schools are not standardised and left out.
    """
    scores = tables["eindscores"]
    if not len(scores):
        return pd.DataFrame(columns=["school", "year", "value", "n"])
    scores = scores[(scores["kind"] == "Bo") & scores["mean_score"].notna()].copy()
    scores["n"] = scores["pupils"].astype(float)
    scores["weighted"] = scores["n"] * scores["mean_score"]
    cell = scores.groupby(["year", "provider"])
    enough = cell["school"].transform("size") >= MIN_CELL
    mean = cell["weighted"].transform("sum") / cell["n"].transform("sum")
    scores["z"] = (scores["mean_score"] - mean) / cell["mean_score"].transform("std")
    scores = scores[enough].assign(weighted=lambda f: f["n"] * f["z"])
    result = scores.groupby(["school", "year"], as_index=False)[["weighted", "n"]].sum()
    result["value"] = result["weighted"] / result["n"]
    return result.assign(n=result["n"].astype(int))[["school", "year", "value", "n"]]


def advice_cells(tables: Tables) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lowest and highest number of pupils per ranked advice.

    Returns
    -------
    low, high : pandas.DataFrame
        Indexed by ``school`` and ``year``, one column per advice in rank order; regular schools
        with at least one ranked advice.
    """
    table = tables["schooladviezen"]
    if len(table):
        table = table[(table["kind"] == "Bo") & table["advice"].isin(RANKED_ADVICES)]
    if not len(table):
        index = pd.MultiIndex.from_arrays([[], []], names=["school", "year"])
        empty = pd.DataFrame(index=index, columns=list(RANKED_ADVICES), dtype=int)
        return empty, empty.copy()
    low, high = (
        _wide(table, ["advice"], end)[list(RANKED_ADVICES)].astype(int) for end in ("low", "high")
    )
    low.columns = high.columns = list(RANKED_ADVICES)
    some = high.sum(axis=1) > 0
    return low[some], high[some]


def advice_levels(low: pd.DataFrame, high: pd.DataFrame) -> pd.DataFrame:
    """Lowest and highest possible mean advice per row of cells.

    Parameters
    ----------
    low, high : pandas.DataFrame
        As `advice_cells` returns them, or sums of them over groups of schools.

    Returns
    -------
    pandas.DataFrame
        The index as columns, ``low``, ``high`` (mean rank, 0 = pro … 9 = vwo), ``pupils_low``,
        ``pupils_high`` (ranked advices). Exact where ``low == high``.
    """
    result = low.index.to_frame(index=False)
    result["low"], result["high"] = mean_rank_bounds(low.to_numpy(), high.to_numpy())
    result["pupils_low"], result["pupils_high"] = (t.sum(axis=1).to_numpy() for t in (low, high))
    return result


def mean_rank_bounds(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bound the mean rank of counts that are known as intervals; sharp.

    The mean is highest when every cell above some rank is at its highest and every cell below it
    at its lowest, so trying each rank gives the bound.

    Parameters
    ----------
    low, high : numpy.ndarray, shape (rows, ranks)
        Bounds of the counts, lowest rank first.

    Returns
    -------
    tuple of numpy.ndarray, shape (rows,)
        Lowest and highest possible mean rank; NaN where nobody is.

    Examples
    --------
    >>> low, high = mean_rank_bounds(np.array([[1, 0, 5]]), np.array([[4, 0, 5]]))
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([1.111], [1.667])
    """
    ranks = np.arange(low.shape[1])
    lowest, highest = np.full(len(low), np.inf), np.full(len(low), -np.inf)
    with np.errstate(invalid="ignore", divide="ignore"):
        for split in range(low.shape[1] + 1):
            up = ranks >= split
            for cells, pick in ((np.where(up, high, low), max), (np.where(up, low, high), min)):
                mean = (cells * ranks).sum(axis=1) / cells.sum(axis=1)
                if pick is max:
                    highest = np.fmax(highest, mean)
                else:
                    lowest = np.fmin(lowest, mean)
    empty = high.sum(axis=1) == 0
    return np.where(empty, np.nan, lowest), np.where(empty, np.nan, highest)


def raised_advices(tables: Tables) -> pd.DataFrame:
    """Pupils who could get a higher advice after the test, and those who got it.

    DUO's long file has one row for either and calls them by a number. What the numbers mean is
    nowhere written down (LAYOUTS 3b), but nobody gets what he cannot get: the number that is
    nowhere larger than the other one is the advices that were raised.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        The tidy tables.

    Returns
    -------
    pandas.DataFrame
        ``school``, ``year``, and with ``_low`` and ``_high``: ``eligible`` and ``raised``; regular
        schools with pupils who could. Empty where the file is not there, or its rows do not tell
        which number is which.
    """
    columns = [f"{name}_{end}" for name in ("eligible", "raised") for end in ENDS]
    table = tables["heroverweging"]
    if len(table):
        table = table[table["kind"] == "Bo"]
    outcomes = sorted(table["outcome"].unique()) if len(table) else []
    if len(outcomes) != 2:
        return pd.DataFrame(columns=["school", "year", *columns])
    low, high = (
        _wide(table, ["outcome"], end).fillna(0).astype(int)[outcomes].to_numpy() for end in ENDS
    )
    never_more = [bool((low[:, at] <= high[:, 1 - at]).all()) for at in (0, 1)]
    if never_more[0] == never_more[1]:
        return pd.DataFrame(columns=["school", "year", *columns])
    raised = never_more.index(True)
    result = _wide(table, ["outcome"], "low").index.to_frame(index=False)
    for name, at in (("eligible", 1 - raised), ("raised", raised)):
        result[f"{name}_low"], result[f"{name}_high"] = low[:, at], high[:, at]
    result["raised_high"] = result[["raised_high", "eligible_high"]].min(axis=1)
    result["eligible_low"] = result[["eligible_low", "raised_low"]].max(axis=1)
    return result[result["eligible_high"] > 0].reset_index(drop=True)


def later_places(tables: Tables) -> pd.DataFrame:
    """Where former pupils are in leerjaar 3, for goal 3: against their advice, and by itself.

    One definition: the final advice, of which the lower of two levels counts as on level.
    Published nowhere; the schools supply it (see docs/leerjaar-3.md).

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        The tidy tables.

    Returns
    -------
    pandas.DataFrame
        ``school``, ``year`` (of the advice; leerjaar 3 is three years later), and as bounds,
        ``_low`` and ``_high``: ``pupils``, ``pupils_below``, ``pupils_level``, ``pupils_above``
        (their advice) and ``pupils_havo_vwo``. What a total tells about a hidden count is used.
        Rows without pupils are left out.
    """
    table = tables["leerjaar3"]
    parts = ["pupils_below", "pupils_level", "pupils_above"]
    names = ["pupils", *parts, "pupils_havo_vwo"]
    columns = ["school", "year", *(f"{name}_{end}" for name in names for end in ENDS)]
    if not len(table):
        return pd.DataFrame(columns=columns)
    table = table[columns].dropna(subset="school").astype(dict.fromkeys(columns[2:], int))
    low, high = (table[[f"{name}_{end}" for name in parts]].to_numpy() for end in ENDS)
    pupils = table["pupils_low"].to_numpy(), table["pupils_high"].to_numpy()
    pupils = masked.intersect(pupils, masked.total(low, high))
    low, high = masked.narrow(low, high, *pupils)
    for at, name in enumerate(parts):
        table[f"{name}_low"], table[f"{name}_high"] = low[:, at], high[:, at]
    table["pupils_low"], table["pupils_high"] = pupils
    table["pupils_havo_vwo_high"] = table[["pupils_havo_vwo_high", "pupils_high"]].min(axis=1)
    table = table[table["pupils_low"] > 0]
    return table.sort_values(["school", "year"], ignore_index=True, kind="stable")


def place_shares(places: pd.DataFrame) -> pd.DataFrame:
    """Turn counts of former pupils into shares, as bounds where counts are hidden.

    Parameters
    ----------
    places : pandas.DataFrame
        As `later_places` returns it, or sums of it over groups of schools.

    Returns
    -------
    pandas.DataFrame
        The other columns, ``n`` (pupils; the middle where that is hidden), and in percent with
        ``_low`` and ``_high``: ``not_below`` (not below their advice) and ``havo_vwo``.

    Examples
    --------
    >>> counts = {"pupils": 20, "pupils_below": 3, "pupils_level": 11, "pupils_above": 6}
    >>> counts |= {"pupils_havo_vwo": 8}
    >>> places = pd.DataFrame({f"{k}_{end}": [v] for k, v in counts.items() for end in ENDS})
    >>> place_shares(places)[["n", "not_below_low", "havo_vwo_high"]].values.tolist()
    [[20.0, 85.0, 40.0]]
    """
    names = [name for name in places.columns if name.startswith("pupils")]
    count = {name: places[name].to_numpy(float) for name in names}
    rest = [count[f"pupils_level_{end}"] + count[f"pupils_above_{end}"] for end in ENDS]
    below = masked.share(count["pupils_below_low"], count["pupils_below_high"], *rest)
    result = places.drop(columns=names)
    result["n"] = (count["pupils_low"] + count["pupils_high"]) / 2
    result["not_below_low"], result["not_below_high"] = 100 - below[1], 100 - below[0]
    parts = [count[f"{name}_{end}"] for name in ("pupils_havo_vwo", "pupils") for end in ENDS]
    result["havo_vwo_low"], result["havo_vwo_high"] = masked.share_of_total(*parts)
    return result


def fixed_weging(tables: Tables, before: int) -> pd.DataFrame:
    """One schoolweging per school, from before the programme as far as the files go back.

    A weging that moves with time is partly an outcome, so one value per school is held fixed: the
    mean of the years before ``before``, else the earliest year there is.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        The tidy tables.
    before : int
        First year of the programme.

    Returns
    -------
    pandas.DataFrame
        ``school``, ``schoolweging``, ``weging_year`` (the last school year it rests on).
    """
    table = tables["schoolweging"].dropna(subset="school")
    columns = ["school", "schoolweging", "weging_year"]
    if not len(table):
        return pd.DataFrame(columns=columns)
    table = table.dropna(subset="schoolweging")
    early = table[table["year"] < before]
    late = table[~table["school"].isin(early["school"])].sort_values(
        ["school", "year"], kind="stable"
    )
    chosen = pd.concat([early, late.drop_duplicates("school")])
    found = chosen.groupby("school").agg(
        schoolweging=("schoolweging", "mean"), weging_year=("year", "max")
    )
    # As the Inspectie does with its own mean: below 20 counts as 20, above 40 as 40.
    found["schoolweging"] = found["schoolweging"].clip(20, 40)
    return found.reset_index()[columns]


def yearly_weging(tables: Tables) -> pd.DataFrame:
    """The schoolweging of every year by itself: who came in, not what schools are compared on.

    Parameters
    ----------
    tables : Tables
        The tidy tables.

    Returns
    -------
    pandas.DataFrame
        ``school``, ``year``, ``schoolweging_year``.
    """
    columns = ["school", "year", "schoolweging_year"]
    table = tables["schoolweging"]
    if not len(table):
        return pd.DataFrame(columns=columns)
    table = table.dropna(subset=["school", "schoolweging"]).drop_duplicates(["school", "year"])
    # As the Inspectie does: below 20 counts as 20, above 40 as 40.
    return table.assign(schoolweging_year=table["schoolweging"].clip(20, 40))[columns]


def school_facts(tables: Tables) -> pd.DataFrame:
    """Where each regular school is, as the latest file that names it says.

    Returns
    -------
    pandas.DataFrame
        One row per school: ``school``, ``name``, ``place``, ``municipality_code``,
        ``municipality``, ``province``, ``board``.
    """
    columns = ["name", "place", "municipality_code", "municipality", "province", "board"]
    parts = []
    for source in ("vestigingen", "schooladviezen", "referentieniveaus", "eindscores"):
        table = tables[source]
        if len(table):
            table = table[table["kind"] == "Bo"].drop_duplicates(["school", "year"])
            parts.append(table[["school", "year", *columns]])
    if not parts:
        return pd.DataFrame(columns=["school", *columns])
    table = pd.concat(parts, ignore_index=True).sort_values("year", kind="stable")
    # The last value that is there: a file that leaves a cell empty does not erase what is known.
    codes, schools = pd.factorize(table["school"], sort=True)
    facts = {"school": schools}
    for name in columns:
        there = np.flatnonzero(table[name].notna() & (codes >= 0))
        last = np.full(len(schools), -1)
        last[codes[there]] = there
        facts[name] = table[name].array.take(last, allow_fill=True)
    return pd.DataFrame(facts)
