"""perfkit bench cache, as a user runs it: what it tells, what it keeps, and what it leaves, which is nothing."""

import json
import os
import re
import signal
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import redis

from perfkit.embedded import ValkeyServer, start_valkey, stop_valkey
from tests.cli.command import Perfkit
from tests.cli.schemas import holds

QUICK = ("--requests=100", "--rounds=1", "--keys=20")
QUERIES = ("class_list", "names_of_many")


def bench(perfkit: Perfkit, *arguments: object) -> dict[str, Any]:
    result = perfkit("bench", "cache", *QUICK, *arguments, "--format", "json")
    assert result.returncode == 0, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    holds("bench.cache", document)
    return document


def schemas(dsn: str) -> set[str]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'perfkit%'").fetchall()
    return {name for (name,) in rows}


def test_ways_are_compared_and_what_keeps_true_has_no_stale_read(own_project: Perfkit, own_dsn: str) -> None:
    document = bench(own_project, "--rounds=2", "--writes=0.05", "--plot=hits.svg")
    stale = {way["invalidation"]: sum(run["stale"] for run in way["rounds"]) for way in document["ways"]}
    assert stale.keys() == {"ttl", "version", "notify"}
    assert (stale["version"], stale["notify"]) == (0, 0)
    assert document["way"] == "notify"
    figures = {figure["id"]: figure for figure in document["figures"]}
    assert figures["stale_reads"]["median"] == 0
    assert {"hit_share", "hit_p50_ms", "miss_p95_ms"} <= figures.keys()
    for way in document["ways"][1:]:
        assert all(abs(run["hit_share"] - run["predicted_hit_share"]) < 0.1 for run in way["rounds"])
    unprotected, protected = document["stampedes"]
    # Once in a while the first of the clients is done before the others come.
    assert max(unprotected["database_reads"]) > 1
    assert max(protected["database_reads"]) == 1
    assert "<svg" in (own_project.directory / "hits.svg").read_text()
    assert schemas(own_dsn) == set()
    assert [path.name for path in own_project.directory.glob(".perfkit/caches/*")] == ["door.lock"]


def test_a_database_that_is_not_ours_is_not_written_to_unless_it_is_said(project: Perfkit) -> None:
    document = bench(project)
    assert document["requests"]["writes"] == 0
    assert [way["invalidation"] for way in document["ways"]] == ["ttl"]
    assert any("pg_buffercache" in note for note in document["own_cache"]["notes"])
    kept = json.loads((project.directory / ".perfkit" / "bench" / "cache.json").read_text())
    assert kept["bench"] == "cache"


def test_writes_that_the_role_cannot_plan_are_not_taken_for_none(own_project: Perfkit, own_dsn: str) -> None:
    with psycopg.connect(own_dsn, autocommit=True) as connection:
        connection.execute("REVOKE UPDATE ON alumni.people FROM perfkit_demo")
    document = bench(own_project, "--writes=0.05", "--invalidate=version")
    assert any("GRANT UPDATE ON alumni.people TO" in note for note in document["notes"])
    queries = {each["query"]: each for each in document["recommendation"]["queries"]}
    assert not queries["class_list"]["writes_seen"]
    assert queries["class_list"]["ttl_alone_seconds"] <= 60


def test_the_text_tells_the_recommendation(project: Perfkit) -> None:
    result = project("bench", "cache", *QUICK, *QUERIES)
    assert result.returncode == 0, result.stderr
    text = " ".join(result.stdout.split())
    assert re.search(r"Recommended: maxmemory [\d.]+ MB, policy allkeys-l[rf]u", text)
    assert "When 8 clients miss" in text
    assert not (project.directory / ".perfkit" / "bench").exists()  # a part of the catalog is not its result


def test_a_server_of_the_user_s_keeps_its_settings_and_all_its_keys(
    project: Perfkit, valkey: ValkeyServer
) -> None:
    with closing(redis.Redis.from_url(valkey.url)) as client:
        client.set("theirs", "1")
        settings = client.config_get("maxmemory*")
        document = bench(project, f"--redis={valkey.url}", *QUERIES)
        assert client.keys("perfkit:*") == []
        assert client.get("theirs") == b"1"
        assert client.config_get("maxmemory*") == settings
        client.delete("theirs")
    assert document["maxmemory_bytes"] == int(settings["maxmemory"] or 0)
    assert document["ways"][0]["rounds"][0]["memory_per_entry_bytes"] is None


def test_a_recorded_trace_is_replayed(project: Perfkit, tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    years = [1998, 1999, 1998, 2000] * 50
    trace.write_text(
        "".join(
            json.dumps({"query": "class_list", "values": {"year": year}, "at": place * 0.1}) + "\n"
            for place, year in enumerate(years)
        )
    )
    document = bench(project, f"--trace={trace}", "--requests=300")
    assert document["requests"]["recorded"]
    assert document["requests"]["keys"] == 3
    assert round(document["requests"]["per_minute"]) == 603
    assert document["ways"][0]["rounds"][0]["reads"] == 200


def test_writes_of_a_trace_are_left_out_where_nobody_asked_for_them(
    own_project: Perfkit, tmp_path: Path
) -> None:
    trace = tmp_path / "trace.jsonl"
    calls = [{"query": "class_list", "values": {"year": 1998 + place % 3}} for place in range(200)]
    calls[50::50] = [{"query": "profile_update", "values": {"person": 7}}] * 3
    trace.write_text("".join(json.dumps(call) + "\n" for call in calls))
    document = bench(own_project, f"--trace={trace}", "--invalidate=version")
    assert (document["requests"]["count"], document["requests"]["writes"]) == (197, 0)
    assert "--writes" in document["left_out"]["profile_update"]
    written = bench(own_project, f"--trace={trace}", "--invalidate=version", "--writes=0.1")
    assert (written["requests"]["count"], written["requests"]["writes"]) == (200, 3)


def test_a_cache_that_is_killed_is_said_and_the_database_answers(project: Perfkit, tmp_path: Path) -> None:
    server = start_valkey(tmp_path / "valkey")
    # Only what stands in a trace is predicted, not many times the requests of a run.
    calls = [{"query": "class_list", "values": {"year": 1990 + place % 20}} for place in range(10_000)]
    (tmp_path / "trace.jsonl").write_text("".join(json.dumps(call) + "\n" for call in calls))
    try:
        command = ("bench", "cache", "--requests=10000", "--trace=trace.jsonl", f"--redis={server.url}")
        with closing(redis.Redis.from_url(server.url)) as client, project.start(*command) as process:
            while client.info("stats")["keyspace_hits"] < 500 and process.poll() is None:
                time.sleep(0.01)
            os.kill(server.pid, signal.SIGKILL)
            stdout, stderr = process.communicate(timeout=60)
    finally:
        stop_valkey(tmp_path / "valkey")
    assert process.returncode == 3, stderr
    assert "the cache was lost after" in stdout
    assert "the database answered the" in " ".join(stdout.split())


def test_what_cannot_be_understood_is_refused_before_anything_is_measured(project: Perfkit) -> None:
    wrong = {
        "--invalidate=sometimes": "one of all, notify, ttl, version",
        "--policy=random": "allkeys-lru",
        "--trace=nowhere.jsonl": "cannot read nowhere.jsonl",
        "--redis=nonsense": "redis://",
        "--maxmemory=much": "is not a size",
    }
    for option, words in wrong.items():
        result = project("bench", "cache", *QUICK, *QUERIES[: not option.startswith("--trace")], option)
        assert result.returncode == 2, (option, result.stderr)
        assert words in result.stderr


def test_a_cache_that_is_not_there_is_said(project: Perfkit) -> None:
    result = project("bench", "cache", *QUICK, *QUERIES, "--redis=redis://:sesame@127.0.0.1:1/0")
    assert result.returncode == 3
    assert "the cache does not answer" in result.stderr


def test_a_server_of_the_user_s_without_room_is_said_and_left_as_it_is(
    project: Perfkit, tmp_path: Path
) -> None:
    server = start_valkey(tmp_path / "valkey", die_with_parent=True)
    try:
        with closing(redis.Redis.from_url(server.url)) as client:
            client.config_set("maxmemory-policy", "noeviction")
            # There is room for some of the entries, but not for all of them.
            client.config_set("maxmemory", int(client.info("memory")["used_memory"]) + 100_000)
            result = project("bench", "cache", *QUICK, f"--redis={server.url}")
            assert client.keys() == []
    finally:
        stop_valkey(tmp_path / "valkey")
    assert result.returncode == 3
    assert "the cache has no room" in result.stderr


def test_an_interrupt_leaves_nothing(own_project: Perfkit, own_dsn: str) -> None:
    command = ("bench", "cache", "--writes=0.05", "--requests=500", "--keys=20", *QUERIES)
    with own_project.start(*command) as process:
        end = time.monotonic() + 60
        while not schemas(own_dsn) and process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stderr == "perfkit: interrupted\n"
    assert schemas(own_dsn) == set()
    assert [path.name for path in own_project.directory.glob(".perfkit/caches/*")] == ["door.lock"]
    with psycopg.connect(own_dsn) as connection:
        (sessions,) = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone() or (None,)
    assert sessions == 0
