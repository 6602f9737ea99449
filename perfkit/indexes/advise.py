"""Advice: the indexes to create and to drop for a workload, with what they are worth and what was left out."""

import time
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from perfkit.indexes.change import Change, Removal
from perfkit.indexes.drops import DropKind, Drops, Usage, find_drops
from perfkit.indexes.existing import existing_indexes
from perfkit.indexes.gather import Gathered
from perfkit.indexes.screening import screen
from perfkit.indexes.search import Clock, Limits
from perfkit.indexes.selection import Selection, select
from perfkit.indexes.whatif import WhatIf
from perfkit.indexes.workload import WorkloadCase
from perfkit.plan.tables import Tables
from perfkit.syntax.index import IndexDefinition, read_definition

_SECONDS_A_DAY = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """What answers what-if, and the candidates that it could not make, with the reason."""

    what_if: WhatIf
    refused: Mapping[IndexDefinition, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """The answer for a workload; `refused` are the candidates that could not be judged, with the reason."""

    selection: Selection
    drops: Drops
    gathered: Gathered
    tables: Tables
    refused: Mapping[IndexDefinition, str]

    @property
    def needs(self) -> tuple[str, ...]:
        """Return the statements that must be run before the chosen indexes are made, such as CREATE EXTENSION."""
        candidates = (self.gathered.candidates.get(index.definition) for index in self.selection.chosen)
        return tuple(sorted({need for each in candidates if each for need in each.needs}))


def advise(gathered: Gathered, tables: Tables, planner: Planner, limits: Limits, clock: Clock) -> Advice:
    """Return the indexes to make for the cases within the limits, and those that can go beside them."""
    cases, existing = gathered.cases, existing_indexes(tables.tables.values())
    screened = screen(cases, tables.tables, existing, planner.refused)
    selection = select(cases, screened, existing, planner.what_if, limits, clock)
    usage = Usage(age_days=_age_days(tables), has_replicas=tables.has_replicas)
    drops = find_drops(existing, tables.tables, cases, planner.what_if, selection.configuration, usage)
    return Advice(selection=selection, drops=drops, gathered=gathered, tables=tables, refused=planner.refused)


class Advisor:
    """Gives advice, and other advice where indexes of it turn out to do harm; `advice` has all that was advised so far."""

    def __init__(
        self, gathered: Gathered, tables: Tables, planner: Planner, limits: Limits, clock: Clock
    ) -> None:
        self._tables = tables
        self._planner = planner
        self._limits = limits
        self._clock = clock
        self._missed: frozenset[IndexDefinition] = frozenset()
        self.advice = advise(gathered, tables, planner, limits, clock)

    def instead(
        self, missed: frozenset[IndexDefinition], kept: Sequence[Change]
    ) -> tuple[IndexDefinition, ...]:
        """Return what to make beside what is kept when the missed indexes are not to be had, as far as there is room.

        What is like a kept one is no answer: that one was measured to be good.
        """
        self._missed |= missed
        made = frozenset(change for change in kept if isinstance(change, IndexDefinition))
        tables, planner = self._tables.tables, self._planner
        cases = _without(self.advice.gathered.cases, self._missed)
        existing = existing_indexes(tables.values())
        screened = screen(cases, tables, existing, planner.refused)
        limits = replace(self._limits, kept=made)
        other = select(cases, screened, existing, planner.what_if, limits, self._clock)
        new = tuple(index for index in other.chosen if index.definition not in made)
        selection = self.advice.selection
        self.advice = replace(self.advice, selection=replace(selection, chosen=(*selection.chosen, *new)))
        return tuple(index.definition for index in new)


def _without(cases: Iterable[WorkloadCase], missed: Container[IndexDefinition]) -> tuple[WorkloadCase, ...]:
    """Return the cases without these of their candidates."""
    return tuple(
        replace(case, offered=tuple(each for each in case.offered if each not in missed)) for case in cases
    )


def changes_of(advice: Advice) -> tuple[Change, ...]:
    """Return the changes of the advice, as they are verified: what is created first."""
    removals = (
        Removal(
            schema=drop.name.partition(".")[0],
            name=drop.name.partition(".")[2],
            definition=read_definition(drop.create),
            instead=drop.instead if drop.kind is DropKind.REPLACED else "",
        )
        for drop in advice.drops.drops
    )
    return (*(index.definition for index in advice.selection.chosen), *removals)


def to_plan(gathered: Gathered, tables: Tables) -> tuple[IndexDefinition, ...]:
    """Return the candidates that the planner must know: those that neither exist nor are for a tiny table."""
    existing = existing_indexes(tables.tables.values())
    return screen(gathered.cases, tables.tables, existing).candidates


def _age_days(tables: Tables) -> float | None:
    since = tables.statistics_since
    return None if since is None else (time.time() - since) / _SECONDS_A_DAY
