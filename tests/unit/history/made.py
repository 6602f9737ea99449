"""Entries and series made for the tests of the history."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from perfkit.history.model import CaseRun, Entry
from perfkit.history.series import Series, series_of

AT = datetime(2026, 7, 1, 12, 30, tzinfo=UTC)
CASES = 60
RUN = CaseRun(
    median_ms=20.0, samples=5, blocks=100, rows=30, sql="ab" * 8, parameters="7f", shape="cd" * 8,
    weight=40.0, verdict="same",
)  # fmt: skip


def entry(
    cases: Mapping[str, CaseRun],
    *,
    day: int = 0,
    minute: int = 0,
    major: int = 18,
    database: str = "alumni",
    calibration_ms: Mapping[str, float] | None = None,
) -> Entry:
    """Return the entry of a run on that day; its revision tells the day."""
    return Entry(
        at=AT + timedelta(days=day, minutes=minute),
        perfkit="1.0",
        command="regress",
        baseline="main",
        revision=f"{day:040x}",
        server_version=major * 10_000,
        database=database,
        calibration_ms=calibration_ms or {},
        cases=cases,
    )


def one_case(times_ms: Sequence[float], blocks: Sequence[int] | None = None, case: str = "a/one") -> Series:
    """Return the series of a case with a run a day."""
    entries = (
        entry({case: RUN._replace(median_ms=ms, blocks=blocks[day] if blocks else 100)}, day=day)
        for day, ms in enumerate(times_ms)
    )
    return series_of(entries)[0]


def catalog(
    random: Random, runs: int, noise: float, first: Callable[[int], float], blocks: Iterable[int] = (100,)
) -> list[Series]:
    """Return 60 cases, each with its noise; only the first case's times go with `first`, by run."""
    counts = tuple(blocks)
    return [
        one_case(
            [20 * random.lognormvariate(0, noise) * (first(run) if case == 0 else 1) for run in range(runs)],
            [random.choice(counts) for _ in range(runs)],
            f"q/{case}",
        )
        for case in range(CASES)
    ]
