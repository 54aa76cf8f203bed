"""In Dutch, why something cannot be estimated."""

from __future__ import annotations

from kansen_analysis.estimate.codes import Problem
from kansen_analysis.words.reasons import says_plainly

says_plainly(
    {
        Problem.PANEL: "Met deze scholen en jaren is dat niet te berekenen.",
        Problem.FEW_YEARS: (
            "Er zijn te weinig jaren van vóór de start om toeval per school te meten."
        ),
        Problem.NEVER_BOTH: (
            "Geen enkele school in het register heeft jaren van vóór én ná de start."
        ),
    }
)
