"""What compose.yaml says of roles and of the exporter, carried out without Docker on a server that is not local."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from perfkit.db.guard import Guard, guarded
from perfkit.embedded import PostgresServer, start_postgres, stop_postgres
from perfkit.errors import GuardError
from tests.cli.chain import free_ports, is_open, program, wait_until
from tests.cli.command import Perfkit
from tests.cli.monitoring import eventually, exporter, get, running, samples
from tests.conftest import FAST
from tests.unit.render.test_render import stack, text_of

_LOOPBACK = "127.0.0.1"
_SECRETS = "/run/secrets"
_FROM_AFAR = """
defaults
    mode tcp
    timeout connect 5s
    timeout client 1m
    timeout server 1m
listen afar
    bind 127.0.0.1:{port}
    server postgres 127.0.0.1:{server_port} source {source}
"""


@pytest.fixture
def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(text_of("compose", stack()).replace("$$", "$"))
    return document


@pytest.fixture
def server(server_folder: Path) -> Iterator[PostgresServer]:
    """Yield a server of the test's own, as roles have fixed names, with the database that the image makes."""
    folder = server_folder / "composed"
    server = start_postgres(folder, settings=FAST, die_with_parent=True)
    with (folder / "data" / "pg_hba.conf").open("a") as file:
        file.write("host all all samehost scram-sha-256\n")
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("CREATE DATABASE alumni")
    yield server
    stop_postgres(folder)
    shutil.rmtree(folder)


@pytest.fixture
def secrets(perfkit: Perfkit) -> Path:
    folder = perfkit.directory / "secrets"
    folder.mkdir()
    for name, text in {
        "alumni_password": "it's \\ sesame\n",
        "perfkit_password": "sesame too\n",
        "pgpass": "*:*:alumni:perfkit:sesame too\n",
    }.items():
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(text)
    return folder


def test_the_exporter_watches_with_the_role_that_was_made(
    compose: Mapping[str, Any], server: PostgresServer, secrets: Path, perfkit: Perfkit
) -> None:
    make_roles(compose, server, secrets)
    with psycopg.connect(server.dsn_for("alumni", "alumni", "it's \\ sesame")) as connection:
        connection.execute("CREATE TABLE person (id int)")
    (perfkit.directory / "queries").mkdir()
    (perfkit.directory / "queries" / "one.sql").write_text("-- name: one\nSELECT count(*) FROM person;\n")
    service = compose["services"]["perfkit"]
    words = [word.replace("=/", "=") for word in service["command"] if "--listen" not in word]
    assert words[:3] == ["perfkit", "monitor", "serve"]
    with from_afar(server, perfkit.directory) as port:
        own = {"PGHOST": _LOOPBACK, "PGPORT": str(port), "PGPASSFILE": str(secrets / "pgpass")}
        with exporter(Perfkit(perfkit.directory, service["environment"] | own), *words[3:]) as (place, _):
            url = f"http://{_LOOPBACK}:{place}/metrics"
            probes = 'perfkit_probes_total{case="default",query="one"}'
            eventually(lambda: samples(get(url) or b"").get(probes, 0) > 0, "a probe")


def make_roles(compose: Mapping[str, Any], server: PostgresServer, secrets: Path) -> None:
    """Run the script as the image does: docker_process_sql in its docker-entrypoint.sh."""
    (name,) = (
        each["source"]
        for each in compose["services"]["postgres"]["configs"]
        if each["target"].startswith("/docker-entrypoint-initdb.d/")
    )
    script = compose["configs"][name]["content"].replace(_SECRETS, str(secrets))
    psql = [str(server.binaries / "psql"), server.dsn_for("alumni"), "--no-psqlrc", "-v", "ON_ERROR_STOP=1"]
    subprocess.run(psql, input=script, text=True, check=True)


@contextmanager
def from_afar(server: PostgresServer, folder: Path) -> Iterator[int]:
    """Yield a port by which clients come to the server from an address that is not its own."""
    (port,) = free_ports(1)
    path = folder / "haproxy.cfg"
    path.write_text(_FROM_AFAR.format(port=port, server_port=server.port, source=address_of_this_machine()))
    with running([program("haproxy"), "-db", "-f", str(path)], folder / "haproxy.log"):
        wait_until(lambda: is_open(port), folder / "haproxy.log")
        dsn = f"postgresql://perfkit:sesame%20too@{_LOOPBACK}:{port}/alumni"
        with (
            psycopg.connect(dsn) as connection,
            pytest.raises(GuardError, match="a primary on another machine"),
            guarded(connection, Guard()),
        ):
            pass
        yield port


def address_of_this_machine() -> str:
    """Return one that is not the loopback's; without it the test is skipped, but fails in CI."""
    with socket.socket(type=socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(("192.0.2.1", 9))  # sends nothing: the system only chooses the address
        except OSError:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip("this machine has no address but the loopback's")
        return str(asked.getsockname()[0])
