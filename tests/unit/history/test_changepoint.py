"""Change points: the right place, a chance that is what it says, and no more than ranks."""

from itertools import accumulate, pairwise
from math import sqrt
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.history.changepoint import (
    change_points,
    exact_split,
    least_length,
    likeliest_split,
    normal_scores,
)
from perfkit.history.critical import LEAST_LENGTH, chance_of
from perfkit.history.holm import rejected

VALUES = st.lists(st.floats(0.01, 1_000), min_size=LEAST_LENGTH, max_size=50)


@pytest.mark.parametrize("length", [9, 20, 30, 45])
def test_without_a_change_a_chance_of_1_percent_comes_1_time_in_100(length: int) -> None:
    random = Random(length)
    draws = 4_000
    splits = [likeliest_split([random.random() for _ in range(length)]) for _ in range(draws)]
    below = sum(split is not None and split.chance <= 0.01 for split in splits)
    # Never more; where the length is long enough to tell, not much less.
    assert below <= 0.01 * draws + 3 * sqrt(0.01 * draws)
    assert below >= 0.005 * draws or length < 12


def test_the_statistic_is_the_largest_standardised_sum_of_scores() -> None:
    values = [3.0, 1.0, 2.0, 5.0, 4.0, 6.0, 9.0, 7.0, 8.0, 10.0] * 2
    scores = normal_scores(values)
    deviation = sqrt(sum(score**2 for score in scores) / 19)
    largest = max(
        abs(total) / deviation / sqrt(place * (20 - place) / 20)
        for place, total in enumerate(accumulate(scores), 1)
        if 3 <= place <= 17
    )
    split = likeliest_split(values)
    assert split is not None
    assert split.chance == chance_of(largest, 20)


@given(VALUES)
def test_order_alone_counts(values: list[float]) -> None:
    assert likeliest_split(values) == likeliest_split([value * 3 for value in values])


@given(VALUES)
def test_scores_are_centred_and_in_the_order_of_the_values(values: list[float]) -> None:
    scores = normal_scores(values)
    assert sum(scores) == pytest.approx(0, abs=1e-9)
    by_value = sorted(zip(values, scores, strict=True))
    assert [score for _, score in by_value] == sorted(scores)


@given(VALUES)
def test_every_segment_has_at_least_three_values(values: list[float]) -> None:
    for find in (likeliest_split, exact_split):
        changes = change_points(values, find, 1.0)
        edges = [0, *changes, len(values)]
        assert edges == sorted(edges)
        assert min(end - start for start, end in pairwise(edges)) >= 3


def test_several_changes_are_all_found_at_their_places() -> None:
    values = [level + place % 4 / 10 for level in (10, 20, 5) for place in range(20)]
    assert change_points(values, likeliest_split, 0.01) == (20, 40)


@pytest.mark.parametrize("values", [[], [1.0, 9.0] * 3, [5.0] * 40], ids=["none", "few", "equal"])
def test_too_few_or_equal_values_say_nothing(values: list[float]) -> None:
    assert likeliest_split(values) is None


def test_a_chance_only_falls_with_the_statistic_and_rises_with_the_length() -> None:
    for length in range(LEAST_LENGTH, 1_100, 7):
        chances = [chance_of(tenth / 10, length) for tenth in range(60)]
        assert chances == sorted(chances, reverse=True)
        assert chance_of(3.9, length + 7) >= chance_of(3.9, length)


@pytest.mark.parametrize(
    ("values", "certain"),
    [
        ([100] * 6 + [110] * 6, True),
        ([100, 100, 101, 100, 100, 100, 110, 110, 110, 110, 110, 111], True),
        ([100, 100, 100, 106, 100, 100, 110, 110, 110, 110, 110, 110], False),
        ([100, 101, 102, 103, 104, 105, 120, 121, 122, 123, 124, 125], False),
    ],
    ids=["exact", "a split page", "wider than the gap", "never the same"],
)
def test_exact_values_are_certain_when_they_repeat_and_the_gap_is_wider_than_they_vary(
    values: list[float], *, certain: bool
) -> None:
    split = exact_split(values)
    assert split is not None
    assert (split.position, split.chance == 0) == (6, certain)


@pytest.mark.parametrize("tests", [1, 5, 60, 900])
def test_the_least_length_is_the_first_at_which_the_clearest_change_is_sure_enough(tests: int) -> None:
    least = least_length(0.01 / tests)
    for length, enough in ((least - 1, False), (least, True)):
        clearest = likeliest_split([float(place) for place in range(length)])
        assert clearest is not None
        assert (clearest.chance <= 0.01 / tests) is enough


def test_holm_stops_at_the_first_that_is_not_small_enough() -> None:
    assert rejected([0.2, 0.002, 0.004, 0.0049], 0.01) == [False, True, False, False]
    assert rejected([0.0001, 0.003, 0.004], 0.01) == [True, True, True]
    assert rejected([], 0.01) == []
