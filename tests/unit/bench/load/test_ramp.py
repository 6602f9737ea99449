"""The ramp: which steps are run, and what is said of them beforehand."""

import pytest

from perfkit.bench.load.model import LoadOptions
from perfkit.bench.load.ramp import ramp_of
from perfkit.bench.load.watch import ServerLimits
from perfkit.errors import MeasureError


def options(*users: int, pooler: bool = False, pool: bool = True) -> LoadOptions:
    return LoadOptions(
        users=users,
        think_ms=1_000,
        within_ms=1_000,
        seconds=3,
        rounds=2,
        rate=None,
        protocol="extended",
        threads=2,
        pooler=pooler,
        pool=pool,
    )


def limits(free: int) -> ServerLimits:
    return ServerLimits(connections_most=free + 5, connections_used=5, process=None)


def test_steps_without_a_connection_for_each_user_are_not_run() -> None:
    ramp = ramp_of(limits(95), options(1, 10, 100, 200))
    assert (ramp.users, ramp.refused) == ((1, 10), (100, 200))
    assert ramp.pools == (1, 2, 4, 8, 16, 32, 64)


def test_a_pooler_has_connections_for_all() -> None:
    assert ramp_of(limits(95), options(1, 200, pooler=True)).users == (1, 200)


def test_too_few_connections_for_one_step_are_an_error() -> None:
    with pytest.raises(MeasureError, match="3 connections left, too few for 4 users"):
        ramp_of(limits(3), options(4, 8))


def test_how_long_it_takes_is_told_with_the_time_for_connecting() -> None:
    alone = options(1, 100, pool=False)
    assert ramp_of(limits(200), alone).told(alone) == "2 steps of users, 2 runs of 3 s each, about 14 s"
    with_pool = options(1)
    told = "1 step of users, 3 steps of the pool, 2 runs of 3 s each, about 24 s"
    assert ramp_of(limits(4), with_pool).told(with_pool) == told
    usual = options(1, 10, 25, 50, 100)
    assert ramp_of(limits(200), usual).told(usual).endswith(", about 1 min 27 s")
