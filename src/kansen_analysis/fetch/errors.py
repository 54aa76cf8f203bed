"""What can go wrong between a publisher and the data folder."""

from __future__ import annotations

from collections.abc import Iterable

from kansen_analysis.errors import DataErrors, Finding


class FetchError(Finding):
    """A file could not be fetched: the publisher did not answer, or answered with something else.

    Examples
    --------
    >>> print(FetchError("a.csv", "status 404", "the file", "look on the landing page"))
    a.csv: found status 404, expected the file; look on the landing page
    """

    kind = "fetch"


class NotThereError(FetchError):
    """The publisher has nothing at this address."""


class UnreachableError(FetchError):
    """There is no connection with a publisher; told once, for all that was asked of it.

    Parameters
    ----------
    host : str
        The publisher's host.
    found : str
        What the matter is.
    count : int
        Downloads that failed by it.
    pages : iterable of str
        Where a person finds these files.
    """

    def __init__(self, host: str, found: str, count: int = 1, pages: Iterable[str] = ()):
        self.count, self.why = count, found
        by_hand = f", or download by hand: {', '.join(pages)}" if pages else ""
        super().__init__(
            host,
            found if count == 1 else f"{found} ({count} downloads)",
            "an answer",
            f"see to the connection and run the same command again{by_hand}",
        )


def once_per_host(failures: Iterable[tuple[Finding, str]]) -> list[Finding]:
    """Tell a publisher that cannot be reached once, and not for each of its files.

    Parameters
    ----------
    failures : iterable of (Finding, str)
        What went wrong, with the page where a person finds the file.

    Examples
    --------
    >>> gone = [(UnreachableError("duo.nl", "no network"), "https://duo.nl/")] * 2
    >>> print(*once_per_host(gone))
    duo.nl: found no network (2 downloads), expected an answer; see to the connection and ...
    """
    told: dict[object, list[tuple[Finding, str]]] = {}
    for finding, page in failures:
        key = finding.file if isinstance(finding, UnreachableError) else id(finding)
        told.setdefault(key, []).append((finding, page))
    findings = []
    for same in told.values():
        first = same[0][0]
        if isinstance(first, UnreachableError):
            pages = dict.fromkeys(page for _, page in same)
            first = UnreachableError(first.file, first.why, len(same), pages)
        findings.append(first)
    return findings


class FetchErrors(DataErrors):
    """All that went wrong in one run of fetch; whatever was whole has been stored."""

    def __str__(self) -> str:
        lines = super().__str__().splitlines()
        count = downloads(self.findings)
        return "\n".join([f"{count} download{'s' if count != 1 else ''} failed:", *lines[1:]])


def downloads(findings: Iterable[Finding]) -> int:
    """Count the downloads that failed by what is told."""
    return sum(getattr(finding, "count", 1) for finding in findings)
