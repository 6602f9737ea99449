"""Indexes: broken ones, those that do nothing, and foreign keys without one."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from perfkit.health.model import (
    Concern,
    Context,
    Family,
    HealthCheck,
    HealthState,
    Outcome,
    Row,
    Rows,
    Scope,
    unknown,
)
from perfkit.health.words import counted, relation
from perfkit.indexes.candidates.foreign_keys import serves
from perfkit.indexes.overlap import covers
from perfkit.names import quote_name
from perfkit.syntax.index import IndexDefinition, IndexKey, read_definition
from perfkit.units import format_bytes, format_count

_FAMILY = Family(id="indexes", scope=Scope.DATABASE)
_DAY_S = 86_400


def invalid_index(rows: Rows, context: Context) -> Outcome:  # noqa: ARG001  # every check has this face
    """Judge whether indexes are kept up to date that no query may use."""
    invalid = [row for row in rows if not row["is_valid"]]
    broken = [row for row in invalid if not row["may_be_building"]]
    evidence = {"indexes": len(rows), "invalid_indexes": len(broken), "building": len(invalid) - len(broken)}
    if not broken:
        building = f"; {counted(invalid, 'index', 'indexes')} may be in the making" if invalid else ""
        return Outcome(
            state=HealthState.OK,
            summary=f"all of {counted(rows, 'index', 'indexes')} are valid{building}",
            evidence=evidence,
        )
    return Outcome(
        state=HealthState.CRIT,
        summary=f"{counted(broken, 'index is', 'indexes are')} invalid: every write pays, no query gains",
        evidence=evidence,
        objects=tuple(
            Concern(
                name=relation(row),
                state=HealthState.CRIT,
                told=f"on {relation(row, name='table_name')}, {format_bytes(row['size_bytes'])}",
                evidence={"size_bytes": row["size_bytes"], "definition": row["definition"]},
                fix=_repair(row),
            )
            for row in sorted(broken, key=lambda row: -row["size_bytes"])
        ),
        fix="a build or a reindex that failed has left them: drop them, or build them again",
    )


def _repair(row: Row) -> str:
    if row["is_partitioned"]:
        return f"create the index on each partition that lacks it and attach it: ALTER INDEX {relation(row)} ATTACH PARTITION …"
    if row["constraint"] or row["is_unique"]:
        return f"REINDEX INDEX CONCURRENTLY {relation(row)}"
    return f"DROP INDEX CONCURRENTLY {relation(row)}; build it again if it is wanted"


@dataclass(frozen=True, slots=True)
class _Overlap:
    narrow: Row
    wide: Row
    is_duplicate: bool


def _overlaps(rows: Rows) -> Iterator[_Overlap]:
    """Yield each valid index that another serves for, once, with the widest that does."""
    by_table: dict[str, list[tuple[Row, IndexDefinition]]] = {}
    for row in rows:
        if row["is_valid"]:
            entry = (row, read_definition(row["definition"]))
            by_table.setdefault(relation(row, name="table_name"), []).append(entry)
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
    evidence = {"indexes": len(rows), **_sizes("duplicate", found)}
    if not found:
        return Outcome(state=HealthState.OK, summary="no two are the same", evidence=evidence)
    return Outcome(
        state=HealthState.WARN,
        summary=f"{counted(found, 'index is', 'indexes are')} there twice, {format_bytes(_bytes(found))}",
        evidence=evidence,
        objects=_largest_first(found),
        fix="drop one of each pair",
    )


def prefix_index(rows: Rows, context: Context) -> Outcome:  # noqa: ARG001  # every check has this face
    """Tell which indexes a wider one serves for; the narrow one can still be the quicker of the two."""
    found = [_superfluous(each, HealthState.OK) for each in _overlaps(rows) if not each.is_duplicate]
    evidence = {"indexes": len(rows), **_sizes("prefix", found)}
    if not found:
        return Outcome(state=HealthState.OK, summary="none is the beginning of another", evidence=evidence)
    return Outcome(
        state=HealthState.OK,
        summary=f"{counted(found, 'index is', 'indexes are')} the beginning of another, {format_bytes(_bytes(found))}",
        evidence=evidence,
        objects=_largest_first(found),
        fix="perfkit suggest says which of them no query would miss",
    )


def _superfluous(overlap: _Overlap, state: HealthState) -> Concern:
    narrow, wide = overlap.narrow, overlap.wide
    how = "the same as" if overlap.is_duplicate else "the beginning of"
    drop = f"DROP INDEX CONCURRENTLY {relation(narrow)}"
    if narrow["constraint"]:
        drop = f"ALTER TABLE {relation(narrow, name='table_name')} DROP CONSTRAINT {quote_name(narrow['constraint'])}"
    elif narrow["is_partitioned"]:
        drop = f"DROP INDEX {relation(narrow)}"
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
        fix=drop,
    )


def unused_index(rows: Rows, context: Context) -> Outcome:
    """Judge whether large indexes have served no scan for as long as scans are counted."""
    server, thresholds = context.server, context.thresholds
    if not server.counts_rows:
        return unknown("scans are not counted", "ALTER SYSTEM SET track_counts = on; SELECT pg_reload_conf()")
    found = [_unused(row) for row in rows if _is_unused(row, thresholds.unused_least_bytes)]
    days = server.statistics_age_s / _DAY_S
    evidence = {
        "indexes": len(rows),
        "statistics_age_days": round(days, 2),
        "has_standbys": server.has_standbys,
        **_sizes("unused", found),
    }
    if not found:
        return Outcome(state=HealthState.OK, summary="every large index is used", evidence=evidence)
    what = f"{counted(found, 'index', 'indexes')} without a scan, {format_bytes(_bytes(found))}"
    doubt = ""
    if days < thresholds.unused_least_days:
        doubt = f"scans are counted for {days:.1f} days only"
    elif server.has_standbys:
        doubt = "scans on standbys are not counted here"
    if doubt:
        return Outcome(
            state=HealthState.UNKNOWN,
            summary=f"{what}, but {doubt}",
            evidence=evidence,
            objects=_largest_first([replace(each, state=HealthState.UNKNOWN) for each in found]),
            fix="ask each standby too: perfkit health --check unused-index"
            if server.has_standbys
            else f"ask again when they have been counted for {thresholds.unused_least_days:g} days",
        )
    return Outcome(
        state=HealthState.WARN,
        summary=f"{what}, in {days:.0f} days",
        evidence=evidence,
        objects=_largest_first(found),
        fix="drop what no yearly job needs; perfkit apply can take it back",
    )


def _is_unused(row: Row, least_bytes: int) -> bool:
    keeps_a_rule = row["is_unique"] or row["constraint"] or row["is_marked"]
    # A partitioned index is not scanned itself, its parts are.
    return (
        row["scans"] == 0
        and row["is_valid"]
        and not (keeps_a_rule or row["is_partitioned"])
        and row["size_bytes"] >= least_bytes
    )


def _unused(row: Row) -> Concern:
    return Concern(
        name=relation(row),
        state=HealthState.WARN,
        told=f"on {relation(row, name='table_name')}, {format_bytes(row['size_bytes'])}",
        evidence={"size_bytes": row["size_bytes"], "scans": 0, "definition": row["definition"]},
        fix=f"DROP INDEX CONCURRENTLY {relation(row)}",
    )


def foreign_key_index(rows: Rows, context: Context) -> Outcome:
    """Judge whether deleting a referenced row has to read a whole table to find those that refer to it."""
    least_rows = context.thresholds.foreign_key_least_rows
    bare = [row for row in rows if not _is_served(row)]
    large = [row for row in bare if (row["rows"] or 0) >= least_rows]
    unsized = [row for row in bare if row["rows"] is None]
    evidence = {"foreign_keys": len(rows), "without_index": len(large), "never_analyzed": len(unsized)}
    if large:
        return Outcome(
            state=HealthState.WARN,
            summary=f"{counted(large, 'foreign key')} of large tables without an index",
            evidence=evidence,
            objects=tuple(_bare(row) for row in large),
            fix="create the indexes where referenced rows are deleted or renumbered; perfkit apply builds them without blocking",
        )
    if unsized:
        return unknown(
            f"{counted(unsized, 'foreign key')} without an index, on tables never analyzed",
            "ANALYZE",
            **evidence,
        )
    return Outcome(
        state=HealthState.OK,
        summary=f"{counted(rows, 'foreign key')}, those of large tables all with an index"
        if rows
        else "there are no foreign keys",
        evidence=evidence,
    )


def _is_served(row: Row) -> bool:
    columns = tuple(row["columns"])
    # Who looks for a value finds it in an index of the rows that have one.
    present = {f"{quote_name(column)} IS NOT NULL" for column in columns}
    for text in row["indexes"]:
        definition = read_definition(text)
        if definition.predicate in present:
            definition = replace(definition, predicate="")
        if serves(definition, columns):
            return True
    return False


def _bare(row: Row) -> Concern:
    definition = IndexDefinition(
        schema=row["schema"],
        table=row["name"],
        keys=tuple(IndexKey(text=quote_name(column)) for column in row["columns"]),
    )
    return Concern(
        name=f"{relation(row)} ({', '.join(map(quote_name, row['columns']))})",
        state=HealthState.WARN,
        told=f"refers to {row['referenced']}, {format_count(row['rows'])} rows",
        evidence={"rows": int(row["rows"]), "constraint": row["key"], "referenced": row["referenced"]},
        fix=definition.create(concurrently=not row["is_partitioned"]),
    )


def _bytes(found: list[Concern]) -> int:
    return sum(int(each.evidence["size_bytes"] or 0) for each in found)


def _sizes(what: str, found: list[Concern]) -> dict[str, int]:
    return {f"{what}_indexes": len(found), f"{what}_bytes": _bytes(found)}


def _largest_first(found: list[Concern]) -> tuple[Concern, ...]:
    return tuple(sorted(found, key=lambda each: -int(each.evidence["size_bytes"] or 0)))


CHECKS = (
    HealthCheck(
        id="invalid-index",
        family=_FAMILY,
        title="indexes that are kept up to date and never used",
        query="indexes",
        evaluate=invalid_index,
    ),
    HealthCheck(
        id="duplicate-index",
        family=_FAMILY,
        title="indexes that are there twice",
        query="indexes",
        evaluate=duplicate_index,
    ),
    HealthCheck(
        id="prefix-index",
        family=_FAMILY,
        title="indexes that are the beginning of another (information)",
        query="indexes",
        evaluate=prefix_index,
        informs=True,
    ),
    HealthCheck(
        id="unused-index",
        family=_FAMILY,
        title="large indexes that no scan has used",
        query="indexes",
        evaluate=unused_index,
    ),
    HealthCheck(
        id="foreign-key-index",
        family=_FAMILY,
        title="foreign keys of large tables without an index",
        query="foreign_keys",
        evaluate=foreign_key_index,
    ),
)
