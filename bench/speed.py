"""How long the method takes, in processor seconds: other work on the machine does not count."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median

import numpy as np

from kansen_analysis.demo.panels import simulate
from kansen_analysis.estimate.etwfe import fit
from kansen_analysis.estimate.panel import to_data
from kansen_analysis.estimate.randomisation import randomise
from kansen_analysis.estimate.shocks import estimate_shocks

FITS = {300: 0.1, 1000: 0.2, 6500: 1.0}  # schools: most seconds for one fit
DRAWS, DRAWS_LIMIT = 999, 15.0
REPEATS = 5


def _seconds(work: Callable[[], object], repeats: int) -> float:
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return float(median(taken))


def measure(repeats: int = REPEATS) -> dict[str, tuple[float, float, int]]:
    """Time one fit, and the redraws of start years.

    Returns
    -------
    dict
        Per figure: seconds (median), most it may be, times measured.
    """
    found = {}
    for schools, limit in FITS.items():
        data, _ = to_data(simulate("S0", seed=1, schools=schools))
        shocks = estimate_shocks(data, int(np.nanmin(data.cohort)))
        data = replace(data, weight=data.n / (data.n + shocks.k))
        fitted = fit(data)  # the first one loads what others find in memory
        found[f"seconds_fit_{schools}"] = (_seconds(lambda d=data: fit(d), repeats), limit, repeats)
        if schools == min(FITS):
            taken = _seconds(lambda f=fitted: randomise(f, DRAWS, seed=1), repeats)
            found[f"seconds_draws_{DRAWS}"] = (taken, DRAWS_LIMIT, repeats)
    return found
