"""How long the method takes, in processor seconds: other work on the machine does not count."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median

import numpy as np
import pandas as pd

from bench import peers
from kansen_analysis.demo.panels import simulate
from kansen_analysis.estimate.components import variance_components
from kansen_analysis.estimate.effects import estimate_effect
from kansen_analysis.estimate.etwfe import fit
from kansen_analysis.estimate.panel import to_data
from kansen_analysis.estimate.randomisation import randomise

FITS = {300: 0.1, 1000: 0.2, 6500: 1.0}  # schools: most seconds for one fit
ESTIMATES = {300: 0.12, 1000: 0.28, 6500: 2.0}  # and for everything: a machine with nothing else
DRAWS, DRAWS_LIMIT = 999, 15.0
REPEATS = 5


def _seconds(work: Callable[[], object], repeats: int) -> float:
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return float(median(taken))


def _others(panel: pd.DataFrame) -> dict[str, Callable[[], object]]:
    """One estimate by other people's packages, as far as they are installed."""
    found: dict[str, Callable[[], object]] = {}
    if importlib.util.find_spec("diff_diff"):
        import diff_diff

        rows = pd.DataFrame(
            {
                "id": pd.factorize(panel["school"])[0],
                "year": panel["year"].to_numpy(),
                "value": panel["value"].to_numpy(),
                "first": panel["cohort"].fillna(0).astype(int).to_numpy(),
            }
        )
        found["diff_diff"] = lambda: diff_diff.WooldridgeDiD(method="ols").fit(
            rows, "value", "id", "year", first_treat="first"
        )
    if "pyfixest" not in peers.missing():
        found["did2s"] = lambda: peers.did2s(panel)
    for work in found.values():
        work()  # the first call compiles
    return found


def measure(repeats: int = REPEATS) -> dict[str, tuple[float, float | None, int]]:
    """Time one fit, and the redraws of start years.

    Returns
    -------
    dict
        Per figure: seconds (median), most it may be, times measured.
    """
    found = {}
    for schools, limit in FITS.items():
        panel = simulate("S0", seed=1, schools=schools)
        data, _ = to_data(panel)
        components = variance_components(data, int(np.nanmin(data.cohort)))
        whole = _seconds(lambda p=panel: estimate_effect(p), repeats)
        found[f"seconds_estimate_{schools}"] = (whole, ESTIMATES[schools], repeats)
        for name, work in _others(panel).items():
            found[f"seconds_{name}_{schools}"] = (_seconds(work, 1), None, 1)
        data = replace(data, weight=data.n / (data.n + components.k))
        fitted = fit(data)  # the first one loads what others find in memory
        found[f"seconds_fit_{schools}"] = (_seconds(lambda d=data: fit(d), repeats), limit, repeats)
        if schools == min(FITS):
            taken = _seconds(lambda f=fitted: randomise(f, DRAWS, seed=1), repeats)
            found[f"seconds_draws_{DRAWS}"] = (taken, DRAWS_LIMIT, repeats)
    return found
