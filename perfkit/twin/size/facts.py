"""What the size of an index follows from: its columns, their statistics, the rows and pages of its table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One value of a column: its text, its size in an index tuple, and for what share of the rows it stands.

    `distinct` says for how many different values: one when it is common, more when it is one of a histogram.
    """

    text: str
    share: float
    distinct: float
    width_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Elements:
    """The most common elements of an array or text-search column, each with the share of the rows that hold it.

    Of arrays also the average count of elements, and the share of those that have none; not of rows that are NULL.
    """

    texts: tuple[str, ...]
    shares: tuple[float, ...]
    average_count: float | None
    empty_share: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What is known of a column's values in the rows that the index holds.

    `distinct` is a count of values, NULL not among them. `common_shares` are the shares of the most common values;
    `samples` are those values and the bounds of the histogram, empty when nothing was sampled.
    """

    null_share: float
    width_bytes: float
    distinct: float
    common_shares: tuple[float, ...] = ()
    samples: tuple[Sample, ...] = ()
    elements: Elements | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexColumn:
    """One column of an index, key or included.

    `length_bytes` is the type's, negative when it varies; `operator_class` is '' for an included column.
    `can_deduplicate` says that equal values are the same bytes (the operator class's equalimage function).
    """

    type_name: str
    length_bytes: int
    alignment_bytes: int
    operator_class: str
    can_deduplicate: bool
    statistics: Statistics


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexFacts:
    """One index that need not be built yet.

    `rows` are those that it holds, fewer than the table's `heap_rows` when it is partial. `distinct` is the count of
    different combinations of all keys, None when no statistics say it. `storage` are the parameters of WITH.
    """

    method: str
    unique: bool
    key_count: int
    columns: tuple[IndexColumn, ...]
    rows: float
    heap_rows: float
    heap_pages: int
    distinct: float | None = None
    storage: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def keys(self) -> tuple[IndexColumn, ...]:
        """Return the columns without those of INCLUDE."""
        return self.columns[: self.key_count]


@dataclass(frozen=True, slots=True, kw_only=True)
class GinPages:
    """What the metapage of a GIN index says of it, in pages and entries."""

    entry_pages: int
    data_pages: int
    entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexSize:
    """How large an index would be, freshly built.

    `pages` are all its blocks of 8 KiB, `tuples` what the planner keeps as reltuples, `height` the levels above the
    leaves of a b-tree (0 for one leaf). `gin` and `revmap_pages` are None and 0 for other access methods.
    """

    pages: int
    tuples: float
    height: int = 0
    gin: GinPages | None = None
    revmap_pages: int = 0

    @property
    def size_bytes(self) -> int:
        """Return the length of the index's file."""
        return self.pages * 8192
