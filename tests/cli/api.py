"""The demo's API, really running: two instances, a cache of their own, and ways to ask them."""

import http.client
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from perfkit.demo.api.instances import Instance, find_instances
from perfkit.embedded import start_valkey, stop_valkey
from perfkit.embedded.ports import is_free
from tests.cli.command import Perfkit, Result

_LIMIT_S = 20.0


class Answer(NamedTuple):
    """What came back; header names are found in any case."""

    status: int
    headers: Message
    body: bytes

    @property
    def data(self) -> Any:
        """Return the body read as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class RunningApi:
    """The project that started the API, where its cache lives, and the database that it was given."""

    perfkit: Perfkit
    cache: Path
    dsn: str

    @property
    def instances(self) -> tuple[Instance, ...]:
        """Return those that run."""
        return find_instances(self.perfkit.directory / ".perfkit" / "api")

    @property
    def url(self) -> str:
        """Return where the first answers."""
        return self.instances[0].url

    def up(self, *options: str) -> Result:
        """Start the instances anew."""
        port = free_port()
        cache = start_valkey(self.cache, die_with_parent=True)
        return self.perfkit(
            *("demo", "api", "up", f"--port={port}", "--instances=2", "--drain=1s"),
            *(f"--database={self.dsn}", f"--cache={cache.url}", *options),
        )

    def get(self, path: str, headers: Mapping[str, str] | None = None, *, number: int = 1) -> Answer:
        """Return an instance's answer."""
        return get(self.instances[number - 1].port, path, headers)


@contextmanager
def running_api(folder: Path, dsn: str) -> Iterator[RunningApi]:
    """Yield the API, which is down when the block ends."""
    folder.mkdir(mode=0o711)
    api = RunningApi(Perfkit(folder), folder / "cache", dsn)
    try:
        up = api.up()
        assert up.returncode == 0, up.stderr
        yield api
    finally:
        assert api.perfkit("demo", "api", "down").returncode == 0
        stop_valkey(folder / "cache")


def get(port: int, path: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Return the answer at a port of this machine."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_LIMIT_S)
    try:
        connection.request("GET", path, headers=dict(headers or {}))
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def free_port() -> int:
    """Return a port that is free, and the next one too; other tests, which look for some at once, get others."""
    chance = Random()
    port = 0
    while not (port and is_free(port) and is_free(port + 1)):
        port = chance.randrange(18_000, 32_000, 2)
    return port


def wait_until(is_so: Callable[[], bool]) -> None:
    """Return when it is so; fail when that takes too long."""
    deadline = time.monotonic() + _LIMIT_S
    while not is_so():
        assert time.monotonic() < deadline, "this did not come about in time"
        time.sleep(0.02)
