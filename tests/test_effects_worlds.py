"""How often the method is wrong, in worlds where the truth is known: 200 runs, 40 for each trap.

Bounds are the targets of METHODS 3.7, with room for chance in this few runs.
"""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor

import pandas as pd
import pytest

from bench.cases import run
from kansen_analysis.demo.panels import WORLDS, simulate
from kansen_analysis.errors import UsageError

CASES = {  # name: world, true effect, runs
    "nothing": ("S0", 0.0, 200),
    "growing effect": ("S0", 0.2, 200),
    "joined after a bad 2018-2019": ("S3", 0.0, 40),
    "joined after the own bad year": ("S3b", 0.0, 40),
    "shock to the region": ("S4", 0.0, 40),
}


@pytest.fixture(scope="module")
def results():
    before = os.environ.get("OPENBLAS_NUM_THREADS")
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # the runs share the processors already
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        jobs = [
            (name, pool.submit(run, world, seed, effect=effect))
            for name, (world, effect, runs) in CASES.items()
            for seed in range(runs)
        ]
        rows = [{"case": name} | job.result() for name, job in jobs]
    if before is None:
        del os.environ["OPENBLAS_NUM_THREADS"]
    else:
        os.environ["OPENBLAS_NUM_THREADS"] = before
    return pd.DataFrame(rows).set_index("case")


@pytest.mark.slow
def test_false_positives_and_wrong_words_when_nothing_happened(results):
    rows = results.loc["nothing"]
    assert 0.02 <= (rows["p_V1"] < 0.05).mean() <= 0.085
    assert (rows["verdict"] == "beter").mean() <= 0.02
    assert (rows["verdict"] == "slechter").mean() <= 0.02
    assert rows["error_V1"].mean() == pytest.approx(rows["effect_V1"].std(), rel=0.15)
    assert rows["model_error"].mean() == pytest.approx(rows["effect_V1"].std(), rel=0.15)


@pytest.mark.slow
def test_a_growing_effect_is_found_without_bias(results):
    rows = results.loc["growing effect"]
    assert 0.91 <= rows["covered_V1"].mean() <= 0.995
    assert abs((rows["effect_V1"] - rows["truth"]).mean()) <= 0.005
    assert (rows["verdict"] == "beter").mean() >= 0.99


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "alone", "together"),
    [
        ("joined after a bad 2018-2019", 0.2, 0.1),
        ("joined after the own bad year", 0.2, 0.02),
        ("shock to the region", 0.1, 0.04),
    ],
)
def test_four_versions_catch_what_one_does_not(results, case, alone, together):
    rows = results.loc[case]
    assert (rows["p_V1"] < 0.05).mean() > alone  # the trap is there
    assert (rows["verdict"] == "beter").mean() <= together


@pytest.mark.parametrize("world", WORLDS)
def test_a_world_is_the_same_for_the_same_seed(world):
    first, second = (simulate(world, 5, effect=0.1, schools=60, treated=20) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    assert not first["value"].equals(simulate(world, 6, schools=60, treated=20)["value"])
    assert 2019 not in set(first["year"])
    assert first.attrs["truth"] == pytest.approx(0.1, abs=0.02)


def test_an_unbalanced_world_has_closures_openings_and_mergers():
    panel = simulate("unbalanced", 2)
    whole = simulate("S0", 2)
    years = panel.groupby("school")["year"].agg(["min", "max", "size"])
    assert (years["max"] < 2024).sum() > 10
    assert (years["min"] > 2013).sum() > 5
    assert panel["n"].max() > whole["n"].max() * 1.1  # a merged school has the pupils of both


def test_an_unknown_world_is_refused():
    with pytest.raises(UsageError, match="choose from S0"):
        simulate("S9")
