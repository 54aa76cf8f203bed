"""The rows of a frame one by one, for what is written, drawn or said row by row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import pandas as pd

Row: TypeAlias = "Mapping[Any, Any] | pd.Series"
"""One row, its columns by name."""


def each_row(frame: pd.DataFrame) -> Iterator[Any]:
    """Give every row with its columns as attributes, and its label as ``Index``.

    What a column holds is not known before the program runs, so to a checker of types a row is
    anything; `itertuples` would make every attribute one of the twenty kinds a cell can have.

    Examples
    --------
    >>> import pandas as pd
    >>> [row.school for row in each_row(pd.DataFrame({"school": ["98AA00", "98AB00"]}))]
    ['98AA00', '98AB00']
    """
    return frame.itertuples()
