"""What a page is drawn for: a site that is being published, or a notebook by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Publication:
    """What is around a page.

    Parameters
    ----------
    files : pathlib.Path, optional
        Where figures and downloads are written; without it they are put into the page, so that a
        stored notebook is complete by itself.
    address : str
        How the page reaches those files.
    generated : bool
        Whether there is a page for every school and every municipality to link to.
    """

    files: Path | None = None
    address: str = "files"
    generated: bool = False


_CURRENT = [Publication()]


def current() -> Publication:
    """Return what the page that is being drawn is for."""
    return _CURRENT[-1]


@contextmanager
def drawn_for(publication: Publication) -> Iterator[None]:
    """Draw pages for a publication.

    Examples
    --------
    >>> with drawn_for(Publication(generated=True)):
    ...     current().generated
    True
    >>> current().generated
    False
    """
    _CURRENT.append(publication)
    try:
        yield
    finally:
        _CURRENT.pop()
