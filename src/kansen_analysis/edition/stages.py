"""A stage of an edition: one function from what it reads to what it writes, run when it must be.

What a stage wrote stands in a folder of its own, with a record of the key it was made under: a
digest of the content of all it reads, of the source of all modules it runs and of the packages
below them. While the key is the same the stage is not run again; whatever changes it, a comma in a
file or in the code, makes it run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pandas as pd

from kansen_analysis.edition import digests, store
from kansen_analysis.errors import UsageError

RECORD = ".stage.json"
FORMAT = 2  # of what `store` writes; another one makes every stage run again


@dataclass(frozen=True)
class Stage:
    """What is done once for an edition.

    Attributes
    ----------
    name : str
        Of the stage, and of its folder.
    module : str
        Holds ``run``: from a mapping with what `reads` names to one with what `writes` names. It
        is imported when it must run.
    reads : tuple of str
        Earlier stages (then the mapping holds a `Saved`), and what comes from outside.
    writes : tuple of str or None
        Names of its tables and other results; None when they follow from what it reads.
    reports : tuple of str
        Those of its results that only tell what was done: pages show them, no stage rests on them.
    """

    name: str
    module: str
    reads: tuple[str, ...]
    writes: tuple[str, ...] | None
    reports: tuple[str, ...] = ()

    def run(self, inputs: Mapping) -> Mapping[str, object]:
        """Do the work."""
        return import_module(self.module).run(inputs)


@dataclass(frozen=True)
class Given:
    """What comes from outside an edition: a folder, a file, a school year.

    Attributes
    ----------
    value : object
        What the stage gets.
    digest : str
        Of the content; a name or a place is no content.
    """

    value: object
    digest: str


class Saved(Mapping):
    """What a stage wrote, read when it is asked for.

    Parameters
    ----------
    folder : pathlib.Path
        Of the stage; it need not be there yet.
    """

    def __init__(self, folder: Path):
        self.folder = Path(folder)
        self._read: dict[str, object] = {}
        self._record = _record(self.folder)

    def __repr__(self) -> str:
        return f"Saved({self.folder.name!r}, {len(self)} names)"

    @property
    def key(self) -> str:
        """The key it was made under; empty when there is nothing."""
        return self._record["key"]

    @property
    def files(self) -> dict[str, str]:
        """The files with their checksums."""
        return dict(self._record["files"])

    @property
    def digest(self) -> str:
        """Digest of the content of all that a next stage can rest on."""
        told = self._record["reports"]
        rest = {n: sha for n, sha in self._record["files"].items() if n.split(".")[0] not in told}
        return digests.digest(rest)

    def __iter__(self) -> Iterator[str]:
        return iter(self._record["names"])

    def __len__(self) -> int:
        return len(self._record["names"])

    def __getitem__(self, name: str):
        if name not in self._record["names"]:
            raise KeyError(name)
        if name not in self._read:
            self._read[name] = store.get(self.folder, name)
            if _record(self.folder) != self._record:
                del self._read[name]
                raise UsageError(f"{self.folder} changed since it was opened; open it again.")
        found = self._read[name]
        # A view: who changes a column of it changes it for nobody else.
        return found.copy(deep=False) if isinstance(found, pd.DataFrame) else found


def _record(folder: Path) -> dict:
    """Return what a stage wrote down, or that there is nothing."""
    with suppress(OSError, ValueError):
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        if record.get("format") == FORMAT:
            return record
    return {"key": "", "names": [], "reports": [], "files": {}}


def up_to_date(
    stage: Stage,
    folder: Path,
    inputs: Mapping[str, Given | Saved],
    about: Callable[[str], pd.DataFrame | None] = lambda table: None,
    seal: Callable[[str], str] = str,
    ready: Callable[[Path], object] = lambda folder: None,
) -> Saved:
    """Return what a stage writes; run it when that is not there, or was made of something else.

    Parameters
    ----------
    stage : Stage
    folder : pathlib.Path
        Where it writes: whole, or not at all.
    inputs : mapping
        At least what the stage reads.
    about : callable, optional
        From the name of a table to what its columns are, as for `store.write_table`.
    seal : callable, optional
        From the key to what may stand beside what is published, see `secret`.
    ready : callable, optional
        Told the folder that is whole, before it takes its place.

    Raises
    ------
    UsageError
        When a stage writes something else than it says.
    """
    reads = {name: inputs[name] for name in stage.reads}
    key = seal(key_of(stage, reads))
    store.mend(folder)
    saved = Saved(folder)
    if saved.key == key:
        return saved
    with store.whole(folder) as new:
        values = {n: each.value if isinstance(each, Given) else each for n, each in reads.items()}
        written = stage.run(values)
        if wrong := set(written) ^ set(written if stage.writes is None else stage.writes):
            raise UsageError(f"Stage {stage.name}: wrote, or not, unlike said: {sorted(wrong)}.")
        save(new, stage, key, written, about)
        ready(new)
    return Saved(folder)


def save(
    folder: Path,
    stage: Stage,
    key: str,
    written: Mapping[str, object],
    about: Callable[[str], pd.DataFrame | None] = lambda table: None,
) -> None:
    """Write what a stage gave, with the record that says what it is.

    Parameters
    ----------
    folder : pathlib.Path
        Empty.
    stage : Stage
    key : str
        What it was made under.
    written : mapping of str to object
        What `store.put` can write, by name.
    about : callable, optional
        As for `up_to_date`.
    """
    for name, value in written.items():
        store.put(folder, name, value, about(name))
    files = {path.name: digests.checksum(path) for path in sorted(folder.iterdir())}
    record = {
        "format": FORMAT,
        "stage": stage.name,
        "key": key,
        "names": list(written),
        "reports": list(stage.reports),
        "files": files,
    }
    (folder / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def key_of(stage: Stage, reads: Mapping[str, Given | Saved]) -> str:
    """Digest everything that what a stage writes hangs on."""
    return digests.digest(
        {
            "format": FORMAT,
            "stage": stage.name,
            "reads": {name: each.digest for name, each in reads.items()},
            "writes": stage.writes,
            "code": digests.code(stage.module),
            "packages": digests.packages(),
        }
    )
