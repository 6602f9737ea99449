"""Candidates that are turned down before anything is planned: what exists, tables too small for an index, the refused."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from perfkit.indexes import thresholds
from perfkit.indexes.existing import ExistingIndex
from perfkit.indexes.overlap import covers
from perfkit.indexes.workload import WorkloadCase, table_of
from perfkit.plan.tables import Table
from perfkit.syntax.index import IndexDefinition
from perfkit.units import format_bytes

_PARENT = "has inheriting tables, which an index on it does not cover: make it on each"


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """The candidates that are left, in order of their statements, and why each of the others is not."""

    candidates: tuple[IndexDefinition, ...]
    already_indexed: Mapping[IndexDefinition, str]
    tiny_table: Mapping[IndexDefinition, str]
    has_children: Mapping[IndexDefinition, str]
    refused: Mapping[IndexDefinition, str]


_NONE_REFUSED: Mapping[IndexDefinition, str] = {}


def screen(
    cases: Iterable[WorkloadCase],
    tables: Mapping[str, Table],
    existing: Sequence[ExistingIndex],
    refused: Mapping[IndexDefinition, str] = _NONE_REFUSED,
) -> Screened:
    """Return what is left of the candidates that were offered to the cases; `tables` by qualified name, unquoted.

    `refused` are those that the planner's server could not make, with its words.
    """
    offered = sorted({each for case in cases for each in case.offered}, key=IndexDefinition.create)
    valid = {each.name: _bare(each.definition) for each in existing if each.index.valid}
    already: dict[IndexDefinition, str] = {}
    tiny: dict[IndexDefinition, str] = {}
    parents: dict[IndexDefinition, str] = {}
    for definition in offered:
        table = tables.get(table_of(definition))
        cover = next((name for name, made in valid.items() if covers(made, definition)), None)
        if cover:
            already[definition] = f"{cover} serves it"
        elif table and table.size_bytes < thresholds.TINY_TABLE_BYTES:
            if table.has_children:
                parents[definition] = f"{table.qualified_name} {_PARENT}"
            else:
                tiny[definition] = f"{table.qualified_name} has {format_bytes(table.size_bytes)}"
    out = already.keys() | tiny.keys() | parents.keys() | refused.keys()
    left = tuple(definition for definition in offered if definition not in out)
    return Screened(
        candidates=left, already_indexed=already, tiny_table=tiny, has_children=parents, refused=refused
    )


def _bare(existing: IndexDefinition) -> IndexDefinition:
    """Return an index without its parameters: beside one that was made with its own, none without any is needed."""
    keys = tuple(replace(key, parameters=()) for key in existing.keys)
    return replace(existing, keys=keys, storage=())
