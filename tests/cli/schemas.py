"""docs/json: a document is held to the schema that describes it, and the schema to refusing what is not quite it."""

import copy
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

SCHEMAS = Path(__file__).parents[2] / "docs" / "json"


def schema_of(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))
    return schema


@cache
def validator_of(name: str) -> Draft202012Validator:
    registry = Registry().with_resource("common.schema.json", Resource.from_contents(schema_of("common")))
    return Draft202012Validator(
        schema_of(name), registry=registry, format_checker=Draft202012Validator.FORMAT_CHECKER
    )


def holds(name: str, document: Any) -> None:
    """Hold the document to the schema of the name, and the schema to refusing it with any damage."""
    assert next(iter(document)) == "schema"
    validator = validator_of(name)
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
