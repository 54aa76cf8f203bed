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


class Said(StrEnum):
    """What a guard says about a verdict; the values stand in public columns."""

    HOLDS = "houdt stand"
    BLOCKS = "houdt tegen"
    NOT_LOOKED = "niet gekeken"
    NOTED = "valt op"  # for guards that are told and never decide


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
    # onbeslist, because it is not within the margin everywhere
    OUTSIDE_MARGIN = "outside margin"  # margin; versions: whose interval sticks out
    SCHOOLS_DIFFER = "schools differ"  # extra: spread between participants beyond chance
    # onbeslist, whatever the figures say
    NOT_COMPARABLE = "not comparable"  # apart: difference before the start, in pupil SD; limit
    LOOK_NOT_PLANNED = "look not planned"  # look; planned: how many are
    # onbeslist
    CHANCE = "chance"  # detectable: the difference that would be noticed, unit of the goal
    ONLY_CHANCE = "only chance"  # none: where no difference would be large enough to be noticed
    GUARD = "guard"  # none: the goal names what had to hold
    SEVERAL_GOALS = "several goals"  # none
    LOOK = "too early"  # look; planned; limit: largest p value that counts as sure now
    OWN_PATH = "own path"  # level: of the interval of V5 that holds zero, in percent
    LAST_YEAR = "last year"  # level: as OWN_PATH, against the last year before the start
    INTAKE = "intake"  # part: of the effect that other pupils account for, unit of the goal
    ONE_BOARD = "one board"  # none: all participants have one board
    VERSIONS_MISSING = "versions missing"  # missing: their names; versions: how many there are
    VERSIONS_DISAGREE = "versions disagree"  # disagreeing: their names; versions
    # told beside any verdict
    FEW_BOARDS = "few boards"  # boards: of participants
    INTAKE_CHANGED = "intake changed"  # change: points of schoolweging; part
    PUPILS_CHANGED = "pupils changed"  # change: of the number tested, in percent
    REGION_HIGHER = "region higher"  # difference: V1 less V4, unit of the goal
    REGION_LOWER = "region lower"  # difference


# When will we know? `goals.plan` answers with these, `words.plan` says them -----------------------


class Scenario(StrEnum):
    """What the years to come are looked at with."""

    REGISTER = "register"
    MORE_SCHOOLS = "more schools"
    EARLIER = "earlier year"
    EXACT = "exact counts"


class Hurdle(StrEnum):
    """Why nothing can be seen."""

    NO_START = "no start"  # of no school the start is known
    TOO_FEW = "too few schools"
    TOO_SHORT = "too few years"  # before the start
    NOTHING_BESIDE = "nothing beside"  # no schools to compare with


class Need(StrEnum):
    """What is missing."""

    STARTS = "start years"
    MEMBERS = "schools"
    AREA = "schools in the area"
    YEARS = "earlier years"
    COUNTS = "exact counts"
    PLACES = "places in leerjaar 3"
    CARE = "care by school"


class Holder(StrEnum):
    """Who has what is missing."""

    PROGRAMME = "programme"
    SCHOOLS = "schools"
    BOARDS = "boards"
    SECONDARY = "secondary schools"
    PUBLISHERS = "publishers"
    CBS = "cbs"
    MUNICIPALITIES = "municipalities"
    SUPPORT = "samenwerkingsverbanden"
