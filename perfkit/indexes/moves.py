"""Moves: the steps from one configuration to the next that are worth looking at."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

from perfkit.indexes.costs import Configuration
from perfkit.indexes.objective import Objective
from perfkit.indexes.overlap import covers

# Indexes that help only together are rarely more; the pairs among more are looked at too.
_PAIR = 2
_NOTHING: Configuration = frozenset()


@dataclass(frozen=True, slots=True)
class Move:
    """Indexes to make, and those of the configuration that go for it."""

    add: Configuration
    remove: Configuration = _NOTHING

    def applied(self, configuration: Configuration) -> Configuration:
        """Return the configuration after the move."""
        return configuration - self.remove | self.add

    @property
    def text(self) -> str:
        """Return what tells the move from others, so that ties are broken the same way every time."""
        return "; ".join(sorted(definition.create() for definition in self.add))


def moves(
    objective: Objective,
    configuration: Configuration,
    candidates: Configuration,
    allowed: Callable[[Configuration], bool],
) -> tuple[Move, ...]:
    """Return the allowed moves: every candidate by itself, and those that a case's best plan would use together.

    An index that goes on from one of the configuration (a widening) takes its place.
    """

    def move_of(add: Configuration) -> Move:
        return Move(add, _narrower(configuration, add))

    singles = [move_of(frozenset({definition})) for definition in candidates - configuration]
    singles = [move for move in singles if allowed(move.applied(configuration))]
    within_reach = _NOTHING.union(*(move.add for move in singles))
    bundles = [move_of(add) for add in set(_bundles(objective, configuration, within_reach))]
    found = singles + [move for move in bundles if allowed(move.applied(configuration))]
    return tuple(sorted(found, key=lambda move: move.text))


def _bundles(
    objective: Objective, configuration: Configuration, within_reach: Configuration
) -> Iterator[Configuration]:
    """Yield what each case's best plan would use of all candidates at once: two arms of an OR, both sides of a join."""
    for case in objective.affected(within_reach):
        used = objective.costs.planned(case, configuration | within_reach).used - configuration
        if len(used) >= _PAIR:
            yield used
        if len(used) > _PAIR:
            yield from map(frozenset, combinations(used, _PAIR))


def _narrower(configuration: Configuration, add: Configuration) -> Configuration:
    return frozenset(narrow for narrow in configuration - add if any(covers(wide, narrow) for wide in add))
