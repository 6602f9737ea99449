"""Indexes that do nothing which another does not."""

from collections.abc import Iterator
from dataclasses import dataclass

from perfkit.health.index_words import FAMILY, definition_of, drop, largest_first, sizes, total_bytes
from perfkit.health.model import Concern, Context, HealthCheck, HealthState, Outcome, Row, Rows
from perfkit.health.words import relation
from perfkit.indexes.overlap import covers
from perfkit.names import quote_name
from perfkit.syntax.index import IndexDefinition
from perfkit.units import counted, format_bytes


@dataclass(frozen=True, slots=True)
class _Overlap:
    narrow: Row
    wide: Row
    is_duplicate: bool


def _overlaps(rows: Rows) -> Iterator[_Overlap]:
    """Yield each valid index that another serves for, once, with the widest that does."""
    by_table: dict[str, list[tuple[Row, IndexDefinition]]] = {}
    for row in rows:
        written = definition_of(row["definition"]) if row["is_valid"] else None
        if written:
            by_table.setdefault(relation(row, name="table_name"), []).append((row, written))
    for entries in by_table.values():
        for narrow, definition in entries:
            wider = [
                (wide, other)
                for wide, other in entries
                if wide is not narrow
                and covers(other, definition)
                and not (covers(definition, other) and _keeping(narrow) < _keeping(wide))
            ]
            if wider and not narrow["is_marked"]:
                wide, other = min(
                    wider, key=lambda each: (not _is_same(each[1], definition), -len(each[1].keys))
                )
                yield _Overlap(narrow, wide, _is_same(other, definition))


def _is_same(wide: IndexDefinition, narrow: IndexDefinition) -> bool:
    """Tell whether an index that covers another has no more in its entries; it may keep a rule besides."""
    return len(wide.keys) == len(narrow.keys) and len(wide.include) == len(narrow.include)


def _keeping(row: Row) -> tuple[bool, bool, bool, int, str]:
    """Return the order in which one of several equal indexes is kept."""
    return (not row["constraint"], not row["is_marked"], not row["is_unique"], -row["scans"], row["name"])


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
