"""Tables that somebody keeps by hand: the notes in a data folder, registers.

They come back from Excel with semicolons, tabs, another encoding or as a workbook; all of these are
read the same.
"""

from __future__ import annotations

import glob
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from kansen_analysis.errors import DataErrors, Finding, LayoutError, UsageError
from kansen_analysis.sources import persons, reading

NEW = ".kansen-new-"  # folders that a command fills beside the one that it makes
SUFFIXES = (".csv", ".xlsx", ".ods", ".txt", ".tsv", ".xls")


@dataclass(frozen=True)
class Row:
    """A row, with the line it begins on."""

    line: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]


def save(path: Path, content: bytes) -> Path:
    """Write a file at once: a full disk or a kill leaves the one that was there.

    What a killed run left half written of it is removed.
    """
    new = path.with_name(f".{path.name}.new-{os.getpid()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f".{glob.escape(path.name)}.new-*"):
        _remove(left)
    try:
        new.touch()
        with _held(new):
            new.write_bytes(content)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    return path


@contextmanager
def scratch(shelf: Path, prefix: str = "") -> Iterator[Path]:
    """Give a temporary folder in another one, and remove those that killed runs left there.

    Parameters
    ----------
    shelf : pathlib.Path
        Made when it is not there.
    prefix : str
        Of the names; every folder that begins with it and that no process holds is removed.
    """
    shelf.mkdir(parents=True, exist_ok=True)
    for left in shelf.glob(f"{prefix}*"):
        if left.is_dir():
            _remove(left)
    held = None
    while held is None:
        own = Path(tempfile.mkdtemp(dir=shelf, prefix=prefix))
        with suppress(FileNotFoundError):  # another one took it for a leftover
            held = _held(own)
    try:
        yield own
    finally:
        held.close()
        shutil.rmtree(own, ignore_errors=True)


def _remove(left: Path) -> None:
    """Remove what no process holds."""
    held = None if left.is_symlink() else lock(left, wait=False)
    if held is not None:
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)
        held.close()


def _held(path: Path) -> ExitStack:
    return lock(path) or ExitStack()


def lock(path: Path, *, wait: bool = True) -> ExitStack | None:
    """Lock a folder or file until what is returned is closed, or the process ends.

    None when it is locked and we do not wait; of a file on Windows, where it could not be replaced.
    """
    held = ExitStack()
    try:
        if sys.platform == "win32":
            import msvcrt

            if path.is_file():
                return None
            file = held.enter_context((path / ".lock").open("w"))
            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            held.callback(os.close, handle)
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        held.close()
        if wait:
            raise
        return None
    return held


def find(folder: Path, stem: str) -> Path | None:
    """Return the table of a name in a folder, in whatever form it was saved.

    Parameters
    ----------
    folder : pathlib.Path
        Where to look.
    stem : str
        The name without an extension, such as ``files``.

    Raises
    ------
    UsageError
        When there are two.
    """
    there = [path for suffix in SUFFIXES if (path := folder / f"{stem}{suffix}").is_file()]
    if len(there) > 1:
        names = " and ".join(path.name for path in there)
        raise UsageError(f"{folder} has {names}; keep one of the two.")
    return there[0] if there else None


def _header(row: list) -> list[str]:
    header = [str(cell).strip().lower() for cell in row]
    while header and not header[-1]:
        header.pop()
    return header


def read(path: Path, columns: tuple[str, ...], optional: tuple[str, ...] = ()) -> list[Row]:
    """Read a table that is kept by hand.

    Parameters
    ----------
    path : pathlib.Path
        A csv with commas, semicolons or tabs, in any encoding, or a workbook.
    columns, optional : tuple of str
        The columns it must and may have, in any order. Others are passed over.

    Returns
    -------
    list of Row
        Text without spaces around it; of a column that is not there an empty text.

    Raises
    ------
    DataErrors
        When it cannot be opened or holds persons; with every column that is missing, and every row
        of another width.
    """
    try:
        return _read(path, columns, optional)
    except Finding as finding:
        raise DataErrors([finding]) from None


def _read(path: Path, columns: tuple[str, ...], optional: tuple[str, ...]) -> list[Row]:
    tables = reading.tables(path)
    persons.refuse_headers(path.name, tables)

    def fits(place: tuple[reading.Table, int]) -> int:
        return len({*columns} & {*_header(place[0].head[place[1]])})

    places = [(table, at) for table in tables for at in range(len(table.head))]
    best, at = max(places, key=fits, default=(None, 0))  # there may be a title above the header
    header = _header(best.head[at]) if best else []
    line = best.lines[at] if best else 1
    missing: list[Finding] = [
        LayoutError(
            path.name,
            "no such column",
            f"a column {name!r}",
            f"give the file the columns {','.join(columns)}; cells may be empty",
            line=line,
            column=name,
        )
        for name in columns
        if name not in header
    ]
    missing += [
        LayoutError(
            path.name,
            f"{header.count(name)} columns {name!r}",
            "one",
            "remove the one that is not right",
            line=line,
            column=name,
        )
        for name in (*columns, *optional)
        if header.count(name) > 1
    ]
    if missing or best is None:
        raise DataErrors(missing)
    width = len(best.head[at]) if best.separator else len(header)
    body = best.below(at, width, multiline=True)
    if body.broken:
        for finding in body.broken:
            finding.remedy = "put text that holds the separator between quotes"
        raise DataErrors(body.broken)
    columns = (*columns, *optional)
    texts = {}
    for name in columns:
        texts[name] = [""] * len(body.lines)
        if name in header:
            column = body.columns[header.index(name)]
            distinct = list(map(reading.text, column.listed()))
            texts[name] = [distinct[code] for code in column.codes]
    about = [
        persons.finding(path.name, kind, int(line), name)
        for name, cells in texts.items()
        for line, cell in zip(body.lines, cells, strict=True)
        if (kind := persons.in_text(cell))
    ]
    if about:
        raise DataErrors(about)
    rows = zip(*texts.values(), strict=True)
    return [
        Row(int(line), dict(zip(columns, row, strict=True)))
        for line, row in zip(body.lines, rows, strict=True)
    ]
