"""What a server says about itself that a plan alone does not: version, settings, relations and their statistics."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """One index of a relation; `definition` is pg_get_indexdef's text."""

    name: str
    definition: str
    size_bytes: int
    valid: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A table, partition or materialised view; `rows` is the planner's estimate, -1 when never analyzed.

    `modified_since_analyze`, `dead_rows` and `last_analyze` come from the cumulative statistics and are None where
    the server keeps none (a replica) or the role may not see them. `partition_of` is the qualified name of the topmost
    partitioned table that a partition belongs to. `columns` maps names to types; `columns_not_text` are those that are
    neither text nor varchar, whose indexes do not serve (column)::text; `columns_without_statistics` are those of which
    the planner knows nothing though the role may read them.
    """

    schema: str
    name: str
    rows: float
    size_bytes: int
    modified_since_analyze: int | None
    dead_rows: int | None
    last_analyze: datetime | None
    indexes: tuple[Index, ...]
    partition_of: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    columns_not_text: tuple[str, ...] = ()
    columns_without_statistics: tuple[str, ...] = ()

    @property
    def qualified_name(self) -> str:
        """Return schema.name, unquoted, as plans are keyed."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Facts:
    """The server around a run; compared by identity.

    `version` is server_version_num (180006), `settings` every setting that EXPLAIN's SETTINGS option would show, by
    name and with its unit; `relations` by qualified name, those that the run's plans touched.
    """

    version: int
    version_text: str
    database: str
    in_recovery: bool
    settings: Mapping[str, str]
    relations: Mapping[str, Relation]

    @property
    def major(self) -> int:
        """Return the major version: 14 to 18."""
        return self.version // 10_000
