"""The participants' municipalities beside chance: right differences, and draws that are fair."""

import itertools

import numpy as np
import pandas as pd
import pytest

from kansen_analysis.edition.build import build
from kansen_analysis.estimate.nearby import Nearby, compare_places
from kansen_analysis.outcomes.around import fill_hidden
from kansen_analysis.pages import context


def places(values: np.ndarray, years=(2017, 2023), n=100.0) -> pd.DataFrame:
    """One row per place and year, from a table of places by years."""
    codes = [f"{at:04}" for at in range(len(values))]
    rows = itertools.product(codes, years)
    frame = pd.DataFrame(rows, columns=["place", "year"])
    return frame.assign(value=np.ravel(values), n=n)


def test_with_two_years_and_equal_sizes_it_is_the_difference_of_mean_changes():
    rng = np.random.default_rng(1)
    values = rng.normal(4, 1, (14, 2))
    found = compare_places(places(values), {"0000": 2022, "0003": 2023}, ())
    change = values[:, 1] - values[:, 0]
    own = np.isin(np.arange(14), [0, 3])
    assert found.difference == pytest.approx(change[own].mean() - change[~own].mean())
    assert found.before == pytest.approx(values[own, 0].mean())
    assert found.others_since == pytest.approx(values[~own, 1].mean())
    assert (found.places, found.others) == (2, 12)


def test_one_place_among_many_can_at_best_be_the_most_extreme_of_its_kind():
    values = np.tile([4.0, 4.0], (40, 1)) + np.random.default_rng(2).normal(0, 0.1, (40, 2))
    values[5, 1] = 9.0
    found = compare_places(places(values), {"0005": 2022}, ())
    assert found.difference == pytest.approx(5, abs=0.4)
    # One of the 13 or 14 places of its third.
    assert found.as_large == pytest.approx(1 / 13.3, abs=0.02)


def test_without_an_effect_a_share_of_five_in_a_hundred_is_as_rare_as_that():
    rng = np.random.default_rng(3)
    rare = 0
    for draw in range(200):
        values = rng.normal(4, 1, (60, 4)) + rng.normal(0, 1, (60, 1))
        chosen = rng.choice(60, 8, replace=False)
        rows = places(values, years=(2018, 2020, 2022, 2023), n=rng.integers(50, 500, 60).repeat(4))
        starts = {f"{at:04}": int(rng.choice([2022, 2023])) for at in chosen}
        rare += compare_places(rows, starts, (), seed=draw).as_large <= 0.05
    assert 2 <= rare <= 19  # 10 expected; outside once in 500 times


def test_a_shock_of_the_own_region_is_not_taken_for_the_participants():
    rng = np.random.default_rng(4)
    values = rng.normal(4, 0.3, (80, 2))
    values[:20, 1] += 2  # the whole region
    own = {f"{at:04}" for at in range(20)}
    starts = dict.fromkeys(["0001", "0004", "0007", "0010", "0013"], 2022)
    assert compare_places(places(values), starts, own).as_large > 0.05
    assert compare_places(places(values), starts, ()).as_large <= 0.05


@pytest.mark.parametrize(
    ("starts", "unknown", "says"),
    [
        ({}, (), "bekend"),
        ({"0000": 2022}, ("0000",), "bekend"),
        ({"0000": 2030}, (), "van ná"),
        ({"0000": 2016}, (), "van vóór"),
        ({f"{at:04}": 2022 for at in range(14)}, (), "om mee te vergelijken"),
    ],
)
def test_what_cannot_be_compared_says_why(starts, unknown, says):
    found = compare_places(
        places(np.random.default_rng(5).normal(4, 1, (14, 2))), starts, (), unknown=unknown
    )
    assert isinstance(found, str)
    assert says in found


def test_small_counts_are_alike_in_exact_and_in_hidden_years():
    counts = pd.DataFrame({"k_low": [1, 3, 7, 1], "k_high": [1, 3, 7, 4]})
    assert fill_hidden(counts, "k").tolist() == [2, 2, 7, 2]
    exact = counts.head(3)
    assert fill_hidden(exact, "k").tolist() == [1, 3, 7]


@pytest.mark.real
def test_the_published_files_give_context_and_no_verdict(real_edition):
    table = context.beside_chance(real_edition, 3)
    shown = table.frame.set_index("what")
    assert len(shown) == 3  # afstroom, opstroom, zittenblijvers
    assert any("1 gemeente" in note for note in table.notes)  # of Meppel no start is known
    # By hand from the file: Coevorden's secondary schools, 2017-2018.
    rows = real_edition.load("vo_doorstroom")
    here = rows[(rows["municipality_code"] == "0109") & (rows["year"] == 2017)]
    small = rows["afstromers_high"].between(1, 4)
    usual = rows.loc[small & rows["afstromers"].notna(), "afstromers"].astype(float).mean()
    moved = here["afstromers"].astype(float).mask(small.loc[here.index], usual).sum()
    share = 100 * moved / here["pupils"].astype(float).sum()
    assert shown["before"].iloc[0] == pytest.approx(share)


def test_nothing_published_around_the_schools_shows_nothing(demo, tmp_path):
    keep = [p for p in demo.iterdir() if p.is_file() and not p.name.startswith(("05.-zit", "8"))]
    (tmp_path / "data").mkdir()
    for path in keep:
        (tmp_path / "data" / path.name).symlink_to(path)
    edition = build(tmp_path / "data", folder=tmp_path / "edition")
    assert context.beside_chance(edition, 3) is None
    assert context.beside_chance(edition, 4) is None


def test_the_demo_has_context_without_an_effect(edition):
    for goal, count in ((3, 3), (4, 2)):
        table = context.beside_chance(edition, goal)
        assert len(table.frame) == count
        assert (table.frame["as_large"] > 1).all()
        assert "geen toets" in table.caption


def test_the_answer_is_the_same_twice():
    rows = places(np.random.default_rng(6).normal(4, 1, (30, 2)))
    one, two = (compare_places(rows, {"0002": 2022}, ()) for _ in range(2))
    assert isinstance(one, Nearby)
    assert one == two
