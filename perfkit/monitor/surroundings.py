"""What stands around the database: results of benches, a pooler, a cache; each read on its own, none stops the others."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import TypeVar

from perfkit.bench.result import BenchResult
from perfkit.bench.targets import Target, judge_targets
from perfkit.errors import PerfkitError
from perfkit.monitor.instruments import Instruments, Source
from perfkit.monitor.model import Board, Cache, Pool
from perfkit.monitor.schedule import Task, run_tasks
from perfkit.monitor.thresholds import ACTIVITY_EVERY_S, RESULTS_EVERY_S

_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where to read: `results` gives the newest result of each bench; a pool or a cache that is None is not watched."""

    targets: tuple[Target, ...]
    results: Callable[[], dict[str, BenchResult]]
    pool: Pool | None
    cache: Cache | None


def watch_surroundings(around: Surroundings, board: Board, instruments: Instruments, stop: Event) -> None:
    """Read all of it until `stop` is set; what cannot be read is off the board until it can be."""

    def read(source: Source, reading: Callable[[], _Read]) -> _Read | None:
        try:
            return reading()
        except PerfkitError:
            instruments.source_errors.labels(source).inc()
            return None

    def results(_late_s: float) -> None:
        found = read(Source.RESULTS, around.results) or {}
        board.targets = judge_targets(around.targets, found)
        board.benches = tuple(found.values())

    def pool(console: Pool, _late_s: float) -> None:
        board.pool = read(Source.POOL, console.now)

    def cache(server: Cache, _late_s: float) -> None:
        board.cache = read(Source.CACHE, server.now)

    tasks = [Task(every_s=RESULTS_EVERY_S, run=results)]
    if around.pool:
        tasks.append(Task(every_s=ACTIVITY_EVERY_S, run=partial(pool, around.pool)))
    if around.cache:
        tasks.append(Task(every_s=ACTIVITY_EVERY_S, run=partial(cache, around.cache)))
    run_tasks(tasks, stop)
