"""docs/json: what the commands print, and what a baseline stores, is what the schemas say."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from perfkit.baseline.verdict import Cause, Gate, VerdictKind
from perfkit.findings import Severity
from perfkit.monitor.written import Standing
from tests.cli.command import Perfkit

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "docs" / "json"
GOLDEN = ROOT / "tests" / "unit" / "plan" / "golden"

# Queries that take no time, where their number changes nothing of a document.
FEW = ("class_list", "names_of_many")

# The words after `perfkit` that print each document; the server stands in the project's settings.
COMMANDS: dict[str, tuple[object, ...]] = {
    "analyze": ("analyze", "--allow-writes"),
    "plan": ("analyze", "--plan", GOLDEN / "18" / "seq_scan_loss.json"),
    "apply": ("apply", ROOT / "tests" / "cli" / "indexes" / "changes.sql"),
    "suggest": ("suggest", *FEW),
    "twin.export": ("twin", "export", "alumni.twin"),
    "twin.explain": ("twin", "explain", "alumni.twin", *FEW),
    "twin.check": ("twin", "check", "alumni.twin", *FEW),
    "doctor": ("doctor",),
    # The tests' server has fsync off.
    "health": ("health", "--fail-on=never"),
    "health.list": ("health", "--list"),
    "profile": ("profile", "--seconds=1"),
    "catalog.list": ("catalog", "list"),
    "catalog.check": ("catalog", "check"),
    "config": ("config",),
    "baseline.record": ("baseline", *(f"--only={query}" for query in FEW)),
    "baseline.list": ("baseline", "list"),
    "baseline.show": ("baseline", "show", "names_of_many"),
    "regress": ("regress", *FEW),
    "bench.import": (
        "bench",
        "import",
        "--rows=50",
        "--rounds=1",
        "--ways=copy,staged",
        "--workers=1",
        "--no-parts",
    ),
    "bench.cache": (
        "bench",
        "cache",
        "--requests=200",
        "--rounds=1",
        "--keys=20",
        "class_list",
        "names_of_many",
    ),
    "bench.load": ("bench", "load", "--users=1,2", "--seconds=1", "--rounds=1"),
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
OTHERS = {
    "baseline",
    # Held where an application runs.
    "bench.api",
    "calibrate",
    "catalog.import",
    "common",
    "history",
    "history.show",
    "regress.self-test",
}
BROKEN = "-- name: broken\nSELECT * FROM alumni.nowhere;\n\n-- name: wrong\nSELECT :year;\n"


def _schema(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))
    return schema


def _validator(name: str) -> Draft202012Validator:
    registry = Registry().with_resource("common.schema.json", Resource.from_contents(_schema("common")))
    return Draft202012Validator(
        _schema(name), registry=registry, format_checker=Draft202012Validator.FORMAT_CHECKER
    )


def test_every_schema_is_one_and_is_tested_here() -> None:
    names = {path.name.removesuffix(".schema.json") for path in SCHEMAS.glob("*.schema.json")}
    assert names == {*COMMANDS, *OTHERS}
    for name in names:
        Draft202012Validator.check_schema(_schema(name))
    readme = (SCHEMAS / "README.md").read_text("utf-8")
    assert all(f"({name}.schema.json)" in readme for name in names)


def test_every_field_is_described() -> None:
    for name in (*COMMANDS, *OTHERS):
        undescribed = [
            place
            for place, schema in _fields(_schema(name), name)
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
    verdict = _schema("regress")["properties"]["verdicts"]["items"]["properties"]
    assert verdict["kind"]["enum"] == [str(kind) for kind in VerdictKind]
    assert verdict["gate"]["enum"] == [str(gate) for gate in Gate]
    assert all(not list(Draft202012Validator(verdict["cause"]).iter_errors(str(cause))) for cause in Cause)
    for name in ("monitor.rules", "monitor.dashboard", "monitor.role-sql"):
        file = _schema(name)["properties"]["files"]["items"]["properties"]
        assert file["standing"]["enum"] == [str(each) for each in Standing]
    severity = _schema("common")["$defs"]["finding"]["properties"]["severity"]
    assert set(severity["enum"]) == {str(each) for each in Severity}


def test_what_the_commands_print_is_what_the_schemas_say(project: Perfkit) -> None:
    for name, command in COMMANDS.items():
        if name == "regress.benches":
            assert project("baseline", "bench").returncode == 0
        result = project(*command, "--format", "json")
        assert result.returncode == 0, (name, result.stderr)
        document = json.loads(result.stdout)
        assert next(iter(document)) == "schema"
        _holds(name, document)
    for path in project.directory.glob("baselines/main/*.json"):
        _holds("baseline", json.loads(path.read_text("utf-8")))


def test_what_goes_wrong_is_in_the_schemas_too(recorded: Perfkit) -> None:
    path = recorded.directory / "queries" / "broken.sql"
    path.write_text(BROKEN)
    checked = recorded("catalog", "check", "--format", "json")
    _holds("catalog.check", json.loads(checked.stdout))
    path.write_text(BROKEN.partition("\n\n")[0])
    few = ("broken", *FEW)
    for name, command in (
        ("analyze", ("analyze", *few)),
        ("regress", ("regress", *few)),
        ("baseline.record", ("baseline",)),
    ):
        _holds(name, json.loads(recorded(*command, "--format", "json").stdout))


@pytest.mark.parametrize("version", ["14", "15", "16", "17", "18"])
def test_every_golden_plan_is_in_the_schema(version: str) -> None:
    from perfkit.plan.read import read_plan
    from perfkit.plan.rules import find_problems
    from perfkit.report.documents.plan import plan_document
    from perfkit.report.formats import render

    validator = _validator("plan")
    paths = sorted((GOLDEN / version).iterdir())
    assert paths
    for path in paths:
        plan = read_plan(path.read_text("utf-8"))
        text = render(plan_document(plan, find_problems(plan), source=path.name), "json")
        errors = [error.message[:200] for error in validator.iter_errors(json.loads(text))]
        assert errors == [], path


def _holds(name: str, document: Any) -> None:
    validator = _validator(name)
    errors = [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(document)]
    assert errors == [], name
    for damage, damaged in _damaged(document):
        assert not validator.is_valid(damaged), f"{name} takes a document with {damage}"


def _damaged(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the document once without each of its keys, with each of another type, and with what does not belong."""
    yield "an unknown key", document | {"unknown": 1}
    yield "another schema", document | {"schema": "perfkit.other/1"}
    for key in document:
        yield f"no {key}", {other: value for other, value in document.items() if other != key}
        yield f"a wrong {key}", document | {key: [None]}
    yield from _inner_damage(document)


def _inner_damage(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the document with one more key in the first object of each list of objects."""
    for key, value in document.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            changed = copy.deepcopy(document)
            changed[key][0]["unknown"] = 1
            yield f"an unknown key in {key}", changed
