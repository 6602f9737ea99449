"""Statement statistics: how often each statement is called, as pg_stat_statements counts it."""

from collections.abc import Mapping

import psycopg
from psycopg.sql import SQL, Identifier

from perfkit.db import sql
from perfkit.errors import StatementError

# Where others call a statement too, this role's own calls are left out: they are those that perfkit measured.
_CALLS = """
SELECT
    queryid,
    coalesce(sum(calls) FILTER (WHERE userid <> own.oid), sum(calls))
    / greatest(1, extract(epoch FROM now() - min(stats_reset)) / 60)::float8
FROM {schema}.pg_stat_statements(false), {schema}.pg_stat_statements_info
JOIN pg_catalog.pg_roles AS own ON own.rolname = current_user
WHERE queryid IS NOT NULL AND dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
GROUP BY queryid
"""


def calls_per_minute(connection: psycopg.Connection) -> Mapping[int, float]:
    """Return calls a minute since the last reset, by query identifier; raises StatementError where nobody counts them."""
    schema, sees_all = statistics_schema(connection)
    if not (schema and sees_all):
        raise StatementError(
            "calls cannot be read from pg_stat_statements: it is not installed, or the role may not read it",
            hint="CREATE EXTENSION pg_stat_statements; GRANT pg_read_all_stats TO the role; see: perfkit doctor",
        )
    return visible_calls_per_minute(connection, schema)


def visible_calls_per_minute(connection: psycopg.Connection, schema: str) -> Mapping[int, float]:
    """Return calls a minute since the last reset, by query identifier, of the statements that this role may see."""
    with psycopg.RawCursor(connection) as cursor:
        return dict(cursor.execute(SQL(_CALLS).format(schema=Identifier(schema))).fetchall())


def statistics_schema(connection: psycopg.Connection) -> tuple[str, bool]:
    """Return the schema of pg_stat_statements, '' where it is not installed, and whether all statements are shown."""
    with psycopg.RawCursor(connection) as cursor:
        schemas = cursor.execute(sql.load("statement_statistics")).fetchall()
    return schemas[0] if schemas else ("", False)
