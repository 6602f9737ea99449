"""Statistics against published tables and what must hold of them."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit import stats


@pytest.mark.parametrize(
    ("p", "degrees", "expected"),
    [
        (0.75, 1, 1.0),
        (0.975, 1, 12.7062047362),
        (0.975, 2, 4.3026527297),
        (0.95, 3, 2.3533634348),
        (0.975, 4, 2.7764451052),
        (0.995, 5, 4.0321429836),
        (0.975, 10, 2.2281388520),
        (0.99, 30, 2.4572615425),
        (0.9995, 7, 5.4078825209),
        (0.999, 120, 3.1595387433),
    ],
)
def test_students_t_is_that_of_the_tables(p: float, degrees: int, expected: float) -> None:
    assert stats.student_t_quantile(p, degrees) == pytest.approx(expected, rel=1e-8)


def test_students_t_of_one_degree_is_cauchys() -> None:
    for p in (0.6, 0.9, 0.999, 0.99999):
        cauchy = math.tan(math.pi * (p - 0.5))
        assert stats.student_t_quantile(p, 1) == pytest.approx(cauchy, rel=1e-6)


@given(p=st.floats(1e-6, 1 - 1e-6), degrees=st.integers(1, 200))
def test_students_t_quantile_is_the_inverse_of_its_probability(p: float, degrees: int) -> None:
    t = stats.student_t_quantile(p, degrees)
    assert stats.student_t_probability(t, degrees) == pytest.approx(p, abs=1e-8)
    assert stats.student_t_quantile(1 - p, degrees) == pytest.approx(-t, rel=1e-4, abs=1e-8)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1))
def test_a_quantile_is_within_the_values_and_grows(values: list[float]) -> None:
    found = [stats.quantile(values, q) for q in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert found[0] == min(values)
    assert found[-1] == max(values)
    assert all(later >= earlier - 1e-6 for earlier, later in pairwise(found))


def test_a_median_of_an_even_number_lies_between_the_middle_two() -> None:
    assert stats.median([4.0, 1.0, 2.0, 9.0]) == 3.0


def test_a_weighted_mean_counts_each_value_by_its_weight() -> None:
    assert stats.weighted_mean([10.0, 100.0], [9.0, 1.0]) == pytest.approx(19.0)
