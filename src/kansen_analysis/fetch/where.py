"""Read ``where.yml``: which source is published where, and what to fetch of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urljoin

import yaml

from kansen_analysis.errors import UsageError
from kansen_analysis.sources import schoolyear


@dataclass(frozen=True)
class Item:
    """One file to fetch.

    Parameters
    ----------
    source : str
        Name of the source.
    name : str
        Name under which the file is stored.
    url : str
        Where it is; for a table of StatLine the address of the table.
    years : tuple of int
        First years of the school years in it, as far as the publisher tells before it is read.
    landing_page : str
        Where a person finds it.
    size, digest : optional
        Number of bytes and checksum (hexadecimal md5, sha1 or sha256) the publisher gives.
    table : bool
        Whether it is a table of StatLine and not a file.
    data_set : str
        The data set whose header the file must have; "" when `kansen check` is to say.
    """

    source: str
    name: str
    url: str
    years: tuple[int, ...] = ()
    landing_page: str = ""
    size: int | None = None
    digest: str = ""
    table: bool = False
    data_set: str = ""


@dataclass(frozen=True)
class Way:
    """One way to get (a part of) a source, a block of ``where.yml``."""

    source: str
    kind: str
    rules: dict

    @property
    def landing_page(self) -> str:
        """Where a person looks for the files of this way."""
        return self.rules.get("landing_page") or self.rules.get("page", "")

    @property
    def asked(self) -> list[str]:
        """Addresses that are asked on this way, as far as they are known before."""
        base = self.rules.get("base", "")
        files = [urljoin(base, file) for file in self.rules.get("files", {}).values()]
        return [self.rules[key] for key in ("page", "api", "feed") if key in self.rules] + files

    @property
    def name(self) -> str:
        """Name to ask for this way: ``eindscores`` or ``eindscores@ckan``."""
        return self.source + (f"@{self.rules['ask']}" if "ask" in self.rules else "")


def span(text: str) -> tuple[int, ...]:
    """Read the school years of a file: none, one or a range.

    Examples
    --------
    >>> span("2022-2023..2024-2025"), span("2018-2019"), span("")
    ((2022, 2023, 2024), (2018,), ())
    """
    if not text:
        return ()
    first, _, last = text.partition("..")
    return tuple(range(schoolyear.parse(first), schoolyear.parse(last or first) + 1))


@cache
def _known() -> list[Way]:
    known = yaml.safe_load(Path(__file__).with_name("where.yml").read_text(encoding="utf-8"))
    defaults = known.pop("defaults")
    return [
        Way(source, block["kind"], defaults[block["kind"]] | block)
        for source, blocks in known.items()
        for block in blocks
    ]


def ways(sources: list[str] | None = None) -> list[Way]:
    """Return the ways to fetch some sources, or all.

    Parameters
    ----------
    sources : list of str, optional
        Names of sources; ``source@ckan`` takes a way that is taken only when asked for.

    Raises
    ------
    UsageError
        For a name that is not known.

    Examples
    --------
    >>> [way.kind for way in ways(["heroverweging"])]
    ['ckan']
    >>> [way.name for way in ways(["eindscores@ckan"])]
    ['eindscores@ckan']
    """
    known = _known()
    if sources is None:
        return [way for way in known if "ask" not in way.rules]
    names = list(dict.fromkeys(way.name for way in known))
    for name in sources:
        if name not in names:
            raise UsageError(f"There is no source {name!r} to fetch; known: {', '.join(names)}.")
    return [way for way in known if way.name in sources]
