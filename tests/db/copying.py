"""A process of its own that makes copies and may be killed, and what the tests look for afterwards."""

import subprocess
import sys
import time
from pathlib import Path

import psycopg

from perfkit.embedded import PostgresServer

LIMIT_S = 60


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    """Start Python on the script."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", script, *map(str, arguments)], stderr=subprocess.PIPE, text=True
    )


def dumped(server: PostgresServer, dsn: str) -> str:
    """Return the database as pg_dump writes it, statistics and all that is not its own left out."""
    result = subprocess.run(
        [server.binaries / "pg_dump", "--dbname", dsn], capture_output=True, text=True, check=True
    )
    # The key of \\restrict is drawn anew in every dump.
    return "\n".join(
        line for line in result.stdout.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))
    )


def wait_for(dsn: str, query: str) -> None:
    """Wait until the query returns true."""
    deadline = time.monotonic() + LIMIT_S
    with psycopg.connect(dsn, autocommit=True) as connection:
        while connection.execute(query.encode()).fetchone() != (True,):
            assert time.monotonic() < deadline, f"never true: {query}"
            time.sleep(0.02)


def copies_on(server: PostgresServer) -> list[str]:
    """Return the names of all copies on the server."""
    with psycopg.connect(server.dsn) as connection:
        rows = connection.execute(
            "SELECT datname FROM pg_database WHERE datname ~ '^perfkit_copy_' ORDER BY 1"
        )
        return [name for (name,) in rows]


def command_lines() -> list[str]:
    """Return the command lines of all processes, as ps shows them."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:  # it ended meanwhile
            continue
    return lines
