"""Instruments: what the exporter counts itself, as it happens; the rest is made of the newest readings at a scrape."""

from dataclasses import dataclass
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Histogram

from perfkit.monitor import metrics as m
from perfkit.monitor.thresholds import SCRAPE_BUCKETS_S


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

    failures: Counter
    connections: Counter
    source_errors: Counter
    scrape_seconds: Histogram


def instruments_in(registry: CollectorRegistry) -> Instruments:
    """Return new instruments that the registry collects."""
    made = Instruments(
        failures=_counter(m.FAILURES, registry),
        connections=_counter(m.CONNECTIONS, registry),
        source_errors=_counter(m.SOURCE_ERRORS, registry),
        scrape_seconds=_histogram(m.SCRAPE_SECONDS, SCRAPE_BUCKETS_S, registry),
    )
    # What has not happened yet is 0, not missing: only so does its first time count as an increase.
    for source in Source:
        made.source_errors.labels(source)
    for reason in Failure:
        made.failures.labels(reason)
    return made


def _counter(family: m.Family, registry: CollectorRegistry) -> Counter:
    return Counter(family.name, family.help, family.labels, registry=registry)


def _histogram(family: m.Family, buckets_s: tuple[float, ...], registry: CollectorRegistry) -> Histogram:
    return Histogram(family.name, family.help, family.labels, buckets=buckets_s, registry=registry)
