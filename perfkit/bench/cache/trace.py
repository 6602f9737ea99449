"""A recorded trace: calls of the catalog's queries in their order, from JSON lines or from a server's log as CSV."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from perfkit.bench.cache.requests import Call
from perfkit.catalog.harvest.log import logged_calls, remembering
from perfkit.catalog.model import Query
from perfkit.errors import DamagedFileError, UsageError
from perfkit.syntax.constants import constants_in
from perfkit.syntax.counted import fingerprint


def read_trace(path: Path, queries: Mapping[str, Query]) -> tuple[Call, ...]:
    """Return the calls of the queries in a file: a log when its name ends in .csv, else JSON lines.

    A JSON line is {"query": …, "values": {…}}, with "at" in seconds if it is known. Of a log, statements of other
    queries are passed over. Raises UsageError and DamagedFileError.
    """
    try:
        with path.open(encoding="utf-8", errors="replace", newline="") as lines:
            if path.suffix == ".csv":
                return tuple(_logged(lines, queries))
            return tuple(_json_lines(lines, queries, path))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None


def _json_lines(lines: Iterable[str], queries: Mapping[str, Query], path: Path) -> Iterator[Call]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            given: Any = json.loads(line)
            yield _call(given, queries)
        except (ValueError, RecursionError, TypeError, KeyError) as error:
            problem = f"has no {error}" if isinstance(error, KeyError) else str(error)
            raise DamagedFileError(
                path,
                f"line {number}: {problem}",
                hint='a line is {"query": "name", "values": {"parameter": "value"}, "at": 12.5}',
            ) from None


def _call(given: Any, queries: Mapping[str, Query]) -> Call:
    if not isinstance(given, dict):
        raise TypeError("is no object")
    query = queries.get(given["query"]) if isinstance(given["query"], str) else None
    if query is None:
        raise ValueError(f"the catalog has no query {given['query']!r}")
    values = given.get("values", {})
    wanted = {param.name for param in query.params}
    if not isinstance(values, dict) or values.keys() != wanted:
        raise ValueError(f"the values of {query.name} are {', '.join(sorted(wanted)) or 'none'}")
    at = given.get("at")
    if at is not None and not (isinstance(at, int | float) and math.isfinite(at)):
        raise ValueError("'at' is no number of seconds")
    texts = {name: None if value is None else _text(value) for name, value in values.items()}
    return Call(query=query.name, values=texts, at=at)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _logged(lines: Iterable[str], queries: Mapping[str, Query]) -> Iterator[Call]:
    by_mark = {fingerprint(query.statement): query for query in queries.values()}
    mark_of = remembering(fingerprint)
    for text, given, moment in logged_calls(lines):
        query = by_mark.get(mark_of(text))
        if query is None:
            continue
        values = constants_in(query.statement, text, given)
        if values.keys() >= set(range(1, len(query.params) + 1)):
            yield Call(
                query=query.name,
                values={param.name: values[number] for number, param in enumerate(query.params, 1)},
                at=_seconds(moment),
            )


def _seconds(moment: str) -> float | None:
    """Return the seconds of a log's time, "2026-05-04 12:00:00.123 UTC"; its zone is the same in all lines."""
    try:
        return datetime.fromisoformat(moment.rpartition(" ")[0]).timestamp()
    except ValueError:
        return None
