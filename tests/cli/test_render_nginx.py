"""What the rendered nginx keeps, and tells others to keep, of an application that says what it likes."""

import os
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from perfkit.embedded.spawn import hand_over, ordinary_mode, spawn
from perfkit.render.model import Address, Known, Places
from tests.cli.chain import free_ports, get, program, wait_until
from tests.unit.render.test_render import stack, text_of

_LOOPBACK = "127.0.0.1"
_HASHED = "/media/jane-3f9a2c1b.jpg"
_IMMUTABLE = "public, max-age=31536000, immutable"


class _Application(BaseHTTPRequestHandler):
    """Answers with the status and the Cache-Control that are asked for, and with who asks."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        body = self.headers.get("Authorization", "nobody").encode()
        self.send_response(int(asked.get("status", ["200"])[0]))
        if "say" in asked:
            self.send_header("Cache-Control", asked["say"][0])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def application() -> Iterator[Address]:
    with ThreadingHTTPServer((_LOOPBACK, 0), _Application) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Address(_LOOPBACK, server.server_port)
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def nginx(application: Address, server_folder: Path) -> Iterator[str]:
    """Yield the URL of the nginx before the application."""
    folder = server_folder / "nginx"
    folder.mkdir(mode=0o711)
    hand_over(folder, ordinary_mode())
    place = Address(_LOOPBACK, free_ports(1)[0])
    known = stack(instances=Known((application,), "a test"), places=Places(nginx=place, run=str(folder)))
    (folder / "nginx.conf").write_text(text_of("nginx", known))
    command = [program("nginx"), "-c", str(folder / "nginx.conf"), "-p", str(folder), "-g", "daemon off;"]
    pid = spawn(command, mode=ordinary_mode(), log=folder / "log", die_with_parent=True)
    try:
        wait_until(lambda: get(f"http://{place}/?say=no-store")[0] == 200, folder / "log")
        yield f"http://{place}"
    finally:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)


def asked(nginx: str, path: str, *, says: str = "", status: int = 200, who: str = "") -> tuple[str, str, str]:
    """Return whose answer it is, and what browsers and CDNs are told of keeping it."""
    url = f"{nginx}{path}?status={status}" + (f"&say={quote(says)}" if says else "")
    _, headers, body = get(url, {"Authorization": who} if who else {})
    return body.decode(), headers.get("cache-control", ""), headers.get("cdn-cache-control", "")


@pytest.mark.parametrize("path", ["/mine", _HASHED])
def test_an_answer_to_somebody_is_given_to_nobody_else(nginx: str, path: str) -> None:
    says = "max-age=60"
    for who in ("Bearer jane", "Bearer joe", ""):
        assert asked(nginx, path, says=says, who=who)[0] == (who or "nobody")
    # Nor is what anybody may see given to somebody, for whom it may be another.
    assert asked(nginx, path, says=says, who="Bearer jane")[0] == "Bearer jane"


def test_the_year_of_a_hashed_name_is_not_for_what_is_somebody_s(nginx: str) -> None:
    assert asked(nginx, _HASHED) == ("nobody", _IMMUTABLE, "")
    assert asked(nginx, _HASHED, says="public, max-age=0") == ("nobody", _IMMUTABLE, "")
    for says in ("private", "no-store", "max-age=5, Private", "no-cache"):
        assert asked(nginx, _HASHED, says=says) == ("nobody", says, "")
    assert asked(nginx, _HASHED, who="Bearer jane") == ("Bearer jane", "", "")


@pytest.mark.parametrize("status", [302, 404])
def test_the_year_of_a_hashed_name_is_not_for_redirects_and_errors(nginx: str, status: int) -> None:
    assert asked(nginx, _HASHED, status=status) == ("nobody", "", "")
    assert asked(nginx, _HASHED, says="no-store", status=status) == ("nobody", "no-store", "")
