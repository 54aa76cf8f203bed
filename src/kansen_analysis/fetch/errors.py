"""What can go wrong between a publisher and the data folder."""

from __future__ import annotations

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


class FetchErrors(DataErrors):
    """All that went wrong in one run of fetch; whatever was whole has been stored."""

    def __str__(self) -> str:
        lines = super().__str__().splitlines()
        count = len(self.findings)
        return "\n".join([f"{count} download{'s' if count != 1 else ''} failed:", *lines[1:]])
