"""The text of an entry: one line of compact JSON, the cases as columns, so that ten thousand runs are read in seconds."""

import json
import re
from pathlib import Path
from typing import Any

from perfkit.errors import DamagedFileError
from perfkit.fields import Field
from perfkit.history.model import CaseRun, Entry

VERSION = 1
SCHEMA = f"perfkit.history/{VERSION}"
# What every entry begins with, whatever its version.
BEGINNING = b'{"schema":"perfkit.history/'

_SCHEMA = re.compile(r"perfkit\.history/(\d{1,9})")
_MEMBERS = (
    "schema", "at", "perfkit", "command", "baseline", "revision", "server_version", "database",
    "calibration_ms", "cases",
)  # fmt: skip
_COLUMNS = ("id", *CaseRun._fields)
_LARGEST = 2**63 - 1
_NEWER_HINT = "upgrade perfkit"
_REPAIR_HINT = "delete that line; what the others hold is not touched"


def encode(entry: Entry) -> str:
    """Return the entry as one line without its newline; `"schema"` first."""
    runs = entry.cases.values()
    columns = zip(*runs, strict=True) if runs else ((),) * len(CaseRun._fields)
    members = {
        "schema": SCHEMA,
        "at": entry.at.isoformat(),
        "perfkit": entry.perfkit,
        "command": entry.command,
        "baseline": entry.baseline,
        "revision": entry.revision,
        "server_version": entry.server_version,
        "database": entry.database,
        "calibration_ms": dict(entry.calibration_ms),
        "cases": dict(zip(_COLUMNS, (list(entry.cases), *columns), strict=True)),
    }
    # ASCII alone: no line of it holds a character that another program takes for a line's end.
    return json.dumps(members, separators=(",", ":"), allow_nan=False)


def decode(line: bytes, path: Path, number: int) -> Entry:
    """Return the entry of a line; raises DamagedFileError with the file, the line's number and what is wrong."""
    place = Path(f"{path}:{number}")
    try:
        document = Field(json.loads(line, parse_constant=_no_number), place)
        _check_schema(document)
        return _entry(document.record(_MEMBERS))
    except (ValueError, RecursionError) as error:
        raise DamagedFileError(place, f"is not valid JSON: {error}", hint=_REPAIR_HINT) from None
    except DamagedFileError as error:
        # Field's own hint is about baselines.
        hint = _NEWER_HINT if error.hint == _NEWER_HINT else _REPAIR_HINT
        raise DamagedFileError(place, error.problem, hint=hint) from None


def _no_number(constant: str) -> float:
    raise ValueError(f"{constant} is no number")


def _check_schema(document: Field) -> None:
    schema = document.entries().get("schema")
    if schema is None:
        raise document.wrong("has no 'schema': it is no entry of a history")
    version = _SCHEMA.fullmatch(schema.text())
    if version and int(version[1]) > VERSION:
        raise DamagedFileError(document.path, f"written by a newer perfkit ({version[0]})", hint=_NEWER_HINT)
    if schema.text() != SCHEMA:
        raise schema.wrong(f"is {schema.value!r}, not {SCHEMA!r}")


def _entry(members: dict[str, Field]) -> Entry:
    return Entry(
        at=members["at"].moment(),
        perfkit=members["perfkit"].text(),
        command=members["command"].text(),
        baseline=members["baseline"].text(),
        revision=members["revision"].text(),
        server_version=members["server_version"].integer(),
        database=members["database"].text(),
        calibration_ms={name: field.amount() for name, field in members["calibration_ms"].entries().items()},
        cases=_cases(members["cases"]),
    )


def _cases(field: Field) -> dict[str, CaseRun]:
    columns = field.record(_COLUMNS)
    if not _is_sound(field.value):
        _name_the_fault(columns)
    ids, *values = (columns[name].value for name in _COLUMNS)
    if len(set(ids)) < len(ids) or any(len(column) != len(ids) for column in values):
        raise field.wrong("has columns of different lengths, or a case twice")
    return dict(zip(ids, map(CaseRun._make, zip(*values, strict=True)), strict=True))


def _is_sound(columns: dict[str, Any]) -> bool:
    """Tell whether every value is of its type and range; at once for a column, as Field takes 2 µs a value."""
    return all(
        isinstance(values, list) and set(map(type, values)) <= _TYPES[name] and _in_range(values, name)
        for name, values in columns.items()
    )


def _in_range(values: list[Any], name: str) -> bool:
    return not values or str in _TYPES[name] or (min(values) >= 0 and max(values) <= _LARGEST)


def _name_the_fault(columns: dict[str, Field]) -> None:
    for name, column in columns.items():
        for item in column.items():
            _CHECKS[name](item)


_CHECKS: dict[str, Any] = dict.fromkeys(_COLUMNS, Field.text) | {
    "median_ms": Field.amount, "weight": Field.amount,
    "samples": Field.integer, "blocks": Field.integer, "rows": Field.integer,
}  # fmt: skip
_TYPES_OF: dict[Any, set[type]] = {Field.text: {str}, Field.amount: {int, float}, Field.integer: {int}}
_TYPES: dict[str, set[type]] = {name: _TYPES_OF[check] for name, check in _CHECKS.items()}
