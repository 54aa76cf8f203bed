"""Every Dutch sentence, number and date that a report shows."""

# Each of these fills `reasons.SENTENCES`.
from kansen_analysis.words import estimates, obstacles, verdicts

__all__ = ["estimates", "obstacles", "verdicts"]
