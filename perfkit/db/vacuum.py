"""What writes that were rolled back leave behind on a copy, taken away as autovacuum would, between two measurements."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import psycopg
from psycopg.sql import SQL, Identifier

from perfkit.db import sql
from perfkit.db.copy_session import copy_session

# Before 15 a session's counts travel by a collector, which takes them every half second: PGSTAT_STAT_INTERVAL.
COLLECTOR_DELAY_S = 1.0
SHARED_STATISTICS_VERSION = 150_000
# A session that was closed is gone within milliseconds.
_OTHERS_LIMIT_S = 1.0
_OTHERS_PAUSE_S = 0.01

_Table = tuple[str, str]


@dataclass(slots=True, kw_only=True)
class Vacuum:
    """Vacuums the tables of the copy at `dsn`, which nobody else uses, that were written to since it last did.

    A page that a statement wrote to is no longer known to be visible to all, even when it was rolled back: an index-only
    scan then looks into the table, page by page, and is judged by what would not last in a database at work.
    """

    dsn: str
    _known: dict[_Table, int] = field(default_factory=dict)

    def __call__(self) -> None:
        """Vacuum what was written to; raises ConnectError and StatementError."""
        with copy_session(self.dsn) as connection:
            _wait_for_counts(connection)
            counts = dict(_rows_written(connection))
            for table in _grown(counts, self._known):
                connection.execute(SQL("VACUUM {}").format(Identifier(*table)))
            self._known = counts


def _grown(counts: Mapping[_Table, int], known: Mapping[_Table, int]) -> list[_Table]:
    return [table for table, rows in counts.items() if rows > known.get(table, 0)]


def _rows_written(connection: psycopg.Connection) -> Iterator[tuple[_Table, int]]:
    with psycopg.RawCursor(connection) as cursor:
        for schema, name, rows in cursor.execute(sql.load("copy_rows_written")):
            yield (schema, name), rows


def _wait_for_counts(connection: psycopg.Connection) -> None:
    """Wait until the sessions that were closed have added what they wrote to the counts."""
    if connection.info.server_version < SHARED_STATISTICS_VERSION:
        time.sleep(COLLECTOR_DELAY_S)
        return
    end = time.monotonic() + _OTHERS_LIMIT_S
    while time.monotonic() < end:
        with psycopg.RawCursor(connection) as cursor:
            row = cursor.execute(sql.load("copy_others")).fetchone()
        if row == (0,):
            return
        time.sleep(_OTHERS_PAUSE_S)
