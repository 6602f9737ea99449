"""Export: a snapshot of a database, taken by an ordinary role that reads catalogs and the ends of indexes."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from perfkit.copies import Source
from perfkit.twin.snapshot import PlannerData, Snapshot

DumpSchema = Callable[[Source, Mapping[tuple[str, str], int], Sequence[str]], str]
"""Return a source's schema as SQL, made in the order of these OIDs, without these tables."""


def snapshot_of(source: Source, data: PlannerData, dump_schema: DumpSchema, *, is_redacted: bool) -> Snapshot:
    """Return the snapshot of a database: what the planner goes by, with its schema."""
    oids = {(each.schema, each.name): each.oid for each in data.relations if each.is_index}
    oids |= {(each.schema, each.name): each.oid for each in data.extended}
    schema = dump_schema(source, oids, data.unreadable)
    return Snapshot(
        exported_at=datetime.now(UTC),
        version=source.version,
        database=source.name,
        locale=source.locale,
        settings=source.settings,
        schema_sql=schema,
        data=data,
        is_redacted=is_redacted,
    )
