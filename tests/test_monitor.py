"""An edition of the monitor: what the demo's known truth and the real files must give."""

import json

import numpy as np
import pytest

from kansen_analysis.edition.monitor import Monitor
from kansen_analysis.errors import UsageError
from kansen_analysis.goals.codes import Verdict
from kansen_analysis.pages import common, eindtoets, samenvatting, schooladvies, verantwoording
from kansen_analysis.programme.workspace import root


@pytest.fixture(scope="module")
def edition(demo):
    return Monitor(demo)


@pytest.fixture(scope="module")
def real(real_data):
    return Monitor(real_data / "raw", root() / "data" / "participants.csv", 2024)


def test_the_effect_that_was_put_in_lies_inside_the_interval(edition, demo):
    truth = json.loads((demo / "truth.json").read_text(encoding="utf-8"))
    put_in = truth["goal1"]["realised"]
    row = edition.verdicts.set_index("goal").loc[1]
    assert row["ci_low"] < put_in < row["ci_high"]
    assert row["verdict"] == Verdict.BETTER


def test_nobody_without_a_known_start_is_in_the_panel(edition):
    unknown = edition.participants.loc[edition.participants["coach_start"].isna(), "school"]
    assert len(unknown) > 0
    assert not edition.panel["school"].isin(unknown).any()


def test_the_year_without_a_test_is_absent_and_not_zero(edition):
    for table in (edition.target_levels, edition.standard_scores):
        assert 2019 not in set(table["year"])
        assert {2018, 2020} <= set(table["year"])
    assert 2019 not in set(edition.panel["year"])
    assert 2018 in set(edition.panel["year"])
    assert 2020 in set(edition.panel["year"])


def test_special_primary_schools_are_in_no_pool(edition):
    advices = edition.load("schooladviezen")
    special = set(advices.loc[advices["kind"] == "Sbo", "school"])
    assert special
    assert not special & set(edition.pools.members["school"])
    assert not special & set(edition.panel["school"])


def test_an_earlier_edition_does_not_see_later_years(demo):
    earlier = Monitor(demo, school_year=2022)
    assert earlier.panel["year"].max() == 2022
    assert earlier.load("schooladviezen")["year"].max() == 2022
    assert earlier.panel["cohort"].max() <= 2022


def test_a_year_without_results_is_wrong_use(demo):
    with pytest.raises(UsageError, match="2031-2032"):
        Monitor(demo, school_year=2031)


def test_every_page_of_the_demo_says_first_that_its_schools_are_invented(edition):
    assert "verzonnen" in common.banner(edition).markdown


def test_pages_give_the_same_answer_twice(edition):
    for make in (samenvatting.goals_figure, eindtoets.participants, schooladvies.compared):
        one, two = make(edition)._repr_mimebundle_(), make(edition)._repr_mimebundle_()
        assert one == two


def test_the_headline_never_says_more_than_the_verdicts():
    assert "beter" not in samenvatting._headline(["Onbeslist", "Niet toetsbaar"] * 2)
    assert "één beter" in samenvatting._headline(["Beter", "Onbeslist", "Onbeslist", "Onbeslist"])
    none = samenvatting._headline(["Niet toetsbaar"] * 4)
    assert none == "Met deze gegevens is nog geen van de vier doelen te toetsen"


@pytest.mark.real
def test_real_files_bear_no_verdict_and_say_why(real):
    assert set(real.verdicts["verdict"]) == {Verdict.UNTESTABLE}
    reason = real.verdicts.set_index("goal").loc[1, "reason"]
    assert "2022-2023" in reason
    assert real.verdicts["reason"].str.len().min() > 40


@pytest.mark.real
def test_real_schools_are_shown_with_their_published_figures(real):
    """Read in the Inspectie's workbook by eye: 10HM|C1 has 33,29 and 38,7; 28,57 in 2024-2025."""
    shown = eindtoets.participants(real).frame.set_index("school")
    school = shown.loc["10HM00"]
    assert school["schoolweging_driejaars"] == pytest.approx(33.29)
    assert school["signaleringswaarde_1s2f"] == pytest.approx(38.7)
    assert school["value_2024"] == pytest.approx(28.57)
    hidden = shown.loc["08CT00"]
    assert np.isnan(hidden["value_2022"])
    assert hidden["value_2022_low"] < hidden["value_2022_high"]


@pytest.mark.real
def test_a_real_run_does_not_call_its_schools_invented(real):
    assert "verzonnen" not in common.banner(real).markdown
    assert "verzonnen" not in verantwoording.limits(real).markdown
