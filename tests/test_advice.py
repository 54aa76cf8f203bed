"""Goal 2 against hand computation, direct simulation and effects that were put in."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.placebo import placebo, summarise
from kansen_analysis.edition.outcomes import Chosen
from kansen_analysis.errors import PanelError
from kansen_analysis.estimate import attenuation, em_check
from kansen_analysis.estimate.effects import estimate_effect
from kansen_analysis.outcomes import advice, panel
from kansen_analysis.outcomes.panel import RANKED_ADVICES
from kansen_analysis.schools.load import Tables

COLUMNS = list(RANKED_ADVICES)
COUNTS = st.lists(st.integers(0, 9), min_size=10, max_size=10).filter(any)


def cells(counts, hidden_from=2022):
    """Low and high of counts by (school, year), hidden from a year on."""
    index = pd.MultiIndex.from_tuples(counts, names=["school", "year"])
    low = pd.DataFrame(list(counts.values()), index=index, columns=COLUMNS)
    high = low.copy()
    small = (low >= 1) & (low <= 4) & (index.get_level_values("year") >= hidden_from)[:, None]
    return low.mask(small, 1), high.mask(small, 4)


def drawn(rng, schools, years, *, size=20, gain=None):
    """Counts of invented schools: shares like the published ones, tilted per school."""
    share = np.array([0.02, 0.06, 0.05, 0.1, 0.06, 0.16, 0.09, 0.17, 0.11, 0.18])
    level = 0.08 * rng.standard_normal(schools)
    counts = {}
    for school in range(schools):
        for year in years:
            tilt = level[school] + (gain[school, year] if gain else 0)
            chance = share * np.exp(tilt * np.arange(10))
            counts[f"90{school:04d}", year] = rng.multinomial(size, chance / chance.sum())
    return counts


def as_panel(found, start):
    """Build the estimator's panel from an AdvicePanel; ``start`` maps participants to years."""
    rows = found.rows
    code = rows["school"].str[2:].astype(int)
    return rows.assign(
        cohort=rows["school"].map(start).astype("Int64"),
        schoolweging=25.0 + code % 10,
        provider=pd.NA,
        own_region=code % 2 == 0,
    )


def test_hidden_counts_take_the_mean_of_their_category_in_the_exact_years():
    exact_one = [0, 0, 0, 2, 0, 5, 0, 1, 0, 6]
    exact_two = [0, 0, 0, 4, 0, 0, 0, 2, 0, 7]
    later = [0, 0, 0, 3, 0, 8, 0, 4, 0, 5]
    found = advice.advice_panel(
        *cells({("90AA00", 2021): exact_one, ("90AB00", 2021): exact_two, ("90AA00", 2022): later})
    )
    # VMBO_K: (2 + 4) / 2 = 3; HAVO: (1 + 2) / 2 = 1.5.
    assert found.means["VMBO_K"] == 3
    assert found.means["HAVO"] == 1.5
    rows = found.rows.set_index(["school", "year"])
    by_hand = {
        ("90AA00", 2021): (3 * 3 + 5 * 5 + 7 * 1.5 + 9 * 6) / (3 + 5 + 1.5 + 6),
        ("90AB00", 2021): (3 * 3 + 7 * 1.5 + 9 * 7) / (3 + 1.5 + 7),
        ("90AA00", 2022): (3 * 3 + 5 * 8 + 7 * 1.5 + 9 * 5) / (3 + 8 + 1.5 + 5),
    }
    for key, level in by_hand.items():
        assert rows.loc[key, "level"] == pytest.approx(level)
    assert rows.loc[("90AA00", 2022), "havo_up"] == pytest.approx(100 * 6.5 / 17.5)
    assert rows.loc[("90AA00", 2021), "n"] == 16, "15.5 pupils after filling"


@settings(max_examples=40, deadline=None)
@given(COUNTS)
def test_a_school_that_does_not_change_has_the_same_level_before_and_after_hiding(counts):
    other = [1, 2, 3, 4, 1, 2, 3, 4, 1, 2]
    found = advice.advice_panel(
        *cells({("90AA00", 2021): counts, ("90AA00", 2022): counts, ("90AB00", 2021): other})
    )
    same = found.rows[found.rows["school"] == "90AA00"]
    assert same["level"].iloc[0] == same["level"].iloc[1]
    assert same["n"].iloc[0] == same["n"].iloc[1]


def test_a_year_outside_the_comparison_still_tells_what_a_hidden_count_is():
    counts = {
        ("90AA00", 2019): [1] * 10,
        ("90AA00", 2021): [3] * 10,
        ("90AA00", 2022): [0] * 9 + [2],
    }
    found = advice.advice_panel(*cells(counts), years=[2021, 2022])
    assert sorted(found.rows["year"]) == [2021, 2022]
    assert (found.means == 2).all()


def test_without_an_exact_year_goal_two_is_refused():
    with pytest.raises(PanelError, match="exact advices"):
        advice.advice_panel(*cells({("90AA00", 2022): [3] * 10}))


def test_counts_hidden_by_another_rule_are_refused():
    low, high = cells({("90AA00", 2021): [2] * 10, ("90AA00", 2022): [9] * 10})
    low.loc[("90AA00", 2022), "VWO"] = 5
    with pytest.raises(PanelError, match="another rule"):
        advice.advice_panel(low, high)


def test_moving_up_keeps_pupils_and_adds_the_asked_for_level():
    rng = np.random.default_rng(1)
    counts = rng.integers(0, 12, (2000, 10))
    for step in (1, 2):
        moved = attenuation.move_up(counts, step, 0.2, rng)
        assert (moved.sum(axis=1) == counts.sum(axis=1)).all()
        assert (moved >= 0).all()
        rise = (moved - counts) @ np.arange(10)
        assert rise.sum() / counts.sum() == pytest.approx(0.2, abs=0.01)


def test_recovery_is_one_when_no_count_is_small():
    rng = np.random.default_rng(2)
    counts = drawn(rng, 30, (2020, 2021, 2022), size=2000)
    counts["90AA00", 2021] = [1] * 10
    found = advice.advice_panel(*cells(counts))
    start = {"900000": 2022}
    mine = found.rows["school"] != "90AA00"
    rows = as_panel(replace(found, rows=found.rows[mine]), start)
    rate = attenuation.recovery(found, rows, repeats=20)
    assert rate.one == pytest.approx(1)
    assert rate.two == pytest.approx(1)


def test_recovery_is_what_moving_pupils_one_by_one_shows():
    rng = np.random.default_rng(3)
    # So few comparison schools that each of their school-years is a look-alike of each participant.
    counts = drawn(rng, 32, (2020, 2021, 2022), size=18)
    found = advice.advice_panel(*cells(counts))
    rows = as_panel(found, {f"90{i:04d}": 2022 for i in range(20)})
    rate = attenuation.recovery(found, rows, seed=1, repeats=1000)

    def level(row):  # written out, without the functions under test
        filled = [found.means.iloc[j] if 1 <= c <= 4 else c for j, c in enumerate(row)]
        return sum(j * c for j, c in enumerate(filled)) / sum(filled)

    exact = [c for (school, year), c in counts.items() if int(school[2:]) >= 20 and year < 2022]
    for step, expected in ((1, rate.one), (2, rate.two)):
        seen = true = 0.0
        for row in exact * 150:
            pupils = np.repeat(np.arange(10), row)
            able = pupils + step <= 9
            up = able & (rng.random(len(pupils)) < 0.25 / step)
            after = np.bincount(pupils + step * up, minlength=10)
            seen += level(after) - level(row)
            true += step * up.sum() / len(pupils)
        assert expected == pytest.approx(seen / true, abs=0.03)
        assert expected < 0.95


def test_recovery_is_that_of_schools_as_large_as_the_participants():
    rng = np.random.default_rng(8)
    years = (2020, 2021, 2022)
    counts = drawn(rng, 60, years, size=16)
    large = drawn(rng, 60, years, size=60)
    counts |= {(f"91{school[2:]}", year): c for (school, year), c in large.items()}
    found = advice.advice_panel(*cells(counts))
    rates = []
    for first in ("90", "91"):
        start = {f"{first}{i:04d}": 2022 for i in range(10)}
        rates.append(attenuation.recovery(found, as_panel(found, start)).mean)
    assert rates[0] < 0.8
    assert rates[1] > 0.93


def test_recovery_needs_exact_years_of_comparison_schools():
    counts = drawn(np.random.default_rng(4), 4, (2020, 2021, 2022))
    counts = {k: v for k, v in counts.items() if k[0] < "900002" or k[1] == 2022}
    found = advice.advice_panel(*cells(counts))
    rows = as_panel(found, {"900000": 2022, "900001": 2022})
    with pytest.raises(PanelError, match="exact advices"):
        attenuation.recovery(found, rows)


@pytest.fixture(scope="module")
def invented():
    """Sixty of 240 invented schools give advices 0.5 level higher or so from 2022."""
    rng = np.random.default_rng(5)
    years = range(2019, 2024)
    gain = {(s, y): 0.1 * (s < 60 and y >= 2022) for s in range(240) for y in years}
    counts = drawn(rng, 240, years, size=25, gain=gain)
    low, high = cells(counts)
    return low, high, counts, {f"90{i:04d}": 2022 for i in range(60)}


def true_effect(counts):
    """Difference in differences of the counts before anything was hidden."""
    level = pd.Series({key: c @ np.arange(10) / c.sum() for key, c in counts.items()})
    level.index.names = ["school", "year"]
    frame = level.rename("level").reset_index()
    frame["mine"] = frame["school"] < "900060"
    means = frame.groupby(["mine", frame["year"] >= 2022])["level"].mean()
    return (means[True, True] - means[True, False]) - (means[False, True] - means[False, False])


def test_the_estimate_is_that_of_the_panel_divided_by_the_recovery_rate(invented):
    low, high, counts, start = invented
    found = advice.advice_panel(low, high)
    rows = as_panel(found, start)
    rate = attenuation.recovery(found, rows)
    plain = estimate_effect(rows, size_by_year=True, details=False)
    estimate = attenuation.estimate_advice(rows, rate, details=False)
    assert estimate.effect == pytest.approx(plain.effect / ((rate.one + rate.two) / 2))
    assert estimate.std_error == pytest.approx(plain.std_error / ((rate.one + rate.two) / 2))
    assert estimate.versions["p_value"].equals(plain.versions["p_value"])
    assert estimate.notes[-1] == rate.sentence()
    assert abs(estimate.effect - true_effect(counts)) < 2 * estimate.std_error
    assert abs(estimate.effect - true_effect(counts)) < abs(plain.effect - true_effect(counts))


def test_the_check_finds_the_same_effect_in_another_way(invented):
    low, high, counts, start = invented
    found = advice.advice_panel(low, high)
    rows = as_panel(found, start)
    check = em_check.em_check(found, rows, attenuation.recovery(found, rows))
    assert check.effect == pytest.approx(true_effect(counts), abs=0.08)
    assert check.ci_low < true_effect(counts) < check.ci_high
    assert 0.7 < check.recovery < 1
    assert "niveau" in check.sentence()


def test_a_cut_poisson_count_has_the_mean_of_its_definition():
    k = np.arange(1, 5)
    for rate in (0.01, 0.7, 3.0, 12.0):
        weight = stats.poisson.pmf(k, rate)
        expected = pytest.approx((k * weight).sum() / weight.sum())
        assert em_check._cut_mean(np.array(rate)) == expected


def test_em_finds_the_tilt_that_made_the_counts():
    """Groups of 500 rows of 30 pupils whose tilt is known, around a share that is not told."""
    rng = np.random.default_rng(6)
    tilts = np.array([-0.15, 0.0, 0.15])
    group = np.repeat([0, 1, 2], 500)
    share = np.array([0.02, 0.06, 0.05, 0.1, 0.06, 0.16, 0.09, 0.17, 0.11, 0.18])
    chance = share * np.exp(
        (tilts[group] + 0.08 * rng.standard_normal(1500))[:, None] * np.arange(10)
    )
    counts = rng.poisson(30 * chance / chance.sum(axis=1, keepdims=True)).astype(float)
    small = (counts >= 1) & (counts <= 4)
    means = np.array([counts[:, j][small[:, j]].mean() for j in range(10)])
    printed = np.where(small, np.nan, counts)
    found = em_check.tilt(printed, means, np.zeros(1500, int), group)
    centre = np.array([found.centre[group == g][0] for g in range(3)])
    assert np.diff(centre) == pytest.approx([0.15, 0.15], abs=0.02)
    assert np.sqrt(found.variance) == pytest.approx(0.08, abs=0.03)
    assert (found.filled[~small] == counts[~small]).all()
    assert ((found.filled[small] >= 1) & (found.filled[small] <= 4)).all()
    ranks = np.arange(10)
    for g in range(3):
        inside = group == g
        true = counts[inside].sum(axis=0) @ ranks / counts[inside].sum()
        seen = found.filled[inside].sum(axis=0) @ ranks / found.filled[inside].sum()
        assert seen == pytest.approx(true, abs=0.05)


@pytest.fixture(scope="module")
def tested():
    """Advices that follow a test, with participants half a level above it; nothing hidden."""
    rng = np.random.default_rng(7)
    counts, tests = {}, []
    for i in range(120):
        for year in (2020, 2021, 2022):
            test = rng.normal(55, 12)
            weight = np.exp(-0.5 * ((np.arange(10) - (2 + 0.06 * test + 0.5 * (i < 20))) / 2) ** 2)
            counts[f"90{i:04d}", year] = rng.multinomial(4000, weight / weight.sum())
            tests.append({"school": f"90{i:04d}", "year": year, "value": test, "n": 20})
    counts["91AA00", 2021] = [1] * 10
    schools = pd.DataFrame({"school": [f"90{i:04d}" for i in range(120)]})
    schools["schoolweging"] = 25.0 + np.arange(120) % 10
    schools["participant"] = np.arange(120) < 20
    low, high = cells(counts)
    return low, high, schools, pd.DataFrame(tests)


def test_the_expected_level_is_that_of_a_regression_on_other_schools(tested):
    low, high, schools, tests = tested
    found = advice.advice_panel(low, high, schools=schools, tests=tests)
    assert found.above_expected
    rows = found.rows.merge(schools, on="school").merge(
        tests[["school", "year", "value"]].rename(columns={"value": "test"}), on=["school", "year"]
    )
    part = rows[rows["year"] == 2021]
    x = np.column_stack([np.ones(len(part)), part["test"], part["schoolweging"]])
    use, root = ~part["participant"].to_numpy(), np.sqrt(part["n"].to_numpy())
    beta = np.linalg.lstsq(
        x[use] * root[use, None], part["level"].to_numpy()[use] * root[use], rcond=None
    )[0]
    assert part["value"].to_numpy() == pytest.approx(part["level"].to_numpy() - x @ beta)
    assert found.slopes[2021] == pytest.approx(beta[1])
    above = rows.groupby("participant")["value"].mean()
    assert above[True] - above[False] == pytest.approx(0.35, abs=0.15), "the scale ends at vwo"
    assert set(found.rows["school"]) == set(schools["school"]), (
        "a school without a test is left out"
    )
    assert any("eigen toetsresultaat of schoolweging" in note for note in found.notes)


def test_without_tests_in_the_exact_years_the_level_itself_is_compared(tested):
    low, high, schools, tests = tested
    late = tests[tests["year"] == 2022]
    found = advice.advice_panel(low, high, schools=schools, tests=late)
    assert not found.above_expected
    assert (found.rows["value"] == found.rows["level"]).all()
    assert any("2020-2021 en 2021-2022" in note and "zelf" in note for note in found.notes)


def test_a_provider_with_few_schools_has_no_effect_of_its_own(tested):
    low, high, schools, tests = tested
    name = np.where(np.arange(120) % 2 == 0, "LIB", "IEP").astype(object)
    name[[7, 30]] = "DOE"
    provider = pd.DataFrame({"school": schools["school"], "provider": name})
    provider = provider.merge(tests[["school", "year"]], on="school")
    found = advice.advice_panel(low, high, schools=schools, tests=tests, provider=provider)
    one = found.rows[(found.rows["school"] == "900030") & (found.rows["year"] == 2021)]
    assert abs(one["value"].item()) > 1e-6, "a group of one school would have no residual at all"
    means = found.rows.merge(provider).merge(schools)
    means = means[~means["participant"]].groupby(["year", "provider"])[["value", "n"]]
    for (_, provider_name), part in means:
        if provider_name != "DOE":
            assert np.average(part["value"], weights=part["n"]) == pytest.approx(0, abs=0.01)


def goal_two(edition, tests):
    rule = edition.protocol.goal(2).outcome
    years = [y for y in range(rule.window[0], edition.year + 1) if y not in rule.exclude_years]
    found = advice.advice_panel(
        *edition.advice_cells,
        years=years,
        schools=edition.schools,
        tests=tests,
        provider=panel.main_provider(edition.tables),
    )
    inputs = {name: edition.stages[name] for name in ("tidy", "schools")}
    chosen = Chosen(inputs | {"protocol": edition.protocol, "year": edition.year})
    rows, _ = chosen.panel(found.rows, 2, "De adviezen")
    rate = attenuation.recovery(found, rows)
    return found, rate, attenuation.estimate_advice(rows, rate, details=False)


def test_the_demo_effect_on_the_level_lies_inside_the_interval(edition, demo):
    truth = json.loads((demo / "truth.json").read_text(encoding="utf-8"))
    _, _, estimate = goal_two(edition, None)
    assert estimate.ci_low < truth["goal2"]["realised"] < estimate.ci_high


def test_the_demo_effect_above_what_the_test_leads_one_to_expect_does_too(edition, demo):
    truth = json.loads((demo / "truth.json").read_text(encoding="utf-8"))
    _, _, estimate = goal_two(edition, edition.target_levels)
    assert estimate.ci_low < truth["goal2"]["above_expected"] < estimate.ci_high


@pytest.fixture(scope="module")
def real(real_data):
    folder = Tables(real_data / "raw")
    return *panel.advice_cells(folder), panel.fixed_weging(folder, 2021)


@pytest.mark.real
def test_real_hidden_counts_average_what_the_methods_note_measured(real):
    """METHODS 5.1: VMBO_B and VMBO_B_K 1.9 in the exact years."""
    found = advice.advice_panel(*real[:2])
    assert found.means["VMBO_B"] == pytest.approx(1.9, abs=0.06)
    assert found.means["VMBO_B_K"] == pytest.approx(1.9, abs=0.06)
    assert advice.exact_years(*real[:2]) == [2019, 2020, 2021]


@pytest.mark.real
def test_pretended_participants_of_the_real_exact_years_are_seldom_called_changed(real):
    """METHODS 5.1: false positives .04-.06, coverage .93-.95, r .80 and .84 (400 draws)."""
    low, high, weging = real
    exact = low.index.get_level_values("year") <= 2021
    found = summarise(placebo(low[exact], high[exact], weging, draws=25))
    assert abs(found["bias"]) < 0.08
    assert 0.07 < found["sd"] < 0.14
    assert found["false_positives"] <= 16
    assert found["coverage"] >= 80
    assert found["one"] == pytest.approx(0.80, abs=0.04)
    assert found["two"] == pytest.approx(0.84, abs=0.04)
    # Without the division this would be 0.80.
    assert found["found_per_true"] == pytest.approx(1, abs=0.13)
