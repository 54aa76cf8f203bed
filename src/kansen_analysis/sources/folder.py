"""A data folder: which of its files are what, and the tidy table of each source in it."""

from __future__ import annotations

import hashlib
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import cast

import pandas as pd

from kansen_analysis.errors import (
    CellError,
    DataErrors,
    DuplicateError,
    FileFormatError,
    Finding,
    MissingFileError,
    UsageError,
)
from kansen_analysis.sources import agree, hand, plausible, recognise, schoolyear, spec, tidy
from kansen_analysis.sources.tidy import Wide

NOTES = "files"  # what the owner of the folder says about files, as csv or workbook
COLUMNS = ("file", "source", "school_year", "note")
FILES_MAX = 5_000  # the 342 files per municipality, for more than ten years
# Files of our own that may lie in a data folder.
_OURS = {f"{stem}{end}" for stem in (NOTES, "participants", "overgangen") for end in hand.SUFFIXES}
_OURS |= {"manifest.json", "truth.json", "README.md", "programme.yml"}
# What Excel, Windows, macOS and browsers leave behind.
_LEFT_BEHIND = re.compile(
    r"\..*|~\$.*|~.*\.tmp|Thumbs\.db|desktop\.ini|.*\.(part|partial|crdownload|download|tmp|swp|lock)|.*~",
    re.IGNORECASE,
)
_KINDS = {
    stat.S_ISDIR: "a folder; only files directly in the data folder are read",
    stat.S_ISLNK: "a link to nothing, or to itself",
    stat.S_ISFIFO: "a pipe and no file",
    stat.S_ISSOCK: "a socket and no file",
    stat.S_ISCHR: "a device and no file",
    stat.S_ISBLK: "a device and no file",
}
_PACKED = {".zip", ".gz", ".7z", ".rar", ".tar", ".tgz", ".bz2", ".xz"}
# Folders that belong in a data folder and hold no data to read.
_FOLDERS = {"changed", "programme"}


@dataclass
class FileRead:
    """One file of the folder and what came of it."""

    path: Path
    source: str
    years: list[int]
    rows: int
    parts: list[Wide] = field(repr=False)
    note: str = ""
    unseen: bool = False  # in a form that nobody of us has seen a file in
    noted: bool = False  # whether files.csv says of which school year it is

    @property
    def frames(self) -> list[pd.DataFrame]:
        """The tidy tables of the file, one per layout, as fine as the file."""
        return list(self._tables(add_up=False).values())

    def _tables(self, add_up: bool) -> dict[str, pd.DataFrame]:
        source = spec.get(self.source)
        tables: dict[str, list[pd.DataFrame]] = {}
        for wide in self.parts:
            frame = tidy.fold(wide.frame, source)
            if add_up:
                frame = tidy.add_up(frame.drop(columns=tidy.LINE), source)
            tables.setdefault(wide.layout.name, []).append(frame)
        return {name: pd.concat(frames, ignore_index=True) for name, frames in tables.items()}

    @cached_property
    def sha256(self) -> str:
        """Checksum of the file."""
        with self.path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()


class Why(StrEnum):
    """Why something in the folder is not read."""

    unknown = "not known"  # belongs to no source
    resembling = "resembling"  # looks like a source and is another publication
    undated = "undated"  # of a source, and nothing says of which school year
    no_file = "no file"  # a folder, a pipe, a link to nothing


@dataclass(frozen=True)
class Aside:
    """A file, or what looks like one, that is not read.

    Parameters
    ----------
    file : str
        Its name.
    kind : Why
        Why it is not read.
    why : str
        The same in words.
    source : str
        The source it is of, or looks like.
    """

    file: str
    kind: Why
    why: str
    source: str = ""

    def __str__(self) -> str:
        return f"{self.file}: {self.why}; left aside"


@dataclass(frozen=True)
class _Note:
    """What ``files.csv`` says about a file."""

    source: str = ""
    year: int | None = None
    note: str = ""

    @property
    def confirmed(self) -> set[str]:
        """The checks of plausibility that the owner of the folder has looked into."""
        match = re.match(r"confirmed\b([^:]*):", self.note.strip(), re.IGNORECASE)
        return set(match[1].replace(",", " ").lower().split()) if match else set()


def _notes(folder: Path) -> dict[str, _Note]:
    """Read ``files.csv``: what the owner of the folder says about files that cannot tell."""
    path = hand.find(folder, NOTES)
    if path is None:
        return {}
    findings: list[Finding] = []
    notes: dict[str, _Note] = {}
    lines: dict[str, int] = {}

    def tell(kind: type[Finding], found: str, expected: str, remedy: str, column: str) -> None:
        findings.append(kind(path.name, found, expected, remedy, line=row.line, column=column))

    rows = hand.read(path, COLUMNS)
    for row in rows:
        file, year = row["file"], None
        if row["source"] not in spec.names():
            known = "one of " + ", ".join(spec.names())
            tell(CellError, repr(row["source"]), known, "correct the name of the source", "source")
        if row["school_year"]:
            try:
                year = schoolyear.parse(row["school_year"])
            except UsageError as error:
                found, expected = repr(row["school_year"]), "a school year such as 2024-2025"
                tell(CellError, found, expected, str(error), "school_year")
        if not (folder / file).exists():
            found = f"{file!r}, which is not in the folder"
            remedy = "add the file or remove the line"
            tell(MissingFileError, found, "a file of this folder", remedy, "file")
        before = notes.get(file, _Note(row["source"], year))
        if (before.source, before.year) != (row["source"], year):
            tell(
                DuplicateError,
                f"{file!r} a second time, otherwise than on line {lines[file]}",
                "one source and one school year per file",
                "keep the line that is right",
                "file",
            )
        lines.setdefault(file, row.line)
        words = [before.note] if before.note else []
        notes[file] = _Note(row["source"], year, "; ".join([*words, row["note"]]))
    if findings:
        raise DataErrors(findings)
    return notes


def _not_known(path: Path) -> str:
    """Say why a file is of no source: it may be packed, or lack its extension."""
    if path.suffix.lower() in _PACKED:
        return "packed; unpack it here to have it read"
    named = recognise.named_by_file(path) or recognise.named_by_file(Path(f"{path.name}.csv"))
    if named and path.suffix.lower() not in hand.SUFFIXES:
        return f"named like {named}; give it the extension of the publisher's file to have it read"
    return str(Why.unknown)


class DataFolder:
    """All published files in one folder, read once.

    Parameters
    ----------
    path : pathlib.Path or str
        The folder. Only files directly in it count.

    Raises
    ------
    UsageError
        When there is no such folder.
    """

    def __init__(self, path: Path | str):
        self.path = Path(path)
        if not self.path.is_dir():
            raise UsageError(f"There is no data folder {self.path}.")
        self._read: dict[str, pd.DataFrame] = {}

    def __repr__(self) -> str:
        return f"DataFolder({self.path.name!r})"

    def _entries(self) -> Iterator[tuple[Path, str]]:
        """Give everything in the folder that may be data, with why it cannot be, sorted by name."""
        for path in sorted(self.path.iterdir()):
            if _LEFT_BEHIND.fullmatch(path.name):
                continue
            try:
                mode = path.stat().st_mode
            except OSError:  # nothing at the end of a link, or the link itself
                mode = path.lstat().st_mode
            ours = path.name in _OURS and stat.S_ISREG(mode)
            if ours or (path.name in _FOLDERS and stat.S_ISDIR(mode)):
                continue
            yield path, next((words for is_kind, words in _KINDS.items() if is_kind(mode)), "")

    @cached_property
    def paths(self) -> list[Path]:
        """The candidate files, sorted by name."""
        return [path for path, why_not in self._entries() if not why_not]

    @property
    def unknown(self) -> list[str]:
        """Names of files that belong to no source."""
        self.scan()
        return [aside.file for aside in self.aside if aside.kind == Why.unknown]

    @property
    def rests_on(self) -> list[Path]:
        """The files that what is read can hang on: the candidates, and what is noted of them."""
        return [*self.paths, *self.path.glob(NOTES)]

    def scan(self, progress: Callable[[str], None] = lambda name: None) -> None:
        """Read every file.

        What is wrong is collected in `findings`; what was left aside, and why, in `aside`; what is
        worth a look and no mistake in `notices`, as pairs of a file and words.

        Parameters
        ----------
        progress : callable, optional
            Called with the name of each file before it is read.
        """
        if "files" in self.__dict__:
            return
        self.findings: list[Finding] = []
        self.notices: list[tuple[str, str]] = []
        self.files: list[FileRead] = []
        self.aside = [Aside(p.name, Why.no_file, why) for p, why in self._entries() if why]
        if len(self.paths) > FILES_MAX:
            self.findings.append(
                FileFormatError(
                    self.path.name,
                    f"{len(self.paths):,} files",
                    f"at most {FILES_MAX:,}",
                    "put the files that are not needed elsewhere",
                )
            )
            return
        notes = _notes(self.path)
        for path in self.paths:
            progress(path.name)
            try:
                self._take(path, notes.get(path.name, _Note()))
            except ExceptionGroup as group:
                self.findings += cast(tuple[Finding, ...], group.exceptions)
            except Finding as finding:
                self.findings.append(finding)
            except OSError as error:
                self.findings.append(
                    FileFormatError(
                        path.name,
                        f"a file that cannot be read ({error.strerror or error})",
                        "a file that this user may read",
                        "see to its permissions, or remove it",
                    )
                )
        self.findings += self._doubles()
        self._doubt(notes)
        if not self.findings:
            self.findings += agree.with_wide_file(self.files)

    def _take(self, path: Path, note: _Note) -> None:
        """Read one file."""
        recognised = recognise.recognise(path, note.source or None)
        if recognised is None:
            self.aside.append(Aside(path.name, Why.unknown, _not_known(path)))
            return
        if isinstance(recognised, recognise.Resembling):
            of = recognised.source
            self.aside.append(Aside(path.name, Why.resembling, str(recognised), of))
            return
        source = recognised.source
        dated = note.year is not None or schoolyear.find(path.name)
        if source.meta["year"].get("aside") and not dated:
            why = f"{source.name} without a school year; to use it, add a line to files.csv: "
            why += f'{path.name},{source.name},2024-2025,"where and when you got it"'
            self.aside.append(Aside(path.name, Why.undated, why, source.name))
            return
        parts, rows, found = tidy.read(recognised, note.year)
        years = sorted({int(year) for wide in parts for year in wide.frame["year"].unique()})
        unseen = not all(part.seen for part in recognised.parts)
        self.notices += [(path.name, words) for words in found]
        self.files.append(
            FileRead(
                path, source.name, years, rows, parts, note.note, unseen, note.year is not None
            )
        )

    def _doubt(self, notes: dict[str, _Note]) -> None:
        """Compare files and years; what the owner of the folder confirmed is a notice."""
        for doubt in plausible.doubts(self.files):
            note = notes.get(doubt.file, _Note())
            if doubt.check in note.confirmed:
                self.notices.append((doubt.file, f"{doubt.found}: {note.note}"))
                continue
            source = next(file.source for file in self.files if file.path.name == doubt.file)
            year = schoolyear.label(note.year) if note.year is not None else ""
            doubt.remedy += (
                "; if it is right, say who says so with a line in files.csv: "
                f'{doubt.file},{source},{year},"confirmed {doubt.check}: ..."'
            )
            self.findings.append(doubt)

    def _doubles(self) -> list[Finding]:
        """Two files for the same source and year; of editions, two that end in the same year."""
        findings: list[Finding] = []
        seen: dict[tuple, FileRead] = {}
        for file in self.files:
            source = spec.get(file.source)
            slots = file.years if not source.meta.get("editions") else file.years[-1:]
            one_per = source.meta.get("one_file_per")  # several files a year, one per place
            place = file.parts[0].frame[one_per].iloc[0] if one_per else None
            # Sheets of one workbook that were saved one by one are no doubles.
            sheets = {part.layout.sheet for part in file.parts}
            for year, sheet in product(slots, sorted(sheets)):
                other = seen.setdefault((file.source, year, place, sheet), file)
                if other is not file:
                    findings.append(
                        DuplicateError(
                            file.path.name,
                            f"{file.source} of {schoolyear.label(year)}, "
                            f"which {other.path.name} holds too",
                            "one file per source and school year",
                            "remove one of the two",
                        )
                    )
                    break
        return findings

    def of(self, source: str) -> list[FileRead]:
        """Return the files of one data set, oldest first."""
        spec.get(source)
        self.scan()
        return sorted((f for f in self.files if f.source == source), key=lambda f: f.years)

    def wide(self, source: str) -> list[pd.DataFrame]:
        """Return the parts of the files of one data set, oldest file first, as `tidy.Wide`."""
        return [part.frame for file in self.of(source) for part in file.parts]

    def years(self, table: str) -> list[int]:
        """Return the school years of a table, from whichever data set has them."""
        files = [file for source in spec.feeding(table) for file in self.of(source)]
        return sorted({year for file in files for year in file.years})

    def provisional(self, source: str) -> set[int]:
        """Return the years of a data set that its publisher may still revise."""
        years = pd.Series([year for file in self.of(source) for year in file.years], dtype=int)
        return set(years[_provisional(spec.get(source), years)])

    def read(self, table: str) -> pd.DataFrame:
        """Return one tidy table over all its files.

        Parameters
        ----------
        table : str
            A table of `kansen_analysis.load`, or one of the data sets that feed it.

        Returns
        -------
        pandas.DataFrame
            One row per unit and school year, columns named as in ``variables.csv``; without rows
            when the folder holds no file of this table. ``provisional`` says that the publisher may
            still revise the year.

        Raises
        ------
        DataErrors
            With every finding in the files of the folder.
        """
        if table not in self._read:
            self.scan()
            if self.findings:
                raise DataErrors(self.findings)
            self._read[table] = self._table(table)
        return self._read[table].copy()

    def _table(self, table: str) -> pd.DataFrame:
        """Put the data sets of a table under each other; one that fills adds only new years."""
        for name in spec.names():
            if spec.get(name).meta.get("cells") == table:  # as fine as the file
                return _combine(spec.get(name), self.of(name), add_up=False)
        feeding = spec.feeding(table)
        found: list[pd.DataFrame] = []
        for name in feeding:
            part = _combine(spec.get(name), self.of(name))
            if len(feeding) > 1:  # say which rows are whose
                part["dataset"] = pd.array([name] * len(part), dtype="str")
            if any(map(len, found)) and spec.get(name).meta.get("fills"):
                there = {year for other in found for year in other["year"]}
                part = part[~part["year"].isin(there)]
            found.append(part)
        full = [part for part in found if len(part)]
        if len(full) > 1:
            return pd.concat(full, ignore_index=True)
        return full[0] if full else _same_columns(found)


def _same_columns(empty: list[pd.DataFrame]) -> pd.DataFrame:
    """Return a table without rows that has the columns of all of these."""
    columns: dict[str, pd.Series] = {}
    for part in empty:
        columns |= {name: part[name] for name in part.columns if name not in columns}
    return pd.DataFrame(columns)


def _provisional(source: spec.Source, years: pd.Series) -> pd.Series:
    """A year is provisional when files.csv says so, else when it is the latest published one."""
    status = {
        schoolyear.find(row["school_year"])[-1]: row["status"]
        for _, row in source.files.iterrows()
        if schoolyear.find(row["school_year"])
    }
    latest = max([*status, years.max()]) if len(years) else 0
    told = [
        year
        for year in years.unique()
        if status.get(year) == "voorlopig" or (year == latest and not status.get(year))
    ]
    return years.isin(told)


def _combine(source: spec.Source, files: list[FileRead], add_up: bool = True) -> pd.DataFrame:
    """Join the frames of all files: years under each other, sheets of one file side by side."""
    names = [*source.variables.index, *source.dimensions]
    measures = [m for m in source.variables["measure"].unique() if m]
    editions = source.meta.get("editions")
    sheets = any(layout.sheet for layout in source.layouts)
    by_layout: dict[frozenset, list[pd.DataFrame]] = {}
    for file in files:
        for frame in file._tables(add_up).values():
            frame = frame.drop(columns=tidy.LINE, errors="ignore").assign(edition=file.years[-1])
            own = frozenset(c for c in frame if c in names or c in measures)
            by_layout.setdefault(own if sheets else frozenset(), []).append(frame)
    if not files:
        frame = tidy.empty(source).drop(columns=tidy.LINE).assign(edition=0)
        by_layout[frozenset()] = [tidy.add_up(frame, source) if add_up else frame]
    key = [*source.meta["key"], "year", *source.dimensions]
    tables = [pd.concat(frames, ignore_index=True) for frames in by_layout.values()]
    if editions:  # the newest edition of a year counts
        tables = [
            table.sort_values("edition", kind="stable").drop_duplicates(key, keep="last")
            for table in tables
        ]
    joined, *more = tables
    for table in more:
        joined = joined.set_index(key).combine_first(table.set_index(key)).reset_index()
    if editions:
        joined["edition"] = joined["edition"].astype(int)
    else:
        joined = joined.drop(columns="edition")
    joined["year"] = joined["year"].astype(int)
    joined["provisional"] = _provisional(source, joined["year"])
    leading = ("school", "ovt", "region", "municipality_code", "year", "kind")
    first = [c for c in (*leading, *source.dimensions) if c in joined]
    if "region" not in joined and "municipality_code" in first:
        first.remove("municipality_code")
    rest = [c for c in joined.columns if c not in first]
    order = [c for c in ("school", "ovt", "region", "year", "kind") if c in first]
    return joined[first + rest].sort_values(order, kind="stable", ignore_index=True)
