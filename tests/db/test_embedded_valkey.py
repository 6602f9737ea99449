"""Embedded Valkey through what happens to servers."""

import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from perfkit.embedded import ValkeyServer, find_valkey, ports, processes, start_valkey, stop_valkey
from perfkit.errors import ServerError


@pytest.fixture
def folder() -> Iterator[Path]:
    base = Path(tempfile.mkdtemp(prefix="perfkit-tests-"))
    folder = base / 'Jörg\'s "cache", 100 % \\ 校友'
    yield folder
    stop_valkey(folder)
    shutil.rmtree(base)


def start(folder: Path) -> ValkeyServer:
    return start_valkey(folder, die_with_parent=True)


def test_second_start_returns_the_running_server(folder: Path) -> None:
    server = start(folder)
    assert start(folder) == server
    assert find_valkey(folder) == server


def test_stop_leaves_no_process_and_a_restart_keeps_port_and_password(folder: Path) -> None:
    server = start(folder)
    birth = processes.birth_of(server.pid)
    stop_valkey(folder)
    assert find_valkey(folder) is None
    assert not processes.is_running(server.pid, birth)
    stop_valkey(folder)
    assert start(folder).url == server.url


def test_killed_server_is_started_again(folder: Path) -> None:
    server = start(folder)
    os.kill(server.pid, signal.SIGKILL)
    again = start(folder)
    assert again.pid != server.pid
    with redis.Redis.from_url(again.url) as client:
        assert client.ping()


def test_taken_port_is_replaced_by_another(folder: Path) -> None:
    port = start(folder).port
    stop_valkey(folder)
    with socket.create_server((ports.LOOPBACK, port)):
        assert start(folder).port != port


def test_password_is_seen_by_the_owner_only(folder: Path) -> None:
    server = start(folder)
    assert server.password not in repr(server)
    assert server.password not in Path(f"/proc/{server.pid}/cmdline").read_text()
    holders = [path for path in folder.iterdir() if server.password.encode() in path.read_bytes()]
    assert {path.name for path in holders} == {"valkey.conf", "valkey.json"}
    assert {path.stat().st_mode & 0o777 for path in holders} == {0o600}


def test_it_is_a_bounded_cache_in_its_own_folder(folder: Path) -> None:
    server = start_valkey(folder, settings={"maxmemory": "16mb"}, die_with_parent=True)
    with redis.Redis.from_url(server.url, decode_responses=True) as client:
        settings = client.config_get("*")
    assert {name: settings[name] for name in ("maxmemory", "maxmemory-policy", "save", "dir", "bind")} == {
        "maxmemory": str(16 * 1024 * 1024),
        "maxmemory-policy": "allkeys-lru",
        "save": "",
        "dir": str(folder),
        "bind": "127.0.0.1",
    }


def test_failed_start_says_why_and_leaves_nothing_running(folder: Path) -> None:
    with pytest.raises(ServerError, match="Bad directive") as caught:
        start_valkey(folder, settings={"no-such-setting": "1"}, die_with_parent=True)
    assert "no-such-setting" in caught.value.message
    assert str(folder / "valkey.log") in caught.value.hint
    assert find_valkey(folder) is None
