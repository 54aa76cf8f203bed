"""Published data sets: one folder each, in which the layouts are written down as data."""

from kansen_analysis.sources.folder import DataFolder, FileRead, Why
from kansen_analysis.sources.spec import Layout, Source, feeding, get, names

__all__ = ["DataFolder", "FileRead", "Layout", "Source", "Why", "feeding", "get", "names"]
