"""The judge of benches: what got worse is told, what is noise or not comparable is not."""

from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import pytest

from perfkit.bench.judge import FigureVerdict, Outcome, judge_benches
from perfkit.bench.result import BenchResult, Environment, Figure, Kind, by_id

ENVIRONMENT = Environment(
    perfkit="0",
    server="PostgreSQL 18.6",
    server_version=180006,
    cores=2,
    memory_bytes=8 * 1024**3,
    system="Linux",
    calibration={"processor": 5.0, "buffers": 9.0},
)


def result(*figures: Figure, environment: Environment = ENVIRONMENT, rows: str = "10000") -> BenchResult:
    return BenchResult(
        bench="import",
        at=datetime(2026, 5, 4, 12, tzinfo=UTC),
        environment=environment,
        options={"rows": rows},
        figures=by_id(*figures),
    )


def rate(*samples: float, kind: Kind = Kind.RATE) -> Figure:
    return Figure(id="copy.rows_per_s", unit="rows/s", kind=kind, samples=samples)


def judged(before: BenchResult, now: BenchResult) -> FigureVerdict:
    (verdict,) = judge_benches({"import": before}, {"import": now})
    return verdict


def test_a_rate_that_fell_by_half_is_worse() -> None:
    verdict = judged(result(rate(1000, 1020, 990, 1005)), result(rate(500, 505, 495, 510)))
    assert verdict.outcome is Outcome.WORSE
    assert verdict.ratio == pytest.approx(0.5, rel=0.02)
    low, high = verdict.low or 0, verdict.high or 0
    assert low < 0.5 < high


def test_a_rate_that_doubled_is_better() -> None:
    assert judged(result(rate(500, 505, 495)), result(rate(1000, 1020, 990))).outcome is Outcome.BETTER


def test_a_time_that_doubled_is_worse() -> None:
    before, now = (rate(*samples, kind=Kind.TIME) for samples in ((5, 5.1, 4.9), (10, 10.2, 9.9)))
    assert judged(result(before), result(now)).outcome is Outcome.WORSE


def test_what_hardly_changed_is_the_same() -> None:
    assert judged(result(rate(1000, 1020, 990)), result(rate(985, 1010, 1001))).outcome is Outcome.SAME


def test_one_wild_sample_says_nothing_for_sure() -> None:
    assert judged(result(rate(1000)), result(rate(650))).outcome is Outcome.UNCLEAR


def test_noise_alone_seldom_fails() -> None:
    chance = Random(7)
    samples = [[chance.lognormvariate(7, 0.08) for _ in range(4)] for _ in range(400)]
    outcomes = [
        judged(result(rate(*before)), result(rate(*now))).outcome
        for before, now in zip(samples[::2], samples[1::2], strict=True)
    ]
    assert outcomes.count(Outcome.WORSE) <= 2


def test_any_more_of_a_count_is_worse() -> None:
    before, now = rate(0, kind=Kind.COUNT), rate(1, kind=Kind.COUNT)
    assert judged(result(before), result(now)).outcome is Outcome.WORSE
    assert judged(result(now), result(before)).outcome is Outcome.BETTER
    assert judged(result(before), result(before)).outcome is Outcome.SAME


def test_a_slower_machine_is_no_slower_import() -> None:
    slower = replace(ENVIRONMENT, calibration={"processor": 6.25, "buffers": 11.25})
    before, now = result(rate(1000, 1020, 990)), result(rate(800, 815, 795), environment=slower)
    assert judged(before, now).outcome is Outcome.SAME


def test_a_slower_machine_does_not_excuse_memory() -> None:
    slower = replace(ENVIRONMENT, calibration={"processor": 6.25, "buffers": 11.25})
    before = result(rate(100, 101, 100, 100, kind=Kind.SIZE))
    now = result(rate(140, 141, 140, 140, kind=Kind.SIZE), environment=slower)
    assert judged(before, now).outcome is Outcome.WORSE


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (result(rate(1000), rows="20000"), "rows was 10000, and is 20000"),
        (
            result(rate(1000), environment=replace(ENVIRONMENT, server_version=170002)),
            "PostgreSQL was 18, and is 17",
        ),
        (
            result(
                rate(1000), environment=replace(ENVIRONMENT, calibration={"processor": 15, "buffers": 27})
            ),
            "fixed work takes 3.0 times as long as then: another machine, or a busy one",
        ),
    ],
)
def test_what_ran_otherwise_is_not_compared(now: BenchResult, reason: str) -> None:
    verdict = judged(result(rate(1000)), now)
    assert verdict.outcome is Outcome.NOT_COMPARABLE
    assert verdict.reason == reason


def test_a_bench_that_was_not_run_is_missing_and_another_one_new() -> None:
    load = replace(result(rate(10)), bench="load")
    verdicts = judge_benches({"import": result(rate(1000))}, {"load": load})
    assert [(verdict.id, verdict.outcome) for verdict in verdicts] == [
        ("import/copy.rows_per_s", Outcome.MISSING),
        ("load/copy.rows_per_s", Outcome.NEW),
    ]
