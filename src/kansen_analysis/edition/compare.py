"""Two editions beside each other, and one edition beside what it was made from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from kansen_analysis import sources
from kansen_analysis.edition import digests, manifest, store
from kansen_analysis.edition.open import MANIFEST, PUBLIC, Edition, manifest_of, open_edition
from kansen_analysis.errors import UsageError
from kansen_analysis.sources import schoolyear

CLOSE = 1e-8  # numbers that differ by less, relative, are the same
# What an edition tells of how it was made: it differs whenever files or code do.
ABOUT = ("files", "dated", "disclosure", "coverage", "aside", "unmatched", "dictionary")
MADE = ("provisional", "edition", "dataset")  # columns of ours in the table of a publisher
KEYS = ("school", "year", "goal", "ovt", "group", "source", "table", "municipality_code")
PARTS = ("kind", "provider", "domain", "level")  # where a publisher has several rows of a key


@dataclass(frozen=True)
class Change:
    """One figure that differs.

    Attributes
    ----------
    table : str
        Where it stands.
    at : str
        Which row and column, or which key.
    old, new : object
        None where it is absent.
    """

    table: str
    at: str
    old: object
    new: object

    def __str__(self) -> str:
        return f"{self.table}, {self.at}: {_said(self.old)} -> {_said(self.new)}"


@dataclass(frozen=True)
class Revision:
    """What a publisher printed of school years that both editions hold.

    Attributes
    ----------
    table : str
        The tidy table.
    rows : int
        Of the old edition, up to and including its school year.
    changed : int
        Those of them that the new edition does not hold as they were.
    years : tuple of int
        School years of the changed ones.
    """

    table: str
    rows: int
    changed: int
    years: tuple[int, ...]

    def __str__(self) -> str:
        years = ", ".join(schoolyear.label(year) for year in self.years)
        return f"{self.table}: {self.changed} of {self.rows} rows are no longer the same ({years})"


@dataclass(frozen=True)
class Comparison:
    """What differs between two editions.

    Attributes
    ----------
    verdicts : tuple of str
        By goal, where verdict or size differ.
    joined, left : tuple of str
        Schools that take part in the new edition only, and in the old one only.
    revised : tuple of str
        Files of publishers that are there in both with another content.
    added, gone : tuple of str
        Files that only the new or only the old edition rests on.
    printed : tuple of Revision
        Tables in which a publisher changed figures of years that were there already.
    method : tuple of str
        What differs in protocol and code.
    figures : tuple of Change
        Every figure, except what tells of the making; at most `MOST` of one table.
    bytes : bool
        Whether all files are the same to the byte.
    """

    verdicts: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    revised: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    printed: tuple[Revision, ...] = ()
    method: tuple[str, ...] = ()
    figures: tuple[Change, ...] = field(default=(), repr=False)
    bytes: bool = True

    @property
    def answer(self) -> str:
        """*identical*, *same numbers, other bytes* or *different numbers*."""
        if self.bytes:
            return "identical"
        return "different numbers" if self.figures else "same numbers, other bytes"

    def lines(self) -> list[str]:
        """Tell it: first the answer, then what differs, the reason before the figures."""
        found = [f"{self.answer}."]
        for name, those in (
            ("Revised by its publisher", self.revised),
            ("Only in the new edition", self.added),
            ("Only in the old edition", self.gone),
            ("Other figures of earlier years", self.printed),
            ("Method", self.method),
            ("Takes part now", self.joined),
            ("Takes part no longer", self.left),
            ("Verdict", self.verdicts),
        ):
            found += [f"{name}: {each}" for each in those]
        return found + [str(each) for each in self.figures]


MOST = 20


def compare(
    old: Edition | Path | str, new: Edition | Path | str, *, figures: bool = True
) -> Comparison:
    """Compare two editions; only what is public of them is read.

    Parameters
    ----------
    old, new : Edition or path
    figures : bool
        Whether to name the figures that differ; of two school years nearly all do.

    Returns
    -------
    Comparison

    Examples
    --------
    >>> from kansen_analysis.demo import demo_folder
    >>> from kansen_analysis.edition.build import build
    >>> edition = build(demo_folder())
    >>> compare(edition, edition).answer
    'identical'
    """
    old, new = (each if isinstance(each, Edition) else open_edition(each) for each in (old, new))
    people = [set(each.participants["school"]) for each in (old, new)]
    revised, added, gone = _files(old.manifest["inputs"], new.manifest["inputs"])
    return Comparison(
        verdicts=tuple(_verdicts(old, new)),
        joined=tuple(sorted(people[1] - people[0])),
        left=tuple(sorted(people[0] - people[1])),
        revised=revised,
        added=added,
        gone=gone,
        printed=tuple(revisions(old, new)),
        method=tuple(_method(old.manifest, new.manifest)),
        figures=tuple(_figures(old.folder / PUBLIC, new.folder / PUBLIC)) if figures else (),
        bytes=old.public.files == new.public.files,
    )


def revisions(old: Edition, new: Edition) -> Iterator[Revision]:
    """Tell where figures that publishers printed are no longer the same.

    Only school years up to that of the old edition count, in tables and columns that both hold.
    That a year is provisional is told of a figure and is none.

    Yields
    ------
    Revision
        One per table in which a row changed or went.
    """
    of = old.public["years"]["table"]
    for name in dict.fromkeys(of):
        if name not in old.public or name not in new.public:
            continue
        a, b = (each.load(name) for each in (old, new))
        a, b = (table[table["year"] <= old.year] for table in (a, b))
        columns = [c for c in a.columns if c in b.columns and c not in MADE]
        codes = pd.util.hash_pandas_object
        ours, theirs = (codes(table[columns], index=False) for table in (a, b))
        lost = ~ours.isin(set(theirs)).to_numpy()
        if lost.any():
            years = tuple(sorted({int(year) for year in a.loc[lost, "year"]}))
            yield Revision(name, len(a), int(lost.sum()), years)


def _verdicts(old: Edition, new: Edition) -> Iterator[str]:
    columns = ["verdict", "effect", "ci_low", "ci_high"]
    tables = [each.verdicts.set_index("goal")[columns] for each in (old, new)]
    for goal in sorted({*tables[0].index, *tables[1].index}):
        was, now = (
            " ".join(_said(v) for v in table.loc[goal]) if goal in table.index else "no such goal"
            for table in tables
        )
        if was != now:
            yield f"goal {goal}: {was} -> {now}"


def _files(old: list[dict], new: list[dict]) -> tuple[tuple[str, ...], ...]:
    """Return the files that changed, came and went, by name; of supplied ones by source."""
    told = [
        {(e["source"], e.get("file", "supplied")): e.get("sha256") or e.get("keyed") for e in each}
        for each in (old, new)
    ]
    both = told[0].keys() & told[1].keys()
    return (
        tuple(
            f"{name} ({of})" for of, name in sorted(both) if told[0][of, name] != told[1][of, name]
        ),
        tuple(f"{name} ({of})" for of, name in sorted(told[1].keys() - told[0].keys())),
        tuple(f"{name} ({of})" for of, name in sorted(told[0].keys() - told[1].keys())),
    )


def _method(old: dict, new: dict) -> Iterator[str]:
    for name in ("protocol", "kansen_analysis", "commit", "source_sha256", "packages"):
        if old.get(name) != new.get(name):
            yield f"{name} {_said(old.get(name))} -> {_said(new.get(name))}"


def _said(value) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{n} {_said(v)}" for n, v in value.items())
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return "nothing"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)[:60]


# Figures ---------------------------------------------------------------------------------------


def _figures(old: Path, new: Path) -> Iterator[Change]:
    """Yield what differs in two folders of tables: verdicts, what publishers print, the rest."""
    names = {p.name for folder in (old, new) for p in folder.iterdir() if p.suffix != ".content"}
    names = {n for n in names if not n.startswith(".") and n.split(".")[0] not in ABOUT}
    first = ("estimates.json", "target_levels.parquet")
    order = ["verdicts.parquet", *(f"{each}.parquet" for each in sources.names()), *first]
    for name in sorted(names, key=lambda n: (order.index(n) if n in order else len(order), n)):
        a, b = old / name, new / name
        if not a.exists() or not b.exists():
            yield Change(name, "file", *(each.name if each.exists() else None for each in (a, b)))
        elif digests.checksum(a) != digests.checksum(b):
            found = _tables(a, b) if name.endswith(".parquet") else _texts(a, b)
            yield from list(found)[:MOST]


def _tables(old: Path, new: Path) -> Iterator[Change]:
    a, b = (store.read_table(path) for path in (old, new))
    for column in sorted({*a.columns} ^ {*b.columns}, key=str):
        yield Change(
            old.stem, f"column {column}", *(column if column in t else None for t in (a, b))
        )
    keys = [key for key in KEYS if key in a and key in b]
    if keys and a.duplicated(keys).any():
        keys += [key for key in PARTS if key in a and key in b]
    if keys and not a.duplicated(keys).any() and not b.duplicated(keys).any():
        a, b = (table.set_index(keys) for table in (a, b))
        for row in a.index.symmetric_difference(b.index, sort=False)[: MOST + 1]:
            yield Change(
                old.stem, f"row {row}", *("there" if row in t.index else None for t in (a, b))
            )
        both = a.index.intersection(b.index)
        a, b = a.loc[both], b.loc[both]
    elif len(a) != len(b):
        yield Change(old.stem, "rows", len(a), len(b))
        return
    for column in a.columns.intersection(b.columns):
        for place in np.flatnonzero(_differ(a[column], b[column]))[: MOST + 1]:
            row = a.index[place]
            at = f"{column} at {' '.join(map(str, row)) if isinstance(row, tuple) else row}"
            yield Change(old.stem, at, a[column].iloc[place], b[column].iloc[place])


def _differ(a: pd.Series, b: pd.Series) -> np.ndarray:
    gone = a.isna().to_numpy() != b.isna().to_numpy()
    there = a.notna().to_numpy() & b.notna().to_numpy()
    apart = np.zeros(len(a), bool)
    if pd.api.types.is_numeric_dtype(a) and pd.api.types.is_numeric_dtype(b):
        x, y = (each[there].to_numpy(float) for each in (a, b))
        apart[there] = ~np.isclose(x, y, rtol=CLOSE, atol=1e-12)
    else:
        apart[there] = a[there].astype(str).to_numpy() != b[there].astype(str).to_numpy()
    return gone | apart


def _texts(old: Path, new: Path) -> Iterator[Change]:
    if old.suffix != ".json":
        yield Change(old.name, "content", "this", "another")
        return
    a, b = (json.loads(path.read_text(encoding="utf-8")) for path in (old, new))
    for at, was, now in _walk(a, b, ""):
        yield Change(old.stem, at, was, now)


def _walk(a, b, at: str) -> Iterator[tuple[str, object, object]]:
    a, b = (_plain(each) if isinstance(each, dict) else each for each in (a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted({*a} | {*b}):
            yield from _walk(a.get(key), b.get(key), f"{at}.{key}".lstrip("."))
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for place, (one, other) in enumerate(zip(a, b, strict=True)):
            yield from _walk(one, other, f"{at}[{place}]")
    elif isinstance(a, float | int) and isinstance(b, float | int):
        if not np.isclose(float(a), float(b), rtol=CLOSE, atol=1e-12):
            yield at, a, b
    elif a != b:
        yield at, a, b


def _plain(told: dict) -> dict:
    """Return what `store` wrote as names and values, so that a place in it can be read."""
    if told.get("$") == "object":
        return told["fields"]
    if told.get("$") == "mapping":
        return {str(key): value for key, value in told["items"]}
    if told.get("$") == "table" and "columns" in told:
        columns = {str(name): cells for name, _, cells in told["columns"]}
        index = [columns.pop(name) for name in [*columns] if name.startswith("index ")]
        rows = [" ".join(map(str, key)) for key in zip(*index, strict=True)]
        if len(set(rows)) < told["rows"]:  # none, or some twice
            rows = [str(at) for at in range(told["rows"])]
        return {name: dict(zip(rows, cells, strict=True)) for name, cells in columns.items()}
    return told


# Untouched -------------------------------------------------------------------------------------


def verify(folder: Path | str) -> list[str]:
    """Tell what was touched in an edition, or in a rendered monitor, since it was made.

    Parameters
    ----------
    folder : pathlib.Path or str
        With its ``manifest.json``.

    Returns
    -------
    list of str
        One line per file that changed, is missing or was added; empty when nothing was touched.

    Raises
    ------
    UsageError
        When there is no manifest.
    """
    folder = Path(folder)
    told, below = read_manifest(folder)
    here = manifest.listing(below)
    if below == folder:
        here.pop(MANIFEST, None)
    found = [f"{n}: changed" for n in sorted(told.keys() & here.keys()) if told[n] != here[n]]
    found += [f"{n}: missing" for n in sorted(told.keys() - here.keys())]
    return found + [f"{n}: not in the manifest" for n in sorted(here.keys() - told.keys())]


def read_manifest(folder: Path) -> tuple[dict[str, dict], Path]:
    """Return the files that a manifest lists, and the folder they stand below.

    Raises
    ------
    UsageError
        When there is none.
    """
    try:
        content = manifest_of(folder)
        if "outputs" in content:
            return dict(content["outputs"]), folder / PUBLIC
        return dict(content["output"]), folder
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(
            f"{folder} has no {MANIFEST} of an edition or a monitor; name the folder that has it."
        ) from None
