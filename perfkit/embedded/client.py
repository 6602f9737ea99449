"""PostgreSQL's own client programs, run on an embedded server or on the user's."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from perfkit.embedded import become
from perfkit.embedded.ports import LOOPBACK
from perfkit.embedded.postgres import PostgresServer
from perfkit.embedded.spawn import Mode
from perfkit.errors import ServerError

_PROBLEM = re.compile(r"^(?:pg_dump|pg_restore|psql)(?::.*?)?: (?:error|ERROR|FATAL):")
LINES_TOLD = 3


def run_script(script: Path, server: PostgresServer, database: str) -> list[str]:
    """Run a file of SQL, each statement by itself, and return what psql complained of, a line each."""
    options = ["--no-psqlrc", "--quiet", "--output=/dev/null", f"--file={script}"]
    return run_on([server.binaries / "psql", *options, *target(server, database)], server)


def target(server: PostgresServer, database: str) -> list[str]:
    """Return the options by which a client reaches a database of the server."""
    return [
        f"--host={LOOPBACK}",
        f"--port={server.port}",
        f"--username={server.user}",
        f"--dbname={database}",
    ]


def run_on(command: Sequence[str | Path], server: PostgresServer) -> list[str]:
    """Run a client on the server and return its complaints, a line each; ServerError when it failed without a word."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment |= {"PGPASSWORD": server.password, "PGSSLMODE": "disable"}
    lines = run_client(command, environment=environment, secret=server.password, may_fail=True)
    return [line for line in lines if _PROBLEM.search(line)]


def run_client(
    command: Sequence[str | Path], *, environment: Mapping[str, str], secret: str = "", may_fail: bool = False
) -> list[str]:
    """Run a client program, which ends with this process, and return what it said, line by line.

    Raises ServerError with its words when it fails, unless it `may_fail` and told a problem.
    """
    result = subprocess.run(
        [sys.executable, "-I", "-S", become.__file__, Mode.OWN, str(os.getpid()), *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**environment, "LC_ALL": "C.UTF-8"},
        text=True,
        errors="replace",
        check=False,
    )
    output = result.stdout.replace(secret, "********") if secret else result.stdout
    lines = [" ".join(line.split()) for line in output.splitlines() if line.strip()]
    told = any(_PROBLEM.search(line) for line in lines)
    if result.returncode and not (may_fail and told):
        raise ServerError(
            f"{Path(command[0]).name} failed: {' / '.join(lines[-LINES_TOLD:]) or f'exit code {result.returncode}'}",
            hint="try the same program by hand on this database",
        )
    return lines
