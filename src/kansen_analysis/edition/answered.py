"""What a command answered, kept with all it hangs on: told again while none of that changed.

The stages of an edition ask the same of themselves, one by one; here it is asked once for the
whole, by the content of every file that can have been read, and without pandas. Whatever differs,
be it a byte, makes a command look for itself.
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

FILE = Path("work", "answered.json")  # in an edition, where what is not public stands
CHECKED = Path(".kansen", "checked.json")  # in the project
Answers = dict[str, dict[str, str]]
"""By command and form what is printed."""


def question(
    data: Path | str,
    participants: Path | str | None = None,
    school_year: str | None = None,
    protocol: Path | str | None = None,
    day: str | None = None,
) -> dict[str, str | None]:
    """Return what a command is asked, in the words of `build`; a school year as 2024-2025."""
    own = {"participants": participants, "protocol": protocol}
    return {name: str(Path(path).absolute()) if path else None for name, path in own.items()} | {
        "data": str(Path(data).resolve()),
        "root": str(workspace.root()),
        "school_year": school_year,
        "day": day or publication_day(),
    }


def places(
    data: Path, participants: Path | str | None = None, protocol: Path | str | None = None
) -> list[Path]:
    """Return where everything stands that can be read about a data folder.

    Raises
    ------
    SettingsError
        When the settings, which say where, are not of the expected form.
    """
    from kansen_analysis.goals.protocol import DEFAULT
    from kansen_analysis.schools.over_time import FILE as TRANSITIONS

    settings = workspace.settings_of(data)
    register, beside = workspace.places(data)
    goals = protocol or settings.path("goals") or DEFAULT
    own = [data, settings.folder / workspace.FILE, register, beside, data.parent / TRANSITIONS]
    return [
        Path(each).absolute() for each in (*own, goals, *([participants] if participants else []))
    ]


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


def keep(
    path: Path,
    asked: dict,
    places: Iterable[Path],
    before: str,
    told: Answers,
    made: Iterable[Path] = (),
) -> None:
    """Keep an answer, if nothing it hangs on changed while it was worked out.

    Parameters
    ----------
    path : pathlib.Path
        Where it is kept.
    asked, places
        As for `state`.
    before : str
        Their `state` before anything was read.
    told : dict
        By command and form what is printed.
    made : iterable of pathlib.Path
        Files that say which edition it is the answer of.
    """
    from kansen_analysis.edition.store import write_text

    if state(asked, places) != before:
        return
    kept = {"asked": asked, "places": [*map(str, places)], "state": before, "told": told}
    kept["made"] = {str(each): checksum(each) for each in made}
    text = json.dumps(kept, indent=1) + "\n"
    with suppress(OSError):  # where nothing can be written, nothing is kept
        path.parent.mkdir(exist_ok=True)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            write_text(path, text)


def again(kept_in: Iterable[Path], asked: dict) -> Answers | None:
    """Return what was answered; None when this was not asked, or anything changed.

    Parameters
    ----------
    kept_in : iterable of pathlib.Path
        Where answers may be kept.
    asked : dict
        As `question`.
    """
    for path in kept_in:
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            kept = json.loads(path.read_text(encoding="utf-8"))
            made = kept["made"].items()
            if kept["asked"] != asked or any(checksum(Path(each)) != sha for each, sha in made):
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
