"""The guardian: a process that outlives a run, however that ends, and takes away what the run left.

It holds the run's advisory lock while its standard input is open. When that ends, by the run's end or death, it ends the
run's sessions and drops the scratch schema and the folder of temporary files. What a guardian leaves that was killed
itself has a lock that nobody holds: the next one drops it.

Run: python -m perfkit.db.importing.guardian, told {"dsn", "run"} as a line of JSON; it answers "ready" and the folder's
path, or with what is wrong.
"""

import json
import shutil
import signal
import sys
import tempfile
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from perfkit.db import sql
from perfkit.db.connect import connected, server_errors
from perfkit.errors import PerfkitError

# The first half of the lock's key: any number that no other program is likely to choose.
IMPORT_LOCK = 7_331_005
READY = "ready"
_SESSION = (
    "SET statement_timeout = 0",
    "SET lock_timeout = 0",
    "SET idle_session_timeout = 0",
    "SET default_transaction_read_only = off",
    "SET client_min_messages = warning",
)


def schema_of(run: str) -> str:
    """Return the name of a run's scratch schema; the run's name is its sessions' application_name too."""
    return f"perfkit_import_{run}"


def main() -> None:
    """Guard one run, from its first word until its end."""
    # The terminal's Ctrl-C is for the run; this process ends after it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    line = sys.stdin.readline()
    if not line:
        return
    folder = tempfile.mkdtemp(prefix="perfkit-import-")
    try:
        _guard(json.loads(line), folder)
    except PerfkitError as error:
        _say(error.message)
        sys.exit(error.exit_code)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _guard(job: dict[str, Any], folder: str) -> None:
    with connected(job["dsn"]) as session, server_errors():
        for command in _SESSION:
            session.execute(command)
        key = int.from_bytes(bytes.fromhex(job["run"]), signed=True)
        session.execute("SELECT pg_catalog.pg_advisory_lock(%s::int4, %s::int4)", [IMPORT_LOCK, key])
        _remove_orphans(session)
        _say(f"{READY} {folder}")
        sys.stdin.read()
    # A new session: the old one may have been ended in the meantime, by a restart or by somebody.
    with connected(job["dsn"]) as session, server_errors():
        for command in _SESSION:
            session.execute(command)
        with psycopg.RawCursor(session) as cursor:
            cursor.execute(sql.load("import_end_sessions"), [schema_of(job["run"])])
        _drop(session, schema_of(job["run"]))


def _remove_orphans(session: psycopg.Connection) -> None:
    with psycopg.RawCursor(session) as cursor:
        names = [name for (name,) in cursor.execute(sql.load("import_orphans"), [IMPORT_LOCK]).fetchall()]
    for name in names:
        _drop(session, name)


def _drop(session: psycopg.Connection, schema: str) -> None:
    session.execute(SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(Identifier(schema)))


def _say(text: str) -> None:
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # The run was killed, and reads no more.
        sys.stdout = None


if __name__ == "__main__":
    main()
