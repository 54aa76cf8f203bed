"""A data folder: which of its files are what, and the tidy table of each source in it."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from kansen_analysis.errors import (
    CellError,
    DataErrors,
    DuplicateError,
    Finding,
    LayoutError,
    MissingFileError,
    SchoolYearError,
    UsageError,
)
from kansen_analysis.sources import agree, recognise, schoolyear, spec, tidy

NOTES = "files.csv"
# Files of our own that may lie in a data folder.
_OURS = {NOTES, "participants.csv", "overgangen.csv", "manifest.json", "truth.json"}
_OURS |= {"README.md", ".gitkeep"}


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

    @property
    def rests_on(self) -> list[Path]:
        """The files that what is read can hang on: the candidates, and what is noted of them."""
        return [*self.paths, *self.path.glob(NOTES)]

    def scan(self, progress: Callable[[str], None] = lambda name: None) -> None:
        """Read every file; collect what is found wrong in `findings`, unknown files in `unknown`.

        `notices` holds what is worth telling about a file that was left aside.

        Parameters
        ----------
        progress : callable, optional
            Called with the name of each file before it is read.
        """
        if "files" in self.__dict__:
            return
        self.findings: list[Finding] = []
        self.unknown: list[str] = []
        self.notices: list[Finding] = []
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
                if self._undated(path, recognised.source, note):
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
        self.findings += self._doubles() + agree.with_other_years(self.files)
        if not self.findings:
            self.findings += agree.with_wide_file(self.files)

    def _undated(self, path: Path, source: spec.Source, note: dict) -> bool:
        """Leave a file aside that tells no school year and that nothing rests on."""
        if not source.meta["year"].get("aside") or note.get("year") or schoolyear.find(path.name):
            return False
        self.unknown.append(path.name)
        self.notices.append(
            SchoolYearError(
                path.name,
                f"{source.name} without a school year",
                "the school year it describes",
                f"it is left aside; to use it, add a line to {NOTES} in the data folder: "
                f'{path.name},{source.name},2024-2025,"where and when you got it"',
            )
        )
        return True

    def _doubles(self) -> list[Finding]:
        """Two files for the same source and year; of editions, two that end in the same year."""
        findings, seen = [], {}
        for file in self.files:
            source = spec.get(file.source)
            slots = file.years if not source.meta.get("editions") else file.years[-1:]
            one_per = source.meta.get("one_file_per")  # several files a year, one per place
            place = file.frames[0][one_per].iloc[0] if one_per else None
            for year in slots:
                other = seen.setdefault((file.source, year, place), file)
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

    def years(self, table: str) -> list[int]:
        """Return the school years of a table, from whichever data set has them."""
        files = [file for source in spec.feeding(table) for file in self.of(source)]
        return sorted({year for file in files for year in file.years})

    def read(self, table: str) -> pd.DataFrame:
        """Return one tidy table over all its files.

        Parameters
        ----------
        table : str
            A table of `kansen_analysis.load`, or one of the data sets that feed it.

        Returns
        -------
        pandas.DataFrame
            One row per unit and school year, columns named as in ``variables.csv``; empty when
            the folder holds no file of this table. ``provisional`` says that the publisher may
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
        feeding, found = spec.feeding(table), []
        for name in feeding:
            part = _combine(spec.get(name), self.of(name))
            if len(feeding) > 1:  # say which rows are whose
                part["dataset"] = pd.array([name] * len(part), dtype="str")
            if found and spec.get(name).meta.get("fills"):
                there = {year for other in found for year in other["year"]}
                part = part[~part["year"].isin(there)]
            if len(part):
                found.append(part)
        if not found:
            return pd.DataFrame(columns=["school", "year"])
        return found[0] if len(found) == 1 else pd.concat(found, ignore_index=True)


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


def _combine(source: spec.Source, files: list[FileRead], add_up: bool = True) -> pd.DataFrame:
    """Join the frames of all files: years under each other, sheets of one file side by side."""
    names = [*source.variables.index, *source.dimensions]
    measures = [m for m in source.variables["measure"].unique() if m]
    if not files:
        return pd.DataFrame(columns=["school", "year"])
    editions = source.meta.get("editions")
    sheets = any(layout.sheet for layout in source.layouts)
    by_layout: dict[frozenset, list[pd.DataFrame]] = {}
    for file in files:
        for frame in file.frames:
            frame = frame.drop(columns=tidy.LINE).assign(edition=file.years[-1])
            own = frozenset(c for c in frame if c in names or c in measures)
            by_layout.setdefault(own if sheets else frozenset(), []).append(
                tidy.add_up(frame, source) if add_up else frame
            )
    key = [*source.meta["key"], "year", *source.dimensions]
    joined = None
    for frames in by_layout.values():
        table = pd.concat(frames, ignore_index=True)
        if editions:  # the newest edition of a year counts
            table = table.sort_values("edition", kind="stable").drop_duplicates(key, keep="last")
        if joined is None:
            joined = table
        else:
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
    rest = [c for c in joined if c not in first]
    order = [c for c in ("school", "ovt", "region", "year", "kind") if c in first]
    return joined[first + rest].sort_values(order, kind="stable", ignore_index=True)
