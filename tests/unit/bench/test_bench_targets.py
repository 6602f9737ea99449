"""Targets: what a ramp of users says of a limit, by the steps that it tried."""

from datetime import UTC, datetime

import pytest

from perfkit.bench.result import BenchResult, Environment, Figure, Kind, by_id
from perfkit.bench.targets import Limits, TargetState, judge_targets, targets_of

MET, MISSED, UNKNOWN = TargetState


def limits(users: int = 100) -> Limits:
    return Limits(
        query_mean_ms=100, import_ms_per_1000=5_000, users=users, memory_bytes=500_000_000, api_ms=200
    )


def ramp(held: int, users: str) -> BenchResult:
    environment = Environment(
        perfkit="0", server="PostgreSQL", server_version=180000, cores=2, memory_bytes=None, system="Linux"
    )
    return BenchResult(
        bench="load",
        at=datetime(2026, 5, 4, tzinfo=UTC),
        environment=environment,
        options={"users": users} if users else {},
        figures=by_id(Figure(id="users_held", unit="users", kind=Kind.RATE, samples=(float(held),))),
    )


@pytest.mark.parametrize(
    ("held", "tried", "state", "why"),
    [
        (20, "1,20", UNKNOWN, "only 20 were tried"),
        (100, "1,100", MET, ""),
        (150, "1,150,300", MET, ""),
        (50, "1,50,100", MISSED, ""),
        (10, "1,10,20", MISSED, ""),
        (0, "100", MISSED, ""),
        (0, "200", UNKNOWN, "0 were held, 200 were not, and none between was tried"),
        (50, "1,50,150", UNKNOWN, "50 were held, 150 were not, and none between was tried"),
        (20, "", MISSED, ""),  # a result that does not say what was tried
    ],
)
def test_only_a_step_that_was_tried_and_not_held_is_a_miss(
    held: int, tried: str, state: TargetState, why: str
) -> None:
    result = next(
        each
        for each in judge_targets(targets_of(limits()), {"load": ramp(held, tried)})
        if each.target.id == "users"
    )
    assert (result.state, result.unknown_as) == (state, why)
    assert (result.value is None, result.margin is None) == (state is UNKNOWN, state is UNKNOWN)


def test_the_command_that_measures_tries_the_limit() -> None:
    commands = {each.id: each.command for each in targets_of(limits(users=30))}
    assert commands["users"] == commands["database-memory"] == "perfkit bench load --users 1,10,25,30"
    assert commands["api-users"] == "perfkit bench api --users 1,10,30"
