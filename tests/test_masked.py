"""A hidden count is an interval: the truth is always in it, and it is never wider than it must be.

Random tables are masked by the publisher's rule (1 to 4 becomes ``<5``), and the bounds are held
against the truth and, for small tables, against trying every possibility.
"""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kansen_analysis import load
from kansen_analysis.outcomes import intervals as masked
from kansen_analysis.outcomes.panel import mean_rank_bounds

COUNTS = st.integers(0, 12)
FEW = st.lists(COUNTS, min_size=2, max_size=5)
few = settings(max_examples=60, deadline=None, derandomize=True)


def mask(truth) -> tuple[np.ndarray, np.ndarray]:
    """Hide as the publisher does."""
    truth = np.asarray(truth)
    hidden = (truth >= 1) & (truth <= 4)
    return np.where(hidden, 1, truth), np.where(hidden, 4, truth)


def possibilities(low, high):
    """Every table of whole numbers between the bounds."""
    low, high = np.asarray(low), np.asarray(high)
    ranges = [range(a, b + 1) for a, b in zip(low.ravel(), high.ravel(), strict=True)]
    for cells in itertools.product(*ranges):
        yield np.array(cells).reshape(low.shape)


@few
@given(FEW)
def test_the_true_total_is_inside_and_both_ends_are_possible(truth):
    low, high = mask(truth)
    ends = masked.total(low, high)
    sums = {int(cells.sum()) for cells in possibilities(low, high)}
    assert ends == (min(sums), max(sums))
    assert ends[0] <= sum(truth) <= ends[1]


@few
@given(FEW, st.integers(0, 3), st.integers(0, 3))
def test_a_total_narrows_to_exactly_what_is_possible(truth, below, above):
    low, high = mask(truth)
    least, most = sum(truth) - below, sum(truth) + above
    new_low, new_high = masked.narrow(low, high, np.array(least), np.array(most))
    fit = [c for c in possibilities(low, high) if least <= c.sum() <= most]
    assert new_low.tolist() == np.min(fit, axis=0).tolist()
    assert new_high.tolist() == np.max(fit, axis=0).tolist()
    assert ((new_low <= truth) & (truth <= new_high)).all()


@few
@given(FEW.filter(lambda cells: sum(1 <= c <= 4 for c in cells) == 1))
def test_one_hidden_cell_follows_from_the_total(truth):
    low, high = mask(truth)
    new_low, new_high = masked.narrow(low, high, np.array(sum(truth)), np.array(sum(truth)))
    assert new_low.tolist() == new_high.tolist() == truth


def test_a_row_that_contradicts_its_total_is_left_as_it_was():
    low, high = np.array([[1, 6], [1, 6]]), np.array([[4, 6], [4, 6]])
    narrowed = masked.narrow(low, high, np.array([30, 8]), np.array([30, 8]))
    assert [end.tolist() for end in narrowed] == [[[1, 6], [2, 6]], [[4, 6], [2, 6]]]


@few
@given(FEW, st.data())
def test_part_of_a_total_is_exactly_what_is_possible(truth, data):
    part = np.array([data.draw(st.booleans()) for _ in truth])
    low, high = mask(truth)
    total = np.array(sum(truth))
    ends = masked.part_of_total(low, high, part, total, total)
    fit = {int(c[part].sum()) for c in possibilities(low, high) if c.sum() == sum(truth)}
    assert [int(end) for end in ends] == [min(fit), max(fit)]


def test_a_part_that_contradicts_its_total_is_left_as_it_was():
    low, high = np.array([[1, 5], [1, 5]]), np.array([[4, 5], [4, 5]])
    part, total = np.array([True, False]), np.array([40, 7])
    ends = masked.part_of_total(low, high, part, total, total)
    assert [end.tolist() for end in ends] == [[1, 2], [4, 2]]


def test_a_part_of_a_total_that_is_a_range_itself():
    low, high = np.array([1, 1, 5]), np.array([4, 4, 5])
    ends = masked.part_of_total(
        low, high, np.array([True, False, False]), np.array(11), np.array(12)
    )
    assert [int(end) for end in ends] == [2, 4]  # 5 + (1 to 4) + x = 11 or 12


@few
@given(COUNTS, COUNTS)
def test_a_share_has_every_possible_value_inside_and_both_ends_possible(part, rest):
    (part_low, rest_low), (part_high, rest_high) = mask([part, rest])
    ends = masked.share(part_low, part_high, rest_low, rest_high)
    shares = [
        100 * p / (p + r)
        for p in range(part_low, part_high + 1)
        for r in range(rest_low, rest_high + 1)
        if p + r
    ]
    if not shares:
        assert np.isnan(ends).all()
        return
    assert [float(e) for e in ends] == pytest.approx([min(shares), max(shares)])


@few
@given(COUNTS, COUNTS, st.integers(0, 3))
def test_a_share_of_a_total_that_is_known_apart(part, rest, unsure):
    low, high = mask(part)
    total = part + rest
    ends = masked.share_of_total(low, high, np.array(total), np.array(total + unsure))
    shares = [
        100 * p / t
        for p in range(low, high + 1)
        for t in range(total, total + unsure + 1)
        if t and p <= t
    ]
    if shares and total:
        assert float(ends[0]) == pytest.approx(min(shares))
        assert float(ends[1]) == pytest.approx(max(shares))


@few
@given(st.lists(st.tuples(COUNTS, COUNTS), min_size=1, max_size=4))
def test_what_intervals_have_in_common_holds_what_all_of_them_hold(cells):
    intervals = [(np.array([min(c)]), np.array([max(c)])) for c in cells]
    low, high = masked.intersect(*intervals)
    common = set.intersection(*[set(range(min(c), max(c) + 1)) for c in cells])
    if common:
        assert (low[0], high[0]) == (min(common), max(common))
    else:  # they contradict each other: none is trusted more than another
        assert (low[0], high[0]) == (min(map(min, cells)), max(map(max, cells)))


# ---- tidy tables


RANKS = ["PRO", "VMBO_B", "VMBO_B_K", "VMBO_K", "VMBO_K_GT", "VMBO_GT", "VMBO_GT_HAVO", "HAVO"]
RANKS += ["HAVO_VWO", "VWO"]
# The mean advice of five schools in years without hidden counts.
EXACT = {
    "06GS00": ([5.86, 3.67, 6.07], [7, 9, 15]),
    "10HM00": ([5.13, 4.33, 3.95], [15, 18, 20]),
    "13PS00": ([4.05, 2.83, 5.18], [20, 24, 11]),
    "18QW00": ([5.83, 5.60, 4.18], [40, 43, 38]),
    "08CT00": ([3.80, 4.11, 4.75], [10, 9, 12]),
}


# five of the invented schools, one with hardly a pupil
INVENTED = ["90AA00", "90AB00", "90AC00", "90AD00", "90AE00"]


def means_possible(low, high, least=0, most=np.inf):
    """Lowest and highest mean rank: every sum of ranks that some number of pupils can have."""
    found = {(0, 0)}
    for rank, (a, b) in enumerate(zip(low, high, strict=True)):
        found = {(n + c, total + rank * c) for n, total in found for c in range(a, b + 1)}
    means = [total / n for n, total in found if n and least <= n <= most]
    return min(means), max(means)


@pytest.fixture(scope="module")
def advices(files, are_real):
    """Bounds of the advices of five schools, by school and year."""
    table = load("schooladviezen", files / "raw")
    schools = list(EXACT) if are_real else INVENTED
    table = table[table["school"].isin(schools) & table["advice"].isin(RANKS)]
    return {
        end: table.pivot(index=["school", "year"], columns="advice", values=f"pupils_{end}")[
            RANKS
        ].astype(int)
        for end in ("low", "high")
    }


def test_mean_advice_of_a_school_is_exact_before_masking(advices, are_real):
    for school, rows in advices["low"].groupby(level="school"):
        years = [(school, year) for year in (2019, 2020, 2021)]
        low, high = (advices[end].loc[years].to_numpy() for end in ("low", "high"))
        assert (low == high).all()
        lowest, highest = mean_rank_bounds(low, high)
        assert lowest.tolist() == highest.tolist()
        by_hand = [sum(r * n for r, n in enumerate(row)) / sum(row) for row in low.tolist()]
        assert lowest.tolist() == pytest.approx(by_hand)
        if are_real:
            levels, pupils = EXACT[school]
            assert low.sum(axis=1).tolist() == pupils
            assert lowest.tolist() == pytest.approx(levels, abs=0.00501)  # given in two decimals
        assert len(rows) == 6


def test_mean_advice_of_a_school_is_a_range_after(advices):
    for school, year in advices["low"].index:
        if year >= 2022:
            low, high = (advices[end].loc[[(school, year)]].to_numpy() for end in ("low", "high"))
            found = tuple(float(end[0]) for end in mean_rank_bounds(low, high))
            assert found == pytest.approx(means_possible(low[0], high[0])), (school, year)
