"""Calibration: fixed work that no data and no change of the database touches, run beside the cases.

How long it takes tells how fast the machine is at that moment, and how busy.
"""

from collections.abc import Mapping

from perfkit import stats
from perfkit.measure.model import Server
from perfkit.plan.runs import Statement

RUNS = 5

# Processor alone; and shared buffers alone: index look-ups in a system catalog, whose oids below 16,384 are the same in
# every database of a major version. OFFSET 0 keeps the planner from making a join of the look-ups.
WORK: Mapping[str, str] = {
    "processor": "SELECT sum(n % 7) FROM pg_catalog.generate_series(1, 50000) AS n",
    "buffers": (
        "SELECT count(found.relname) FROM pg_catalog.generate_series(1, 8000) AS n, LATERAL (SELECT relname FROM"
        " pg_catalog.pg_class WHERE oid = (1247 + n % 13)::oid OFFSET 0) AS found"
    ),
}


def calibrate(server: Server) -> dict[str, tuple[float, ...]]:
    """Return the times of the fixed work in ms, by name; raises MeasureError."""
    return {name: _run(server, text) for name, text in WORK.items()}


def _run(server: Server, text: str) -> tuple[float, ...]:
    statement = Statement(text=text, types=(), values=(), writes=False, volatile=False)
    with server.prepared(statement) as prepared:
        prepared.run()
        return tuple(prepared.run().execution_ms or 0.0 for _ in range(RUNS))


def speed_ratio(before: Mapping[str, float], now: Mapping[str, float]) -> float | None:
    """Return how many times slower the machine is now, from the median times of both, None when either is missing."""
    ratios = [now[name] / before[name] for name in before.keys() & now.keys() if before[name] > 0]
    return max(ratios) if ratios else None


def medians(times: Mapping[str, tuple[float, ...]]) -> dict[str, float]:
    """Return the median time of each kind of work, in ms."""
    return {name: stats.median(each) for name, each in times.items()}
