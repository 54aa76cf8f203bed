"""Numbers are written as a Dutch reader expects them, whatever the machine."""

import datetime as dt
import locale
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kansen_analysis.words import numbers

FINITE = st.floats(allow_nan=False, allow_infinity=False, width=64)


def read(text: str) -> Decimal:
    """Read a Dutch number back, written here independently of the module."""
    return Decimal(text.replace("\u202f", "").replace("\u2212", "-").replace(",", "."))


@settings(deadline=None, max_examples=100)
@given(FINITE, st.integers(0, 6))
def test_a_number_reads_back_as_the_value_rounded_half_up(x, decimals):
    step = Decimal(10) ** -decimals
    back = read(numbers.number(x, decimals))
    exact = Decimal(repr(x))
    assert abs(back - exact) <= step / 2
    if abs(back - exact) == step / 2:  # a tie goes away from zero
        assert abs(back) > abs(exact)


@settings(deadline=None, max_examples=100)
@given(st.integers(-(10**15), 10**15))
def test_thousands_are_grouped_by_three_with_a_thin_hard_space(n):
    text = numbers.number(n, 0)
    groups = text.lstrip("\u2212").split("\u202f")
    assert all(len(group) == 3 for group in groups[1:])
    assert 1 <= len(groups[0]) <= 3
    assert int(text.replace("\u202f", "").replace("\u2212", "-")) == n


@settings(deadline=None, max_examples=100)
@given(FINITE)
def test_the_minus_sign_is_a_true_minus_and_zero_has_none(x):
    text = numbers.number(x, 1)
    assert "-" not in text
    assert text.startswith("\u2212") == (
        Decimal(repr(x)).quantize(Decimal("0.1"), ROUND_HALF_UP) < 0 if abs(x) < 1e20 else x < 0
    )


@pytest.mark.parametrize(
    ("x", "decimals", "text"),
    [
        (0.5, 0, "1"),
        (1.5, 0, "2"),
        (2.5, 0, "3"),  # round() gives 2
        (-2.5, 0, "−3"),
        (2.675, 2, "2,68"),  # the binary neighbour is below the tie
        (1234567.891, 2, "1\u202f234\u202f567,89"),
        (999.95, 1, "1\u202f000,0"),
        (-0.04, 1, "0,0"),
        (np.float64(45.25), 1, "45,3"),
        (np.int64(7), 0, "7"),
        (Decimal("0.05"), 1, "0,1"),
    ],
)
def test_known_numbers(x, decimals, text):
    assert numbers.number(x, decimals) == text


@pytest.mark.parametrize("missing", [None, float("nan"), np.nan, pd.NA, pd.NaT])
def test_missing_is_a_full_stop_everywhere(missing):
    for write in (numbers.number, numbers.signed, numbers.percent, numbers.date):
        assert write(missing) == "."
    assert numbers.interval(missing, 1) == "."
    assert numbers.masked(1, missing) == "."
    assert numbers.school_year(missing) == "."


def test_infinity_is_refused():
    with pytest.raises(ValueError, match="inf"):
        numbers.number(float("inf"))


def test_differences_carry_their_sign():
    assert [numbers.signed(x) for x in (1.25, -1.25, 0, -0.01)] == ["+1,3", "−1,3", "0,0", "0,0"]


def test_a_share_has_its_sign():
    assert numbers.percent(56.5) == "57%"


def test_intervals_are_written_in_words():
    assert numbers.interval(1.2, 3.4) == "tussen 1,2 en 3,4"
    assert numbers.interval(-1234.5, 0, 0) == "tussen −1\u202f235 en 0"


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (1, 4, "<5"),
        (7, 7, "7"),
        (0, 0, "0"),
        (7, 10, "7–10"),
        (0, 4, "0–4"),
        (1200, 1200, "1\u202f200"),
    ],
)
def test_hidden_counts_are_ranges_and_exact_counts_are_numbers(low, high, text):
    assert numbers.masked(low, high) == text


def test_dates_have_dutch_months():
    assert numbers.date(dt.date(2024, 10, 1)) == "1 oktober 2024"
    assert numbers.date(pd.Timestamp("2020-03-18 12:00")) == "18 maart 2020"
    assert numbers.date("2023-08-31") == "31 augustus 2023"


def test_school_years_are_written_in_full():
    assert numbers.school_year(np.int64(2024)) == "2024-2025"


def test_the_locale_changes_nothing(monkeypatch):
    def refuse(*_):
        raise AssertionError("the locale was asked")

    monkeypatch.setattr(locale, "localeconv", refuse)
    monkeypatch.setattr(locale, "getlocale", refuse)
    assert numbers.number(1234.5) == "1\u202f234,5"
