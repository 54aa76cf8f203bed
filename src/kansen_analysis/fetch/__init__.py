"""Fetch the published files from their publishers into a data folder."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from kansen_analysis.errors import (
    FileFormatError,
    Finding,
    LayoutError,
    MissingFileError,
    UsageError,
)
from kansen_analysis.fetch import publishers
from kansen_analysis.fetch.client import Client, Patience
from kansen_analysis.fetch.content import verify
from kansen_analysis.fetch.errors import (
    FetchError,
    FetchErrors,
    NotThereError,
    UnreachableError,
    downloads,
    once_per_host,
)
from kansen_analysis.fetch.store import Store
from kansen_analysis.fetch.where import Item, ways
from kansen_analysis.programme.workspace import is_demo
from kansen_analysis.sources import schoolyear

__all__ = [
    "FetchError",
    "FetchErrors",
    "FetchReport",
    "NotThereError",
    "Patience",
    "UnreachableError",
    "fetch",
]

WORKERS = 6  # files at a time, of which at most two from one host


@dataclass
class FetchReport:
    """What came of one run.

    Parameters
    ----------
    folder : pathlib.Path
        The data folder.
    new, unchanged : list of str
        Files stored, and files that were there already.
    changed : dict of str to str
        File in use -> the publisher's newer version, kept beside it in ``changed/``.
    by_hand : list of str
        What cannot be fetched, and where to find it.
    notes : list of str
        What the user did to the folder since the last run.
    findings : list of Finding
        What went wrong.
    """

    folder: Path
    new: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    changed: dict[str, str] = field(default_factory=dict)
    by_hand: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def raise_findings(self) -> None:
        """Raise `FetchErrors` when anything went wrong."""
        if self.findings:
            raise FetchErrors(self.findings)

    def __str__(self) -> str:
        lines = [
            f"{len(self.new)} new, {len(self.unchanged)} unchanged, {len(self.changed)} changed "
            f"at the publisher, {downloads(self.findings)} failed."
        ]
        lines += [f"Note: {note}" for note in self.notes]
        lines += [
            f"Changed at the publisher: {name}. The older one stays in use; to use the newer, "
            f"move {newer} over it."
            for name, newer in sorted(self.changed.items())
        ]
        return "\n".join(lines + [f"By hand: {words}" for words in self.by_hand])


def fetch(
    folder: Path | str,
    sources: Iterable[str] | None = None,
    school_years: Iterable[int | str] | None = None,
    progress: Callable[[str, int, int | None], None] | None = None,
    base_urls: Mapping[str, str] | None = None,
    *,
    patience: Patience | None = None,
) -> FetchReport:
    """Fetch published files into a folder.

    A file enters the folder whole or not at all; the manifest beside it says where it came from.
    A file that the folder has is asked for only if it changed, and is never replaced.

    Parameters
    ----------
    folder : pathlib.Path or str
        The data folder, such as ``data/raw``; made when it is not there.
    sources : iterable of str, optional
        Names of sources, or ``source@ckan`` for another way to the same source; else all.
    school_years : iterable of int or str, optional
        First years, or ``"2024-2025"``; else all. Files that hold all years are always fetched.
    progress : callable, optional
        Called from several threads with a file's name, the bytes received and, when the publisher
        tells, the bytes expected.
    base_urls : mapping of str to str, optional
        Addresses to use in place of the published ones, for a mirror or a test.
    patience : Patience, optional
        How long to try.

    Returns
    -------
    FetchReport
        Includes what went wrong; one failed file does not keep others from being stored.

    Raises
    ------
    UsageError
        For a source or school year that is not known, a folder of invented data, or a folder in
        which another fetch is at work.
    FileFormatError
        When the folder's manifest cannot be read.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> report = fetch(mkdtemp(), ["leerresultaten"])  # published without a lasting address
    >>> print(report)
    0 new, 0 unchanged, 0 changed at the publisher, 0 failed.
    By hand: leerresultaten primair onderwijs, the .ods with three school years, for ...
    """
    folder = Path(folder)
    wanted = ways(None if sources is None else list(sources))
    years = {y if isinstance(y, int) else schoolyear.parse(y) for y in school_years or ()}
    if is_demo(folder):
        raise UsageError(f"{folder} holds invented schools; fetch published files elsewhere.")
    store, client = Store(folder), Client(base_urls, patience)
    tell = progress or (lambda name, done, total: None)
    asked = [url for way in wanted for url in way.asked]
    with store.alone(), contextlib.closing(client):
        report = FetchReport(folder, notes=store.notes)
        hosts = ", ".join(sorted({urlsplit(url).hostname or url for url in asked}))
        if asked:
            tell(hosts, 0, None)
            client.knock(asked)
            tell(hosts, 0, 0)
        failures: list[tuple[Finding, str]] = []
        with ThreadPoolExecutor(WORKERS) as pool:
            try:
                found = list(pool.map(lambda way: publishers.find(way, client), wanted))
                items = _choose(found, years, report, failures)
                done = pool.map(lambda item: _one(item, store, client, tell), items)
                for item, (outcome, name, finding) in zip(items, done, strict=True):
                    if finding:
                        failures.append((finding, item.landing_page))
                    elif outcome == "changed":
                        report.changed[item.name] = name
                    else:
                        getattr(report, outcome).append(name)
            except BaseException:  # an interrupt, most likely: end the transfers too
                client.stop.set()
                pool.shutdown(cancel_futures=True)
                raise
        report.findings = once_per_host(failures)
    return report


def _choose(
    found: list[publishers.Offer],
    years: set[int],
    report: FetchReport,
    failures: list[tuple[Finding, str]],
) -> list[Item]:
    """Choose the files of the school years asked for; say what is to be done by hand."""
    items: dict[str, Item] = {}
    answered: set[str] = set()
    for one in found:
        way = one.way
        failures += [(finding, way.landing_page) for finding in one.findings]
        if one.findings:
            answered.add(way.source)
        if way.kind == "hand" and _of(years, way.rules.get("years", ())):
            answered.add(way.source)
            what, use = way.rules["what"], way.rules["use"]
            report.by_hand.append(f"{what}, for {use}: see {way.landing_page}")
        for item in one.items:
            if not years or not item.years or years & set(item.years):
                answered.add(way.source)
                items.setdefault(item.name, item)
    for way in {one.way.source: one.way for one in found}.values():
        if way.source not in answered:
            labels = ", ".join(map(schoolyear.label, sorted(years)))
            missing = MissingFileError(
                way.source,
                f"no address of a file of {labels}",
                "one in where.yml",
                f"look on {way.landing_page} and download it by hand",
            )
            failures.append((missing, way.landing_page))
    return list(items.values())


def _of(years: set[int], labels: Iterable[str]) -> bool:
    """Tell whether what is described by some school years can be of the years asked for."""
    known = {schoolyear.parse(label) for label in labels}
    return not years or not known or bool(years & known)


def _one(
    item: Item, store: Store, client: Client, progress: Callable[[str, int, int | None], None]
) -> tuple[str, str, Finding | None]:
    """Fetch one file: outcome and name, or a finding."""
    part, known = store.part(item.name), store.known(item)
    try:
        again = not item.table and part.resume_at() > 0
        while True:
            if not _receive(item, part, known, client, progress):
                part.discard()
                waiting = store.waiting(item)
                return ("changed", waiting, None) if waiting else ("unchanged", item.name, None)
            try:
                verify(item, part)
                return *store.keep(item, part), None
            except (FileFormatError, LayoutError):
                part.discard()
                if not again:
                    raise
                again = False  # an old beginning may have been to blame: once more, from zero
    except Finding as finding:
        return "", item.name, finding
    except OSError as error:
        words = f"{error.strerror or error} on this machine"
        return "", item.name, FetchError(item.name, words, "room to write", "see to the disk")


def _receive(item, part, known, client, progress) -> bool:
    def tell(done: int, total: int | None) -> None:
        progress(item.name, done, total)

    if item.table:
        return publishers.write_table(item, client, part, known, tell)
    return client.download(item.name, item.url, part, known, tell)
