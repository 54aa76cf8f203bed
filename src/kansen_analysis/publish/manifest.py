"""What went into a monitor and what came out, by checksum."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import kansen_analysis
from kansen_analysis.edition import store
from kansen_analysis.edition.open import Edition
from kansen_analysis.sources import schoolyear

FILE = "manifest.json"
SCHEMA = 2
PACKAGES = ("numpy", "pandas", "scipy", "statsmodels", "matplotlib", "seaborn", "ipython")


def listing(folder: Path, leave: Iterable[str] = ()) -> dict[str, dict]:
    """List the files of a folder and all below it.

    Parameters
    ----------
    folder : Path
    leave : iterable of str
        Paths to leave out; names that begin with a dot always are.

    Returns
    -------
    dict
        Path below the folder to ``{"sha256": …, "bytes": …}``, sorted.
    """
    folder, leave = Path(folder), set(leave)
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_dir() or name.as_posix() in leave or any(p.startswith(".") for p in name.parts):
            continue
        found[name.as_posix()] = {"sha256": store.checksum(path), "bytes": path.stat().st_size}
    return found


def inputs(*, edition: Edition, notebooks: Path, config: Path, engine: str, each: bool) -> dict:
    """Describe everything a rendered monitor depends on.

    Parameters
    ----------
    edition : Edition
        What the pages show.
    notebooks : Path
        Folder of the notebooks.
    config : Path
        `_quarto.yml`.
    engine : str
        Name and version.
    each : bool
        Whether there is a page per school and per municipality.

    Returns
    -------
    dict
        The first part of the manifest, with the `fingerprint` of the rest of it.
    """
    package = Path(kansen_analysis.__file__).parent
    source = {
        name: entry["sha256"]
        for name, entry in listing(package).items()
        if "__pycache__" not in name
    }
    files = edition.files
    described = {
        "schema": SCHEMA,
        "kansen_analysis": kansen_analysis.__version__,
        "engine": engine,
        "school_year": schoolyear.label(edition.year),
        "demo": edition.demo,
        "each": each,
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "source_sha256": store.digest(source),
        "config_sha256": store.checksum(config),
        "edition_sha256": edition.digest,
        "notebooks": {k: v["sha256"] for k, v in listing(notebooks).items()},
        "data": dict(zip(files["file"], files["sha256"], strict=True)),
    }
    return described | {"fingerprint": store.digest(described)}


def write(site: Path, described: dict, made_at: str) -> None:
    """Put the manifest into a finished site.

    Parameters
    ----------
    site : Path
    described : dict
        What `inputs` gives.
    made_at : str
        Date and time, ISO 8601.
    """
    complete = {"made_at": made_at} | described | {"output": listing(site, {FILE})}
    text = json.dumps(complete, indent=1, ensure_ascii=False) + "\n"
    (site / FILE).write_text(text, encoding="utf-8")


def read(site: Path) -> dict | None:
    """Read the manifest of a site.

    Parameters
    ----------
    site : Path

    Returns
    -------
    dict or None
        None when there is none, or it is not one of ours.
    """
    try:
        found = json.loads((Path(site) / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and "fingerprint" in found else None


def still_valid(site: Path, described: dict) -> bool:
    """Tell whether a site was made from exactly this and has not been touched since.

    Parameters
    ----------
    site : Path
    described : dict
        What `inputs` gives.

    Returns
    -------
    bool
    """
    found = read(site)
    return (
        found is not None
        and found["fingerprint"] == described["fingerprint"]
        and found.get("output") == listing(site, {FILE})
    )
