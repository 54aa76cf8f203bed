"""What the data cannot tell apart is not called an effect, nor the absence of one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from kansen_analysis.demo.panels import simulate
from kansen_analysis.errors import PanelError
from kansen_analysis.estimate.codes import Lack
from kansen_analysis.estimate.effects import VERSIONS, estimate_effect
from kansen_analysis.estimate.etwfe import confounded, fit
from kansen_analysis.estimate.panel import to_data
from kansen_analysis.estimate.shares import estimate_share_effect
from kansen_analysis.estimate.specifications import vary
from kansen_analysis.words.estimates import noted

YEARS = [year for year in range(2013, 2025) if year != 2019]


def schools(cohorts, effects, *, others=40, each=10, provider=None, spread=4.0, seed=1):
    """Participants by cohort with an effect in points, and comparison schools.

    ``provider(cohort, year, number)`` says which test is sat; ``cohort`` is None for others.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for cohort, effect in [*zip(cohorts, effects, strict=True), (None, 0.0)]:
        for number in range(each if cohort else others):
            level, weging = rng.normal(60, 5), float(np.clip(rng.normal(30, 3), 20, 40))
            region = cohort is not None or number % 2 == 0
            for year in YEARS:
                running = cohort is not None and year >= cohort
                value = level - 1.9 * (weging - 30) + 0.3 * (year - 2018)
                value += rng.normal(0, spread) + effect * running
                test = provider(cohort, year, number) if provider else "A"
                key = f"{cohort or 0}{number:03d}"
                pupils = int(rng.integers(10, 40))
                rows.append((key, year, value, pupils, cohort, weging, test, region))
    names = ["school", "year", "value", "n", "cohort", "schoolweging", "provider", "own_region"]
    panel = pd.DataFrame(rows, columns=names).astype({"cohort": "Int64"})
    return panel.sort_values(["school", "year"], ignore_index=True, kind="stable")


def moved(cohort, year, number):
    """All participants go to another test in 2021."""
    return "B" if cohort and year > 2020 else "A"


def test_a_move_to_a_test_that_nobody_else_sits_leaves_nothing_to_say():
    """Forty comparison schools; all participants change tests in 2021. True effects +6 and +15."""
    panel = schools([2020, 2021], [6.0, 15.0], provider=moved)
    found = estimate_effect(panel, draws=19)
    assert found.versions["effect"].isna().all()
    assert found.versions["lack"].eq("provider").all()
    assert found.versions["left"].tolist() == pytest.approx([10 / 90] * 5)  # 2020, the first ten
    assert np.isnan(found.effect) and np.isnan(found.ci_low) and "nan" in repr(found)
    lost = found.lost[found.lost["version"] == "V1"]
    assert len(lost) == 8 and lost["lack"].eq("provider").all()
    assert any("V1 is niet te berekenen" in note for note in noted(found.notes))


def test_a_test_that_nobody_in_the_region_sits_takes_v4_away_only():
    """Twelve participants in three cohorts change tests at their start; so do some elsewhere."""

    def provider(cohort, year, number):
        moved = year >= cohort if cohort else (number % 2 == 1 and year >= 2020)
        return "B" if moved else "A"

    panel = schools([2020, 2021, 2022], [6.0] * 3, each=4, provider=provider)
    found = estimate_effect(panel, draws=19).versions
    assert found["lack"].to_dict() == dict.fromkeys(VERSIONS, "") | {"V4": "provider"}
    rest = found.drop("V4")
    assert (np.abs(rest["effect"] - 6) < 3 * rest["std_error"]).all()


def test_a_year_without_comparison_schools_is_left_out_with_its_rows():
    panel = schools([2020, 2021], [20.0, 20.0], spread=1.0)
    alone = panel[(panel["year"] != 2022) | panel["cohort"].notna()].reset_index(drop=True)
    found = estimate_effect(alone, draws=19)
    assert np.abs(found.versions["effect"] - 20).max() < 1
    assert found.versions["left"].tolist() == pytest.approx([70 / 90] * 5)
    lost = found.lost[found.lost["version"] == "V1"]
    assert lost[["cohort", "year", "lack"]].to_numpy().tolist() == [
        [2020, 2022, Lack.YEAR],
        [2021, 2022, Lack.YEAR],
    ]
    # Rows that can tell nothing change nothing.
    without = estimate_effect(alone[alone["year"] != 2022].reset_index(drop=True), draws=19)
    assert found.effect == pytest.approx(without.effect, abs=1e-9)
    assert found.std_error == pytest.approx(without.std_error, rel=1e-9)


def test_less_than_half_of_the_years_is_not_enough():
    panel = schools([2020], [20.0], spread=1.0)

    def without(*years):
        keep = ~panel["year"].isin(years) | panel["cohort"].notna()
        return estimate_effect(panel[keep].reset_index(drop=True), draws=19).versions

    two = without(2023, 2024)  # three of five are left
    assert two["left"].tolist() == pytest.approx([0.6] * 5) and two["effect"].notna().all()
    three = without(2022, 2023, 2024)
    assert three["lack"].eq(Lack.YEAR).all() and three["effect"].isna().all()


def test_a_version_says_which_schools_it_leaves_out_for_want_of_earlier_years():
    panel = simulate("S0", seed=1)
    short = panel[(panel["cohort"] != 2020).fillna(True) | (panel["year"] >= 2017)]
    found = estimate_effect(short.reset_index(drop=True), draws=19, details=False)
    # the first cohort has 2017 and 2018 only: nothing before the last two years
    lost = found.lost[found.lost["version"] == "V2"]
    assert set(lost["cohort"]) == {2020} and set(lost["lack"]) == {Lack.YEARS_BEFORE}
    assert set(lost["year"]) == {2020, 2021, 2022, 2023, 2024}
    assert found.versions.loc["V2", "left"] == pytest.approx(200 / 280)
    assert found.versions.loc["V1", "left"] == 1


def test_a_trend_needs_more_than_one_year_before():
    panel = simulate("S0", seed=1)
    panel = panel[panel["cohort"].isna() | panel["cohort"].eq(2020).fillna(False)]
    panel = panel[panel["year"] >= 2017].reset_index(drop=True)
    two = estimate_effect(panel, draws=19, details=False).versions
    assert two.loc["V5", "lack"] == ""
    first = panel["cohort"].notna() & (panel["year"] == 2017)
    one = estimate_effect(panel[~first].reset_index(drop=True), draws=19, details=False).versions
    assert one.loc["V5", "lack"] == Lack.YEARS_BEFORE
    assert np.isnan(one.loc["V5", "effect"]) and np.isfinite(one.loc["V1", "effect"])


def test_what_cannot_be_told_is_what_statsmodels_says_has_no_unique_answer():
    """A coefficient is estimable when all least squares answers have the same one."""
    rng = np.random.default_rng(3)
    for _ in range(40):
        x = rng.integers(0, 2, (30, 6)).astype(float)
        x[:, 5] = x[:, rng.integers(0, 3)] + x[:, 3] * rng.integers(0, 2)
        loose = confounded(x.T @ x, (x**2).sum(axis=0))
        y = rng.standard_normal(30)
        answers = [np.linalg.pinv(x) @ y]
        for at in range(6):  # other answers: those without one of the columns
            rest = np.delete(np.arange(6), at)
            if np.linalg.matrix_rank(x[:, rest]) == np.linalg.matrix_rank(x):
                each = np.zeros(6)
                each[rest] = sm.OLS(y, x[:, rest]).fit().params
                answers.append(each)
        differ = np.ptp(answers, axis=0) > 1e-8
        assert loose.tolist() == differ.tolist()


def test_one_school_that_tells_two_effects_apart_does_not_make_them_certain():
    """A new test that one comparison school sits too: its own chance is all there is to go by."""

    def provider(cohort, year, number):
        alone = cohort is None and number == 0
        return "B" if (cohort or alone) and year >= 2020 else "A"

    far = []
    for seed in range(25):
        panel = schools([2020], [0.0], each=20, provider=provider, spread=4.0, seed=seed)
        found = estimate_effect(panel, draws=0, details=False).versions.loc["V1"]
        far.append(found["effect"] / found["std_error"])
    assert np.abs(far).max() < 4 and np.std(far) < 1.5
    data, _ = to_data(panel)
    each = fit(data)
    naive = each.results.get_robustcov_results("cluster", groups=each.data.school).cov_params()
    clustered = each.rows([each.all]) @ naive @ each.rows([each.all]).T
    assert found["std_error"] > 3 * np.sqrt(clustered.item())  # which would be far too small


def test_a_choice_that_cannot_be_told_is_empty_too():
    panel = schools([2020, 2021], [6.0, 15.0], provider=moved)
    table = vary(panel)
    assert table["effect"].isna().sum() >= 8
    blind = [name for name in table.index if "zonder rekening" in name.lower()]
    assert table.loc[blind, "effect"].notna().all()  # without providers there is an answer


def test_a_share_is_not_told_apart_either():
    panel = schools([2020, 2021], [6.0, 15.0], provider=moved)
    panel["count"] = (panel["n"] * panel.pop("value").clip(0, 100) / 100).round().astype(int)
    found = estimate_share_effect(panel)
    assert any("weggelaten" in note for note in noted(found.notes))
    assert found.n_treated == 10  # of 2020 alone
    alone = panel[panel["cohort"].isna() | (panel["cohort"] == 2020).fillna(False)]
    alone = alone.assign(provider=alone["provider"].where(alone["cohort"].isna(), "B"))
    with pytest.raises(PanelError, match="told apart"):
        estimate_share_effect(alone)


# ---- random designs: whatever is reported is near the truth


def random_design(seed: int) -> pd.DataFrame:
    """Few schools, providers that come and go, years that are missing; ``true`` is planted."""
    rng = np.random.default_rng(seed)
    years = [year for year in YEARS if rng.random() > 0.12]
    cohorts = rng.choice([2018, 2020, 2021, 2022, 2023], size=rng.integers(1, 4), replace=False)
    treated, others, tests = rng.integers(4, 30), rng.integers(2, 45), rng.integers(2, 5)
    noise, switching = rng.choice([0.5, 2.0, 7.0]), rng.choice([0, 0.1, 0.4])
    moves, moved, new = rng.random() < 0.4, rng.integers(2018, 2024), rng.random() < 0.5
    scale = rng.normal(0, 15, (12, tests + 1))
    each = rng.normal(0, 8, 5) if rng.random() < 0.5 else np.full(5, 6.0)
    rows = []
    for school in range(treated + others):
        own = school < treated
        which = int(rng.integers(len(cohorts)))
        level, weging = rng.normal(60, 6), float(np.clip(rng.normal(30, 3), 20, 40))
        size, test = rng.integers(8, 40), int(rng.integers(tests))
        region = bool(own or rng.random() < 0.5)
        for at, year in enumerate(years):
            if rng.random() < switching:
                test = int(rng.integers(tests))
            if own and moves and year >= moved:
                test = tests if new else 0
            if rng.random() < 0.05 or (not own and others < 8 and rng.random() < 0.3):
                continue
            n = max(5, int(rng.poisson(size)))
            true = each[which] if own and year >= cohorts[which] else 0.0
            chance = rng.normal(0, noise) + rng.normal(0, 3 * noise / np.sqrt(n))
            value = level - 1.9 * (weging - 30) + 3 * np.sin(year) + scale[at, test] + chance + true
            cohort = cohorts[which] if own else None
            rows.append((f"{school:06d}", year, value, n, cohort, weging, f"P{test}", region, true))
    names = ["school", "year", "value", "n", "cohort", "schoolweging", "provider", "own_region"]
    panel = pd.DataFrame(rows, columns=[*names, "true"]).astype({"cohort": "Int64"})
    if rng.random() < 0.3:
        year = rng.choice(years)
        panel = panel[(panel["year"] != year) | panel["cohort"].notna()]
    return panel.reset_index(drop=True)


def distances(seed: int) -> dict[str, float]:
    """Per version that is reported, its distance from the truth in standard errors."""
    panel = random_design(seed)
    try:
        found = estimate_effect(panel.drop(columns="true"), draws=0, details=False)
    except PanelError:
        return {}
    running = panel[(panel["year"] >= panel["cohort"]).fillna(False)]
    result = {}
    for name, row in found.versions.dropna(subset="effect").iterrows():
        lost = found.lost[(found.lost["version"] == name) & found.lost["effect"].astype(bool)]
        gone = pd.MultiIndex.from_frame(lost[["cohort", "year"]].astype(int))
        here = pd.MultiIndex.from_frame(running[["cohort", "year"]].astype(int))
        truth = running.loc[~here.isin(gone), "true"].mean()
        result[name] = (row["effect"] - truth) / row["std_error"]
    return result


def test_every_reported_version_of_a_random_design_is_near_the_truth():
    found = pd.DataFrame([distances(seed) for seed in range(40)])
    assert found.abs().max().max() < 4
    assert found.notna().sum().sum() > 100
    assert found.isna().sum().sum() > 10  # some could not be told
    assert 0.4 < np.nanmean(found**2) < 1.6
