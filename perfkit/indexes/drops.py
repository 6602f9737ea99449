"""Existing indexes that can go, each with its proof: duplicates, what a wider one serves, the unused, the replaced."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from perfkit.indexes import thresholds
from perfkit.indexes.configuration import Candidates, Configuration
from perfkit.indexes.costs import CostCache
from perfkit.indexes.existing import ExistingIndex, definitions_by_table, keeping, serving, unestimated
from perfkit.indexes.overlap import covers, same
from perfkit.indexes.whatif import WhatIf
from perfkit.indexes.workload import WorkloadCase
from perfkit.indexes.write_cost import write_ms_per_minute, writes_by_table
from perfkit.names import quote_name
from perfkit.plan.tables import Table
from perfkit.syntax.index import IndexDefinition
from perfkit.units import format_bytes, format_count


class DropKind(StrEnum):
    """Why an index can go."""

    DUPLICATE = "duplicate"
    REDUNDANT = "redundant"
    REPLACED = "replaced"
    UNUSED = "unused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How far the counts of scans can be trusted: their age, None when not known, and whether replicas read too."""

    age_days: float | None
    has_replicas: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """An index that can go; `name` is qualified and unquoted, `create` the statement that brings it back.

    `instead` names what serves in its place: an existing index, or for a replaced one the statement of the new index,
    which must be there first; '' for an unused one. `saved_write_ms` is what writes are spared a minute.
    """

    name: str
    kind: DropKind
    proof: str
    create: str
    size_bytes: int
    saved_write_ms: float
    instead: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptIndex:
    """An index that looks as if it could go, and why it stays or cannot be judged."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drops:
    """What can go, in order of kind and name, and what only seems to."""

    drops: tuple[Drop, ...]
    kept: tuple[KeptIndex, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Suspect:
    existing: ExistingIndex
    kind: DropKind
    proof: str
    instead: str = ""
    doubt: str = ""


def find_drops(
    existing: Sequence[ExistingIndex],
    tables: Mapping[str, Table],
    cases: Sequence[WorkloadCase],
    what_if: WhatIf,
    chosen: frozenset[IndexDefinition],
    usage: Usage,
) -> Drops:
    """Return the indexes that can go beside the chosen ones, none of which any case would miss.

    The index of a constraint, of a partitioned table or of a partition is never among them, nor one that is held or is not
    valid: it may be being built now. One of a table that inherits is not told to be unused: it is one of many that are alike.
    """
    candidates = Candidates(chosen)
    costs = CostCache(what_if, cases, candidates)
    own = [each for each in existing if _is_of_its_own(each, tables[each.table])]
    drops: list[Drop] = []
    kept: list[KeptIndex] = []
    for suspect in _suspects(own, existing, candidates.definitions, tables, usage):
        name = suspect.existing.name
        dropped = frozenset(drop.name for drop in drops)
        readers = [case for case in cases if suspect.existing.table in case.reads]
        left = (each for each in existing if each.index.valid and each.name not in dropped | {name})
        doubt = (
            suspect.doubt
            or unestimated(
                suspect.existing.definition,
                chain((each.definition for each in left), chosen),
                tables[suspect.existing.table].expressions,
            )
            or _missed_by(name, readers, costs, candidates.everything, dropped)
        )
        if doubt:
            kept.append(KeptIndex(name=name, reason=f"{suspect.kind}: {doubt}"))
        else:
            drops.append(_drop(suspect, existing, cases, dropped))
    return Drops(drops=tuple(drops), kept=tuple(kept))


def _is_of_its_own(existing: ExistingIndex, table: Table) -> bool:
    index = existing.index
    return index.valid and not (index.constraint or index.held or table.is_partitioned or table.partition_of)


def _suspects(
    own: Sequence[ExistingIndex],
    existing: Sequence[ExistingIndex],
    new: Sequence[IndexDefinition],
    tables: Mapping[str, Table],
    usage: Usage,
) -> Iterator[_Suspect]:
    """Yield each index at most once; one that serves in another's place is not unused, whatever its count says."""
    redundant = [found for each in own if (found := _redundant(each, existing))]
    stand_ins = {found.instead for found in redundant}
    yield from sorted(redundant, key=lambda found: (found.kind, found.existing.name))
    left = [each for each in own if each not in {found.existing for found in redundant}]
    replaced = [found for each in left if not each.index.unique and (found := _replaced(each, new))]
    yield from replaced
    for each in left:
        if each.name in stand_ins or each in {found.existing for found in replaced}:
            continue
        table = tables[each.table]
        if each.index.scans == 0 and not each.index.unique and not table.is_child:
            yield from _unused(each, table, usage)


def _redundant(narrow: ExistingIndex, existing: Sequence[ExistingIndex]) -> _Suspect | None:
    """Return the index with the widest one that serves in its place."""
    widest = min(
        serving(narrow, existing),
        key=lambda wide: (-len(wide.definition.keys), -len(wide.definition.include), keeping(wide)),
        default=None,
    )
    if widest is None:
        return None
    if same(widest.definition, narrow.definition):
        proof = f"{widest.name} has the same definition"
        return _Suspect(existing=narrow, kind=DropKind.DUPLICATE, proof=proof, instead=widest.name)
    proof = f"{widest.name} ({format_bytes(widest.index.size_bytes)}) begins with the same keys"
    return _Suspect(existing=narrow, kind=DropKind.REDUNDANT, proof=proof, instead=widest.name)


def _replaced(old: ExistingIndex, new: Sequence[IndexDefinition]) -> _Suspect | None:
    wide = next((each for each in new if covers(each, old.definition)), None)
    if wide is None:
        return None
    keys = ", ".join(key.sql for key in wide.keys)
    proof = f"the new index on ({keys}) begins with the same keys"
    return _Suspect(existing=old, kind=DropKind.REPLACED, proof=proof, instead=wide.create())


def _unused(existing: ExistingIndex, table: Table, usage: Usage) -> Iterator[_Suspect]:
    size_bytes = existing.index.size_bytes
    if size_bytes < thresholds.UNUSED_LEAST_BYTES:
        return
    # The server does not say when an index was made.
    age = (
        ""
        if usage.age_days is None
        else f" in {format_count(round(usage.age_days, 1))} days or since it was made"
    )
    yield _Suspect(
        existing=existing,
        kind=DropKind.UNUSED,
        proof=f"no scan{age}, no standby that is known of, {format_bytes(size_bytes)}",
        doubt=_doubt(usage) or _foreign_key_doubt(existing, table),
    )


def _doubt(usage: Usage) -> str:
    """Return why a count of no scans proves nothing, '' when it does."""
    if usage.age_days is None:
        return "it is not known since when scans are counted"
    if usage.age_days < thresholds.UNUSED_LEAST_DAYS:
        return f"scans are counted for {usage.age_days:.1f} days only"
    if usage.has_replicas is None:
        return "it is not known whether the server has standbys that use it"
    return (
        "the server has standbys, whose use of this index is not counted here" if usage.has_replicas else ""
    )


def _foreign_key_doubt(existing: ExistingIndex, table: Table) -> str:
    keys = [key.text for key in existing.definition.keys]
    for foreign in table.foreign_keys:
        if {*map(quote_name, foreign.columns)} == set(keys[: len(foreign.columns)]):
            return f"deletes in {foreign.referenced} would need it"
    return ""


def _missed_by(
    name: str,
    readers: Sequence[WorkloadCase],
    costs: CostCache,
    configuration: Configuration,
    dropped: frozenset[str],
) -> str:
    """Return which case would cost more without the index, beside what goes already; '' when none would."""
    for case in readers:
        before = costs.of(case).planned(configuration).cost
        without = costs.of(case).without(configuration, dropped | {name})
        if without is None:
            return f"{case.id} uses it, and the planner that was asked cannot say what it would cost without"
        after = without.cost
        if after > before * (1 + thresholds.DROP_MOST_LOSS):
            return f"{case.id} would cost {after / before:.2f} times as much without it"
    return ""


def _drop(
    suspect: _Suspect,
    existing: Sequence[ExistingIndex],
    cases: Sequence[WorkloadCase],
    dropped: frozenset[str],
) -> Drop:
    index, table = suspect.existing.index, suspect.existing.table
    writes = writes_by_table(cases).get(table, ())
    before = [each for each in existing if each.table == table and each.name not in dropped]
    after = [each for each in before if each != suspect.existing]
    before_ms, after_ms = (
        write_ms_per_minute(writes, definitions_by_table(indexes).get(table, ()))
        for indexes in (before, after)
    )
    return Drop(
        name=suspect.existing.name,
        kind=suspect.kind,
        proof=suspect.proof,
        create=index.definition,
        size_bytes=index.size_bytes,
        saved_write_ms=before_ms - after_ms,
        instead=suspect.instead,
    )
