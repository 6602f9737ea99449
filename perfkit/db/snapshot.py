"""What the planner knows of a database, read by an ordinary role: sizes, statistics, and a look into its indexes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import psycopg
from psycopg.rows import class_row, dict_row

from perfkit.db import sql
from perfkit.db.connect import connected, server_errors
from perfkit.db.guard import Guard, guarded
from perfkit.db.probe import Probe, probe_indexes
from perfkit.names import quote_name
from perfkit.twin.snapshot import (
    ColumnStatistics,
    ExpressionStatistics,
    ExtendedStatistics,
    PlannerData,
    Redaction,
    RelationSize,
)
from perfkit.units import listed

# The output of every type must be what the twin reads back, whatever this session would have.
_OUTPUT = b"""
SELECT
    set_config('datestyle', 'ISO, YMD', true), set_config('intervalstyle', 'postgres', true),
    set_config('timezone', 'UTC', true), set_config('extra_float_digits', '1', true),
    set_config('bytea_output', 'hex', true)
"""
_BTREE = "btree"
_ASKED = frozenset({_BTREE, "gin"})
_Row = TypeVar("_Row")
# What may be told of values, by relation and number of the column: a row each of twin_treatments.sql.
_Treatments = Mapping[tuple[int, int], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Relation:
    """A row of twin_relations.sql: the size, and what it takes to look into an index."""

    size: RelationSize
    is_valid: bool
    is_readable: bool
    hides_rows: bool
    predicate: str | None
    keys: list[str] | None
    orders: list[str] | None
    operator_class: str | None
    has_own_costs: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hidden:
    """How much there is that the server does not show this role."""

    extended: int
    ranges: int


def read_planner_data(dsn: str, guard: Guard, redaction: Redaction) -> PlannerData:
    """Return what the planner goes by in the database; only catalogs are read, and the ends of b-trees.

    What is redacted does not leave the server: values that may hold text, the ends of indexes on them, common combinations.
    Raises ConnectError, GuardError and StatementError.
    """
    with connected(dsn) as connection, guarded(connection, guard), server_errors():
        connection.execute(_OUTPUT)
        relations = _relations(connection)
        treatments = _treatments(connection)
        probes = [probe for relation in relations if (probe := _probe(relation, redaction, treatments))]
        found = probe_indexes(connection, probes)
        seen = tuple(replace(relation.size, **found.get(relation.size.oid, {})) for relation in relations)
        (hidden,) = _rows(connection, "twin_database", _Hidden)
        return PlannerData(
            relations=seen,
            columns=_columns(connection, redaction, treatments),
            extended=_rows(connection, "twin_extended", ExtendedStatistics, redaction.values),
            expressions=_rows(connection, "twin_expressions", ExpressionStatistics, redaction.values),
            unreadable=tuple(_unreadable(relations)),
            lacks=tuple(_lacks(relations, seen, hidden)),
        )


def _relations(connection: psycopg.Connection) -> list[_Relation]:
    with psycopg.RawCursor(connection, row_factory=dict_row) as cursor:
        rows = cursor.execute(sql.load("twin_relations")).fetchall()
    own = set(_Relation.__slots__) - {"size"}
    return [_relation(row, own) for row in rows]


def _relation(row: dict[str, Any], own: set[str]) -> _Relation:
    size = RelationSize(**{name: value for name, value in row.items() if name not in own})
    return _Relation(size=size, **{name: row[name] for name in own})


def _treatments(connection: psycopg.Connection) -> _Treatments:
    with psycopg.RawCursor(connection) as cursor:
        rows = cursor.execute(sql.load("twin_treatments")).fetchall()
    return {(relation, number): treatment for relation, number, treatment in rows}


def _columns(
    connection: psycopg.Connection, redaction: Redaction, treatments: _Treatments
) -> tuple[ColumnStatistics, ...]:
    kept = [pattern.replace("_", r"\_").replace("*", "%") for pattern in redaction.kept]
    texts = [
        list(part) for part in (redaction.known.values, redaction.known.bounds, redaction.known.fragments)
    ]
    treated = [
        [relation for relation, _ in treatments],
        [number for _, number in treatments],
        list(treatments.values()),
    ]
    return _rows(connection, "twin_columns", ColumnStatistics, redaction.values, kept, *texts, *treated)


def _rows(connection: psycopg.Connection, name: str, kind: type[_Row], *values: object) -> tuple[_Row, ...]:
    with psycopg.RawCursor(connection, row_factory=class_row(kind)) as cursor:
        return tuple(cursor.execute(sql.load(name), values).fetchall())


def _probe(relation: _Relation, redaction: Redaction, treatments: _Treatments) -> Probe | None:
    """Return what to ask of an index, None when it cannot be asked."""
    size = relation.size
    can_be_read = relation.is_readable and relation.is_valid and not relation.hides_rows
    if size.kind != "i" or size.method not in _ASKED or not can_be_read or not relation.keys:
        return None
    assert size.table_schema is not None
    assert size.table_name is not None
    return Probe(
        oid=size.oid,
        index=size.name,
        table=f"{quote_name(size.table_schema)}.{quote_name(size.table_name)}",
        method=size.method,
        keys=tuple(relation.keys),
        orders=tuple(relation.orders or ()),
        operator_class=relation.operator_class or "",
        predicate=relation.predicate or "",
        blocks=size.blocks,
        rows=size.rows,
        may_tell_ends=not redaction.values or treatments.get((size.oid, 1)) == "open",
    )


def _unreadable(relations: Sequence[_Relation]) -> Iterator[str]:
    """Yield the tables that the role may not read, as pg_dump takes them."""
    for relation in relations:
        if not relation.size.is_index and not relation.is_readable:
            yield f"{_dump_pattern(relation.size.schema)}.{_dump_pattern(relation.size.name)}"


def _dump_pattern(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _lacks(relations: Sequence[_Relation], seen: Sequence[RelationSize], hidden: _Hidden) -> Iterator[str]:
    unreadable = [
        relation.size for relation in relations if not relation.size.is_index and not relation.is_readable
    ]
    if unreadable:
        yield f"{_listed([size.name for size in unreadable])}: this role may not read them, so they are left out"
    hiding = [each.size.name for each in relations if not each.size.is_index and each.hides_rows]
    if hiding:
        yield f"{_listed(hiding)}: row security hides their statistics from this role"
    if hidden.extended:
        yield (
            f"{hidden.extended} extended statistics (CREATE STATISTICS) are only shown to the owner of their tables:"
            " estimates over several columns may differ"
        )
    if hidden.ranges:
        yield (
            f"before PostgreSQL 17 nobody is shown the bounds of ranges: conditions on {hidden.ranges} columns of"
            " ranges are planned as if nothing were known of them"
        )
    costs = [each.size.name for each in relations if each.has_own_costs]
    if costs:
        yield f"{_listed(costs)}: their tablespace has costs of its own, which the twin has not"
    guessed = [
        size.name for size in seen if size.method == _BTREE and size.kind == "i" and size.height is None
    ]
    if guessed:
        yield f"the height of {_listed(guessed)} is guessed from its size: costs may differ in the last digits"


def _listed(names: Sequence[str]) -> str:
    return listed(names, 3)
