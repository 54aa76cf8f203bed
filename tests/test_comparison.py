"""Comparison schools are like the participants, and never chosen on results."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kansen_analysis.errors import PanelError
from kansen_analysis.programme.settings import read_settings
from kansen_analysis.schools.pools import AIM, choose_pools, in_region

REGION = read_settings(Path(__file__).parents[1]).region.own


def country(seed=1, schools=5500, participants=80):
    """Schools with places; participants in Drenthe, with a high schoolweging and few pupils."""
    rng = np.random.default_rng(seed)
    province = rng.choice(
        ["Drenthe", "Overijssel", "Utrecht", "Zeeland"], schools, p=[0.05, 0.2, 0.5, 0.25]
    )
    code = np.where(
        province == "Overijssel",
        rng.choice(["0160", "0193"], schools),
        np.where(province == "Drenthe", "0114", "0344"),
    )
    weging = np.clip(rng.normal(29.5, 3.65, schools), 20, 40)
    pupils = np.exp(rng.normal(5.2, 0.5, schools)).round()
    frame = pd.DataFrame(
        {
            "school": [f"{at:04d}00" for at in range(schools)],
            "schoolweging": weging,
            "pupils": pupils,
            "province": province,
            "municipality_code": code,
            "kind": "Bo",
            "region_kind": rng.choice(["stad", "land"], schools, p=[0.4, 0.6]),
            "participant": False,
        }
    )
    likely = frame["schoolweging"] - frame["pupils"] / 100 + rng.normal(0, 2, schools)
    likely += 1.5 * (frame["region_kind"] == "land")
    chosen = likely[frame["province"] == "Drenthe"].nlargest(participants).index
    frame.loc[chosen, "participant"] = True
    return frame


def pools_of(frame, **options):
    return choose_pools(
        frame, provinces=REGION.provinces, municipalities=REGION.municipalities, **options
    )


@pytest.fixture(scope="module")
def schools():
    return country()


@pytest.fixture(scope="module")
def pools(schools):
    return pools_of(schools)


def test_lookalikes_are_of_the_same_kind_and_within_two_points(schools, pools):
    place = schools.set_index("school")
    chosen = pools.members[pools.members["pool"] == "B"]
    theirs, mine = place.loc[chosen["school"]], place.loc[chosen["matched_to"]]
    apart = theirs["schoolweging"].to_numpy() - mine["schoolweging"].to_numpy()
    assert np.abs(apart).max() <= 2
    assert (theirs["region_kind"].to_numpy() == mine["region_kind"].to_numpy()).all()
    assert not theirs["participant"].any()
    assert mine["participant"].all()
    counts = chosen["matched_to"].value_counts()
    assert (counts == 8).mean() > 0.9
    assert set(counts.index[counts < 8]) <= set(pools.short["school"])
    assert chosen["school"].is_unique


def test_choosing_brings_balance(pools):
    before, after = pools.balance["before"].abs(), pools.balance["after_b"].abs()
    assert before["schoolweging"] > 0.4  # there was something to balance
    assert (after < AIM).all()
    assert (pools.balance["after_b"] * pools.balance["before"] < before**2).all()


def test_balance_is_the_difference_in_standard_deviations(schools, pools):
    people = schools.loc[schools["participant"], "schoolweging"]
    others = schools.loc[~schools["participant"], "schoolweging"]
    expected = (people.mean() - others.mean()) / np.sqrt((people.var() + others.var()) / 2)
    assert pools.balance.loc["schoolweging", "before"] == pytest.approx(expected)


def test_the_own_region_is_every_other_school_there(schools, pools):
    there = schools["province"].eq("Drenthe") | schools["municipality_code"].eq("0160")
    assert pools.schools("A") == sorted(schools.loc[there & ~schools["participant"], "school"])
    assert not set(pools.schools("A")) & set(pools.schools("B"))


def test_the_choice_does_not_depend_on_order_or_results(schools, pools):
    shuffled = schools.sample(frac=1, random_state=3).assign(value=np.arange(len(schools)))
    pd.testing.assert_frame_equal(pools_of(shuffled).members, pools.members)


def test_special_schools_are_never_chosen_and_listed_as_participant(schools):
    frame = schools.copy()
    frame.loc[frame.index % 3 == 0, "kind"] = "Sbo"
    pools = pools_of(frame)
    regular = set(frame.loc[frame["kind"] == "Bo", "school"])
    assert set(pools.members["school"]) <= regular
    special = frame[frame["participant"] & (frame["kind"] == "Sbo")]
    assert pools.left_out["school"].tolist() == sorted(special["school"])
    assert set(pools.left_out["reason"]) == {"geen basisschool (bo)"}


def test_a_participant_with_too_few_lookalikes_is_told(schools):
    frame = schools.copy()
    lonely = frame.index[frame["participant"]][0]
    frame.loc[lonely, "region_kind"] = "eiland"
    short = pools_of(frame).short
    assert short.set_index("school").loc[frame.loc[lonely, "school"], "matched"] == 0
    assert (short["matched"] < 8).all()


def test_before_anybody_takes_part_there_is_only_the_own_region(schools):
    pools = pools_of(schools.assign(participant=False))
    assert len(pools.schools("A")) > 0
    assert pools.schools("B") == []


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: f.drop(columns="kind"), "no column kind"),
        (lambda f: pd.concat([f, f.head(1)]), "occurs twice"),
    ],
)
def test_a_wrong_frame_is_refused(schools, spoil, message):
    with pytest.raises(PanelError, match=message):
        pools_of(spoil(schools))


def test_hardenberg_is_own_region_and_zwolle_is_not():
    places = pd.DataFrame({"province": ["Overijssel"] * 2, "municipality_code": ["0160", "0193"]})
    assert in_region(places, REGION.provinces, REGION.municipalities).tolist() == [True, False]


def test_a_small_country_keeps_fewer_lookalikes_rather_than_unlike_ones():
    frame = country(seed=3, schools=700, participants=30)
    high = np.random.default_rng(3).normal(34, 1.5, frame["participant"].sum())
    frame.loc[frame["participant"], "schoolweging"] = high
    pools = pools_of(frame)
    assert 3 <= pools.rounds < 8
    after = pools.balance["after_b"].abs().max()
    assert after < pools.balance["before"].abs().max() / 2
    counts = pools.members.loc[pools.members["pool"] == "B", "matched_to"].value_counts()
    assert counts.max() <= pools.rounds
