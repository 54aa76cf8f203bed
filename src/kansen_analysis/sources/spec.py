"""What is written down about a published data set: its folder, read into one object.

A folder holds ``source.yml`` (publisher, licence, citation, rules), ``files.csv`` (one row per
school year and sheet: exact file name, header row, separator, encoding), ``columns.csv`` (one row
per layout: canonical name → raw header of that layout, empty = absent) and ``variables.csv``
(canonical name → Dutch label, unit, decimals, kind, limits).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import pandas as pd
import yaml

from kansen_analysis import schoolyear
from kansen_analysis.errors import UsageError

HERE = Path(__file__).parent

# A raw header may hold one of these; the school year is then part of the header.
_PLACEHOLDERS = {
    "{yyzz}": r"(?P<year>\d{4})",  # 2223
    "{yyyy}": r"(?P<year>\d{4})",  # 2022
    "{years}": r"(?P<year>.+)",  # 2021-2022, 2022-2023, 2023-2024
    "{year}": r"(?P<year>\d{4}-\d{4})",
}


def header_pattern(raw: str) -> re.Pattern:
    """Compile a raw header, with or without a year in it, into a pattern."""
    pattern = re.escape(raw)
    for name, expression in _PLACEHOLDERS.items():
        pattern = pattern.replace(re.escape(name), expression)
    return re.compile(pattern)


def header_year(raw: str, match: re.Match) -> int:
    """Return the (last) school year that a header with a placeholder names."""
    if "{yyyy}" in raw:
        return int(match["year"])
    if "{yyzz}" in raw:
        return 2000 + int(match["year"][:2])
    return schoolyear.find(match["year"])[-1]


@dataclass(frozen=True)
class Layout:
    """One way in which a source is, or was, laid out."""

    source: str
    name: str
    columns: dict[str, str]  # canonical name → raw header
    sheet: str  # "" for a csv
    header_row: int
    separator: str
    encodings: tuple[str, ...]

    @cached_property
    def patterns(self) -> dict[str, re.Pattern]:
        """Canonical name → compiled raw header."""
        return {name: header_pattern(raw) for name, raw in self.columns.items()}

    @cached_property
    def sheet_pattern(self) -> re.Pattern:
        """The sheets this layout is for."""
        return header_pattern(self.sheet)

    def year_columns(self) -> list[str]:
        """Canonical names whose raw header carries a school year."""
        return [n for n, raw in self.columns.items() if any(p in raw for p in _PLACEHOLDERS)]

    def likeness(self, header: list[str]) -> float:
        """Share of headers that this layout and a file have in common, 0 to 1."""
        cells = {cell.strip() for cell in header if cell.strip()}
        hit = {c for c in cells for p in self.patterns.values() if p.fullmatch(c)}
        used = sum(any(p.fullmatch(c) for c in cells) for p in self.patterns.values())
        return used / (len(self.columns) + len(cells - hit)) if cells else 0.0


@dataclass(frozen=True)
class Source:
    """A published data set and all its layouts."""

    name: str
    meta: dict
    files: pd.DataFrame
    columns: pd.DataFrame
    variables: pd.DataFrame

    @cached_property
    def layouts(self) -> list[Layout]:
        """The distinct layouts, in the order of ``columns.csv``."""
        found = []
        for name, row in self.columns.iterrows():
            files = self.files[self.files["layout"] == name]
            found.append(
                Layout(
                    source=self.name,
                    name=name,
                    columns={canonical: raw for canonical, raw in row.items() if raw},
                    sheet=files["sheet"].iloc[0],
                    header_row=int(files["header_row"].iloc[0]),
                    separator=files["separator"].iloc[0],
                    encodings=tuple(dict.fromkeys(e for e in files["encoding"] if e)),
                )
            )
        return found

    @property
    def dimensions(self) -> list[str]:
        """Columns into which the raw columns are folded, such as ``provider``."""
        return self.meta.get("long", [])

    @property
    def masked(self) -> dict[str, tuple[int, int | None]]:
        """Symbols that stand for a hidden count, with the lowest and highest it can be."""
        return {symbol: tuple(bounds) for symbol, bounds in self.meta["masked"].items()}

    def tables(self) -> dict[str, Path]:
        """Return the files in which this source is written down, for error messages."""
        return {n: HERE / self.name / n for n in ("files.csv", "columns.csv", "variables.csv")}


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


@cache
def get(name: str) -> Source:
    """Read what is written down about one source.

    Parameters
    ----------
    name : str
        One of `names`.

    Raises
    ------
    UsageError
        When there is no such source.

    Examples
    --------
    >>> get("eindscores").dimensions
    ['provider']
    """
    if name not in names():
        raise UsageError(f"There is no source {name!r}. Known: {', '.join(names())}.")
    folder = HERE / name
    return Source(
        name=name,
        meta=yaml.safe_load((folder / "source.yml").read_text(encoding="utf-8")),
        files=_read(folder / "files.csv"),
        columns=_read(folder / "columns.csv").set_index("layout"),
        variables=_read(folder / "variables.csv").set_index("name"),
    )


@cache
def names() -> tuple[str, ...]:
    """Return the names of all sources.

    Examples
    --------
    >>> "schoolweging" in names()
    True
    """
    return tuple(sorted(path.parent.name for path in HERE.glob("*/source.yml")))
