"""Indexes that do nothing which another does not."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from perfkit.health.index_words import FAMILY, definition_of, drop, largest_first, sizes, total_bytes
from perfkit.health.model import Concern, Context, HealthCheck, HealthState, Outcome, Row, Rows
from perfkit.health.words import relation
from perfkit.indexes.existing import ExistingIndex, serving
from perfkit.names import quote_name
from perfkit.plan.tables import TableIndex
from perfkit.syntax.index import IndexDefinition
from perfkit.units import counted, format_bytes


@dataclass(frozen=True, slots=True)
class _Overlap:
    narrow: Row
    wide: Row
    is_duplicate: bool


def _overlaps(rows: Rows) -> Iterator[_Overlap]:
    """Yield each valid index that another serves for, once, with the widest that does."""
    by_name = {relation(row): row for row in rows}
    by_table: defaultdict[str, list[ExistingIndex]] = defaultdict(list)
    for existing in filter(None, map(_existing, rows)):
        by_table[existing.table].append(existing)
    for indexes in by_table.values():
        for narrow in indexes:
            wider = serving(narrow, indexes)
            if wider and not narrow.index.held:
                wide = min(
                    wider,
                    key=lambda each: (
                        not _is_same(each.definition, narrow.definition),
                        -len(each.definition.keys),
                    ),
                )
                is_duplicate = _is_same(wide.definition, narrow.definition)
                yield _Overlap(by_name[narrow.name], by_name[wide.name], is_duplicate)


def _existing(row: Row) -> ExistingIndex | None:
    """Return the index of a row; None for one that is not valid or whose definition cannot be read."""
    definition = definition_of(row["definition"]) if row["is_valid"] else None
    if definition is None:
        return None
    index = TableIndex(
        name=row["name"],
        definition=row["definition"],
        valid=row["is_valid"],
        unique=row["is_unique"],
        constraint=row["constraint"],
        size_bytes=row["size_bytes"],
        scans=row["scans"],
        held=row["is_held"],
    )
    table = relation(row, name="table_name")
    return ExistingIndex(name=relation(row), table=table, definition=definition, index=index)


def _is_same(wide: IndexDefinition, narrow: IndexDefinition) -> bool:
    """Tell whether an index that covers another has no more in its entries; it may keep a rule besides."""
    return len(wide.keys) == len(narrow.keys) and len(wide.include) == len(narrow.include)


def duplicate_index(rows: Rows, context: Context) -> Outcome:  # noqa: ARG001  # every check has this face
    """Judge whether two indexes are the same but for their names."""
    found = [_superfluous(each, HealthState.WARN) for each in _overlaps(rows) if each.is_duplicate]
    evidence = {"indexes": len(rows), **sizes("duplicate", found)}
    if not found:
        return Outcome(state=HealthState.OK, summary="no two are the same", evidence=evidence)
    return Outcome(
        state=HealthState.WARN,
        summary=f"{counted(found, 'index is', 'indexes are')} there twice, {format_bytes(total_bytes(found))}",
        evidence=evidence,
        objects=largest_first(found),
        fix="drop one of each pair",
    )


def prefix_index(rows: Rows, context: Context) -> Outcome:  # noqa: ARG001  # every check has this face
    """Tell which indexes a wider one serves for; the narrow one can still be the quicker of the two."""
    found = [_superfluous(each, HealthState.OK) for each in _overlaps(rows) if not each.is_duplicate]
    evidence = {"indexes": len(rows), **sizes("prefix", found)}
    if not found:
        return Outcome(state=HealthState.OK, summary="none is the beginning of another", evidence=evidence)
    return Outcome(
        state=HealthState.OK,
        summary=f"{counted(found, 'index is', 'indexes are')} the beginning of another, {format_bytes(total_bytes(found))}",
        evidence=evidence,
        objects=largest_first(found),
        fix="perfkit suggest says which of them no query would miss",
    )


def _superfluous(overlap: _Overlap, state: HealthState) -> Concern:
    narrow, wide = overlap.narrow, overlap.wide
    how = "the same as" if overlap.is_duplicate else "the beginning of"
    fix = drop(narrow)
    if narrow["constraint"]:
        fix = f"ALTER TABLE {relation(narrow, name='table_name')} DROP CONSTRAINT {quote_name(narrow['constraint'])}"
    return Concern(
        name=relation(narrow),
        state=state,
        told=f"{how} {relation(wide)}, {format_bytes(narrow['size_bytes'])}",
        evidence={
            "size_bytes": narrow["size_bytes"],
            "scans": narrow["scans"],
            "served_by": relation(wide),
            "definition": narrow["definition"],
            "served_by_definition": wide["definition"],
        },
        fix=fix,
    )


CHECKS = (
    HealthCheck(
        id="duplicate-index",
        family=FAMILY,
        title="indexes that are there twice",
        query="indexes",
        evaluate=duplicate_index,
    ),
    HealthCheck(
        id="prefix-index",
        family=FAMILY,
        title="indexes that are the beginning of another (information)",
        query="indexes",
        evaluate=prefix_index,
        informs=True,
    ),
)
