"""Candidates made on the twin: real indexes on empty tables, not valid, of which the planner will be asked.

The planner can be told of any access method, expression or predicate, as the server itself has made the index. It is
built while its table stands on a file without blocks, so that 300 GB of holes are not read.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import psycopg
from psycopg.rows import class_row

from perfkit.db import sql
from perfkit.db.connect import connected, server_errors
from perfkit.db.index_facts import read_index_facts
from perfkit.db.key_statistics import put_key_statistics
from perfkit.syntax.index import IndexDefinition
from perfkit.twin.restored import MadeCandidate, MadeIndex
from perfkit.twin.size.estimate import estimate_size
from perfkit.twin.size.facts import IndexSize
from perfkit.twin.snapshot import RelationSize

PREFIX = "perfkit_candidate_"


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """A row of candidate_files.sql: an index that has a file, and what its first pages follow from."""

    oid: int
    schema: str
    name: str
    method: str
    path: str
    table_blocks: int
    pages_per_range: int | None


def make_candidates(
    dsn: str, definitions: Sequence[IndexDefinition], needs: Sequence[str]
) -> tuple[MadeCandidate, ...]:
    """Return the candidates in their order, made on the twin and written to disk; one that cannot be has its problem.

    `needs` are statements that are run first, as far as this server can. Raises ConnectError and StatementError.
    """
    with connected(dsn) as connection, server_errors():
        for need in needs:
            with suppress(psycopg.Error):  # the candidates that need it will tell
                connection.execute(need.encode())
        connection.execute(sql.load("candidate_functions"))
        made = [_make(connection, definition, number) for number, definition in enumerate(definitions)]
        sized = _sized(connection, made)
        put_key_statistics(connection, [oid for candidate in made for oid in candidate.oids])
        connection.execute("DROP SCHEMA perfkit_candidates CASCADE")
        connection.execute("CHECKPOINT")
        return sized


def size_new_indexes(dsn: str, known: Collection[tuple[str, str]]) -> tuple[MadeIndex, ...]:
    """Return the indexes of users that are not among the `known` (schema, name), with the sizes they would have.

    The catalog has these sizes then. Raises ConnectError and StatementError.
    """
    with connected(dsn) as connection, server_errors():
        found = connection.execute(sql.load("user_indexes")).fetchall()
        oids = [oid for oid, schema, name in found if (schema, name) not in known]
        with connection.transaction():
            # The planner is asked for rows, and must not look into an index that is still empty.
            _switch(connection, oids, valid=False)
            sized = _sizes(connection, oids)
            _switch(connection, oids, valid=True)
        connection.execute("CHECKPOINT")
        return tuple(_index(file, size) for file, size in sized.values())


def _switch(connection: psycopg.Connection, oids: Sequence[int], *, valid: bool) -> None:
    connection.execute("UPDATE pg_index SET indisvalid = %s WHERE indexrelid = ANY (%s)", [valid, list(oids)])


def _make(connection: psycopg.Connection, definition: IndexDefinition, number: int) -> MadeCandidate:
    name = f"{PREFIX}{number}"
    try:
        rows = connection.execute(
            "SELECT * FROM perfkit_candidates.make(%s, %s, %s, %s)",
            [definition.schema, definition.table, name, definition.create(name)],
        ).fetchall()
    except psycopg.Error as error:
        return MadeCandidate(
            definition=definition, problem=" ".join(str(error.diag.message_primary or error).split())
        )
    return MadeCandidate(
        definition=definition, oids=tuple(oid for oid, _ in rows), names=tuple(made for _, made in rows)
    )


def _sized(connection: psycopg.Connection, made: Sequence[MadeCandidate]) -> tuple[MadeCandidate, ...]:
    """Return the candidates with the sizes of their indexes."""
    sized = _sizes(connection, [oid for candidate in made for oid in candidate.oids])
    return tuple(
        replace(candidate, indexes=tuple(_index(*sized[oid]) for oid in candidate.oids if oid in sized))
        for candidate in made
    )


def _sizes(connection: psycopg.Connection, oids: Sequence[int]) -> dict[int, tuple[_File, IndexSize]]:
    """Return file and size of each index that has one, which a partitioned index has not; the catalog gets the size."""
    with psycopg.RawCursor(connection, row_factory=class_row(_File)) as cursor:
        files = cursor.execute(sql.load("candidate_files"), [list(oids)]).fetchall()
    facts = read_index_facts(connection, [file.oid for file in files])
    sizes = [estimate_size(each) for each in facts]
    connection.cursor().executemany(
        "UPDATE pg_class SET relpages = %s, reltuples = %s WHERE oid = %s",
        [(size.pages, size.tuples, file.oid) for file, size in zip(files, sizes, strict=True)],
    )
    return {file.oid: (file, size) for file, size in zip(files, sizes, strict=True)}


def _index(file: _File, size: IndexSize) -> MadeIndex:
    return MadeIndex(
        size=RelationSize(
            oid=file.oid,
            schema=file.schema,
            name=file.name,
            kind="i",
            pages=size.pages,
            rows=size.tuples,
            visible_pages=0,
            blocks=size.pages,
            method=file.method,
            pages_per_range=file.pages_per_range,
            height=size.height,
            gin_entry_pages=size.gin.entry_pages if size.gin else None,
            gin_entries=size.gin.entries if size.gin else None,
        ),
        path=file.path,
        table_blocks=file.table_blocks,
    )
