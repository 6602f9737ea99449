"""perfkit targets --run: what is unknown or old is measured first, the rest is left alone."""

import json
import signal
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from perfkit.bench import store
from perfkit.bench.result import BenchResult, Figure, Kind, by_id
from tests.cli.command import TIME_LIMIT_S, Perfkit
from tests.cli.test_interruptions import FOREVER, RUNNING, wait_until
from tests.cli.test_targets_command import ENVIRONMENT

FIGURES = {
    "queries": {"mean_ms": 1},
    "import": {"ms_per_1000": 100},
    "load": {"users_held": 100, "server_memory_bytes": 1_000},
    "api": {"users_held": 100, "simple_p95_ms": 10, "instance_memory_bytes": 1_000},
}


def keep_all_but(perfkit: Perfkit, missing: Collection[str], *, age: timedelta = timedelta()) -> None:
    """Store a result of that age for every bench but the missing ones."""
    results = [
        BenchResult(
            bench=bench,
            at=datetime.now(UTC) - age,
            environment=ENVIRONMENT,
            options={},
            figures=by_id(
                *(
                    Figure(id=name, unit="", kind=Kind.TIME, samples=(float(value),))
                    for name, value in figures.items()
                )
            ),
        )
        for bench, figures in FIGURES.items()
        if bench not in missing
    ]
    store.save(store.newest_in(perfkit.directory / ".perfkit"), results)


def ran(stderr: str) -> list[str]:
    return [line.partition(": ")[2].partition(": ")[2] for line in stderr.splitlines() if " of " in line]


def test_what_is_missing_is_run_and_what_is_fresh_is_not(project: Perfkit) -> None:
    keep_all_but(project, {"queries"})
    result = project("targets", "--run", "--format", "json")
    assert (result.returncode, ran(result.stderr)) == (0, ["perfkit analyze"])
    targets = {each["id"]: each for each in json.loads(result.stdout)["targets"]}
    assert targets["query-mean"]["state"] == "met"
    assert targets["query-mean"]["server"] != targets["import"]["server"] == ENVIRONMENT.server
    again = project("targets", "--run")
    assert (again.returncode, again.stderr) == (0, "")
    assert "7 met" in again.stdout


def test_what_is_old_is_run_again(project: Perfkit) -> None:
    keep_all_but(project, (), age=timedelta(hours=2))
    keep_all_but(project, {"queries"}, age=timedelta(minutes=30))
    assert ran(project("targets", "--run").stderr) == []
    assert ran(project("targets", "--run", "--older-than", "1h").stderr) == ["perfkit analyze"]


def test_what_cannot_be_measured_is_said_and_stays_unknown(project: Perfkit) -> None:
    keep_all_but(project, {"api"})
    with (project.directory / "perfkit.toml").open("a") as settings:
        settings.write('\n[api]\nurl = "http://127.0.0.1:1"\n')
    result = project("targets", "--run")
    assert result.returncode == 0
    assert "4 met, 3 unknown" in result.stdout
    assert ran(result.stderr)[0] == "perfkit bench api --users 1,10,50,100"
    assert "measured nothing (exit 3)" in result.stderr


def test_ctrl_c_ends_the_run_that_is_going_on_and_all_others(own_project: Perfkit, own_dsn: str) -> None:
    (own_project.directory / "queries" / "forever.sql").write_text(FOREVER)
    with own_project.start("targets", "--run") as process:
        wait_until(own_dsn, f"{RUNNING} AND query LIKE '%EXPLAIN%' AND state = 'active'", 1)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=TIME_LIMIT_S)
    assert (process.returncode, stdout) == (130, "")
    assert ran(stderr) == ["perfkit analyze"]
    assert "Traceback" not in stderr
    wait_until(own_dsn, RUNNING, 0)
