"""What stands beside the figures: activities, goals, hours and money, stories and lessons."""

from kansen_analysis.programme.checks import check_programme
from kansen_analysis.programme.edition import new_edition
from kansen_analysis.programme.progress import states
from kansen_analysis.programme.reading import Programme, read_programme
from kansen_analysis.programme.stories import Consent, Story

__all__ = [
    "Consent",
    "Programme",
    "Story",
    "check_programme",
    "new_edition",
    "read_programme",
    "states",
]
