"""What indexes cost the statements that write: an entry a row, and the heap-only updates that a new index rules out."""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from perfkit.indexes import thresholds
from perfkit.indexes.workload import TableWrite, WorkloadCase, WriteKind
from perfkit.names import quote_name
from perfkit.syntax.index import IndexDefinition

Writes = Mapping[str, Sequence[tuple[float, TableWrite]]]
"""By qualified table: calls per minute, and what one call writes."""

_WORD = re.compile(r'"(?:[^"]|"")*"|[\w$]+')
_TRIGRAM = re.compile(r"(?:.*\.)?gin_trgm_ops")
_SUMMARIZING = "brin"


def writes_by_table(cases: Iterable[WorkloadCase]) -> Writes:
    """Return who writes to which table."""
    found: defaultdict[str, list[tuple[float, TableWrite]]] = defaultdict(list)
    for case in cases:
        for write in case.writes:
            found[write.table].append((case.weight, write))
    return found


def write_ms_per_minute(
    writes: Sequence[tuple[float, TableWrite]], indexes: Sequence[IndexDefinition]
) -> float:
    """Return the milliseconds a minute that all `indexes` of one table cost those who write to it."""
    return sum(weight * _call_ms(write, indexes) for weight, write in writes)


def sets_a_column_of(definition: IndexDefinition, columns: frozenset[str]) -> bool:
    """Tell whether an update of `columns` (unquoted) sets one that the index has as key, INCLUDE or in an expression."""
    text = " ".join((*(key.text for key in definition.keys), *definition.include, definition.predicate))
    words = set(_WORD.findall(text))
    return any(quote_name(column) in words for column in columns)


def _call_ms(write: TableWrite, indexes: Sequence[IndexDefinition]) -> float:
    """Return what one call costs; an update makes an entry in every index unless it can stay on its page (heap-only).

    It can when no index has a column that it sets; those that only summarise (BRIN) do not count from PostgreSQL 16 on, and
    get an entry of their own only for their own columns. An entry that is made in place of another is vacuumed later.
    """
    if write.kind is WriteKind.INSERT:
        return write.rows * math.fsum(map(_insert_ms, indexes))
    if write.kind is WriteKind.DELETE:
        return write.rows * math.fsum(map(_vacuum_ms, indexes))
    touched = [definition for definition in indexes if sets_a_column_of(definition, write.columns)]
    if any(definition.method != _SUMMARIZING for definition in touched):
        touched = list(indexes)
    return write.rows * math.fsum(_entry_ms(definition) + _vacuum_ms(definition) for definition in touched)


def _entry_ms(definition: IndexDefinition) -> float:
    return thresholds.ENTRY_MS.get(_kind(definition), thresholds.OTHER_ENTRY_MS)


def _insert_ms(definition: IndexDefinition) -> float:
    """Return what an entry costs to make and, in GIN's pending list, to move to its place, which vacuum does."""
    return _entry_ms(definition) + (_vacuum_ms(definition) if definition.method == "gin" else 0.0)


def _vacuum_ms(definition: IndexDefinition) -> float:
    return thresholds.VACUUM_MS.get(_kind(definition), thresholds.OTHER_VACUUM_MS)


def _kind(definition: IndexDefinition) -> str:
    trigrams = any(_TRIGRAM.fullmatch(key.operator_class) for key in definition.keys)
    return f"{definition.method} trigrams" if trigrams else definition.method
