"""Foreign keys without an index."""

from dataclasses import replace

from perfkit.health.index_words import FAMILY, definition_of
from perfkit.health.model import Concern, Context, HealthCheck, HealthState, Outcome, Row, Rows, unknown
from perfkit.health.words import relation
from perfkit.indexes.candidates.foreign_keys import serves
from perfkit.names import quote_name
from perfkit.syntax.index import IndexDefinition, IndexKey
from perfkit.units import counted, format_count


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
        definition = definition_of(text)
        if definition and definition.predicate in present:
            definition = replace(definition, predicate="")
        if definition and serves(definition, columns):
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
        fix=_create(definition, is_partitioned=row["is_partitioned"]),
    )


def _create(definition: IndexDefinition, *, is_partitioned: bool) -> str:
    """Return the statement that builds an index; PostgreSQL builds none concurrently on a partitioned table."""
    if is_partitioned:
        return f"{definition.create()}  -- use perfkit apply: in psql it locks every partition"
    return definition.create(concurrently=True)


CHECKS = (
    HealthCheck(
        id="foreign-key-index",
        family=FAMILY,
        title="foreign keys of large tables without an index",
        query="foreign_keys",
        evaluate=foreign_key_index,
    ),
)
