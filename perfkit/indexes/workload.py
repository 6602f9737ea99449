"""The workload as the selection sees it: what a case takes, how often it is called, what it reads and writes."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from perfkit.syntax.index import IndexDefinition


class WriteKind(StrEnum):
    """What a statement does to the rows of a table."""

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableWrite:
    """Rows of a table that one call writes; `columns` are those that an update sets, unquoted.

    `brin_ends_heap_only` where the server leaves no row on its page once any index has such a column, be it BRIN.
    """

    table: str
    kind: WriteKind
    rows: float
    columns: frozenset[str] = frozenset()
    brin_ends_heap_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadCase:
    """A case: `weight` in calls per minute, `measured_ms` of one call, the qualified tables (unquoted) that it reads.

    `offered` are the candidates that were made for it. An update or delete reads its table too.

    A call may be split into the statement itself and what it looks for in tables that refer to its own: each is a case of
    its own then, `part_of` the id of the whole, which takes `rest_ms` beside it.
    """

    id: str
    weight: float
    measured_ms: float
    reads: frozenset[str]
    offered: tuple[IndexDefinition, ...] = ()
    writes: tuple[TableWrite, ...] = ()
    part_of: str = ""
    rest_ms: float = 0.0

    @property
    def whole(self) -> str:
        """Return the id of the case that it is, or is a part of."""
        return self.part_of or self.id

    @property
    def ms_per_minute(self) -> float:
        """Return the milliseconds that the server spends on the case in a minute."""
        return self.weight * self.measured_ms


def table_of(definition: IndexDefinition) -> str:
    """Return the qualified name of the index's table, unquoted."""
    return f"{definition.schema}.{definition.table}"


def relevant(case: WorkloadCase, definitions: Iterable[IndexDefinition]) -> frozenset[IndexDefinition]:
    """Return the indexes that may matter to a case: those that lead with a key of what was offered to it.

    So an index that was made for another case counts here too when this one searches, joins or sorts by its first key.
    """
    keys = {(table_of(offer), key.text) for offer in case.offered for key in offer.keys}
    return frozenset(
        definition
        for definition in definitions
        if table_of(definition) in case.reads and (table_of(definition), definition.keys[0].text) in keys
    )
