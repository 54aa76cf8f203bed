"""Control figures: what official publications print, beside what the same files give here.

`printed.csv` holds them: the fact (a key of `region.FACTS`), the place, the first year of the
school year, the figure as printed (with a decimal point, so that it says its own decimals), who
printed it under which title and address, and a note. A figure is equal when ours rounds to what is
printed: when it lies within half of the last digit.
"""

from __future__ import annotations

from importlib import resources

import numpy as np
import pandas as pd

EQUAL, POSSIBLE, DIFFERENT = "equal", "possible", "different"
KEYS = ["fact", "place_kind", "place", "year"]
COLUMNS = [
    *(*KEYS, "printed", "decimals", "publisher", "title", "address", "note"),
    *("low", "high", "n_low", "n_high", "source", "mark", "gap"),
]


def published() -> pd.DataFrame:
    """Read the figures that publications print.

    Returns
    -------
    pandas.DataFrame
        ``fact``, ``place_kind`` (``province`` or ``country``), ``place``, ``year`` (first of the
        school year), ``printed`` (in the unit of the fact), ``decimals`` (as printed),
        ``publisher``, ``title``, ``address`` and ``note``. What is so by definition, such as a
        fifth of all schools in the lowest fifth, is not among them.

    Examples
    --------
    >>> published()[["fact", "place", "year", "printed", "decimals"]].head(1).to_dict("list")
    {'fact': ['scholen'], 'place': ['Drenthe'], 'year': [2016], 'printed': [266.0], 'decimals': [0]}
    """
    with (resources.files(__package__) / "printed.csv").open(encoding="utf-8") as file:
        rows = pd.read_csv(file, dtype=str, keep_default_na=False)
    rows["decimals"] = rows["printed"].str.partition(".")[2].str.len().astype(int)
    return rows.astype({"year": int, "printed": float})[COLUMNS[:10]]


def beside(facts: pd.DataFrame, printed: pd.DataFrame) -> pd.DataFrame:
    """Set what is printed beside what the files give.

    Parameters
    ----------
    facts : pandas.DataFrame
        As `region.region_facts` returns them; with the provinces that are printed.
    printed : pandas.DataFrame
        As `published` returns it.

    Returns
    -------
    pandas.DataFrame
        The rows of `printed` that there is a figure for, in their order, with its ``low``,
        ``high``, ``n_low``, ``n_high`` and ``source``, ``mark`` (``equal``; ``different``;
        ``possible`` where hidden counts leave both open) and ``gap``: ours minus what is printed,
        in the unit of the fact, from the end that lies nearest; zero unless different.

    Examples
    --------
    >>> ours = {"fact": "scholen", "place_kind": "province", "place": "Drenthe", "year": 2016}
    >>> ours |= {"low": 267.0, "high": 267.0, "n_low": 267, "n_high": 267, "source": "x"}
    >>> beside(pd.DataFrame([ours]), published())[["printed", "mark", "gap"]].values.tolist()
    [[266.0, 'different', 1.0]]
    """
    # Names of municipalities are no keys: some were given twice over the years.
    ours = facts[facts["place_kind"].isin(printed["place_kind"])]
    ours = ours[[*KEYS, "low", "high", "n_low", "n_high", "source"]]
    rows = printed.merge(ours, on=KEYS, how="inner", validate="many_to_one")
    half = 0.5 * 10.0 ** -rows["decimals"] + 1e-9  # a figure at the edge may round either way
    under, over = rows["low"] - rows["printed"], rows["high"] - rows["printed"]
    apart = (under > half) | (over < -half)
    met = (under >= -half) & (over <= half)
    rows["mark"] = np.select([met, apart], [EQUAL, DIFFERENT], POSSIBLE)
    rows["gap"] = under.where(under > 0, over).where(apart, 0.0)
    return rows[COLUMNS]
