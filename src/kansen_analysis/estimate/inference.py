"""How sure an estimate is, by every way of measuring it that applies: the widest counts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from scipy import stats

from kansen_analysis.estimate.etwfe import Fit
from kansen_analysis.estimate.randomisation import Randomisation, randomise
from kansen_analysis.outcomes.fixed import FEW

CLUSTER, BOARD, DRAWN = "cluster", "board", "randomisation"


@dataclass(frozen=True, eq=False)
class Inference:
    """An estimate with everything that says how sure it is.

    Attributes
    ----------
    effect, error : float
        The estimate and its standard error, clustered by school.
    free : float
        Degrees of freedom: schools less one.
    drawn : Randomisation or None
        Redrawn start years; they take the place of the errors per school.
    board_error : float
        Standard error clustered by board; NaN where it is not asked, or there are no boards.
    board_free : float
        Boards of participants less one.
    inward, outward : float
        What a bound is multiplied by on the side of zero, and on the other: how much of a true
        difference is seen may depend on where it is (`attenuation.corrected`). Neither moves a
        bound over zero, so the p value stays.
    """

    effect: float
    error: float
    free: float
    drawn: Randomisation | None = None
    board_error: float = float("nan")
    board_free: float = 0.0
    inward: float = 1.0
    outward: float = 1.0
    _known: dict[float, tuple[float, float]] = field(default_factory=dict, init=False, repr=False)

    def _by_board(self) -> bool:
        return self.board_free >= 1 and np.isfinite(self.board_error)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the interval that holds all that one of the ways of measuring leaves possible."""
        if level not in self._known:
            self._known[level] = self._interval(level)
        return self._known[level]

    def _interval(self, level: float) -> tuple[float, float]:
        if not np.isfinite(self.effect):
            return float("nan"), float("nan")
        if self.drawn is None:
            reach = stats.t.ppf(0.5 + level / 2, self.free) * self.error
            low, high = self.effect - reach, self.effect + reach
        else:
            low, high = self.drawn.interval(level)
        if self._by_board():
            reach = stats.t.ppf(0.5 + level / 2, self.board_free) * self.board_error
            low, high = min(low, self.effect - reach), max(high, self.effect + reach)
        low *= self.outward if low < 0 else self.inward
        high *= self.outward if high > 0 else self.inward
        return float(low), float(high)

    def p_value(self) -> float:
        """Return the largest p value of those ways."""
        if not np.isfinite(self.effect):
            return float("nan")
        if self.drawn is None:
            p_value = 2 * stats.t.sf(abs(self.effect) / self.error, self.free)
        else:
            p_value = self.drawn.p_value()
        if self._by_board():
            board = 2 * stats.t.sf(abs(self.effect) / self.board_error, self.board_free)
            p_value = max(p_value, board)
        return float(p_value)

    def by_school(self) -> Inference:
        """Return the same without boards."""
        return replace(self, board_error=float("nan"))

    @property
    def method(self) -> str:
        """Name the way of measuring that gives the wider 95% interval."""
        if self._by_board() and self.interval() != self.by_school().interval():
            return BOARD
        return CLUSTER if self.drawn is None else DRAWN

    def rescaled(self, factor: float) -> Inference:
        """Return the same in another unit."""
        return replace(
            self,
            effect=self.effect * factor,
            error=self.error * factor,
            board_error=self.board_error * factor,
            drawn=self.drawn and self.drawn.rescaled(factor),
        )

    def __repr__(self) -> str:
        """Show the figures, the same on every machine."""
        low, high = self.interval()
        return (
            f"Inference(effect={self.effect:.4g}, ci={low:.4g} to {high:.4g}, "
            f"p={self.p_value():.3f}, {self.method})"
        )


MISSING = Inference(float("nan"), float("nan"), float("nan"))


def infer(fit: Fit, *, boards: bool = False, draws: int = 0, seed: int = 1) -> Inference:
    """Say how sure the effect of a fit is.

    Parameters
    ----------
    fit : Fit
        A fitted version.
    boards : bool
        Take boards as clusters as well.
    draws : int
        Redraws of start years, where participants or comparison schools are few.
    seed : int
        Of the redraws.
    """
    figures = fit.total
    board_error, board_free = float("nan"), 0.0
    if boards and fit.data.board is not None:
        board_error = fit.board_error()
        board_free = float(fit.n_boards - 1)
    few = min(fit.n_treated, fit.n_others) < FEW
    return Inference(
        effect=float(figures["effect"]),
        error=float(figures["std_error"]),
        free=float(fit.n_schools - 1),
        drawn=randomise(fit, draws, seed) if few and draws else None,
        board_error=board_error,
        board_free=board_free,
    )
