"""Candidates made on the twin: real indexes on empty tables, not valid, of which the planner will be asked.

The planner can be told of any access method, expression or predicate, as the server itself has made the index. It is
built while its table stands on a file without blocks, so that 300 GB of holes are not read.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress

import psycopg
from psycopg.rows import dict_row

from perfkit.db import sql
from perfkit.db.connect import connected, server_errors
from perfkit.db.index_facts import read_index_facts
from perfkit.syntax.index import IndexDefinition
from perfkit.twin.restored import MadeCandidate, MadeIndex
from perfkit.twin.size.estimate import estimate_size
from perfkit.twin.size.facts import IndexSize
from perfkit.twin.snapshot import RelationSize

PREFIX = "perfkit_candidate_"


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
        connection.execute("DROP SCHEMA perfkit_candidates CASCADE")
        connection.execute("CHECKPOINT")
        return sized


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
    """Return the candidates with the sizes of their indexes, which the catalog then has too."""
    oids = [oid for candidate in made for oid in candidate.oids]
    with psycopg.RawCursor(connection, row_factory=dict_row) as cursor:
        rows = {row.pop("oid"): row for row in cursor.execute(sql.load("candidate_files"), [oids]).fetchall()}
    files = [oid for oid in oids if oid in rows]
    sizes = {
        oid: estimate_size(facts)
        for oid, facts in zip(files, read_index_facts(connection, files), strict=True)
    }
    connection.cursor().executemany(
        "UPDATE pg_class SET relpages = %s, reltuples = %s WHERE oid = %s",
        [(size.pages, size.tuples, oid) for oid, size in sizes.items()],
    )
    return tuple(
        MadeCandidate(
            definition=candidate.definition,
            oids=candidate.oids,
            names=candidate.names,
            indexes=tuple(_indexes(candidate, rows, sizes)),
            problem=candidate.problem,
        )
        for candidate in made
    )


def _indexes(
    candidate: MadeCandidate, rows: dict[int, dict[str, object]], sizes: dict[int, IndexSize]
) -> Iterator[MadeIndex]:
    for oid in candidate.oids:
        if oid not in rows:  # a partitioned index has no file
            continue
        row, size = rows[oid], sizes[oid]
        yield MadeIndex(
            size=RelationSize(
                oid=oid,
                schema=str(row["schema"]),
                name=str(row["name"]),
                kind="i",
                pages=size.pages,
                rows=size.tuples,
                visible_pages=0,
                blocks=size.pages,
                method=str(row["method"]),
                pages_per_range=row["pages_per_range"],  # type: ignore[arg-type]  # an integer or None
                height=size.height,
                gin_entry_pages=size.gin.entry_pages if size.gin else None,
                gin_entries=size.gin.entries if size.gin else None,
            ),
            path=str(row["path"]),
            table_blocks=int(str(row["table_blocks"])),
        )
