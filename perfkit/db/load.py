"""What is seen of a load from the server's side: sessions and their waits, counters, connections."""

import os
from collections.abc import Mapping

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from perfkit.bench.load.pgbench import Place
from perfkit.bench.load.watch import Activity, Counters, ServerLimits
from perfkit.db import sql
from perfkit.db.connect import server_errors
from perfkit.errors import UsageError


class LoadServer:
    """A connection beside a load, as `perfkit.bench.load.watch.Server`."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def activity(self, application_name: str) -> tuple[Activity, ...]:
        """Return what the sessions of that name do now."""
        with server_errors(), psycopg.RawCursor(self._connection) as cursor:
            rows = cursor.execute(sql.load("load_activity"), [application_name]).fetchall()
        return tuple(Activity(*row) for row in rows)

    def counters(self) -> Counters:
        """Return what the database has counted so far."""
        with server_errors(), psycopg.RawCursor(self._connection) as cursor:
            row = cursor.execute(sql.load("load_counters")).fetchone()
        assert row is not None
        return Counters(*row)

    def limits(self) -> ServerLimits:
        """Return how many connections there may be and are, and which process serves this one, if it is here."""
        with server_errors(), psycopg.RawCursor(self._connection) as cursor:
            row = cursor.execute(sql.load("load_server")).fetchone()
        assert row is not None
        most, used, pid, is_here = row
        return ServerLimits(connections_most=most, connections_used=used, process=pid if is_here else None)


def place_of(dsn: str, settings: Mapping[str, str], application_name: str, *, writes: bool = False) -> Place:
    """Return where a client of libpq's is to go, the password in its environment; `settings` are its sessions'.

    Raises UsageError when the string holds the passphrase of a key, which cannot be kept out of a command line.
    """
    parts = conninfo_to_dict(dsn)
    if parts.pop("sslpassword", None):
        raise UsageError(
            "the connection string holds sslpassword, which pgbench could only be told where all can read it",
            hint="put it into a service file (~/.pg_service.conf) and pass service=…",
        )
    password = parts.pop("password", None)
    given = str(parts.pop("options", None) or os.environ.get("PGOPTIONS", ""))
    options = " ".join([given, *(f"-c {name}={value}" for name, value in settings.items())]).strip()
    environment = dict(os.environ) | {"PGAPPNAME": application_name, "PGOPTIONS": options}
    return Place(
        conninfo=make_conninfo("", **parts),
        environment=environment | ({"PGPASSWORD": str(password)} if password else {}),
        writes=writes,
    )
