"""Which protocols were released, and where another one differs from them.

Each release stands in ``released/`` as it was, so that a protocol cannot pass for one that it is
not: `differences` compares every key. A release is written once, by ``python -m
kansen_analysis.goals.released``, and never changed.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from kansen_analysis.errors import ProtocolError
from kansen_analysis.goals.protocol import Protocol, load_protocol

FOLDER = Path(__file__).with_name("released")


@dataclass(frozen=True)
class Difference:
    """One key in which a protocol is not the released one.

    Attributes
    ----------
    key : str
        Such as ``goals.1.outcome.decides``, with the number of the goal.
    released, here : object
        What stands there, and here; None when the key is absent.
    """

    key: str
    released: object
    here: object


def content(protocol: Protocol) -> dict:
    """Return what a protocol says, as JSON holds it."""
    return TypeAdapter(Protocol).dump_python(protocol, mode="json")


def digest(protocol: Protocol) -> str:
    """Return the sha256 of what a protocol says: not of its comments, quotes or line ends.

    Examples
    --------
    >>> digest(load_protocol()) == digest(load_protocol())
    True
    """
    text = json.dumps(content(protocol), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def releases() -> tuple[str, ...]:
    """Return the versions that were released, the oldest first."""
    numbers = [tuple(map(int, path.stem.split("."))) for path in FOLDER.glob("*.json")]
    return tuple(".".join(map(str, each)) for each in sorted(numbers))


def release_beside(protocol: Protocol) -> str:
    """Return the release a protocol is compared with: that of its version, else the last one."""
    known = releases()
    return protocol.version if protocol.version in known else known[-1]


def differences(protocol: Protocol) -> tuple[Difference, ...]:
    """Return every key in which a protocol differs from `release_beside`, in the order of the file.

    Examples
    --------
    >>> differences(load_protocol())
    ()
    """
    version = release_beside(protocol)
    there = _flat(json.loads((FOLDER / f"{version}.json").read_text(encoding="utf-8")))
    here = _flat(content(protocol))
    return tuple(
        Difference(key, there.get(key), here.get(key))
        for key in dict.fromkeys([*there, *here])
        if there.get(key) != here.get(key)
    )


def _flat(value: object) -> dict[str, object]:
    return dict(_leaves(value, ""))


def _leaves(value: object, place: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _leaves(each, f"{place}.{key}" if place else key)
    elif isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
        for at, each in enumerate(value):
            yield from _leaves(each, f"{place}.{each.get('id', at + 1)}")
    elif value not in (None, []):  # an empty list of parts is no part
        yield place, value


def release() -> Path:
    """Write the package's own protocol down as released.

    Raises
    ------
    ProtocolError
        When its version was released before.
    """
    protocol = load_protocol()
    path = FOLDER / f"{protocol.version}.json"
    if path.exists():
        raise ProtocolError(
            f"{path.name} is there: version {protocol.version} was released. Give goals.yml "
            "another version, with a line under changes."
        )
    text = json.dumps(content(protocol), ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    sys.stdout.write(f"{release().name}\n")
