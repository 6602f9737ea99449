"""Two copies of a database on its own server, made with CREATE DATABASE … TEMPLATE and dropped after.

Each run holds an advisory lock, whose key is the number in its databases' names, in a session that ends with it,
however it ends. Copies whose lock nobody holds are what a killed run left: the next run drops them.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.rows import class_row
from psycopg.sql import SQL, Composed, Identifier

from perfkit.copies import Copies, Locale, Source
from perfkit.db import sql
from perfkit.db.connect import connected, require_own_session, server_errors
from perfkit.errors import ConnectError, MeasureError, PerfkitError, StatementError, UsageError

# The first half of the lock's key: any number that no other program is likely to choose.
COPY_LOCK = 7_331_002
_CANCEL_TIMEOUT_S = 5
# Writing a copy takes as long as it takes, and the session that holds the lock idles while the copies are measured.
# A role that perfkit measures with may be read-only by default; what is written here are perfkit's own databases.
_SESSION = (
    "SET statement_timeout = 0",
    "SET lock_timeout = 0",
    "SET idle_session_timeout = 0",
    "SET default_transaction_read_only = off",
)
_ELSEWHERE = "or pass --copies embedded, which copies by pg_dump to a server of its own"
_HINTS = {
    "55006": f"end its other sessions (a copy by template needs a database that nobody uses), {_ELSEWHERE}",
    "42501": f"the role must own the database and have CREATEDB, {_ELSEWHERE}",
    "25006": f"name its primary, {_ELSEWHERE}",
    "53100": f"make room on the server, {_ELSEWHERE}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Database:
    name: str
    owner: str
    may_give_to_owner: bool
    encoding: str
    locale_provider: str
    collate: str
    character_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setting:
    """A setting of a database, for one role or (None) for all."""

    role: str | None
    name: str
    value: str


@contextmanager
def template_copies(dsn: str) -> Iterator[Copies]:
    """Yield two copies of the database, the same to the byte with all statistics, and drop them in the end.

    The database itself is only read, and must be in use by nobody. Copies that killed runs left are dropped first.
    Raises MeasureError when no copy can be made here, ConnectError, and StatementError when one cannot be dropped.
    """
    with connected(dsn) as connection, server_errors():
        source, settings = _read_database(connection), _read_settings(connection)
        place = _pinned(dsn, connection)
    maintenance = _maintenance_dsn(place, source.name)
    run = secrets.token_hex(4)
    base, head = f"perfkit_copy_{run}_base", f"perfkit_copy_{run}_head"
    try:
        with _held(maintenance, run) as session:
            remove_orphans(session)
            notes = _make(session, source, settings, base, head)
            yield Copies(base=_in(place, base), head=_in(place, head), note="; ".join(notes))
    except BaseException:
        with suppress(PerfkitError):  # the first error is the one to tell; the next run drops what is left
            _drop(maintenance, run, base, head)
        raise
    _drop(maintenance, run, base, head)


def remove_orphans(session: psycopg.Connection) -> tuple[str, ...]:
    """Drop the copies that killed runs left on this session's server, as far as its role may; return their names."""
    with server_errors():
        with psycopg.RawCursor(session) as cursor:
            names = tuple(
                name for (name,) in cursor.execute(sql.load("copy_orphans"), [COPY_LOCK]).fetchall()
            )
        for name in names:
            _drop_database(session, name)
    return names


def read_source(dsn: str) -> Source:
    """Return what `embedded_copies` must know to dump the database and to give the copies its settings.

    Raises UsageError when the string holds the passphrase of a key, which cannot be kept out of a command line.
    """
    with connected(dsn) as connection, server_errors():
        database = _read_database(connection)
        with psycopg.RawCursor(connection) as cursor:
            rows = [*cursor.execute(sql.load("settings")), *cursor.execute(sql.load("copy_session"))]
        version = connection.info.server_version
    parts = conninfo_to_dict(dsn)
    if parts.pop("sslpassword", None):
        raise UsageError(
            "the connection string holds sslpassword, which pg_dump could only be told where all can read it",
            hint="put it into a service file (~/.pg_service.conf) and pass service=…",
        )
    password = parts.pop("password", None) or ""
    return Source(
        conninfo=make_conninfo("", **parts),
        password=str(password),
        version=version,
        name=database.name,
        locale=Locale(
            encoding=database.encoding,
            provider=database.locale_provider,
            collate=database.collate,
            character_type=database.character_type,
        ),
        settings=dict(rows),
    )


def _read_database(connection: psycopg.Connection) -> _Database:
    with psycopg.RawCursor(connection, row_factory=class_row(_Database)) as cursor:
        (database,) = cursor.execute(sql.load("copy_source")).fetchall()
    return database


def _read_settings(connection: psycopg.Connection) -> list[_Setting]:
    with psycopg.RawCursor(connection, row_factory=class_row(_Setting)) as cursor:
        return cursor.execute(sql.load("copy_settings")).fetchall()


def _pinned(dsn: str, connection: psycopg.Connection) -> str:
    """Return the string that leads to this connection's server, whichever of several the given one may name."""
    parts = {"host": connection.info.host, "port": str(connection.info.port)}
    if conninfo_to_dict(dsn).get("hostaddr"):
        parts["hostaddr"] = connection.info.hostaddr
    return make_conninfo(dsn, **parts)


def _in(place: str, database: str) -> str:
    return make_conninfo(place, dbname=database)


def _maintenance_dsn(place: str, source: str) -> str:
    """Return the string of a database to make others from: one that is not the source, as nobody may use that."""
    candidates = [name for name in ("postgres", "template1") if name != source]
    for name in candidates:
        with suppress(ConnectError), connected(_in(place, name)):
            return _in(place, name)
    raise MeasureError(
        f"copies are made from another database, and none of {', '.join(candidates)} can be connected to",
        hint=f"let the role connect to one, {_ELSEWHERE}",
    )


@contextmanager
def _held(maintenance: str, run: str) -> Iterator[psycopg.Connection]:
    """Yield a session that holds the lock of the run; waits for another that still does, which is a dying one."""
    with connected(maintenance) as session:
        try:
            with server_errors():
                _take_lock(session, run)
            yield session
        finally:
            _cancel(session)


def _take_lock(session: psycopg.Connection, run: str) -> None:
    require_own_session(session, "copying", instead=_ELSEWHERE)
    for command in _SESSION:
        session.execute(command)
    key = int.from_bytes(bytes.fromhex(run), signed=True)
    session.execute("SELECT pg_catalog.pg_advisory_lock(%s::int4, %s::int4)", [COPY_LOCK, key])


def _make(
    session: psycopg.Connection, source: _Database, settings: list[_Setting], base: str, head: str
) -> list[str]:
    """Make both databases, the second from the first so that they are alike; return what could not be copied."""
    owner = SQL(" OWNER {}").format(Identifier(source.owner)) if source.may_give_to_owner else SQL("")
    for name, template in ((base, source.name), (head, base)):
        create = SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template))
        try:
            with server_errors():
                session.execute(create + owner)
                # Nobody else has business here: not to read what the source may not let them, not to disturb.
                session.execute(SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(Identifier(name)))
        except StatementError as error:
            hint = _HINTS.get(error.sqlstate) or error.hint or f"see the server's log, {_ELSEWHERE}"
            raise MeasureError(f"the database cannot be copied: {error.message}", hint=hint) from None
    notes = [] if source.may_give_to_owner else [f"the copies do not belong to {source.owner}"]
    for setting in settings:
        problems = {_copy_setting(session, setting, name) for name in (base, head)}
        notes += sorted(problems - {""})
    return notes


def _copy_setting(session: psycopg.Connection, setting: _Setting, database: str) -> str:
    """Give a copy one of the source's settings; returns why that could not be done, or ''.

    The value goes by way of this transaction's own, as the stored text of a list is no value that SET would take.
    """
    try:
        with server_errors(), session.transaction():
            session.execute("SELECT set_config(%s, %s, true)", [setting.name, setting.value])
            session.execute(_set_from_current(setting, database))
    except StatementError as error:
        whose = f" of role {setting.role}" if setting.role else ""
        return f"the setting {setting.name}{whose} is not copied: {error.message}"
    return ""


def _set_from_current(setting: _Setting, database: str) -> Composed:
    name = Identifier(*setting.name.split("."))
    if setting.role is None:
        return SQL("ALTER DATABASE {} SET {} FROM CURRENT").format(Identifier(database), name)
    return SQL("ALTER ROLE {} IN DATABASE {} SET {} FROM CURRENT").format(
        Identifier(setting.role), Identifier(database), name
    )


def _cancel(session: psycopg.Connection) -> None:
    """End a command that an interrupt left running."""
    if session.info.transaction_status == TransactionStatus.ACTIVE:
        with suppress(psycopg.Error):  # the server may be gone
            session.cancel_safe(timeout=_CANCEL_TIMEOUT_S)


def _drop(maintenance: str, run: str, *names: str) -> None:
    # The lock is taken again, which waits for the session that made them to be really gone.
    with _held(maintenance, run) as session, server_errors():
        for name in names:
            _drop_database(session, name)


def _drop_database(session: psycopg.Connection, name: str) -> None:
    session.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))
