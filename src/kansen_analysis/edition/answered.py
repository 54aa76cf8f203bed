"""What an edition answered, kept with all it hangs on: told again while none of that changed.

Stages ask the same question of themselves, one by one; here it is asked once for the whole of an
edition, by the content of every file it can have read, and without pandas. Whatever differs, be it
a byte, makes the stages look for themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from kansen_analysis.edition.digests import checksum, digest, packages, source
from kansen_analysis.programme import workspace
from kansen_analysis.programme.consent import publication_day

if TYPE_CHECKING:
    from kansen_analysis.edition.open import Edition

FILE = "answered.json"  # in `work` of an edition
Answers = dict[str, dict[str, str]]
"""By command and form what is printed."""


def question(
    data: Path | str,
    participants: Path | str | None = None,
    school_year: str | None = None,
    protocol: Path | str | None = None,
    day: str | None = None,
) -> dict[str, str | None]:
    """Return what an edition is asked for, as `build` is; a school year as 2024-2025."""
    own = {"participants": participants, "protocol": protocol}
    return {name: str(Path(path).absolute()) if path else None for name, path in own.items()} | {
        "data": str(Path(data).resolve()),
        "root": str(workspace.root()),
        "school_year": school_year,
        "day": day or publication_day(),
    }


def state(asked: dict, places: Iterable[Path | str]) -> str:
    """Digest what was asked, all files in some places, our code and the packages below it.

    Parameters
    ----------
    asked : dict
        As `question`.
    places : iterable of pathlib.Path or str
        Files and folders, there or not. What stands beside one under the same name with another
        extension counts as well: a register may be a csv or a workbook.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as there:
    ...     register = Path(there, "register.csv")
    ...     one = state({}, [register])
    ...     written = register.with_suffix(".xlsx").write_bytes(b"")
    ...     one == state({}, [register])
    False
    """
    files = {str(path): checksum(path) for place in places for path in _files(Path(place))}
    return digest([asked, files, source(), packages()])


def _files(place: Path) -> Iterator[Path]:
    for path in place.parent.iterdir() if place.parent.is_dir() else ():
        if path.stem == place.stem:
            yield from (each for each in (path, *path.rglob("*")) if each.is_file())


def keep(edition: Edition, asked: dict, places: Iterable[Path], before: str) -> None:
    """Keep what an edition answers, if nothing it hangs on changed while it was built.

    Parameters
    ----------
    edition : Edition
    asked, places
        As for `state`.
    before : str
        Their `state` before anything was read.
    """
    from kansen_analysis.edition.store import write_text

    if state(asked, places) == before:
        kept = {"asked": asked, "places": [*map(str, places)], "state": before}
        kept |= {"made": _made(edition.folder), "told": answers(edition)}
        path, text = edition.folder / "work" / FILE, json.dumps(kept, indent=1) + "\n"
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            write_text(path, text)


def _made(folder: Path) -> list[str]:
    """Digest what says which edition stands in a folder."""
    return [checksum(folder / name) for name in ("manifest.json", "public/.stage.json")]


def again(shelf: Path, asked: dict) -> Answers | None:
    """Return what an edition answered; None when it was not asked this, or anything changed.

    Parameters
    ----------
    shelf : pathlib.Path
        The folder with editions.
    asked : dict
        As `question`.
    """
    for path in shelf.glob(f"*/work/{FILE}"):
        with suppress(OSError, ValueError, KeyError, TypeError):  # the stages say what is wrong
            kept = json.loads(path.read_text(encoding="utf-8"))
            if kept["asked"] != asked or kept["made"] != _made(path.parents[1]):
                continue
            if kept["state"] == state(asked, kept["places"]):
                return kept["told"]
    return None


def answers(edition: Edition) -> Answers:
    """Write what the commands ``goals`` and ``plan`` print of an edition."""
    from kansen_analysis.words.plan import as_text

    verdicts, outlook, needs = edition.verdicts, edition.outlook, edition.needs
    lines = [
        f"{row.goal}. {row.name}: {row.verdict}\n   {row.reason}" for row in verdicts.itertuples()
    ]
    plain = verdicts.astype(object).where(verdicts.notna(), None).to_dict("records")
    coming = {"outlook": outlook, "needs": needs}
    records = {name: json.loads(t.to_json(orient="records")) for name, t in coming.items()}
    return {
        "goals": {
            "table": "\n".join(lines) + "\n",
            "csv": verdicts.to_csv(index=False, lineterminator="\n"),
            "json": json.dumps(plain, indent=1, default=float) + "\n",
        },
        "plan": {
            "table": as_text(edition.protocol, outlook, needs) + "\n",
            "csv": outlook.to_csv(index=False, lineterminator="\n"),
            "json": json.dumps(records, indent=1) + "\n",
        },
    }
