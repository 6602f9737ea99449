"""A PgBouncer of a test's own, as an ordinary user, as which alone it runs."""

import os
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from perfkit.embedded.spawn import hand_over, ordinary_mode, spawn

_CONFIGURATION = """
[databases]
* = host=127.0.0.1 port={server_port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = plain
auth_file = {folder}/users.txt
pool_mode = {pool_mode}
default_pool_size = {size}
server_tls_sslmode = disable
"""


@contextmanager
def running_pooler(
    folder: Path, server_port: int, role: str, password: str, *, pool_mode: str = "session", size: int = 1
) -> Iterator[int]:
    """Yield the port of a pooler whose files are in the new folder; skipped where there is none, but not in CI."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if program is None:
        reason = "no pgbouncer; install it with: apt-get install pgbouncer"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    folder.mkdir(mode=0o711)
    mode = ordinary_mode()
    port = _free_port()
    configuration = _CONFIGURATION.format(
        server_port=server_port, port=port, folder=folder, pool_mode=pool_mode, size=size
    )
    files = {"pgbouncer.ini": configuration, "users.txt": f'"{role}" "{password}"\n'}
    for name, text in files.items():
        (folder / name).write_text(text)
        hand_over(folder / name, mode)
    pid = spawn([program, str(folder / "pgbouncer.ini")], mode=mode, log=folder / "log", die_with_parent=True)
    try:
        _wait_until_it_listens(port, folder / "log")
        yield port
    finally:
        os.kill(pid, signal.SIGINT)
        os.waitpid(pid, 0)
        shutil.rmtree(folder)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def _wait_until_it_listens(port: int, log: Path) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        else:
            return
