"""Running checks: rows from a reader, each judged; one that fails is unknown and costs no other."""

import time
from collections.abc import Callable, Sequence

from perfkit.errors import StatementError
from perfkit.health.model import (
    Context,
    Health,
    HealthCheck,
    HealthReader,
    HealthResult,
    Outcome,
    Rows,
    Server,
    unknown,
)
from perfkit.health.thresholds import CHECK_TIMEOUT_MS, THRESHOLDS, Thresholds
from perfkit.units import format_ms

Progress = Callable[[int, int, str], None]

_PERMISSION_DENIED = "42501"
_CANCELLED = "57014"
_LOCKED = "55P03"


def run_checks(
    reader: HealthReader,
    checks: Sequence[HealthCheck],
    thresholds: Thresholds = THRESHOLDS,
    progress: Progress | None = None,
) -> Health:
    """Return what the checks say; raises StatementError only when not even the server's version can be read."""
    (facts,) = reader.rows("server", CHECK_TIMEOUT_MS)
    context = Context(server=Server(**facts), thresholds=thresholds)
    asked: dict[str, Rows | StatementError] = {}
    results = []
    for number, check in enumerate(checks):
        if progress:
            progress(number, len(checks), check.id)
        began = time.perf_counter()
        if check.query not in asked:
            asked[check.query] = _rows(reader, check)
        duration_ms = (time.perf_counter() - began) * 1000
        results.append(
            HealthResult(
                check=check, outcome=_outcome(check, asked[check.query], context), duration_ms=duration_ms
            )
        )
    return Health(server=context.server, results=tuple(results))


def _rows(reader: HealthReader, check: HealthCheck) -> Rows | StatementError:
    try:
        return reader.rows(check.query, check.timeout_ms)
    except StatementError as error:
        return error


def _outcome(check: HealthCheck, rows: Rows | StatementError, context: Context) -> Outcome:
    if not isinstance(rows, StatementError):
        return check.evaluate(rows, context)
    if rows.sqlstate == _PERMISSION_DENIED:
        return unknown(rows.message, context.server.granting("pg_monitor"), sqlstate=rows.sqlstate)
    if rows.sqlstate == _CANCELLED:
        reason = f"the server took longer than {format_ms(check.timeout_ms)} to say"
        return unknown(reason, rows.hint, sqlstate=rows.sqlstate)
    if rows.sqlstate == _LOCKED:
        return unknown(f"a lock is in the way: {rows.message}", rows.hint, sqlstate=rows.sqlstate)
    return unknown(rows.message, rows.hint, sqlstate=rows.sqlstate)
