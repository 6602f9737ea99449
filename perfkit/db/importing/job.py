"""A worker's job: what one process of a trial is told, as a line of JSON."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from perfkit.bench.imports.model import Way


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Import the first `rows` records of `path` into `schema`.`table` in one way, in a transaction that is rolled back.

    `prepare` are statements before the clock starts. `gin_indexes` (quoted) put off a part of their work until they are
    vacuumed, which is done before the clock stops. `columns` are those of the file, `bases` their types' names.
    `defined_by` is the table that a scratch copy copies, as SQL writes it; `key` the columns of a key to update by.
    """

    dsn: str = field(repr=False)
    way: Way
    path: str
    schema: str
    table: str
    columns: tuple[str, ...]
    bases: tuple[str, ...]
    rows: int
    batch: int
    prepare: tuple[str, ...] = ()
    gin_indexes: tuple[str, ...] = ()
    defined_by: str = ""
    key: tuple[str, ...] = ()

    @property
    def file(self) -> Path:
        """Return the file of records."""
        return Path(self.path)


def encode(job: Job) -> str:
    """Return the job as a line."""
    return json.dumps(asdict(job)) + "\n"


def decode(line: str) -> Job:
    """Return the job that a line tells."""
    given = json.loads(line)
    tuples = {name: tuple(given[name]) for name in ("columns", "bases", "prepare", "gin_indexes", "key")}
    return Job(**given | tuples | {"way": Way(given["way"])})
