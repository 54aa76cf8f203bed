"""Counts that schools supply: what of them may be published, and in which form.

Nobody publishes these figures, so whatever a page says of them is all there is. A cell is a count
of pupils in a group of schools and a year. It is shown when enough schools and pupils are in it and
no school makes up most of it, and the same holds for what is left of its total. What is shown is
rounded to a multiple of five: a difference of two cells, or of two editions, is then never known
better than a publisher's ``<5``. Where another edition showed the same cell for other schools and
the difference between both would be about too few, the earlier figures stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from kansen_analysis.errors import UsageError

STEP = 5  # counts are shown as multiples of this
ENDS = ("low", "high")
NORMAL = 1.96  # errors between an estimate and an end of its interval
RANGES = "made of what may be shown"  # an estimate over few participants
CELLS = ["output", "group", "year", "count", "rule", "low", "high", "schools"]


class Rule(StrEnum):
    """Why a cell is not shown, or not as it is now; empty for one that is."""

    SHOWN = ""
    SCHOOLS = "too few schools"
    PUPILS = "too few pupils"
    LARGEST = "one school is most of it"
    REST = "the rest of its total is about too few"
    EARLIER = "an earlier edition showed other schools: its figures stay"


@dataclass(frozen=True)
class Limits:
    """What a cell needs; a programme can ask for more and never for less.

    Attributes
    ----------
    schools : int
        That have pupils in the cell.
    pupils : int
        In the cell.
    largest : float
        Percent of a cell that one school may make up.

    Examples
    --------
    >>> Limits(schools=2)
    Traceback (most recent call last):
    kansen_analysis.errors.UsageError: disclosure.schools is 2; it can be 3 or more, not less.
    """

    schools: int = 3
    pupils: int = 10
    largest: float = 80.0

    def __post_init__(self) -> None:
        for name, least in (("schools", 3), ("pupils", 10)):
            if getattr(self, name) < least:
                raise UsageError(
                    f"disclosure.{name} is {getattr(self, name)}; it can be {least} or more, "
                    "not less."
                )
        if not 0 < self.largest <= 80:
            raise UsageError(f"disclosure.largest is {self.largest}; it can be 80 or less.")

    def breach(self, low: np.ndarray, high: np.ndarray) -> Rule:
        """Tell which rule a cell breaks.

        Parameters
        ----------
        low, high : numpy.ndarray
            Bounds of the pupils of each school.

        Examples
        --------
        >>> each = np.array([20, 15, 4])
        >>> Limits().breach(each, each) == Rule.SHOWN
        True
        >>> Limits().breach(each[:2], each[:2]), Limits().breach(each - 4, each - 4)
        (<Rule.SCHOOLS: 'too few schools'>, <Rule.SCHOOLS: 'too few schools'>)
        """
        if (low > 0).sum() < self.schools:
            return Rule.SCHOOLS
        if low.sum() < self.pupils:
            return Rule.PUPILS
        if (high / (low.sum() - low + high)).max() > self.largest / 100:
            return Rule.LARGEST
        return Rule.SHOWN


def release(
    output: str,
    counts: pd.DataFrame,
    groups: pd.Series,
    whole: str,
    parts: Iterable[str],
    limits: Limits,
    earlier: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Decide for every group and year what may be shown of a count and of its parts.

    Parameters
    ----------
    output : str
        What it is shown in, as other editions call it too.
    counts : pandas.DataFrame
        ``school``, ``year`` and for every count its bounds, ``_low`` and ``_high``.
    groups : pandas.Series
        The group of each row; missing for rows of none.
    whole : str
        The count of all pupils; a part is shown only where it is.
    parts : iterable of str
    limits : Limits
    earlier : pandas.DataFrame, optional
        Cells that other editions published, as this function returns them.

    Returns
    -------
    pandas.DataFrame
        One row per cell: ``output, group, year, count``; ``rule``, a value of `Rule`; ``low`` and
        ``high`` as they may be shown, missing where the cell is not; and ``schools`` it is made
        of, which no page shows.
    """
    names = [whole, *parts]
    rows = []
    by = counts.assign(group=groups.to_numpy()).dropna(subset="group")
    for (group, _), cell in by.groupby(["group", "year"], sort=True):
        key = {"output": output, "group": group, "year": int(cell["year"].iloc[0])}
        schools = " ".join(sorted(cell["school"]))
        before = _earlier(earlier, key)
        kept = next(
            (
                each
                for told, each in before.groupby("schools", sort=True)
                if told != schools and _apart(cell, str(told).split(), names, limits)
            ),
            None,
        )
        if kept is not None:
            shown = kept.set_index("count").reindex(names)
            for name, was in shown.iterrows():
                gone = pd.isna(was["low"])
                rule = was["rule"] if gone and isinstance(was["rule"], str) else Rule.EARLIER
                ends = {"low": was["low"], "high": was["high"]}
                told = kept["schools"].iloc[0]
                rows.append(key | {"count": name, "rule": str(rule), **ends, "schools": told})
            continue
        broken = _breaches(cell, names, limits)
        for name in names:
            rule = broken[whole] or broken[name]
            low, high = (pd.NA, pd.NA) if rule else _rounded(cell, name)
            ends = {"low": low, "high": high}
            rows.append(key | {"count": name, "rule": str(rule), **ends, "schools": schools})
    found = pd.DataFrame(rows, columns=CELLS)
    return found.astype({"low": "Int64", "high": "Int64"})


def _earlier(earlier: pd.DataFrame | None, key: dict) -> pd.DataFrame:
    """Return what editions before this one showed of a group and year."""
    if earlier is None or not len(earlier):
        return pd.DataFrame(columns=CELLS)
    return earlier[(earlier[list(key)] == pd.Series(key)).all(axis=1)]


def _breaches(cell: pd.DataFrame, names: Sequence[str], limits: Limits) -> dict[str, Rule]:
    """Tell for a total and its parts which rule each breaks; a part and its rest break together."""
    bounds = {n: [cell[f"{n}_{end}"].to_numpy(float) for end in ENDS] for n in names}
    whole, *parts = names
    found = {whole: limits.breach(*bounds[whole])}
    for part in parts:
        rest = [
            np.maximum(bounds[whole][0] - bounds[part][1], 0),
            bounds[whole][1] - bounds[part][0],
        ]
        found[part] = limits.breach(*bounds[part])
        if not found[part] and limits.breach(*rest):
            found[part] = Rule.REST
    return found


def _apart(cell: pd.DataFrame, told: Sequence[str], names: Sequence[str], limits: Limits) -> bool:
    """Tell whether subtracting an earlier cell from this one would be about too few."""
    gone = set(told) - set(cell["school"])
    if gone:  # their figures are no longer here to judge
        return True
    new = cell[~cell["school"].isin(told)]
    return any(_breaches(new, names, limits).values())


def _rounded(cell: pd.DataFrame, name: str) -> tuple[int, int]:
    """Round a sum: to the nearest multiple when it is known, outward when only its bounds are."""
    low, high = (int(cell[f"{name}_{end}"].sum()) for end in ENDS)
    if low == high:
        nearest = STEP * ((low + STEP // 2) // STEP)
        return nearest, nearest
    return STEP * (low // STEP), STEP * -(-high // STEP)


def decimals(error: float) -> int:
    """Return how many decimals an estimate can bear: two significant digits of its error.

    Examples
    --------
    >>> decimals(2.34), decimals(0.234), decimals(23.4), decimals(float("nan"))
    (1, 2, 0, 1)
    """
    if not np.isfinite(error) or error <= 0:
        return 1
    return max(0, 1 - int(np.floor(np.log10(error))))


def carried(
    frame: pd.DataFrame, value: str = "estimate", ends: tuple[str, str] = ENDS
) -> pd.DataFrame:
    """Round estimates with their bounds to what their 95% intervals carry.

    An estimate rests on figures of single schools that are not shown; more digits than it means
    help only to work these out. An estimate without bounds gets the digits of the others.

    Examples
    --------
    >>> told = pd.DataFrame({"estimate": [1.23456, 2.0], "low": [0.2, 0.1], "high": [2.2, None]})
    >>> carried(told)["estimate"].tolist()
    [1.23, 2.0]
    """
    out, names = frame.copy(), [value, *ends]
    numbers = out[names].astype(float)
    errors = (numbers[ends[1]] - numbers[ends[0]]) / (2 * NORMAL)
    errors = errors.where(np.isfinite(errors) & (errors > 0))
    if errors.isna().all():
        return out
    places = [decimals(error) for error in errors.fillna(errors.min())]
    for name in names:
        rounded = [round(x, p) + 0.0 for x, p in zip(numbers[name], places, strict=True)]
        out[name] = pd.Series(rounded, index=out.index, dtype=float)
    return out
