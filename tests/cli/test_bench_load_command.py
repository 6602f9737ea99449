"""perfkit bench load: users on the catalog, and what comes of them in text, JSON, a picture and the targets."""

import json
import signal
import time
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from perfkit.demo.role import ROLE
from perfkit.embedded import PostgresServer
from tests.cli.command import PASSWORD, Perfkit
from tests.cli.schemas import holds
from tests.db.pooler import running_pooler

QUICK = ("--users=1,4", "--seconds=1", "--rounds=2", "--think=20ms")


def test_a_load_tells_users_pool_and_targets(project: Perfkit) -> None:
    once = ("--rounds=1", "--plot=load.svg", "--also=json=load.json")
    result = project("bench", "load", *QUICK, *once)
    assert result.returncode == 0, result.stderr
    assert "All 4 users, who pause 20.0 ms between calls, are held" in result.stdout
    assert "A pool of" in result.stdout
    assert "writes; give --writes on the demo" in result.stdout
    document = json.loads((project.directory / "load.json").read_text())
    holds("bench.load", document)
    one, four = document["levels"]
    # Users who pause hardly stand in each other's way: four call four times as often.
    assert four["latency"]["calls"] > 2 * one["latency"]["calls"]
    assert one["latency"]["p50_ms"] <= one["latency"]["p99_ms"] <= one["latency"]["largest_ms"]
    assert [level["users"] for level in document["pool"]["levels"]][:3] == [1, 2, 4]
    assert document["figures"][0]["id"] == "users_held"
    assert "</svg>" in (project.directory / "load.svg").read_text()
    targets = project("targets", "--format", "json")
    found = {each["id"]: each["state"] for each in json.loads(targets.stdout)["targets"]}
    assert found["users"] == "unknown"  # 4 of the 100 that are wanted were tried


def test_a_part_of_the_catalog_says_nothing_of_the_targets_and_leaves_no_session(
    project: Perfkit, superuser_dsn: str
) -> None:
    result = project("bench", "load", "names_of_many", *QUICK, "--no-pool")
    assert result.returncode == 0
    assert result.stderr == "perfkit: 2 steps of users, 2 runs of 1 s each, about 4 s\n"
    assert "A pool of" not in result.stdout
    assert not (project.directory / ".perfkit" / "bench").exists()
    with psycopg.connect(superuser_dsn) as connection:
        sessions = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'perfkit load%'"
        ).fetchone()
    assert sessions == (0,)


def test_an_open_model_says_how_many_calls_came_late(project: Perfkit) -> None:
    once = ("--seconds=2", "--rounds=1", "--format=json")
    result = project("bench", "load", "names_of_many", "--rate=50", "--users=4", *once)
    assert result.returncode == 0
    document = json.loads(result.stdout)
    assert document["pool"] is None
    assert document["options"]["rate"] == "50"
    assert document["levels"][0]["calls_per_s"][0] == pytest.approx(50, rel=0.35)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--users=0,2",), "--users '0,2' is no list of numbers"),
        (("--protocol=binary",), "none of simple, extended, prepared"),
        (("--writes",), "on the demo only"),
        (("--think=soon",), "'soon' is not a duration"),
        (("--engine=jmeter",), "none of pgbench, locust"),
        (("--engine=locust", "--protocol=simple"), "sends parameters"),
        (("--engine=locust", "--threads=2"), "--threads are pgbench's"),
        (("--master=127.0.0.1:5557",), "is of --engine locust"),
        (("--engine=locust", "--master=here"), "'here' is no HOST:PORT"),
        (("--engine=locust", "--workers=2"), "add --master HOST:PORT"),
        (("profile_page", "--worker=127.0.0.1:5557", "--rate=5"), "without queries, --rate"),
        (("--worker=127.0.0.1:5557", "--writes"), "on the demo only"),
    ],
)
def test_a_wrong_option_is_told_before_anything_runs(
    project: Perfkit, options: tuple[str, ...], told: str
) -> None:
    result = project("bench", "load", *options)
    assert result.returncode == 2
    assert told in result.stderr


def test_more_users_than_connections_is_a_result(project: Perfkit) -> None:
    result = project(
        "bench", "load", "names_of_many", "--users=1,5000", "--seconds=1", "--rounds=1", "--no-pool"
    )
    assert result.returncode == 0
    assert "1 user" in result.stdout
    assert "5,000 users want a connection each" in " ".join(result.stdout.split())


def test_through_a_pooler_many_users_share_few_sessions(
    project: Perfkit, alumni_server: PostgresServer, server_folder: Path, dsn: str
) -> None:
    quick = ("--users=8", "--seconds=2", "--rounds=1", "--think=50ms", "--no-pool", "--format=json")
    folder = server_folder / "load pooler"
    with running_pooler(folder, alumni_server.port, ROLE, PASSWORD, pool_mode="transaction", size=2) as port:
        pooler = ("--pooler", make_conninfo(dsn, port=port), *quick)
        runs = {}
        for engine in ("pgbench", "locust"):
            result = project("bench", "load", "names_of_many", *pooler, "--engine", engine)
            assert result.returncode == 0, result.stderr
            document = json.loads(result.stdout)
            assert document["users_held"] == 8
            runs[engine] = document["levels"][0]["runs"][0]
        # Without a pause both of the pooler's sessions are busy, so that a user is given now one, now the other.
        prepared = project("bench", "load", *pooler, "--protocol=prepared", "--think=0")
    assert all(run["calls"] > 100 and 1 <= run["sessions_most"] <= 2 for run in runs.values())
    assert all(not run["errors"] for run in runs.values())
    # What the session of another user prepared is not there.
    errors = json.loads(prepared.stdout)["levels"][0]["runs"][0]["errors"]
    assert any(error.startswith("26000 ") for error in errors), errors


def test_a_load_goes_only_where_the_guard_lets_it_and_to_the_database_that_is_measured(
    project: Perfkit, superuser_dsn: str, own_dsn: str
) -> None:
    for options, code, told in (
        ((f"--pooler={own_dsn}",), 2, "another server or database than the one that is measured"),
        ((f"--pooler={superuser_dsn}",), 3, "is a superuser"),
        (("--worker=127.0.0.1:1", f"--pooler={own_dsn}"), 2, "another server or database"),
        (("--worker=127.0.0.1:1", f"--dsn={superuser_dsn}"), 3, "is a superuser"),
    ):
        result = project("bench", "load", *options)
        assert (result.returncode, told in result.stderr) == (code, True), result.stderr


def test_locust_tells_what_pgbench_tells(project: Perfkit) -> None:
    documents = {}
    for engine in ("pgbench", "locust"):
        once = ("--rounds=1", "--no-pool", "--format=json")
        result = project("bench", "load", *QUICK, *once, "--engine", engine)
        assert result.returncode == 0, result.stderr
        documents[engine] = json.loads(result.stdout)
    locust, pgbench = documents["locust"], documents["pgbench"]
    assert locust.keys() == pgbench.keys()
    assert locust["not_called"] == pgbench["not_called"]
    assert locust["options"]["engine"] == "locust"
    one, four = locust["levels"]
    assert one.keys() == pgbench["levels"][0].keys()
    assert four["latency"]["calls"] > 2 * one["latency"]["calls"]
    assert four["runs"][0]["sessions_most"] == 4


@pytest.mark.parametrize("options", [(), ("--engine=locust",), ("--worker=127.0.0.1:1",)])
def test_an_interrupt_leaves_no_session_and_no_process(
    project: Perfkit, superuser_dsn: str, options: tuple[str, ...]
) -> None:
    command = ("bench", "load", "names_of_many", "--users=4", "--seconds=60", "--think=0", "--no-pool")
    is_worker = options and options[0].startswith("--worker")
    process = project.start(*(command[:2] if is_worker else command), *options)
    if is_worker:
        assert process.stderr is not None
        assert "a worker of 127.0.0.1:1" in process.stderr.readline()
    else:
        _wait_for_sessions(superuser_dsn, 4)
    family = _family(process.pid)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    _wait_for_sessions(superuser_dsn, 0)
    end = time.monotonic() + 10
    while left := [pid for pid in family if Path(f"/proc/{pid}/cmdline").exists()]:
        assert time.monotonic() < end, left
        time.sleep(0.05)


def _family(process: int) -> list[int]:
    """Return the processes that one started, and that those started."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [pid for child in map(int, children) for pid in (child, *_family(child))]


def _wait_for_sessions(dsn: str, wanted: int) -> None:
    deadline = time.monotonic() + 60
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'perfkit load%'"
    with psycopg.connect(dsn, autocommit=True) as connection:
        while connection.execute(query).fetchone() != (wanted,):
            assert time.monotonic() < deadline
            time.sleep(0.05)
