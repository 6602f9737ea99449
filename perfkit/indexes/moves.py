"""Moves: the steps from one configuration to the next that are worth looking at."""

from collections.abc import Callable
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

from perfkit.indexes.configuration import Configuration, parts
from perfkit.indexes.objective import Objective

# Indexes that help only together are rarely more; the pairs among more are looked at too.
_PAIR = 2


class Move(NamedTuple):
    """Indexes to make, and those of the configuration that go for it; a search looks at half a million."""

    add: Configuration
    remove: Configuration = 0

    def applied(self, configuration: Configuration) -> Configuration:
        """Return the configuration after the move."""
        return configuration & ~self.remove | self.add


def moves(
    objective: Objective,
    configuration: Configuration,
    candidates: Configuration,
    allowed: Callable[[Move], bool],
) -> tuple[Move, ...]:
    """Return the allowed moves that may help a case: what any of its plans was seen to use, alone and together.

    An index that goes on from one of the configuration (a widening), or that one goes on from, takes its place: no
    configuration has two of which one does all that the other can.
    """
    additions: set[Configuration] = set()
    for costs in objective.costs.cases:
        for add in costs.improving(configuration):
            if not add & ~candidates:
                additions.update(_additions(add))
    alike = {add: objective.candidates.alike(add) for add in additions}
    found = (Move(add, configuration & others) for add, others in alike.items() if not add & others)
    return tuple(sorted(move for move in found if allowed(move)))


@lru_cache(maxsize=1 << 14)
def _additions(add: Configuration) -> tuple[Configuration, ...]:
    """Return what a plan would use: all together, each index, and every two of them."""
    pairs = map(sum, combinations(parts(add), _PAIR)) if add.bit_count() > _PAIR else ()
    return (add, *parts(add), *pairs)
