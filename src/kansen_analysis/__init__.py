"""Monitor of a school programme: from published school data to a verdict per goal."""

from importlib import import_module
from typing import Any

__all__ = [
    "build",
    "compare_schools",
    "estimate_effect",
    "judge_panel",
    "load",
    "open_edition",
    "power",
    "show",
]
__version__ = "0.1.0"

_ROOMS = {
    "build": "edition.build",
    "compare_schools": "desk.analysis",
    "estimate_effect": "desk.analysis",
    "judge_panel": "goals.one_panel",
    "load": "schools.load",
    "open_edition": "edition.open",
    "power": "desk.analysis",
    "show": "desk.show",
}


def __getattr__(name: str) -> Any:
    """Import pandas and the like when they are asked for: the command starts without them."""
    if name in _ROOMS:
        return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
