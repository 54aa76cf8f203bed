"""Counts hidden by the publisher: an interval, never a guess.

A count printed as ``<5`` is 1, 2, 3 or 4. Sums, shares and totals are carried as intervals; a known
total narrows the cells it is the sum of. The first functions work on whole arrays at once: the last
axis holds the cells of one row of the publisher's table. `aggregate`, `narrow_groups` and `resolve`
do the same for tidy tables, with a count and its ``_low`` and ``_high``.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from kansen_analysis.errors import UsageError

LOW, HIGH = 1, 4  # the publisher prints a count from 1 to 4 as "<5"


def total(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the interval of the sum over the last axis.

    Parameters
    ----------
    low, high : numpy.ndarray, shape (..., cells)
        Bounds of each cell, in pupils.

    Examples
    --------
    >>> total(np.array([1, 6, 5]), np.array([4, 6, 5]))
    (np.int64(12), np.int64(15))
    """
    return np.sum(low, axis=-1), np.sum(high, axis=-1)


def difference(
    low: np.ndarray, high: np.ndarray, less_low: np.ndarray, less_high: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the interval of one count minus another.

    Parameters
    ----------
    low, high, less_low, less_high : numpy.ndarray
        Bounds of both, in pupils.

    Examples
    --------
    >>> low, high = difference(np.array(13), np.array(13), np.array(1), np.array(4))
    >>> int(low), int(high)
    (9, 12)
    """
    return low - less_high, high - less_low


def intersect(*intervals: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return what all intervals have in common.

    Where they have nothing in common the publisher's tables contradict each other; then the
    hull of all is returned, because none of them can be trusted more than another.

    Examples
    --------
    >>> low, high = intersect((np.array([12, 3]), np.array([15, 4])),
    ...                       (np.array([13, 8]), np.array([20, 9])))
    >>> low.tolist(), high.tolist()
    ([13, 3], [15, 9])
    """
    lows = np.stack([np.asarray(low) for low, _ in intervals])
    highs = np.stack([np.asarray(high) for _, high in intervals])
    low, high = lows.max(axis=0), highs.min(axis=0)
    clash = low > high
    return np.where(clash, lows.min(axis=0), low), np.where(clash, highs.max(axis=0), high)


def narrow(
    low: np.ndarray, high: np.ndarray, total_low: np.ndarray, total_high: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Narrow cells with the interval of their sum; sharp for integer cells.

    Parameters
    ----------
    low, high : numpy.ndarray, shape (..., cells)
        Bounds of each cell.
    total_low, total_high : numpy.ndarray, shape (...)
        Bounds of their sum.

    Returns
    -------
    tuple of numpy.ndarray
        New bounds. A row that contradicts its total is left as it was.

    Examples
    --------
    ``<5`` + 6 + 5 = 13, so the hidden cell is 2:

    >>> low, high = narrow(np.array([1, 6, 5]), np.array([4, 6, 5]), np.array(13), np.array(13))
    >>> low.tolist(), high.tolist()
    ([2, 6, 5], [2, 6, 5])
    """
    sum_low, sum_high = total(low, high)
    new_low = np.maximum(low, np.asarray(total_low)[..., None] - (sum_high[..., None] - high))
    new_high = np.minimum(high, np.asarray(total_high)[..., None] - (sum_low[..., None] - low))
    clash = (new_low > new_high).any(axis=-1, keepdims=True)
    return np.where(clash, low, new_low), np.where(clash, high, new_high)


def part_of_total(
    low: np.ndarray,
    high: np.ndarray,
    part: np.ndarray,
    total_low: np.ndarray,
    total_high: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the interval of the sum of some cells, given the interval of the sum of all.

    Parameters
    ----------
    low, high : numpy.ndarray, shape (..., cells)
        Bounds of each cell.
    part : numpy.ndarray of bool, shape (cells,)
        The cells to add up.
    total_low, total_high : numpy.ndarray, shape (...)
        Bounds of the sum of all cells.

    Examples
    --------
    >>> low, high = part_of_total(np.array([1, 1, 5]), np.array([4, 4, 5]),
    ...                           np.array([True, False, False]), np.array(8), np.array(8))
    >>> int(low), int(high)
    (1, 2)
    """
    part_low, part_high = total(low[..., part], high[..., part])
    rest_low, rest_high = total(low[..., ~part], high[..., ~part])
    new_low = np.maximum(part_low, total_low - rest_high)
    new_high = np.minimum(part_high, total_high - rest_low)
    clash = new_low > new_high
    return np.where(clash, part_low, new_low), np.where(clash, part_high, new_high)


def share(
    part_low: np.ndarray, part_high: np.ndarray, rest_low: np.ndarray, rest_high: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the interval of part / (part + rest), in percent; NaN where nobody is.

    Examples
    --------
    >>> low, high = share(np.array(1), np.array(4), np.array(6), np.array(6))
    >>> round(float(low), 1), round(float(high), 1)
    (14.3, 40.0)
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        low = 100 * part_low / (part_low + rest_high)
        high = 100 * part_high / (part_high + rest_low)
    return low, high


def share_of_total(
    part_low: np.ndarray, part_high: np.ndarray, total_low: np.ndarray, total_high: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the interval of part / total, in percent; NaN where nobody is.

    For a total that is known apart from its parts, as an interval. The part is never more than
    the total.

    Examples
    --------
    >>> low, high = share_of_total(np.array(1), np.array(4), np.array(20), np.array(25))
    >>> round(float(low), 1), round(float(high), 1)
    (4.0, 20.0)
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        low = 100 * part_low / total_high
        high = 100 * part_high / np.maximum(total_low, part_high)
    return low, high


def mean_of(
    low: np.ndarray,
    high: np.ndarray,
    values: np.ndarray,
    total_low: np.ndarray | None = None,
    total_high: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the interval of the mean of values that whole numbers of pupils have; sharp.

    Parameters
    ----------
    low, high : numpy.ndarray of int, shape (rows, cells)
        Bounds of the pupils per cell.
    values : numpy.ndarray, shape (cells,)
        The value each pupil of a cell counts for, such as the rank of an advice.
    total_low, total_high : numpy.ndarray of int, shape (rows,), optional
        Bounds of the number of pupils. Where they contradict the cells, the cells count.

    Returns
    -------
    tuple of numpy.ndarray, shape (rows,)
        Lowest and highest possible mean; NaN where nobody is.

    Examples
    --------
    >>> low, high = mean_of(np.array([[1, 0, 5]]), np.array([[4, 0, 5]]), np.arange(3))
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([1.111], [1.667])
    >>> mean_of(np.array([[1, 1]]), np.array([[4, 4]]), np.arange(2), np.array([2]), np.array([2]))
    (array([0.5]), array([0.5]))
    """
    low, high, values = np.asarray(low), np.asarray(high), np.asarray(values, dtype=float)
    first, last = low.sum(axis=1), high.sum(axis=1)
    if total_low is not None and total_high is not None:
        clash = (total_low > last) | (total_high < first)
        first = np.where(clash, first, np.maximum(first, total_low))
        last = np.where(clash, last, np.minimum(last, total_high))
    order = np.argsort(values, kind="stable")
    lowest, highest = np.full(len(low), np.nan), np.full(len(low), np.nan)
    # For each possible number of pupils, those not yet placed go to the lowest or highest values.
    for extra in range(int((last - first).max(initial=0)) + 1):
        pupils = np.minimum(first + extra, last)
        for ends, direction, pick in ((lowest, order, np.fmin), (highest, order[::-1], np.fmax)):
            room = (high - low)[:, direction]
            before = np.cumsum(room, axis=1) - room
            rest = (pupils - low.sum(axis=1))[:, None]
            placed = low[:, direction] + np.clip(rest - before, 0, room)
            with np.errstate(invalid="ignore", divide="ignore"):
                mean = (placed * values[direction]).sum(axis=1) / pupils
            ends[:] = pick(ends, mean)
    return lowest, highest


def narrow_table(
    low: np.ndarray,
    high: np.ndarray,
    rows: tuple[np.ndarray, np.ndarray],
    columns: tuple[np.ndarray, np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """Narrow the cells of one table with the totals of its rows and of its columns; sharp.

    Parameters
    ----------
    low, high : numpy.ndarray of int, shape (rows, columns)
        Bounds of each cell.
    rows, columns : tuple of numpy.ndarray
        Lower and upper bounds of the totals of the rows, and of the columns.

    Returns
    -------
    tuple of numpy.ndarray
        New bounds; the old ones when the totals contradict the cells.

    Notes
    -----
    Row and column sums form a totally unimodular matrix, so the bounds that a linear program finds
    for a cell are whole numbers (Hoffman and Kruskal 1956).

    Examples
    --------
    Two hidden cells in the first row and one in the second, which follows from its row:

    >>> low, high = np.array([[1, 1], [1, 6]]), np.array([[4, 4], [4, 6]])
    >>> narrow_table(low, high, (np.array([5, 8]), np.array([5, 8])),
    ...              (np.array([5, 8]), np.array([5, 8])))[0].tolist()
    [[3, 2], [2, 6]]
    """
    from scipy.optimize import linprog  # takes as long to import as pandas; often not needed

    low, high = np.array(low), np.array(high)
    new_low, new_high = low.copy(), high.copy()
    for _ in range(low.size):  # one axis after the other settles most cells
        before = new_low.copy(), new_high.copy()
        new_low, new_high = narrow(new_low, new_high, *rows)
        turned = narrow(new_low.T, new_high.T, *columns)
        new_low, new_high = turned[0].T, turned[1].T
        if (before[0] == new_low).all() and (before[1] == new_high).all():
            break
    height, width = low.shape
    cells = np.arange(low.size).reshape(low.shape)
    sums = np.zeros((height + width, low.size))
    for at in range(height):
        sums[at, cells[at]] = 1
    for at in range(width):
        sums[height + at, cells[:, at]] = 1
    least = np.concatenate([rows[0], columns[0]])
    most = np.concatenate([rows[1], columns[1]])
    for at in np.flatnonzero((new_low < new_high).ravel()):
        for sign, bound in ((1, new_low), (-1, new_high)):
            aim = np.zeros(low.size)
            aim[at] = sign
            answer = linprog(
                aim,
                A_ub=np.vstack([sums, -sums]),
                b_ub=np.concatenate([most, -least]),
                bounds=np.column_stack([low.ravel(), high.ravel()]),
            )
            if not answer.success:
                return low, high
            bound.ravel()[at] = round(sign * answer.fun)
    for axis, (least, most) in ((1, rows), (0, columns)):
        if (new_low.sum(axis) > most).any() or (new_high.sum(axis) < least).any():
            return low, high
    return new_low, new_high


Resolution = Literal["low", "mid", "high"]


def resolve(frame: pd.DataFrame, how: Resolution, count: str = "pupils") -> pd.DataFrame:
    """Put a number where a count is hidden, and mark it: never done unless somebody asks.

    Parameters
    ----------
    frame : pandas.DataFrame
        With ``count`` and its ``_low`` and ``_high``.
    how : {"low", "mid", "high"}
        Which number: an end of the interval, or its middle (a half is possible).
    count : str, default "pupils"
        The count.

    Returns
    -------
    pandas.DataFrame
        With ``count`` filled and ``<count>_resolved``: how, where a number was put, else NA.
        Where the interval has no upper end only ``low`` gives a number.

    Raises
    ------
    UsageError
        For another way than these three.

    Examples
    --------
    >>> frame = pd.DataFrame({"pupils": [7, None], "pupils_low": [7, 1], "pupils_high": [7, 4]})
    >>> resolve(frame.astype("Int64"), "mid")[["pupils", "pupils_resolved"]].values.tolist()
    [[7.0, nan], [2.5, 'mid']]
    """
    if how not in ("low", "mid", "high"):
        raise UsageError(f"A hidden count is resolved as low, mid or high, not as {how!r}.")
    low, high = (frame[f"{count}_{end}"].astype("Float64") for end in ("low", "high"))
    number = {"low": low, "mid": (low + high) / 2, "high": high}[how]
    hidden = frame[count].isna() & number.notna()
    filled = frame[count].astype("Float64").where(~hidden, number)
    marked = pd.Series(pd.NA, index=frame.index, dtype="str").mask(hidden, how)
    return frame.assign(**{count: filled, f"{count}_resolved": marked})


def aggregate(
    frame: pd.DataFrame, by: list[str], count: str = "pupils", resolve_as: Resolution | None = None
) -> pd.DataFrame:
    """Add up counts over groups, of schools or of categories, as intervals.

    Parameters
    ----------
    frame : pandas.DataFrame
        With ``count`` and its ``_low`` and ``_high``.
    by : list of str
        Columns that make the groups.
    count : str, default "pupils"
        The count.
    resolve_as : {"low", "mid", "high"}, optional
        Put a number where a sum is not exact, marked as `resolve` does.

    Returns
    -------
    pandas.DataFrame
        One row per group: ``by``, ``count`` (NA unless exact), ``_low``, ``_high`` (NA when one
        of the counts has no upper end or is unknown) and ``cells_hidden``, the number of counts
        that were not exact.

    Examples
    --------
    >>> frame = pd.DataFrame({"school": ["90AA00"] * 2 + ["90AB00"], "pupils": [7, None, 9],
    ...     "pupils_low": [7, 1, 9], "pupils_high": [7, 4, 9]}).convert_dtypes()
    >>> aggregate(frame, ["school"])[["pupils", "pupils_low", "pupils_high"]].values.tolist()
    [[<NA>, 8, 11], [9, 9, 9]]
    """
    ends = [f"{count}_low", f"{count}_high"]
    groups = frame.assign(cells_hidden=frame[count].isna()).groupby(by, sort=False, dropna=False)
    result = groups[[*ends, "cells_hidden"]].sum().reset_index()
    unknown = frame[ends].isna().groupby([frame[b] for b in by], sort=False, dropna=False).any()
    for end in ends:
        result[end] = result[end].astype("Int64").mask(unknown[end].to_numpy())
    exact = (result[ends[0]] == result[ends[1]]).fillna(False)
    result.insert(len(by), count, result[ends[0]].where(exact))
    return result if resolve_as is None else resolve(result, resolve_as, count)


def narrow_groups(
    frame: pd.DataFrame, by: list[str], totals: pd.DataFrame, count: str = "pupils"
) -> pd.DataFrame:
    """Narrow hidden counts with totals that another table has.

    Parameters
    ----------
    frame : pandas.DataFrame
        With ``count`` and its ``_low`` and ``_high``, several rows per group.
    by : list of str
        Columns that make the groups.
    totals : pandas.DataFrame
        One row per group: ``by`` and the ``_low`` and ``_high`` of its total. A group that is
        not in it stays as it is, and so does one that contradicts its total.
    count : str, default "pupils"
        The count, by the same name in both.

    Returns
    -------
    pandas.DataFrame
        The frame with narrower bounds, and ``count`` where they meet.

    Examples
    --------
    >>> frame = pd.DataFrame({"school": ["90AA00"] * 3, "pupils": [None, 6, 5],
    ...     "pupils_low": [1, 6, 5], "pupils_high": [4, 6, 5]}).convert_dtypes()
    >>> total = pd.DataFrame({"school": ["90AA00"], "pupils_low": [13], "pupils_high": [13]})
    >>> narrow_groups(frame, ["school"], total)["pupils"].tolist()
    [2, 6, 5]
    """
    low, high = f"{count}_low", f"{count}_high"
    given = frame[by].merge(
        totals[[*by, low, high]].rename(columns={low: "_least", high: "_most"}), on=by, how="left"
    )
    given.index = frame.index
    groups = frame.groupby(by, sort=False, dropna=False)
    sums = {
        end: groups[end].transform("sum").mask(groups[end].transform(lambda g: g.isna().any()))
        for end in (low, high)
    }
    least = (given["_least"] - (sums[high] - frame[high])).astype("Int64")
    most = (given["_most"] - (sums[low] - frame[low])).astype("Int64")
    new_low = frame[low].mask((least > frame[low]).fillna(False), least)
    new_high = frame[high].mask((most < frame[high]).fillna(False), most)
    wrong = (new_low > new_high).fillna(False)
    clash = wrong.groupby([frame[b] for b in by], sort=False, dropna=False).transform("any")
    new_low, new_high = new_low.mask(clash, frame[low]), new_high.mask(clash, frame[high])
    met = (new_low == new_high).fillna(False)
    value = frame[count].mask(frame[count].isna() & met, new_low)
    return frame.assign(**{low: new_low, high: new_high, count: value})
