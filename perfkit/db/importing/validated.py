"""The import that accounts for every record: screened, staged, checked by the server for all at once, then stored.

It works within the caller's transaction, and leaves nothing but the stored rows there: its tables are temporary.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import psycopg
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Identifier

from perfkit.bench.imports.accounts import Accounts
from perfkit.bench.imports.grammar import grammar_of
from perfkit.bench.imports.layout import Layout, layout_of
from perfkit.bench.imports.records import Screen
from perfkit.bench.imports.reject import Reject, RejectKind, cut
from perfkit.bench.imports.source import Source, opened
from perfkit.bench.imports.table import ImportTable
from perfkit.db.connect import server_errors
from perfkit.db.importing.checks import REJECTS, Checks, Problem
from perfkit.db.importing.merge import Merge
from perfkit.db.importing.spool import Spool, joined
from perfkit.db.importing.values import FILE, LINE, STAGING, Values
from perfkit.errors import MeasureError

_EXAMPLES = 5
_VALUE_CHARACTERS = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a file is imported: into which table, its columns by field or expression, the key of rows to update.

    `keys` are as of Merge.
    """

    target: Identifier
    keys: Mapping[str, Identifier] = field(default_factory=dict)
    mapping: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    dates: str = "YMD"
    store_formulas: bool = True
    null: str = ""


def import_validated(
    connection: psycopg.Connection,
    table: ImportTable,
    source: Source,
    manner: Manner,
    tell: Callable[[Iterable[Reject]], None] | None = None,
) -> Accounts:
    """Store every record that the table takes; return what became of each. `tell` gets all rejects by rising line.

    Raises UsageError for a file that is not one, StatementError for what is no record's fault, and MeasureError should
    the counts not add up.
    """
    began = time.monotonic()
    with opened(source) as (header, blocks), Spool() as spool, server_errors():
        layout = layout_of(header, table, mapping=manner.mapping, values=manner.values)
        values = Values(table=table, layout=layout)
        screen = Screen(
            grammar_of(source.delimiter, len(layout.fields)),
            spool.add,
            store_formulas=manner.store_formulas,
            line=0 if source.header else 1,
        )
        # A day before a month or after it cannot be told apart: only one order is taken.
        connection.execute(SQL("SET LOCAL datestyle = {}").format(f"ISO, {manner.dates}"))
        _stage(connection, layout, source, manner, screen.take_all(blocks))
        checks = Checks(connection, values)
        checks.run(manner.target, manner.key)
        merge = Merge(connection, values, manner.target, manner.key, manner.keys)
        merge.run()
        elapsed_ms = (time.monotonic() - began) * 1_000
        counted = _Counted()
        rejects = joined(spool, _found(connection, layout, checks.problems, source.delimiter))
        if tell is None:
            for _ in counted.each(rejects):
                pass
        else:
            tell(counted.each(rejects))
    accounts = Accounts(
        read=screen.read,
        stored=merge.stored,
        updated=merge.updated,
        rejected=dict(counted.by_kind),
        examples=tuple(counted.examples),
        formulas=screen.formulas,
        ignored_fields=layout.ignored,
        elapsed_ms=elapsed_ms,
    )
    if accounts.missing:
        raise MeasureError(f"{accounts.missing} records of {source.name} are not accounted for")
    return accounts


def _stage(
    connection: psycopg.Connection, layout: Layout, source: Source, manner: Manner, blocks: Iterable[bytes]
) -> None:
    for name in ("perfkit_staging", "perfkit_rejects"):
        connection.execute(SQL("DROP TABLE IF EXISTS {}").format(Identifier("pg_temp", name)))
    fields = SQL(", ").join(SQL("{} text").format(Identifier(name)) for name in layout.fields)
    connection.execute(
        SQL("CREATE TEMP TABLE {} ({} bigint, {}) ON COMMIT DROP").format(
            Identifier("perfkit_staging"), LINE, fields
        )
    )
    command = SQL("COPY {} FROM STDIN WITH (FORMAT csv, DELIMITER {}, NULL {})").format(
        STAGING, source.delimiter, manner.null
    )
    with connection.cursor() as cursor, cursor.copy(command) as copy:
        for block in blocks:
            copy.write(block)


def _found(
    connection: psycopg.Connection, layout: Layout, problems: list[Problem], delimiter: str
) -> Iterator[Reject]:
    """Yield what the server found, by rising line."""
    fields = SQL(", ").join(SQL("{}.{}").format(FILE, Identifier(name)) for name in layout.fields)
    query = SQL(
        "SELECT found.line, found.problem, coalesce(found.reason, 'the same as in line ' || found.earlier), {} FROM {} AS found JOIN {} AS {} ON {}.{} = found.line"
        " ORDER BY found.line"
    ).format(fields, REJECTS, STAGING, FILE, FILE, LINE)
    with connection.cursor(name="perfkit_found", row_factory=tuple_row) as cursor:
        cursor.itersize = 1_000
        yield from map(partial(_reject, layout, problems, delimiter), cursor.execute(query))


def _reject(layout: Layout, problems: list[Problem], delimiter: str, row: tuple[Any, ...]) -> Reject:
    line, number, reason, *fields = row
    record = delimiter.join(_quoted(value, delimiter) for value in fields)
    problem = (
        Problem(column="", kind=RejectKind.REFUSED, reason=reason) if number is None else problems[number]
    )
    value = (
        fields[layout.fields.index(layout.field_of[problem.column])] if "{value}" in problem.reason else ""
    )
    told = reason or problem.reason.replace("{value}", repr_of(value))
    return Reject(
        line=line, column=problem.column, kind=problem.kind, reason=told, record=cut(record, len(record))
    )


def repr_of(value: str) -> str:
    """Return a field as a reason shows it."""
    short = value if len(value) <= _VALUE_CHARACTERS else f"{value[:_VALUE_CHARACTERS]}…"
    return f'"{short}"'


def _quoted(value: str | None, delimiter: str) -> str:
    if value is None:
        return ""
    if value == "" or any(mark in value for mark in (delimiter, '"', "\n", "\r")):
        return '"' + value.replace('"', '""') + '"'
    return value


@dataclass(slots=True)
class _Counted:
    """Counts rejects that pass by, and keeps the first."""

    by_kind: Counter[tuple[RejectKind, str]] = field(default_factory=Counter)
    examples: list[Reject] = field(default_factory=list)

    def each(self, rejects: Iterable[Reject]) -> Iterator[Reject]:
        for reject in rejects:
            self.by_kind[(reject.kind, reject.column)] += 1
            if len(self.examples) < _EXAMPLES:
                self.examples.append(reject)
            yield reject
