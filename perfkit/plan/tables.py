"""What an index advisor has to know of a database: tables, columns with their statistics, indexes, keys, functions."""

from collections.abc import Mapping
from dataclasses import dataclass, field

_PAGE_BYTES = 8192
# Where none of some hundred texts has more characters, none is taken to have a thousand.
_SHORT_TEXT = 200
# Unless they are declared with one, as varchar(20).
_OF_ANY_LENGTH = frozenset({"text", "varchar", "bpchar", "citext", "bytea", "json", "jsonb", "xml"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column; `type` as format_type writes it, `type_name` its internal name (int4, _text), a domain's base.

    `category` is pg_type.typcategory (A array, S string, E enum, …). `collation_is_c` when it sorts by bytes, so that a
    plain b-tree serves LIKE 'x%'. The rest is what pg_stats says, with `analyzed` false where it says nothing:
    `distinct` is the number of values, negative a share of the rows; `correlation` None where it has none;
    `common_values` are texts, `common_frequencies` their shares of all rows; `longest_known` are the characters of the
    longest text that pg_stats knows, of a column without a length, 0 where it knows none.
    """

    name: str
    type: str
    type_name: str
    category: str
    not_null: bool = False
    collation_is_c: bool = False
    analyzed: bool = False
    null_share: float = 0.0
    width_bytes: int = 0
    distinct: float = 0.0
    correlation: float | None = None
    common_values: tuple[str, ...] = ()
    common_frequencies: tuple[float, ...] = ()
    longest_known: int = 0

    def distinct_values(self, rows: float) -> float:
        """Return how many different values the planner takes the column to have in so many rows; 0 when unknown."""
        return self.distinct if self.distinct >= 0 else -self.distinct * rows


@dataclass(frozen=True, slots=True, kw_only=True)
class TableIndex:
    """An index that exists; `definition` is pg_get_indexdef's text, `constraint` the name of the one it holds, or ''.

    `held` when the table is replicated by it or clustered on it, or a foreign key refers by it. `scans` is None where the
    server keeps no count; it counts since `Tables.statistics_since`.
    """

    name: str
    definition: str
    valid: bool
    unique: bool
    constraint: str
    size_bytes: int
    scans: int | None
    held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKey:
    """A foreign key of the table that has it; `referenced` is schema.name, `on_delete` is pg_constraint.confdeltype."""

    columns: tuple[str, ...]
    referenced: str
    referenced_columns: tuple[str, ...]
    on_delete: str
    on_update: str = "a"
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table, partitioned table or materialised view; `rows` is the planner's estimate, -1 when never analyzed.

    A partitioned table has the rows and pages of its partitions together. `toast_pages` are those of the values that are
    stored apart, as a row of 2 kB or more has them. `partition_of` is the qualified name of the topmost partitioned table,
    '' for none; `partition_key` names a partitioned table's key columns. `expressions` are those of its extended
    statistics, as the server writes them. `has_children` when others inherit from it, `is_child` when it inherits, other
    than by partitioning.
    """

    schema: str
    name: str
    rows: float
    pages: int
    columns: Mapping[str, Column]
    indexes: tuple[TableIndex, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    toast_pages: int = 0
    is_partitioned: bool = False
    partition_of: str = ""
    partition_key: tuple[str, ...] = ()
    expressions: tuple[str, ...] = ()
    has_children: bool = False
    is_child: bool = False

    @property
    def qualified_name(self) -> str:
        """Return schema.name, unquoted, as tables are keyed."""
        return f"{self.schema}.{self.name}"

    @property
    def size_bytes(self) -> int:
        """Return what its pages of 8 kB take."""
        return self.pages * _PAGE_BYTES

    def may_be_long(self, column: Column) -> bool:
        """Tell whether the column may have values that no b-tree takes: where the table has long ones, they may be its.

        Of those that pg_stats knows some would show it, or none, as it leaves out what is longer than 1 kB.
        """
        is_bounded = column.type_name not in _OF_ANY_LENGTH or column.type.endswith(")")
        is_short = 0 < column.longest_known <= _SHORT_TEXT
        return self.toast_pages > 0 and not (is_bounded or is_short)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One function or operator: internal type names in and out, and pg_proc.provolatile."""

    schema: str
    name: str
    arguments: tuple[str, ...]
    result: str
    volatility: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tables:
    """A database as an index advisor sees it; compared by identity.

    `tables` and `views` (to their SELECT) are keyed by schema.name; `version` is server_version_num; `extensions` maps
    those installed to their schema, `available` are those that CREATE EXTENSION would find. `functions` and `operators`
    are keyed by name, `casts` by internal type names (from, to) to the volatility. `statistics_since` is when the counts
    of scans began, in seconds since the epoch, None when not known; `has_replicas` whether the server has standbys, which
    count their own.
    """

    tables: Mapping[str, Table]
    views: Mapping[str, str] = field(default_factory=dict)
    version: int = 180_000
    search_path: tuple[str, ...] = ("public",)
    extensions: Mapping[str, str] = field(default_factory=dict)
    available: frozenset[str] = frozenset()
    functions: Mapping[str, tuple[Signature, ...]] = field(default_factory=dict)
    operators: Mapping[str, tuple[Signature, ...]] = field(default_factory=dict)
    casts: Mapping[tuple[str, str], str] = field(default_factory=dict)
    statistics_since: float | None = None
    has_replicas: bool | None = None

    def find(self, schema: str, name: str) -> str:
        """Return the key of a table or view as a statement names it, '' when there is none."""
        for each in (schema,) if schema else self.search_path:
            key = f"{each}.{name}"
            if key in self.tables or key in self.views:
                return key
        return ""
