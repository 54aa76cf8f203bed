"""Jupyter Lab on an edition: what to start, and what it is told."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

from kansen_analysis.edition.open import OPENS
from kansen_analysis.errors import UsageError

MISSING = (
    "Jupyter Lab is not installed here. Install it with: "
    'python -m pip install "kansen-analysis[lab]" (in this repository: make lab).'
)


def command(root: Path) -> list[str]:
    """Return the command that starts Jupyter Lab at the notebooks of a working folder.

    Parameters
    ----------
    root : pathlib.Path
        The working folder.

    Raises
    ------
    UsageError
        When Jupyter Lab is not installed; says in one line what to install.
    """
    if find_spec("jupyterlab") is None:
        raise UsageError(MISSING)
    places = (root / "notebooks" / "analyse", root / "notebooks", root)
    return [sys.executable, "-m", "jupyterlab", str(next(p for p in places if p.is_dir()))]


def environment(edition: Path) -> dict[str, str]:
    """Return the environment in which notebooks open an edition."""
    return os.environ | {OPENS: str(edition.absolute())}
