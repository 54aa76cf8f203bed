"""What is written down about a published data set: its folder, read into one object.

A folder holds ``source.yml`` (publisher, licence, citation, rules), ``files.csv`` (one row per
school year and sheet: exact file name, header row, separator, encoding), ``columns.csv`` (one row
per layout: canonical name → raw header of that layout, empty = absent), ``variables.csv``
(canonical name → Dutch label, unit, decimals, kind, limits), ``breaks.csv`` (what changed when, and
what may then not be compared) and, where a column holds codes, ``codes.csv``.

Several data sets may feed one table of `kansen_analysis.load`: DUO's yearly file and its long file
over all years, say. ``table`` in ``source.yml`` names it, when it is not the data set itself.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import pandas as pd
import yaml

from kansen_analysis.errors import UsageError
from kansen_analysis.sources import schoolyear

HERE = Path(__file__).parent
YAML = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # safe both, the first in C
_NEVER_READ = ("_id",)  # the row number of a dump of CKAN
NO_HEADER = "(zonder kop)"  # the column that a workbook gives no header

# A raw header may hold one of these; the school year is then part of the header.
YEARS = {
    "{yyzz}": r"(?P<year>\d{4})",  # 2223
    "{yyyy}": r"(?P<year>\d{4})",  # 2022
    "{yy-zz}": r"(?P<year>\d\d-\d\d)",  # 22-23
    "{years}": r"(?P<year>.+)",  # 2021-2022, 2022-2023, 2023-2024
    "{year}": r"(?P<year>\d{4}-\d{4})",
}
# Or one of these, where editions number or word a column otherwise.
_WILD = {"{n}": r"\d+", "{text}": r"\w*"}


def header_pattern(raw: str) -> re.Pattern:
    """Compile a raw header into a pattern; ``|`` stands between spellings of one header.

    Examples
    --------
    >>> header_pattern("LEERLINGEN_{yyyy}").fullmatch("LEERLINGEN_2021")["year"]
    '2021'
    >>> bool(header_pattern("BRINNUMMER|BRIN NUMMER").fullmatch("BRIN NUMMER"))
    True
    """
    pattern = "|".join(re.escape(one) for one in raw.split("|"))
    for name, expression in (YEARS | _WILD).items():
        pattern = pattern.replace(re.escape(name), expression)
    return re.compile(pattern)


def header_year(raw: str, match: re.Match) -> int | None:
    """Return the (last) school year that a header with a placeholder names, if it names one."""
    if not any(name in raw for name in YEARS):
        return None
    if "{yyyy}" in raw:
        return int(match["year"])
    if "{yyzz}" in raw or "{yy-zz}" in raw:
        return 2000 + int(match["year"][:2])
    return schoolyear.find(match["year"])[-1]


@dataclass(frozen=True, eq=False)
class Layout:
    """One way in which a source is, or was, laid out."""

    source: str
    table: str
    name: str
    columns: dict[str, str]  # canonical name → raw header
    optional: frozenset[str]  # canonical names of columns that may be absent
    keys: frozenset[str]  # canonical names of columns that name a row
    ignored: re.Pattern  # headers that may be there and are not read
    marks: tuple[str, ...]  # headers without which a file is not of this source
    never: frozenset[str]  # headers with which it is another publication
    whole: bool  # only a file with exactly this header is of this source
    sheet: str  # "" for a csv
    header_row: int
    separator: str
    encodings: tuple[str, ...]
    thousands: bool  # counts are written 1.001
    seen: bool  # a file of it was seen, or it is our own
    suffixes: frozenset[str]  # of its files

    @cached_property
    def patterns(self) -> dict[str, re.Pattern]:
        """Canonical name → compiled raw header."""
        return {name: header_pattern(raw) for name, raw in self.columns.items()}

    @cached_property
    def _plain(self) -> dict[str, str]:
        return {raw: n for n, raw in self.columns.items() if not re.search(r"[{|]", raw)}

    @cached_property
    def _other(self) -> dict[str, re.Pattern]:
        plain = {*self._plain.values()}
        return {n: header_pattern(raw) for n, raw in self.columns.items() if n not in plain}

    @cached_property
    def sheet_pattern(self) -> re.Pattern:
        """The sheets this layout is for."""
        return header_pattern(self.sheet)

    @property
    def headers(self) -> frozenset[str]:
        """The raw headers that are always written the same."""
        return frozenset(self._plain)

    def _compare(self, header: list[str]) -> tuple[set[str], set[str]]:
        """Return the columns that a header has, and the headers that are no column."""
        cells = {cell for cell in header if cell}
        names = {self._plain[cell] for cell in cells if cell in self._plain}
        rest = cells - self._plain.keys()
        for name, pattern in self._other.items():
            hit = {cell for cell in rest if pattern.fullmatch(cell)}
            if hit:
                names.add(name)
                rest -= hit
        return names, {cell for cell in rest if not self.ignored.fullmatch(cell)}

    def likeness(self, header: list[str]) -> float:
        """Share of headers that this layout and a file have in common, 0 to 1."""
        if not set(header).issuperset(self.marks):
            return 0.0
        names, rest = self._compare(header)
        return len(names) / (len(self.columns.keys() - self.optional | names) + len(rest))

    def difference(self, header: list[str]) -> tuple[list[str], list[str]]:
        """Return the headers that are no column of this layout, and the columns it misses."""
        names, rest = self._compare(header)
        lacks = [n for n in self.columns if n not in names and n not in self.optional]
        return [cell for cell in dict.fromkeys(header) if cell in rest], lacks


@dataclass(frozen=True)
class Source:
    """A published data set and all its layouts; a table of it is read when it is asked for."""

    name: str
    meta: dict

    @cached_property
    def files(self) -> pd.DataFrame:
        """One row per school year and sheet."""
        return self._read("files")

    @cached_property
    def columns(self) -> pd.DataFrame:
        """Raw headers, by layout."""
        return self._read("columns").set_index("layout")

    @cached_property
    def variables(self) -> pd.DataFrame:
        """What each column is, by its canonical name."""
        return self._read("variables").set_index("name")

    @cached_property
    def codes(self) -> pd.DataFrame:
        """What each code of a column stands for."""
        return self._read("codes", "variable", "code")

    @cached_property
    def breaks(self) -> pd.DataFrame:
        """What changed when, and what may then not be compared."""
        return self._read("breaks", "year", "change", "effect", "comparison")

    def _rows(self, table: str) -> list[dict[str, str]]:
        """Read one table; small, so that pandas would take longer."""
        with (HERE / self.name / f"{table}.csv").open(encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))

    def _read(self, table: str, *columns: str) -> pd.DataFrame:
        """Read one table; one that need not be there has no rows then."""
        if columns and not (HERE / self.name / f"{table}.csv").exists():
            return pd.DataFrame(columns=list(columns), dtype="str")
        rows = self._rows(table)
        return pd.DataFrame(rows, columns=list(rows[0]) if rows else list(columns), dtype="str")

    @cached_property
    def layouts(self) -> list[Layout]:
        """The distinct layouts, in the order of ``columns.csv``."""
        found, listed = [], self._rows("files")
        for row in self._rows("columns"):
            name = row.pop("layout")
            files = [file for file in listed if file["layout"] == name]
            present = {c: raw for c, raw in row.items() if raw}
            optional = frozenset(c for c, raw in present.items() if raw.endswith("?"))
            key = {*self.meta["key"]} | (
                {"brin", "branch"} if "school" in self.meta["key"] else set()
            )
            found.append(
                Layout(
                    source=self.name,
                    table=self.table,
                    name=name,
                    columns={canonical: raw.rstrip("?") for canonical, raw in present.items()},
                    optional=optional,
                    keys=frozenset(key & present.keys() - optional),
                    ignored=re.compile("|".join([*_NEVER_READ, self.meta.get("ignore", r"(?!)")])),
                    marks=tuple(self.meta.get("marks", ())),
                    never=frozenset(self.meta.get("never", ())),
                    whole=bool(self.meta.get("whole_header")),
                    sheet=files[0]["sheet"],
                    header_row=int(files[0]["header_row"]),
                    separator=files[0]["separator"],
                    encodings=tuple(dict.fromkeys(f["encoding"] for f in files if f["encoding"])),
                    seen=any(file["evidence"] in ("seen", "own") for file in files),
                    suffixes=frozenset(Path(file["file"]).suffix.lower() for file in files),
                    thousands=files[0].get("thousands") == ".",
                )
            )
        return found

    @property
    def table(self) -> str:
        """The table of `kansen_analysis.load` that this data set feeds."""
        return self.meta.get("table", self.name)

    @property
    def supplied(self) -> bool:
        """Whether schools supply it and nobody publishes it."""
        return bool(self.meta.get("supplied"))

    @property
    def dimensions(self) -> list[str]:
        """Columns into which the raw columns are folded, such as ``provider``."""
        return self.meta.get("long", [])

    @cached_property
    def variable(self) -> dict[str, dict[str, str]]:
        """Return the row of each variable."""
        return {row["name"]: row for row in self._rows("variables")}

    @cached_property
    def cells(self) -> list[tuple[tuple[str, ...], dict[str, str]]]:
        """Per value of the dimensions: measure → the column it stands in; one without dimensions.

        Examples
        --------
        >>> get("eindscores").cells[0]
        (('CET',), {'pupils': 'cet_pupils', 'mean_score': 'cet_mean'})
        """
        if not self.dimensions:
            return [((), {name: name for name in self.variables.index})]
        table = self.variables[self.variables["measure"] != ""]
        cells: dict[tuple[str, ...], dict[str, str]] = {}
        for name, cell, measure in zip(
            table.index,
            zip(*(table[d] for d in self.dimensions), strict=True),
            table["measure"],
            strict=True,
        ):
            cells.setdefault(cell, {})[measure] = name
        return list(cells.items())

    @property
    def codes_of(self) -> list[tuple[str, pd.DataFrame]]:
        """Per variable that holds codes its rows of ``codes.csv``."""
        return [(str(name), rows) for name, rows in self.codes.groupby("variable", sort=False)]

    @property
    def masked(self) -> dict[str, tuple[int, int | None]]:
        """Symbols that stand for a hidden count, with the lowest and highest it can be."""
        return {symbol: tuple(bounds) for symbol, bounds in self.meta["masked"].items()}

    def tables(self) -> dict[str, Path]:
        """Return the files in which this source is written down, for error messages."""
        return {n: HERE / self.name / n for n in ("files.csv", "columns.csv", "variables.csv")}


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
    text = (HERE / name / "source.yml").read_text(encoding="utf-8")
    return Source(name, yaml.load(text, YAML))


@cache
def names() -> tuple[str, ...]:
    """Return the names of all sources.

    Examples
    --------
    >>> "schoolweging" in names()
    True
    """
    return tuple(sorted(path.parent.name for path in HERE.glob("*/source.yml")))


@cache
def feeding(table: str) -> tuple[str, ...]:
    """Return the data sets that feed one table of `kansen_analysis.load`, the main one first.

    Raises
    ------
    UsageError
        When there is no such table.

    Examples
    --------
    >>> feeding("schooladviezen")
    ('schooladviezen', 'schooladviezen_ckan')
    """
    found = [n for n in names() if get(n).table == table]
    if not found and table in names():  # a data set that feeds a table under another name
        found = [table]
    if not found:  # the cells of a table that is added up
        found = [n for n in names() if get(n).meta.get("cells") == table]
    if not found:
        known = ", ".join(sorted({get(n).table for n in names()}))
        raise UsageError(f"There is no source {table!r}. Known: {known}.")
    return tuple(sorted(found, key=lambda n: (bool(get(n).meta.get("fills")), n)))
