"""Every metric that the exporter gives: one table, which its samples, the rules and the dashboards take names from."""

from dataclasses import dataclass
from enum import StrEnum

_CASE = ("query", "case")


class Kind(StrEnum):
    """What may be asked of a metric."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Family:
    """A metric: its name without what its kind adds, and its labels; as text it is the name of its series."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    kind: Kind = Kind.GAUGE

    def __str__(self) -> str:
        return f"{self.name}_total" if self.kind is Kind.COUNTER else self.name

    @property
    def bucket(self) -> str:
        """Return the name of a histogram's buckets."""
        return f"{self.name}_bucket"

    @property
    def sum(self) -> str:
        """Return the name of a histogram's sum."""
        return f"{self.name}_sum"

    @property
    def count(self) -> str:
        """Return the name of a histogram's count."""
        return f"{self.name}_count"


def _counter(name: str, text: str, labels: tuple[str, ...] = ()) -> Family:
    return Family(name, text, labels, Kind.COUNTER)


def _histogram(name: str, text: str, labels: tuple[str, ...] = ()) -> Family:
    return Family(name, text, labels, Kind.HISTOGRAM)


# The exporter itself.
UP = Family("perfkit_up", "Whether the database was reached at the last try.")
BUILD = Family("perfkit_build_info", "The exporter's version, as a label.", ("version",))
INTERVAL = Family("perfkit_probe_interval_seconds", "How often each case is probed.")
LAG = Family("perfkit_probe_lag_seconds", "How late the last probe began.")
CONNECTIONS = _counter("perfkit_connections", "Connections made to the database.")
SOURCE_ERRORS = _counter("perfkit_source_errors", "Failed readings of a source.", ("source",))
SCRAPE_SECONDS = _histogram("perfkit_scrape_seconds", "Time that answering a scrape took.")

# The catalog's cases.
QUERY_SECONDS = _histogram("perfkit_query_seconds", "Execution time of a case's probes.", _CASE)
PROBES = _counter("perfkit_probes", "Probes of a case, failed ones too.", _CASE)
MISSED = _counter(
    "perfkit_probes_missed", "Probes of a case that failed or took longer than its budget.", _CASE
)
FAILURES = _counter("perfkit_probe_failures", "Probes that gave no time, by reason.", ("reason",))
BUDGET = Family("perfkit_query_budget_seconds", "Budget of a case.", _CASE)
WEIGHT = Family("perfkit_query_weight", "Calls per minute that the catalog expects.", _CASE)
LAST = Family("perfkit_query_last_seconds", "Execution time of the last probe.", _CASE)
PLANNING = Family("perfkit_query_planning_seconds", "Planning time of the last probe.", _CASE)
BLOCKS = Family("perfkit_query_blocks", "Shared blocks of 8 kB that the last probe touched.", _CASE)
ROWS = Family("perfkit_query_rows", "Rows of the last probe.", _CASE)
PROBED = Family("perfkit_query_probed_timestamp_seconds", "When the last probe ran.", _CASE)
PLAN_CHANGED = Family(
    "perfkit_query_plan_changed",
    "Whether the last probe's plan is none that the baseline knows; missing without a baseline.",
    _CASE,
)
BASELINE_SECONDS = Family(
    "perfkit_query_baseline_seconds", "Median execution time in the baseline; missing without one.", _CASE
)
BASELINE_BLOCKS = Family(
    "perfkit_query_baseline_blocks", "Shared blocks in the baseline; missing without one.", _CASE
)
FINDINGS = Family("perfkit_query_findings", "Findings in the last probe's plan.", (*_CASE, "severity"))

# Health, targets, benches.
HEALTH = Family(
    "perfkit_health_state", "State of a health check: 0 ok, 1 warn, 2 crit, -1 unknown.", ("check",)
)
TARGET_LIMIT = Family("perfkit_target_limit", "Limit of a target, in base units.", ("target",))
TARGET_VALUE = Family("perfkit_target_value", "What was measured of a target, in base units.", ("target",))
TARGET_MET = Family("perfkit_target_met", "Whether a target is met.", ("target",))
BENCH_FIGURE = Family(
    "perfkit_bench_figure",
    "Median of a figure of the newest bench, in its own unit.",
    ("bench", "figure", "unit"),
)
BENCH_AT = Family("perfkit_bench_timestamp_seconds", "When a bench was run last.", ("bench",))

# What the server does now, and has counted.
SESSIONS = Family(
    "perfkit_sessions", "Sessions of applications by state, all databases together.", ("state",)
)
SESSIONS_LIMIT = Family("perfkit_sessions_limit", "Sessions that ordinary roles may open.")
WAITING = Family(
    "perfkit_waiting_sessions",
    "Active sessions by what they wait for; CPU for those that work.",
    ("type",),
)
LOCKS = Family("perfkit_locks_waiting", "Sessions that wait for a lock.")
OLDEST = Family("perfkit_oldest_transaction_seconds", "Age of the oldest transaction.")
BUFFER_HITS = _counter("perfkit_buffer_hits", "Blocks found in shared buffers.")
BUFFER_READS = _counter("perfkit_buffer_reads", "Blocks read from outside.")
TEMP_BYTES = _counter("perfkit_temp_bytes", "Bytes spilled to temporary files.")
DEADLOCKS = _counter("perfkit_deadlocks", "Deadlocks.")
TRANSACTIONS = _counter("perfkit_transactions", "Transactions that ended.", ("outcome",))

# A pooler and a cache, where they are given.
POOL_CLIENTS = Family("perfkit_pool_clients", "Clients of the pooler.", ("state",))
POOL_SERVERS = Family("perfkit_pool_servers", "The pooler's connections to the database.", ("state",))
POOL_WAIT = Family("perfkit_pool_wait_seconds", "How long the first client in the queue has waited.")
CACHE_USED = Family("perfkit_cache_used_bytes", "Memory that the cache uses.")
CACHE_LIMIT = Family("perfkit_cache_limit_bytes", "Memory that it may use, 0 for no limit.")
CACHE_ENTRIES = Family("perfkit_cache_entries", "Entries in the cache.")
CACHE_EVICTIONS = _counter("perfkit_cache_evictions", "Entries evicted.")
CACHE_HITS = _counter("perfkit_cache_hits", "Look-ups that found an entry.")
CACHE_MISSES = _counter("perfkit_cache_misses", "Look-ups that found none.")

FAMILIES: tuple[Family, ...] = tuple(each for each in list(globals().values()) if isinstance(each, Family))
"""All of them, in the order above."""
