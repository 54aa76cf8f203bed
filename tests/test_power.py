"""The promised difference, against simulation and against what is known of it by other means."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from kansen_analysis.demo.panels import PUPIL, RHO, SHOCK, simulate
from kansen_analysis.errors import PanelError
from kansen_analysis.estimate.components import VarianceComponents
from kansen_analysis.estimate.effects import estimate_effect
from kansen_analysis.estimate.power import (
    GATE,
    PUBLISHED,
    design,
    detectable_difference,
    expected_error,
    measured_components,
    power,
    slow,
    until,
    usable,
    with_earlier,
    with_schools,
)
from kansen_analysis.estimate.specifications import Version, versions
from kansen_analysis.goals.codes import Verdict
from kansen_analysis.goals.protocol import load_protocol
from kansen_analysis.goals.rule import decide

COMPONENTS = VarianceComponents(PUPIL, SHOCK, RHO, k=(PUPIL / SHOCK) ** 2, pairs=0)
PROTOCOL = load_protocol()
OTHERS = 220  # comparison schools of the invented registers


@pytest.fixture(scope="module")
def register():
    """An invented register of a number of schools, and its comparison schools."""
    return {n: simulate("S0", seed=1, treated=n, schools=OTHERS + n) for n in (5, 20, 80)}


def all_but_the_own_line(data, start):
    """The versions of protocol 1."""
    return {name: each for name, each in versions(data, start).items() if name != "V5"}


def redrawn(panel: pd.DataFrame, difference: float, seed: int) -> pd.DataFrame:
    """Draw new results for the same schools and years, with this true difference."""
    rng = np.random.default_rng(seed)
    calendar = np.arange(panel["year"].min(), panel["year"].max() + 1)
    school, names = pd.factorize(panel["school"])
    shock = rng.standard_normal((len(names), len(calendar)))
    for at in range(1, len(calendar)):
        shock[:, at] = RHO * shock[:, at - 1] + np.sqrt(1 - RHO**2) * shock[:, at]
    value = SHOCK * shock[school, panel["year"] - calendar[0]]
    value += rng.standard_normal(len(panel)) * PUPIL / np.sqrt(panel["n"])
    running = (panel["year"] >= panel["cohort"]).fillna(False).to_numpy(bool)
    return panel.assign(value=value + difference * running)


def called_better(panel: pd.DataFrame, seed: int) -> bool:
    """Whether the whole rule says *beter*; few redraws, because it is done often."""
    goal = PROTOCOL.goal(1)
    points = panel.drop(columns=["board", "schoolweging_year"]).assign(
        value=goal.outcome.pupil_sd * panel["value"]
    )
    found = estimate_effect(points, seed=seed, draws=199, details=False, decides="V4")
    return decide(found, goal, PROTOCOL).verdict == Verdict.BETTER


@pytest.mark.slow
@pytest.mark.parametrize("schools", [20, 80])
def test_the_promised_difference_is_called_better_four_times_in_five(register, schools):
    """Promised is 80%, with few schools a little less; over 100 runs give or take 4 points."""
    panel = register[schools]
    limits = PROTOCOL.verdict
    promised = power(
        panel, COMPONENTS, decides="V4", limit=limits.looks.limits[-1], gate=limits.gate
    ).difference
    said = [called_better(redrawn(panel, promised, 3000 + run), run) for run in range(100)]
    assert 0.66 <= np.mean(said) <= 0.92


def test_the_promise_by_drawing_the_versions_themselves(register):
    """Quick: the estimates of all versions on 400 draws, instead of the whole method.

    Each version's estimate is its loads times the results, so many draws cost little; the bounds
    are 1.96 times the spread that is then seen. Error of the chance: 2 points.
    """
    panel = register[80]
    found = power(panel, COMPONENTS)
    fits = design(panel, COMPONENTS).fits
    estimates = {name: [] for name in fits}
    key = pd.MultiIndex.from_frame(panel[["school", "year"]])
    for seed in range(400):
        values = pd.Series(redrawn(panel, found.difference, seed)["value"].to_numpy(), key)
        for name, each in fits.items():
            data = each.data
            rows = pd.MultiIndex.from_arrays([data.names[data.school], data.year])
            estimates[name].append(each.loads @ values.loc[rows].to_numpy())
    drawn = pd.DataFrame(estimates)
    assert drawn.mean().to_numpy() == pytest.approx(
        found.difference, abs=0.004
    )  # 3 errors of 0.0012
    assert drawn.std().to_numpy() == pytest.approx(found.errors.to_numpy(), rel=0.11)
    bounds = pd.Series(1.96, index=drawn.columns)
    bounds[["V5", "since"]] = stats.norm.ppf(0.5 + GATE / 2)
    better = (drawn > bounds * drawn.std()).all(axis=1).mean()
    assert 0.75 <= better <= 0.87


LIMIT = PROTOCOL.verdict.looks.limits[-1]


def drawn(panel: pd.DataFrame, draws: int, seed: int) -> dict[str, dict[str, np.ndarray]]:
    """Fit every version to many results of the same schools at once, without an effect.

    Returns
    -------
    dict
        Per version ``effect`` and ``error`` (clustered by school) of each draw, ``free``, and for
        V4 ``board`` (error clustered by board) and ``boards`` (of participants).
    """
    values = np.column_stack([redrawn(panel, 0.0, seed + at)["value"] for at in range(draws)])
    key = pd.MultiIndex.from_frame(panel[["school", "year"]])
    board = pd.factorize(panel["board"])[0]
    found = {}
    for name, each in design(panel, COMPONENTS, decides="V4").fits.items():
        data, columns = each.data, each.design
        rows = key.get_indexer(pd.MultiIndex.from_arrays([data.names[data.school], data.year]))
        y, heavy = each.prepared.without(values[rows]), columns * data.weight[:, None]
        rest = y - columns @ np.linalg.solve(heavy.T @ columns, heavy.T @ y)
        school = np.add.reduceat(each.loads[:, None] * rest, data.first)
        n, (size, width) = each.n_schools, columns.shape
        once = (size - 1) / (size - width) * each.scale
        error = np.sqrt(n / (n - 1) * once * (school**2).sum(axis=0))
        found[name] = {"effect": each.loads @ y, "error": error, "free": n - 1}
        if name == "V4":
            of = board[rows][data.first]
            sums = pd.DataFrame(school).groupby(of).sum().to_numpy()
            many = len(sums)
            squares = many / (many - 1) * once * (sums**2).sum(axis=0)
            boards = len(np.unique(of[~np.isnan(data.cohort[data.first])]))
            found[name] |= {"board": np.sqrt(squares), "boards": boards}
    return found


def said_better(found: dict[str, dict[str, np.ndarray]], difference: float) -> np.ndarray:
    """Tell of each draw whether all that the word asks for would be there with a difference."""
    all_there = True
    for name, each in found.items():
        alpha = {"V4": LIMIT, "V5": 1 - GATE, "since": 1 - GATE}.get(name, 0.05)
        reach = stats.t.ppf(1 - alpha / 2, each["free"]) * each["error"]
        if "board" in each:
            by_board = stats.t.ppf(1 - alpha / 2, each["boards"] - 1) * each["board"]
            reach = np.maximum(reach, by_board)
        all_there = all_there & (each["effect"] + difference > reach)
    return all_there


@pytest.mark.parametrize("schools", [80, 50])
def test_in_many_draws_of_four_registers_the_word_is_said_as_often_as_promised(schools):
    """Promised: 80%, asked: 75 to 85. Over 1000 draws of four registers give or take 1.6 points.

    Every version is fitted to every draw, with its own clustered error, by school and by board; the
    seeds are not those on which the model was made (bench/promises.py goes through the whole rule).
    """
    better = []
    for seed in range(70_001, 70_005):
        panel = simulate("S0", seed, treated=schools, schools=schools + 120)
        promised = power(panel, COMPONENTS, decides="V4", limit=LIMIT).difference
        better.append(said_better(drawn(panel, 250, 1000 * seed), promised).mean())
    assert 0.75 <= np.mean(better) <= 0.85


def test_the_error_that_is_expected_is_the_mean_of_those_that_come(register):
    """Not the spread: counted school effects widen it by some percents, fitted cells narrow it."""
    panel = register[80][lambda t: t["school"] < "018000"]
    found = drawn(panel, 400, 50)
    for name, each in design(panel, COMPONENTS, decides="V4").fits.items():
        seen = np.sqrt((found[name]["error"] ** 2).mean())  # error of that mean: about .4%
        assert expected_error(each, COMPONENTS) == pytest.approx(seen, rel=0.015)


def test_boards_count_in_a_plan_and_one_alone_gives_no_verdict(register):
    panel = register[80]
    many = power(panel, COMPONENTS, decides="V4").difference
    own = panel["cohort"].notna()
    for boards, larger in ((4, 1.15), (2, 4.0)):
        some = "own" + (panel["school"].str[:4].astype(int) % boards).astype(str)
        few = panel.assign(board=panel["board"].mask(own, some))
        assert power(few, COMPONENTS, decides="V4").difference > larger * many
    one = panel.assign(board=panel["board"].mask(own, "own"))
    assert np.isinf(power(one, COMPONENTS, decides="V4").difference)
    assert power(panel.drop(columns="board"), COMPONENTS, decides="V4").difference < many


def test_too_few_participants_or_one_board_promise_nothing(register):
    estimate = estimate_effect(register[20], draws=0)
    assert np.isfinite(detectable_difference(estimate, minimum=20).difference)
    assert np.isinf(detectable_difference(estimate, minimum=21).difference)
    one = replace(estimate, board_clustered=estimate.board_clustered.copy())
    one.board_clustered["n_boards_treated"] = 1
    assert np.isinf(detectable_difference(one).difference)


def test_one_version_alone_asks_for_less_and_agrees_with_the_formula(register):
    """With V1 alone: 1.96 errors and 0.84 times the spread, as every textbook has it."""
    panel = register[80].drop(columns="board")

    def first_only(data, start):
        return {"V1": Version(data)}

    alone = power(panel, COMPONENTS, versions=first_only)
    error = alone.errors["V1"]
    bound = expected_error(
        design(panel, COMPONENTS, versions=first_only).fits["V1"], COMPONENTS
    )  # which is no more than some percents off the spread
    assert bound == pytest.approx(error, rel=0.05)
    assert alone.difference == pytest.approx(1.96 * bound + 0.84 * error, rel=0.01)
    assert alone.difference < power(panel, COMPONENTS).difference


def test_an_estimate_promises_what_its_design_does(register):
    """The same schools and years, with the shocks measured on them instead of given."""
    panel = register[80].drop(columns=["board", "schoolweging_year"])
    for decides, limit in (("V1", 0.05), ("V4", 0.01)):
        found = detectable_difference(estimate_effect(panel, decides=decides), limit=limit)
        there = power(panel, COMPONENTS, decides=decides, limit=limit).difference
        assert found.difference == pytest.approx(there, rel=0.2)
        assert found.from_std_error == pytest.approx(there, rel=0.3)


def test_boards_and_other_pupils_ask_for_more(register):
    panel = register[80]
    whole = estimate_effect(panel)
    plain = detectable_difference(whole).difference
    few = whole.board_clustered.copy()
    few["n_boards_treated"] = 4
    assert detectable_difference(replace(whole, board_clustered=few)).difference > 1.1 * plain
    table = whole.intake.table.copy()
    table["std_error"] *= 100
    other = replace(whole, intake=replace(whole.intake, table=table))
    assert detectable_difference(other).difference > plain


def test_a_missing_version_cannot_be_promised():
    panel = simulate("S0", seed=1)
    alone = panel.assign(own_region=panel["cohort"].notna())
    assert np.isinf(detectable_difference(estimate_effect(alone)).difference)


def test_more_schools_later_editions_and_weaker_demands_ask_for_less(register):
    small, middle, large = (power(register[n], COMPONENTS).difference for n in (5, 20, 80))
    assert small > middle > large
    panel = register[80]
    assert power(panel, COMPONENTS, limit=0.01).difference > large
    assert power(panel, COMPONENTS, share=0.9).difference > large
    with_years, without = (
        power(each, COMPONENTS, versions=all_but_the_own_line)
        for each in (until(panel, 2028), panel)
    )
    assert with_years.difference < without.difference
    # A line of their own that is drawn on for longer is less sure: more years do not help V5.
    assert power(until(panel, 2028), COMPONENTS).difference == pytest.approx(large, rel=0.15)
    assert power(panel, COMPONENTS, attenuation=0.5).difference == pytest.approx(2 * large)
    assert power(panel, replace(COMPONENTS, school_year_sd=2 * SHOCK)).difference > large


def test_the_published_simulation_of_the_methods_note(register):
    """The four-version rule said *beter* in 31% of runs at 0.043 and 91.5% at 0.087.

    In that world effects grow and differ, and its panels were drawn anew, so near is enough.
    """
    panel = simulate("S0", seed=1)

    found = power(panel, COMPONENTS, versions=all_but_the_own_line)
    assert found.chance(0.043) == pytest.approx(0.31, abs=0.08)
    assert found.chance(0.087) == pytest.approx(0.915, abs=0.05)
    assert found.chance(0.2) > 0.99
    assert power(panel, COMPONENTS).chance(0.087) < found.chance(
        0.087
    )  # protocol 2.0 asks for more


def test_a_version_that_cannot_be_made_means_the_word_cannot_be_said(register):
    alone = register[20]
    alone = alone.assign(own_region=alone["cohort"].notna())  # nobody else in the own region
    assert np.isinf(power(alone, COMPONENTS).difference)
    nobody = register[20].assign(cohort=pd.array([pd.NA] * len(register[20]), dtype="Int64"))
    with pytest.raises(PanelError, match="takes part"):
        power(nobody, COMPONENTS)


def test_results_play_no_part(register):
    panel = register[20]
    shuffled = panel.assign(value=np.random.default_rng(1).permutation(panel["value"]))
    assert power(panel, COMPONENTS).difference == power(shuffled, COMPONENTS).difference


# Variance components -----------------------------------------------------------------------------


def test_shocks_are_measured_on_the_schools_that_do_not_take_part():
    panel = simulate("S0", seed=3, effect=2.0)  # a large effect may not pose as chance
    found, origin = measured_components(panel, 1)
    assert origin == "files"

    def apart(components):  # variance of the difference of two years of a school of twenty pupils
        return (
            2 * components.school_year_sd**2 * (1 - components.rho)
            + components.pupil_sd**2 * 2 / 20
        )

    assert apart(found) == pytest.approx(apart(COMPONENTS), rel=0.1)


def test_with_one_year_the_published_figures_are_used_and_named():
    panel = simulate("S0", seed=1)
    one = panel[panel["year"] == 2024]
    assert measured_components(one, 2) == (PUBLISHED[2], "methods")


def test_slow_drift_moves_as_much_from_one_year_to_the_next():
    drift = slow(COMPONENTS)
    assert drift.school_year_sd**2 * (1 - drift.rho) == pytest.approx(SHOCK**2 * (1 - RHO))
    assert (
        power(simulate("S0", seed=1), drift).difference
        > power(simulate("S0", seed=1), COMPONENTS).difference
    )


# Panels that are not there yet -------------------------------------------------------------------


def test_years_to_come_hold_the_schools_of_the_last_year():
    panel = simulate("S0", seed=1)
    closed = panel[~((panel["school"] == "000000") & (panel["year"] == 2024))]
    later = until(closed, 2026)
    assert sorted(later["year"].unique())[-3:] == [2024, 2025, 2026]
    coming = later[later["year"] == 2026]
    assert "000000" not in set(coming["school"])
    first = panel[(panel["school"] == "000100") & (panel["year"] > 2021)]
    assert coming.set_index("school").loc["000100", "n"] == pytest.approx(first["n"].mean())
    assert until(panel, 2022)["year"].max() == 2022
    assert not later.duplicated(["school", "year"]).any()


def test_schools_that_join_leave_the_comparison_and_are_as_large_as_others():
    panel = simulate("S0", seed=1)
    more = with_schools(panel, 10, 2025)
    joined = more[(more["cohort"] == 2025).fillna(False)]
    assert joined["school"].nunique() == 10
    assert joined["own_region"].all()
    others = panel[panel["cohort"].isna() & panel["own_region"]]
    assert joined["n"].mean() == pytest.approx(others["n"].mean(), rel=0.15)
    assert len(more) == len(panel)
    with pytest.raises(PanelError, match="cannot join"):
        with_schools(panel, 500, 2025)
    shuffled = panel.sample(frac=1, random_state=1)
    assert set(with_schools(shuffled, 10, 2025).query("cohort == 2025")["school"]) == set(
        joined["school"]
    )


def test_schools_without_two_years_before_do_not_count():
    panel = simulate("S0", seed=1)
    late = panel[panel["year"] >= 2021]
    kept = usable(late)
    starts = set(kept["cohort"].dropna())
    assert starts == {2023}  # 2020 and 2021 have no year before, 2022 has one
    earlier = with_earlier(late, [2020])
    assert set(usable(earlier)["cohort"].dropna()) == {2022, 2023}
