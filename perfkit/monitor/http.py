"""The exporter's door: /metrics and /healthz over HTTP or HTTPS, with a password where one is set."""

import hmac
import socket
import ssl
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from perfkit.errors import UsageError
from perfkit.monitor.instruments import Instruments
from perfkit.monitor.page import Page
from perfkit.monitor.thresholds import CLIENT_TIMEOUT_S

_Metrics = Callable[[str], tuple[bytes, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where the exporter listens, and whom it answers; `credentials` are "user:password", None for everybody."""

    host: str
    port: int
    certificate: Path | None = None
    key: Path | None = None
    credentials: str | None = field(default=None, repr=False)

    @property
    def is_loopback(self) -> bool:
        """Tell whether only this machine can reach it."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


@contextmanager
def open_door(door: Door, page: Page, instruments: Instruments) -> Iterator[str]:
    """Answer in threads of their own while the block runs; yield the URL. Raises UsageError when it cannot listen."""
    lock = Lock()

    def metrics(accept: str) -> tuple[bytes, str]:
        with lock, instruments.scrape_seconds.time():
            return page.render(accept)

    server = _server(door, metrics)
    thread = Thread(target=server.serve_forever, name="perfkit-http", daemon=True)
    thread.start()
    host = f"[{door.host}]" if ":" in door.host else door.host
    try:
        yield f"{'https' if door.certificate else 'http'}://{host}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _server(door: Door, metrics: _Metrics) -> ThreadingHTTPServer:
    context = _tls(door)

    class Handler(_Handler):
        credentials = door.credentials
        page = staticmethod(metrics)

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False
        address_family = socket.AF_INET6 if ":" in door.host else socket.AF_INET

        def finish_request(self, request: Any, client_address: Any) -> None:
            # In the client's own thread: a handshake that never ends keeps nobody else waiting.
            request.settimeout(CLIENT_TIMEOUT_S)
            wrapped = context.wrap_socket(request, server_side=True) if context else request
            super().finish_request(wrapped, client_address)

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Say nothing of clients that go away or speak no HTTP."""

    try:
        return Server((door.host, door.port), Handler)
    except (OSError, OverflowError) as error:
        raise UsageError(
            f"cannot listen on {door.host}:{door.port}: {getattr(error, 'strerror', None) or error}",
            hint="choose another place: --listen HOST:PORT",
        ) from None


def _tls(door: Door) -> ssl.SSLContext | None:
    if door.certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(door.certificate, door.key)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"cannot use the certificate {door.certificate}: {error.strerror or error}",
            hint="it must be PEM, its key without a passphrase",
        ) from None
    return context


class _Handler(BaseHTTPRequestHandler):
    credentials: str | None
    page: _Metrics
    server_version = "perfkit"
    sys_version = ""

    def do_GET(self) -> None:  # the name that http.server calls
        path = self.path.partition("?")[0]
        if path == "/healthz":
            self._answer(HTTPStatus.OK, b"ok\n")
        elif not self._is_known():
            self._answer(HTTPStatus.UNAUTHORIZED, b"a password is needed\n")
        elif path == "/metrics":
            self._answer(HTTPStatus.OK, *type(self).page(self.headers.get("Accept", "")))
        else:
            self._answer(HTTPStatus.NOT_FOUND, b"here are /metrics and /healthz\n")

    def _is_known(self) -> bool:
        if self.credentials is None:
            return True
        scheme, _, given = self.headers.get("Authorization", "").partition(" ")
        try:
            decoded = b64decode(given, validate=True)
        except (Base64Error, ValueError):
            return False
        return scheme.lower() == "basic" and hmac.compare_digest(decoded, self.credentials.encode())

    def _answer(self, status: HTTPStatus, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
        self.send_response(status)
        if status is HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", 'Basic realm="perfkit"')
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name that http.server gives
        """Log nothing: a scrape every few seconds is no news."""
