"""The selectors that perfkit's must beat, over the same what-if planner: Extend, and one index per filtered column.

Extend is made from its paper: Schlosser, Kossmann, Boissier: "Efficient Scalable Multi-attribute Index Selection Using
Recursive Strategies", ICDE 2019. It knows b-trees of plain columns, and its objective is the planner's cost.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import permutations, takewhile

from perfkit.indexes.whatif import WhatIf
from perfkit.indexes.workload import WorkloadCase, table_of
from perfkit.syntax.index import IndexDefinition, IndexKey

Configuration = frozenset[IndexDefinition]
Columns = Mapping[str, Sequence[str]]
"""By qualified table (schema.name), the quoted names of the columns that the workload filters, joins or sorts by."""

# As in its authors' own code: a step that saves less is none, whatever it takes.
_LEAST_SHARE = 0.003
_MOST_COLUMNS = 4


def extend(
    what_if: WhatIf,
    cases: Sequence[WorkloadCase],
    columns: Columns,
    budget_bytes: int,
    known: Container[IndexDefinition] | None = None,
) -> Configuration:
    """Return Extend's indexes: step by step the new or lengthened index that saves most cost per byte that it adds.

    `known` are those that the planner can be asked about, None when it knows any.
    """
    costs = _Costs(what_if, cases)
    chosen: Configuration = frozenset()
    total = costs.total(chosen)
    while True:
        reachable = dict.fromkeys(_after(chosen, *step) for step in _steps(chosen, columns, known))
        found = {
            after: costs.saved(chosen, after)
            for after in reachable
            if costs.size_bytes(after) <= budget_bytes
        }
        better = [after for after, saved in found.items() if saved > total * _LEAST_SHARE]
        if not better:
            return chosen
        size_bytes = costs.size_bytes(chosen)
        rates = {after: found[after] / max(1, costs.size_bytes(after) - size_bytes) for after in better}
        chosen = max(better, key=lambda after: rates[after])
        total -= found[chosen]


def one_per_column(what_if: WhatIf, columns: Columns, budget_bytes: int) -> Configuration:
    """Return an index on each filtered column, in order of table and column, as far as the budget goes."""
    chosen: Configuration = frozenset()
    left_bytes = budget_bytes
    for definition in _singles(columns):
        size_bytes = what_if.size_bytes(definition)
        if size_bytes <= left_bytes:
            chosen |= {definition}
            left_bytes -= size_bytes
    return chosen


def columns_of(cases: Sequence[WorkloadCase]) -> Columns:
    """Return the plain columns among the b-tree keys that were offered to the cases: those a workload filters by."""
    found: dict[str, set[str]] = {}
    for case in cases:
        for table, names in _columns_of(case).items():
            found.setdefault(table, set()).update(names)
    return {table: sorted(found[table]) for table in sorted(found)}


def plain_indexes(cases: Sequence[WorkloadCase]) -> Configuration:
    """Return what the selectors may choose of: each column, every two of a case, and longer keys that one was offered."""
    found: set[IndexDefinition] = set()
    for case in cases:
        for table, names in _columns_of(case).items():
            found.update(_index(table, name) for name in names)
            found.update(_index(table, *pair) for pair in permutations(sorted(names), 2))
        for definition in case.offered:
            keys = list(takewhile(lambda text: text is not None, map(_plain_column, definition.keys)))
            if definition.method == "btree" and keys:
                found.add(_index(table_of(definition), *(text for text in keys[:_MOST_COLUMNS] if text)))
    return frozenset(found)


def _columns_of(case: WorkloadCase) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for definition in case.offered:
        if definition.method == "btree" and not definition.predicate:
            keys = {key.text for key in definition.keys if not key.is_expression}
            found.setdefault(table_of(definition), set()).update(keys)
    return found


def _plain_column(key: IndexKey) -> str | None:
    return None if key.is_expression else key.text


class _Costs:
    """What the workload costs, each case asked once for those indexes that begin with a column that it asks for."""

    def __init__(self, what_if: WhatIf, cases: Sequence[WorkloadCase]) -> None:
        self._what_if = what_if
        self._cases = cases
        self._known: dict[tuple[str, Configuration], float] = {}
        self._columns = {case.id: _columns_of(case) for case in cases}
        self._affected: dict[IndexDefinition, list[WorkloadCase]] = {}

    def total(self, configuration: Configuration) -> float:
        return sum(case.weight * self._cost(case, configuration) for case in self._cases)

    def size_bytes(self, configuration: Configuration) -> int:
        return sum(self._what_if.size_bytes(definition) for definition in configuration)

    def saved(self, before: Configuration, after: Configuration) -> float:
        affected = {case.id: case for each in before ^ after for case in self.affected(each)}
        return sum(
            case.weight * (self._cost(case, before) - self._cost(case, after)) for case in affected.values()
        )

    def affected(self, definition: IndexDefinition) -> Sequence[WorkloadCase]:
        if definition not in self._affected:
            self._affected[definition] = [case for case in self._cases if self._matters(case, definition)]
        return self._affected[definition]

    def _matters(self, case: WorkloadCase, definition: IndexDefinition) -> bool:
        return definition.keys[0].text in self._columns[case.id].get(table_of(definition), ())

    def _cost(self, case: WorkloadCase, configuration: Configuration) -> float:
        relevant = frozenset(each for each in configuration if self._matters(case, each))
        if (case.id, relevant) not in self._known:
            self._known[case.id, relevant] = self._what_if.cost(case, relevant, frozenset()).cost
        return self._known[case.id, relevant]


def _steps(
    chosen: Configuration, columns: Columns, known: Container[IndexDefinition] | None
) -> Iterator[tuple[IndexDefinition, IndexDefinition | None]]:
    """Yield what can be made, with the chosen index whose place it takes: single columns, and one column more."""
    for definition in _singles(columns):
        if definition not in chosen:
            yield definition, None
    for shorter in sorted(chosen, key=IndexDefinition.create):
        table, keys = table_of(shorter), [key.text for key in shorter.keys]
        for column in columns[table] if len(keys) < _MOST_COLUMNS else ():
            longer = _index(table, *keys, column)
            if column not in keys and (known is None or longer in known):
                yield longer, shorter


def _after(
    chosen: Configuration, definition: IndexDefinition, shorter: IndexDefinition | None
) -> Configuration:
    return (chosen - {shorter} if shorter else chosen) | {definition}


def _singles(columns: Columns) -> Iterator[IndexDefinition]:
    for table, names in sorted(columns.items()):
        for name in sorted(names):
            yield _index(table, name)


def _index(table: str, *columns: str) -> IndexDefinition:
    schema, _, name = table.partition(".")
    return IndexDefinition(schema=schema, table=name, keys=tuple(IndexKey(text=column) for column in columns))
