"""Calibration: fixed work that no data and no change of the database touches, run beside the cases.

How long it takes tells how fast the machine is at that moment, and how busy.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from perfkit.measure.model import Server
from perfkit.plan.runs import Statement

RUNS = 5
# Where planner settings keep the look-ups from their index, they take seconds, and tell of nothing but that.
LONGEST_MS = 250

# Processor alone; and shared buffers alone: index look-ups in a system catalog, whose oids below 16,384 are the same in
# every database of a major version. OFFSET 0 keeps the planner from making a join of the look-ups.
WORK: Mapping[str, str] = {
    "processor": "SELECT sum(n % 7) FROM pg_catalog.generate_series(1, 50000) AS n",
    "buffers": (
        "SELECT count(found.relname) FROM pg_catalog.generate_series(1, 8000) AS n, LATERAL (SELECT relname FROM"
        " pg_catalog.pg_class WHERE oid = (1247 + n % 13)::oid OFFSET 0) AS found"
    ),
}


def calibrate(
    server: Server, before: Mapping[str, Sequence[float]] = MappingProxyType({})
) -> dict[str, tuple[float, ...]]:
    """Return the times of the fixed work in ms, by name, none for what takes too long here; raises MeasureError.

    What took too long `before` is not tried again.
    """
    return {name: _run(server, text) for name, text in WORK.items() if before.get(name, text)}


def _run(server: Server, text: str) -> tuple[float, ...]:
    statement = Statement(text=text, types=(), values=(), writes=False, volatile=False)
    with server.prepared(statement) as prepared:
        if (prepared.run().execution_ms or 0.0) > LONGEST_MS:
            return ()
        return tuple(prepared.run().execution_ms or 0.0 for _ in range(RUNS))
