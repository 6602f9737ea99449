"""What indexes cost the statements that write: an entry a row, and the heap-only updates that a new index rules out."""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from perfkit.indexes import thresholds
from perfkit.indexes.configuration import Configuration, numbers, of_numbers
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
    costs = TableWriteCosts(writes, dict(enumerate(indexes)))
    return costs.ms_per_minute(of_numbers(range(len(indexes))))


class TableWriteCosts:
    """What the indexes of one table cost those who write to it, for any set of the `indexes`, which have numbers.

    An insert makes an entry in every index, and a delete leaves one to be vacuumed. An update does both in every index
    unless the row can stay on its page (heap-only), as it can when no index has a column that it sets; where the
    write spares those that only summarise (BRIN), they do not count, and get an entry only for their own columns.
    """

    def __init__(
        self, writes: Sequence[tuple[float, TableWrite]], indexes: Mapping[int, IndexDefinition]
    ) -> None:
        rows = {
            kind: math.fsum(weight * write.rows for weight, write in writes if write.kind is kind)
            for kind in WriteKind
        }
        inserted, deleted = rows[WriteKind.INSERT], rows[WriteKind.DELETE]
        self._fixed_ms = {
            number: inserted * _insert_ms(each) + deleted * _vacuum_ms(each)
            for number, each in indexes.items()
        }
        self._update_ms = {number: _entry_ms(each) + _vacuum_ms(each) for number, each in indexes.items()}
        self._updates = [
            _update(weight * write.rows, write, indexes)
            for weight, write in writes
            if write.kind is WriteKind.UPDATE
        ]

    def ms_per_minute(self, configuration: Configuration) -> float:
        """Return the milliseconds a minute that the indexes of the configuration cost."""
        fixed_ms = math.fsum(self._fixed_ms[number] for number in numbers(configuration))
        return fixed_ms + math.fsum(
            update.rows
            * math.fsum(self._update_ms[number] for number in numbers(update.written(configuration)))
            for update in self._updates
        )


@dataclass(frozen=True, slots=True)
class _Update:
    """An update of so many rows a minute: the indexes with a column that it sets, and those of them that end heap-only."""

    rows: float
    touched: Configuration
    ends_heap_only: Configuration

    def written(self, configuration: Configuration) -> Configuration:
        """Return the indexes of the configuration in which it makes an entry."""
        return configuration if configuration & self.ends_heap_only else configuration & self.touched


def _update(rows: float, write: TableWrite, indexes: Mapping[int, IndexDefinition]) -> _Update:
    touched = {number: each for number, each in indexes.items() if sets_a_column_of(each, write.columns)}
    ending = [
        number for number, each in touched.items() if write.brin_ends_heap_only or each.method != _SUMMARIZING
    ]
    return _Update(rows, of_numbers(touched), of_numbers(ending))


def sets_a_column_of(definition: IndexDefinition, columns: frozenset[str]) -> bool:
    """Tell whether an update of `columns` (unquoted) sets one that the index has as key, INCLUDE or in an expression."""
    text = " ".join((*(key.text for key in definition.keys), *definition.include, definition.predicate))
    words = set(_WORD.findall(text))
    return any(quote_name(column) in words for column in columns)


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
