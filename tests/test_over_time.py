"""One school over time: merged, moved and split schools in the panels of every goal."""

import numpy as np
import pandas as pd
import pytest

from kansen_analysis.demo.panels import simulate
from kansen_analysis.edition import outcomes, schools
from kansen_analysis.estimate.effects import estimate_effect
from kansen_analysis.schools.over_time import (
    as_one,
    followed,
    over_time,
    read_transitions,
    together,
)
from kansen_analysis.words.over_time import say_joined

PAIRS = ((0, "low"), (1, "high"))
NA = pd.NA


def moved(*rows) -> pd.DataFrame:
    """Transitions: school, successor, first school year, kind."""
    table = pd.DataFrame(rows, columns=["school", "successor", "year", "kind"])
    return table.assign(source="brief").astype({"year": int})


# ---- the rule, by hand

SEEN = pd.Series({"A": 2010, "B": 2010, "D": 2010})  # C is a code that came with the change
AB_TO_C = [("A", "C", 2023, "fusie"), ("B", "C", 2023, "fusie")]
B_TAKES_A = [("A", "B", 2023, "fusie")]
MIXED = [2021, 2022]
RULES = {
    "a move keeps the start, by the old code": (
        [("A", "C", 2023, "verplaatsing")],
        {"A": 2021},
        ("A", 2021, []),
    ),
    "and by the new one": (
        [("A", "C", 2023, "verplaatsing")],
        {"C": 2021},
        ("C", 2021, []),
    ),
    "two participants, one start": (AB_TO_C, {"A": 2021, "B": 2021}, ("B", 2021, [])),
    "two participants, two starts": (AB_TO_C, {"A": 2021, "B": 2023}, ("B", 2023, MIXED)),
    "the new school is in the register since before it was there": (
        AB_TO_C,
        {"C": 2021},
        ("C", 2021, []),
    ),
    "it is, and one of the two stands there with a later start": (
        AB_TO_C,
        {"C": 2021, "B": 2022},
        ("C", 2022, [2021]),
    ),
    "a participant takes in another school": (B_TAKES_A, {"B": 2021}, ("B", 2023, MIXED)),
    "it did so before the start": ([("A", "B", 2020, "fusie")], {"B": 2021}, ("B", 2021, [])),
    "a participant goes up in a school that does not take part": (
        B_TAKES_A,
        {"A": 2021},
        ("A", NA, [2021, 2022, 2023, 2024]),
    ),
    "nobody takes part": (AB_TO_C, {"D": 2021}, ("C", NA, [])),
    "a start that nobody knows": (B_TAKES_A, {"B": NA}, ("B", NA, [2023, 2024])),
    "a change after the edition": ([("A", "B", 2025, "fusie")], {"A": 2021}, None),
}


@pytest.mark.parametrize("name", RULES)
def test_the_programme_runs_for_all_pupils_of_a_school_or_the_year_is_left_out(name):
    rows, starts, expected = RULES[name]
    starts = pd.Series(starts, dtype="Int64")
    identity, left_out = followed(moved(*rows), starts, SEEN, 2024)
    if expected is None:
        assert not len(identity) and not len(left_out)
        return
    code, start, years = expected
    assert set(identity["school_over_time"]) == {code}
    assert identity["start"].drop_duplicates().tolist() == [start] or pd.isna(start)
    assert identity["start"].isna().all() == pd.isna(start)
    left = left_out[left_out["school"] == code]["year"]
    # What comes before the first year of the programme anywhere is without it, known or not.
    assert left[left >= 2021].tolist() == years


def test_a_split_is_not_followed_and_what_came_of_it_is_compared_no_more():
    rows = [("A", "C", 2022, "splitsing"), ("A", "D", 2022, "splitsing")]
    identity, left_out = followed(moved(*rows), pd.Series({"A": 2020}), SEEN, 2024)
    assert identity["school"].tolist() == identity["school_over_time"].tolist()
    assert identity.set_index("school")["start"].to_dict()["A"] == 2020
    for school in "ACD":
        assert left_out[left_out["school"] == school]["year"].tolist() == [2022, 2023, 2024]


# ---- what it does to an estimate

MERGED, APART = 2023, 1.5  # the year, and how much lower the schools score that merge into others


def world():
    """A panel, the same as it would be published with mergers in it, and the transitions."""
    panel = simulate("S0", seed=3, effect=0.2)
    early = panel[panel["cohort"].isin([2020, 2021, 2022])]["school"].unique()[::2]
    other = panel[panel["cohort"].isna()]["school"].unique()[:20]
    chosen = [*early, *other]
    grown = panel["school"].isin(chosen)
    rng = np.random.default_rng(7)
    lower = panel[grown].assign(
        school="Q" + panel["school"],
        value=panel["value"] - APART + rng.normal(0, 0.2, len(panel)),
        n=pd.Series(rng.integers(10, 40, len(panel)), panel.index),
    )
    both = panel[grown]
    n = both["n"] + lower["n"]
    whole = panel.copy()
    whole.loc[grown, "value"] = (both["n"] * both["value"] + lower["n"] * lower["value"]) / n
    whole.loc[grown, "n"] = n
    apart = whole[~(grown & (whole["year"] < MERGED))]
    before = pd.concat([panel[grown], lower])
    published = pd.concat([apart, before[before["year"] < MERGED]])
    table = moved(*((f"Q{school}", school, MERGED, "fusie") for school in chosen))
    return whole, published.sort_values(["school", "year"], ignore_index=True), table


def test_an_estimate_over_mergers_is_that_of_the_schools_as_they_always_were_together():
    whole, published, table = world()
    starts = whole[whole["cohort"].notna()].drop_duplicates("school")
    starts = starts.set_index("school")["cohort"]
    starts = pd.concat([starts, pd.Series({f"Q{s}": c for s, c in starts.items()}, dtype="Int64")])
    seen = published.groupby("school")["year"].min()
    identity, left_out = followed(table, starts[starts.index.isin(seen.index)], seen, 2024)
    assert not len(left_out)
    found = together(published, identity, ["value", "schoolweging_year"])
    found = found.sort_values(["school", "year"], ignore_index=True)
    pd.testing.assert_frame_equal(found[["school", "year", "n"]], whole[["school", "year", "n"]])
    assert np.allclose(found["value"], whole["value"], rtol=0, atol=1e-12)

    with_them, truth, without = (
        estimate_effect(each, seed=1, details=False) for each in (found, whole, published)
    )
    assert with_them.effect == pytest.approx(truth.effect, abs=1e-3)  # provider of the largest
    assert with_them.ci_low < 0.2 < with_them.ci_high
    assert without.effect < truth.effect - 0.1, "otherwise there was nothing to mend"
    assert without.n_schools > with_them.n_schools


def test_who_never_changed_keeps_rows_to_the_last_digit():
    _, published, table = world()
    identity, _ = followed(table, pd.Series(dtype="Int64"), pd.Series(dtype=int), 2024)
    found = together(published, identity, ["value", "schoolweging_year"])
    same = ~published["school"].isin(identity["school"])
    alone = found[~found["school"].isin(identity["school"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, published[same].reset_index(drop=True), check_exact=True)
    nobody = followed(read_transitions("nergens.csv"), pd.Series(dtype="Int64"), SEEN, 2024)[0]
    assert together(published, nobody, ["value"]) is published
    assert as_one(published["school"], nobody).equals(published["school"])


# ---- through the stages of an edition

OLD, NEW_SINCE = "99ZZ00", 2022


def run(edition, tidy=None, transitions=None, people=None):
    """Choose schools and measure outcomes again."""
    known = edition.work("tidy")
    inputs = {
        "tidy": {name: known[name] for name in known} | (tidy or {}),
        "participants": edition.participants if people is None else people,
        "region": edition.region,
        "others": edition.others,
        "transitions": moved() if transitions is None else transitions,
        "protocol": edition.protocol,
        "year": edition.year,
    }
    inputs["schools"] = schools.run(inputs)
    return inputs["schools"], outcomes.run(inputs)


def renamed(edition, codes, before):
    """Tidy tables in which schools had another code before a school year."""
    known = edition.work("tidy")
    tables = {}
    for name in known:
        table = known[name]
        if isinstance(table, pd.DataFrame) and {"school", "year"} <= {*table.columns}:
            early = table["year"] < before
            old = table["school"].astype("str").replace(codes)
            tables[name] = table.assign(school=table["school"].astype("str").where(~early, old))
    return tables


@pytest.fixture(scope="module")
def plain(edition):
    return run(edition)


def test_a_participant_with_a_new_code_is_the_same_school_for_every_goal(edition, plain):
    start = edition.participants.dropna(subset="coach_start")
    school = start.loc[start["coach_start"] == NEW_SINCE, "school"].iloc[0]
    tidy = renamed(edition, {school: OLD}, NEW_SINCE)
    table = moved((OLD, school, NEW_SINCE, "verplaatsing"))
    chosen, found = run(edition, tidy, table)
    assert set(found["panels"]) == set(plain[1]["panels"])
    assert len(chosen["pools"].members) == len(plain[0]["pools"].members)
    for name, rows in plain[1]["panels"].items():
        same = found["panels"][name]
        pd.testing.assert_frame_equal(same.drop(columns="merged"), rows, rtol=1e-9, obj=name)
        assert school in set(rows["school"])
    _, lost = run(edition, tidy)
    for goal in ("1", "2"):
        rows = lost["panels"][goal]
        assert school not in set(rows.loc[rows["cohort"].notna(), "school"])


def test_a_participant_that_goes_up_in_another_school_is_no_comparison_either(edition, plain):
    panel = plain[1]["panels"]["1"]
    start = edition.participants.set_index("school")["coach_start"].dropna()
    into = panel.loc[panel["cohort"].isna(), "school"].iloc[0]
    school = next(s for s in start.index if start[s] <= 2022 and s in set(panel["school"]))
    table = moved((school, into, 2023, "fusie"))
    chosen, found = run(edition, transitions=table)
    assert chosen["over_time"]["school_over_time"].unique().tolist() == [school]
    assert into not in set(chosen["pools"].members["school"])
    for rows in found["panels"].values():
        assert not rows["school"].isin([school, into]).any()
    people = edition.participants
    row = people[people["school"] == school].assign(school=into, coach_start=2023)
    goes_on = pd.concat([people, row.astype(people.dtypes.to_dict())], ignore_index=True)
    chosen, found = run(edition, transitions=table, people=goes_on)
    rows = found["panels"]["1"]
    rows = rows[rows["school"] == into]
    assert rows["cohort"].unique().tolist() == [2023]
    assert not rows["year"].between(start[school], 2022).any()
    assert rows["merged"].all() and (rows["year"] < start[school]).any()


def test_a_merged_school_is_described_by_all_the_schools_it_came_from(edition, plain):
    known = plain[0]["schools"].dropna(subset=["schoolweging", "pupils"])
    compared = known[~known["participant"] & known["school"].isin(plain[0]["pools"].schools("B"))]
    one, other = compared["school"].iloc[0], compared["school"].iloc[-1]
    chosen, found = run(edition, transitions=moved((one, other, 2023, "fusie")))
    row = chosen["schools"].set_index("school").loc[other]
    parts = compared.set_index("school").loc[[one, other]]
    assert row["pupils"] == parts["pupils"].sum()
    mean = np.average(parts["schoolweging"], weights=parts["pupils"])
    assert row["schoolweging"] == pytest.approx(mean)
    assert one not in set(chosen["pools"].members["school"])
    for rows in found["panels"].values():
        assert one not in set(rows["school"])


def test_hidden_counts_of_merged_schools_are_added_up_as_intervals():
    counts = {"pupils": (20, 20), "pupils_below": (1, 4), "pupils_level": (10, 10)}
    counts |= {"pupils_above": (6, 9), "pupils_havo_vwo": (8, 8)}
    ends = {f"{name}_{end}": pair[at] for name, pair in counts.items() for at, end in PAIRS}
    places = pd.DataFrame([{"school": s, "year": 2019} | ends for s in ("90AA00", "90AB00")])
    identity = over_time(moved(("90AA00", "90AB00", 2020, "fusie")))
    (row,) = outcomes._places_together(places, identity).to_dict("records")
    assert row == {"school": "90AB00", "year": 2019} | {n: 2 * v for n, v in ends.items()}
    alone = places.assign(school=["90AC00", "90AD00"])
    assert outcomes._places_together(alone, identity) is alone


def test_the_page_says_how_many_schools_were_joined_and_of_how_many_nothing_is_known():
    table = moved(("A", "C", 2023, "fusie"), ("B", "C", 2023, "fusie"), ("D", "E", 2022, "fusie"))
    seen = pd.concat([SEEN, pd.Series({"E": 2010})])
    identity, left_out = followed(table, pd.Series({"D": 2020}), seen, 2024)
    lost = pd.DataFrame({"school": ["90AA00", "90AA00", "90AB00"]})
    lines = say_joined(identity, left_out, lost)
    assert lines[0].startswith("5 schoolnummers zijn gevolgd als 2 scholen")
    assert "voor 1 van deze scholen" in lines[1]
    assert lines[2].startswith("Bij 2 deelnemers en vergelijkbare scholen")
    none = identity.iloc[:0]
    assert say_joined(none, left_out.iloc[:0], lost.iloc[:0]) == [
        "Geen school is samengevoegd met een andere: overgangen.csv noemt geen fusie en geen nieuw "
        "nummer."
    ]
