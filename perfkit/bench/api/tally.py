"""The tally: what one process of the swarm counted in a step, and what its workers told it."""

import time
from collections.abc import Mapping
from typing import Any

from perfkit.bench.api.model import Calls
from perfkit.bench.api.thresholds import REQUEST_S, SETTLE_S
from perfkit.bench.load.latencies import Latencies, merged

WELL = range(200, 300)


class Tally:
    """Calls by endpoint that began within the step's time, and how this process fared meanwhile.

    `busy` is its share of a processor; `lag_ms` how late it came to what was due, 95 % of the times at most.
    """

    def __init__(self) -> None:
        """Count nothing before `begin`."""
        self._calls: dict[str, Calls] = {}
        self._from = self._to = 0.0
        self.busy = self.lag_ms = 0.0

    def begin(self, seconds: float) -> None:
        """Count from when all users are there, for so many seconds; on this process's clock, as workers' clocks differ."""
        self._from = time.time() + SETTLE_S
        self._to = self._from + seconds

    def add(self, name: str, latency_ms: float, start_time: float, failure: str) -> None:
        """Count a request, unless it began outside the step's time; a failure by its reason."""
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
            "busy": self.busy,
            "lag_ms": self.lag_ms,
        }
        self._calls = {}
        return told

    def take(self, told: Mapping[str, Any]) -> None:
        """Add what a worker told; the busiest and the latest worker count."""
        self.busy = max(self.busy, told["busy"])
        self.lag_ms = max(self.lag_ms, told["lag_ms"])
        for name, calls in read_calls(told["calls"]).items():
            own = self._calls.setdefault(name, Calls())
            own.failures.update(calls.failures)
            own.latencies = merged([own.latencies, calls.latencies])


def failure_of(status: int, error: BaseException | None) -> str:
    """Return why a request failed, in a few words, '' when it was answered well: 2xx, wholly and in time."""
    if status and status not in WELL:
        return f"answered {status}"
    if error is None:
        return ""
    if isinstance(error, TimeoutError):
        return f"not answered within {REQUEST_S:.0f} s"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, ConnectionError) or type(error).__name__ == "HTTPConnectionClosed":
        return "connection closed before the answer"
    reason = error.strerror if isinstance(error, OSError) else None
    return reason or type(error).__name__


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
