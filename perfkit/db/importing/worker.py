"""One process of a trial: it gets ready, waits for the word, imports, tells what it took, and rolls back.

A process of its own, so that the memory it held is that of its way of importing alone.
Run: python -m perfkit.db.importing.worker; it is told a Job, answers "ready", and after "go" with a line of JSON.
"""

import json
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg

from perfkit.bench.imports.files import split
from perfkit.bench.imports.model import Way
from perfkit.bench.imports.thresholds import WARM_UP_ROWS
from perfkit.db.connect import connected, server_errors
from perfkit.db.importing.job import Job, decode
from perfkit.db.importing.writers import write
from perfkit.errors import PerfkitError

READY = "ready"
GO = "go\n"


def main() -> None:
    """Do one job."""
    job = decode(sys.stdin.readline())
    try:
        answer = _worked(job)
    except PerfkitError as error:
        answer = {"error": error.message}
    except KeyboardInterrupt:
        # The terminal's Ctrl-C is for the run, which tells it.
        return
    _say(json.dumps(answer))


def _worked(job: Job) -> dict[str, Any]:
    if job.way is Way.PANDAS:
        import pandas as pd  # what it takes to load is no part of an import

        assert pd
    with connected(job.dsn) as connection, server_errors():
        for command in ("SET statement_timeout = 0", "SET default_transaction_read_only = off"):
            connection.execute(command)
        connection.prepare_threshold = 5
        connection.autocommit = False
        for statement in job.prepare:
            connection.execute(statement.encode())
        _warm_up(connection, job)
        _say(READY)
        if sys.stdin.readline() != GO:
            return {"error": "the run has ended"}
        began = time.monotonic()
        rows = write(connection, job)
        _settle(connection, job)
        ended = time.monotonic()
        answer = {
            "rows": rows,
            "began": began,
            "ended": ended,
            "client_bytes": _peak_bytes(),
            "server_bytes": _backend_bytes(connection),
        }
        connection.rollback()
    return answer


def _warm_up(connection: psycopg.Connection, job: Job) -> None:
    """Let the session learn of the table, its functions and dictionaries, which takes longer than some records do."""
    (few,) = split(job.file, 1, WARM_UP_ROWS)
    with connection.transaction(force_rollback=True):
        write(connection, replace(job, path=str(few), rows=WARM_UP_ROWS))


def _settle(connection: psycopg.Connection, job: Job) -> None:
    """Do what an import puts off: deferred checks, and what GIN indexes have on their lists."""
    connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for index in job.gin_indexes:
        connection.execute("SELECT pg_catalog.gin_clean_pending_list(%s::regclass)", [index])


def _peak_bytes() -> int:
    """Return the most memory that this process held.

    Of Linux's two counts VmHWM begins anew with the program; getrusage's begins with the process that started it.
    """
    try:
        status = Path("/proc/self/status").read_text("ascii", errors="replace")
    except OSError:
        # macOS counts bytes
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (peak,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(peak) * 1024


def _backend_bytes(connection: psycopg.Connection) -> int | None:
    """Return the proportional set size of this session's backend, None where it runs elsewhere or cannot be looked at."""
    process = Path("/proc") / str(connection.info.backend_pid)
    try:
        if not (process / "cmdline").read_text(errors="replace").startswith("postgres:"):
            return None
        rollup = (process / "smaps_rollup").read_text("ascii", errors="replace")
    except OSError:
        return None
    sizes = [line.split()[1] for line in rollup.splitlines() if line.startswith("Pss:")]
    return int(sizes[0]) * 1024 if sizes else None


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
