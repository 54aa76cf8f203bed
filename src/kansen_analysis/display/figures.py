"""Every figure of the monitor: a question, a tidy disclosed frame, a picture with its table.

Each function is pure: the same frame and texts give the same bytes. The frame a figure is drawn
from is also its table and its download.
"""

from kansen_analysis.display._composition import (
    coverage,
    ranges,
    right_and_wrong,
    stacked,
    tile_map,
)
from kansen_analysis.display._evidence import (
    SIGNS,
    balance,
    funnel,
    goals_overview,
    histograms,
    ruler,
    specification_curve,
    versions,
)
from kansen_analysis.display._figure import Figure, Texts
from kansen_analysis.display._places import places
from kansen_analysis.display._time import (
    BREAKS,
    ROLES,
    event_study,
    lines,
    school_band,
    small_multiples,
)

__all__ = [
    "BREAKS",
    "ROLES",
    "SIGNS",
    "Figure",
    "Texts",
    "balance",
    "coverage",
    "event_study",
    "funnel",
    "goals_overview",
    "histograms",
    "lines",
    "places",
    "ranges",
    "right_and_wrong",
    "ruler",
    "school_band",
    "small_multiples",
    "specification_curve",
    "stacked",
    "tile_map",
    "versions",
]
