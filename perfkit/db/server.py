"""GuardedServer: the real server behind the measuring room's Protocol; a new connection for each case."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg.adapt import Loader
from psycopg.rows import dict_row

from perfkit.db import sql
from perfkit.db.calls import calls_of, refuse_volatile
from perfkit.db.connect import connected
from perfkit.db.explain import Prepared, plan_of, prepared
from perfkit.db.guard import Guard, guarded
from perfkit.db.introspect import read_facts
from perfkit.db.statistics import calls_per_minute
from perfkit.plan.facts import Facts
from perfkit.plan.model import Plan
from perfkit.plan.runs import OWN_MARK, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardedServer:
    """A server reached by `dsn` under `guard`."""

    dsn: str
    guard: Guard

    @contextmanager
    def prepared(self, statement: Statement) -> Iterator[Prepared]:
        """Hold a statement ready on a connection of its own: what JIT or a plan cache leaves harms no other case."""
        with connected(self.dsn) as connection, prepared(connection, statement, guard=self.guard) as ready:
            yield ready

    def plan(self, statement: Statement) -> Plan:
        """Return the plan of a statement that is not run; raises GuardError or StatementError."""
        with connected(self.dsn) as connection:
            return plan_of(connection, statement, guard=self.guard)

    def facts(self, plans: Iterable[Plan]) -> Facts:
        """Return the server's facts and those of the relations in the plans."""
        with connected(self.dsn) as connection, guarded(connection, self.guard):
            return read_facts(connection, plans)

    def calls_per_minute(self) -> Mapping[int, float]:
        """Return how often each statement is called, by query identifier; raises StatementError where nobody counts."""
        with connected(self.dsn) as connection, guarded(connection, self.guard):
            return calls_per_minute(connection)

    def origin(self) -> tuple[float, str]:
        """Return since when the server runs (s since 1970) and the database's name: the same by every way there.

        One transaction, so that it is asked through a pooler too; raises GuardError where perfkit does not measure.
        """
        with connected(self.dsn) as connection, guarded(connection, self.guard):
            ((started_s, database),) = psycopg.RawCursor(connection).execute(sql.load("origin")).fetchall()
        return started_s, database

    def rows(self, query: str) -> Iterator[Mapping[str, str | None]]:
        """Yield the rows of one read-only SELECT as they come, values as text; raises GuardError or StatementError."""
        with connected(self.dsn) as connection:
            yield from read_rows(connection, query, guard=self.guard)


def read_rows(
    connection: psycopg.Connection, query: str, *, guard: Guard
) -> Iterator[Mapping[str, str | None]]:
    """Yield the rows of one read-only SELECT as they come, values as text; raises GuardError or StatementError."""
    with guarded(connection, guard):
        refuse_volatile(connection, calls_of(connection, query))
        with psycopg.RawCursor(connection, row_factory=dict_row) as cursor:
            for info in psycopg.adapters.types:
                for oid in (info.oid, info.array_oid):
                    cursor.adapters.register_loader(oid, _AsText)
            yield from cursor.stream(f"{query}\n{OWN_MARK}".encode())


class _AsText(Loader):
    def load(self, data: bytes | bytearray | memoryview) -> str:
        return bytes(data).decode()
