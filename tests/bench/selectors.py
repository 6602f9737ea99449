"""The selectors that perfkit's must beat, over the same what-if planner: Extend, and one index per filtered column.

Extend is made from its paper: Schlosser, Kossmann, Boissier: "Efficient Scalable Multi-attribute Index Selection Using
Recursive Strategies", ICDE 2019. It knows b-trees of plain columns, and its objective is the planner's cost.
"""

from collections.abc import Iterator, Mapping, Sequence

from perfkit.indexes.whatif import WhatIf
from perfkit.indexes.workload import WorkloadCase
from perfkit.syntax.index import IndexDefinition, IndexKey

Configuration = frozenset[IndexDefinition]
Columns = Mapping[str, Sequence[str]]
"""By qualified table (schema.name), the quoted names of the columns that the workload filters, joins or sorts by."""

# As in its authors' own code: a step that saves less is none, whatever it takes.
_LEAST_SHARE = 0.003
_MOST_COLUMNS = 4


def extend(
    what_if: WhatIf, cases: Sequence[WorkloadCase], columns: Columns, budget_bytes: int
) -> Configuration:
    """Return Extend's indexes: step by step the new or lengthened index that saves most cost per byte that it adds."""
    costs = _Costs(what_if, cases)
    chosen: Configuration = frozenset()
    while True:
        reachable = dict.fromkeys(_after(chosen, *step) for step in _steps(chosen, columns))
        better = [
            after
            for after in reachable
            if costs.size_bytes(after) <= budget_bytes and costs.is_worth_it(chosen, after)
        ]
        if not better:
            return chosen
        before = chosen
        chosen = max(better, key=lambda after: costs.saved_per_byte(before, after))


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
        for definition in case.offered:
            keys = [key.text for key in definition.keys if not key.is_expression]
            if definition.method == "btree" and not definition.predicate:
                found.setdefault(f"{definition.schema}.{definition.table}", set()).update(keys)
    return {table: sorted(found[table]) for table in sorted(found)}


class _Costs:
    """What the workload costs, each case asked once for those indexes that are on its tables."""

    def __init__(self, what_if: WhatIf, cases: Sequence[WorkloadCase]) -> None:
        self._what_if = what_if
        self._cases = cases
        self._known: dict[tuple[str, Configuration], float] = {}
        self._sizes: dict[IndexDefinition, int] = {}

    def total(self, configuration: Configuration) -> float:
        return sum(case.weight * self._cost(case, configuration) for case in self._cases)

    def size_bytes(self, configuration: Configuration) -> int:
        for definition in configuration - self._sizes.keys():
            self._sizes[definition] = self._what_if.size_bytes(definition)
        return sum(self._sizes[definition] for definition in configuration)

    def saved_per_byte(self, before: Configuration, after: Configuration) -> float:
        added_bytes = self.size_bytes(after) - self.size_bytes(before)
        return (self.total(before) - self.total(after)) / max(1, added_bytes)

    def is_worth_it(self, before: Configuration, after: Configuration) -> bool:
        return self.total(after) < self.total(before) * (1 - _LEAST_SHARE)

    def _cost(self, case: WorkloadCase, configuration: Configuration) -> float:
        relevant = frozenset(each for each in configuration if f"{each.schema}.{each.table}" in case.reads)
        if (case.id, relevant) not in self._known:
            self._known[case.id, relevant] = self._what_if.cost(case, relevant, frozenset()).cost
        return self._known[case.id, relevant]


def _steps(
    chosen: Configuration, columns: Columns
) -> Iterator[tuple[IndexDefinition, IndexDefinition | None]]:
    """Yield what can be made, with the chosen index whose place it takes: single columns, and one column more."""
    for definition in _singles(columns):
        if definition not in chosen:
            yield definition, None
    for shorter in sorted(chosen, key=IndexDefinition.create):
        keys = [key.text for key in shorter.keys]
        if len(keys) < _MOST_COLUMNS:
            for column in columns[f"{shorter.schema}.{shorter.table}"]:
                if column not in keys:
                    yield _index(f"{shorter.schema}.{shorter.table}", *keys, column), shorter


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
