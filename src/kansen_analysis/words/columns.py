"""In Dutch, what the columns of a table are called: ``columns.csv``, one row per column."""

from __future__ import annotations

from functools import cache
from importlib import resources

import pandas as pd


@cache
def _all() -> pd.DataFrame:
    with (resources.files(__package__) / "columns.csv").open(encoding="utf-8") as file:
        table = pd.read_csv(file, dtype=str, keep_default_na=False)
    return table.astype({"decimals": int}).set_index("column")


def columns_of(table: str) -> pd.DataFrame:
    """Return the columns of a table, in the order in which they are shown.

    Parameters
    ----------
    table : str
        Its name, without the code of a school or municipality.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``column``: ``label``, ``unit``, ``decimals``, ``kind`` (of `display.tables`) and
        ``base``, the count on which a mean or share rests.

    Raises
    ------
    KeyError
        When no table is called so.

    Examples
    --------
    >>> columns_of("verantwoording-bestanden")["label"].tolist()[:2]
    ['Bestand', 'Gegevens']
    """
    found = _all()[_all()["table"] == table]
    if not len(found):
        raise KeyError(table)
    return found.drop(columns="table")
