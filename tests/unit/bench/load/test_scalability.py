"""The Universal Scalability Law is found again in what follows it, and the knee with it."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.bench.load.scalability import Scalability, fit

USERS = (1, 2, 4, 8, 16, 32, 64, 128)


@given(
    st.floats(1, 1e5),
    st.one_of(st.just(0.0), st.floats(0.001, 0.9)),
    st.one_of(st.just(0.0), st.floats(1e-5, 1e-2)),
)
def test_the_law_is_found_again(rate_alone: float, contention: float, coherency: float) -> None:
    law = Scalability(rate_alone=rate_alone, contention=contention, coherency=coherency, error=0)
    found = fit([(users, law.rate(users)) for users in USERS])
    assert found.error < 0.001
    for users in (1, 3, 50, 300):
        assert found.rate(users) == pytest.approx(law.rate(users), rel=0.01)


def test_the_peak_is_found_through_noise() -> None:
    chance = Random(3)
    law = Scalability(rate_alone=100, contention=0.02, coherency=0.001, error=0)
    found = fit([(users, law.rate(users) * chance.lognormvariate(0, 0.03)) for users in USERS])
    assert found.peak_users == pytest.approx(law.peak_users, rel=0.15)
    assert 0 < found.error < 0.06


def test_two_cores_that_share_nothing_have_no_peak() -> None:
    assert fit([(1, 100), (2, 200), (4, 400)]).peak_users == math.inf


def test_one_measurement_is_a_law_too() -> None:
    assert fit([(10, 500)]).rate(10) == pytest.approx(500)
