"""What is seen without a verdict: both ranges, sets of schools apart, and words that judge not."""

import itertools

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from kansen_analysis.goals.codes import Verdict
from kansen_analysis.outcomes import seen
from kansen_analysis.outcomes.panel import RANKED_ADVICES
from kansen_analysis.words import seen as words

OWN, OTHERS = "scholen in het register", "vergelijkbare scholen"


def levels(rows):
    """Target levels: school, year, low, high, pupils."""
    frame = pd.DataFrame(rows, columns=["school", "year", "low", "high", "n_low"])
    return frame.assign(n_high=frame["n_low"])


def test_the_binomial_range_is_that_of_statsmodels():
    for k, n in ((0, 12), (3, 12), (36, 66), (12, 12)):
        share = np.array([100 * k / n])
        found = seen.binomial_range(share, share, np.array([n]))
        assert np.ravel(found) / 100 == pytest.approx(proportion_confint(k, n, method="beta"))


def test_the_range_by_chance_holds_what_it_promises():
    """Of shares drawn with a known chance, at least 95 in 100 ranges hold it."""
    rng = np.random.default_rng(1)
    for chance in (0.1, 0.55):
        drawn = 100 * rng.binomial(30, chance, 4000) / 30
        low, high = seen.binomial_range(drawn, drawn, np.full(4000, 30))
        assert ((low <= 100 * chance) & (100 * chance <= high)).mean() >= 0.95


def test_pupils_are_counted_once_and_not_once_a_level():
    rows = levels([("90AA00", 2024, 50.0, 50.0, 20)])
    found = seen.group_shares(seen.target_parts(rows), {OWN: ["90AA00"]}).iloc[0]
    assert (found["value"], found["n_low"], found["n_high"]) == (50, 20, 20)
    expected = 100 * np.array(proportion_confint(10, 20, method="beta"))
    assert found[["chance_low", "chance_high"]].tolist() == pytest.approx(expected.tolist())


def test_hidden_counts_leave_a_range_and_the_number_of_pupils_stays_exact():
    rows = levels([("90AA00", 2024, 40.0, 60.0, 20), ("90AB00", 2024, 50.0, 50.0, 20)])
    found = seen.group_shares(seen.target_parts(rows), {OWN: ["90AA00", "90AB00"]}).iloc[0]
    assert np.isnan(found["value"])
    assert found[["low", "high", "n_low", "n_high"]].tolist() == [45, 55, 40, 40]
    assert found["chance_low"] < 45 and found["chance_high"] > 55


def test_years_are_joined_only_when_the_same_schools_have_a_figure():
    rows = levels(
        [(school, year, 50.0, 50.0, 20) for school in ("A", "B") for year in (2021, 2022, 2023)]
        + [("A", 2024, 90.0, 90.0, 20)]
    )
    found = seen.group_shares(seen.target_parts(rows), {OWN: ["A", "B", "C"]})
    assert found["segment"].tolist() == [1, 1, 1, 2]
    assert found["without"].tolist() == [1, 1, 1, 2]


def test_a_large_group_may_lose_a_school_in_twenty():
    names = [f"{at:04d}00" for at in range(100)]
    rows = [(name, 2023, 50.0, 50.0, 20) for name in names]
    few = levels(rows + [(name, 2024, 50.0, 50.0, 20) for name in names[:96]])
    many = levels(rows + [(name, 2024, 50.0, 50.0, 20) for name in names[:90]])
    segments = [
        seen.group_shares(seen.target_parts(each), {OTHERS: names})["segment"].tolist()
        for each in (few, many)
    ]
    assert segments == [[1, 1], [1, 2]]


def test_a_change_is_that_of_the_schools_in_both_years():
    rows = levels(
        [("A", 2023, 50.0, 50.0, 20), ("B", 2023, 10.0, 10.0, 20), ("A", 2024, 60.0, 60.0, 20)]
    )
    found = seen.group_changes(seen.target_parts(rows), {OWN: ["A", "B"]}).iloc[0]
    assert found[["schools", "left_out", "from_low", "low", "change_low"]].tolist() == [
        1,
        1,
        50,
        60,
        10,
    ]
    assert found["chance_low"] < 0 < found["chance_high"]


def test_newcombe_s_interval_from_its_parts():
    rows = levels([("A", 2023, 40.0, 40.0, 30), ("A", 2024, 70.0, 70.0, 30)])
    found = seen.group_changes(seen.target_parts(rows), {OWN: ["A"]}).iloc[0]
    (l1, u1), (l2, u2) = (proportion_confint(k, 30, method="beta") for k in (12, 21))
    low = 0.3 - np.sqrt((0.7 - l2) ** 2 + (u1 - 0.4) ** 2)
    high = 0.3 + np.sqrt((u2 - 0.7) ** 2 + (0.4 - l1) ** 2)
    assert found[["chance_low", "chance_high"]].tolist() == pytest.approx([100 * low, 100 * high])


def test_the_mean_advice_lies_inside_its_bounds_whatever_was_hidden():
    index = pd.MultiIndex.from_tuples([("A", 2024), ("B", 2024)], names=["school", "year"])
    low = pd.DataFrame(0, index, list(RANKED_ADVICES))
    low["PRO"], low["VWO"] = [1, 6], [1, 1]
    high = low.replace(1, 4)
    found = seen.group_advice(low, high, {OWN: ["A", "B"]}).iloc[0]
    means = [
        9 * (vwo + more) / (pro + 6 + vwo + more)
        for pro, vwo, more in itertools.product(range(1, 5), repeat=3)
    ]
    assert (found["low"], found["high"]) == (pytest.approx(min(means)), pytest.approx(max(means)))


def test_a_share_of_few_pupils_does_not_give_them_away():
    advices = pd.DataFrame(
        {
            "school": "A",
            "year": 2021,
            "kind": "Bo",
            "advice": ["PRO", "HAVO"],
            "pupils_low": [2, 18],
        }
    )
    advices["pupils_high"] = advices["pupils_low"]
    found = seen.by_goal({"schooladviezen": advices}, {OWN: ["A"]})[4].iloc[0]
    assert np.isnan(found["value"])
    assert (found["low"], found["high"]) == (pytest.approx(100 / 19), pytest.approx(400 / 22))


def signal_rows(standings):
    return pd.DataFrame(
        {
            "school": [f"90A{at}00" for at in range(len(standings))],
            "year": 2024,
            "edition": 2024,
            "pct_1s2f_driejaars": [value for _, value in standings],
            "pupils_driejaars_low": pd.array([60] * len(standings), dtype="Int64"),
            "signaleringswaarde_1s2f": 45.5,
            "oordeel_1s2f": [told for told, _ in standings],
        }
    )


def test_schools_beside_their_own_signaleringswaarde():
    rows = signal_rows(
        [
            ("Boven de signaleringswaarde", 70.0),
            ("Onder de signaleringswaarde", 44.0),
            ("Te weinig gegevens", 50.0),
        ]
    )
    found = seen.beside_signal(rows, rows["school"])
    assert found["standing"].tolist() == ["boven", "onder", "onbekend"]
    assert found["sure"].tolist() == [True, False, False]
    text = words.signal(found)
    assert "1 van de 2 scholen" in text and "toeval" in text


def test_the_words_give_n_and_both_doubts_and_no_verdict():
    rows = levels([("A", 2024, 50.0, 50.0, 30), ("B", 2024, 40.0, 60.0, 36)])
    rows = pd.concat([rows, levels([("C", 2024, 47.0, 47.0, 300)])])
    groups = {OWN: ["A", "B", "D"], OTHERS: ["C"]}
    text = words.latest(1, seen.by_goal({"levels": rows}, groups)[1], OWN, "in het register")
    for part in ("66 leerlingen", "2 scholen in het register", "toeval", "Van 1 school", "47%"):
        assert part in text, text
    assert not any(verdict in text.lower() for verdict in Verdict)


def test_there_is_nothing_to_say_without_figures():
    rows = levels([("C", 2024, 47.0, 47.0, 300)])
    assert words.latest(1, seen.by_goal({"levels": rows}, {OTHERS: ["C"]})[1], OWN, "") == ""
    assert seen.by_goal({}, {OWN: ["A"]}) == {}
    assert words.signal(seen.beside_signal(pd.DataFrame(), ["A"])) == ""


def test_the_demo_shows_something_for_every_goal_with_files(edition):
    low, high = edition.advice_cells
    tables = {
        "levels": edition.target_levels,
        "advice_low": low.reset_index(),
        "advice_high": high.reset_index(),
        "schooladviezen": edition.load("schooladviezen"),
    }
    groups = {OWN: edition.participants["school"], OTHERS: edition.pools.schools("B")}
    found = seen.by_goal(tables, groups)
    assert set(found) == {1, 2, 4}
    for goal, rows in found.items():
        text = words.latest(goal, rows, OWN, "in het register")
        assert text.startswith("In 2024-2025") and "nan" not in text


def test_a_group_without_figures_is_left_out():
    rows = levels([("90AA00", 2024, 50.0, 50.0, 20)])
    found = seen.group_shares(seen.target_parts(rows), {OWN: ["90ZZ00"], OTHERS: ["90AA00"]})
    assert found["group"].unique().tolist() == [OTHERS]
    low = pd.DataFrame(
        [[1] * 10], pd.MultiIndex.from_tuples([("90AA00", 2024)], names=["school", "year"])
    ).set_axis(list(RANKED_ADVICES), axis=1)
    assert seen.group_advice(low, low, {OWN: ["90ZZ00"], OTHERS: ["90AA00"]})["group"].tolist() == [
        OTHERS
    ]
