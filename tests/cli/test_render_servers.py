"""What perfkit render writes, really run: each program reads its file, and the whole chain loses no request."""

import json
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import yaml

from perfkit.demo.role import DATABASE, ROLE
from perfkit.embedded import PostgresServer
from perfkit.embedded.spawn import Mode, ordinary_mode, run
from tests.cli.chain import Chain, get, program, running_chain, wait_until
from tests.cli.command import PASSWORD, Perfkit

_NUMBERS = ("--pool-size=4", "--maxmemory=16MB", "--policy=allkeys-lfu", "--postgres=18")


@pytest.fixture(scope="module")
def chain(
    alumni_server: PostgresServer, server_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Chain]:
    """Yield the chain before the alumni database."""
    own = Perfkit(tmp_path_factory.mktemp("chain"))

    def perfkit(*words: str) -> str:
        result = own(*words)
        assert result.returncode == 0, result.stderr
        return result.stdout

    folder = server_folder / "chain"
    folder.mkdir(mode=0o711)
    with running_chain(folder, alumni_server.dsn_for(DATABASE, ROLE, PASSWORD), perfkit, _NUMBERS) as running:
        yield running


def test_haproxy_and_nginx_find_nothing_wrong(chain: Chain) -> None:
    checks = (
        [program("haproxy"), "-c", "-f", str(chain.files / "haproxy.cfg")],
        [program("nginx"), "-t", "-q", "-c", str(chain.files / "nginx.conf")],
    )
    for command in checks:
        # As the user of the running nginx: to root it would give its folders to another one.
        done = run(command, mode=ordinary_mode())
        assert done.returncode == 0, done.stdout
        assert "warn" not in done.stdout.lower(), done.stdout


def test_prometheus_and_alertmanager_find_nothing_wrong(chain: Chain) -> None:
    for command in (
        [
            program("promtool", "prometheus"),
            "check",
            "config",
            str(chain.files / "prometheus" / "prometheus.yml"),
        ],
        [
            program("amtool", "prometheus-alertmanager"),
            "check-config",
            str(chain.files / "alertmanager" / "alertmanager.yml"),
        ],
    ):
        done = run(command, mode=Mode.OWN)
        assert done.returncode == 0, done.stdout


def test_haproxy_reads_its_file_of_compose_too(chain: Chain, tmp_path: Path) -> None:
    document = yaml.safe_load((chain.files / "compose.yaml").read_text())
    path = tmp_path / "haproxy.cfg"
    path.write_text(document["configs"]["haproxy.cfg"]["content"].replace("$$", "$") + "\n")
    done = run([program("haproxy"), "-c", "-f", str(path)], mode=Mode.OWN)
    assert done.returncode == 0, done.stdout


def test_pgbouncer_pools_transactions_in_the_size_that_was_given(chain: Chain) -> None:
    with (
        psycopg.connect(chain.pooled_dsn, prepare_threshold=None, autocommit=True) as one,
        psycopg.connect(chain.pooled_dsn, prepare_threshold=None, autocommit=True) as other,
    ):
        pids = [c.execute("SELECT pg_backend_pid()").fetchone() for c in (one, other, one, other)]
        row = one.execute("SELECT count(*) FROM alumni.people").fetchone()
    assert row == (1_000,)
    assert len(set(pids)) <= 2  # a connection of the server's is no client's own
    text = (chain.files / "pgbouncer.ini").read_text()
    assert "default_pool_size = 4\n" in text
    assert PASSWORD not in text


def test_the_cache_has_its_limit_and_keeps_nothing_on_disk(chain: Chain) -> None:
    import redis

    with redis.Redis(port=chain.ports["valkey"]) as cache:
        told = {
            name: cache.config_get(name)[name]
            for name in ("maxmemory", "maxmemory-policy", "save", "appendonly", "lazyfree-lazy-eviction")
        }
    assert told == {
        "maxmemory": str(16 * 1024**2),
        "maxmemory-policy": "allkeys-lfu",
        "save": "",
        "appendonly": "no",
        "lazyfree-lazy-eviction": "yes",
    }


def test_nginx_keeps_hashed_files_for_ever_and_pages_not_at_all(chain: Chain) -> None:
    status, headers, body = get(chain.url("nginx", "/"))
    assert (status, headers.get("cache-control"), headers.get("surrogate-key")) == (200, "no-cache", "page")
    script = re.search(rb"/static/[^\"]+\.js", body)
    assert script
    for expected in ("MISS", "HIT"):
        status, headers, _ = get(chain.url("nginx", script[0].decode()), {"Accept-Encoding": "gzip"})
        assert (status, headers["x-cache"], headers["content-encoding"]) == (200, expected, "gzip")
        assert headers["cache-control"] == "public, max-age=31536000, immutable"
        assert headers["surrogate-key"] == "static"
    _, headers, _ = get(chain.url("nginx", script[0].decode()), {"Accept-Encoding": "gzip", "X-Refresh": "1"})
    assert headers["x-cache"] == "BYPASS"  # asked for anew, and kept
    # What a person asked for is kept nowhere, and what programs ask is not for the world.
    for _ in range(2):
        status, headers, _ = get(chain.url("nginx", "/api/events"))
        assert (status, headers["x-cache"], "cdn-cache-control" in headers) == (200, "MISS", False)
    assert get(chain.url("nginx", "/metrics"))[0] == 404


def test_haproxy_tells_prometheus(chain: Chain) -> None:
    status, _, body = get(chain.url("haproxy-metrics", "/metrics"))
    assert status == 200
    assert b'haproxy_server_status{proxy="instances",server="api1",state="UP"} 1' in body


def test_an_instance_that_is_killed_costs_no_request(chain: Chain) -> None:
    """The last one: an instance is gone after it."""
    stop = threading.Event()
    statuses: list[int] = []

    def ask() -> None:
        while not stop.is_set():
            statuses.append(get(chain.url("haproxy", "/api/totals"))[0])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    before = len(statuses)
    os.kill(chain.instances[0].pid, signal.SIGKILL)
    down = b'haproxy_server_status{proxy="instances",server="api1",state="DOWN"} 1'
    wait_until(
        lambda: down in get(chain.url("haproxy-metrics", "/metrics"))[2], chain.files.parent / "haproxy.log"
    )
    stop.set()
    for thread in threads:
        thread.join()
    assert 0 < before < len(statuses)
    assert set(statuses) == {200}


def test_what_is_not_known_is_not_written(perfkit: Perfkit) -> None:
    result = perfkit("render", "all", "--output=files", "--pool-size=4", "--format=json")
    assert result.returncode == 3
    products = {each["product"]: each for each in json.loads(result.stdout)["products"]}
    assert products["pgbouncer"]["missing"][0]["what"] == "where the database is, is not known"
    assert not any(perfkit.directory.glob("files/pgbouncer.ini"))
