"""Wrong panels are refused, and the message says what to do."""

from __future__ import annotations

import pandas as pd
import pytest

from kansen_analysis import judge_panel
from kansen_analysis.demo.panels import simulate
from kansen_analysis.errors import PanelError, UsageError
from kansen_analysis.estimate.effects import estimate_effect

PANEL = simulate("S0", seed=1, schools=60, treated=20)
ONE = PANEL["school"].iloc[0]


def changed(column, value, where=None):
    frame = PANEL.copy()
    where = frame.index == 3 if where is None else where
    frame[column] = frame[column].mask(pd.Series(where, frame.index), value)
    return frame


WRONG = {
    "a list": (PANEL.to_dict("records"), "pass a pandas DataFrame"),
    "missing column": (PANEL.drop(columns="provider"), "no column provider; add it"),
    "no rows": (PANEL.head(0), "no rows"),
    "numeric codes": (PANEL.assign(school=PANEL["school"].astype(int)), "school codes are text"),
    "year of six figures": (
        PANEL.assign(year=PANEL["year"] * 100, cohort=PANEL["cohort"] * 100),
        "first year of the school year, in four figures",
    ),
    "year counted from another": (
        PANEL.assign(year=PANEL["year"] - 4000, cohort=PANEL["cohort"] - 4000),
        "has year -1987",
    ),
    "0 for no cohort": (PANEL.assign(cohort=PANEL["cohort"].fillna(0)), "NA for schools"),
    "values of complex numbers": (
        PANEL.assign(value=PANEL["value"].astype(complex)),
        "not numeric",
    ),
    "values too small to square": (PANEL.assign(value=PANEL["value"] * 1e-305), "common unit"),
    "values too large to square": (PANEL.assign(value=PANEL["value"] * 1e300), "common unit"),
    "column twice": (pd.concat([PANEL, PANEL[["n"]]], axis=1), "column n more than once"),
    "year as text": (PANEL.assign(year=PANEL["year"].astype(str)), "whole numbers"),
    "doubled row": (
        pd.concat([PANEL, PANEL.head(1)]).sort_values(["school", "year"]),
        "more than one row for 2013-2014; combine",
    ),
    "not sorted": (PANEL.sample(frac=1, random_state=1), "sort_values"),
    "empty value": (changed("value", None), "leave these rows out"),
    "no pupils": (changed("n", 0), "a row without pupils is no observation"),
    "schoolweging 3147": (
        PANEL.assign(schoolweging=PANEL["schoolweging"] * 100),
        "check the decimal comma",
    ),
    "gewicht in schoolweging": (PANEL.assign(schoolweging=0.3), "leerlinggewicht"),
    "schoolweging that changes": (changed("schoolweging", 31.0), "changes within school"),
    "cohort that changes": (
        changed("cohort", 2022, PANEL["school"].eq(ONE) & (PANEL["year"] > 2021)),
        "joins once",
    ),
    "cohort as a float": (PANEL.assign(cohort=PANEL["cohort"].astype(float)), "Int64"),
    "region unknown": (PANEL.assign(own_region="ja"), "True or False"),
    "nobody takes part": (
        PANEL.assign(cohort=pd.array([pd.NA] * len(PANEL), "Int64")),
        "fill cohort",
    ),
    "everybody takes part": (PANEL[PANEL["cohort"].notna()], "choose_pools"),
    "no earlier year": (PANEL[PANEL["year"] >= 2020], "no earlier year"),
    "one earlier year": (PANEL[PANEL["year"] >= 2018], "only one earlier year"),
    "no programme year": (PANEL[PANEL["year"] < 2019], "add later years"),
    "2019-2020 as 0": (
        pd.concat([PANEL, PANEL[PANEL["year"] == 2018].assign(year=2019, value=0.0)]).sort_values(
            ["school", "year"], ignore_index=True
        ),
        "2019-2020; a year without a test",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_panel_is_refused_with_a_remedy(case):
    frame, message = WRONG[case]
    with pytest.raises(PanelError, match=message.replace("(", r"\(")):
        estimate_effect(frame)


def test_the_panel_itself_is_left_alone():
    before = PANEL.copy(deep=True)
    estimate_effect(PANEL, draws=19)
    pd.testing.assert_frame_equal(PANEL, before)


def test_an_unknown_provider_is_allowed():
    assert estimate_effect(PANEL.assign(provider=pd.NA), draws=19).n_schools == 60


def test_an_index_named_after_a_column_is_no_matter():
    named = PANEL.set_index(["school", "year"], drop=False)
    assert repr(estimate_effect(named, draws=19)) == repr(estimate_effect(PANEL, draws=19))


def test_one_board_for_all_schools_is_told_and_gives_no_error_by_board():
    row = judge_panel(PANEL.assign(value=PANEL["value"] + 20, board="one")).iloc[0]
    assert row["guards"]["boards"] == "houdt tegen"
    assert "few boards" in row["reasons"] and row["verdict"] == "onbeslist"


def test_judge_panel_takes_rows_in_any_order():
    panel = PANEL.assign(school="00" + PANEL["school"])
    row = judge_panel(panel)
    pd.testing.assert_frame_equal(judge_panel(panel.sample(frac=1, random_state=2)), row)
    assert row["n_schools"].iloc[0] == estimate_effect(PANEL, draws=19, decides="V4").n_schools


def test_a_panel_without_chance_gives_back_exactly_what_was_put_in():
    own = PANEL.groupby("school")["value"].transform("first")
    running = (PANEL["year"] >= PANEL["cohort"]).fillna(False).astype(bool)
    exact = PANEL.assign(value=46.8 * own + 2.0 * PANEL["year"] + 8.0 * running)
    row = judge_panel(exact).iloc[0]
    assert row["versions"] == "V1, V2, V3, V4, V5"
    assert (row["effect"], row["ci_low"], row["ci_high"]) == pytest.approx((8.0, 8.0, 8.0))


@pytest.mark.parametrize("wrong", [None, -1, 1.5, "1"])
def test_a_seed_is_a_number_that_gives_the_same_figures_again(wrong):
    with pytest.raises(UsageError, match="whole number from 0"):
        judge_panel(PANEL, seed=wrong)


@pytest.mark.parametrize("wrong", [0, 2.0, "2"])
def test_a_look_is_the_number_of_an_edition(wrong):
    with pytest.raises(UsageError, match="There is no look"):
        judge_panel(PANEL, look=wrong)
