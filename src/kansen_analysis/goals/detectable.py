"""How large must a difference be to be noticed with these schools and years?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from kansen_analysis.estimate.effects import EffectEstimate
from kansen_analysis.estimate.shocks import Shocks


@dataclass(frozen=True)
class DetectableDifference:
    """The smallest true difference that would be noticed with the asked-for chance.

    Attributes
    ----------
    difference : float
        From the shocks measured before the programme, in the unit of the outcome.
    from_std_error : float
        The same from the standard error of the estimate itself.
    power : float
        The chance of noticing it by that version alone; the rule of all versions asks for more.
    shocks : Shocks
        The measured shocks behind it.
    """

    difference: float
    from_std_error: float
    power: float
    shocks: Shocks


def detectable_difference(
    estimate: EffectEstimate, version: str = "V1", *, power: float = 0.8, level: float = 0.95
) -> DetectableDifference:
    """How large must a difference be to be noticed with these schools and years?

    Parameters
    ----------
    estimate : EffectEstimate
        The estimate for this year's participants.
    version : str
        The version that must notice it.
    power : float
        Wanted chance of noticing.
    level : float
        Level of the interval that must leave out zero.

    Returns
    -------
    DetectableDifference

    Examples
    --------
    >>> from kansen_analysis.demo.panels import simulate
    >>> from kansen_analysis.estimate.effects import estimate_effect
    >>> found = detectable_difference(estimate_effect(simulate("S0", seed=1)))
    >>> 0.04 < found.difference < 0.09
    True
    """
    free = estimate.n_schools - 1
    reach = stats.t.ppf(0.5 + level / 2, free) + stats.t.ppf(power, free)
    error, model = (
        float(np.sqrt(table.loc[version, version])) if version in table else float("nan")
        for table in (estimate.joint, estimate.joint_model)
    )
    return DetectableDifference(
        difference=float(reach * model),
        from_std_error=float(reach * error),
        power=power,
        shocks=estimate.shocks,
    )
