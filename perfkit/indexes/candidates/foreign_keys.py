"""Foreign keys: what deleting or renumbering a referenced row has to look up in the tables that refer to it."""

from collections.abc import Iterator

from perfkit.indexes.candidates.model import Candidate
from perfkit.indexes.candidates.spelling import existing_definitions
from perfkit.names import quote_name
from perfkit.plan.tables import ForeignKey, Table, Tables
from perfkit.syntax.index import IndexDefinition, IndexKey
from perfkit.syntax.usage.model import Reference

_DELETES_TOO = "c"


def foreign_key_candidates(reference: Reference, table: Table, tables: Tables) -> Iterator[Candidate]:
    """Yield the indexes that a DELETE, or an UPDATE of referenced columns, needs in the tables that refer to `table`."""
    if reference.target == "delete":
        yield from _referring(table.qualified_name, tables, set())
    elif reference.target == "update":
        for child, key in keys_to(table.qualified_name, tables):
            if reference.written & set(key.referenced_columns) and not is_indexed(child, key):
                yield _candidate(child, key, "an update")


def _referring(name: str, tables: Tables, seen: set[str]) -> Iterator[Candidate]:
    """Yield the indexes for a deletion and, along ON DELETE CASCADE, for those that it sets off."""
    seen.add(name)
    for child, key in keys_to(name, tables):
        if not is_indexed(child, key):
            yield _candidate(child, key, "a deletion")
        if key.on_delete == _DELETES_TOO and child.qualified_name not in seen:
            yield from _referring(child.qualified_name, tables, seen)


def keys_to(name: str, tables: Tables) -> Iterator[tuple[Table, ForeignKey]]:
    """Yield the foreign keys that refer to a table (schema.name, unquoted), each with the table that has it."""
    for child in tables.tables.values():
        for key in child.foreign_keys:
            if key.referenced == name:
                yield child, key


def is_indexed(child: Table, key: ForeignKey) -> bool:
    """Tell whether an index of the table finds the rows that refer by the key."""
    return any(serves(definition, key.columns) for definition in existing_definitions(child))


def serves(definition: IndexDefinition, columns: tuple[str, ...]) -> bool:
    """Tell whether an index finds the rows with given values in all of the columns, which are unquoted."""
    wanted = {quote_name(column) for column in columns}
    return (
        not definition.predicate
        and definition.method == "btree"
        and {each.text for each in definition.keys[: len(wanted)]} == wanted
    )


def _candidate(child: Table, key: ForeignKey, what: str) -> Candidate:
    names = ", ".join(key.columns)
    return Candidate(
        definition=IndexDefinition(
            schema=child.schema,
            table=child.name,
            keys=tuple(IndexKey(text=quote_name(column)) for column in key.columns),
        ),
        reason=f"{what} in {key.referenced} looks for the rows that refer to it by {names}",
        tables=(child.qualified_name, key.referenced),
    )
