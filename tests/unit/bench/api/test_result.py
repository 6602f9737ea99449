"""The ramp and what is made of it: users that are held, figures, endpoints with their paths filled in."""

from collections.abc import Iterator, Mapping
from random import Random

import pytest

from perfkit.bench.api.model import ApiOptions, ApiResult, Calls, Level, Step, Target
from perfkit.bench.api.ramp import run_levels
from perfkit.bench.api.targets import DEMO, targets_of
from perfkit.errors import MeasureError, UsageError
from perfkit.settings_api import ApiEndpoint

MB = 1024**2
OPTIONS = ApiOptions(
    url="http://shop.example",
    users=(1, 10),
    think_ms=1_000,
    seconds=2.0,
    rounds=1,
    target_ms=200,
    memory_target_bytes=512 * MB,
)


def calls(*latencies_ms: float, failed: int = 0) -> Calls:
    made = Calls(answered=len(latencies_ms))
    for each in latencies_ms:
        made.latencies.add(each)
    if failed:
        made.failures["answered 500"] += failed
    return made


def step(users: int = 1, memory: Mapping[str, int] | None = None, **by_endpoint: Calls) -> Step:
    return Step(
        users=users,
        seconds=2.0,
        calls=by_endpoint,
        client_share=0.1,
        client_lag_ms=0.1,
        memory_bytes=memory or {},
    )


def result(*steps: Step) -> ApiResult:
    users = sorted({each.users for each in steps})
    targets = tuple(
        Target(name=name, method="GET", paths=("/",), weight=1, simple=name == "simple")
        for name in ("simple", "heavy")
    )
    return ApiResult(
        options=OPTIONS,
        targets=targets,
        levels=tuple(
            Level(users=each, steps=tuple(one for one in steps if one.users == each)) for each in users
        ),
        not_called={},
    )


def test_heavy_requests_may_be_slow() -> None:
    assert result(step(1, simple=calls(100), heavy=calls(5_000))).held == 1


@pytest.mark.parametrize("bad", [calls(100, failed=1), calls(100, 300), calls()])
def test_users_are_held_up_to_the_first_step_that_fails_or_is_slow(bad: Calls) -> None:
    found = result(step(1, simple=calls(100)), step(5, simple=bad), step(9, simple=calls(100)))
    assert found.held == 1
    assert found.first_missed is found.levels[1]


def test_a_heavy_request_that_fails_is_a_failure_too() -> None:
    assert result(step(1, simple=calls(100), heavy=calls(failed=1))).held == 0


def test_figures_are_of_the_largest_step_with_a_sample_a_run() -> None:
    found = result(
        step(1, simple=calls(1), memory={"a": 50 * MB}),
        step(10, simple=calls(100, 100), heavy=calls(900), memory={"a": 40 * MB, "b": 60 * MB}),
        step(10, simple=calls(150), heavy=calls(failed=2), memory={"a": 40 * MB}),
    ).figures
    assert found["requests_per_s"].samples == (1.5, 0.5)
    assert found["simple_p95_ms"].samples == pytest.approx((100, 150), rel=0.01)
    assert found["failed"].samples == (2.0,)
    assert sorted(found["instance_memory_bytes"].samples) == [50 * MB, 60 * MB]
    assert found["users_held"].samples == (1.0,)


def test_without_a_simple_endpoint_all_are_judged() -> None:
    found = result(step(1, heavy=calls(900)))
    assert found.held == 0


def test_a_late_client_is_told_when_it_matters_beside_the_limit() -> None:
    assert not result(step(1, simple=calls(10))).client_late
    late = Step(users=1, seconds=1, calls={}, client_share=0.1, client_lag_ms=20, memory_bytes={})
    assert result(late).client_late


def test_each_round_runs_each_step_once_with_other_seeds() -> None:
    seen: list[tuple[int, str]] = []

    def run(users: int, seed: str) -> Step:
        seen.append((users, seed))
        return step(users)

    levels = run_levels(run, (1, 5, 9), rounds=4, chance=Random(1), report=lambda *_: None)
    assert [(level.users, len(level.steps)) for level in levels] == [(1, 4), (5, 4), (9, 4)]
    rounds = [[users for users, _ in seen[start : start + 3]] for start in range(0, 12, 3)]
    assert all(sorted(each) == [1, 5, 9] for each in rounds)
    assert len({tuple(each) for each in rounds}) > 1
    assert len({seed for _, seed in seen}) == 12


def no_rows(query: str) -> Iterator[Mapping[str, str | None]]:
    raise AssertionError(query)


def paths(endpoint: ApiEndpoint, *rows: Mapping[str, str | None]) -> tuple[str, ...]:
    (target,), _ = targets_of([endpoint], lambda _: rows, writes=False)
    return target.paths


def test_paths_are_filled_from_values_and_rows_and_quoted() -> None:
    assert paths(ApiEndpoint(name="a", path="/a")) == ("/a",)
    values = {"x": ("1", "2"), "y": ("a/b", "ä ?", "c")}
    assert paths(ApiEndpoint(name="a", path="/{x}?y={y}", values=values)) == (
        "/1?y=a%2Fb",
        "/2?y=%C3%A4%20%3F",
        "/1?y=c",
    )
    drawn = ApiEndpoint(name="a", path="/{x}/{y}", values={"y": ("7", "8")}, draw="SELECT")
    assert paths(drawn, {"x": "1"}, {"x": "2"}, {"x": None}) == ("/1/7", "/2/8", "//7")


def test_what_may_write_is_called_only_when_asked_for() -> None:
    endpoint = ApiEndpoint(name="give", path="/gifts", method="POST", body="{}")
    assert targets_of([endpoint], no_rows, writes=False) == ((), {"give": "POST may write; give --writes"})
    (target,), left_out = targets_of([endpoint], no_rows, writes=True)
    assert (target.method, target.body, left_out) == ("POST", "{}", {})


def test_a_draw_that_is_wrong_is_told_with_its_place() -> None:
    endpoint = ApiEndpoint(name="a", path="/{x}", draw="SELECT", place="perfkit.toml:7")
    with pytest.raises(UsageError, match=r"perfkit.toml:7: the draw of a has no column x"):
        targets_of([endpoint], lambda _: [{"y": "1"}], writes=False)

    def refuse(query: str) -> Iterator[Mapping[str, str | None]]:
        raise MeasureError(f"no such table: {query}")

    with pytest.raises(MeasureError, match=r"perfkit.toml:7: the draw of a: no such table: SELECT"):
        targets_of([endpoint], refuse, writes=False)
    assert targets_of([endpoint], lambda _: [], writes=False) == ((), {"a": "its draw has no rows"})


def test_the_demo_s_endpoints_are_well_formed() -> None:
    assert len({endpoint.name for endpoint in DEMO}) == len(DEMO)
    for endpoint in DEMO:
        assert all(f" {name}" in endpoint.draw or name in endpoint.values for name in endpoint.parameters)


def test_latencies_of_several_runs_are_one_distribution() -> None:
    level = Level(users=1, steps=(step(1, simple=calls(*[10] * 95)), step(1, simple=calls(*[500] * 5))))
    together = level.latencies(["simple", "none"])
    assert together.count == 100
    assert together.quantile_ms(0.95) == pytest.approx(10, rel=0.01)
    assert together.quantile_ms(0.96) == pytest.approx(500, rel=0.01)
