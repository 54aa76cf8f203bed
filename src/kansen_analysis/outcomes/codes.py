"""Why an outcome cannot be tested, or not with all participants; `words.obstacles` says it."""

from __future__ import annotations

from kansen_analysis.errors import Code


class Obstacle(Code):
    """What stands in the way of a test; behind each code the numbers that go with it."""

    PARTICIPANTS = "participants"  # schools: in the register
    NOBODY = "nobody"  # none: the register names no school yet
    START_UNKNOWN = "start unknown"  # schools: without a known start; participants
    LATE_START = "late start"  # schools, start (first year), needed: school years before it
    ONLY_LATER = "only later"  # first: the first year there is; needed
    NOTHING_BESIDE = "nothing beside"  # none: only participants have the outcome
    NO_EXACT_YEARS = "no exact years"  # none: no year shows how much is hidden in the others
    FEW_SUPPLIED = "few supplied"  # schools, others: that supplied figures; needed: of each
    NO_ESTIMATE = "no estimate"  # none: more unknowns than figures
    HIDDEN_DECIDES = "hidden decides"  # hidden: school-years with hidden counts; rows: of all
