"""Snapshot: all that the planner knows of a database, and none of its rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from perfkit.copies import Locale
from perfkit.twin.known_texts import KnownTexts


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationSize:
    """A table, materialized view, partitioned table (relkind r, m, p) or index (i, I) as the planner sizes it.

    `oid` is production's: the planner breaks ties between indexes by it. `pages`, `rows` and `visible_pages` are
    pg_class's, `blocks` of 8 kB what its main file holds now. An index has its `method`, its table's `table_schema` and
    `table_name`, and, where they could be read, a b-tree's `height` (0 for a root that is a leaf) and the `lowest` and
    `highest` value of its first key, as text.
    """

    oid: int
    schema: str
    name: str
    kind: str
    pages: int
    rows: float
    visible_pages: int
    blocks: int
    method: str | None = None
    table_schema: str | None = None
    table_name: str | None = None
    pages_per_range: int | None = None
    height: int | None = None
    lowest: str | None = None
    highest: str | None = None
    gin_entry_pages: int | None = None
    gin_entries: int | None = None
    gin_pending_pages: int | None = None

    @property
    def is_index(self) -> bool:
        """Tell whether it is an index, or a partitioned one."""
        return self.kind in ("i", "I")

    @property
    def has_file(self) -> bool:
        """Tell whether it has a file of its own, whose length the planner asks for."""
        return self.kind in ("r", "m", "i")


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnStatistics:
    """A row of pg_stats, in its own words: arrays as text, in the output of their type.

    `table` is a table, or an index whose expressions have statistics. `range_*` are of range types. Values that are
    `is_redacted` are not the database's, but for known texts: they have the order, width and frequency of those.
    """

    schema: str
    table: str
    column: str
    inherited: bool
    null_fraction: float
    width: int
    distinct: float
    common_values: str | None = None
    common_frequencies: str | None = None
    histogram: str | None = None
    correlation: float | None = None
    common_elements: str | None = None
    element_frequencies: str | None = None
    element_counts: str | None = None
    range_lengths: str | None = None
    range_empty_fraction: float | None = None
    range_bounds: str | None = None
    is_redacted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendedStatistics:
    """A row of pg_stats_ext: what CREATE STATISTICS has gathered. `columns` by production's attribute number."""

    oid: int
    schema: str
    name: str
    table_schema: str
    table_name: str
    inherited: bool
    columns: Mapping[str, str]
    distinct: str | None = None
    dependencies: str | None = None
    common_values: list[list[str | None]] | None = None
    common_frequencies: list[float] | None = None
    common_base_frequencies: list[float] | None = None
    column_names: list[str] | None = None
    expressions: list[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpressionStatistics:
    """A row of pg_stats_ext_exprs: what is known of one expression of an extended statistics object."""

    schema: str
    name: str
    inherited: bool
    expression: str
    null_fraction: float
    width: int
    distinct: float
    common_values: str | None = None
    common_frequencies: str | None = None
    histogram: str | None = None
    correlation: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Redaction:
    """What of the values in statistics may leave the server: all, or all but what may hold text, save in columns of `kept`.

    These are patterns of schema.table.column, with * as in a shell. Texts that are `known` anyway stand for themselves.
    """

    values: bool = True
    kept: tuple[str, ...] = ()
    known: KnownTexts = field(default_factory=KnownTexts)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannerData:
    """What the planner goes by, apart from schema and settings.

    `unreadable` are the tables that the role may not read, as pg_dump takes them; `lacks` says, a sentence each, what is
    missing and what that costs.
    """

    relations: tuple[RelationSize, ...] = field(repr=False)
    columns: tuple[ColumnStatistics, ...] = field(repr=False)
    extended: tuple[ExtendedStatistics, ...] = ()
    expressions: tuple[ExpressionStatistics, ...] = ()
    unreadable: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All of it. `version` is server_version_num; `settings` are the planner's, by name; `schema_sql` is pg_dump's."""

    exported_at: datetime
    version: int
    database: str
    locale: Locale
    settings: Mapping[str, str]
    schema_sql: str = field(repr=False)
    data: PlannerData
    is_redacted: bool

    @property
    def major(self) -> int:
        """Return the major version: 14 to 18."""
        return self.version // 10_000
