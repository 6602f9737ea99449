"""A session on a copy of a database, which may write there and takes the time that it needs."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from perfkit.db.connect import connected, server_errors

# What a role may be limited by on its own database; the copies are perfkit's.
_SESSION = ("SET default_transaction_read_only = off", "SET statement_timeout = 0")


@contextmanager
def copy_session(dsn: str) -> Iterator[psycopg.Connection]:
    """Yield a connection to the copy, in autocommit; raises ConnectError, and StatementError for what the server refuses."""
    with connected(dsn) as connection, server_errors():
        for setting in _SESSION:
            connection.execute(setting)
        yield connection
