"""perfkit bench load: users on the catalog, and what comes of them in text, JSON, a picture and the targets."""

import json

import psycopg
import pytest

from tests.cli.command import Perfkit

QUICK = ("--users=1,4", "--seconds=1", "--rounds=2", "--think=20ms")


def test_a_load_tells_users_pool_and_targets(project: Perfkit) -> None:
    result = project("bench", "load", *QUICK, "--plot", "load.svg", "--also", "json=load.json")
    assert result.returncode == 0, result.stderr
    assert "All 4 users, who pause 20.0 ms between calls, are held" in result.stdout
    assert "A pool of" in result.stdout
    assert "writes; give --writes on the demo" in result.stdout
    document = json.loads((project.directory / "load.json").read_text())
    one, four = document["levels"]
    # Users who pause hardly stand in each other's way: four call four times as often.
    assert four["latency"]["calls"] > 2 * one["latency"]["calls"]
    assert one["latency"]["p50_ms"] <= one["latency"]["p99_ms"] <= one["latency"]["largest_ms"]
    assert [level["users"] for level in document["pool"]["levels"]][:3] == [1, 2, 4]
    assert document["figures"][0]["id"] == "users_held"
    assert "</svg>" in (project.directory / "load.svg").read_text()
    targets = project("targets", "--format", "json")
    found = {each["id"]: each["state"] for each in json.loads(targets.stdout)["targets"]}
    assert found["users"] == "missed"  # 4 of the 100 that are wanted


def test_a_part_of_the_catalog_says_nothing_of_the_targets(project: Perfkit) -> None:
    result = project("bench", "load", "names_of_many", *QUICK, "--no-pool")
    assert result.returncode == 0
    assert "A pool of" not in result.stdout
    assert not (project.directory / ".perfkit" / "bench").exists()


def test_an_open_model_says_how_many_calls_came_late(project: Perfkit) -> None:
    result = project("bench", "load", "--rate=50", "--users=4", "--seconds=2", "--rounds=1", "--format=json")
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


def test_nothing_of_a_load_is_left(project: Perfkit, superuser_dsn: str) -> None:
    assert project("bench", "load", *QUICK, "--no-pool").returncode == 0
    with psycopg.connect(superuser_dsn) as connection:
        sessions = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'perfkit load%'"
        ).fetchone()
    assert sessions == (0,)
