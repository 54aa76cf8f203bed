"""Why something cannot be estimated; `words.problems` says it."""

from __future__ import annotations

from kansen_analysis.errors import Code


class Problem(Code):
    """What a panel lacks."""

    PANEL = "panel"  # no more than that: the message of the error, in English, says what to mend
    FEW_YEARS = "few years"  # before the start, to measure chance per school
    NEVER_BOTH = "never both"  # no participant has years both before and after its start
