"""What a catalog is harvested from: statements that were counted, the types of their parameters, values of columns."""

from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row, dict_row
from psycopg.sql import SQL, Identifier

from perfkit.catalog.harvest.model import ColumnValues, Counted, Counts, ParameterType
from perfkit.db import sql
from perfkit.db.calls import calls_of, refuse_volatile
from perfkit.db.connect import server_errors
from perfkit.db.explain import plan_of
from perfkit.db.guard import Guard, execute, guarded
from perfkit.db.statistics import statistics_schema, visible_calls_per_minute
from perfkit.errors import StatementError
from perfkit.plan.runs import Statement

_SINCE = "SELECT stats_reset, dealloc, current_user::text FROM {schema}.pg_stat_statements_info"
_DEALLOCATE = b"DEALLOCATE perfkit_harvest"


def read_counts(connection: psycopg.Connection) -> Counts:
    """Return what was counted in this database, as far as this role may see it; StatementError where nobody counts."""
    schema, _ = statistics_schema(connection)
    if not schema:
        raise StatementError(
            "pg_stat_statements is not installed in this database",
            hint="shared_preload_libraries = 'pg_stat_statements', restart, CREATE EXTENSION pg_stat_statements; "
            "see: perfkit doctor",
        )
    name = Identifier(schema)
    with server_errors():
        calls = visible_calls_per_minute(connection, schema)
        with psycopg.RawCursor(connection) as cursor:
            (since, evicted, role) = cursor.execute(SQL(_SINCE).format(schema=name)).fetchall()[0]
        with psycopg.RawCursor(connection, row_factory=dict_row) as cursor:
            text = SQL(sql.load("harvest_statements").decode())
            rows = cursor.execute(text.format(schema=name)).fetchall()
    return Counts(
        statements=tuple(
            Counted(
                text=row["text"],
                calls=row["calls"],
                calls_per_minute=float(calls[row["queryid"]]),
                total_ms=row["total_ms"],
            )
            for row in rows
            if row["text"] and row["queryid"] in calls
        ),
        since=since,
        role=role,
        hidden=sum(row["entries"] for row in rows if row["queryid"] is None),
        evicted=evicted,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HarvestServer:
    """A server under its guard, one connection for all questions, a transaction for each: no lock is held for long."""

    connection: psycopg.Connection
    guard: Guard

    def parameter_types(self, statement: str, declared: Mapping[int, str]) -> tuple[ParameterType, ...]:
        """Return the types that PREPARE gives the parameters, some of them declared; raises StatementError."""
        types = SQL(", ").join(
            SQL(declared.get(n, "unknown")) for n in range(1, max(declared, default=0) + 1)
        )
        prepare = SQL("PREPARE perfkit_harvest{} AS {}").format(
            SQL("({})").format(types) if declared else SQL(""), SQL(statement)
        )
        with guarded(self.connection, self.guard), server_errors():
            execute(self.connection, prepare)
            try:
                with psycopg.RawCursor(self.connection, row_factory=class_row(ParameterType)) as cursor:
                    return tuple(cursor.execute(sql.load("harvest_types")).fetchall())
            finally:
                execute(self.connection, _DEALLOCATE)

    def column_values(self, schema: str, table: str, column: str) -> ColumnValues:
        """Return what the statistics of a column say of its values; raises StatementError."""
        with (
            guarded(self.connection, self.guard),
            server_errors(),
            psycopg.RawCursor(self.connection) as cursor,
        ):
            rows = cursor.execute(sql.load("harvest_values"), [schema, table, column]).fetchall()
        return ColumnValues(common=tuple(rows[0][0]), bounds=tuple(rows[0][1])) if rows else ColumnValues()

    def check(self, statement: Statement) -> None:
        """Plan a statement with its values, without running it; raises GuardError or StatementError where it would fail."""
        with guarded(self.connection, self.guard):
            refuse_volatile(self.connection, calls_of(self.connection, statement.text))
        try:
            plan_of(self.connection, statement, guard=self.guard)
        finally:
            with server_errors():
                execute(self.connection, b"DEALLOCATE ALL")
