"""Build an edition again from files found by their checksum, and say whether it is the same."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from kansen_analysis.edition import digests, secret, store
from kansen_analysis.edition.build import build
from kansen_analysis.edition.compare import Comparison, compare
from kansen_analysis.edition.open import MANIFEST, PUBLIC, manifest_of
from kansen_analysis.errors import UsageError
from kansen_analysis.goals.protocol import load_protocol
from kansen_analysis.goals.released import digest as protocol_digest
from kansen_analysis.programme import workspace
from kansen_analysis.programme.settings import FILE as SETTINGS
from kansen_analysis.schools.over_time import FILE as TRANSITIONS
from kansen_analysis.sources import schoolyear

IDENTICAL, MISSING, OTHER = "identical", "inputs missing", "different numbers"


@dataclass(frozen=True)
class Answer:
    """What came of building an edition again.

    Attributes
    ----------
    word : str
        *identical*, *same numbers, other bytes*, *different numbers* or *inputs missing*.
    notes : tuple of str
        Files that are not there, or have another content than the edition was made from.
    comparison : Comparison or None
        What differs; None when nothing could be built or compared.
    """

    word: str
    notes: tuple[str, ...] = ()
    comparison: Comparison | None = None

    def lines(self) -> list[str]:
        """Tell it, the answer first."""
        told = [f"{self.word}.", *self.notes]
        return told + (self.comparison.lines()[1:] if self.comparison else [])


def reproduce(
    folder: Path | str,
    data: Iterable[Path | str],
    progress: Callable[[str], None] = lambda words: None,
) -> Answer:
    """Build an edition again and compare.

    Parameters
    ----------
    folder : pathlib.Path or str
        An edition, or a rendered monitor; its manifest says what it was made from.
    data : iterable of path
        Folders, or files, among which the inputs are looked for, under any name. A file that is
        there under its name with another content is used and told.
    progress : callable, optional

    Raises
    ------
    UsageError
        When there is no manifest.
    DataErrors
        When the files that were found hold mistakes.
    """
    folder = Path(folder)
    try:
        told = manifest_of(folder)
        inputs = told["inputs"]
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(f"{folder} has no {MANIFEST} that names its inputs.") from None
    with store.scratch() as scratch:
        notes, missing = _gather(inputs, [Path(each) for each in data], folder, scratch)
        if missing:
            return Answer(MISSING, (*missing, *notes))
        own = load_protocol()
        if protocol_digest(own) != told["protocol"]["sha256"]:
            notes.append(
                f"protocol: {own.version} of this package in the place of "
                f"{told['protocol']['version']}"
            )
        made = build(
            scratch / "data",
            scratch / "data" / "participants.csv",
            schoolyear.parse(told["school_year"]),
            folder=scratch / "editions" / "again",  # a folder that this run has not locked
            progress=progress,
        )
        if not (folder / PUBLIC).is_dir():
            same = made.digest == told.get("edition_sha256")
            return Answer(IDENTICAL if same else OTHER, tuple(notes))
        found = compare(folder, made)
        return Answer(found.answer, tuple(notes), found)


def _gather(
    inputs: list[dict], places: list[Path], folder: Path, scratch: Path
) -> tuple[list[str], list[str]]:
    """Copy the inputs into one data folder; return what is to be told, and what is missing."""
    by_sum, by_name = _known(places)
    private = secret.folder(folder.absolute().parent)
    keyed = {}
    if any("keyed" in each for each in inputs) and (private / secret.FILE).exists():
        keyed = {secret.digest(sum_, private): path for sum_, path in by_sum.items()}
        shutil.copytree(private, scratch / secret.FOLDER, dirs_exist_ok=True)
        (scratch / secret.FOLDER / "released.json").unlink(missing_ok=True)
    data = scratch / "data"
    (data / "programme").mkdir(parents=True)
    notes, missing = [], []
    for each in inputs:
        if "keyed" in each:
            path = keyed.get(each["keyed"])
            if path is None:
                missing.append(f"{each['source']}: no file with its keyed digest")
                continue
        else:
            path = by_sum.get(each["sha256"])
            if path is None and (path := by_name.get(each["file"])) is not None:
                notes.append(f"{each['file']} ({each['source']}): another content than then")
            if path is None:
                where = each.get("address") or "the working folder"
                missing.append(f"{each['file']} ({each['source']}): not found; see {where}")
                continue
        shutil.copyfile(path, data / _place(each, path))
        if each["source"] == "programme" and path.parent.name == "programme":
            stories = path.parent / "stories"
            if stories.is_dir() and not (data / "programme" / "stories").exists():
                shutil.copytree(stories, data / "programme" / "stories")
    for name in (workspace.TRUTH, "files.csv"):  # notes of the data folder itself
        there = (path for each in places for path in ([each] if each.is_file() else [each / name]))
        path = next((path for path in there if path.name == name and path.is_file()), None)
        if path is not None:
            shutil.copyfile(path, data / name)
    return notes, missing


def _place(each: dict, path: Path) -> Path:
    """Return where a file of the programme or of a publisher is expected."""
    name = each.get("file", path.name)
    if each["source"] != "programme" or name == SETTINGS:
        return Path(name)
    if name.startswith("participants."):
        return Path("participants.csv")
    return Path(name) if Path(name).stem == Path(TRANSITIONS).stem else Path("programme", name)


def _known(places: list[Path]) -> tuple[dict[str, Path], dict[str, Path]]:
    """Index the files of some folders by checksum and by name; the first folder goes before."""
    by_sum: dict[str, Path] = {}
    by_name: dict[str, Path] = {}
    for place in places:
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            hidden = any(part.startswith(".") for part in path.relative_to(place).parts)
            if path.is_file() and not hidden:
                by_sum.setdefault(digests.checksum(path), path)
                by_name.setdefault(path.name, path)
    return by_sum, by_name
