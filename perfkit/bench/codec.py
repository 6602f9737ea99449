"""The text of a bench's file: JSON with sorted keys, the samples of a figure on one line."""

import json
import re
from dataclasses import asdict
from datetime import UTC
from pathlib import Path

from perfkit.bench.result import BenchResult, Environment, Figure, Kind
from perfkit.errors import DamagedFileError
from perfkit.fields import Field

SCHEMA = "perfkit.bench/1"

_NUMBERS = re.compile(r"\[\n\s+([-+\d.eE,\s]+?)\n\s+\]")
_SIGNIFICANT_DIGITS = 9


def encode(result: BenchResult) -> str:
    """Return the file's text, "schema" first."""
    plain = asdict(result) | {"at": result.at.astimezone(UTC).replace(microsecond=0).isoformat()}
    plain["figures"] = {figure.id: _figure_data(figure) for figure in result.figures.values()}
    if not result.advice:
        del plain["advice"]
    text = json.dumps(plain, indent=2, sort_keys=True, ensure_ascii=False)
    text = _NUMBERS.sub(lambda match: f"[{' '.join(match[1].split())}]", text)
    return f'{{\n  "schema": "{SCHEMA}",{text[1:]}\n'


def decode(text: str, path: Path) -> BenchResult:
    """Return the result in the text of the file `path`; raises DamagedFileError with the place that is wrong."""
    try:
        document = Field(json.loads(text), path)
    except (ValueError, RecursionError) as error:
        raise Field(None, path).wrong(f"is not valid JSON: {error}") from None
    _check_schema(document)
    optional = {"advice"} & document.entries().keys()
    members = document.record({"schema", "bench", "at", "environment", "options", "figures", *optional})
    return BenchResult(
        bench=members["bench"].text(),
        at=members["at"].moment(),
        environment=_environment(members["environment"]),
        options={name: each.text() for name, each in members["options"].entries().items()},
        figures={name: _figure(name, each) for name, each in members["figures"].entries().items()},
        advice={name: each.text() for name in optional for name, each in members[name].entries().items()},
    )


def _check_schema(document: Field) -> None:
    schema = document.entries().get("schema")
    if schema is None:
        raise document.wrong("has no 'schema': it is no bench's result")
    name, _, version = schema.text().partition("/")
    if name == "perfkit.bench" and version.isdecimal() and int(version) > 1:
        raise DamagedFileError(
            document.path, f"written by a newer perfkit ({schema.text()})", hint="upgrade perfkit"
        )
    if schema.text() != SCHEMA:
        raise schema.wrong(f"is {schema.value!r}, not {SCHEMA!r}")


def _figure_data(figure: Figure) -> dict[str, object]:
    return {
        "unit": figure.unit,
        "kind": figure.kind.value,
        "samples": [float(f"{sample:.{_SIGNIFICANT_DIGITS}g}") for sample in figure.samples],
    }


def _figure(name: str, field: Field) -> Figure:
    members = field.record({"unit", "kind", "samples"})
    kind = members["kind"].text()
    if kind not in set(Kind):
        raise members["kind"].wrong(f"is {kind!r}, not one of {', '.join(Kind)}")
    if not (samples := members["samples"].amounts()):
        raise members["samples"].wrong("is empty")
    return Figure(
        id=name,
        unit=members["unit"].text(),
        kind=Kind(kind),
        samples=samples,
    )


def _environment(field: Field) -> Environment:
    members = field.record(
        {"perfkit", "server", "server_version", "cores", "memory_bytes", "system", "calibration"}
    )
    memory = members["memory_bytes"]
    return Environment(
        perfkit=members["perfkit"].text(),
        server=members["server"].text(),
        server_version=members["server_version"].integer(),
        cores=members["cores"].integer(least=1),
        memory_bytes=None if memory.value is None else memory.integer(),
        system=members["system"].text(),
        calibration={name: each.amount() for name, each in members["calibration"].entries().items()},
    )
