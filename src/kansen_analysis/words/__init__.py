"""Every Dutch sentence, number and date that a report shows."""

from kansen_analysis.words import obstacles, problems, verdicts  # each fills `reasons.SENTENCES`

__all__ = ["obstacles", "problems", "verdicts"]
