"""Programs that watch, started for a test: perfkit's exporter, Prometheus, Alertmanager; ended by their process id."""

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from perfkit.embedded.ports import choose_port
from tests.cli.command import Perfkit

TIMEOUT_S = 90


def program(name: str) -> str:
    """Return where a program is; without it the test is skipped, but fails in CI."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        reason = f"no {name}; install it with: apt-get install prometheus prometheus-alertmanager pgbouncer"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def eventually(condition: Callable[[], Any], what: str) -> Any:
    """Return what the condition gives once it is true; a test that waits in vain says for what."""
    deadline = time.monotonic() + TIMEOUT_S
    while not (found := condition()):
        assert time.monotonic() < deadline, f"in vain waited for {what}"
        time.sleep(0.1)
    return found


def get(url: str) -> bytes | None:
    """Return the answer to a GET, None when nobody answers or it is no success."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bytes(answer.read())
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None


def samples(page: bytes) -> dict[str, float]:
    """Return the samples of an exporter's page by their series."""
    lines = (line.rpartition(" ") for line in page.decode().splitlines() if not line.startswith("#"))
    return {series: float(value) for series, _, value in lines}


@contextmanager
def running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Hold a program running; it is ended, and must end, with the block."""
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, cwd=log.parent
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def exporter(perfkit: Perfkit, *arguments: object) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """Hold an exporter running until it has answered once; yield its port."""
    port = choose_port(0)
    with perfkit.start("monitor", "serve", f"--listen=127.0.0.1:{port}", *arguments) as process:
        try:
            yield port, process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def ask(prometheus: str, expression: str) -> list[Any]:
    """Return the samples of an expression now, without those that are no number."""
    found = get(f"{prometheus}/api/v1/query?{urllib.parse.urlencode({'query': expression})}")
    if found is None:
        return []
    return [each for each in json.loads(found)["data"]["result"] if each["value"][1] != "NaN"]
