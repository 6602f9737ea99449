"""The twin's database: planner statistics put in place in catalogs, by its superuser."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier, Literal

from perfkit.db import sql
from perfkit.db.connect import connected, server_errors
from perfkit.db.extended import put_extended
from perfkit.twin.restored import IndexEnds, RelationFile, Restored
from perfkit.twin.snapshot import PlannerData

# As the snapshot was written.
_INPUT = (
    b"SET datestyle = 'ISO, YMD'",
    b"SET intervalstyle = 'postgres'",
    b"SET timezone = 'UTC'",
    b"SET synchronous_commit = off",
)
_CHUNK = 1_000


def restore_planner_data(dsn: str, data: PlannerData) -> Restored:
    """Put sizes and statistics in place, and make the b-trees that hold the ends of others, in the schema perfkit_twin.

    Raises ConnectError and StatementError.
    """
    with connected(dsn) as connection, server_errors():
        for setting in _INPUT:
            connection.execute(setting)
        connection.execute(sql.load("twin_functions"))
        problems = [*_put(connection, "put_column", data.columns)]
        problems += put_extended(connection, data)
        _put_sizes(connection, data)
        problems += _put_ends(connection, data)
        connection.execute("CHECKPOINT")
        files = connection.execute(sql.load("twin_files")).fetchall()
        return Restored(
            files=tuple(
                RelationFile(
                    schema=schema,
                    name=name,
                    path=path,
                    ends=IndexEnds(path=tree, lowest=low, highest=high) if tree else None,
                )
                for schema, name, path, tree, low, high in files
            ),
            problems=tuple(filter(None, problems)),
        )


def forget_ends(dsn: str) -> None:
    """Drop what `restore_planner_data` made for itself, and write all to disk."""
    with connected(dsn) as connection, server_errors():
        connection.execute("DROP SCHEMA perfkit_twin CASCADE")
        connection.execute("CHECKPOINT")


def _put(connection: psycopg.Connection, function: str, rows: Sequence[Any]) -> Iterator[str]:
    """Give each row as JSON to a function of the twin's; yield what it says, where it says anything."""
    for chunk in _chunks(rows):
        given = json.dumps([asdict(row) for row in chunk])
        query = SQL("SELECT perfkit_twin.{}(given) FROM jsonb_array_elements({}::jsonb) AS given")
        answers = connection.execute(query.format(Identifier(function), Literal(given)))
        yield from (problem for (problem,) in answers.fetchall() if problem)


def _put_sizes(connection: psycopg.Connection, data: PlannerData) -> None:
    sizes = [
        {name: getattr(each, name) for name in ("schema", "name", "pages", "rows", "visible_pages")}
        for each in data.relations
    ]
    connection.execute("SELECT perfkit_twin.put_sizes(%s::jsonb)", [json.dumps(sizes)])


def _put_ends(connection: psycopg.Connection, data: PlannerData) -> list[str]:
    """Make b-trees that hold the ends of indexes, one for all that are alike; return what could not be."""
    known = [
        {name: getattr(each, name) for name in ("schema", "name", "lowest", "highest")}
        for each in data.relations
        if each.lowest is not None
    ]
    answers = connection.execute("SELECT perfkit_twin.put_ends(%s::jsonb)", [json.dumps(known)])
    return [problem for (problem,) in answers.fetchall()]


def _chunks(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK))
