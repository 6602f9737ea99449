"""The text of a snapshot: one JSON document, compressed; read strictly, as it comes from another machine."""

import gzip
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from perfkit.copies import Locale
from perfkit.errors import DamagedFileError, UsageError
from perfkit.twin.snapshot import (
    ColumnStatistics,
    ExpressionStatistics,
    ExtendedStatistics,
    PlannerData,
    RelationSize,
    Snapshot,
)

VERSION = 1
SCHEMA = f"perfkit.twin/{VERSION}"
_SCHEMA = re.compile(r"perfkit\.twin/(\d{1,9})")
_EXPORT_AGAIN = "export it again: perfkit twin export FILE"
_ROWS = {
    "relations": RelationSize,
    "columns": ColumnStatistics,
    "extended": ExtendedStatistics,
    "expressions": ExpressionStatistics,
}
_Kind = TypeVar("_Kind")


def encode(snapshot: Snapshot) -> bytes:
    """Return the snapshot as compressed JSON, the same for the same snapshot; `"schema"` first."""
    data = snapshot.data
    members: dict[str, Any] = {
        "schema": SCHEMA,
        "exported_at": snapshot.exported_at.isoformat(),
        "version": snapshot.version,
        "database": snapshot.database,
        "locale": asdict(snapshot.locale),
        "settings": dict(snapshot.settings),
        "is_redacted": snapshot.is_redacted,
        "lacks": list(data.lacks),
        "unreadable": list(data.unreadable),
    }
    # None is left out: most of a row is.
    for name in _ROWS:
        rows = (asdict(row) for row in getattr(data, name))
        members[name] = [{key: value for key, value in row.items() if value is not None} for row in rows]
    members["schema_sql"] = snapshot.schema_sql
    return gzip.compress(json.dumps(members, separators=(",", ":")).encode(), mtime=0)


def decode(content: bytes, path: Path) -> Snapshot:
    """Return the snapshot in a file's content; DamagedFileError names the file and what is wrong."""
    try:
        members = json.loads(gzip.decompress(content))
        _check_schema(members, path)
        rows: dict[str, Any] = {
            name: tuple(_made(kind, row) for row in members[name]) for name, kind in _ROWS.items()
        }
        return Snapshot(
            exported_at=datetime.fromisoformat(members["exported_at"]),
            version=_checked(int, members["version"]),
            database=_checked(str, members["database"]),
            locale=_made(Locale, members["locale"]),
            settings=_texts(members["settings"]),
            schema_sql=_checked(str, members["schema_sql"]),
            data=PlannerData(
                lacks=tuple(_checked(str, each) for each in members["lacks"]),
                unreadable=tuple(_checked(str, each) for each in members["unreadable"]),
                **rows,
            ),
            is_redacted=_checked(bool, members["is_redacted"]),
        )
    except (OSError, EOFError, zlib.error, ValueError, TypeError, KeyError, RecursionError) as error:
        what = f"has no {error}" if isinstance(error, KeyError) else f"is no snapshot of a database: {error}"
        raise DamagedFileError(path, what, hint=_EXPORT_AGAIN) from None


def read_snapshot(path: Path) -> Snapshot:
    """Return the snapshot of a file; UsageError when it cannot be read."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path}: {error.strerror}", hint="make one with: perfkit twin export FILE"
        ) from None
    return decode(content, path)


def _check_schema(members: Any, path: Path) -> None:
    schema = members.get("schema") if isinstance(members, Mapping) else None
    version = _SCHEMA.fullmatch(str(schema))
    if not version:
        raise ValueError("it has no schema of perfkit.twin")
    if int(version[1]) > VERSION:
        raise DamagedFileError(path, f"was written by a newer perfkit ({schema})", hint="upgrade perfkit")


def _made(kind: type[_Kind], row: Any) -> _Kind:
    """Return the row as its dataclass, whose annotations say what its values may be."""
    hints = _hints(kind)  # type: ignore[arg-type]  # a class can be hashed
    unknown = _checked(dict, row).keys() - hints.keys()
    if unknown:
        raise ValueError(f"a row has an unknown {min(unknown)!r}")
    for name, value in row.items():
        if not isinstance(value, hints[name]):
            raise ValueError(f"the {name!r} of a row is {value!r}")  # noqa: TRY004  of a file, not of an argument
    return kind(**row)


@cache
def _hints(kind: Any) -> dict[str, tuple[type, ...]]:
    """Return the types that each field of a dataclass may have; a whole number is a fraction too."""
    return {name: tuple(_types(hint)) for name, hint in get_type_hints(kind).items()}


def _types(hint: Any) -> Iterator[type]:
    for each in get_args(hint) if get_origin(hint) is UnionType else (hint,):
        yield get_origin(each) or each
        if each is float:
            yield int


def _checked(kind: type[_Kind], value: Any) -> _Kind:
    if not isinstance(value, kind):
        raise ValueError(f"{value!r} is not {kind.__name__}")  # noqa: TRY004  of a file, not of an argument
    return value


def _texts(members: Any) -> dict[str, str]:
    return {_checked(str, name): _checked(str, value) for name, value in _checked(dict, members).items()}
