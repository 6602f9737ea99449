"""Drift is found where there is some and not where there is none: both are simulated, with fixed seeds."""

from collections.abc import Callable
from random import Random

import pytest

from perfkit.history.changepoint import least_length
from perfkit.history.drift import Direction, find_drift
from perfkit.history.series import Series, series_of
from tests.unit.history.made import CASES, RUN, catalog, entry, one_case


def _steady(_: int) -> float:
    return 1.0


def _creep(run: int) -> float:
    return 1.02**run


def _step(run: int) -> float:
    return 1.15 if run >= 15 else 1.0


def _found(
    histories: int, noise: float, first: Callable[[int], float], *, runs: int = 30
) -> tuple[float, float]:
    """Return in what share of the histories the first case was called worse, and another case anything but steady."""
    random = Random(20_261_124)
    hits = alarms = 0
    for _ in range(histories):
        cases = find_drift(catalog(random, runs, noise, first)).cases
        changed = {
            case.series.case: case.direction for case in cases if case.direction is not Direction.STEADY
        }
        hits += changed.pop("q/0", None) is Direction.WORSE
        alarms += bool(changed)
    return hits / histories, alarms / histories


@pytest.mark.parametrize(
    ("first", "noise", "least"), [(_creep, 0.05, 1), (_creep, 0.10, 0.9), (_step, 0.05, 0.9)]
)
def test_a_creep_of_2_percent_a_run_and_a_step_of_15_are_found_among_60_cases(
    first: Callable[[int], float], noise: float, least: float
) -> None:
    hits, _ = _found(30, noise, first)
    assert hits >= least


@pytest.mark.parametrize("noise", [0.05, 0.10])
@pytest.mark.parametrize("runs", [12, 30, 60])
def test_60_steady_cases_raise_an_alarm_in_hardly_any_history(noise: float, runs: int) -> None:
    assert _found(20, noise, _steady, runs=runs) == (0, 0)


def test_blocks_that_vary_are_a_test_of_their_own_so_that_more_sessions_are_needed() -> None:
    times = [1.0 + run % 3 / 10 for run in range(11)]
    blocks = [run % 4 for run in range(11)]
    assert find_drift([one_case(times)]).sessions_needed == least_length(0.01)
    assert find_drift([one_case(times, blocks)]).sessions_needed == least_length(0.005) == 12


def test_counts_that_vary_as_those_of_writes_do_raise_none_either() -> None:
    random = Random(3)
    histories = [find_drift(catalog(random, runs, 0.05, _steady, range(15, 41))) for runs in (8, 12, 30) * 20]
    assert sum(bool(each.going(Direction.WORSE)) for each in histories) <= 1


def test_runs_of_one_session_count_as_one() -> None:
    """Sessions of 10 runs that differ by 5 %, as they do: 4 of them are no drift, however many runs."""
    random = Random(4)
    worse = 0
    for _ in range(20):
        series: list[Series] = []
        for number in range(CASES):
            moods = [random.lognormvariate(0, 0.05) for _ in range(4)]
            runs = [
                entry(
                    {f"q/{number}": RUN._replace(median_ms=20 * mood * random.lognormvariate(0, 0.04))},
                    day=day,
                    minute=run,
                )
                for day, mood in enumerate(moods)
                for run in range(10)
            ]
            series += series_of(runs)
        worse += bool(find_drift(series).going(Direction.WORSE))
    assert worse == 0


def test_a_step_that_stays_is_told_with_its_place_and_size() -> None:
    times = [20.0 + day % 3 / 10 for day in range(20)] + [26.0 + day % 3 / 10 for day in range(10)]
    (case,) = find_drift([one_case(times)]).cases
    assert case.direction is Direction.WORSE
    assert case.time.since == 20
    assert case.time.ratio == pytest.approx(26.1 / 20.1)
    assert case.blocks.direction is Direction.STEADY


def _levels(*levels: float) -> list[float]:
    """Return ten days at each of the levels, which vary a little."""
    return [level + day % 3 / 10 for level in levels for day in range(10)]


def test_a_step_that_was_taken_back_is_no_drift() -> None:
    (case,) = find_drift([one_case(_levels(20, 40, 21))]).cases
    assert len(case.time.levels) == 3
    assert case.direction is Direction.STEADY


def test_what_was_won_and_lost_again_in_part_is_drift() -> None:
    (case,) = find_drift([one_case(_levels(20, 10, 14))]).cases
    assert case.direction is Direction.WORSE
    assert case.time.since == 20


def test_what_became_faster_is_told_and_is_no_drift() -> None:
    times = [20.0 + day % 3 / 10 - (8 if day >= 15 else 0) for day in range(30)]
    histories = find_drift([one_case(times)])
    assert [case.time.since for case in histories.going(Direction.BETTER)] == [15]
    assert not histories.going(Direction.WORSE)


@pytest.mark.parametrize(("ms", "factor"), [(20, 1.08), (0.1, 1.3)], ids=["few percent", "few microseconds"])
def test_a_sure_change_that_nobody_would_feel_is_no_drift(ms: float, factor: float) -> None:
    times = [ms * (1 + day % 3 / 100) * (factor if day >= 15 else 1) for day in range(30)]
    (case,) = find_drift([one_case(times)]).cases
    assert len(case.time.levels) == 2
    assert case.direction is Direction.STEADY


def test_three_runs_with_more_blocks_are_enough_as_blocks_are_exact() -> None:
    (case,) = find_drift([one_case([20.0] * 12, [100] * 9 + [120] * 3)]).cases
    assert (case.blocks.direction, case.blocks.since) == (Direction.WORSE, 9)


def test_two_slow_runs_are_no_level() -> None:
    (case,) = find_drift([one_case([20.0 + day % 3 / 10 for day in range(28)] + [90.0, 91.0])]).cases
    assert case.direction is Direction.STEADY


def test_the_machine_is_suspected_when_most_cases_slow_down_alone_without_more_work() -> None:
    random = Random(1)
    slower = [
        one_case(
            [random.uniform(19, 21) * (1.3 if day >= 15 else 1) for day in range(30)], case=f"q/{number}"
        )
        for number in range(8)
    ]
    assert find_drift(slower).machine_suspected
    assert not find_drift(slower[:4]).machine_suspected
    assert not find_drift([*slower, *catalog(random, 30, 0.05, _steady)]).machine_suspected


def test_the_heaviest_loss_comes_first() -> None:
    steps = [[ms * (1.3 if day >= 15 else 1) + day % 3 / 100 for day in range(30)] for ms in (2.0, 50.0)]
    steady = [20.0 + day % 3 / 10 for day in range(30)]
    series = [one_case(times, case=name) for name, times in zip("bca", [*steps, steady], strict=True)]
    assert [case.series.case for case in find_drift(series).cases] == ["c", "b", "a"]
