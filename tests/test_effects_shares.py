"""Shares, single schools and other choices."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from kansen_analysis.demo.panels import simulate
from kansen_analysis.errors import PanelError
from kansen_analysis.estimate.effects import estimate_effect
from kansen_analysis.estimate.per_school import school_changes
from kansen_analysis.estimate.shares import estimate_share_effect
from kansen_analysis.estimate.specifications import vary


def counts(seed=1, log_odds=0.0, **options):
    """A rate of about 13%, as docs/methods.md, with a planted effect on the log odds."""
    panel = simulate("S0", seed=seed, **options)
    running = (panel["year"] >= panel["cohort"]).fillna(False)
    logit = -1.9 + 0.4 * panel.pop("value") + log_odds * running
    rng = np.random.default_rng(seed)
    panel["count"] = rng.binomial(panel["n"], 1 / (1 + np.exp(-logit)))
    return panel


def test_the_share_effect_is_that_of_a_model_on_single_pupils():
    """Written out pupil by pupil and averaged over school-years, the difference is the same."""
    panel = counts(schools=60, treated=40)
    found = estimate_share_effect(panel)
    pupils = panel.loc[panel.index.repeat(panel["n"])].copy()
    pupils["hit"] = pupils.groupby(level=0).cumcount() < pupils["count"]
    running = (pupils["year"] >= pupils["cohort"]).fillna(False)
    cell = (pupils["cohort"].astype(str) + "/" + pupils["year"].astype(str)).where(running)
    year = pd.get_dummies(pupils["year"], drop_first=True, dtype=float)
    provider = pd.get_dummies(pupils["provider"] + pupils["year"].astype(str), dtype=float)
    provider = provider[[name for name in provider if not name.startswith("A")]]
    weging = pupils["schoolweging"] - 30
    cells = pd.get_dummies(cell, dtype=float)
    parts = [
        pd.get_dummies(pupils["cohort"].astype("Float64"), dtype=float),
        weging,
        year,
        year.mul(weging, axis=0),
        provider,
        cells,
    ]
    x = sm.add_constant(pd.concat(parts, axis=1).to_numpy(float))
    results = sm.GLM(pupils["hit"].astype(float), x, family=sm.families.Binomial()).fit(
        cov_type="cluster", cov_kwds={"groups": pd.factorize(pupils["school"])[0]}
    )
    assert np.linalg.matrix_rank(x) == x.shape[1]
    without = x.copy()
    without[:, -cells.shape[1] :] = 0
    rows = running.to_numpy()
    gap = pd.Series(100 * (results.predict(x[rows]) - results.predict(without[rows])))
    key = [pupils.loc[rows, "school"].to_numpy(), pupils.loc[rows, "year"].to_numpy()]
    assert found.effect == pytest.approx(gap.groupby(key).first().mean(), abs=1e-6)
    assert found.linear["effect"] == pytest.approx(found.effect, abs=1.0)


def test_a_planted_share_effect_is_found_in_points():
    panels = [counts(seed, -0.4) for seed in range(6)]
    effects = [estimate_share_effect(panel).effect for panel in panels]
    # docs/methods.md: -0.2 on the log odds is about -2 points at 13%, so -0.4 about -4
    assert np.mean(effects) == pytest.approx(-4, abs=1)
    turned = estimate_share_effect(panels[0], higher_is_better=False)
    same = estimate_share_effect(panels[0])
    assert turned.effect == pytest.approx(-same.effect)
    assert (turned.ci_low, turned.ci_high) == pytest.approx((-same.ci_high, -same.ci_low))


def test_a_count_above_n_is_refused():
    panel = counts(schools=40, treated=20)
    panel.loc[5, "count"] = panel.loc[5, "n"] + 1
    with pytest.raises(PanelError, match="between 0 and n"):
        estimate_share_effect(panel)


def test_few_schools_stand_out_when_nothing_happened():
    shares, marked = [], 0
    for seed in range(25):
        table = school_changes(simulate("S0", seed=seed)).table
        seen = table[table["mark"] != "te weinig leerlingen"]
        shares.append((seen["mark"] != "binnen de marge").mean())
        marked += len(seen)
    assert marked > 1500
    assert (
        0.03 <= np.mean(shares) <= 0.06
    )  # docs/methods.md: at most 6%; 13% without the extra spread


def test_a_school_that_moved_stands_out_and_is_shrunk():
    panel = simulate("S0", seed=2)
    school = (
        panel[(panel["cohort"] == 2021).fillna(False)].groupby("school")["n"].sum().idxmax()
    )  # the largest, so chance is small
    moved = (panel["school"] == school) & (panel["year"] >= 2021)
    table = school_changes(panel.assign(value=panel["value"] + 1.0 * moved)).table
    row = table.set_index("school").loc[school]
    assert row["mark"] == "boven de marge"
    assert 0 < row["shrunken"] < row["change"]
    clean = school_changes(panel).table.set_index("school").loc[school]
    assert row["change"] - clean["change"] == pytest.approx(1.0, abs=0.02)


def test_schools_under_thirty_pupils_in_three_years_get_no_figure():
    panel = simulate("S0", seed=2)
    school = panel.loc[panel["cohort"].notna(), "school"].iloc[0]
    panel.loc[panel["school"] == school, "n"] = 9
    table = school_changes(panel).table.set_index("school")
    assert table.loc[school, "mark"] == "te weinig leerlingen"
    assert table.loc[school, ["change", "shrunken", "low", "high"]].isna().all()
    assert table.loc[school, "n_after"] == 27
    assert table.index.is_monotonic_increasing  # by code, no ranking


def test_other_choices_repeat_the_versions():
    panel = simulate("S0", seed=1, effect=0.1)
    table, found = vary(panel), estimate_effect(panel, details=False)
    assert len(table) >= 10 and "p_value" not in table
    for name in ("V1", "V2", "V3", "V4"):
        row = table.loc[name]
        expected = found.versions.loc[name, ["effect", "std_error"]].to_numpy(float)
        assert row[["effect", "std_error"]].to_numpy(float) == pytest.approx(expected)


def test_a_choice_that_cannot_be_made_is_empty():
    panel = simulate("S0", seed=1, effect=0.1)
    alone = panel.assign(own_region=panel["cohort"].notna(), merged=panel["cohort"].isna())
    table = vary(alone)
    assert np.isnan(table.loc["V4", "effect"])
    assert np.isnan(table.loc["not merged", "effect"])
