"""Every Dutch sentence, number and date that a report shows."""

# Each of these fills `reasons.SENTENCES`.
from kansen_analysis.words import estimates, obstacles, problems, verdicts

__all__ = ["estimates", "obstacles", "problems", "verdicts"]
