"""The data folder: only whole files in it, and a manifest that says where they came from."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import sys
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from kansen_analysis.errors import FileFormatError, UsageError
from kansen_analysis.fetch.where import Item
from kansen_analysis.sources import schoolyear

MANIFEST = "manifest.json"
PARTS = ".parts"  # downloads that are not whole yet
CHANGED = "changed"  # newer versions of files in the folder, for the user to decide on
_RESERVED = {MANIFEST, "files.csv", "participants.csv", "truth.json"}
_NAME = re.compile(r"[\w(][\w .,;()&'+=-]*\.(csv|ods|xlsx)", re.ASCII | re.IGNORECASE)


def safe_name(name: str) -> bool:
    """Tell whether a name the publisher gives can be the name of a data file here.

    Examples
    --------
    >>> safe_name("05.-gemiddelde-eindscores-bo-sbo-2015-2016.csv"), safe_name("../files.csv")
    (True, False)
    """
    return bool(_NAME.fullmatch(name)) and name.lower() not in _RESERVED


def checksum(path: Path, kind: str = "sha256") -> str:
    """Return the checksum of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, kind).hexdigest()


def _write(path: Path, text: str) -> None:
    """Write a small file at once or not at all."""
    new = path.with_name(path.name + ".new")
    with new.open("w", encoding="utf-8", newline="\n") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    new.replace(path)


class Part:
    """A download that is not whole yet: its bytes, and beside them what the server said of them.

    Parameters
    ----------
    folder : pathlib.Path
        Where parts are kept.
    name : str
        Name the file will have.
    """

    def __init__(self, folder: Path, name: str):
        self.path, self._notes = folder / name, folder / f"{name}.json"
        self._own = False  # begun in this run
        self.version: dict = {}
        with contextlib.suppress(OSError, ValueError):
            self.version = json.loads(self._notes.read_text(encoding="utf-8"))

    @property
    def size(self) -> int:
        """Bytes received so far."""
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def total(self) -> int | None:
        """Bytes of the whole file, when the server said so."""
        return self.version.get("total")

    @property
    def validator(self) -> str:
        """What identifies the version: a strong etag, else the date of the last change."""
        etag = self.version.get("etag", "")
        return etag if etag and not etag.startswith("W/") else self.version.get("last_modified", "")

    def resume_at(self) -> int:
        """Return from which byte to go on; 0 when the version cannot be told apart from another.

        Within one run the length is proof enough; between runs it is not.
        """
        if not (self.validator or (self._own and self.total)):
            return 0
        # One byte of a part that is already whole asks whether it is still this version.
        return min(self.size, self.total - 1) if self.total else self.size

    def begin(self, headers: Mapping[str, str]) -> None:
        """Start anew with what the server says of the file."""
        self.discard()
        length = headers.get("Content-Length", "")
        self.version = {
            "etag": headers.get("ETag", ""),
            "last_modified": headers.get("Last-Modified", ""),
            "total": int(length) if length.isdecimal() else None,
        }
        self._own = True
        self.path.parent.mkdir(parents=True, exist_ok=True)
        _write(self._notes, json.dumps(self.version))

    def continues(self, headers: Mapping[str, str], start: int) -> bool:
        """Tell whether an answer is the rest of the version we have the beginning of."""
        match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", headers.get("Content-Range", ""))
        if not match or int(match[1]) != start:
            return False
        said = {"etag": headers.get("ETag"), "last_modified": headers.get("Last-Modified")}
        known = self.version
        if any(new and known[key] and new != known[key] for key, new in said.items()):
            return False
        if match[2] != "*" and self.total is None:
            self.version["total"] = int(match[2])
        return match[2] == "*" or int(match[2]) == self.total

    @contextlib.contextmanager
    def writing(self, start: int) -> Iterator:
        """Open the bytes for writing from a place on; what is written survives a kill."""
        with self.path.open("r+b" if start else "wb", buffering=0) as handle:
            handle.seek(start)
            handle.truncate()
            yield handle

    def discard(self) -> None:
        """Forget what was received."""
        self.path.unlink(missing_ok=True)
        self._notes.unlink(missing_ok=True)
        self.version = {}

    def leave(self) -> None:
        """Forget the notes; the bytes were moved to where they belong."""
        self._notes.unlink(missing_ok=True)


class Store:
    """A data folder that files are fetched into.

    Parameters
    ----------
    folder : pathlib.Path
        The folder; made when it is not there.

    Attributes
    ----------
    notes : list of str
        What was found on opening: files that were removed, edited, or taken over by the user.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.parts, self.changed = folder / PARTS, folder / CHANGED
        self.notes: list[str] = []
        self._mutex = threading.Lock()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Open the folder, and keep a second fetch out of it.

        The system ends the lock when the process dies.

        Raises
        ------
        UsageError
            When another fetch is at work in it.
        FileFormatError
            When its manifest cannot be read.
        """
        self.parts.mkdir(parents=True, exist_ok=True)
        with (self.parts / "lock").open("a") as handle:
            try:
                _lock(handle)
            except OSError:
                raise UsageError(f"Another fetch is at work in {self.folder}.") from None
            self._manifest = self._read()
            self._reconcile()
            yield
        self._tidy()

    def _tidy(self) -> None:
        with contextlib.suppress(OSError):
            if [path.name for path in self.parts.iterdir()] == ["lock"]:
                shutil.rmtree(self.parts)

    def _read(self) -> dict:
        path = self.folder / MANIFEST
        if not path.exists():
            return {"files": {}, "changed": {}}
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
            return {kind: dict(known[kind]) for kind in ("files", "changed")}
        except (ValueError, KeyError, TypeError):
            raise FileFormatError(
                MANIFEST,
                "something else than a manifest",
                "JSON with files and changed",
                "remove it; fetch makes a new one from the files that are there",
            ) from None

    def _save(self) -> None:
        if not any(self._manifest.values()):  # a folder without files is an empty folder
            (self.folder / MANIFEST).unlink(missing_ok=True)
            return
        _write(
            self.folder / MANIFEST,
            json.dumps(self._manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n",
        )

    def _reconcile(self) -> None:
        """Make the manifest true again after whatever the user did to the folder."""
        files, changed = self._manifest["files"], self._manifest["changed"]
        before = json.dumps(self._manifest, sort_keys=True)
        sums = {e["sha256"]: (key, e) for key, e in changed.items()}
        for name in list(files):
            path = self.folder / name
            if not path.exists():
                del files[name]
                self.notes.append(f"{name} was removed")
                continue
            found = checksum(path)
            if found == files[name]["sha256"]:
                continue
            if found in sums:
                key, entry = sums[found]
                files[name] = {k: v for k, v in entry.items() if k != "instead_of"}
                self.notes.append(f"{name} is now the version from {CHANGED}/")
            else:
                del files[name]
                self.notes.append(f"{name} was edited after it was fetched; left as it is")
        for key in list(changed):
            path = self.folder / key
            if not path.exists() or checksum(path) != changed[key]["sha256"]:
                del changed[key]
        if json.dumps(self._manifest, sort_keys=True) != before:
            self._save()

    def part(self, name: str) -> Part:
        """Return the part in which a file is received."""
        return Part(self.parts, name)

    def known(self, item: Item) -> dict:
        """Return the manifest's entry of the newest version of a file that we have."""
        with self._mutex:
            mine = [e for e in self._manifest["files"].values() if e["name"] == item.name]
            newer = [e for e in self._manifest["changed"].values() if e["instead_of"] == item.name]
            entries = sorted(mine + newer, key=lambda entry: entry["retrieved_at"])
            return dict(entries[-1]) if entries else {}

    def waiting(self, item: Item) -> str:
        """Return the changed version of a file that waits for a decision, if there is one."""
        with self._mutex:
            found = [
                key for key, e in self._manifest["changed"].items() if e["instead_of"] == item.name
            ]
            return max(found, default="")

    def keep(self, item: Item, part: Part) -> tuple[str, str]:
        """Move a whole file to where it belongs, and write it down.

        Returns
        -------
        outcome : str
            ``new``; ``unchanged`` when the folder has these bytes already; ``changed`` when it
            has another version, which stays the one in use.
        name : str
            Name in the folder.
        """
        size, digest = part.size, checksum(part.path)
        entry = {
            "name": item.name,
            "source": item.source,
            "school_years": [schoolyear.label(year) for year in item.years],
            "url": item.url,
            "landing_page": item.landing_page,
            "sha256": digest,
            "bytes": size,
            "retrieved_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "etag": part.version.get("etag", ""),
            "last_modified": part.version.get("last_modified", ""),
        }
        with self._mutex:
            same = self._same(size, digest)
            if same:
                kind = "changed" if same.startswith(f"{CHANGED}/") else "files"
                was = self._manifest[kind].get(same, {})
                if was.get("name", item.name) == item.name:  # else another file with equal bytes
                    extra = {"instead_of": item.name} if kind == "changed" else {}
                    # The moment these bytes came in stays; the tags may be newer.
                    entry["retrieved_at"] = was.get("retrieved_at", entry["retrieved_at"])
                    self._manifest[kind][same] = entry | extra
                    self._save()
                part.discard()
                return ("changed" if kind == "changed" else "unchanged"), same
            target, kind, extra = self.folder / item.name, "files", {}
            if target.exists():
                target, kind = self._beside(item.name), "changed"
                extra = {"instead_of": item.name}
            _move(part.path, target)
            key = target.relative_to(self.folder).as_posix()
            self._manifest[kind][key] = entry | extra
            self._save()
            part.leave()
        return ("new" if kind == "files" else "changed"), key

    def _same(self, size: int, digest: str) -> str:
        """Return the file in the folder, by whatever name, that has these bytes."""
        for folder in (self.folder, self.changed):
            for path in sorted(folder.iterdir()) if folder.is_dir() else ():
                if path.is_file() and path.stat().st_size == size and checksum(path) == digest:
                    return path.relative_to(self.folder).as_posix()
        return ""

    def _beside(self, name: str) -> Path:
        """Return a free name with today's date for a version beside the one in use."""
        now, stem = datetime.now(UTC), Path(name)
        self.changed.mkdir(exist_ok=True)
        for stamp in ("%Y-%m-%d", "%Y-%m-%dT%H%M%S", "%Y-%m-%dT%H%M%S%f"):
            path = self.changed / f"{stem.stem}--{now.strftime(stamp)}{stem.suffix}"
            if not path.exists():
                return path
        raise AssertionError("two files within a microsecond")


def _move(source: Path, target: Path) -> None:
    """Put a whole file in its place, on the disk before it has its name."""
    with source.open("rb+") as handle:
        os.fsync(handle.fileno())
    source.replace(target)


def _lock(handle) -> None:
    """Lock an open file, or fail at once."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
