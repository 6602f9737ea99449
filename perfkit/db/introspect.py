"""Introspection: what the server says about itself and about the relations in some plans."""

from collections.abc import Iterable

import psycopg
from psycopg.rows import namedtuple_row

from perfkit.db import sql
from perfkit.plan.facts import Facts, Index, Relation
from perfkit.plan.model import Plan


def read_facts(connection: psycopg.Connection, plans: Iterable[Plan]) -> Facts:
    """Return version, planner settings, and size, statistics and indexes of every relation in the plans."""
    with psycopg.RawCursor(connection, row_factory=namedtuple_row) as cursor:
        server = cursor.execute(sql.load("server")).fetchone()
        assert server is not None
        settings = dict(cursor.execute(sql.load("settings")).fetchall())
    return Facts(
        version=server.version,
        version_text=server.version_text,
        database=server.database,
        in_recovery=server.in_recovery,
        settings=settings,
        relations=_read_relations(connection, plans),
    )


def _read_relations(connection: psycopg.Connection, plans: Iterable[Plan]) -> dict[str, Relation]:
    names = sorted({(node.schema, node.relation) for plan in plans for node in plan.nodes() if node.schema and node.relation})
    if not names:
        return {}
    with psycopg.RawCursor(connection, row_factory=namedtuple_row) as cursor:
        rows = cursor.execute(sql.load("relations"), [list(part) for part in zip(*names, strict=True)]).fetchall()
    relations = [
        Relation(
            schema=row.schema,
            name=row.name,
            rows=row.rows,
            size_bytes=row.size_bytes,
            modified_since_analyze=row.modified_since_analyze,
            dead_rows=row.dead_rows,
            last_analyze=row.last_analyze,
            indexes=tuple(Index(**index) for index in row.indexes),
        )
        for row in rows
    ]
    return {relation.qualified_name: relation for relation in relations}
