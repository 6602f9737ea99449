"""Introspection: what the server says about itself and about the relations in some plans."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import psycopg
from psycopg.rows import kwargs_row

from perfkit.db import sql
from perfkit.plan.facts import Facts, Index, Relation
from perfkit.plan.model import Plan, walk


def read_facts(connection: psycopg.Connection, plans: Iterable[Plan]) -> Facts:
    """Return version, planner settings, and size, statistics and indexes of every relation in the plans."""
    relations = _read_relations(connection, plans)
    with psycopg.RawCursor(connection) as cursor:
        settings: dict[str, str] = dict(cursor.execute(sql.load("settings")).fetchall())
    row_factory = kwargs_row(partial(Facts, settings=settings, relations=relations))
    with psycopg.RawCursor(connection, row_factory=row_factory) as cursor:
        (facts,) = cursor.execute(sql.load("server")).fetchall()
    return facts


def _read_relations(connection: psycopg.Connection, plans: Iterable[Plan]) -> dict[str, Relation]:
    nodes = (node for plan in plans for node in walk(plan.root))
    names = sorted({(node.schema, node.relation) for node in nodes if node.schema and node.relation})
    columns = [[schema for schema, _ in names], [name for _, name in names]]
    with psycopg.RawCursor(connection, row_factory=kwargs_row(_relation)) as cursor:
        relations = cursor.execute(sql.load("relations"), columns).fetchall()
    return {relation.qualified_name: relation for relation in relations}


def _relation(
    *,
    indexes: Sequence[dict[str, Any]],
    columns_not_text: Sequence[str],
    columns_without_statistics: Sequence[str],
    **fields: Any,
) -> Relation:
    return Relation(
        indexes=tuple(Index(**index) for index in indexes),
        columns_not_text=tuple(columns_not_text),
        columns_without_statistics=tuple(columns_without_statistics),
        **fields,
    )
