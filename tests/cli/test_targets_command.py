"""perfkit targets, and benches in a baseline: what was measured last is held against limits and against what was."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from perfkit.bench import store
from perfkit.bench.result import BenchResult, Environment, Figure, Kind, by_id
from tests.cli.command import Perfkit

ENVIRONMENT = Environment(
    perfkit="0",
    server="PostgreSQL 18.6",
    server_version=180006,
    cores=2,
    memory_bytes=None,
    system="Linux",
)


def keep(perfkit: Perfkit, *samples: float) -> None:
    """Store an import that took so long, as `perfkit bench import` does."""
    keep_figure(
        perfkit, "import", Figure(id="ms_per_1000", unit="ms", kind=Kind.TIME, samples=samples), rows="1000"
    )


def keep_figure(perfkit: Perfkit, bench: str, figure: Figure, **options: str) -> None:
    """Store a result of the bench with one figure."""
    result = BenchResult(
        bench=bench,
        at=datetime(2026, 5, 4, tzinfo=UTC),
        environment=ENVIRONMENT,
        options=options,
        figures=by_id(figure),
    )
    store.save(store.newest_in(perfkit.directory / ".perfkit"), [result])


def test_nothing_measured_is_no_success(perfkit: Perfkit) -> None:
    result = perfkit("targets")
    assert result.returncode == 3
    assert "7 unknown" in result.stdout
    assert "perfkit bench import" in result.stdout


def test_a_target_that_is_kept_is_met_and_one_that_is_not_fails(perfkit: Perfkit) -> None:
    keep(perfkit, 900, 1000, 1100)
    met = perfkit("targets")
    assert 'failures="0"' in perfkit("targets", "--format", "junit").stdout
    assert (met.returncode, "1 met, 6 unknown" in met.stdout, "+80 %" in met.stdout) == (0, True, True)
    assert perfkit("targets", "--strict").returncode == 3
    (perfkit.directory / "perfkit.toml").write_text('import_target = "800ms"\n')
    missed = perfkit("targets", "--format", "json")
    assert missed.returncode == 1
    assert perfkit("targets").returncode == 1
    targets = {target["id"]: target for target in json.loads(missed.stdout)["targets"]}
    assert (targets["import"]["state"], targets["import"]["margin"]) == ("missed", -0.25)
    assert 'failures="1"' in perfkit("targets", "--format", "junit").stdout


@pytest.mark.parametrize("bench", ["load", "api"])
def test_a_ramp_that_did_not_reach_the_limit_leaves_the_target_unknown(perfkit: Perfkit, bench: str) -> None:
    held = Figure(id="users_held", unit="users", kind=Kind.RATE, samples=(20,))
    keep_figure(perfkit, bench, held, users="1,20")
    unknown = perfkit("targets")
    assert unknown.returncode == 3
    assert "only 20 were tried" in unknown.stdout
    assert f"perfkit bench {bench} --users 1,10," in " ".join(unknown.stdout.split())
    junit = perfkit("targets", "--format", "junit").stdout
    assert 'failures="0"' in junit
    keep_figure(perfkit, bench, held, users="1,20,100")
    missed = perfkit("targets", "--format", "json")
    target = {each["id"]: each for each in json.loads(missed.stdout)["targets"]}[
        "users" if bench == "load" else "api-users"
    ]
    assert (missed.returncode, target["state"], target["value"]) == (1, "missed", 20)
    assert 'failures="1"' in perfkit("targets", "--format", "junit").stdout


def test_analyzing_the_whole_catalog_measures_the_mean_of_a_query(project: Perfkit) -> None:
    assert project("analyze", "names_of_many").returncode == 0
    assert project("targets").returncode == 3
    assert project("analyze").returncode == 0
    targets = json.loads(project("targets", "--format", "json").stdout)["targets"]
    query_mean = next(target for target in targets if target["id"] == "query-mean")
    assert query_mean["state"] == "met"
    assert 0 < query_mean["value"] < 100


def test_a_bench_that_became_slower_than_the_baseline_fails(perfkit: Perfkit) -> None:
    assert "holds no bench" in perfkit("regress", "--benches").stderr
    keep(perfkit, 1000, 1010, 990)
    recorded = perfkit("baseline", "bench")
    assert recorded.returncode == 0
    assert (perfkit.directory / "baselines/main/bench/import.json").exists()
    assert perfkit("regress", "--benches").returncode == 0
    keep(perfkit, 2000, 2020, 1990)
    worse = perfkit("regress", "--benches")
    assert worse.returncode == 1
    assert "import/ms_per_1000" in worse.stdout
    assert "worse" in worse.stdout


def test_a_bench_of_something_else_is_not_compared(perfkit: Perfkit) -> None:
    keep(perfkit, 1000, 1010)
    assert perfkit("baseline", "bench", "import").returncode == 0
    folder = perfkit.directory / ".perfkit"
    newest = store.load(store.newest_in(folder))["import"]
    store.save(store.newest_in(folder), [replace(newest, options={"rows": "5000"})])
    other = perfkit("regress", "--benches")
    assert other.returncode == 4
    assert "rows was 1000, and is 5000" in other.stdout


def test_a_damaged_result_is_named(perfkit: Perfkit) -> None:
    keep(perfkit, 1000)
    path = Path(".perfkit/bench/import.json")
    (perfkit.directory / path).write_text("{")
    result = perfkit("targets")
    assert result.returncode == 2
    assert str(path) in result.stderr


def test_recording_a_bench_that_was_not_run_says_what_to_run(perfkit: Perfkit) -> None:
    nothing = perfkit("baseline", "bench")
    assert (nothing.returncode, "perfkit bench import" in nothing.stderr) == (3, True)
    keep(perfkit, 1000)
    wrong = perfkit("baseline", "bench", "load")
    assert (wrong.returncode, "there are import" in wrong.stderr) == (2, True)
