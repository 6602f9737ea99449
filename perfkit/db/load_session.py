"""A user's session under load: calls requests one after another, and connects again when the connection is lost."""

import os

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from perfkit.bench.load.request import Request
from perfkit.bench.load.sqlstate import UNKNOWN, sqlstate_of
from perfkit.db.connect import CONNECT_TIMEOUT_S, redact

_PREPARED_AT_ONCE = 0


class LoadSession:
    """One user's connection, as `perfkit.bench.load.locust_users.Session`; libpq's environment fills in the rest.

    Unless `writes`, the transaction of a request that writes is read-only, whatever a pooler made of the session.
    """

    def __init__(self, conninfo: str, application_name: str, *, prepared: bool, writes: bool) -> None:
        given = conninfo_to_dict(conninfo) | {"application_name": application_name}
        self._conninfo = make_conninfo("", **({"connect_timeout": CONNECT_TIMEOUT_S} | given))
        self._threshold = _PREPARED_AT_ONCE if prepared else None
        self._writes = writes
        self._connection: psycopg.Connection | None = None

    def connect(self) -> str | None:
        """Connect, if it is not; return what the server says against it, by code and message."""
        if self._connection is not None and not self._connection.closed:
            return None
        try:
            self._connection = psycopg.connect(
                self._conninfo, autocommit=True, prepare_threshold=self._threshold
            )
        except psycopg.Error as error:
            return _told(error)
        self._connection.read_only = not self._writes
        return None

    def call(self, request: Request) -> str | None:
        """Call a request and read all rows; return what the server says against it, by code and message."""
        failed = self.connect()
        connection = self._connection
        if failed or connection is None:
            return failed
        try:
            if request.writes:
                with connection.transaction(force_rollback=True):
                    _read(connection, request)
            else:
                _read(connection, request)
        except psycopg.Error as error:
            return _told(error)
        return None

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()


def _read(connection: psycopg.Connection, request: Request) -> None:
    with psycopg.RawCursor(connection) as cursor:
        cursor.execute(request.text.encode(), request.values or None)
        if cursor.description is not None:
            cursor.fetchall()


def _told(error: psycopg.Error) -> str:
    """Return code and message; a server that refuses a connection says its code in words only."""
    message = redact(error.diag.message_primary or _first_line(str(error)), os.environ.get("PGPASSWORD", ""))
    code = error.sqlstate or sqlstate_of(message)
    return f"{'08006' if code == UNKNOWN and isinstance(error, psycopg.OperationalError) else code} {message}"


def _first_line(text: str) -> str:
    line = next((line for line in text.splitlines() if "FATAL:" in line), text.strip().partition("\n")[0])
    return line.rpartition("FATAL:")[2].strip()
