"""Statement statistics: how often each statement is called, as pg_stat_statements counts it."""

from collections.abc import Mapping

import psycopg
from psycopg.sql import SQL, Identifier

from perfkit.db import sql
from perfkit.errors import StatementError

_CALLS = """
SELECT queryid, sum(calls) / greatest(1, extract(epoch FROM now() - min(stats_reset)) / 60)::float8
FROM {schema}.pg_stat_statements(false), {schema}.pg_stat_statements_info
WHERE queryid IS NOT NULL AND dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
GROUP BY queryid
"""


def calls_per_minute(connection: psycopg.Connection) -> Mapping[int, float]:
    """Return calls a minute since the last reset, by query identifier; raises StatementError where nobody counts them."""
    with psycopg.RawCursor(connection) as cursor:
        schemas = cursor.execute(sql.load("statement_statistics")).fetchall()
        if not schemas:
            raise StatementError(
                "calls cannot be read from pg_stat_statements: it is not installed, or the role may not read it",
                hint="CREATE EXTENSION pg_stat_statements; GRANT pg_read_all_stats TO the role; see: perfkit doctor",
            )
        return dict(cursor.execute(SQL(_CALLS).format(schema=Identifier(schemas[0][0]))).fetchall())
