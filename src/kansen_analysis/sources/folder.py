"""A data folder: which of its files are what, and the tidy table of each source in it."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from kansen_analysis import schoolyear
from kansen_analysis.errors import (
    CellError,
    DataErrors,
    DuplicateError,
    Finding,
    LayoutError,
    MissingFileError,
    UsageError,
)
from kansen_analysis.sources import recognise, spec, tidy

NOTES = "files.csv"
# Files of our own that may lie in a data folder.
_OURS = {NOTES, "participants.csv", "manifest.json", "truth.json", "README.md", ".gitkeep"}


@dataclass
class FileRead:
    """One file of the folder and what came of it."""

    path: Path
    source: str
    years: list[int]
    rows: int
    frames: list[pd.DataFrame] = field(repr=False)
    note: str = ""

    @cached_property
    def sha256(self) -> str:
        """Checksum of the file."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()


def _notes(folder: Path) -> dict[str, dict]:
    """Read ``files.csv``: what the owner of the folder says about files that cannot tell."""
    path = folder / NOTES
    if not path.exists():
        return {}
    findings: list[Finding] = []
    notes: dict[str, dict] = {}
    with path.open(encoding="utf-8-sig", newline="") as handle:
        reader = csv.DictReader(handle)
        expected = ["file", "source", "school_year", "note"]
        if reader.fieldnames != expected:
            raise DataErrors(
                [
                    LayoutError(
                        NOTES,
                        f"the header {','.join(reader.fieldnames or [])}",
                        ",".join(expected),
                        "give the file these four columns",
                        line=1,
                    )
                ]
            )
        for row in reader:
            line = reader.line_num
            if row["source"] not in spec.names():
                findings.append(
                    CellError(
                        NOTES,
                        repr(row["source"]),
                        "one of " + ", ".join(spec.names()),
                        "correct the name of the source",
                        line=line,
                        column="source",
                    )
                )
            if row["school_year"]:
                try:
                    row["year"] = schoolyear.parse(row["school_year"])
                except UsageError as error:
                    findings.append(
                        CellError(
                            NOTES,
                            repr(row["school_year"]),
                            "a school year such as 2024-2025",
                            str(error),
                            line=line,
                            column="school_year",
                        )
                    )
            if not (folder / row["file"]).exists():
                findings.append(
                    MissingFileError(
                        NOTES,
                        f"{row['file']!r}, which is not in the folder",
                        "a file of this folder",
                        "add the file or remove the line",
                        line=line,
                        column="file",
                    )
                )
            notes[row["file"]] = row
    if findings:
        raise DataErrors(findings)
    return notes


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
        self._recognised: dict[Path, recognise.Recognised | None] = {}
        self._read: dict[str, pd.DataFrame] = {}

    def __repr__(self) -> str:
        return f"DataFolder({self.path.name!r})"

    @cached_property
    def paths(self) -> list[Path]:
        """The candidate files, sorted by name."""
        return sorted(
            p
            for p in self.path.iterdir()
            if p.is_file() and p.name not in _OURS and not p.name.startswith(".")
        )

    def scan(self, progress: Callable[[str], None] = lambda name: None) -> None:
        """Read every file; collect what is found wrong in `findings`, unknown files in `unknown`.

        Parameters
        ----------
        progress : callable, optional
            Called with the name of each file before it is read.
        """
        if "files" in self.__dict__:
            return
        self.findings: list[Finding] = []
        self.unknown: list[str] = []
        self.files: list[FileRead] = []
        notes = _notes(self.path)
        for path in self.paths:
            progress(path.name)
            note = notes.get(path.name, {})
            try:
                recognised = recognise.recognise(path, note.get("source") or None)
                if recognised is None:
                    self.unknown.append(path.name)
                    continue
                frames, rows = tidy.read(recognised, note.get("year"))
            except ExceptionGroup as group:
                self.findings += group.exceptions
                continue
            except Finding as finding:
                self.findings.append(finding)
                continue
            years = sorted({int(y) for frame in frames for y in frame["year"].unique()})
            self.files.append(
                FileRead(path, recognised.source.name, years, rows, frames, note.get("note", ""))
            )
        self.findings += self._doubles()

    def _doubles(self) -> list[Finding]:
        """Two files for the same source and year; of editions, two that end in the same year."""
        findings, seen = [], {}
        for file in self.files:
            source = spec.get(file.source)
            slots = file.years if not source.meta.get("editions") else file.years[-1:]
            for year in slots:
                other = seen.setdefault((file.source, year), file)
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
        """Return the files of one source, oldest first."""
        spec.get(source)
        self.scan()
        return sorted((f for f in self.files if f.source == source), key=lambda f: f.years)

    def read(self, source: str) -> pd.DataFrame:
        """Return the tidy table of one source over all its files.

        Parameters
        ----------
        source : str
            One of `sources.names`.

        Returns
        -------
        pandas.DataFrame
            One row per unit and school year, columns named as in ``variables.csv``; empty when
            the folder holds no file of this source. ``provisional`` says that the publisher may
            still revise the year.

        Raises
        ------
        DataErrors
            With every finding in the files of the folder that could be of this source.
        """
        if source not in self._read:
            files = self.of(source)
            if self.findings:
                raise DataErrors(self.findings)
            self._read[source] = _combine(spec.get(source), files)
        return self._read[source].copy()


def _provisional(source: spec.Source, years: pd.Series) -> pd.Series:
    """A year is provisional when files.csv says so, else when it is the latest published one."""
    status = {
        schoolyear.find(row["school_year"])[-1]: row["status"]
        for _, row in source.files.iterrows()
        if schoolyear.find(row["school_year"])
    }
    latest = max([*status, years.max()])
    told = [
        year
        for year in years.unique()
        if status.get(year) == "voorlopig" or (year == latest and not status.get(year))
    ]
    return years.isin(told)


def _combine(source: spec.Source, files: list[FileRead]) -> pd.DataFrame:
    """Join the frames of all files: years under each other, layouts of one file side by side."""
    names = [*source.variables.index, *source.dimensions]
    measures = [m for m in source.variables["measure"].unique() if m]
    if not files:
        return pd.DataFrame(columns=["school", "year"])
    by_layout: dict[frozenset, list[pd.DataFrame]] = {}
    for file in files:
        for frame in file.frames:
            frame = frame.drop(columns=tidy.LINE).assign(edition=file.years[-1])
            own = frozenset(c for c in frame if c in names or c in measures)
            kind = "all" if not source.meta.get("editions") else own
            by_layout.setdefault(kind, []).append(frame)
    key = [*source.meta["key"], "year", *source.dimensions]
    joined = None
    for frames in by_layout.values():
        table = pd.concat(frames, ignore_index=True)
        if source.meta.get("editions"):  # the newest edition of a year counts
            table = table.sort_values("edition", kind="stable").drop_duplicates(key, keep="last")
        if joined is None:
            joined = table
        else:
            joined = joined.set_index(key).combine_first(table.set_index(key)).reset_index()
    if source.meta.get("editions"):
        joined["edition"] = joined["edition"].astype(int)
    else:
        joined = joined.drop(columns="edition")
    joined["year"] = joined["year"].astype(int)
    joined["provisional"] = _provisional(source, joined["year"])
    first = [c for c in ("school", "ovt", "year", "kind", *source.dimensions) if c in joined]
    rest = [c for c in joined if c not in first]
    order = [c for c in first if c not in source.dimensions]  # dimensions keep their own order
    return joined[first + rest].sort_values(order, kind="stable", ignore_index=True)
