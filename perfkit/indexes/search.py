"""Which candidates to make under a budget: greedy by benefit per byte, then drops and swaps until nothing improves.

Widening an index step by step and benefit per byte are Extend's (Schlosser, Kossmann, Boissier: "Efficient Scalable
Multi-attribute Index Selection Using Recursive Strategies", ICDE 2019). What is added: candidates of every access method,
indexes that help only together, milliseconds and writes in the objective, and the look back.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from perfkit.indexes import thresholds
from perfkit.indexes.configuration import Configuration, parts
from perfkit.indexes.costs import CaseCosts
from perfkit.indexes.exploring import explore
from perfkit.indexes.moves import Move, moves
from perfkit.indexes.objective import Objective
from perfkit.syntax.index import IndexDefinition

Clock = Callable[[], float]
"""Seconds, from any beginning."""

Rate = Callable[[float, int], float]
"""What a gain in ms is worth that takes so many bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the new indexes may take: bytes, milliseconds of writing a minute, and the search's seconds; None: no limit.

    Those to be `kept` are among them, whatever else is.
    """

    budget_bytes: int | None = None
    write_ms_per_minute: float | None = None
    time_s: float | None = None
    kept: frozenset[IndexDefinition] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The configuration that was found; not `complete` when time ran out before the search was done."""

    configuration: Configuration
    complete: bool


def choose(objective: Objective, limits: Limits, clock: Clock) -> Choice:
    """Return the best configuration found: within the limits always, the same for the same input when it is complete."""
    search = _Search(objective, limits, clock)
    search.explore(search.kept, objective.costs.cases)
    rates = (_absolute,) if limits.budget_bytes is None else (_per_byte, _absolute)
    found = [search.improved(search.explored(rate)) for rate in rates]
    return Choice(configuration=min(found, key=objective.total_ms), complete=not search.is_over)


def without_the_idle(
    objective: Objective, configuration: Configuration, kept: Configuration = 0
) -> Configuration:
    """Return the configuration without what is not worth it beside the rest, the least useful first; what is kept stays."""
    while True:
        idle = [
            each
            for each in parts(configuration & ~kept)
            if not objective.is_worth_it(configuration & ~each, configuration)
        ]
        if not idle:
            return configuration
        configuration &= ~min(idle, key=lambda each: objective.gain_ms(configuration & ~each, configuration))


def _per_byte(gain_ms: float, size_bytes: int) -> float:
    return gain_ms / max(1, size_bytes)


def _absolute(gain_ms: float, size_bytes: int) -> float:  # noqa: ARG001 - a Rate has both
    return gain_ms


class _Search:
    """The state that the steps of one search share: what they may take, what stays, and whether time is over."""

    def __init__(self, objective: Objective, limits: Limits, clock: Clock) -> None:
        self._objective = objective
        self.kept = objective.candidates.configuration(limits.kept)
        self._limits = limits
        self._clock = clock
        self._end = None if limits.time_s is None else clock() + limits.time_s
        self.is_over = False

    def explore(self, configuration: Configuration, cases: Iterable[CaseCosts]) -> None:
        """Ask for the plans of the cases beside the configuration; those that take most time first, while there is time."""
        objective, budget = self._objective, self._limits.budget_bytes
        everything = objective.candidates.everything

        def fits(indexes: Configuration) -> bool:
            return budget is None or objective.size_bytes(indexes) <= budget

        possible = sum(each for each in parts(everything) if fits(each))
        dearest_first = sorted(cases, key=lambda costs: -costs.case.ms_per_minute)
        explore(dearest_first, configuration, possible, fits, self._time_is_over, objective.least_ms)

    def explored(self, rate: Rate) -> Configuration:
        """Return the configuration that is filled from what is kept, the plans beside it asked for at each step."""
        configuration = self.kept
        while move := self._next(configuration, rate):
            configuration = move.applied(configuration)
            self.explore(configuration, self._objective.costs.using(move.add | move.remove))
        return configuration

    def filled(self, configuration: Configuration, rate: Rate, banned: Configuration = 0) -> Configuration:
        """Return the configuration with the best move made, and the next, as long as one is worth it."""
        while move := self._next(configuration, rate, banned):
            configuration = move.applied(configuration)
        return configuration

    def _next(self, configuration: Configuration, rate: Rate, banned: Configuration = 0) -> Move | None:
        if self._time_is_over():
            return None
        left = self._objective.candidates.everything & ~banned
        found = moves(self._objective, configuration, left, self._room_beside(configuration))
        return self._best(configuration, found, rate)

    def improved(self, configuration: Configuration) -> Configuration:
        """Return the configuration after drops and swaps, which go on as long as the total falls noticeably."""
        configuration = self._without_the_idle(configuration)
        affected = self._objective.costs.cases
        while not self._time_is_over():
            self.explore(configuration, affected)
            better = next(
                (each for each in self._neighbours(configuration) if self._is_better(each, configuration)),
                None,
            )
            if better is None:
                break
            affected = self._objective.costs.using(configuration ^ better)
            configuration = better
        return configuration

    def _is_better(self, after: Configuration, before: Configuration) -> bool:
        before_ms = self._objective.total_ms(before)
        return before_ms - self._objective.total_ms(after) > thresholds.LEAST_IMPROVEMENT * before_ms

    def _best(self, configuration: Configuration, found: Sequence[Move], rate: Rate) -> Move | None:
        """Return the move of the best rate that is worth it."""
        objective = self._objective

        def rated(move: Move) -> float:
            growth_bytes = objective.size_bytes(move.add) - objective.size_bytes(move.remove)
            return rate(objective.gain_ms(configuration, move.applied(configuration)), growth_bytes)

        for value, move in sorted(((rated(move), move) for move in found), key=lambda pair: -pair[0]):
            if value <= 0:
                break
            if objective.is_worth_it(configuration, move.applied(configuration)):
                return move
        return None

    def _neighbours(self, configuration: Configuration) -> Iterator[Configuration]:
        """Yield what a configuration becomes when something in it makes room for what would help but does not fit."""
        objective = self._objective
        fits = self._room_beside(configuration)
        everything = moves(objective, configuration, objective.candidates.everything, lambda _: True)
        wanted = [move for move in everything if not fits(move)]
        if not wanted:
            return
        useful = {
            each: objective.gain_ms(configuration & ~each, configuration)
            for each in parts(configuration & ~self.kept)
        }
        least_useful = sorted(useful, key=lambda each: useful[each] / max(1, objective.size_bytes(each)))
        swapped = self._swapped(configuration, wanted, least_useful)
        yield self._without_the_idle(self.filled(swapped, _per_byte))
        for each in least_useful:
            if self._time_is_over():
                return
            yield self._without_the_idle(self.filled(configuration & ~each, _per_byte, banned=each))

    def _without_the_idle(self, configuration: Configuration) -> Configuration:
        return without_the_idle(self._objective, configuration, self.kept)

    def _swapped(
        self, configuration: Configuration, wanted: Sequence[Move], least_useful: Sequence[Configuration]
    ) -> Configuration:
        """Return the configuration with the one exchange that gains most, itself when none gains.

        What is taken away makes no case faster, but where it misled the planner, so that what a move gains alone, and the
        writes that are spared, bound what an exchange gains: those that cannot be the best any more are never worked out.
        """
        objective = self._objective
        fits = self._room_beside(configuration)
        most: dict[Configuration, float] = {}
        for move in wanted:
            moved = move.applied(configuration)
            reading_ms = objective.gain_ms(configuration, moved) + objective.write_ms(moved)
            for after in _with_room_for(configuration, move, least_useful, fits):
                most[after] = max(most.get(after, -math.inf), reading_ms - objective.write_ms(after))
        queue = [(-bound, after, False) for after, bound in most.items()]
        heapify(queue)
        while queue and queue[0][0] < 0:
            _, after, is_exact = heappop(queue)
            if not is_exact:
                heappush(queue, (-objective.gain_ms(configuration, after), after, True))
            elif objective.is_worth_it(configuration, after):
                return after
        return configuration

    def _room_beside(self, configuration: Configuration) -> Callable[[Move], bool]:
        """Return what tells whether a move from the configuration keeps the limits, and what is to be kept."""
        objective, size, write = self._objective, self._limits.budget_bytes, self._limits.write_ms_per_minute
        left_bytes = math.inf if size is None else size - objective.size_bytes(configuration)

        def allowed(move: Move) -> bool:
            growth_bytes = objective.size_bytes(move.add) - objective.size_bytes(move.remove)
            return (
                growth_bytes <= left_bytes
                and not move.remove & self.kept
                and (write is None or objective.write_ms(move.applied(configuration)) <= write)
            )

        return allowed

    def _time_is_over(self) -> bool:
        self.is_over = self.is_over or (self._end is not None and self._clock() >= self._end)
        return self.is_over


def _with_room_for(
    configuration: Configuration,
    move: Move,
    least_useful: Sequence[Configuration],
    fits: Callable[[Move], bool],
) -> Iterator[Configuration]:
    """Yield the configuration with the move made and one other index gone, or else as many as it takes."""
    others = [each for each in least_useful if not each & (move.add | move.remove)]
    exchanges = [Move(move.add, move.remove | each) for each in others]
    yield from (exchange.applied(configuration) for exchange in exchanges if fits(exchange))
    remove = move.remove
    for each in others:
        remove |= each
        if fits(Move(move.add, remove)):
            yield Move(move.add, remove).applied(configuration)
            return
