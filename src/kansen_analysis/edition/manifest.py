"""The manifest of an edition: everything a stranger needs to build it again, and to see that it is.

It holds no clock and no place: the same files, code and machine give the same manifest.
"""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pandas as pd

import kansen_analysis
from kansen_analysis.edition import digests, store
from kansen_analysis.edition.stages import FORMAT, Saved
from kansen_analysis.goals.protocol import Protocol
from kansen_analysis.goals.released import digest as protocol_digest
from kansen_analysis.programme import workspace
from kansen_analysis.programme.settings import FILE as SETTINGS
from kansen_analysis.programme.settings import Settings
from kansen_analysis.sources import get, names, schoolyear

SUPPLIED = tuple(name for name in names() if get(name).supplied)
LOCK = "requirements.lock"
FETCHED = "manifest.json"  # in a data folder: what `kansen fetch` writes down
_FEATURES = ("sse4_2", "avx", "avx2", "avx512f", "fma", "asimd", "sve")


def write(
    path: Path,
    public: Saved,
    *,
    year: int,
    demo: bool,
    raw: Path,
    settings: Settings,
    protocol: Protocol,
    register: Path,
    transitions: Path | None,
    programme: Path,
) -> None:
    """Write the manifest of an edition.

    Parameters
    ----------
    path : pathlib.Path
        Of the manifest.
    public : Saved
        What may be published of it.
    year : int
        First year of its school year.
    demo : bool
        Whether the schools are invented.
    raw, register, programme : pathlib.Path
        Data folder, register of participants, and folder of what stands beside the figures.
    transitions : pathlib.Path or None
        What became of schools, where it is known.
    settings : Settings
    protocol : Protocol
    """
    _write(
        path,
        {
            "format": FORMAT,
            "school_year": schoolyear.label(year),
            "dated": public["dated"],
            "demo": demo,
            **environment(),
            "protocol": {"version": protocol.version, "sha256": protocol_digest(protocol)},
            "inputs": inputs(public["files"], raw)
            + _around(settings, register, transitions, programme),
            "key": public.key,
            "outputs": listing(public.folder),
        },
    )


def _write(path: Path, content: Mapping) -> None:
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        store.write_text(path, text)


# What it rests on ------------------------------------------------------------------------------


def inputs(files: pd.DataFrame, raw: Path) -> list[dict]:
    """List the files with where they come from; of supplied ones only a digest with a key.

    Parameters
    ----------
    files : pandas.DataFrame
        As the gate lets them through.
    raw : pathlib.Path
        The data folder; what `kansen fetch` wrote down in it tells address and day.
    """
    known = {entry["sha256"]: entry for entry in fetched(raw)}
    found = []
    for row in files.sort_values(["source", "file", "keyed"], kind="stable").itertuples():
        if row.keyed:
            found.append({"source": row.source, "keyed": row.keyed})
            continue
        entry = known.get(row.sha256, {})
        found.append(
            {
                "source": row.source,
                "file": row.file,
                "sha256": row.sha256,
                "address": entry.get("url") or get(row.source).meta["landing_page"],
                "retrieved": str(entry.get("retrieved_at", ""))[:10] or None,
            }
        )
    return found


def fetched(raw: Path) -> list[dict]:
    """Return what `kansen fetch` wrote down of the files of a folder."""
    try:
        told = json.loads((raw / FETCHED).read_text(encoding="utf-8"))["files"]
        return [entry for entry in told.values() if "sha256" in entry]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def _around(
    settings: Settings, register: Path, transitions: Path | None, programme: Path
) -> list[dict]:
    """List what is ours beside the published files; stories are not told of."""
    paths = [settings.folder / SETTINGS, register, *([transitions] if transitions else [])]
    if programme.is_dir():
        paths += sorted(path for path in programme.glob("*.csv") if path.is_file())
    return [
        {"source": "programme", "file": path.name, "sha256": digests.checksum(path)}
        for path in paths
        if path.is_file()
    ]


def dated(settings: Settings, year: int, raw: Path, files: pd.DataFrame) -> str:
    """Return the day of an edition: as the settings say, else of the newest file that was fetched.

    Without either it is the day after the school year: no clock and no date of a copy.
    """
    told = settings.editions.get(schoolyear.label(year))
    if told is not None:
        return told.isoformat()
    used = set(files["sha256"])
    came = [e["retrieved_at"][:10] for e in fetched(raw) if e["sha256"] in used]
    return max(came, default=schoolyear.day_after(year))


# What it was made with -------------------------------------------------------------------------


def environment() -> dict:
    """Tell which code, packages, system and processor an edition is made with."""
    lock = _lock()
    return {
        "kansen_analysis": kansen_analysis.__version__,
        "commit": commit(),
        "source_sha256": digests.source(),
        "lock_sha256": digests.checksum(lock) if lock else None,
        "packages": digests.packages(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": features(),
        "command": command(),
    }


@cache
def commit() -> str | None:
    """Return the commit of the code; with a plus when files differ from it; None outside git."""
    package = Path(kansen_analysis.__file__).parent

    def ask(*words: str) -> str:
        run = subprocess.run(
            ["git", *words], cwd=package, capture_output=True, text=True, check=True, timeout=20
        )
        return run.stdout.strip()

    try:
        changed = ask("status", "--porcelain", "--", str(package))
        return ask("rev-parse", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _lock() -> Path | None:
    path = workspace.root() / LOCK
    return path if path.is_file() else None


@cache
def features() -> list[str]:
    """Return what the processor can do that sums of floats may hang on."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return [platform.processor()] if platform.processor() else []
    flags = set(
        re.findall(r"[a-z0-9_]+", " ".join(re.findall(r"(?:flags|Features)\s*:(.*)", text)))
    )
    return [name for name in _FEATURES if name in flags]


def command() -> list[str]:
    """Return the command as it was given: of a path its last part, of the output nothing."""
    words, told = sys.argv[1:], []
    skip = False
    for word in words:
        name, equals, value = word.partition("=")
        if skip:
            skip = False
        elif name in ("--output", "--edition", "--folder"):
            skip = not equals
        elif equals and name.startswith("--"):
            told.append(f"{name}={Path(value).name}")
        else:
            told.append(Path(word).name if "/" in word or "\\" in word else word)
    return ["kansen", *told] if Path(sys.argv[0]).stem in ("kansen", "__main__") else []


def listing(folder: Path) -> dict[str, dict]:
    """List the files of a folder and all below it; names that begin with a dot are left out.

    Returns
    -------
    dict
        Path below the folder to ``{"sha256": …, "bytes": …}``, sorted.
    """
    found = {}
    for path in sorted(Path(folder).rglob("*")):
        name = path.relative_to(folder)
        if path.is_dir() or any(part.startswith(".") for part in name.parts):
            continue
        found[name.as_posix()] = {"sha256": digests.checksum(path), "bytes": path.stat().st_size}
    return found
