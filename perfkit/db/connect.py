"""Connections: how perfkit reaches a server, without ever showing a password."""

import logging
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from perfkit.errors import ConnectError, GuardError, StatementError

CONNECT_TIMEOUT_S = 10
# What psycopg logs comes beside an error that it raises, and is nothing for a person's terminal.
logging.getLogger("psycopg").setLevel(logging.CRITICAL)

_URI_USERINFO = re.compile(r"(?i)(postgres(?:ql)?://)\S*@")
_PASSWORD_WORD = re.compile(r"(?i)(password\s*=\s*)('(?:[^'\\]|\\.)*'|\S+)")


def redact(text: str, dsn: str = "") -> str:
    """Return the text without the password of `dsn` and without anything that looks like one."""
    for secret in _secrets(dsn):
        text = text.replace(secret, "********")
    return _PASSWORD_WORD.sub(r"\1********", _URI_USERINFO.sub(r"\1********@", text))


def _secrets(dsn: str) -> list[str]:
    try:
        parts = conninfo_to_dict(dsn)
    except psycopg.Error:
        return []
    return [str(parts[key]) for key in ("password", "sslpassword") if parts.get(key)]


@contextmanager
def connected(dsn: str) -> Iterator[psycopg.Connection]:
    """Yield a connection as `connect` gives it and close it after."""
    with closing(connect(dsn)) as connection:
        yield connection


def connect(dsn: str) -> psycopg.Connection:
    """Return a connection in autocommit mode; libpq fills in what `dsn` leaves out, as for psql.

    Raises ConnectError when the string cannot be read (its text is not repeated: a password may stand anywhere in it)
    or no server answers.
    """
    try:
        given = conninfo_to_dict(dsn)
    except psycopg.Error:
        raise ConnectError(
            "the connection string cannot be read",
            hint="write postgresql://user@host:port/database, special characters percent-encoded, or host=… dbname=…",
        ) from None
    defaults: dict[str, str | int] = {
        "application_name": "perfkit",
        "connect_timeout": CONNECT_TIMEOUT_S,
        "client_encoding": "utf8",
    }
    try:
        return psycopg.connect(
            make_conninfo("", **(defaults | given)), autocommit=True, prepare_threshold=None
        )
    except psycopg.Error as error:
        raise ConnectError(redact(_one_line(error), dsn), hint=_connect_hint(str(error))) from None


def require_own_session(connection: psycopg.Connection, purpose: str, *, instead: str = "") -> None:
    """Raise GuardError behind a connection pooler, which may hand what is set here to the application's next client.

    `purpose` is what needs a session of its own, `instead` what else the user can do. To be called before anything is set.
    """
    with server_errors():
        ((backend_pid,),) = connection.execute("SELECT pg_catalog.pg_backend_pid()").fetchall()
    if backend_pid != connection.info.backend_pid:
        raise GuardError(
            f"{purpose} needs a session of its own, and a connection pooler stands before the server",
            hint=", ".join(filter(None, ("name the server itself", instead))),
        )


@contextmanager
def server_errors() -> Iterator[None]:
    """Turn what the driver raises inside into StatementError: one line, its SQLSTATE, the server's hint."""
    try:
        yield
    except psycopg.Error as error:
        hint = error.diag.message_hint or ""
        raise StatementError(redact(_one_line(error)), sqlstate=error.sqlstate or "", hint=hint) from None


def _one_line(error: psycopg.Error) -> str:
    text = error.diag.message_primary or str(error)
    return " ".join(text.split())


def _connect_hint(text: str) -> str:
    hints = {
        "password authentication failed": "set PGPASSWORD or add the server to ~/.pgpass",
        "no password supplied": "set PGPASSWORD or add the server to ~/.pgpass",
        "does not exist": "check the database and role names",
        "could not translate host name": "check the host name",
        "failed to resolve host": "check the host name",
        "Connection refused": "check host and port, and that the server runs",
        "No such file or directory": "name a host (--dsn, PGHOST), or start the demo with: perfkit demo up",
    }
    return next((hint for words, hint in hints.items() if words in text), "check the connection with psql")
