"""Monitor of Kansen4Kinderen: from published school data to a verdict per goal."""

__all__ = ["load"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Import pandas and the like when they are asked for: the command starts without them."""
    if name == "load":
        from kansen_analysis.schools.load import load

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
