"""Two publishers beside each other: where an exact share would solve what the other one hides.

DUO prints how many pupils reached each level, 1 to 4 as ``<5``; the Inspectie prints which percent
reached the target. Both are public and each keeps its own rule. Their product is not theirs but
ours: percent times pupils is the number that the hidden cells must add up to. `guard` finds the
school-years where that number says more about a hidden cell than DUO's own row does.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kansen_analysis.outcomes.panel import DOMAINS

SHOWN = 0.05  # half of the last decimal of a percentage on a page
HALF = 50 / 3  # half a level in percent, for one pupil: an attacker rounds to whole levels
GRIDS = (1, 5, 10, 20)  # widths, in percentage points, of a rounded share; the finest that is safe
MOST = 10**6
ENDS = ("low", "high")


@dataclass(frozen=True)
class Box:
    """Bounds of every cell of a row, by domain, and of the pupils that each domain adds up to.

    Attributes
    ----------
    low, high : tuple of numpy.ndarray
        Per domain one array, a row per school-year and a column per level.
    pupils : tuple of numpy.ndarray
        Lowest and highest number of pupils.
    """

    low: tuple[np.ndarray, ...]
    high: tuple[np.ndarray, ...]
    pupils: tuple[np.ndarray, np.ndarray]


def solve(
    box: Box, reached: tuple[np.ndarray, np.ndarray], pupils: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bound every cell by all that is known: sums of domains, pupils, and levels reached.

    The sums form a tree, so passing bounds up and down once gives the sharpest whole numbers.

    Parameters
    ----------
    box : Box
    reached : tuple of numpy.ndarray
        Bounds of the number of target levels reached, all domains together; a function of the
        pupils is given per number of them, shape (rows, numbers).
    pupils : tuple of numpy.ndarray
        Bounds of the pupils.

    Returns
    -------
    low, high : numpy.ndarray
        Of every cell, all domains side by side.
    possible : numpy.ndarray
        Whether a row fits at all.
    """
    targets = [np.array(list(levels.values())) for levels in DOMAINS.values()]
    tested = [high.sum(axis=1) > 0 for high in box.high]
    shape = (len(pupils[0]), sum(len(each) for each in targets))
    best_low, best_high = np.full(shape, MOST), np.full(shape, -1)
    possible = np.zeros(shape[0], bool)
    for step in range(int((pupils[1] - pupils[0]).max(initial=0)) + 1):
        n = pupils[0] + step
        fits = n <= pupils[1]
        parts = []
        for lo, hi, target, here in zip(box.low, box.high, targets, tested, strict=True):
            total = np.where(here, n, 0)
            fits &= (lo.sum(axis=1) <= total) & (total <= hi.sum(axis=1))
            least = np.maximum(lo[:, target].sum(axis=1), total - hi[:, ~target].sum(axis=1))
            most = np.minimum(hi[:, target].sum(axis=1), total - lo[:, ~target].sum(axis=1))
            parts.append([least, most, total])
        wanted = [end[:, min(step, end.shape[1] - 1)] for end in reached]
        sums = [sum(part[end] for part in parts) for end in (0, 1)]
        fits &= (wanted[0] <= wanted[1]) & (sums[0] <= wanted[1]) & (sums[1] >= wanted[0])
        cells = []
        for (least, most, total), lo, hi, target in zip(
            parts, box.low, box.high, targets, strict=True
        ):
            a = np.maximum(least, wanted[0] - (sums[1] - most))
            b = np.minimum(most, wanted[1] - (sums[0] - least))
            low, high = lo.copy(), hi.copy()
            for side, ends in ((target, (a, b)), (~target, (total - b, total - a))):
                rest_low = lo[:, side].sum(axis=1)[:, None] - lo[:, side]
                rest_high = hi[:, side].sum(axis=1)[:, None] - hi[:, side]
                low[:, side] = np.maximum(lo[:, side], ends[0][:, None] - rest_high)
                high[:, side] = np.minimum(hi[:, side], ends[1][:, None] - rest_low)
            cells.append((low, high))
        low, high = (np.concatenate([each[end] for each in cells], axis=1) for end in (0, 1))
        best_low = np.where(fits[:, None], np.minimum(best_low, low), best_low)
        best_high = np.where(fits[:, None], np.maximum(best_high, high), best_high)
        possible |= fits
    return best_low, best_high, possible


def guard(levels: pd.DataFrame, printed: pd.DataFrame, named: Collection[str] = ()) -> pd.DataFrame:
    """Show a range instead of a share where the share would solve a hidden count.

    A reader who knows this rule learns something from a range as such: the share must be one that
    would have solved a count. Of schools that pages name, a range is therefore one that all shares
    that would be shown by it have in common, and they leave every count as open as DUO does.

    Parameters
    ----------
    levels : pandas.DataFrame
        As `kansen_analysis.outcomes.panel.target_levels`, with ``own_low``, ``own_high``,
        ``own_n_low`` and ``own_n_high``: what DUO's row gives by itself.
    printed : pandas.DataFrame
        The tidy referentieniveaus.
    named : collection of str
        Schools of which pages show each year.

    Returns
    -------
    pandas.DataFrame
        The same rows. Where the share would solve a cell, ``low`` and ``high`` hold the finest
        round range that does not, or DUO's own; ``value`` stands where schools of that size are
        found on average and ``origin`` is ``interval``. ``joined`` says why: ``solved``,
        ``contradiction`` (no row of counts fits both publishers) or nothing.
    """
    out = levels.copy()
    out["joined"] = ""
    table = printed[printed["kind"] == "Bo"] if len(printed) else printed
    beside = out["origin"].eq("leerresultaten") & out["own_n_high"].notna()
    if not len(table) or not beside.any():
        return out
    keys = pd.MultiIndex.from_frame(out.loc[beside, ["school", "year"]])
    box = _box(table, keys)
    n = out.loc[beside, "n"].to_numpy(int)
    share = out.loc[beside, "value"].to_numpy(float)
    alone = solve(box, _anything(len(n)), box.pupils)
    hidden = np.concatenate(box.low, axis=1) < np.concatenate(box.high, axis=1)

    def gives_away(low, high, pupils):
        """Tell where a cell is known better than from DUO alone, and where nothing fits."""
        found = solve(box, _reached(low, high, pupils), pupils)
        width = (found[1] - found[0]) < (alone[1] - alone[0])
        return (width & hidden).any(axis=1) & found[2], ~found[2]

    slack = np.maximum(SHOWN, HALF / n)
    told = share - slack, share + slack
    solved, never = gives_away(*told, (n, n))
    never &= alone[2]
    # Where share and pupils fit no row of counts together, either of them may still give one away.
    by_share, _ = gives_away(*told, box.pupils)
    by_size, _ = gives_away(np.zeros(len(n)), np.full(len(n), 100.0), (n, n))
    solved |= never & (by_share | by_size)
    todo = solved.copy()
    low, high = (out.loc[beside, f"own_{end}"].to_numpy(float) for end in ENDS)
    for grid in GRIDS:
        if not todo.any():
            break
        rounded = grid * np.floor(share / grid), grid * np.floor(share / grid) + grid
        tight, _ = gives_away(*rounded, box.pupils)
        safe = todo & ~tight
        # What DUO's row leaves is never made narrower, and never wider than it is.
        low = np.where(safe, np.maximum(low, np.minimum(rounded[0], 100)), low)
        high = np.where(safe, np.minimum(high, np.minimum(rounded[1], 100)), high)
        todo &= tight
    own = [out.loc[beside, f"own_{end}"].to_numpy(float) for end in ENDS]
    strict = out.loc[beside, "school"].isin(list(named)).to_numpy() & hidden.any(axis=1)
    for row in np.flatnonzero(strict & alone[2] & ~never):
        ends = own[0][row], own[1][row]
        found = _alike(box, row, [end[row] for end in alone[:2]], ends, (share[row], n[row]))
        solved[row] = found is not None
        low[row], high[row] = found or ends
    at = np.flatnonzero(beside)
    rows = at[solved]
    place = out["placed"].to_numpy(float)
    for name, values in (
        ("low", low[solved]),
        ("high", high[solved]),
        ("n_low", out["own_n_low"].to_numpy()[rows]),
        ("n_high", out["own_n_high"].to_numpy()[rows]),
        ("value", low[solved] + place[rows] * (high - low)[solved]),
        ("n", np.floor((out["own_n_low"] + out["own_n_high"]).to_numpy()[rows] / 2 + 0.5)),
        ("origin", "interval"),
        ("joined", "solved"),
    ):
        out.iloc[rows, out.columns.tolist().index(name)] = values
    out.iloc[at[never], out.columns.tolist().index("joined")] = "contradiction"
    return out


def _alike(
    box: Box,
    row: int,
    alone: Sequence[np.ndarray],
    own: tuple[float, float],
    told: tuple[float, int],
) -> tuple[float, float] | None:
    """Return the range to show of a school-year, or None where its share may be shown.

    Whatever is shown, the shares that would be shown alike leave each count as DUO's row leaves it.

    Parameters
    ----------
    box : Box
    row : int
        Of the school-year in the box.
    alone : sequence of numpy.ndarray
        Lowest and highest of every cell by DUO's row.
    own : tuple of float
        Lowest and highest share by DUO's row.
    told : tuple of float and int
        Share and pupils as the Inspectie prints them.
    """
    sizes = range(int(box.pupils[0][row]), int(box.pupils[1][row]) + 1)
    every = [
        (n, reached)
        for n in sizes
        for reached in range(
            int(np.ceil(3 * n * own[0] / 100 - 1e-6)), int(3 * n * own[1] / 100 + 1e-6) + 1
        )
    ]
    n = np.array([size for size, _ in every])
    share = np.round(100 * np.array([reached for _, reached in every]) / (3 * n), 2)
    same = Box(
        *(
            tuple(np.repeat(each[[row]], len(n), axis=0) for each in end)
            for end in (box.low, box.high)
        ),
        pupils=(n, n),
    )
    slack = np.maximum(SHOWN, HALF / n)
    low, high, fits = solve(same, _reached(share - slack, share + slack, (n, n)), (n, n))
    low, high, share = low[fits], high[fits], share[fits]
    width = alone[1] - alone[0]
    solves = ((high - low) < width).any(axis=1)

    def open_(chosen: np.ndarray) -> bool:
        """Tell whether these shares together leave every count as open as it is."""
        return bool((high[chosen].max(axis=0) - low[chosen].min(axis=0) == width).all())

    if not solves.any():
        return None
    if not open_(solves):  # that a share is not shown would already tell
        return own
    slack = max(SHOWN, HALF / told[1])
    near = (np.abs(share - told[0]) <= slack) & (n[fits] == told[1])
    if not solves[near].any():
        return None
    for grid in GRIDS:
        blocks = np.floor(share / grid)
        if all(open_(solves & (blocks == block)) for block in np.unique(blocks[solves])):
            least = grid * np.floor(told[0] / grid)
            return max(own[0], least), min(own[1], least + grid)
    return own


def _box(table: pd.DataFrame, keys: pd.MultiIndex) -> Box:
    """Lay the printed counts of these school-years out, with the pupils they allow."""
    ends = []
    for end in ENDS:
        wide = table.pivot(
            index=["school", "year"], columns=["domain", "level"], values=f"pupils_{end}"
        )
        wide = wide.reindex(keys)
        ends.append(
            tuple(
                wide[[(domain, level) for level in levels]].to_numpy(int)
                for domain, levels in DOMAINS.items()
            )
        )
    least, most = np.zeros(len(keys), int), np.full(len(keys), MOST)
    lowest, highest = ends
    for low, high in zip(lowest, highest, strict=True):
        there = high.sum(axis=1) > 0  # a domain of zeros beside others was not tested
        least = np.where(there, np.maximum(least, low.sum(axis=1)), least)
        most = np.where(there, np.minimum(most, high.sum(axis=1)), most)
    return Box(lowest, highest, (least, np.maximum(least, most)))


def _anything(rows: int) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros((rows, 1), int), np.full((rows, 1), MOST)


def _reached(low, high, pupils) -> tuple[np.ndarray, np.ndarray]:
    """Bound the levels reached by a share, for every number of pupils."""
    numbers = pupils[0][:, None] + np.arange(int((pupils[1] - pupils[0]).max(initial=0)) + 1)
    least = np.ceil(3 * numbers * np.asarray(low)[:, None] / 100 - 1e-9).astype(int)
    most = np.floor(3 * numbers * np.asarray(high)[:, None] / 100 + 1e-9).astype(int)
    return least, most
