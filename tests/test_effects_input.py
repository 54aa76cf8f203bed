"""Wrong panels are refused, and the message says what to do."""

from __future__ import annotations

import pandas as pd
import pytest

from kansen_analysis.demo.panels import simulate
from kansen_analysis.errors import PanelError
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
