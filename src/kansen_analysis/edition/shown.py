"""An estimate that rests on supplied counts, as far as its error carries it and no further.

The estimate itself holds hundreds of redraws and cells of single starts: enough equations to work
the counts out again. What pages show are a few figures; they are kept, rounded, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kansen_analysis.edition.disclosure.supplied import Limits, decimals
from kansen_analysis.errors import Reason
from kansen_analysis.estimate.effects import EffectEstimate
from kansen_analysis.estimate.shares import ShareEffect

CHANCE = 3  # decimals of a p value


@dataclass(frozen=True)
class ShownEvent:
    """The years around the start; see `kansen_analysis.estimate.event.EventStudy`."""

    table: pd.DataFrame
    p_value: float
    largest: float
    effect_minus_largest: float


@dataclass(frozen=True, eq=False)
class ShownEstimate:
    """What may be shown of an `EffectEstimate`, under the same names."""

    decides: str
    decision: pd.DataFrame
    std_error: float
    event: ShownEvent | None
    board_clustered: pd.Series | None
    n_schools: int
    n_treated: int
    method: str
    notes: tuple[Reason, ...]

    @property
    def effect(self) -> float:
        """The figure of the deciding version."""
        return float(self.decision["effect"].loc[self.decides])

    @property
    def ci_low(self) -> float:
        """Lower end of its 95% interval."""
        return float(self.decision["ci_low"].loc[self.decides])

    @property
    def ci_high(self) -> float:
        """Upper end."""
        return float(self.decision["ci_high"].loc[self.decides])

    @property
    def p_value(self) -> float:
        """Its p value."""
        return float(self.decision["p_value"].loc[self.decides])


def _figures(row: pd.Series, places: int) -> pd.Series:
    """Round the figures of one estimate."""
    figures = rounded(row.to_frame().T, places).iloc[0]
    figures.name = row.name
    return figures


def shown(estimate: EffectEstimate, limits: Limits) -> ShownEstimate:
    """Keep what pages show, to the precision of its standard error.

    Parameters
    ----------
    estimate : EffectEstimate
    limits : Limits
        Years around the start with fewer participants are left out.
    """
    places = decimals(estimate.std_error)
    event, board = estimate.event, estimate.board_clustered
    if event is not None:
        table = event.table[event.table["n"] >= limits.schools]
        event = ShownEvent(
            rounded(table, places),
            round(event.p_value, CHANCE),
            round(event.largest, places),
            round(event.effect_minus_largest, places),
        )
    return ShownEstimate(
        estimate.decides,
        rounded(estimate.decision, places),
        round(estimate.std_error, places),
        event,
        None if board is None else _figures(board, places),
        estimate.n_schools,
        estimate.n_treated,
        estimate.method,
        estimate.notes,
    )


def shown_share(check: ShareEffect) -> ShareEffect:
    """Return the check on the counts themselves, rounded and without the share it rests on."""
    places = decimals(check.std_error)
    figures = {n: round(getattr(check, n), places) for n in ("effect", "std_error")}
    ends = {n: round(getattr(check, n), places) for n in ("ci_low", "ci_high")}
    linear = _figures(check.linear, places)
    return ShareEffect(
        **figures,
        **ends,
        p_value=round(check.p_value, CHANCE),
        linear=linear,
        share=float("nan"),
        n_schools=check.n_schools,
        n_treated=check.n_treated,
        notes=check.notes,
    )


def rounded_verdicts(table: pd.DataFrame, errors: Mapping[int, float]) -> pd.DataFrame:
    """Round the verdict on each goal to the standard error of its estimate."""
    out = table.copy()
    figures = table.columns[[kind.kind == "f" or kind == np.dtype(object) for kind in table.dtypes]]
    for goal, error in errors.items():
        at = out["goal"] == goal
        out.loc[at, figures] = rounded(out.loc[at, figures], decimals(error))
    return out


def rounded(table: pd.DataFrame, places: int) -> pd.DataFrame:
    """Round every figure of a table; p values to thousandths.

    Examples
    --------
    >>> rounded(pd.DataFrame({"effect": [1.2345], "p_value": [0.0123], "n": [4]}), 1)
       effect  p_value  n
    0     1.2    0.012  4
    """
    out = table.copy()
    for name in out.columns[[dtype.kind == "f" for dtype in out.dtypes]]:
        # Adding zero makes of a rounded -0.0 a plain 0.
        out[name] = out[name].round(CHANCE if str(name).startswith("p_") else places) + 0.0
    for name in out.columns[[dtype.kind == "O" for dtype in out.dtypes]]:
        digits = CHANCE if str(name).startswith("p_") else places
        out[name] = [round(v, digits) if isinstance(v, float) else v for v in out[name]]
    return out
