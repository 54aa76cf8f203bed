"""Monitor of Kansen4Kinderen: from published school data to a verdict per goal."""

from kansen_analysis.data import load

__all__ = ["load"]
__version__ = "0.1.0"
