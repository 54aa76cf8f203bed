"""What the rule can answer: verdicts, and why; `words.verdicts` says them in Dutch.

A code is declared here and gets its sentence there; a test holds the two together.
"""

from __future__ import annotations

from enum import StrEnum

from kansen_analysis.errors import Code


class Verdict(StrEnum):
    """The verdict on a goal; the values are the field's own words and stand in public columns."""

    BETTER = "beter"
    WORSE = "slechter"
    SAME = "geen verschil dat ertoe doet"
    OPEN = "onbeslist"
    UNTESTABLE = "niet toetsbaar"


class Why(Code):
    """Why a verdict is what it is; behind each code the numbers that go with it."""

    # niet toetsbaar
    NO_DATA = "no data"  # none: the protocol says what is missing
    FEW_PARTICIPANTS = "few participants"  # participants, needed
    NO_DECIDING_VERSION = "no deciding version"  # none
    # beter, slechter
    ALL_AGREE = "all agree"  # versions: how many there are
    BUT_SMALL = "but small"  # margin: the smallest difference that matters, unit of the goal
    # geen verschil dat ertoe doet
    WITHIN_MARGIN = "within margin"  # margin
    # onbeslist
    CHANCE = "chance"  # detectable: the difference that would be noticed, unit of the goal
    GUARD = "guard"  # none: the goal names what had to hold
    SEVERAL_GOALS = "several goals"  # none
    VERSIONS_MISSING = "versions missing"  # missing: their names; versions: how many there are
    VERSIONS_DISAGREE = "versions disagree"  # disagreeing: their names; versions
