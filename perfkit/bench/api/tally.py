"""The tally: what one process of the swarm counted in a step, and what its workers told it."""

import time
from collections.abc import Mapping
from typing import Any

from perfkit.bench.api.model import Calls
from perfkit.bench.api.thresholds import SETTLE_S
from perfkit.bench.load.latencies import Latencies


class Tally:
    """Calls by endpoint that began within the step's time, and how busy this process was meanwhile."""

    def __init__(self) -> None:
        """Count nothing before `begin`."""
        self._calls: dict[str, Calls] = {}
        self._from = self._to = 0.0
        self._cpu_s = 0.0
        self._at = 0.0
        self._share = 0.0

    def begin(self, seconds: float) -> None:
        """Count from when all users are there, for so many seconds; on this process's clock, as workers' clocks differ."""
        self._from = time.time() + SETTLE_S
        self._to = self._from + seconds
        self._cpu_s, self._at = time.process_time(), time.monotonic()

    def add(self, name: str, latency_ms: float, start_time: float, failure: str) -> None:
        """Count a request, unless it began outside the step's time; a failure by its status or reason."""
        if not self._from <= start_time < self._to:
            return
        calls = self._calls.setdefault(name, Calls())
        if failure:
            calls.failures[failure] += 1
        else:
            calls.latencies.add(latency_ms)

    def taken(self) -> dict[str, Any]:
        """Return what was counted since the last time, as JSON can tell it."""
        told = {
            "calls": {name: _told(calls) for name, calls in self._calls.items()},
            "client_share": self._busy(),
        }
        self._calls = {}
        return told

    def take(self, told: Mapping[str, Any]) -> None:
        """Add what a worker told."""
        self._share = max(self._share, told["client_share"])
        for name, calls in read_calls(told["calls"]).items():
            own = self._calls.setdefault(name, Calls())
            own.failures.update(calls.failures)
            own.latencies.counts.update(calls.latencies.counts)
            own.latencies.total_ms += calls.latencies.total_ms
            own.latencies.largest_ms = max(own.latencies.largest_ms, calls.latencies.largest_ms)

    def _busy(self) -> float:
        """Return the share of one processor that this process took since the step began, or its busiest worker."""
        elapsed_s = time.monotonic() - self._at
        own = (time.process_time() - self._cpu_s) / elapsed_s if self._at and elapsed_s else 0.0
        return max(own, self._share)


def read_calls(told: Mapping[str, Any]) -> dict[str, Calls]:
    """Return the calls by endpoint that `Tally.taken` told."""
    found = {}
    for name, each in told.items():
        calls = Calls(Latencies(total_ms=each["total_ms"], largest_ms=each["largest_ms"]))
        calls.latencies.counts.update({int(bucket): count for bucket, count in each["counts"].items()})
        calls.failures.update(each["failures"])
        found[name] = calls
    return found


def _told(calls: Calls) -> dict[str, Any]:
    return {
        "counts": {str(bucket): count for bucket, count in calls.latencies.counts.items()},
        "total_ms": calls.latencies.total_ms,
        "largest_ms": calls.latencies.largest_ms,
        "failures": dict(calls.failures),
    }
