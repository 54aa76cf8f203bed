"""Counts hidden by the publisher: an interval, never a guess.

A count printed as ``<5`` is 1, 2, 3 or 4. Sums, shares and totals are carried as intervals; a known
total narrows the cells it is the sum of. The functions work on whole arrays at once: the last axis
holds the cells of one row of the publisher's table.
"""

from __future__ import annotations

import numpy as np

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
