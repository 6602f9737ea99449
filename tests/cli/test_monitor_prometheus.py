"""The whole of watching, with the real programs: what Prometheus scrapes fills every panel, and an alert is delivered.

An alumni database with its API, its cache and a pooler; perfkit's exporter; Prometheus with the rules that perfkit
wrote; Alertmanager, which calls a webhook. Scrapes come every second and alerts need not last, so that a test need not.
"""

import json
import os
import re
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from perfkit.demo.role import DATABASE, ROLE
from perfkit.embedded import PostgresServer, ValkeyServer
from perfkit.embedded.ports import choose_port
from perfkit.embedded.spawn import hand_over, ordinary_mode, spawn
from tests.cli.command import PASSWORD, Perfkit
from tests.cli.conftest import make_project
from tests.cli.monitoring import ask, eventually, exporter, get, program, running

_BENCHES = (
    ("baseline", "--only=class_list", "--only=names_of_many"),
    ("bench", "import", "--rows=50", "--rounds=1", "--ways=copy", "--workers=1", "--no-parts"),
    ("bench", "load", "--users=1,2", "--seconds=1", "--rounds=1"),
)
_PATHS = ("/api/totals", "/api/events", "/api/directory", "/api/search?name=an", "/api/people/1")
_POOLER = """
[databases]
* = host=127.0.0.1 port={server_port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = plain
auth_file = {folder}/users.txt
admin_users = {role}
pool_mode = transaction
server_tls_sslmode = disable
ignore_startup_parameters = extra_float_digits,options
"""


@dataclass(frozen=True, slots=True)
class Watched:
    """Prometheus and Alertmanager, the webhook's calls, and the dashboards as they were written."""

    prometheus: str
    calls: list[dict[str, Any]]
    dashboards: Mapping[str, Any]


@pytest.fixture(scope="module")
def watched(
    alumni_server: PostgresServer,
    valkey: ValkeyServer,
    server_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Watched]:
    programs = {
        name: program(name) for name in ("prometheus", "prometheus-alertmanager", "pgbouncer", "promtool")
    }
    perfkit = Perfkit(tmp_path_factory.mktemp("watched"))
    dsn = alumni_server.dsn_for(DATABASE, ROLE, PASSWORD)
    make_project(perfkit.directory, dsn)
    with (perfkit.directory / "perfkit.toml").open("a") as settings:
        settings.write("users_target = 2\n")  # as many as are tried
    for words in _BENCHES:
        result = perfkit(*words)
        assert result.returncode == 0, result.stderr
    with ExitStack() as stack:
        pool = stack.enter_context(_pooler(server_folder / "watched-pooler", dsn, programs["pgbouncer"]))
        instance = stack.enter_context(_application(perfkit, dsn, valkey.url))
        console = make_conninfo(dsn, port=pool, dbname="pgbouncer")
        port, _ = stack.enter_context(
            exporter(perfkit, "--every=5s", f"--cache={valkey.url}", f"--pool={console}")
        )
        calls, webhook = stack.enter_context(_webhook())
        files = _written(perfkit, f"127.0.0.1:{port}", instance, webhook)
        answers = _start(stack, programs, files)
        stack.enter_context(psycopg.connect(make_conninfo(dsn, port=pool)))
        stack.enter_context(_users(f"http://{instance}"))
        dashboards = {path.stem: json.loads(path.read_text()) for path in files.glob("dashboards/*.json")}
        yield Watched(answers, calls, dashboards)


@contextmanager
def _pooler(folder: Path, dsn: str, binary: str) -> Iterator[int]:
    folder.mkdir(mode=0o711)
    parts, port = conninfo_to_dict(dsn), choose_port(0)
    texts = {
        "pgbouncer.ini": _POOLER.format(server_port=parts["port"], port=port, folder=folder, role=ROLE),
        "users.txt": f'"{ROLE}" "{PASSWORD}"\n',
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
        hand_over(folder / name, ordinary_mode())
    pid = spawn(
        [binary, str(folder / "pgbouncer.ini")],
        mode=ordinary_mode(),
        log=folder / "log",
        die_with_parent=True,
    )
    try:
        eventually(lambda: _connects(make_conninfo(dsn, port=port)), "PgBouncer")
        yield port
    finally:
        os.kill(pid, signal.SIGINT)
        os.waitpid(pid, 0)


def _connects(dsn: str) -> bool:
    try:
        psycopg.connect(dsn).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def _application(perfkit: Perfkit, dsn: str, cache: str) -> Iterator[str]:
    port = choose_port(0)
    words = ("demo", "api", "up", f"--port={port}", f"--database={dsn}", f"--cache={cache}", "--pool=2")
    result = perfkit(*words)
    assert result.returncode == 0, result.stderr
    try:
        yield f"127.0.0.1:{port}"
    finally:
        assert perfkit("demo", "api", "down").returncode == 0


@contextmanager
def _webhook() -> Iterator[tuple[list[dict[str, Any]], str]]:
    """Answer Alertmanager as whoever tells people does; yield the calls, and the URL."""
    calls: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            calls.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield calls, f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def _users(url: str) -> Iterator[None]:
    """Call the application again and again."""
    stop = threading.Event()

    def use() -> None:
        while not stop.wait(0.2):
            for path in _PATHS:
                get(url + path)

    thread = threading.Thread(target=use)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _written(perfkit: Perfkit, exporter: str, application: str, webhook: str) -> Path:
    """Return the folder with all that perfkit writes, its times made those of a test."""
    out = perfkit.directory / "monitoring"
    alertmanager = f"127.0.0.1:{choose_port(0)}"
    places = (f"--exporter={exporter}", f"--application={application}", f"--alertmanager={alertmanager}")
    for words in (("rules", *places, f"--notify={webhook}"), ("dashboard",)):
        result = perfkit("monitor", *words, "-o", out)
        assert result.returncode == 0, result.stderr
    quicker = {
        "prometheus.yml": (r"(scrape_interval|scrape_timeout|evaluation_interval): .*", r"\1: 1s"),
        "alertmanager.yml": (r"group_wait: .*", "group_wait: 0s"),
        "perfkit-rules.yml": (r"\bfor: .*", "for: 0s"),
    }
    for name, (pattern, text) in quicker.items():
        path = out / name
        path.write_text(re.sub(pattern, text, path.read_text()))
    return out


def _start(stack: ExitStack, programs: Mapping[str, str], files: Path) -> str:
    prometheus = f"127.0.0.1:{choose_port(0)}"
    found = re.search(r"127\.0\.0\.1:\d+", (files / "prometheus.yml").read_text())
    assert found
    alertmanager = [
        programs["prometheus-alertmanager"], f"--config.file={files}/alertmanager.yml",
        f"--storage.path={files}/alerts", f"--web.listen-address={found[0]}", "--cluster.listen-address=",
    ]  # fmt: skip
    scraper = [
        programs["prometheus"], f"--config.file={files}/prometheus.yml", f"--storage.tsdb.path={files}/data",
        f"--web.listen-address={prometheus}",
    ]  # fmt: skip
    stack.enter_context(running(alertmanager, files / "alertmanager.log"))
    stack.enter_context(running(scraper, files / "prometheus.log"))
    eventually(lambda: get(f"http://{found[0]}/-/ready"), "Alertmanager")
    eventually(lambda: get(f"http://{prometheus}/-/ready"), "Prometheus")
    return f"http://{prometheus}"


def _expressions(dashboard: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the panels' titles and expressions, with what Grafana puts for a page that shows everything."""
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            expression = target["expr"].replace("$__rate_interval", "20s").replace("$instance", ".*")
            yield panel["title"], expression


def test_prometheus_scrapes_exporter_and_application(watched: Watched) -> None:
    for job in ("perfkit", "application"):
        eventually(partial(ask, watched.prometheus, f'up{{job="{job}"}} == 1'), job)


@pytest.mark.parametrize(
    "page", ["healthy", "queries", "sessions", "cache", "targets", "application", "exporter"]
)
def test_every_panel_of_a_dashboard_shows_something(watched: Watched, page: str) -> None:
    expressions = list(_expressions(watched.dashboards[f"perfkit-{page}"]))
    assert len(expressions) >= 6
    for title, expression in expressions:
        eventually(partial(ask, watched.prometheus, expression), f"{title}: {expression}")


def test_every_dashboard_is_looked_at(watched: Watched) -> None:
    pages = {"healthy", "queries", "sessions", "cache", "targets", "application", "exporter"}
    assert watched.dashboards.keys() == {f"perfkit-{page}" for page in pages}


def test_an_expression_that_finds_nothing_is_seen(watched: Watched) -> None:
    assert ask(watched.prometheus, "perfkit_nothing") == []


def test_an_alert_goes_all_the_way(watched: Watched) -> None:
    """The tests' server does not sync its files, which the check fsync calls critical."""

    def delivered() -> list[Any]:
        return [
            alert
            for call in watched.calls
            for alert in call["alerts"]
            if alert["labels"]["alertname"] == "PerfkitHealthCritical" and alert["labels"]["check"] == "fsync"
        ]

    alert = eventually(delivered, "the alert")[0]
    assert alert["status"] == "firing"
    assert alert["labels"]["severity"] == "critical"
    assert alert["annotations"]["summary"] == "health check fsync is critical"
    assert alert["annotations"]["runbook_url"] == "docs/alerts.md#perfkithealthcritical"
    receivers = {call["receiver"] for call in watched.calls if alert in call["alerts"]}
    assert receivers == {"critical"}
