"""A digest that only its owner can check: of files that are not public, with a key that stays here.

The sha256 of a small file of counts gives the file away: whoever tries all counts finds it. With a
key of 256 bits in front there is nothing to try. The key stands in the working folder, is never
published and goes to nobody; with it the owner can show years later that a file is the same.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from kansen_analysis.edition import store
from kansen_analysis.errors import UsageError

FOLDER, FILE = ".kansen", "key"  # in the working folder, ignored by git


def folder(shelf: Path) -> Path:
    """Return where what is private to a working folder stands, given the folder of its editions."""
    shelf = Path(shelf).absolute()
    return (shelf.parent if shelf.name == "editions" else shelf) / FOLDER


def key(private: Path) -> bytes:
    """Return the key of a working folder; it is made when there is none.

    Parameters
    ----------
    private : pathlib.Path
        What `folder` returns.

    Raises
    ------
    UsageError
        When the file holds something else.
    """
    path = private / FILE
    with store.locked(private):
        if not path.exists():
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_hex(32) + "\n")
    text = path.read_text(encoding="ascii", errors="replace").strip()
    if len(text) != 64 or set(text) - set("0123456789abcdef"):
        raise UsageError(f"{path} is not a key: 64 hexadecimal digits were expected. Restore it.")
    return bytes.fromhex(text)


def digest(content: str, private: Path) -> str:
    """Return the keyed digest of a text, such as the sha256 of a file."""
    return hmac.new(key(private), content.encode(), hashlib.sha256).hexdigest()
