"""The whole chain of rendered configurations, really started: HAProxy and nginx, two instances, PgBouncer, Valkey.

PostgreSQL is there already. Everything is started from what `perfkit render all` wrote, as an ordinary user, and ends
with the block.
"""

import os
import random
import shutil
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from perfkit.demo.api.instances import Instance, find_instances
from perfkit.embedded.binaries import find_valkey_server
from perfkit.embedded.ports import is_free
from perfkit.embedded.spawn import hand_over, ordinary_mode, spawn

PROGRAMS = ("haproxy", "nginx", "pgbouncer")
_PLACES = ("pgbouncer", "haproxy", "haproxy-metrics", "nginx", "valkey")
_READY_S = 20.0
_LOOPBACK = "127.0.0.1"

Run = Callable[..., str]
"""Runs perfkit with these words, to a good end, and returns what it printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The running chain: its ports by program, the database by way of PgBouncer, the instances, and the files."""

    ports: Mapping[str, int]
    pooled_dsn: str
    instances: tuple[Instance, ...]
    files: Path

    def url(self, program: str, path: str = "") -> str:
        """Return the URL of a path at a program."""
        return f"http://{_LOOPBACK}:{self.ports[program]}{path}"


def program(name: str, package: str = "") -> str:
    """Return where the program is; without it the test is skipped, but fails in CI."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if found is None:
        reason = f"no {name}; install it with: apt-get install {package or name}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@contextmanager
def running_chain(folder: Path, dsn: str, perfkit: Run, options: Sequence[str] = ()) -> Iterator[Chain]:
    """Yield the chain before the database, with its files in the folder, which the user nobody may enter.

    `options` are more words for `perfkit render all`, such as numbers that were not measured.
    """
    ports = dict(zip((*_PLACES, "api"), free_ports(len(_PLACES) + 2), strict=False))
    (folder / "run").mkdir(mode=0o711, parents=True)
    hand_over(folder / "run", ordinary_mode())
    _render(folder, ports, dsn, perfkit, options)
    parts = conninfo_to_dict(dsn)
    pooled = make_conninfo(dsn, host=_LOOPBACK, port=ports["pgbouncer"])
    _write(folder / "run" / "users.txt", f'"{parts["user"]}" "{parts["password"]}"\n')
    started: list[int] = []
    try:
        for name, command in _commands(folder).items():
            started.append(
                spawn(command, mode=ordinary_mode(), log=folder / f"{name}.log", die_with_parent=True)
            )
        wait_until(lambda: _answers(pooled), folder / "pgbouncer.log")
        wait_until(lambda: is_open(ports["valkey"]), folder / "valkey.log")
        cache = f"redis://{_LOOPBACK}:{ports['valkey']}/0"
        home = f"--dir={folder / 'home'}"
        perfkit(
            *("demo", "api", "up", home, f"--port={ports['api']}", "--instances=2"),
            *(f"--database={pooled}", f"--cache={cache}"),
        )
        wait_until(
            lambda: get(f"http://{_LOOPBACK}:{ports['haproxy']}/readyz")[0] == 200, folder / "haproxy.log"
        )
        wait_until(lambda: get(f"http://{_LOOPBACK}:{ports['nginx']}/")[0] == 200, folder / "nginx.log")
        instances = find_instances(folder / "home" / "api")
        yield Chain(ports=ports, pooled_dsn=pooled, instances=instances, files=folder / "files")
    finally:
        perfkit("demo", "api", "down", f"--dir={folder / 'home'}")
        for pid in reversed(started):
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)


def _render(folder: Path, ports: Mapping[str, int], dsn: str, perfkit: Run, options: Sequence[str]) -> None:
    parts = conninfo_to_dict(dsn)
    perfkit(
        *("render", "all", f"--output={folder / 'files'}", f"--run={folder / 'run'}"),
        f"--users-file={folder / 'run' / 'users.txt'}",
        f"--database={_LOOPBACK}:{parts['port']}/{parts['dbname']}",
        *(f"--{name}={_LOOPBACK}:{ports[name]}" for name in _PLACES),
        *(f"--api={_LOOPBACK}:{ports['api'] + number}" for number in range(2)),
        *options,
    )


def _commands(folder: Path) -> dict[str, list[str]]:
    files, run = folder / "files", folder / "run"
    return {
        "pgbouncer": [program("pgbouncer"), str(files / "pgbouncer.ini")],
        "valkey": [str(find_valkey_server()), str(files / "valkey.conf")],
        "haproxy": [program("haproxy"), "-f", str(files / "haproxy.cfg")],
        "nginx": [program("nginx"), "-c", str(files / "nginx.conf"), "-p", str(run), "-g", "daemon off;"],
    }


def get(url: str, headers: Mapping[str, str] | None = None) -> tuple[int, Mapping[str, str], bytes]:
    """Return status, headers in small letters, and body; status 0 when nobody answers."""
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, headers=dict(headers or {})), timeout=10
        ) as answer:
            return (
                answer.status,
                {name.lower(): value for name, value in answer.headers.items()},
                answer.read(),
            )
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {name.lower(): value for name, value in error.headers.items()}, error.read()
    except (urllib.error.URLError, OSError):
        return 0, {}, b""


def wait_until(is_so: Callable[[], bool], log: Path) -> None:
    """Return when it is so; fail with the log when that takes too long."""
    deadline = time.monotonic() + _READY_S
    while not is_so():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def is_open(port: int) -> bool:
    """Tell whether somebody listens on the port."""
    with socket.socket() as probe:
        return probe.connect_ex((_LOOPBACK, port)) == 0


def free_ports(count: int) -> range:
    """Return ports in a row that are free, below those that systems give to clients, as others come and go meanwhile."""
    while True:
        first = random.randrange(10_000, 32_000)
        if all(is_free(port) for port in range(first, first + count)):
            return range(first, first + count)


def _answers(dsn: str) -> bool:
    try:
        with psycopg.connect(dsn, prepare_threshold=None, connect_timeout=2) as connection:
            connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def _write(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
    hand_over(path, ordinary_mode())
