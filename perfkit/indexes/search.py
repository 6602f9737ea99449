"""Which candidates to make under a budget: greedy by benefit per byte, then drops and swaps until nothing improves.

Widening an index step by step and benefit per byte are Extend's (Schlosser, Kossmann, Boissier: "Efficient Scalable
Multi-attribute Index Selection Using Recursive Strategies", ICDE 2019). What is added: candidates of every access method,
indexes that help only together, milliseconds and writes in the objective, and the look back.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from perfkit.indexes.costs import Configuration
from perfkit.indexes.moves import Move, moves
from perfkit.indexes.objective import Objective
from perfkit.syntax.index import IndexDefinition

Clock = Callable[[], float]
"""Seconds, from any beginning."""

Rate = Callable[[float, int], float]
"""What a gain in ms is worth that takes so many bytes."""

_NOTHING: Configuration = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the new indexes may take: bytes, milliseconds of writing a minute, and the search's seconds; None: no limit."""

    budget_bytes: int | None = None
    write_ms_per_minute: float | None = None
    time_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The configuration that was found; not `complete` when time ran out before the search was done."""

    configuration: Configuration
    complete: bool


def choose(
    objective: Objective, candidates: Sequence[IndexDefinition], limits: Limits, clock: Clock
) -> Choice:
    """Return the best configuration found: within the limits always, the same for the same input when it is complete."""
    search = _Search(objective, frozenset(candidates), limits, clock)
    found = [search.improved(search.filled(_NOTHING, rate)) for rate in (_per_byte, _absolute)]
    best = min(found, key=objective.total_ms)
    return Choice(configuration=best, complete=not search.is_over)


def _per_byte(gain_ms: float, size_bytes: int) -> float:
    return gain_ms / max(1, size_bytes)


def _absolute(gain_ms: float, size_bytes: int) -> float:  # noqa: ARG001 - a Rate has both
    return gain_ms


class _Search:
    """The state that the steps of one search share: what they may take, and whether time is over."""

    def __init__(self, objective: Objective, candidates: Configuration, limits: Limits, clock: Clock) -> None:
        self._objective = objective
        self._candidates = candidates
        self._limits = limits
        self._clock = clock
        self._end = None if limits.time_s is None else clock() + limits.time_s
        self.is_over = False

    def filled(
        self, configuration: Configuration, rate: Rate, banned: Configuration = _NOTHING
    ) -> Configuration:
        """Return the configuration with the best move made, and the next, as long as one is worth it."""
        while not self._time_is_over():
            found = moves(self._objective, configuration, self._candidates - banned, self._is_allowed)
            move = self._best(configuration, found, rate)
            if move is None:
                break
            configuration = move.applied(configuration)
        return configuration

    def improved(self, configuration: Configuration) -> Configuration:
        """Return the configuration after drops and swaps, which go on as long as the total falls."""
        configuration = self._without_the_idle(configuration)
        total_ms = self._objective.total_ms(configuration)
        while not self._time_is_over():
            better = min(self._neighbours(configuration), key=self._objective.total_ms, default=configuration)
            better = self._without_the_idle(better)
            if self._objective.total_ms(better) >= total_ms:
                break
            configuration, total_ms = better, self._objective.total_ms(better)
        return configuration

    def _best(self, configuration: Configuration, found: Sequence[Move], rate: Rate) -> Move | None:
        """Return the move of the best rate; those that cannot be better than the best so far are not looked at."""
        objective = self._objective
        size_bytes = objective.size_bytes(configuration)

        def rated(move: Move, gain_ms: float) -> float:
            return rate(gain_ms, objective.size_bytes(move.applied(configuration)) - size_bytes)

        hopes = (
            (rated(move, objective.gain_ms_at_most(configuration, move.applied(configuration))), move)
            for move in found
        )
        best, best_rate = None, 0.0
        for hope, move in sorted(hopes, key=lambda pair: -pair[0]):
            if hope <= best_rate or self._time_is_over():
                break
            after = move.applied(configuration)
            value = rated(move, objective.gain_ms(configuration, after))
            if value > best_rate and objective.is_worth_it(configuration, after):
                best, best_rate = move, value
        return best

    def _without_the_idle(self, configuration: Configuration) -> Configuration:
        """Return the configuration without what is not worth it beside the rest, the least useful first."""
        objective = self._objective
        while True:
            idle = [
                definition
                for definition in sorted(configuration, key=IndexDefinition.create)
                if not objective.is_worth_it(configuration - {definition}, configuration)
            ]
            if not idle:
                return configuration
            configuration -= {
                min(idle, key=lambda each: objective.gain_ms(configuration - {each}, configuration))
            }

    def _neighbours(self, configuration: Configuration) -> Iterator[Configuration]:
        """Yield what becomes of the configuration when something in it makes room for what would help but does not fit."""
        everything = moves(self._objective, configuration, self._candidates, lambda _: True)
        wanted = [
            move
            for move in everything
            if self._objective.gain_ms_at_most(configuration, move.applied(configuration)) > 0
            and self._objective.is_worth_it(configuration, move.applied(configuration))
        ]
        if not wanted:
            return
        for move in wanted:
            yield from self._with_room_for(configuration, move)
        for definition in sorted(configuration, key=IndexDefinition.create):
            if self._time_is_over():
                return
            rest = configuration - {definition}
            yield self.filled(rest, _per_byte, banned=frozenset({definition}))
            yield self.filled(rest, _absolute, banned=frozenset({definition}))

    def _with_room_for(self, configuration: Configuration, move: Move) -> Iterator[Configuration]:
        """Yield the configuration with the move made and one other index gone, or as many as it takes."""
        objective = self._objective
        after = move.applied(configuration)
        others = sorted(after - move.add, key=IndexDefinition.create)
        for definition in others:
            if self._is_allowed(after - {definition}):
                yield self.filled(after - {definition}, _per_byte)
        others.sort(
            key=lambda each: objective.gain_ms(after - {each}, after) / objective.costs.size_bytes(each)
        )
        for definition in others:
            after -= {definition}
            if self._is_allowed(after):
                yield self.filled(after, _per_byte)
                return

    def _is_allowed(self, configuration: Configuration) -> bool:
        size, write = self._limits.budget_bytes, self._limits.write_ms_per_minute
        return (size is None or self._objective.size_bytes(configuration) <= size) and (
            write is None or self._objective.write_ms(configuration) <= write
        )

    def _time_is_over(self) -> bool:
        self.is_over = self.is_over or (self._end is not None and self._clock() >= self._end)
        return self.is_over
