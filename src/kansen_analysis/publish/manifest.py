"""What went into a monitor and what came out, by checksum."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path

from kansen_analysis.edition import digests
from kansen_analysis.edition.manifest import listing
from kansen_analysis.edition.open import Edition
from kansen_analysis.edition.record import RECORD
from kansen_analysis.programme import workspace

FILE = "manifest.json"
SCHEMA = 3
KEPT = (
    *("kansen_analysis", "commit", "source_sha256", "lock_sha256", "school_year", "dated", "demo"),
    *("system", "processor", "command", "protocol", "inputs"),
)
PACKAGES = ("numpy", "pandas", "scipy", "statsmodels", "matplotlib", "seaborn", "ipython")


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
    told = edition.manifest
    described = {
        "schema": SCHEMA,
        **{name: told[name] for name in KEPT if name in told},
        "engine": engine,
        "each": each,
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "config_sha256": digests.checksum(config),
        "edition_sha256": edition.digest,
        **beside(edition),
        "notebooks": {k: v["sha256"] for k, v in listing(notebooks).items()},
    }
    # The command is told and not compared: the same monitor may be asked for in other words.
    compared = {name: told for name, told in described.items() if name != "command"}
    compared["source_sha256"] = digests.source()
    return described | {"fingerprint": digests.digest(compared)}


def beside(edition: Edition) -> dict[str, str | None]:
    """Digest what pages show that is no part of the edition: the one before it, and the record."""
    record = workspace.root() / RECORD
    return {
        "earlier_sha256": None if edition.earlier is None else edition.earlier.digest,
        "record_sha256": digests.checksum(record) if record.is_file() else None,
    }


def write(site: Path, described: dict) -> None:
    """Put the manifest into a finished site.

    Parameters
    ----------
    site : Path
    described : dict
        What `inputs` gives.
    """
    complete = described | {"output": listing(site)}
    text = json.dumps(complete, indent=1, ensure_ascii=False) + "\n"
    (site / FILE).write_text(text, encoding="utf-8")


def read(site: Path) -> dict | None:
    """Read the manifest of a site.

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
    """
    found = read(site)
    return (
        found is not None
        and found["fingerprint"] == described["fingerprint"]
        and found.get("output") == {n: v for n, v in listing(site).items() if n != FILE}
    )
