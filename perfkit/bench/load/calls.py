"""Calls: what the log of pgbench says of each transaction, added up by query.

A line is "client transaction time script epoch microseconds [schedule_lag]", times in microseconds, or a word of failure
where a time would stand. Under a rate the time begins when the call should have begun, so that calls which
had to wait for others are not left out (coordinated omission).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from perfkit.bench.load.latencies import Latencies, merged
from perfkit.bench.load.script import PAUSE

# A call that begins so much after its time was not sent when a user would have sent it.
LATE_MS = 1.0
_LAG_FIELD = 6
# What stands where a time would, with --failures-detailed, and what the server said then (errcodes.txt).
_FAILURES = {
    "failed": "failed",
    "skipped": "skipped",
    "serialization": "40001 could not serialize access",
    "deadlock": "40P01 deadlock detected",
}


@dataclass(slots=True)
class Calls:
    """What was called: latencies by query, failures by code and message, and how many calls began late (of an open model)."""

    by_query: dict[str, Latencies] = field(default_factory=dict)
    failures: Counter[str] = field(default_factory=Counter)
    late: int = 0
    lag: Latencies = field(default_factory=Latencies)

    @property
    def all(self) -> Latencies:
        """Return the latencies of all calls."""
        return merged(self.by_query.values())


def add_log(calls: Calls, lines: Iterable[str], queries: Sequence[str]) -> None:
    """Add the lines of a log to the calls; `queries` are the scripts' names by their numbers."""
    for line in lines:
        fields = line.split()
        query = queries[int(fields[3])]
        if query == PAUSE:
            continue
        if failure := _FAILURES.get(fields[2]):
            calls.failures[failure] += 1
            continue
        calls.by_query.setdefault(query, Latencies()).add(int(fields[2]) / 1_000)
        if len(fields) > _LAG_FIELD:
            lag_ms = int(fields[_LAG_FIELD]) / 1_000
            calls.lag.add(lag_ms)
            calls.late += lag_ms > LATE_MS
