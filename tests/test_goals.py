"""The protocol is checked, and the verdict follows the rule that stands in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ruling import quiet
from scipy import stats
from statsmodels.stats.multitest import multipletests

from kansen_analysis.demo.panels import simulate
from kansen_analysis.errors import Reason, UsageError
from kansen_analysis.estimate.effects import estimate_effect
from kansen_analysis.estimate.guards import Intake, Neighbours
from kansen_analysis.estimate.inference import Inference
from kansen_analysis.estimate.power import detectable_difference
from kansen_analysis.goals.codes import Said, Why
from kansen_analysis.goals.protocol import load_protocol
from kansen_analysis.goals.rule import decide
from kansen_analysis.goals.rule import judge as coded
from kansen_analysis.outcomes.codes import Obstacle
from kansen_analysis.outcomes.fixed import VERSIONS
from kansen_analysis.words.verdicts import say_size, worded

PROTOCOL = load_protocol()


@pytest.fixture(scope="module")
def estimate():
    return estimate_effect(simulate("S0", seed=1), decides="V4", details=False)


def judge(estimates, protocol, guards=None):
    """The verdicts as they are shown, with the reasons in Dutch."""
    return worded(coded(estimates, protocol, guards), protocol)


def told(estimate, effects, error=1.0, n_treated=80, **guards):
    """An estimate whose versions say what we want them to say, and guards that say nothing."""
    errors = np.broadcast_to(error, len(VERSIONS))
    inference = {
        name: Inference(float(effect), float(each), 1000.0)
        for name, effect, each in zip(VERSIONS, effects, errors, strict=True)
        if not np.isnan(effect)
    }
    return replace(estimate, inference=inference, n_treated=n_treated, **quiet(estimate) | guards)


def intake(part):
    """Other pupils came in, which accounts for a part of the effect."""
    table = Intake.nothing().table
    table.loc["schoolweging"] = [-1.5, 0.2, 0.0001, part / -1.5, part]
    return Intake(table)


RULE = {
    # effects of V1..V5, errors -> verdict, for a goal where V4 decides
    "all above": ([4] * 5, 1, "beter"),
    "all below": ([-4] * 5, 1, "slechter"),
    "one version does not agree above": ([4, 1, 4, 4, 4], 1, "onbeslist"),
    "one version does not agree below": ([-4, -4, -1, -4, -4], 1, "onbeslist"),
    "own region does not agree": ([4, 4, 4, 1, 4], 1, "onbeslist"),
    "own path does not agree": ([4, 4, 4, 4, 1], 1, "onbeslist"),
    "own path agrees at its own level": ([4, 4, 4, 4, 1.6], 1, "beter"),
    "not sure by the limit of the look": ([2.03] * 5, 1, "onbeslist"),
    "close to zero": ([0.5] * 5, 1, "geen verschil dat ertoe doet"),
    "close to zero but for one version": ([0.5, 0.5, 2, 0.5, 0.5], 1, "onbeslist"),
    "too unsure to tell": ([0.5] * 5, 3, "onbeslist"),
    "a version is missing": ([4, np.nan, 4, 4, 4], 1, "onbeslist"),
}


@pytest.mark.parametrize("case", RULE)
def test_the_rule(estimate, case):
    effects, error, verdict = RULE[case]
    found = told(estimate, effects, error)
    assert judge({1: found}, PROTOCOL)["verdict"].iloc[0] == verdict


def test_the_table_has_one_row_per_goal_and_figures_of_the_deciding_version(estimate):
    table = judge({1: told(estimate, [1, 2, 3, 4, 4])}, PROTOCOL)
    assert table["goal"].tolist() == [1, 2, 3, 4]
    first = table.iloc[0]
    assert (first["decides"], first["effect"]) == ("V4", 4)
    assert first["ci_low"] == pytest.approx(4 - stats.t.ppf(0.975, 1000))
    assert first["agreeing_versions"] == "V2, V3, V4, V5"
    assert table["verdict"].tolist()[1:] == ["niet toetsbaar"] * 3
    assert table["p_holm"].isna().tolist() == [False, True, True, True]


def test_the_table_holds_what_every_guard_said_and_which_versions_are_missing(estimate):
    found = told(estimate, [4, np.nan, 4, 4, 4], intake=intake(3.5))
    row = judge({1: found}, PROTOCOL).iloc[0]
    decision = decide(found, PROTOCOL.goal(1), PROTOCOL)
    said = {name.removeprefix("guard_"): row[name] for name in row.index if "guard_" in name}
    assert said == {name: each.value for name, each in decision.guards.items()}
    assert said["intake"] == Said.BLOCKS and len(said) == 7
    assert row["missing_versions"] == "V2" and row["n_schools"] == found.n_schools


def test_holm_is_that_of_statsmodels_over_the_tested_goals(estimate):
    found = {goal: told(estimate, [at] * 5) for goal, at in ((1, 2.2), (2, 2.3), (3, 2.1))}
    table = judge(found, PROTOCOL, guards={3: told(estimate, [4] * 5)})
    p_values = [2 * stats.t.sf(at, 1000) for at in (2.2, 2.3, 2.1)]
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
        "Het register telt 3 scholen. Met deze scholen en jaren is geen berekening te maken."
    )
    assert table["reason"].iloc[1] == PROTOCOL.goal(2).missing
    assert table["n_treated"].isna().all()


def test_context_is_never_judged(estimate):
    table = judge({4: told(estimate, [9] * 5)}, PROTOCOL)
    assert table["verdict"].iloc[3] == "niet toetsbaar"
    assert np.isnan(table["p_holm"].iloc[3])


def test_fewer_than_ten_participants_give_no_verdict(estimate):
    few = judge({1: told(estimate, [9] * 5, n_treated=9)}, PROTOCOL)
    assert few["verdict"].iloc[0] == "niet toetsbaar"
    assert few["small"].tolist() == [False] * 4
    assert "9 scholen" in few["reason"].iloc[0]
    ten = judge({1: told(estimate, [9] * 5, n_treated=10)}, PROTOCOL)
    assert ten["verdict"].iloc[0] == "beter"


def test_goal_three_needs_its_guard(estimate):
    found = told(estimate, [4] * 5)
    assert judge({3: found}, PROTOCOL)["verdict"].iloc[2] == "onbeslist"
    held = judge({3: found}, PROTOCOL, guards={3: told(estimate, [0] * 5)})
    assert held["verdict"].iloc[2] == "beter"
    fell = judge({3: found}, PROTOCOL, guards={3: told(estimate, [-6] * 5)})
    assert fell["verdict"].iloc[2] == "onbeslist"
    worse = judge({3: told(estimate, [-4] * 5)}, PROTOCOL)
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
    for effects, error, verdict in RULE.values():
        found = told(estimate, effects, error)
        reason = judge({1: found}, PROTOCOL)["reason"].iloc[0]
        assert reason.endswith(f"Daarom: {verdict}.")
        assert not any(word in reason.lower() for word in hard)
        assert "nan" not in reason


def test_a_randomisation_estimate_is_judged_by_its_own_interval():
    panel = simulate("S0", seed=3, effect=0.4, treated=20).drop(columns="board")
    found = estimate_effect(panel, draws=199, decides="V4", details=False)
    table = judge({1: found.rescaled(46.8)}, PROTOCOL)
    assert table["method"].iloc[0] == "randomisation"
    assert table["p_holm"].iloc[0] == found.decision.loc["V4", "p_value"]
    assert table["ci_low"].iloc[0] == pytest.approx(46.8 * found.decision.loc["V4", "ci_low"])


def test_a_small_but_sure_difference_keeps_its_word_and_is_called_small(estimate):
    found = told(estimate, [1] * 5, error=0.3)
    decision = decide(found, PROTOCOL.goal(1), PROTOCOL)
    assert (decision.verdict, decision.small) == ("beter", True)
    assert "klein" in judge({1: found}, PROTOCOL)["reason"].iloc[0]
    large = decide(told(estimate, [6] * 5), PROTOCOL.goal(1), PROTOCOL)
    assert (large.verdict, large.small) == ("beter", False)


# --- guards


def word(found, look=None):
    return decide(found, PROTOCOL.goal(1), PROTOCOL, look=look)


def test_other_pupils_block_a_difference_that_they_account_for(estimate):
    half = word(told(estimate, [4] * 5, intake=intake(3.0)))
    assert (half.verdict, half.guards["intake"]) == ("onbeslist", "houdt tegen")
    little = word(told(estimate, [4] * 5, intake=intake(0.5)))
    assert (little.verdict, little.guards["intake"]) == ("beter", "houdt stand")
    assert word(told(estimate, [4] * 5)).guards["intake"] == "niet gekeken"


def test_other_pupils_can_hide_a_difference(estimate):
    quiet = word(told(estimate, [0.5] * 5, intake=intake(-4.0)))
    assert quiet.verdict == "onbeslist"


def test_schools_that_started_apart_are_not_compared(estimate):
    apart = 0.26 * PROTOCOL.goal(1).outcome.pupil_sd
    for side in (-1, 1):
        far = replace(estimate.baseline, adjusted=side * apart)
        for effects in ([4] * 5, [0.5] * 5):
            assert word(told(estimate, effects, baseline=far)).verdict == "onbeslist"
    near = replace(estimate.baseline, adjusted=apart * 0.24 / 0.26)
    assert word(told(estimate, [4] * 5, baseline=near)).verdict == "beter"


def test_schools_that_differ_more_than_chance_are_not_without_difference(estimate):
    mixed = replace(estimate.spread, p_value=0.01)
    assert word(told(estimate, [0.2] * 5, spread=mixed)).verdict == "onbeslist"
    assert word(told(estimate, [4] * 5, spread=mixed)).verdict == "beter"


def test_an_early_look_asks_more_and_an_unplanned_one_says_nothing(estimate):
    sure = told(estimate, [3] * 5)  # p = .003
    verdicts = [word(sure, look).verdict for look in (1, 2, 3, 4, 5, 6)]
    assert verdicts == ["onbeslist", "onbeslist", "beter", "beter", "beter", "onbeslist"]
    limits = PROTOCOL.verdict.looks.limits
    assert list(limits) == sorted(limits)
    assert limits[-1] < PROTOCOL.alpha


def test_a_look_that_was_not_planned_is_told_with_its_number(estimate):
    found = decide(told(estimate, [4] * 5), PROTOCOL.goal(1), PROTOCOL, look=6)
    reason = next(each for each in found.reasons if each.code == Why.LOOK_NOT_PLANNED)
    assert reason.numbers == {"look": 6, "planned": 5}


def test_no_difference_is_judged_by_the_ninety_percent_interval(estimate):
    # 1.2 + 1.65 is inside 3.3, 1.2 + 1.96 too; 1.5 is inside at 90% and outside at 95%.
    assert word(told(estimate, [1.5] * 5)).verdict == "geen verschil dat ertoe doet"
    assert word(told(estimate, [1.7] * 5)).verdict == "onbeslist"


# --- codes and their sentences


CODES = {
    # effects of V1..V5, error -> code and numbers
    "all agree": ([6] * 5, 1, Reason(Why.ALL_AGREE, {"versions": 5})),
    "within": ([0.5] * 5, 1, Reason(Why.WITHIN_MARGIN, {"margin": 3.3})),
    "disagree": (
        [4, 1, 4, 4, 4],
        1,
        Reason(Why.VERSIONS_DISAGREE, {"disagreeing": ("V2",), "versions": 5}),
    ),
    "missing": (
        [4, np.nan, np.nan, 4, 4],
        1,
        Reason(Why.VERSIONS_MISSING, {"missing": ("V2", "V3"), "versions": 5}),
    ),
    "own path": ([4, 4, 4, 4, 0.5], 1, Reason(Why.OWN_PATH, {"level": 85.0})),
}


@pytest.mark.parametrize("case", CODES)
def test_the_rule_answers_with_a_code_and_its_numbers(estimate, case):
    effects, error, reason = CODES[case]
    found = told(estimate, effects, error)
    assert coded({1: found}, PROTOCOL)["reason"].iloc[0] == (reason,)


def test_several_goals_are_named_where_they_decide(estimate):
    found = {goal: told(estimate, [2.2] * 5) for goal in (1, 2)}
    (reason,) = coded(found, PROTOCOL)["reason"].iloc[0]
    assert reason == Reason(Why.SEVERAL_GOALS)


def test_chance_comes_with_the_difference_that_would_be_noticed(estimate):
    found = told(estimate, [0.5] * 5, error=3)
    (reason,) = coded({1: found}, PROTOCOL)["reason"].iloc[0]
    assert reason.code == Why.CHANCE
    expected = detectable_difference(found, limit=PROTOCOL.verdict.looks.limits[-1])
    assert reason.numbers["detectable"] == expected.difference


def test_few_participants_come_with_their_number(estimate):
    (reason,) = coded({1: told(estimate, [9] * 5, n_treated=9)}, PROTOCOL)["reason"].iloc[0]
    assert reason == Reason(Why.FEW_PARTICIPANTS, {"participants": 9, "needed": 10})


@pytest.mark.parametrize(
    ("difference", "code"), [(1.5, Why.REGION_HIGHER), (-1.5, Why.REGION_LOWER)]
)
def test_a_region_that_moved_is_told_with_its_side(estimate, difference, code):
    moved = word(told(estimate, [4] * 5, neighbours=Neighbours(difference, 0.5, 0.003)))
    assert moved.guards["region"] == Said.NOTED
    assert Reason(code, {"difference": difference}) in moved.reasons
    still = word(told(estimate, [4] * 5, neighbours=Neighbours(difference, 1.5, 0.32)))
    assert still.guards["region"] == Said.HOLDS and len(still.reasons) == 1


def test_what_is_printed_beside_a_verdict_is_in_its_own_unit(estimate):
    start = replace(estimate.baseline, difference=9.0, adjusted=-4.68)
    found = told(estimate, [4] * 5, baseline=start, intake=intake(0.5))
    row = coded({1: replace(found, lost_participants=0.2, breakdown=0.3)}, PROTOCOL).iloc[0]
    assert row["start_difference"] == pytest.approx(-0.1)  # pupil SD is 46.8 points
    assert (row["intake_part"], row["participants_lost"], row["breakdown"]) == (0.5, 0.2, 0.3)
    quiet = coded({1: told(estimate, [4] * 5)}, PROTOCOL).iloc[0]
    assert np.isnan(quiet["intake_part"])
