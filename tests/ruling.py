"""Estimates that say what a test of the rule wants them to say."""

from dataclasses import dataclass, replace

from kansen_analysis.estimate.guards import Intake
from kansen_analysis.estimate.inference import Inference


def quiet(estimate):
    """The fields of an estimate whose guards say nothing."""
    return {
        "event": None,
        "intake": Intake.nothing(),
        "neighbours": None,
        "board_clustered": None,
        "baseline": replace(estimate.baseline, difference=0.0, adjusted=0.0),
        "spread": replace(estimate.spread, p_value=1.0),
    }


@dataclass(frozen=True, eq=False)
class Fixed(Inference):
    """An estimate with the bounds and the p value that it is given."""

    half95: float = 1.0
    half90: float = 1.0
    p: float = 0.001

    def interval(self, level=0.95):
        """Bounds at 95%, and those at 90% for every lower level."""
        half = self.half95 if level >= 0.95 else self.half90
        return self.effect - half, self.effect + half

    def p_value(self):
        """The p value as given."""
        return self.p
