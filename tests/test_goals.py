"""The protocol is checked, and the verdict follows the rule that stands in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests

from kansen_analysis.demo.panels import simulate
from kansen_analysis.errors import Reason, UsageError
from kansen_analysis.estimate.effects import estimate_effect
from kansen_analysis.estimate.power import detectable_difference
from kansen_analysis.goals.codes import Why
from kansen_analysis.goals.protocol import load_protocol
from kansen_analysis.goals.rule import decide
from kansen_analysis.goals.rule import judge as coded
from kansen_analysis.outcomes.codes import Obstacle
from kansen_analysis.words.verdicts import say_size, worded

PROTOCOL = load_protocol()


@pytest.fixture(scope="module")
def estimate():
    return estimate_effect(simulate("S0", seed=1), details=False)


def judge(estimates, protocol, guards=None):
    """The verdicts as they are shown, with the reasons in Dutch."""
    return worded(coded(estimates, protocol, guards), protocol)


def told(estimate, effects, error=1.0, p_values=None, n_treated=80):
    """An estimate whose versions say what we want them to say."""
    effects = np.array(effects, float)
    table = pd.DataFrame(
        {
            "effect": effects,
            "p_value": [0.001] * 4 if p_values is None else p_values,
            "ci_low": effects - 2 * error,
            "ci_high": effects + 2 * error,
            "ci90_low": effects - 1.65 * error,
            "ci90_high": effects + 1.65 * error,
        },
        index=["V1", "V2", "V3", "V4"],
    )
    return replace(estimate, decision=table, n_treated=n_treated)


RULE = {
    # effects of V1..V4, error, p of the deciding version -> verdict, for a goal where V4 decides
    "all four above": ([4, 4, 4, 4], 1, 0.001, "beter"),
    "all four below": ([-4, -4, -4, -4], 1, 0.001, "slechter"),
    "one version does not agree above": ([4, 1, 4, 4], 1, 0.001, "onbeslist"),
    "one version does not agree below": ([-4, -4, -1, -4], 1, 0.001, "onbeslist"),
    "own region does not agree": ([4, 4, 4, 1], 1, 0.3, "geen verschil dat ertoe doet"),
    "not firm after Holm": ([4, 4, 4, 4], 1, 0.06, "onbeslist"),
    "close to zero": ([0.5, 0.5, 0.5, 0.5], 1, 0.6, "geen verschil dat ertoe doet"),
    "too unsure to tell": ([0.5, 0.5, 0.5, 0.5], 3, 0.9, "onbeslist"),
    "a version is missing": ([4, np.nan, 4, 4], 1, 0.001, "onbeslist"),
}


@pytest.mark.parametrize("case", RULE)
def test_the_rule(estimate, case):
    effects, error, p_value, verdict = RULE[case]
    found = told(estimate, effects, error, [0.001] * 3 + [p_value])
    assert judge({1: found}, PROTOCOL)["verdict"].iloc[0] == verdict


def test_the_table_has_one_row_per_goal_and_figures_of_the_deciding_version(estimate):
    table = judge({1: told(estimate, [1, 2, 3, 4])}, PROTOCOL)
    assert table["goal"].tolist() == [1, 2, 3, 4]
    first = table.iloc[0]
    assert (first["decides"], first["effect"], first["ci_low"]) == ("V4", 4, 2)
    assert first["agreeing_versions"] == "V3, V4"
    assert table["verdict"].tolist()[1:] == ["niet toetsbaar"] * 3
    assert table["p_holm"].isna().tolist() == [False, True, True, True]


def test_holm_is_that_of_statsmodels_over_the_tested_goals(estimate):
    p_values = [0.03, 0.02, 0.04]
    found = {
        goal: told(estimate, [4] * 4, p_values=[p] * 4)
        for goal, p in zip((1, 2, 3), p_values, strict=True)
    }
    table = judge(found, PROTOCOL, guards={3: told(estimate, [4] * 4)})
    expected = multipletests(p_values, method="holm")[1]
    assert table["p_holm"].iloc[:3].tolist() == pytest.approx(expected.tolist())
    assert (table["verdict"].iloc[:3] == "onbeslist").all()
    alone = judge({1: found[1]}, PROTOCOL)
    assert alone["verdict"].iloc[0] == "beter"


def test_a_goal_without_an_estimate_says_why_there_is_none():
    why = (Reason(Obstacle.PARTICIPANTS, {"schools": 3}), Reason(Obstacle.NO_ESTIMATE))
    table = judge({1: why}, PROTOCOL)
    assert table["verdict"].eq("niet toetsbaar").all()
    assert table["reason"].iloc[0] == (
        "Er doen 3 scholen mee. Met deze scholen en jaren is geen berekening te maken."
    )
    assert table["reason"].iloc[1] == PROTOCOL.goal(2).missing
    assert table["n_treated"].isna().all()


def test_context_is_never_judged(estimate):
    table = judge({4: told(estimate, [9] * 4)}, PROTOCOL)
    assert table["verdict"].iloc[3] == "niet toetsbaar"
    assert np.isnan(table["p_holm"].iloc[3])


def test_fewer_than_ten_participants_give_no_verdict(estimate):
    few = judge({1: told(estimate, [9] * 4, n_treated=9)}, PROTOCOL)
    assert few["verdict"].iloc[0] == "niet toetsbaar"
    assert "9 scholen" in few["reason"].iloc[0]
    ten = judge({1: told(estimate, [9] * 4, n_treated=10)}, PROTOCOL)
    assert ten["verdict"].iloc[0] == "beter"


def test_goal_three_needs_its_guard(estimate):
    found = told(estimate, [4] * 4)
    assert judge({3: found}, PROTOCOL)["verdict"].iloc[2] == "onbeslist"
    held = judge({3: found}, PROTOCOL, guards={3: told(estimate, [0] * 4)})
    assert held["verdict"].iloc[2] == "beter"
    fell = judge({3: found}, PROTOCOL, guards={3: told(estimate, [-6] * 4)})
    assert fell["verdict"].iloc[2] == "onbeslist"
    worse = judge({3: told(estimate, [-4] * 4)}, PROTOCOL)
    assert worse["verdict"].iloc[2] == "slechter"  # bad news needs no guard


def test_an_unknown_goal_is_refused(estimate):
    with pytest.raises(UsageError, match="no goal 5"):
        judge({5: estimate}, PROTOCOL)


SIZES = {
    (3.1, -1.2, 7.4): (
        "Van elke 100 leerlingen halen er naar schatting 3 méér het streefniveau dan op "
        "vergelijkbare scholen. Het kan ook 1 minder zijn, of 7 meer."
    ),
    (-2.5, -5.0, -0.3): (
        "Van elke 100 leerlingen halen er naar schatting 3 minder het streefniveau dan op "
        "vergelijkbare scholen. Het kan ook 5 minder zijn, of minder dan 1 minder."
    ),
    (0.2, -3.0, 3.4): (
        "Van elke 100 leerlingen halen er naar schatting evenveel het streefniveau als op "
        "vergelijkbare scholen. Het kan ook 3 minder zijn, of 3 meer."
    ),
}


@pytest.mark.parametrize("figures", SIZES)
def test_size_and_doubt_are_said_in_pupils_of_every_hundred(figures):
    row = dict(zip(("effect", "ci_low", "ci_high"), figures, strict=True))
    assert say_size(PROTOCOL.goal(1), row) == SIZES[figures]


def test_reasons_end_with_the_verdict_and_avoid_technical_words(estimate):
    hard = ("significant", "p-waarde", "regressie", "controlegroep", "statistisch", "cohort")
    for effects, error, p_value, verdict in RULE.values():
        found = told(estimate, effects, error, [0.001] * 3 + [p_value])
        reason = judge({1: found}, PROTOCOL)["reason"].iloc[0]
        assert reason.endswith(f"Daarom: {verdict}.")
        assert not any(word in reason.lower() for word in hard)
        assert "nan" not in reason


def test_a_randomisation_estimate_is_judged_by_its_own_interval():
    found = estimate_effect(
        simulate("S0", seed=3, effect=0.4, treated=20), draws=199, details=False
    )
    table = judge({1: found.rescaled(46.8)}, PROTOCOL)
    assert table["method"].iloc[0] == "randomisation"
    assert table["p_holm"].iloc[0] == found.decision.loc["V4", "p_value"]
    assert table["ci_low"].iloc[0] == pytest.approx(46.8 * found.decision.loc["V4", "ci_low"])


def test_decide_leaves_a_small_but_firm_difference_its_word(estimate):
    found = told(estimate, [1, 1, 1, 1], error=0.3)
    decision = decide(found, decides="V1", p_value=0.001, smallest_difference=3.3)
    assert (decision.verdict, decision.within) == ("beter", True)
    assert "wel klein" in judge({1: found}, PROTOCOL)["reason"].iloc[0]


# --- codes and their sentences


CODES = {
    # effects of V1..V4, error, p of the deciding version -> code and numbers
    "all agree": ([4] * 4, 1, 0.001, Reason(Why.ALL_AGREE, {"versions": 4})),
    "within": ([0.5] * 4, 1, 0.6, Reason(Why.WITHIN_MARGIN, {"margin": 3.3})),
    "several": ([4] * 4, 1, 0.06, Reason(Why.SEVERAL_GOALS)),
    "disagree": (
        [4, 1, 4, 4],
        1,
        0.001,
        Reason(Why.VERSIONS_DISAGREE, {"disagreeing": ("V2",), "versions": 4}),
    ),
    "missing": (
        [4, np.nan, np.nan, 4],
        1,
        0.001,
        Reason(Why.VERSIONS_MISSING, {"missing": ("V2", "V3"), "versions": 4}),
    ),
}


@pytest.mark.parametrize("case", CODES)
def test_the_rule_answers_with_a_code_and_its_numbers(estimate, case):
    effects, error, p_value, reason = CODES[case]
    found = told(estimate, effects, error, [0.001] * 3 + [p_value])
    assert coded({1: found}, PROTOCOL)["reason"].iloc[0] == (reason,)


def test_chance_comes_with_the_difference_that_would_be_noticed(estimate):
    found = told(estimate, [0.5] * 4, error=3)
    (reason,) = coded({1: found}, PROTOCOL)["reason"].iloc[0]
    assert reason.code == Why.CHANCE
    assert reason.numbers["detectable"] == detectable_difference(found, "V4").difference


def test_few_participants_come_with_their_number(estimate):
    (reason,) = coded({1: told(estimate, [9] * 4, n_treated=9)}, PROTOCOL)["reason"].iloc[0]
    assert reason == Reason(Why.FEW_PARTICIPANTS, {"participants": 9, "needed": 10})
