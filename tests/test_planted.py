"""Errors that survived the whole suite when somebody planted them, each with a test that sees it.

A rule can be wrong in a way that no figure of the demo shows. What is held here are the places
where a small slip would change a verdict: which interval, which year, which school, which sign. The
numbers are hand counts, or those of scipy and numpy. Panels, schools and cells are in
test_planted_tables.py; `make mutants` looks for what is missing.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from ruling import quiet
from scipy import stats

from kansen_analysis.demo.panels import simulate
from kansen_analysis.edition.schools import describe
from kansen_analysis.estimate import em_check
from kansen_analysis.estimate.effects import estimate_effect
from kansen_analysis.estimate.guards import Intake
from kansen_analysis.estimate.inference import Inference
from kansen_analysis.estimate.panel import to_data
from kansen_analysis.goals.codes import Verdict
from kansen_analysis.goals.protocol import load_protocol
from kansen_analysis.goals.rule import judge
from kansen_analysis.outcomes import advice, panel
from kansen_analysis.schools.load import Tables as Published
from kansen_analysis.schools.load import load
from kansen_analysis.schools.participants import read_participants

PROTOCOL = load_protocol()
MARGIN = PROTOCOL.goal(1).outcome.smallest_difference
GUARD = PROTOCOL.goal(3).guard.smallest_difference
GATE, FREE = PROTOCOL.verdict.gate, 200.0


# ---- the rule: which interval, which limit


@pytest.fixture(scope="module")
def calm():
    """An estimate on a world in which nothing happened; what it found is filled in by the tests."""
    found = estimate_effect(simulate("S0", seed=1), decides="V4", details=False)
    return replace(found, **quiet(found))


def reaching(effect, half, level=0.95):
    """An estimate whose interval of this level is so wide to either side."""
    return Inference(float(effect), half / stats.t.ppf((1 + level) / 2, FREE), FREE)


def told(estimate, effect, half, level=0.95, **others):
    """The same figures in every version, but for some."""
    same = dict.fromkeys(estimate.versions.index, reaching(effect, half, level))
    return replace(estimate, inference=same | others)


def word(goal, estimate, look=None, **guards):
    table = judge({goal: estimate}, PROTOCOL, look=look, **guards).set_index("goal")
    return table.loc[goal, "verdict"]


@pytest.mark.parametrize(
    ("half90", "verdict"),
    [
        (0.95, Verdict.SAME),  # the 95% interval sticks out, at 1.13 times the margin
        (1.05, Verdict.OPEN),
    ],
)
@pytest.mark.parametrize("version", ["V1", "V2", "V3", "V4"])
def test_no_difference_is_judged_by_the_90_percent_interval(calm, version, half90, verdict):
    own = {version: reaching(0.0, half90 * MARGIN, 0.90)}
    assert word(1, told(calm, 0.0, 0.5 * MARGIN, **own)) == verdict


@pytest.mark.parametrize(("half", "verdict"), [(0.98, Verdict.SAME), (1.02, Verdict.OPEN)])
def test_no_difference_is_judged_by_the_gate_where_participants_have_their_own_line(
    calm, half, verdict
):
    own = {"V5": reaching(0.0, half * MARGIN, GATE)}
    assert word(1, told(calm, 0.0, 0.5 * MARGIN, **own)) == verdict


@pytest.mark.parametrize("side", [1, -1])
def test_one_end_outside_the_margin_is_enough(calm, side):
    """The middle may lie within it, and the other end."""
    found = told(calm, side * 0.5 * MARGIN, 0.6 * MARGIN, 0.90)
    assert word(1, found) == Verdict.OPEN


@pytest.mark.parametrize(("side", "verdict"), [(1, Verdict.BETTER), (-1, Verdict.WORSE)])
@pytest.mark.parametrize("version", ["V1", "V2", "V3", "V5"])
def test_versions_agree_by_their_95_percent_interval_and_the_own_line_by_the_gate(
    calm, version, side, verdict
):
    effect = side * 4 * MARGIN  # never "no difference"
    level = GATE if version == "V5" else 0.95
    for part, expected in ((0.98, verdict), (1.02, Verdict.OPEN)):
        own = {version: reaching(effect, part * 4 * MARGIN, level)}
        assert word(1, told(calm, effect, MARGIN, **own)) == expected


@pytest.mark.parametrize("look", [1, 2, 3, 4, 5, None])
def test_the_deciding_version_is_held_to_the_limit_of_its_look(calm, look):
    limit = PROTOCOL.verdict.looks.limits[-1 if look is None else look - 1]
    effect = 4 * MARGIN
    for part, expected in ((0.98, Verdict.BETTER), (1.02, Verdict.OPEN)):
        own = {"V4": reaching(effect, part * effect, 1 - limit)}
        assert word(1, told(calm, effect, MARGIN, **own), look) == expected


@pytest.mark.parametrize(
    ("half90", "verdict"),
    [(0.98, Verdict.BETTER), *((half, Verdict.OPEN) for half in (1.02, 1.5, 1.98))],
)
def test_the_guard_of_goal_three_is_no_more_lenient_than_the_protocol(calm, half90, verdict):
    held = told(calm, 0.0, half90 * GUARD, 0.90)
    assert word(3, told(calm, 4 * GUARD, 2 * GUARD), guards={3: held}) == verdict


def test_the_guard_is_about_its_bound_and_not_about_its_effect(calm):
    unsure = told(calm, 2 * GUARD, 3.5 * GUARD, 0.90)
    assert word(3, told(calm, 4 * GUARD, 2 * GUARD), guards={3: unsure}) == Verdict.OPEN


def test_the_guard_is_the_version_that_decides(calm):
    held, fell = reaching(0.0, 0.5 * GUARD), reaching(0.0, 3 * GUARD)
    fewer = told(calm, 4 * GUARD, 2 * GUARD)
    only = told(calm, 0.0, 3 * GUARD, V4=held)
    assert word(3, fewer, guards={3: only}) == Verdict.BETTER
    rest = told(calm, 0.0, 0.5 * GUARD, V4=fell)
    assert word(3, fewer, guards={3: rest}) == Verdict.OPEN


def came_in(part):
    """Other pupils came in, which accounts for a part of the effect."""
    table = Intake.nothing().table
    table.loc["schoolweging"] = [-1.0, 0.1, 0.001, -part, part]
    return Intake(table)


@pytest.mark.parametrize(("side", "verdict"), [(1, Verdict.BETTER), (-1, Verdict.WORSE)])
def test_other_pupils_count_on_the_side_of_the_effect(calm, side, verdict):
    """The interval is 4 to 6 margins from zero: 3.9 off leaves a verdict, 4.1 does not."""
    found = told(calm, side * 5 * MARGIN, MARGIN)
    for part, expected in ((3.9, verdict), (4.1, Verdict.OPEN), (-4.1, verdict)):
        with_intake = replace(found, intake=came_in(side * part * MARGIN))
        assert word(1, with_intake) == expected


@pytest.mark.parametrize("side", [1, -1])
def test_schools_that_were_too_far_apart_are_not_compared(calm, side):
    outcome = PROTOCOL.goal(1).outcome
    limit = PROTOCOL.verdict.not_comparable * outcome.pupil_sd
    for part, verdict in ((0.999, Verdict.BETTER), (1.001, Verdict.OPEN)):
        apart = replace(calm.baseline, adjusted=side * part * limit)
        assert word(1, replace(told(calm, 4 * MARGIN, MARGIN), baseline=apart)) == verdict


@pytest.mark.parametrize(("part", "verdict"), [(1.001, Verdict.SAME), (0.999, Verdict.OPEN)])
def test_schools_that_differ_among_themselves_are_not_without_difference(calm, part, verdict):
    differ = replace(calm.spread, p_value=part * PROTOCOL.verdict.spread)
    assert word(1, replace(told(calm, 0.0, 0.5 * MARGIN), spread=differ)) == verdict


# ---- the estimate: intervals, leads, errors


@pytest.mark.parametrize("level", [0.95, 0.90, 0.85])
def test_an_interval_is_that_of_t_with_schools_or_boards_less_one(level):
    tail = (1 + level) / 2
    school = Inference(2.0, 0.5, 119.0)
    assert school.interval(level) == pytest.approx(stats.t.interval(level, 119, 2.0, 0.5))
    assert school.p_value() == pytest.approx(2 * stats.t.sf(4, 119))
    few = replace(school, board_error=0.4, board_free=3.0)
    assert few.interval(level) == pytest.approx(stats.t.interval(level, 3, 2.0, 0.4))
    assert few.p_value() == pytest.approx(2 * stats.t.sf(5, 3))
    assert few.by_school().interval(level) == school.interval(level)
    many = replace(school, board_error=0.4, board_free=100.0)  # narrower: it does not count
    assert many.interval(level) == school.interval(level)
    assert many.p_value() == school.p_value()
    one = replace(school, board_error=0.4, board_free=0.0)
    assert one.interval(level) == school.interval(level)
    assert stats.t.ppf(tail, 3) * 0.4 > stats.t.ppf(tail, 119) * 0.5


def test_the_decision_has_both_intervals_of_every_version():
    found = estimate_effect(simulate("S0", seed=1), details=False)
    for version, row in found.decision.iterrows():
        sure = found.inference[version]
        assert tuple(row[["ci_low", "ci_high"]]) == sure.interval(0.95)
        assert tuple(row[["ci90_low", "ci90_high"]]) == sure.interval(0.90)
        half95, half90 = row["ci_high"] - row["effect"], row["ci90_high"] - row["effect"]
        free = sure.board_free if row["method"] == "board" else sure.free
        expected = stats.t.ppf(0.95, free) / stats.t.ppf(0.975, free)
        assert half90 / half95 == pytest.approx(expected)
        plain = found.versions.loc[version]
        school = sure.by_school().interval()
        assert school == pytest.approx(tuple(plain[["ci_low", "ci_high"]]))


def test_an_interval_of_few_schools_holds_what_the_draws_do_not_reject():
    rows = simulate("S0", seed=6, treated=24).drop(columns="board")
    found = estimate_effect(rows, draws=199, details=False)
    for sure in found.inference.values():
        draws = sure.drawn
        for level, alpha in ((0.95, 0.05), (0.90, 0.10)):
            low, high = sure.interval(level)
            step = 1e-6 * (high - low)
            for end, inward in ((low, step), (high, -step)):
                assert draws.p_value(end + inward) > alpha >= draws.p_value(end - inward)


@pytest.mark.parametrize(
    ("treated", "others", "few"), [(39, 81, True), (40, 80, False), (81, 39, True), (80, 40, False)]
)
def test_start_years_are_redrawn_below_forty_schools_on_either_side(treated, others, few):
    rows = simulate("S0", seed=2, schools=treated + others, treated=treated)
    found = estimate_effect(rows, draws=19, details=False)
    assert found.versions.loc["V1", ["n_treated", "n_others"]].tolist() == [treated, others]
    assert (found.inference["V1"].drawn is not None) == few


def moved(after: float, before: float) -> pd.DataFrame:
    """A world in which participants differ after their start, and in one year before it."""
    rows = simulate("S0", seed=1)
    tested = np.sort(rows["year"].unique())
    cohort = rows["cohort"]
    early = cohort.map({int(g): int(tested[tested < g][-3]) for g in cohort.dropna().unique()})
    running = (rows["year"] >= cohort).fillna(False)
    value = rows["value"] + after * running + before * (rows["year"] == early).fillna(False)
    return rows.assign(value=value)


@pytest.mark.parametrize("after", [1.5, -1.5])
@pytest.mark.parametrize("before", [0.6, -0.6])
def test_the_largest_lead_is_taken_off_on_the_side_that_makes_the_effect_smaller(after, before):
    event = estimate_effect(moved(after, before), draws=0, details=False).event
    assert np.sign(event.largest) == np.sign(before)
    assert event.largest == pytest.approx(before, abs=0.1)
    assert np.sign(event.since.effect) == np.sign(after)
    assert event.effect_minus_largest == pytest.approx(
        np.sign(after) * (abs(event.since.effect) - abs(event.largest))
    )


def design(rows: pd.DataFrame, *, size: bool = False):
    """The regression of V1 with a dummy for everything; and what is asked of its coefficients."""
    running = (rows["year"] >= rows["cohort"]).fillna(False)
    cell = (rows["cohort"].astype(str) + "/" + rows["year"].astype(str)).where(running)
    year = pd.get_dummies(rows["year"], drop_first=True, dtype=float)
    parts = [
        pd.get_dummies(rows["school"], dtype=float),
        year,
        year.mul(rows["schoolweging"], axis=0),
        pd.get_dummies(rows["provider"] + rows["year"].astype(str), dtype=float),
    ]
    if size:
        first = int(rows["cohort"].min())
        before = rows[rows["year"] < first].groupby("school")["n"].mean()
        parts.append(year.mul(np.log(rows["school"].map(before)), axis=0))
    cells = pd.get_dummies(cell, dtype=float)
    x = np.column_stack([*(part.to_numpy(float) for part in parts), cells.to_numpy()])
    contrast = np.zeros(x.shape[1])
    contrast[-cells.shape[1] :] = cells.sum() / cells.to_numpy().sum()
    return x, contrast


def how_values_count(rows: pd.DataFrame, k: float, **options) -> np.ndarray:
    """Per row, how much its value counts in the effect, from the normal equations."""
    x, contrast = design(rows, **options)
    weight = (rows["n"] / (rows["n"] + k)).to_numpy()
    return contrast @ np.linalg.pinv(x.T @ (x * weight[:, None]), hermitian=True) @ (x.T * weight)


def test_the_model_error_is_that_of_school_years_that_go_together():
    rows = simulate("S0", seed=4, schools=120, treated=60)
    found = estimate_effect(rows, details=False)
    components = found.components
    assert components.rho > 0.2  # otherwise this says nothing
    counts = how_values_count(rows, components.k)
    assert counts @ rows["value"] == pytest.approx(found.effect)
    variance = components.pupil_sd**2 * (counts**2 / rows["n"]).sum()
    for _, part in rows.assign(counts=counts).groupby("school"):
        at = part["year"].to_numpy()
        together = components.rho ** np.abs(
            np.subtract.outer(at, at)
        )  # a year without a test counts
        variance += components.school_year_sd**2 * part["counts"] @ together @ part["counts"]
    assert found.joint_model.loc["V1", "V1"] == pytest.approx(variance, rel=1e-6)


def test_size_is_that_of_the_years_before_anybody_started():
    rows = simulate("S0", seed=4, schools=120, treated=60, effect=0.2)
    found = estimate_effect(rows, size_by_year=True, details=False)
    counts = how_values_count(rows, found.components.k, size=True)
    assert found.effect == pytest.approx(counts @ rows["value"])
    plain = estimate_effect(rows, details=False)
    assert abs(found.effect - plain.effect) > 1e-6  # size does something here


def test_size_does_not_see_the_programme():
    """Schools that grow or shrink from the first start on are as large as they were."""
    rows = simulate("S0", seed=4, schools=60, treated=40)
    first = int(rows["cohort"].min())
    grown = rows.assign(n=rows["n"].mask(rows["year"] >= first, 3 * rows["n"]))
    one, other = (to_data(each, size_by_year=True)[0].size for each in (rows, grown))
    assert one == pytest.approx(other)


ADVICES = list(panel.RANKED_ADVICES)


def test_the_other_filling_of_hidden_advices_knows_that_participants_are_few():
    """Four participants that happen to move alike look more certain than four schools can be."""
    rng = np.random.default_rng(5)
    share = np.array([2, 6, 5, 10, 6, 16, 9, 17, 11, 18]) / 100
    few, years = 4, range(2019, 2024)
    alike = rng.multinomial(60, share)
    counts = {
        (f"90{school:04d}", year): alike if school < few else rng.multinomial(60, share)
        for school in range(120)
        for year in years
    }
    index = pd.MultiIndex.from_tuples(counts, names=["school", "year"])
    true = pd.DataFrame(list(counts.values()), index=index, columns=ADVICES)
    small = (true >= 1) & (true <= 4) & (index.get_level_values("year") >= 2022)[:, None]
    found = advice.advice_panel(true.mask(small, 1), true.mask(small, 4))
    code = found.rows["school"].str[2:].astype(int)
    rows = found.rows.assign(
        cohort=found.rows["school"].map({f"90{i:04d}": 2022 for i in range(few)}).astype("Int64"),
        schoolweging=np.where(code < few, 30.0, 25.0 + code % 10),
        provider=pd.NA,
        own_region=code % 2 == 0,
    )
    check = em_check.em_check(found, rows)
    assert check.n_treated == few
    # What the other schools move by themselves, from their counts before anything was hidden.
    level = (true @ np.arange(10.0) / true.sum(axis=1)).rename("level").reset_index()
    means = level.groupby(["school", level["year"] >= 2022])["level"].mean().unstack()
    change = (means[True] - means[False]).iloc[few:]
    assert check.std_error > 0.6 * change.std() / np.sqrt(few)
    assert check.ci_high - check.ci_low > 2 * 1.9 * check.std_error


# ---- the edition: which years describe a school


def test_schools_are_described_by_the_years_before_the_first_coach(invented, tmp_path):
    """Counted again from the tables of the folder, with participants that start a year later on."""
    first = 2023  # the folder has a schoolweging of two earlier years
    raw = invented / "raw"
    register = pd.read_csv(invented / "participants.csv", dtype="str").assign(
        network_start=f"{first}-{first + 1}", coach_start=f"{first}-{first + 1}"
    )
    register.to_csv(tmp_path / "participants.csv", index=False)
    people = read_participants(tmp_path / "participants.csv")
    schools = describe(Published(raw), people, 2024).set_index("school")

    history = load("leerlingen_historisch", raw)
    last = history[(history["year"] == first - 1) & (history["kind"] == "Bo")]
    size = last.set_index("school")["pupils"].reindex(schools.index).astype(float)
    pd.testing.assert_series_equal(schools["pupils"], size, check_names=False)

    table = load("schoolweging", raw).dropna(subset=["school", "schoolweging"])
    early = table[table["year"] < first].groupby("school")["schoolweging"].mean().clip(20, 40)
    both = schools.index.intersection(early.index)
    assert len(both) > 30 and size.notna().sum() > 30
    assert schools.loc[both, "schoolweging"].to_numpy() == pytest.approx(early[both].to_numpy())
