"""An embedded PostgreSQL in a folder of a difficult name, started here or by another Python."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

import perfkit
from perfkit.embedded import PostgresServer, processes, start_postgres, stop_postgres

FAST = {"fsync": "off", "shared_buffers": "16MB"}
LIMIT_S = 60.0
IMPORT_PATH = (str(Path(perfkit.__file__).parents[1]), str(Path(psycopg.__file__).parents[1]))

START = """
import sys
from pathlib import Path
from perfkit.embedded import start_postgres
server = start_postgres(Path(sys.argv[1]), settings={"fsync": "off"}, die_with_parent=sys.argv[2] == "tied")
print(server.pid, server.port, flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def difficult_folder() -> Iterator[Path]:
    """Give a folder of a difficult name that every user may enter; its server is stopped at the end."""
    base = Path(tempfile.mkdtemp(prefix="perfkit-tests-"))
    base.chmod(0o711)
    folder = base / "Jörg's “alumni”, 100 % 校友"
    yield folder
    record = folder / "postgres.json"
    if record.exists() and record.read_bytes().startswith(b"{"):
        stop_postgres(folder)
    shutil.rmtree(base)


def start(folder: Path) -> PostgresServer:
    return start_postgres(folder, settings=FAST, die_with_parent=True)


def start_elsewhere(
    folder: Path, tie: str = "free", user: int | None = None, python: str = sys.executable
) -> subprocess.Popen[str]:
    """Start the server from another Python, which prints its process id and port and lives until its stdin ends."""
    kept = {name: os.environ[name] for name in ("PATH", "PERFKIT_PG_BIN") if name in os.environ}
    return subprocess.Popen(
        [python, "-X", "dev", "-W", "error", "-c", START, folder, tie],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        cwd="/",
        env={**kept, "PYTHONPATH": os.pathsep.join(IMPORT_PATH)},
    )


def kill_and_wait(pid: int) -> None:
    """Kill a process, and wait until it is a zombie or gone, without reaping it."""
    os.kill(pid, signal.SIGKILL)
    deadline = threading.Event()
    for _ in range(1000):
        if not processes.birth_of(pid):
            return
        deadline.wait(0.01)
    pytest.fail(f"{pid} does not die")


def one(dsn: str, query: str) -> object:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row
    return row[0]
