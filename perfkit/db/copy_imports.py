"""What inserting takes on two copies of a database that differ in their indexes, measured in turns.

Rows that the table has are inserted again: a sample of them is deleted and put back, in a transaction that is rolled back.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from perfkit.db.connect import server_errors
from perfkit.db.copy_session import copy_session
from perfkit.db.index_catalog import rows_of
from perfkit.errors import MeasureError, StatementError
from perfkit.indexes.import_cost import ROWS, ImportCost, ImportCosts, spread_per_1000

# The first fills caches and is not counted. Of ten the median stands four that a busy machine disturbs.
_ROUNDS = 11
_SAMPLE = Identifier("pg_temp", "perfkit_import_sample")
_SCRATCH = "perfkit_import_scratch"
# A sample is drawn by chance: a tenth more than is wanted, so that it is seldom less.
_MARGIN = 1.1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """A table and how its sample is inserted; `schema` and `name` are unquoted."""

    schema: str
    name: str
    columns: Sequence[str]
    references_to_it: Sequence[Sequence[str]]
    gin_indexes: Sequence[int]
    rows: float

    @property
    def sql(self) -> Identifier:
        return Identifier(self.schema, self.name)


def import_costs(base_dsn: str, head_dsn: str, tables: Sequence[str]) -> ImportCosts:
    """Return what inserting into each of the tables (schema.name, unquoted) takes on either copy.

    What is no table, such as a materialised view, is left out. Raises ConnectError and StatementError where there is no
    session; what one table refuses is told of that table.
    """
    measured: list[ImportCost] = []
    unmeasured: dict[str, str] = {}
    with ExitStack() as stack:
        sides = [stack.enter_context(copy_session(dsn)) for dsn in (base_dsn, head_dsn)]
        for name in tables:
            try:
                with server_errors():
                    cost = _cost(sides, name)
            except MeasureError as error:
                unmeasured[name] = error.message
            else:
                measured += [cost] if cost else []
    return ImportCosts(measured=tuple(measured), unmeasured=unmeasured)


def _cost(sides: Sequence[psycopg.Connection], name: str) -> ImportCost | None:
    schema, _, relation = name.partition(".")
    tables = [table for side in sides if (table := _read(side, schema, relation))]
    if len(tables) < len(sides):
        return None
    rows = min(_sampled(side, table) for side, table in zip(sides, tables, strict=True))
    if not rows:
        raise MeasureError("it has no rows")
    try:
        before, after = _timed(sides, tables, into_empty=False)
        into_empty = False
    except StatementError:
        # A trigger that lets nothing be deleted, a check that old rows do not keep, …
        before, after = _timed(sides, tables, into_empty=True)
        into_empty = True
    return ImportCost(
        table=name,
        rows=rows,
        before=spread_per_1000(before, rows),
        after=spread_per_1000(after, rows),
        into_empty=into_empty,
    )


def _read(side: psycopg.Connection, schema: str, name: str) -> _Table | None:
    quoted = Identifier(schema, name).as_string(side)
    rows = rows_of(side, "copy_import_table", [quoted])
    return _Table(schema=schema, name=name, **rows[0]) if rows else None


def _sampled(side: psycopg.Connection, table: _Table) -> int:
    """Draw the sample, the same on copies that are the same, with the place of each row; return how many there are."""
    share = min(100.0, 100 * _MARGIN * ROWS / table.rows) if table.rows else 100.0
    side.execute(SQL("DROP TABLE IF EXISTS {}").format(_SAMPLE))
    side.execute(
        SQL(
            "CREATE TEMP TABLE {} AS SELECT tableoid AS perfkit_table, ctid AS perfkit_place, {}"
            " FROM {} TABLESAMPLE BERNOULLI ({}) REPEATABLE (0) LIMIT {}"
        ).format(_SAMPLE, _columns(table), table.sql, share, ROWS)
    )
    ((rows,),) = side.execute(SQL("SELECT count(*) FROM {}").format(_SAMPLE)).fetchall()
    return int(rows)


def _timed(
    sides: Sequence[psycopg.Connection], tables: Sequence[_Table], *, into_empty: bool
) -> tuple[list[float], list[float]]:
    """Return the times of the sides, in ms, each round's one after the other, and the one that begins in turns."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(_ROUNDS):
        for place in (0, 1) if number % 2 else (1, 0):
            table = tables[place]
            with server_errors(), _ready(sides[place], table, into_empty=into_empty) as target:
                taken_ms = _insert_ms(sides[place], table, target)
            if number:
                times[place].append(taken_ms)
    return times


@contextmanager
def _ready(side: psycopg.Connection, table: _Table, *, into_empty: bool) -> Iterator[Identifier]:
    """Yield a table that can take the sample, in a transaction that is rolled back."""
    with side.transaction(force_rollback=True):
        if into_empty:
            target = Identifier(table.schema, _SCRATCH)
            side.execute(
                SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL EXCLUDING CONSTRAINTS)").format(target, table.sql)
            )
            yield target
            return
        # What refers to the rows would hold them, or go with them.
        for referring_schema, referring, key in table.references_to_it:
            side.execute(
                SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(
                    Identifier(referring_schema, referring), Identifier(key)
                )
            )
        side.execute(
            SQL(
                "DELETE FROM {} AS old USING {} AS sample"
                " WHERE old.ctid = sample.perfkit_place AND old.tableoid = sample.perfkit_table"
            ).format(table.sql, _SAMPLE)
        )
        _empty_pending_lists(side, table)
        yield table.sql


def _insert_ms(side: psycopg.Connection, table: _Table, target: Identifier) -> float:
    """Return what inserting the sample takes, with what its GIN indexes put off until they are vacuumed."""
    columns = _columns(table)
    insert = SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {}").format(
        target, columns, columns, _SAMPLE
    )
    start = time.perf_counter()
    side.execute(insert)
    _empty_pending_lists(side, table)
    return (time.perf_counter() - start) * 1_000


def _empty_pending_lists(side: psycopg.Connection, table: _Table) -> None:
    for index in table.gin_indexes:
        side.execute("SELECT pg_catalog.gin_clean_pending_list(%s::oid::regclass)", [index])


def _columns(table: _Table) -> Composed:
    return SQL(", ").join(map(Identifier, table.columns))
