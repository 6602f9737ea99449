"""perfkit monitor serve: who is answered, what is refused, what it survives, and what it leaves."""

import base64
import signal
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import psycopg
import pytest

from perfkit.embedded import PostgresServer, start_postgres, stop_postgres
from perfkit.embedded.ports import choose_port
from tests.cli.command import Perfkit
from tests.cli.monitoring import eventually, exporter, get, samples
from tests.conftest import FAST

SLOWEST_SCRAPE_S = 2.0
QUERY = "-- name: one\nSELECT count(*) FROM pg_catalog.pg_class;\n"


@pytest.fixture
def restartable(server_folder: Path, perfkit: Perfkit) -> Iterator[Path]:
    """Yield the folder of a server of the test's own, which it may stop; the project names it."""
    folder = server_folder / "restarted"
    server = start_postgres(folder, settings=FAST, die_with_parent=True)
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute("CREATE ROLE watcher LOGIN PASSWORD 'sesame'")
    (perfkit.directory / "queries").mkdir()
    (perfkit.directory / "queries" / "one.sql").write_text(QUERY)
    dsn = server.dsn_for("postgres", "watcher", "sesame")
    (perfkit.directory / "perfkit.toml").write_text(f'dsn = "{dsn}"\n')
    yield folder
    stop_postgres(folder)


def page(port: int) -> dict[str, float]:
    began = time.monotonic()
    found = get(f"http://127.0.0.1:{port}/metrics")
    assert found is not None
    assert time.monotonic() - began < SLOWEST_SCRAPE_S
    return samples(found)


def is_up(port: int, wanted: float) -> bool:
    return get(f"http://127.0.0.1:{port}/healthz") is not None and page(port)["perfkit_up"] == wanted


def test_it_outlives_a_database_that_goes_and_comes(restartable: Path, perfkit: Perfkit) -> None:
    with exporter(perfkit, "--every=1s") as (port, process):
        eventually(partial(is_up, port, 1), "the database")
        eventually(
            lambda: page(port).get('perfkit_probes_total{case="default",query="one"}', 0) > 0, "a probe"
        )
        stop_postgres(restartable)
        eventually(partial(is_up, port, 0), "the database's absence")
        gone = page(port)
        assert not any(series.startswith(("perfkit_sessions", "perfkit_health_state")) for series in gone)
        server = start_postgres(restartable, settings=FAST, die_with_parent=True)
        eventually(partial(is_up, port, 1), "the database again")
        back = page(port)
        assert back["perfkit_connections_total"] == 2
        assert back['perfkit_source_errors_total{source="database"}'] > 0
        assert own_connections(server) == 1
        assert process.poll() is None
    assert process.returncode == 0
    eventually(lambda: own_connections(server) == 0, "the connection's end")


def own_connections(server: PostgresServer) -> int:
    with psycopg.connect(server.dsn) as connection:
        row = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = 'watcher'").fetchone()
    assert row
    return int(row[0])


def test_health_and_baseline_are_told_beside_the_probes(recorded: Perfkit) -> None:
    with exporter(recorded, "--every=2s", "class_list") as (port, _):
        eventually(partial(get, f"http://127.0.0.1:{port}/healthz"), "the exporter")
        eventually(
            lambda: any(name.startswith("perfkit_query_plan_changed{") for name in page(port)), "a probe"
        )
        eventually(lambda: any(name.startswith("perfkit_health_state{") for name in page(port)), "health")
        told = page(port)
        asked = urllib.request.Request(
            f"http://127.0.0.1:{port}/metrics",
            headers={"Accept": "application/openmetrics-text;version=1.0.0"},
        )
        with urllib.request.urlopen(asked, timeout=5) as answer:
            assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
            assert answer.read().endswith(b"\n# EOF\n")
    changed = {value for series, value in told.items() if series.startswith("perfkit_query_plan_changed{")}
    assert changed == {0}
    cases = {
        series.partition("{")[2] for series in told if series.startswith("perfkit_query_baseline_blocks{")
    }
    assert cases
    for case in cases:
        assert told["perfkit_query_baseline_blocks{" + case] > 0
        assert told["perfkit_query_baseline_seconds{" + case] > 0
    # The tests' servers do not sync their files; a role that may not look is told apart from all being well.
    assert told['perfkit_health_state{check="fsync"}'] == 2


def test_a_plan_that_changed_is_told(recorded: Perfkit, own_dsn: str, superuser_dsn: str) -> None:
    assert superuser_dsn
    with psycopg.connect(own_dsn, autocommit=True) as connection:
        indexes = connection.execute(
            "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid::regclass::text LIKE 'alumni.%' AND NOT indisunique"
        ).fetchall()
        for (name,) in indexes:
            connection.execute(f"DROP INDEX IF EXISTS {name} CASCADE".encode())
    with exporter(recorded, "--every=2s", f"--dsn={own_dsn}", "class_list") as (port, _):
        eventually(partial(get, f"http://127.0.0.1:{port}/healthz"), "the exporter")
        eventually(
            lambda: any(
                value == 1
                for name, value in page(port).items()
                if name.startswith("perfkit_query_plan_changed{")
            ),
            "a changed plan",
        )


def test_scrapes_need_the_password_and_tls(project: Perfkit, tmp_path: Path) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    (tmp_path / "auth").write_text("prometheus:sesame\n")
    (tmp_path / "auth").chmod(0o600)
    options = ("--tls-cert=cert.pem", "--tls-key=key.pem", "--auth-file=auth", "--every=10min", "class_list")
    with exporter(project, *options) as (port, _):
        trusted = ssl.create_default_context(cafile=tmp_path / "cert.pem")
        url = f"https://127.0.0.1:{port}"
        eventually(lambda: status(f"{url}/healthz", trusted) == 200, "the exporter")
        assert status(f"{url}/metrics", trusted) == 401
        assert status(f"{url}/metrics", trusted, "prometheus:wrong") == 401
        assert status(f"{url}/metrics", trusted, "prometheus:sesame") == 200
        assert status(f"{url}/elsewhere", trusted, "prometheus:sesame") == 404
        assert get(f"http://127.0.0.1:{port}/metrics") is None


def status(url: str, context: ssl.SSLContext, credentials: str = "") -> int:
    request = urllib.request.Request(url)
    if credentials:
        request.add_header("Authorization", f"Basic {base64.b64encode(credentials.encode()).decode()}")
    try:
        with urllib.request.urlopen(request, timeout=5, context=context) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return 0


def test_a_silent_client_keeps_nobody_waiting(project: Perfkit) -> None:
    import socket

    with exporter(project, "--every=10min", "class_list") as (port, _):
        eventually(partial(get, f"http://127.0.0.1:{port}/healthz"), "the exporter")
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
        try:
            page(port)
        finally:
            for each in silent:
                each.close()


def test_it_listens_on_this_machine_alone_unless_told(project: Perfkit) -> None:
    port = choose_port(0)
    with project.start(
        "monitor", "serve", f"--listen=0.0.0.0:{port}", "--every=10min", "class_list"
    ) as process:
        try:
            eventually(partial(get, f"http://127.0.0.1:{port}/healthz"), "the exporter")
        finally:
            process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert "can be reached from elsewhere: set --tls-cert and --auth-file" in said
    assert "--listen" in project("monitor", "serve", "--help").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--listen=nowhere",), 2, "is no place"),
        (("--tls-key=key.pem",), 2, "belongs to a certificate"),
        (("--tls-cert=none.pem",), 2, "cannot use the certificate none.pem"),
        (("--auth-file=none",), 2, "cannot read none"),
        (("--every=1ms",), 2, "too often"),
        (("no_such_query",), 2, "no_such_query"),
    ],
)
def test_what_cannot_be_is_refused(
    project: Perfkit, arguments: tuple[str, ...], code: int, words: str
) -> None:
    result = project("monitor", "serve", f"--listen=127.0.0.1:{choose_port(0)}", *arguments)
    assert result.returncode == code
    assert words in result.stderr


def test_a_superuser_is_refused(project: Perfkit, superuser_dsn: str) -> None:
    refused = project("monitor", "serve", f"--listen=127.0.0.1:{choose_port(0)}", f"--dsn={superuser_dsn}")
    assert refused.returncode == 3
    assert "is a superuser" in refused.stderr


def test_a_taken_port_is_told(project: Perfkit) -> None:
    with exporter(project, "--every=10min", "class_list") as (port, _):
        eventually(partial(get, f"http://127.0.0.1:{port}/healthz"), "the exporter")
        result = project("monitor", "serve", f"--listen=127.0.0.1:{port}")
    assert result.returncode == 2
    assert "cannot listen on 127.0.0.1" in result.stderr


def test_an_interrupt_ends_it_in_the_middle_of_a_statement(perfkit: Perfkit, dsn: str) -> None:
    (perfkit.directory / "queries").mkdir()
    (perfkit.directory / "queries" / "slow.sql").write_text("-- name: slow\nSELECT pg_sleep(20);\n")
    (perfkit.directory / "perfkit.toml").write_text(f'dsn = "{dsn}"\n')
    with exporter(perfkit, "--every=10min") as (port, process):
        eventually(lambda: get(f"http://127.0.0.1:{port}/healthz"), "the exporter")
        eventually(lambda: sleeping(dsn) == 1, "the statement")
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        assert process.returncode == 130
    assert sleeping(dsn) == 0


def sleeping(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND pid <> pg_backend_pid()"
        ).fetchone()
    assert row
    return int(row[0])
