"""Metric families: the newest readings in Prometheus' words, with labels of the catalog's names and of fixed lists."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import isfinite

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from perfkit import __version__, stats
from perfkit.bench.targets import Target, TargetResult
from perfkit.findings import Severity
from perfkit.monitor.model import Activity, Board, CacheNow, CaseName, PoolNow, Reading

# Of pg_stat_activity; what newer servers add counts as unknown, so that labels stay bounded.
STATES = (
    "active", "idle", "idle in transaction", "idle in transaction (aborted)", "fastpath function call", "disabled",
    "unknown",
)  # fmt: skip
WAITS = (
    "CPU", "LWLock", "Lock", "BufferPin", "Activity", "Client", "Extension", "IPC", "Timeout", "IO", "unknown",
)  # fmt: skip
# What a rule can compare: unknown is below all, as it is no alarm of its own.
HEALTH_STATES = {"unknown": -1, "ok": 0, "warn": 1, "crit": 2}
_CASE = ("query", "case")


class BoardCollector(Collector):
    """Gives a registry the families of a board; a scrape touches nothing but memory."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        return families(self._board)


def families(board: Board) -> Iterator[Metric]:
    """Yield the families of all that was read."""
    yield _gauge("perfkit_up", "Whether the database was reached at the last try.", board.up)
    yield _labelled(
        "perfkit_build_info", "The exporter's version, as a label.", ("version",), [((__version__,), 1)]
    )
    yield _gauge("perfkit_probe_interval_seconds", "How often each case is probed.", board.interval_s)
    yield _gauge("perfkit_probe_lag_seconds", "How late the last probe began.", board.lag_s)
    yield from _queries(board)
    yield from _targets(board)
    yield from _benches(board)
    if board.health:
        yield _labelled(
            "perfkit_health_state",
            "State of a health check: 0 ok, 1 warn, 2 crit, -1 unknown.",
            ("check",),
            [((check,), HEALTH_STATES[state]) for check, state in board.health.items()],
        )
    if activity := board.activity:
        yield from _activity(activity)
    if pool := board.pool:
        yield from _pool(pool)
    if cache := board.cache:
        yield from _cache(cache)


def _queries(board: Board) -> Iterator[Metric]:
    yield _cases("perfkit_query_budget_seconds", "Budget of a case.", board.budgets_s.items())
    yield _cases("perfkit_query_weight", "Calls per minute that the catalog expects.", board.weights.items())
    readings = board.readings
    numbers: tuple[tuple[str, str, Callable[[Reading], float]], ...] = (
        ("last_seconds", "Execution time of the last probe.", lambda reading: reading.execution_s),
        ("planning_seconds", "Planning time of the last probe.", lambda reading: reading.planning_s),
        (
            "blocks",
            "Shared blocks of 8 kB that the last probe touched.",
            lambda reading: reading.shared_blocks,
        ),
        ("rows", "Rows of the last probe.", lambda reading: reading.rows),
        ("probed_timestamp_seconds", "When the last probe ran.", lambda reading: reading.at.timestamp()),
    )
    for name, text, number in numbers:
        found = ((case, number(reading)) for case, reading in readings.items())
        yield _cases(f"perfkit_query_{name}", text, found)
    yield _cases(
        "perfkit_query_plan_changed",
        "Whether the last probe's plan is none that the baseline knows; missing without a baseline.",
        (
            (case, reading.plan_changed)
            for case, reading in readings.items()
            if reading.plan_changed is not None
        ),
    )
    yield _labelled(
        "perfkit_query_findings",
        "Findings in the last probe's plan.",
        (*_CASE, "severity"),
        [
            ((name.query, name.case, severity), reading.findings.get(severity, 0))
            for name, reading in readings.items()
            for severity in Severity
        ],
    )


def _targets(board: Board) -> Iterator[Metric]:
    label = ("target",)
    limits = [
        ((result.target.id,), _base(result.target.limit, result.target.unit)) for result in board.targets
    ]
    yield _labelled("perfkit_target_limit", "Limit of a target, in base units.", label, limits)
    values = [(result, value) for result in board.targets if (value := _value(result, board)) is not None]
    yield _labelled(
        "perfkit_target_value",
        "What was measured of a target, in base units.",
        label,
        [((result.target.id,), _base(value, result.target.unit)) for result, value in values],
    )
    yield _labelled(
        "perfkit_target_met",
        "Whether a target is met.",
        label,
        [((result.target.id,), _is_met(result.target, value)) for result, value in values],
    )


def _is_met(target: Target, value: float) -> bool:
    return value >= target.limit if target.more_is_better else value <= target.limit


def _value(result: TargetResult, board: Board) -> float | None:
    """Return what was measured of a target; of the queries' mean what the probes say, once all were tried."""
    if result.target.id != "query-mean" or not board.readings or board.tried != board.budgets_s.keys():
        return result.value
    times = [reading.execution_s * 1000 for reading in board.readings.values()]
    return stats.weighted_mean(times, [board.weights[name] for name in board.readings])


def _base(value: float, unit: str) -> float:
    return value / 1000 if unit == "ms" else value


def _benches(board: Board) -> Iterator[Metric]:
    yield _labelled(
        "perfkit_bench_figure",
        "Median of a figure of the newest bench, in its own unit.",
        ("bench", "figure", "unit"),
        [
            ((result.bench, figure.id, figure.unit), figure.median)
            for result in board.benches
            for figure in result.figures.values()
            if isfinite(figure.median)
        ],
    )
    yield _labelled(
        "perfkit_bench_timestamp_seconds",
        "When a bench was run last.",
        ("bench",),
        [((result.bench,), result.at.timestamp()) for result in board.benches],
    )


def _activity(activity: Activity) -> Iterator[Metric]:
    groups, counted = activity.groups, activity.counted
    states = dict.fromkeys(STATES, 0)
    waits = dict.fromkeys(WAITS, 0)
    for group in groups:
        states[group.state if group.state in states else "unknown"] += group.sessions
        if group.wait is not None:
            waits[group.wait if group.wait in waits else "unknown"] += group.sessions
    yield _labelled(
        "perfkit_sessions",
        "Sessions of applications by state, all databases together.",
        ("state",),
        [((state,), sessions) for state, sessions in states.items()],
    )
    yield _gauge("perfkit_sessions_limit", "Sessions that ordinary roles may open.", counted.most)
    yield _labelled(
        "perfkit_waiting_sessions",
        "Active sessions by what they wait for; CPU for those that work.",
        ("type",),
        [((wait,), sessions) for wait, sessions in waits.items()],
    )
    waiting = sum(group.waiting_for_locks for group in groups)
    yield _gauge("perfkit_locks_waiting", "Sessions that wait for a lock.", waiting)
    oldest = max((group.oldest_transaction_s for group in groups), default=0.0)
    yield _gauge("perfkit_oldest_transaction_seconds", "Age of the oldest transaction.", oldest)
    yield CounterMetricFamily("perfkit_buffer_hits", "Blocks found in shared buffers.", counted.buffer_hits)
    yield CounterMetricFamily("perfkit_buffer_reads", "Blocks read from outside.", counted.buffer_reads)
    yield CounterMetricFamily("perfkit_temp_bytes", "Bytes spilled to temporary files.", counted.temp_bytes)
    yield CounterMetricFamily("perfkit_deadlocks", "Deadlocks.", counted.deadlocks)
    ended = CounterMetricFamily("perfkit_transactions", "Transactions that ended.", labels=("outcome",))
    ended.add_metric(("commit",), counted.commits)
    ended.add_metric(("rollback",), counted.rollbacks)
    yield ended


def _pool(pool: PoolNow) -> Iterator[Metric]:
    state = ("state",)
    clients = [(("active",), pool.active_clients), (("waiting",), pool.waiting_clients)]
    servers = [(("active",), pool.active_servers), (("idle",), pool.idle_servers)]
    yield _labelled("perfkit_pool_clients", "Clients of the pooler.", state, clients)
    yield _labelled("perfkit_pool_servers", "The pooler's connections to the database.", state, servers)
    yield _gauge(
        "perfkit_pool_wait_seconds", "How long the first client in the queue has waited.", pool.wait_s
    )


def _cache(cache: CacheNow) -> Iterator[Metric]:
    yield _gauge("perfkit_cache_used_bytes", "Memory that the cache uses.", cache.used_bytes)
    yield _gauge("perfkit_cache_limit_bytes", "Memory that it may use, 0 for no limit.", cache.limit_bytes)
    yield _gauge("perfkit_cache_entries", "Entries in the cache.", cache.entries)
    yield CounterMetricFamily("perfkit_cache_evictions", "Entries evicted.", cache.evicted)
    yield CounterMetricFamily("perfkit_cache_hits", "Look-ups that found an entry.", cache.hits)
    yield CounterMetricFamily("perfkit_cache_misses", "Look-ups that found none.", cache.misses)


def _cases(name: str, text: str, values: Iterable[tuple[CaseName, float]]) -> Metric:
    return _labelled(name, text, _CASE, [((case.query, case.case), value) for case, value in values])


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=float(value))


def _labelled(
    name: str, text: str, labels: Sequence[str], values: Sequence[tuple[Sequence[str], float]]
) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for given, value in values:
        family.add_metric(given, float(value))
    return family
