"""A planner whose answers are known: each case has its ways of being done, and the cheapest that is possible is its plan."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from perfkit.indexes.whatif import PlannedCost
from perfkit.indexes.workload import WorkloadCase
from perfkit.syntax.index import IndexDefinition, IndexKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to do a case: its cost, and what it takes beyond it, the new indexes that it needs, and the existing ones."""

    cost: float
    unseen: float = 0.0
    needs: frozenset[IndexDefinition] = frozenset()
    needs_existing: frozenset[str] = frozenset()


@dataclass(slots=True, kw_only=True)
class ExactPlanner:
    """A WhatIf over tables of ways and sizes; `asked` are all the questions it got."""

    ways: Mapping[str, Sequence[Way]]
    sizes: Mapping[IndexDefinition, int] = field(default_factory=dict)
    asked: list[tuple[str, frozenset[IndexDefinition], frozenset[str]]] = field(default_factory=list)
    can_drop: bool = True

    def size_bytes(self, definition: IndexDefinition) -> int:
        return self.sizes.get(definition, 1_000_000)

    def cost(
        self, case: WorkloadCase, configuration: frozenset[IndexDefinition], dropped: frozenset[str]
    ) -> PlannedCost:
        self.asked.append((case.id, configuration, dropped))
        possible = [
            way
            for way in self.ways[case.id]
            if way.needs <= configuration and not way.needs_existing & dropped
        ]
        best = min(possible, key=lambda way: way.cost)
        return PlannedCost(
            cost=best.cost,
            used=best.needs,
            used_existing=best.needs_existing,
            unseen_cost=best.unseen,
        )


def index(
    *keys: str, table: str = "gift", include: tuple[str, ...] = (), method: str = "btree"
) -> IndexDefinition:
    """Return an index of public.gift on plain columns."""
    return IndexDefinition(
        schema="public",
        table=table,
        keys=tuple(IndexKey(text=key) for key in keys),
        include=include,
        method=method,
    )


def case(
    name: str, *offered: IndexDefinition, weight: float = 60.0, measured_ms: float = 100.0
) -> WorkloadCase:
    """Return a case of 6 s a minute that reads the tables of what it is offered."""
    reads = frozenset(f"{each.schema}.{each.table}" for each in offered) or frozenset({"public.gift"})
    return WorkloadCase(id=name, weight=weight, measured_ms=measured_ms, reads=reads, offered=offered)


def way(cost: float, *needs: IndexDefinition, existing: Iterable[str] = (), unseen: float = 0.0) -> Way:
    """Return a way to do a case."""
    return Way(cost=cost, unseen=unseen, needs=frozenset(needs), needs_existing=frozenset(existing))
