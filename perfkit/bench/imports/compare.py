"""Comparing ways of importing: in rounds, each way once a round, in an order that chance says."""

from collections.abc import Sequence
from random import Random
from typing import Protocol

from perfkit import stats
from perfkit.bench.imports.model import Comparison, Measurement, Part, PartShare, Reads, Trial, Tried, Way
from perfkit.bench.imports.plan import leave_outs
from perfkit.bench.imports.thresholds import IDLE_READS, READ_PAUSE_S, WHOLE_RUNS
from perfkit.measure.model import Progress


class Ground(Protocol):
    """Where trials are run."""

    def measure(self, trial: Trial) -> Measurement:
        """Return what one run of a trial took; raises MeasureError."""

    def watched(self, trial: Trial) -> tuple[Measurement, Reads]:
        """Return what one run of a trial took, and what a session that read the table saw meanwhile."""

    def idle_reads(self, seconds: float) -> Reads:
        """Return what a session sees that reads the table while nobody imports."""

    def commit_ms(self) -> tuple[float, ...]:
        """Return what single commits take, in ms."""


def compare(
    ground: Ground,
    trials: Sequence[Trial],
    parts: Sequence[Part],
    *,
    rounds: int,
    chance: Random,
    progress: Progress,
) -> Comparison:
    """Return what the trials took, at least one round, and the share of each part of the table in a COPY.

    Before them each way runs once to fill caches, which is not counted: a reader looks on, which costs time itself.
    """
    shares = leave_outs(parts, max(trial.rows for trial in trials)) if parts else ()
    whole = [Trial(way=Way.COPY, rows=shares[0].rows)] if shares else []
    # What the shares are held against runs in their midst; as a way of its own it is measured once.
    all_trials = tuple(dict.fromkeys((*trials, *whole, *shares)))
    watched = {trial.way: trial for trial in reversed(trials)}.values()
    # Every share is held against the whole: by one run alone, its noise would be in all of them.
    runs = (*all_trials, *whole * (WHOLE_RUNS - 1))
    total = len(watched) + rounds * len(runs)
    done = 0
    idle = ground.idle_reads(IDLE_READS * READ_PAUSE_S)
    reads: dict[Trial, Reads] = {}
    for trial in watched:
        progress(done, total, f"{trial.id}, read meanwhile")
        _, reads[trial] = ground.watched(trial)
        done += 1
    found: dict[Trial, list[Measurement]] = {trial: [] for trial in all_trials}
    for _ in range(rounds):
        for trial in chance.sample(runs, len(runs)):
            progress(done, total, f"{trial.id} without {trial.without}" if trial.without else trial.id)
            found[trial].append(ground.measure(trial))
            done += 1
    return Comparison(
        tried=tuple(
            Tried(trial=trial, measurements=tuple(found[trial]), reads=reads.get(trial)) for trial in trials
        ),
        shares=tuple(_share(found[whole[0]], found[trial], trial) for trial in shares),
        idle_reads=idle,
        commit_ms=ground.commit_ms(),
    )


def _share(whole: Sequence[Measurement], without: Sequence[Measurement], trial: Trial) -> PartShare:
    assert trial.without is not None
    times = [each.elapsed_ms for each in whole]
    by_round = [stats.median(times[at : at + WHOLE_RUNS]) for at in range(0, len(times), WHOLE_RUNS)]
    return PartShare(
        part=trial.without,
        shares=tuple(
            1 - less.elapsed_ms / whole_ms for whole_ms, less in zip(by_round, without, strict=True)
        ),
    )
