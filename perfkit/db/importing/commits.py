"""What a commit takes: one small row each, in a scratch table of its own."""

import time

import psycopg
from psycopg.sql import SQL, Identifier

from perfkit.db.connect import server_errors


def commit_times(connection: psycopg.Connection, schema: str, commits: int) -> tuple[float, ...]:
    """Return what so many commits took, in ms each."""
    table = Identifier(schema, "perfkit_commits")
    times = []
    with server_errors():
        connection.execute(SQL("CREATE TABLE {} (number integer)").format(table))
        for number in range(commits):
            with connection.transaction():
                connection.execute(SQL("INSERT INTO {} VALUES ({})").format(table, number))
                began = time.perf_counter()
            times.append((time.perf_counter() - began) * 1_000)
        connection.execute(SQL("DROP TABLE {}").format(table))
    return tuple(times)
