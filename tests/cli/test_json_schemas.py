"""docs/json: what the commands print, and what a baseline stores, is what the schemas say."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from perfkit.baseline.verdict import Cause, Gate, VerdictKind
from perfkit.findings import Severity
from perfkit.monitor.written import Standing
from tests.cli.command import Perfkit
from tests.cli.schemas import SCHEMAS, holds, schema_of, validator_of

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "unit" / "plan" / "golden"

# A query that takes no time.
FEW = ("names_of_many",)

# The words after `perfkit` that print each document; the server stands in the project's settings.
COMMANDS: dict[str, tuple[object, ...]] = {
    "analyze": ("analyze", "--allow-writes"),
    "plan": ("analyze", "--plan", GOLDEN / "18" / "seq_scan_loss.json"),
    "apply": ("apply", ROOT / "tests" / "cli" / "indexes" / "changes.sql"),
    "doctor": ("doctor",),
    # The tests' server has fsync off.
    "health": ("health", "--fail-on=never"),
    "health.list": ("health", "--list"),
    "catalog.list": ("catalog", "list"),
    "catalog.check": ("catalog", "check"),
    "config": ("config",),
    "baseline.record": ("baseline", *(f"--only={query}" for query in FEW)),
    "baseline.list": ("baseline", "list"),
    "baseline.show": ("baseline", "show", *FEW),
    "regress": ("regress", *FEW),
    "targets": ("targets",),
    "report": ("report",),
    "render": (
        "render",
        "all",
        "--output=rendered",
        "--pool-size=8",
        "--maxmemory=64MB",
        "--api=127.0.0.1:8000",
    ),
    "monitor.rules": ("monitor", "rules"),
    "monitor.dashboard": ("monitor", "dashboard"),
    "monitor.role-sql": ("monitor", "role-sql", "--output=role.sql"),
    "regress.benches": ("regress", "--benches"),
}
# What takes long to make is held to its schema where it is made anyway.
ELSEWHERE = {
    "bench.api": "test_bench_api_command.py",
    "bench.cache": "test_bench_cache_command.py",
    "bench.import": "test_bench_import_command.py",
    "bench.load": "test_bench_load_command.py",
    "calibrate": "test_calibrate_command.py",
    "catalog.import": "test_catalog_import_command.py",
    "history": "test_history_command.py",
    "history.show": "test_history_command.py",
    "profile": "test_profile_command.py",
    "regress.self-test": "test_selftest_command.py",
    "suggest": "test_suggest_command.py",
    "twin.check": "test_twin_command.py",
    "twin.explain": "test_twin_command.py",
    "twin.export": "test_twin_command.py",
}
# Of a file that a command leaves, and what several documents share.
OTHERS = {"baseline", "common"}
BROKEN = "-- name: broken\nSELECT * FROM alumni.nowhere;\n\n-- name: wrong\nSELECT :year;\n"


def test_every_schema_is_one_and_is_tested_here() -> None:
    names = {path.name.removesuffix(".schema.json") for path in SCHEMAS.glob("*.schema.json")}
    assert names == {*COMMANDS, *ELSEWHERE, *OTHERS}
    for name, file in ELSEWHERE.items():
        assert f'holds("{name}", ' in (Path(__file__).parent / file).read_text("utf-8"), name
    for name in names:
        Draft202012Validator.check_schema(schema_of(name))
    readme = (SCHEMAS / "README.md").read_text("utf-8")
    assert all(f"({name}.schema.json)" in readme for name in names)


def test_every_field_is_described() -> None:
    for name in (*COMMANDS, *ELSEWHERE, *OTHERS):
        undescribed = [
            place
            for place, schema in _fields(schema_of(name), name)
            if "description" not in schema and "$ref" not in schema
        ]
        assert undescribed == []


def _fields(schema: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, dict):
        for key, field in schema.get("properties", {}).items():
            if isinstance(field, dict) and not place.endswith(("/if", "/else")):
                yield f"{place}.{key}", field
        for key, value in schema.items():
            yield from _fields(value, f"{place}/{key}")
    elif isinstance(schema, list):
        for item in schema:
            yield from _fields(item, place)


def test_the_words_of_the_schemas_are_the_code_s() -> None:
    verdict = schema_of("regress")["properties"]["verdicts"]["items"]["properties"]
    assert verdict["kind"]["enum"] == [str(kind) for kind in VerdictKind]
    assert verdict["gate"]["enum"] == [str(gate) for gate in Gate]
    assert all(not list(Draft202012Validator(verdict["cause"]).iter_errors(str(cause))) for cause in Cause)
    for name in ("monitor.rules", "monitor.dashboard", "monitor.role-sql"):
        file = schema_of(name)["properties"]["files"]["items"]["properties"]
        assert file["standing"]["enum"] == [str(each) for each in Standing]
    severity = schema_of("common")["$defs"]["finding"]["properties"]["severity"]
    assert set(severity["enum"]) == {str(each) for each in Severity}


def test_what_the_commands_print_is_what_the_schemas_say(project: Perfkit) -> None:
    for name, command in COMMANDS.items():
        if name == "regress.benches":
            assert project("baseline", "bench").returncode == 0
        result = project(*command, "--format", "json")
        assert result.returncode == 0, (name, result.stderr)
        holds(name, json.loads(result.stdout))
    for path in project.directory.glob("baselines/main/*.json"):
        holds("baseline", json.loads(path.read_text("utf-8")))


def test_what_goes_wrong_is_in_the_schemas_too(recorded: Perfkit) -> None:
    path = recorded.directory / "queries" / "broken.sql"
    path.write_text(BROKEN)
    checked = recorded("catalog", "check", "--format", "json")
    holds("catalog.check", json.loads(checked.stdout))
    path.write_text(BROKEN.partition("\n\n")[0])
    few = ("broken", "class_list")
    for name, command in (
        ("analyze", ("analyze", *few)),
        ("regress", ("regress", *few)),
        ("baseline.record", ("baseline", "--only=broken", "--only=class_list")),
    ):
        holds(name, json.loads(recorded(*command, "--format", "json").stdout))


@pytest.mark.parametrize("version", ["14", "15", "16", "17", "18"])
def test_every_golden_plan_is_in_theschema_of(version: str) -> None:
    from perfkit.plan.read import read_plan
    from perfkit.plan.rules import find_problems
    from perfkit.report.documents.plan import plan_document
    from perfkit.report.formats import render

    validator = validator_of("plan")
    paths = sorted((GOLDEN / version).iterdir())
    assert paths
    for path in paths:
        plan = read_plan(path.read_text("utf-8"))
        text = render(plan_document(plan, find_problems(plan), source=path.name), "json")
        errors = [error.message[:200] for error in validator.iter_errors(json.loads(text))]
        assert errors == [], path
