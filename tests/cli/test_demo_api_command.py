"""perfkit demo api: an ordinary application that answers, caches, measures itself, and leaves in good order."""

import gzip
import os
import re
import signal
import socket
import threading
from contextlib import closing
from pathlib import Path

import brotli
import psycopg
import pytest
from psycopg import sql

from perfkit.embedded import PostgresServer, find_valkey, start_valkey
from tests.cli.api import Answer, RunningApi, free_port, get, wait_until
from tests.cli.command import Perfkit


def metric(api: RunningApi, name: str, *, number: int = 1) -> float:
    """Return the sum of a metric's series whose beginning is `name`."""
    text = api.get("/metrics", number=number).body.decode()
    found = re.findall(rf"^{re.escape(name)}.*? ([0-9.e+-]+)$", text, re.MULTILINE)
    return sum(map(float, found))


def test_its_endpoints_answer_what_the_database_has(alumni_api: RunningApi) -> None:
    with psycopg.connect(alumni_api.dsn) as connection:
        row = connection.execute(
            "SELECT public_id::text, family_name, sum(amount)::float, count(*) FROM alumni.people"
            " JOIN alumni.gifts USING (person_id) GROUP BY 1, 2 ORDER BY 4 DESC LIMIT 1"
        ).fetchone()
    assert row is not None
    person, family_name, given, gifts = row
    assert alumni_api.get(f"/api/people/{person}").data["person"]["family_name"] == family_name
    for _ in range(2):  # from the database, then from the cache
        history = alumni_api.get(f"/api/people/{person}/giving").data
        assert (history["total"], len(history["gifts"])) == (pytest.approx(given), gifts)
    first = alumni_api.get("/api/directory").data
    following = alumni_api.get("/api/directory?after={after}&id={id}".format(**first["next"])).data
    names = [(each["family_name"], each["person_id"]) for each in first["people"] + following["people"]]
    assert len(set(names)) == 40
    events = alumni_api.get("/api/events").data["events"]
    assert alumni_api.get(f"/api/events/{events[0]['event_id']}").data["title"] == events[0]["title"]
    assert alumni_api.get("/api/giving/campaigns").data["campaigns"]
    assert alumni_api.get("/api/totals").data["members"] > 0
    assert all(
        each["family_name"].lower().startswith("smi")
        for each in alumni_api.get("/api/search?q=smi").data["people"]
    )


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/search", 400),
        ("/api/search?q=%00", 400),
        ("/api/search?q=" + "x" * 101, 400),
        ("/api/search?q=%25", 200),
        ("/api/people/nobody", 404),
        ("/api/people/00000000-0000-0000-0000-000000000000", 404),
        ("/api/events/2147483648", 400),
        ("/api/events/0", 404),
        ("/api/classes/10000", 404),
        ("/api/events?from=soon", 400),
        ("/api/events?from=2026-01-01T00:00%2B23:59", 400),  # a time zone that PostgreSQL does not know
        ("/api/nothing", 404),
        ("/static/app.js", 404),  # the name without its hash
    ],
)
def test_odd_requests_are_refused_in_words(alumni_api: RunningApi, path: str, status: int) -> None:
    answer = alumni_api.get(path)
    assert answer.status == status
    if status >= 400:
        assert answer.data["error"]["status"] == status
    # What somebody typed for the pattern of LIKE is no pattern.
    assert status != 200 or answer.data == {"people": []}


def test_it_measures_itself_under_the_usual_names(alumni_api: RunningApi) -> None:
    series = 'http_requests_total{handler="/api/people/{person}",method="GET",status="404"}'
    before = metric(alumni_api, series)
    for number in range(3):
        alumni_api.get(f"/api/people/00000000-0000-0000-0000-00000000000{number}")
    assert metric(alumni_api, series) == before + 3
    duration = 'http_request_duration_seconds_bucket{handler="/api/people/{person}",le="+Inf",method="GET"}'
    assert metric(alumni_api, duration) >= 3
    assert 10e6 < metric(alumni_api, "process_resident_memory_bytes") < 512 * 2**20
    assert metric(alumni_api, 'alumni_pool{state="connections"}') >= 1


def test_static_files_are_small_validated_and_kept_for_ever(alumni_api: RunningApi) -> None:
    page = alumni_api.get("/")
    assert page.headers["cache-control"] == "no-cache"
    paths = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.body.decode())
    assert len(set(paths)) == 3
    for path in paths:
        plain = alumni_api.get(path)
        assert plain.headers["cache-control"] == "public, max-age=31536000, immutable"
        packed = alumni_api.get(path, {"accept-encoding": "gzip, br"})
        assert (packed.headers["content-encoding"], packed.headers["vary"]) == ("br", "Accept-Encoding")
        assert brotli.decompress(packed.body) == plain.body
        zipped = alumni_api.get(path, {"accept-encoding": "gzip, br;q=0"})
        assert gzip.decompress(zipped.body) == plain.body
        again = alumni_api.get(path, {"accept-encoding": "gzip, br", "if-none-match": packed.headers["etag"]})
        assert (again.status, again.body) == (304, b"")
        # Another encoding is another content.
        assert alumni_api.get(path, {"if-none-match": packed.headers["etag"]}).status == 200


def test_it_answers_while_the_cache_is_dead_and_uses_it_when_it_is_back(alumni_api: RunningApi) -> None:
    path = "/api/classes/1999"
    expected = alumni_api.get(path).data
    hits = metric(alumni_api, 'alumni_cache_requests_total{result="hit"}')
    assert alumni_api.get(path).data == expected
    assert metric(alumni_api, 'alumni_cache_requests_total{result="hit"}') == hits + 1
    server = find_valkey(alumni_api.cache)
    assert server is not None
    os.kill(server.pid, signal.SIGKILL)
    answers = [alumni_api.get(path) for _ in range(20)]
    assert all((answer.status, answer.data) == (200, expected) for answer in answers)
    assert metric(alumni_api, 'alumni_cache_requests_total{result="error"}') >= 1
    assert start_valkey(alumni_api.cache, die_with_parent=True).port == server.port

    def is_hit() -> bool:
        before = metric(alumni_api, 'alumni_cache_requests_total{result="hit"}')
        assert alumni_api.get(path).data == expected
        return metric(alumni_api, 'alumni_cache_requests_total{result="hit"}') > before

    wait_until(is_hit)


def in_background(port: int, path: str) -> tuple[threading.Thread, list[Answer]]:
    """Start a request, and return its thread with the list that its answer will be in."""
    answers: list[Answer] = []
    thread = threading.Thread(target=lambda: answers.append(get(port, path)), daemon=True)
    thread.start()
    return thread, answers


def is_listening(port: int) -> bool:
    with closing(socket.socket()) as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_an_instance_that_is_told_to_end_drains_and_answers_what_it_was_asked(alumni_api: RunningApi) -> None:
    second = alumni_api.instances[1]
    with psycopg.connect(alumni_api.dsn) as lock:
        lock.execute("LOCK TABLE alumni.events IN ACCESS EXCLUSIVE MODE")
        # Not cached, so that it waits for the lock.
        waiting, answers = in_background(second.port, "/api/events?from=2026-02-03")
        wait_until(lambda: metric(alumni_api, "http_requests_in_progress", number=2) >= 2)
        os.kill(second.pid, signal.SIGTERM)
        wait_until(lambda: get(second.port, "/readyz").status == 503)
        late = get(second.port, "/api/search?q=smi")
        assert (late.status, late.headers["connection"]) == (200, "close")
        assert get(second.port, "/healthz").status == 200
        wait_until(lambda: not is_listening(second.port))
        assert not answers
        lock.rollback()
        waiting.join(20)
    assert answers[0].status == 200
    wait_until(lambda: len(alumni_api.instances) == 1)
    assert alumni_api.get("/readyz").status == 200
    assert alumni_api.up().returncode == 0
    assert len(alumni_api.instances) == 2


def test_without_its_database_it_says_so_and_recovers(
    perfkit: Perfkit, alumni_server: PostgresServer, own_database: str, own_dsn: str
) -> None:
    port = free_port()
    options = (f"--database={own_dsn}", "--cache=none", f"--port={port}")
    assert perfkit("demo", "api", "up", *options).returncode == 0
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
    try:
        with psycopg.connect(alumni_server.dsn, autocommit=True) as superuser:
            superuser.execute(allow.format(sql.Identifier(own_database), sql.Literal(False)))
            superuser.execute(terminate, [own_database])
            wait_until(lambda: get(port, "/readyz").status == 503)
            refused = get(port, "/api/events")
            assert (refused.status, refused.headers["retry-after"]) == (503, "1")
            assert get(port, "/healthz").status == 200
            superuser.execute(allow.format(sql.Identifier(own_database), sql.Literal(True)))
        wait_until(lambda: get(port, "/readyz").status == 200)
        wait_until(lambda: get(port, "/api/events").status == 200)
    finally:
        assert perfkit("demo", "api", "down").returncode == 0


def test_what_cannot_start_says_why_and_leaves_nothing(perfkit: Perfkit, tmp_path: Path) -> None:
    no_demo = perfkit("demo", "api", "up")
    assert (no_demo.returncode, "the demo is not running" in no_demo.stderr) == (3, True)
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        refused = perfkit("demo", "api", "up", f"--port={port}", "--database=host=127.0.0.1 port=1")
        assert (refused.returncode, f"port {port} is taken" in refused.stderr) == (3, True)
    status = perfkit("demo", "api", "status")
    assert (status.returncode, "not running" in status.stdout) == (3, True)
    assert perfkit("demo", "api", "down").returncode == 0
    assert not list(tmp_path.glob(".perfkit/api/*.settings"))


def test_a_stopped_api_leaves_no_process_and_no_secret(perfkit: Perfkit, own_dsn: str) -> None:
    port = free_port()
    up = perfkit(
        "demo", "api", "up", f"--database={own_dsn}", "--cache=none", f"--port={port}", "--drain=60s"
    )
    assert up.returncode == 0, up.stderr
    # It does not drain for a minute when all are stopped.
    assert perfkit("demo", "api", "down").returncode == 0
    assert not is_listening(port)
    left = {path.suffix for path in (perfkit.directory / ".perfkit" / "api").iterdir()}
    assert left == {".log", ".lock"}
