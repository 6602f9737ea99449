"""What-if: what the planner would say under a configuration that is not built."""

from dataclasses import dataclass
from typing import Protocol

from perfkit.indexes.workload import WorkloadCase
from perfkit.syntax.index import IndexDefinition


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCost:
    """The total cost of a case's plan, in the planner's units, and which indexes the plan uses.

    `used` are those of the configuration, `used_existing` the qualified names (schema.name, unquoted) of those that exist.
    `unseen_cost` is what the plan is expected to take beyond the cost that the planner chose it for.
    """

    cost: float
    used: frozenset[IndexDefinition]
    used_existing: frozenset[str] = frozenset()
    unseen_cost: float = 0.0


class WhatIf(Protocol):
    """A planner that can be asked; the twin and HypoPG have the ones that are real.

    `can_drop` tells whether it can leave existing indexes out; if not, it is asked with nothing `dropped`.
    """

    can_drop: bool

    def size_bytes(self, definition: IndexDefinition) -> int:
        """Return how large the index would be."""

    def cost(
        self, case: WorkloadCase, configuration: frozenset[IndexDefinition], dropped: frozenset[str]
    ) -> PlannedCost:
        """Return what the case would cost with `configuration` made beside what exists, but for `dropped`.

        `dropped` are qualified names of existing indexes (schema.name, unquoted). Both hold only what may matter to the case.
        """
