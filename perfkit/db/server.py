"""GuardedServer: the real server behind the measuring room's Protocol; a new connection for each case."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import psycopg
from psycopg.adapt import Loader
from psycopg.rows import dict_row

from perfkit.db.connect import connected
from perfkit.db.explain import run_statement
from perfkit.db.guard import Guard, guarded, refuse_volatile
from perfkit.db.introspect import read_facts
from perfkit.plan.facts import Facts
from perfkit.plan.model import Plan
from perfkit.plan.runs import Runs, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardedServer:
    """A server reached by `dsn` under `guard`."""

    dsn: str
    guard: Guard

    def run(self, statement: Statement, *, samples: int) -> Runs:
        """Return the runs of a statement on a connection of its own: what JIT or a plan cache leaves harms no other case."""
        with connected(self.dsn) as connection:
            return run_statement(connection, statement, guard=self.guard, samples=samples)

    def facts(self, plans: Iterable[Plan]) -> Facts:
        """Return the server's facts and those of the relations in the plans."""
        with connected(self.dsn) as connection, guarded(connection, self.guard):
            return read_facts(connection, plans)

    def rows(self, query: str) -> Iterator[Mapping[str, str | None]]:
        """Yield the rows of one read-only SELECT as they come, values as text; raises GuardError or StatementError."""
        with connected(self.dsn) as connection, guarded(connection, self.guard):
            refuse_volatile(connection, query)
            with psycopg.RawCursor(connection, row_factory=dict_row) as cursor:
                for info in psycopg.adapters.types:
                    for oid in (info.oid, info.array_oid):
                        cursor.adapters.register_loader(oid, _AsText)
                yield from cursor.stream(query.encode())


class _AsText(Loader):
    def load(self, data: bytes | bytearray | memoryview) -> str:
        return bytes(data).decode()
