"""The tally: what one process of the swarm counted in a step, and what its workers told it."""

import time
from collections.abc import Mapping
from typing import Any

from perfkit.bench.api.model import Calls
from perfkit.bench.api.thresholds import REQUEST_S, SETTLE_S
from perfkit.bench.load.latencies import Latencies, merged

WELL = range(200, 300)
# geventhttpclient's, which only the swarm may import.
_CUT_OFF = frozenset({"HTTPConnectionClosed", "HTTPParseError"})


class Tally:
    """Calls by endpoint that were under way in the step's time, and how this process fared meanwhile.

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
        """Count a request, unless all of it is outside the step's time; a failure by its reason.

        One that began before counts too: a server that hangs would else be asked nothing at all.
        """
        end = start_time + latency_ms / 1_000
        if start_time >= self._to or end < self._from:
            return
        calls = self._calls.setdefault(name, Calls())
        if failure:
            calls.failures[failure] += 1
            return
        calls.latencies.add(latency_ms)
        calls.answered += end < self._to

    def told(self) -> dict[str, Any]:
        """Return what was counted, as JSON can tell it."""
        return {
            "calls": {name: _told(calls) for name, calls in self._calls.items()},
            "busy": self.busy,
            "lag_ms": self.lag_ms,
        }

    def take(self, told: Mapping[str, Any]) -> None:
        """Add what a worker told; the busiest and the latest worker count."""
        self.busy = max(self.busy, told["busy"])
        self.lag_ms = max(self.lag_ms, told["lag_ms"])
        for name, calls in read_calls(told["calls"]).items():
            own = self._calls.setdefault(name, Calls())
            own.failures.update(calls.failures)
            own.latencies = merged([own.latencies, calls.latencies])
            own.answered += calls.answered


def failure_of(status: int, error: BaseException | None) -> str:
    """Return why a request failed, in a few words, '' when it was answered well: 2xx, wholly and in time."""
    if status and status not in WELL:
        return f"answered {status}"
    # geventhttpclient tells of the last try's error in that of its tries.
    error = getattr(error, "original", None) or error
    if error is None:
        return ""
    if isinstance(error, TimeoutError):
        return f"not answered within {REQUEST_S:.0f} s"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, ConnectionError) or type(error).__name__ in _CUT_OFF:
        return "connection closed before the whole answer"
    reason = error.strerror if isinstance(error, OSError) else None
    return reason or type(error).__name__


def read_calls(told: Mapping[str, Any]) -> dict[str, Calls]:
    """Return the calls by endpoint that `Tally.told` told."""
    found = {}
    for name, each in told.items():
        latencies = Latencies(total_ms=each["total_ms"], largest_ms=each["largest_ms"])
        calls = Calls(latencies=latencies, answered=each["answered"])
        calls.latencies.counts.update({int(bucket): count for bucket, count in each["counts"].items()})
        calls.failures.update(each["failures"])
        found[name] = calls
    return found


def _told(calls: Calls) -> dict[str, Any]:
    return {
        "counts": {str(bucket): count for bucket, count in calls.latencies.counts.items()},
        "total_ms": calls.latencies.total_ms,
        "largest_ms": calls.latencies.largest_ms,
        "answered": calls.answered,
        "failures": dict(calls.failures),
    }
