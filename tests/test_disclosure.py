"""Small numbers of pupils are hidden, and cannot be worked out from what is shown."""

import pandas as pd
import pytest

from kansen_analysis.edition.disclosure import disclose
from kansen_analysis.errors import UsageError


def about(**kinds):
    units = {"count": "leerlingen", "schools": "scholen", "share": "%", "mean": "punten"}
    return pd.DataFrame(
        {
            "kind": ["count" if kind == "schools" else kind for kind in kinds.values()],
            "unit": [units[kind] for kind in kinds.values()],
        },
        index=list(kinds),
    )


def test_one_to_four_pupils_become_an_interval_and_zero_and_five_do_not():
    out = disclose(pd.DataFrame({"n": [0, 1, 4, 5, None]}), about(n="count"))
    assert out["n_low"].tolist() == [0, 1, 1, 5, pd.NA]
    assert out["n_high"].tolist() == [0, 4, 4, 5, pd.NA]
    assert out["n"].isna().tolist() == [False, True, True, False, True]


def test_the_frame_given_is_not_changed():
    frame = pd.DataFrame({"n": [3]})
    disclose(frame, about(n="count"))
    assert frame["n"].tolist() == [3]


def test_a_count_of_schools_is_not_about_persons():
    out = disclose(pd.DataFrame({"n": [3]}), about(n="schools"))
    assert out["n"].tolist() == [3]
    assert "n_low" not in out


def test_an_interval_of_the_publisher_stays_and_one_narrowed_within_it_is_widened():
    frame = pd.DataFrame({"n": [None, None, None], "n_low": [1, 2, 6], "n_high": [4, 3, 9]})
    out = disclose(frame, about(n="count"))
    assert out[["n_low", "n_high"]].to_numpy().tolist() == [[1, 4], [1, 4], [6, 9]]
    assert out["n"].isna().all()


def test_a_mean_on_fewer_than_five_pupils_is_blank_and_says_why():
    frame = pd.DataFrame({"n": [4, 5, None], "score": [50.5, 60.5, 70.5]})
    out = disclose(frame, about(n="count", score="mean").assign(base="n"))
    assert out["score"].isna().tolist() == [True, False, False]
    assert out.loc[0, "score_reason"] == "minder dan 5 leerlingen"
    assert out["score_reason"].isna().tolist() == [False, True, True]


def test_the_range_of_a_mean_is_blank_too():
    frame = pd.DataFrame({"n": [3], "score": [None], "score_low": [3.5], "score_high": [6.1]})
    out = disclose(frame, about(n="count", score="mean").assign(base="n"))
    assert out[["score_low", "score_high"]].isna().all(axis=None)
    assert out["score_reason"].notna().all()


def test_each_variable_can_rest_on_a_count_of_its_own():
    described = about(n23="count", n24="count", s23="share", s24="share")
    described["base"] = ["", "", "n23", "n24"]
    frame = pd.DataFrame({"n23": [3], "n24": [20], "s23": [33.3], "s24": [45.0]})
    out = disclose(frame, described)
    assert out["s23"].isna().all()
    assert out["s24"].tolist() == [45.0]


@pytest.mark.parametrize("nothing", ["", None, float("nan")])
def test_a_variable_without_a_count_is_not_hidden(nothing):
    described = about(n="count", score="mean").astype(object)
    described["base"] = ["", nothing]
    out = disclose(pd.DataFrame({"n": [4, 5], "score": [1.5, 2.5]}), described)
    assert out["score"].tolist() == [1.5, 2.5]


def test_what_was_not_there_is_not_said_to_be_hidden():
    frame = pd.DataFrame({"n": [3, 3], "score": [None, 2.5]}, dtype=float)
    out = disclose(frame, about(n="count", score="mean").assign(base="n"))
    assert out["score_reason"].isna().tolist() == [True, False]
    assert out["score_reason"].dtype == "str"
    none = disclose(pd.DataFrame({"n": [9], "score": [2.5]}), about(n="count", score="mean"))
    assert "score_reason" not in none


def test_a_difference_is_guarded_as_a_mean_is():
    frame = pd.DataFrame({"n": [3], "gap": [-1.5]})
    kinds = about(n="count", gap="mean")
    kinds.loc["gap", "kind"] = "difference"
    assert disclose(frame, kinds.assign(base="n"))["gap"].isna().all()
    kinds.loc["gap", "kind"] = "text"
    assert disclose(frame, kinds.assign(base="n"))["gap"].tolist() == [-1.5]


def test_a_broken_count_is_an_error():
    for wrong in (-1, 2.5):
        with pytest.raises(UsageError, match="n is not a count"):
            disclose(pd.DataFrame({"n": [wrong]}), about(n="count"))


def test_a_name_that_is_no_count_of_pupils_is_an_error():
    with pytest.raises(UsageError, match="not a count of pupils in this frame: x"):
        disclose(pd.DataFrame({"n": [9], "m": [1.0]}), about(n="count", m="mean").assign(base="x"))
