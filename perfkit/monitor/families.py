"""The newest readings, but for the cases', as samples of the table of metrics, with labels of fixed lists."""

from collections.abc import Iterable, Iterator
from math import isfinite

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from perfkit import __version__, stats
from perfkit.bench.targets import Target, TargetResult
from perfkit.health.model import HealthState
from perfkit.monitor import metrics as m
from perfkit.monitor.model import Activity, Board, CacheNow, PoolNow

# Of pg_stat_activity; what newer servers add counts as unknown, so that labels stay bounded.
STATES = (
    "active", "idle", "idle in transaction", "idle in transaction (aborted)", "fastpath function call", "disabled",
    "unknown",
)  # fmt: skip
WAITS = (
    "CPU", "LWLock", "Lock", "BufferPin", "Activity", "Client", "Extension", "IPC", "Timeout", "IO", "unknown",
)  # fmt: skip
# What a rule can compare: unknown is below all, as it is no alarm of its own.
HEALTH_STATES = {HealthState.UNKNOWN: -1, HealthState.OK: 0, HealthState.WARN: 1, HealthState.CRIT: 2}

_Sample = tuple[tuple[str, ...], float]


class BoardCollector(Collector):
    """Gives a registry the families of a board; a scrape touches nothing but memory."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        return families(self._board)


def families(board: Board) -> Iterator[Metric]:
    """Yield the families of all that was read but the cases, whose lines `page` keeps."""
    yield _one(m.UP, board.up)
    yield _each(m.BUILD, [((__version__,), 1)])
    yield _one(m.INTERVAL, board.interval_s)
    yield _one(m.LAG, board.lag_s)
    yield from _targets(board)
    yield from _benches(board)
    if board.health:
        states = board.health.items()
        yield _each(m.HEALTH, [((check,), HEALTH_STATES[state]) for check, state in states])
    if activity := board.activity:
        yield from _activity(activity)
    if pool := board.pool:
        yield from _pool(pool)
    if cache := board.cache:
        yield from _cache(cache)


def _targets(board: Board) -> Iterator[Metric]:
    targets = [result.target for result in board.targets]
    yield _each(m.TARGET_LIMIT, [((target.id,), _base(target.limit, target.unit)) for target in targets])
    values = [
        (result.target, value) for result in board.targets if (value := _value(result, board)) is not None
    ]
    yield _each(m.TARGET_VALUE, [((target.id,), _base(value, target.unit)) for target, value in values])
    yield _each(m.TARGET_MET, [((target.id,), _is_met(target, value)) for target, value in values])


def _is_met(target: Target, value: float) -> bool:
    return value >= target.limit if target.more_is_better else value <= target.limit


def _value(result: TargetResult, board: Board) -> float | None:
    """Return what was measured of a target; of the queries' mean what the probes say, once all were tried."""
    cases = board.cases.values()
    read = [(case.reading.execution_s * 1000, case.weight) for case in cases if case.reading]
    if result.target.id != "query-mean" or not read or not all(case.tried for case in cases):
        return result.value
    return stats.weighted_mean([taken_ms for taken_ms, _ in read], [weight for _, weight in read])


def _base(value: float, unit: str) -> float:
    return value / 1000 if unit == "ms" else value


def _benches(board: Board) -> Iterator[Metric]:
    yield _each(
        m.BENCH_FIGURE,
        [
            ((result.bench, figure.id, figure.unit), figure.median)
            for result in board.benches
            for figure in result.figures.values()
            if isfinite(figure.median)
        ],
    )
    yield _each(m.BENCH_AT, [((result.bench,), result.at.timestamp()) for result in board.benches])


def _activity(activity: Activity) -> Iterator[Metric]:
    groups, counted = activity.groups, activity.counted
    states = dict.fromkeys(STATES, 0)
    waits = dict.fromkeys(WAITS, 0)
    for group in groups:
        states[group.state if group.state in states else "unknown"] += group.sessions
        if group.wait is not None:
            waits[group.wait if group.wait in waits else "unknown"] += group.sessions
    yield _each(m.SESSIONS, [((state,), sessions) for state, sessions in states.items()])
    yield _one(m.SESSIONS_LIMIT, counted.most)
    yield _each(m.WAITING, [((wait,), sessions) for wait, sessions in waits.items()])
    yield _one(m.LOCKS, sum(group.waiting_for_locks for group in groups))
    yield _one(m.OLDEST, max((group.oldest_transaction_s for group in groups), default=0.0))
    yield _one(m.BUFFER_HITS, counted.buffer_hits)
    yield _one(m.BUFFER_READS, counted.buffer_reads)
    yield _one(m.TEMP_BYTES, counted.temp_bytes)
    yield _one(m.DEADLOCKS, counted.deadlocks)
    yield _each(m.TRANSACTIONS, [(("commit",), counted.commits), (("rollback",), counted.rollbacks)])


def _pool(pool: PoolNow) -> Iterator[Metric]:
    yield _each(m.POOL_CLIENTS, [(("active",), pool.active_clients), (("waiting",), pool.waiting_clients)])
    yield _each(m.POOL_SERVERS, [(("active",), pool.active_servers), (("idle",), pool.idle_servers)])
    yield _one(m.POOL_WAIT, pool.wait_s)


def _cache(cache: CacheNow) -> Iterator[Metric]:
    yield _one(m.CACHE_USED, cache.used_bytes)
    yield _one(m.CACHE_LIMIT, cache.limit_bytes)
    yield _one(m.CACHE_ENTRIES, cache.entries)
    yield _one(m.CACHE_EVICTIONS, cache.evicted)
    yield _one(m.CACHE_HITS, cache.hits)
    yield _one(m.CACHE_MISSES, cache.misses)


def _one(family: m.Family, value: float) -> Metric:
    return _each(family, [((), value)])


def _each(family: m.Family, samples: Iterable[_Sample]) -> Metric:
    made = GaugeMetricFamily if family.kind is m.Kind.GAUGE else CounterMetricFamily
    metric = made(family.name, family.help, labels=family.labels)
    for labels, value in samples:
        metric.add_metric(labels, float(value))
    return metric
