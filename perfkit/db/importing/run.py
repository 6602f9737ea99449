"""A run of the import bench: its name, its folder of temporary files, and the guardian that takes both away in the end."""

import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from perfkit.db.connect import connect
from perfkit.db.importing.guardian import READY, schema_of
from perfkit.errors import MeasureError

_PATIENCE_S = 60
_COMMAND = (sys.executable, "-m", "perfkit.db.importing.guardian")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run: the connection string of its sessions, which bear the scratch schema's name, and its folder."""

    dsn: str = field(repr=False)
    schema: str
    folder: Path

    def connect(self) -> psycopg.Connection:
        """Return a session of the run, without time limits, in autocommit mode."""
        connection = connect(self.dsn)
        for command in (
            "SET statement_timeout = 0",
            "SET idle_in_transaction_session_timeout = 0",
            "SET default_transaction_read_only = off",
            "SET client_min_messages = warning",
        ):
            connection.execute(command)
        return connection


@contextmanager
def guarded_run(dsn: str) -> Iterator[Run]:
    """Yield a run that leaves nothing behind: no session, schema or file. Raises MeasureError where that cannot be."""
    run = secrets.token_hex(4)
    guardian = subprocess.Popen(
        _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert guardian.stdin is not None
    assert guardian.stdout is not None
    try:
        guardian.stdin.write(json.dumps({"dsn": dsn, "run": run}) + "\n")
        guardian.stdin.flush()
        answer = guardian.stdout.readline().strip()
        word, _, folder = answer.partition(" ")
        if word != READY:
            raise MeasureError(f"an import cannot be tried here: {answer or 'its guardian ended'}")
        schema = schema_of(run)
        yield Run(dsn=make_conninfo(dsn, application_name=schema), schema=schema, folder=Path(folder))
    finally:
        told = _end(guardian)
    if guardian.returncode:
        raise MeasureError(
            f"the scratch schema {schema_of(run)} is not dropped: {told}",
            hint="the next run drops it; or: DROP SCHEMA … CASCADE",
        )


def _end(guardian: "subprocess.Popen[str]") -> str:
    """Let the guardian take away what is there, and return what it says."""
    try:
        told, _ = guardian.communicate(timeout=_PATIENCE_S)
    except subprocess.TimeoutExpired:
        return "it takes too long; the guardian is still at it"
    return told.strip()
