"""Moves: the steps from one configuration to the next that are worth looking at."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

from perfkit.indexes.configuration import Configuration, parts
from perfkit.indexes.objective import Objective
from perfkit.indexes.workload import WorkloadCase

# Indexes that help only together are rarely more; the pairs among more are looked at too.
_PAIR = 2
# How often a case is asked again without what would not fit of its best plan.
_MOST_PEELED = 8


@dataclass(frozen=True, slots=True, order=True)
class Move:
    """Indexes to make, and those of the configuration that go for it."""

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
    """Return the allowed moves that may help a case: candidates alone, and those that its best plan would use together.

    An index that goes on from one of the configuration (a widening) takes its place.
    """

    def move_of(add: Configuration) -> Move:
        return Move(add, configuration & objective.candidates.narrower(add))

    singles = {each: move_of(each) for each in parts(candidates & ~configuration)}
    within_reach = sum(each for each, move in singles.items() if allowed(move))
    helpful = 0
    bundles: set[Configuration] = set()
    for case in objective.affected(within_reach):
        used = objective.costs.planned(case, configuration | within_reach).used
        if used & ~configuration:
            helpful |= objective.costs.relevant[case.id]
            bundles |= set(
                _bundles(objective, case, configuration, within_reach, lambda add: allowed(move_of(add)))
            )
    found = [singles[each] for each in parts(within_reach & helpful)]
    return tuple(sorted([*found, *(move for move in map(move_of, bundles) if allowed(move))]))


def _bundles(
    objective: Objective,
    case: WorkloadCase,
    configuration: Configuration,
    within_reach: Configuration,
    fits: Callable[[Configuration], bool],
) -> Iterator[Configuration]:
    """Yield what a case's best plan would use of all candidates at once: two arms of an OR, both sides of a join."""
    offers = [within_reach]
    for offer in offers:
        used = objective.costs.planned(case, configuration | offer).used & ~configuration
        if used.bit_count() < _PAIR:
            continue
        yield used
        yield from map(sum, combinations(parts(used), _PAIR))
        if not fits(used) and len(offers) < _MOST_PEELED:
            offers.extend(offer & ~each for each in parts(used))
