"""When will we know: codes with numbers, and the sentences that say them."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from kansen_analysis.demo.panels import PUPIL, RHO, SHOCK, simulate
from kansen_analysis.estimate.components import VarianceComponents
from kansen_analysis.estimate.power import power, until, usable
from kansen_analysis.goals import plan
from kansen_analysis.goals.codes import Holder, Hurdle, Need, Scenario, Verdict
from kansen_analysis.goals.protocol import load_protocol
from kansen_analysis.pages import plan as page
from kansen_analysis.words import plan as words

COMPONENTS = (VarianceComponents(PUPIL, SHOCK, RHO, k=(PUPIL / SHOCK) ** 2, pairs=0), "files")
GOALS = {goal.id: goal for goal in load_protocol().goals}


def look(panel, goal=1, **options):
    given = {"latest": 2024, "minimum": 10, "editions": 2, "components": COMPONENTS} | options
    return plan.outlook(goal, panel, **given)


def row(table, scenario, year=2025):
    (found,) = table[(table["scenario"] == scenario) & (table["year"] == year)].to_dict("records")
    return found


@pytest.fixture(scope="module")
def twenty():
    return simulate("S0", seed=1, treated=20, schools=240)


def test_a_register_of_twenty_is_answered_with_the_difference_of_power(twenty):
    table = look(twenty, limits={2025: 0.02, 2026: 0.05})
    found = row(table, Scenario.REGISTER)
    direct = power(usable(until(twenty, 2025)), COMPONENTS[0], limit=0.02)
    assert (found["code"], found["schools"], found["limit"]) == ("", 20, 0.02)
    assert found["difference"] == direct.difference
    assert found["difference_slow"] >= found["difference"]
    assert row(table, Scenario.MORE_SCHOOLS)["schools"] == 30
    assert row(table, Scenario.EARLIER)["difference"] < found["difference"]


def test_a_register_that_is_too_small_says_so_and_what_would_help():
    panel = simulate("S0", seed=1, treated=5, schools=225)
    table = look(panel, exact=True, attenuation=0.8)
    alone, more = row(table, Scenario.REGISTER), row(table, Scenario.MORE_SCHOOLS)
    assert (alone["code"], alone["schools"], alone["needed"]) == (Hurdle.TOO_FEW, 5, 10)
    assert np.isnan(alone["difference"])
    assert (more["code"], more["schools"]) == ("", 15)
    exact = row(table, Scenario.EXACT)
    assert exact["more"] == 10  # beside the register with ten more: alone nothing would help
    assert exact["difference"] == pytest.approx(0.8 * more["difference"] / plan.WIDER_BY_HIDING)


def test_years_that_are_gone_and_starts_nobody_knows(twenty):
    late = twenty[twenty["year"] >= 2023]
    assert row(look(late), Scenario.REGISTER)["code"] == Hurdle.TOO_SHORT
    unknown = twenty.assign(cohort=pd.array([pd.NA] * len(twenty), dtype="Int64"))
    found = row(look(unknown), Scenario.REGISTER)
    assert (found["code"], found["schools"]) == (Hurdle.NO_START, 0)
    assert row(look(unknown), Scenario.MORE_SCHOOLS)["schools"] == 10
    alone = twenty.assign(own_region=twenty["cohort"].notna())
    assert row(look(alone), Scenario.REGISTER)["code"] == Hurdle.NOTHING_BESIDE


def test_a_start_in_a_year_to_come_counts_from_then(twenty):
    coming = twenty.assign(cohort=twenty["cohort"].mask(twenty["cohort"].notna(), 2026))
    table = look(coming)
    assert row(table, Scenario.REGISTER, 2025)["code"] == Hurdle.TOO_SHORT
    assert row(table, Scenario.REGISTER, 2026)["schools"] == 20


def test_results_that_come_later_are_waited_for(twenty):
    now, lagged = look(twenty), look(twenty, lag=3)
    assert row(lagged, Scenario.REGISTER)["difference"] > row(now, Scenario.REGISTER)["difference"]


@pytest.fixture
def register():
    return pd.DataFrame(
        {
            "school": list("abcde"),
            "coach_start": pd.array([2021, 2021, pd.NA, pd.NA, pd.NA], "Int64"),
        }
    )


def test_needs_of_a_small_register(register):
    years = {1: [2022, 2023, 2024], 2: [2020, 2021, 2022]}
    table = plan.needs(GOALS.values(), register, years, minimum=10, hidden=True)
    found = {goal: dict(zip(part["need"], part["number"], strict=True))
             for goal, part in table.groupby("goal")}  # fmt: skip
    assert found[1] == {Need.STARTS: 3, Need.MEMBERS: 5, Need.YEARS: 2}
    assert set(found[2]) == {Need.STARTS, Need.MEMBERS, Need.YEARS, Need.COUNTS}
    assert Need.PLACES in found[3]
    assert set(found[4]) == {Need.CARE}
    earlier = table[(table["goal"] == 1) & (table["need"] == Need.YEARS)].iloc[0]
    assert earlier["years"] == [2018, 2020]  # 2019-2020 had no test
    assert earlier["holders"] == (Holder.PUBLISHERS,)


def test_an_area_with_too_few_schools_is_not_asked_for_more_schools(register):
    """Ten more were asked of a neighbourhood in which four stand."""
    table = plan.needs(GOALS.values(), register, {}, minimum=10, hidden=False, within=8)
    of_one = table[table["goal"] == 1].set_index("need")["number"]
    assert of_one[Need.AREA] == 8 and Need.MEMBERS not in of_one.index
    (said,) = [line for line in words.missing(table[table["goal"] == 1]) if "werkgebied" in line]
    assert said.startswith("In het werkgebied staan 8 scholen, minder dan een toets vraagt.")
    row = {"scenario": Scenario.MORE_SCHOOLS, "more": 3, "code": Hurdle.TOO_FEW, "supplied": True}
    assert "Ook met alle scholen" in words.in_short(GOALS[1], pd.DataFrame([row]))


def test_nothing_is_missing_when_nothing_is():
    full = pd.DataFrame({"school": list("abcdefghij"), "coach_start": [2021] * 10})
    table = plan.needs(
        GOALS.values(), full, {1: range(2015, 2025), 2: range(2015, 2025)}, minimum=10, hidden=False
    )
    assert set(table["goal"]) == {3, 4}


# Words -------------------------------------------------------------------------------------------


def test_every_code_has_its_sentence(register):
    for need in Need:
        given = pd.DataFrame(
            [{"need": need, "number": 2, "years": [2018, 2020], "holders": plan.HOLDERS[need]}]
        )
        (text,) = words.missing(given)
        assert "Wie het weet" in text and "nan" not in text
    for hurdle in Hurdle:
        rows = pd.DataFrame(
            [
                {
                    "scenario": Scenario.REGISTER,
                    "more": 0,
                    "year": 2025,
                    "code": hurdle,
                    "schools": 2,
                }
                | {"needed": 10, "difference": np.nan, "difference_slow": np.nan}
            ]
        )
        text = words.answer(GOALS[1], rows)
        assert "niet te toetsen" in text and text.count(".") >= 2


def test_what_is_said_of_a_register_of_twenty(twenty):
    table = look(twenty).assign(difference=lambda t: 50 * t["difference"])
    table["difference_slow"] *= 50
    text = words.answer(GOALS[1], table)
    assert "20 scholen die meetellen" in text and "2025-2026" in text and "80%" in text
    assert "een verschil dat ertoe doet is al 4 op de 100" in text.lower()
    for line in words.helps(GOALS[1], table):
        assert "2025-2026" in line or "2026-2027" in line
    assert not any(
        verdict in text.lower() for verdict in (Verdict.BETTER, Verdict.WORSE, Verdict.OPEN)
    )


def test_a_difference_is_rounded_up_so_that_it_is_not_promised_too_small():
    assert words.size(GOALS[1], 3.01) == "4 op de 100 leerlingen"
    assert words.size(GOALS[1], 3.0, 3.0) == "3 op de 100 leerlingen"
    assert words.size(GOALS[2], 0.301, 0.41) == "één stap bij 31 tot 41 op de 100 leerlingen"


def test_what_helps_is_said_in_whole_sentences(twenty):
    row = {"code": "", "year": 2026, "difference": 0.3, "difference_slow": 0.3, "more": 10}
    rows = pd.DataFrame([row | {"scenario": Scenario.EXACT}])
    assert words.helps(GOALS[2], rows) == [
        "Leveren de besturen exacte aantallen en komen er 10 scholen bij in het register, dan is "
        "in de uitgave over 2026-2027 een verschil van één stap bij 30 op de 100 leerlingen te "
        "zien."
    ]


def test_goals_with_one_answer_are_told_once(monkeypatch):
    row = {"need": Need.STARTS, "number": 3, "years": [], "holders": [Holder.PROGRAMME]}
    needs = pd.DataFrame([row | {"goal": goal} for goal in (1, 2)])
    monitor = SimpleNamespace(protocol=load_protocol(), needs=needs)
    assert page.missing(monitor).frame["goal"].tolist() == ["Eindtoets en Schooladvies"]
    monkeypatch.setattr(page, "_answer", lambda _, goal: "Niet." if goal.id < 3 else goal.name)
    told = page.overview(monitor).markdown
    assert told.startswith("- **Eindtoets en Schooladvies.** Niet.\n") and told.count("- **") == 3


def test_a_goal_without_figures_says_who_could_give_them():
    assert "aanleveren" in words.answer(GOALS[3], pd.DataFrame())
    assert "nooit per school" in words.answer(GOALS[4], pd.DataFrame())
