"""What an instance of the API is told when it starts, in a private file: a command line can be read by everyone."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """The database and cache (None for no cache) with their passwords, connections of the pool, seconds of draining.

    `statements` maps the names of the catalog's queries to their SQL with `$n`. A `pooled` database is reached through a
    pooler, where a session's prepared statements are not found again.
    """

    database: str = field(repr=False)
    pooled: bool
    cache: str | None = field(repr=False)
    pool: int
    drain_s: float
    statements: Mapping[str, str]


def write_settings(path: Path, settings: ApiSettings) -> None:
    """Write the settings to a file that only its owner can read."""
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123  for the mode
        json.dump(asdict(settings), file)


def read_settings(path: Path) -> ApiSettings:
    """Return the settings that `write_settings` wrote."""
    return ApiSettings(**json.loads(path.read_text()))
