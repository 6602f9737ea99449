"""The text of a baseline file: JSON with sorted keys, made for small differences in version control."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

from perfkit.baseline.model import (
    AcceptedPlan,
    CaseBaseline,
    QueryBaseline,
    RecordedIndex,
    RecordedRelation,
    Recording,
)
from perfkit.baseline.upgrade import upgrade
from perfkit.errors import DamagedFileError
from perfkit.fields import Field
from perfkit.plan.counters import Counters
from perfkit.plan.runs import Session
from perfkit.plan.shape import Shape, shape_from_text

VERSION = 3
SCHEMA = f"perfkit.baseline/{VERSION}"

_SCHEMA = re.compile(r"perfkit\.baseline/(\d{1,9})")
_NUMBERS = re.compile(r"\[\n\s+([-+\d.eE,\s]+?)\n\s+\]")


def encode(baseline: QueryBaseline) -> str:
    """Return the file's text: `"schema"` first, all else sorted, a list of numbers on one line, a plan node a line."""
    text = json.dumps(_plain(baseline), indent=2, sort_keys=True, ensure_ascii=False, default=_plain)
    text = _NUMBERS.sub(lambda match: f"[{' '.join(match[1].split())}]", text)
    return f'{{\n  "schema": "{SCHEMA}",{text[1:]}\n'


def decode(text: str, path: Path) -> QueryBaseline:
    """Return the baseline in the text of the file `path`; raises DamagedFileError with the place that is wrong."""
    try:
        document = Field(json.loads(text, object_pairs_hook=_unique), path)
    except (ValueError, RecursionError) as error:
        raise Field(None, path).wrong(f"is not valid JSON: {error}") from None
    upgrade(document.value, _version_of(document))
    top = document.record({"schema", *_names(QueryBaseline)})
    return QueryBaseline(
        query=top["query"].text(),
        sql_sha256=top["sql_sha256"].text(),
        parameter_types=top["parameter_types"].texts(),
        weight=top["weight"].amount(),
        recorded=_recording(top["recorded"]),
        settings=_texts(top["settings"]),
        relations=_relations(top["relations"]),
        cases={name: _case(field) for name, field in top["cases"].entries().items()},
    )


def _version_of(document: Field) -> int:
    schema = document.entries().get("schema")
    if schema is None:
        raise document.wrong("has no 'schema': it is no baseline")
    version = _SCHEMA.fullmatch(schema.text())
    if version and int(version[1]) > VERSION:
        raise DamagedFileError(
            document.path, f"written by a newer perfkit ({version[0]})", hint="upgrade perfkit"
        )
    if not version or not int(version[1]):
        raise schema.wrong(f"is {schema.value!r}, not {SCHEMA!r}")
    return int(version[1])


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the members as a dictionary; a name that stands twice, as after a bad merge, is a ValueError."""
    names = [name for name, _ in members]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} stands twice in one object")
    return dict(members)


def _plain(value: Any) -> Any:
    """Return a value of the model as JSON has it, one level deep: the encoder asks again for what is inside."""
    if isinstance(value, Shape):
        return value.text.split("\n")
    if dataclasses.is_dataclass(value):
        return {name: getattr(value, name) for name in _names(type(value))}
    return value.isoformat()


def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


def _recording(field: Field) -> Recording:
    members = field.record(_names(Recording))
    return Recording(
        at=members["at"].moment(),
        perfkit=members["perfkit"].text(),
        server_version=members["server_version"].integer(),
        server=members["server"].text(),
        samples=members["samples"].integer(),
        plan_mode=members["plan_mode"].text(),
        calibration=_amounts(members["calibration"]),
    )


def _relations(field: Field) -> dict[str, RecordedRelation]:
    return {name: _relation(each) for name, each in field.entries().items()}


def _relation(field: Field) -> RecordedRelation:
    members = field.record(_names(RecordedRelation))
    return RecordedRelation(
        rows=members["rows"].integer(least=-1),
        dead_rows=None if members["dead_rows"].value is None else members["dead_rows"].integer(),
        size_bytes=members["size_bytes"].integer(),
        indexes={name: _index(index) for name, index in members["indexes"].entries().items()},
        columns=_texts(members["columns"]),
        columns_without_statistics=(
            None
            if members["columns_without_statistics"].value is None
            else members["columns_without_statistics"].texts()
        ),
    )


def _index(field: Field) -> RecordedIndex:
    members = field.record(_names(RecordedIndex))
    return RecordedIndex(definition=members["definition"].text(), size_bytes=members["size_bytes"].integer())


def _case(field: Field) -> CaseBaseline:
    members = field.record(_names(CaseBaseline))
    return CaseBaseline(
        parameters=members["parameters"].text(),
        shape=_shape(members["shape"]),
        counters=_counters(members["counters"]),
        repeats=members["repeats"].truth(),
        heap_fetches=members["heap_fetches"].integer(),
        relations=members["relations"].texts(),
        indexes=members["indexes"].texts(),
        functions=_texts(members["functions"]),
        sessions=tuple(_session(item) for item in _filled(members["sessions"])),
        accepted=tuple(_accepted(item) for item in members["accepted"].items()),
    )


def _session(field: Field) -> Session:
    members = field.record(_names(Session))
    return Session(
        at=members["at"].moment(),
        execution_ms=tuple(item.amount() for item in _filled(members["execution_ms"])),
        planning_ms=members["planning_ms"].amounts(),
    )


def _accepted(field: Field) -> AcceptedPlan:
    members = field.record(_names(AcceptedPlan))
    return AcceptedPlan(
        shape=_shape(members["shape"]),
        counters=_counters(members["counters"]),
        relations=_relations(members["relations"]),
        indexes=members["indexes"].texts(),
        sessions=tuple(map(_session, members["sessions"].items())),
        calibration=_amounts(members["calibration"]),
        reason=members["reason"].text(),
        author=members["author"].text(),
        at=members["at"].moment(),
    )


def _shape(field: Field) -> Shape:
    return shape_from_text("\n".join(field.texts()))


def _counters(field: Field) -> Counters:
    members = field.record(_names(Counters))
    return Counters(**{name: member.integer() for name, member in members.items()})


def _texts(field: Field) -> dict[str, str]:
    return {name: each.text() for name, each in field.entries().items()}


def _amounts(field: Field) -> dict[str, float]:
    return {name: each.amount() for name, each in field.entries().items()}


def _filled(field: Field) -> tuple[Field, ...]:
    if not field.items():
        raise field.wrong("is empty")
    return field.items()
