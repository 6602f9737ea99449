"""Comparing ways: which are tried, the rounds, the shares of parts, and what is recommended."""

from random import Random

import pytest

from perfkit.bench.imports.compare import compare
from perfkit.bench.imports.model import Measurement, Part, PartKind, Reads, Trial, Tried, Way
from perfkit.bench.imports.plan import Wishes, impossible, trials_of
from perfkit.bench.imports.recommend import recommend

INDEX = Part(kind=PartKind.INDEX, name="people_pkey")


def measurement(elapsed_ms: float, rows: int = 1_000) -> Measurement:
    return Measurement(elapsed_ms=elapsed_ms, rows=rows, wal_bytes=1, client_bytes=1, server_bytes=None)


def tried(way: Way, *times_ms: float, workers: int = 1) -> Tried:
    return Tried(
        trial=Trial(way=way, rows=1_000, workers=workers), measurements=tuple(map(measurement, times_ms))
    )


class Clockwork:
    """A ground on which a COPY takes 100 ms, 75 without its index, and all else 200."""

    def __init__(self) -> None:
        self.measured: list[Trial] = []

    def measure(self, trial: Trial) -> Measurement:
        self.measured.append(trial)
        return measurement(75 if trial.without else 100 if trial.way is Way.COPY else 200, trial.rows)

    def watched(self, trial: Trial) -> tuple[Measurement, Reads]:
        return measurement(10_000, trial.rows), Reads(times_ms=(1.0, 3.0), lock_waits=2)

    def idle_reads(self, seconds: float) -> Reads:
        assert seconds > 0
        return Reads(times_ms=(1.0,), lock_waits=0)

    def commit_ms(self) -> tuple[float, ...]:
        return (1.0,)


def test_each_way_is_measured_once_a_round_and_what_a_reader_slows_does_not_count() -> None:
    ground = Clockwork()
    trials = (Trial(way=Way.COPY, rows=1_000), Trial(way=Way.PANDAS, rows=1_000, batch=100))
    steps: list[int] = []
    found = compare(
        ground,
        trials,
        [INDEX],
        rounds=3,
        chance=Random(1),
        progress=lambda done, total, _: steps.append(total - done),
    )
    assert [each.times_ms for each in found.tried] == [(100,) * 9, (200,) * 3]
    assert [each.reads.lock_waits for each in found.tried if each.reads] == [2, 2]
    assert [(share.part, share.shares) for share in found.shares] == [(INDEX, (0.25, 0.25, 0.25))]
    # What shares are held against runs three times a round.
    assert len(ground.measured) == 3 * 5
    assert {frozenset(ground.measured[at : at + 5]) for at in (0, 5, 10)} == {frozenset(ground.measured)}
    assert steps == sorted(steps, reverse=True)
    assert steps[-1] == 1


def test_ways_have_their_batches_and_copy_its_sessions() -> None:
    wishes = Wishes(ways=tuple(Way), rows=2_000, batches=(100, 1_000, 10_000), workers=(1, 2))
    ids = [trial.id for trial in trials_of(wishes, {Way.ON_ERROR: "too old"})]
    assert ids == [
        "row-insert",
        "executemany-100",
        "executemany-1000",
        "multi-values-100",
        "multi-values-1000",
        "copy",
        "copy-2-workers",
        "copy-binary",
        "staged",
        "pandas-100",
        "pandas-1000",
    ]


def test_a_slow_way_has_fewer_records() -> None:
    wishes = Wishes(ways=(Way.ROW_INSERT, Way.COPY), rows=50_000, batches=(100,), workers=(1,))
    assert [trial.rows for trial in trials_of(wishes, {})] == [1_000, 50_000]


def test_what_cannot_be_tried_is_told() -> None:
    reasons = impossible(server_version=160_004, not_binary=["tsvector"], updates=False)
    assert {str(way): why for way, why in reasons.items()} == {
        "on-error": "it came with PostgreSQL 17",
        "copy-binary": "perfkit does not write tsvector in binary",
    }
    assert impossible(server_version=170_000, not_binary=[], updates=False) == {}
    updating = impossible(server_version=170_000, not_binary=[], updates=True)
    assert updating.keys() == {*Way} - {Way.STAGED}


@pytest.mark.parametrize(
    ("found", "needs_checks", "best"),
    [
        ([tried(Way.COPY, 100), tried(Way.PANDAS, 300)], False, "copy"),
        ([tried(Way.COPY, 103), tried(Way.COPY_BINARY, 100)], False, "copy"),
        ([tried(Way.COPY, 120), tried(Way.COPY_BINARY, 100)], False, "copy-binary"),
        ([tried(Way.COPY, 100), tried(Way.STAGED, 180)], True, "staged"),
        ([tried(Way.COPY, 100), tried(Way.COPY, 98, workers=2)], False, "copy"),
        ([tried(Way.COPY, 100), tried(Way.COPY, 60, workers=2)], False, "copy-2-workers"),
        ([tried(Way.ON_ERROR, 50), tried(Way.MULTI_VALUES, 100)], False, "multi-values"),
    ],
)
def test_the_simplest_of_the_fastest_is_recommended(
    found: list[Tried],
    needs_checks: bool,  # noqa: FBT001  # a test's parameter
    best: str,
) -> None:
    recommended = recommend(found, needs_checks=needs_checks)
    assert recommended is not None
    assert recommended.tried.trial.id == best


def test_what_loses_records_without_a_word_is_never_recommended() -> None:
    assert recommend([tried(Way.ON_ERROR, 1)], needs_checks=False) is None
