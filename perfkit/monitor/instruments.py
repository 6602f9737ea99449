"""Instruments: what the exporter counts itself, as it happens; the rest is made of the newest readings at a scrape."""

from dataclasses import dataclass
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Histogram

from perfkit.monitor.thresholds import QUERY_BUCKETS_S, SCRAPE_BUCKETS_S

_CASE = ("query", "case")


class Source(StrEnum):
    """What the exporter reads, and may fail to."""

    DATABASE = "database"
    HEALTH = "health"
    POOL = "pool"
    CACHE = "cache"
    RESULTS = "results"


class Failure(StrEnum):
    """Why a probe gave nothing: the server refused or ended the statement, its time was over, or perfkit refused it."""

    ERROR = "error"
    TIMEOUT = "timeout"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruments:
    """Histograms and counters, each of one registry."""

    query_seconds: Histogram
    probes: Counter
    over_budget: Counter
    failures: Counter
    connections: Counter
    source_errors: Counter
    scrape_seconds: Histogram


def instruments_in(registry: CollectorRegistry) -> Instruments:
    """Return new instruments that the registry collects."""
    made = Instruments(
        query_seconds=Histogram(
            "perfkit_query_seconds",
            "Execution time of a case's probes.",
            _CASE,
            buckets=QUERY_BUCKETS_S,
            registry=registry,
        ),
        probes=Counter("perfkit_probes", "Probes of a case, failed ones too.", _CASE, registry=registry),
        over_budget=Counter(
            "perfkit_probes_missed",
            "Probes of a case that failed or took longer than its budget.",
            _CASE,
            registry=registry,
        ),
        failures=Counter(
            "perfkit_probe_failures", "Probes that gave no time, by reason.", ("reason",), registry=registry
        ),
        connections=Counter("perfkit_connections", "Connections made to the database.", registry=registry),
        source_errors=Counter(
            "perfkit_source_errors", "Failed readings of a source.", ("source",), registry=registry
        ),
        scrape_seconds=Histogram(
            "perfkit_scrape_seconds",
            "Time that answering a scrape took.",
            buckets=SCRAPE_BUCKETS_S,
            registry=registry,
        ),
    )
    # What has not happened yet is 0, not missing: only so does its first time count as an increase.
    for source in Source:
        made.source_errors.labels(source)
    for reason in Failure:
        made.failures.labels(reason)
    return made
