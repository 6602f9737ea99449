"""Rows that could not be written any longer beside an index: values that it cannot cast, and those too long for it."""

from collections.abc import Iterator

from perfkit.indexes.candidates.volatility import failing_casts
from perfkit.indexes.workload import table_of
from perfkit.names import quote_name
from perfkit.plan.tables import Table, Tables
from perfkit.syntax.index import IndexDefinition
from perfkit.syntax.usage.terms import read_term
from perfkit.units import format_count

# A third of a page, less what a page and an entry have beside it (BTMaxItemSize in nbtree.h).
_ENTRY_BYTES_MAX = 2_704


def unwritable(definition: IndexDefinition, tables: Tables) -> tuple[str, ...]:
    """Return which rows PostgreSQL would refuse to write once the index is there, a sentence each."""
    table = tables.tables.get(table_of(definition))
    return () if table is None else (*_uncastable(definition, table, tables), *_too_long(definition, table))


def _uncastable(definition: IndexDefinition, table: Table, tables: Tables) -> Iterator[str]:
    texts = [key.text for key in definition.keys if key.is_expression]
    texts += [definition.predicate] if definition.predicate else []
    types = (name for text in texts for name in failing_casts(read_term(text), table, tables))
    for name in dict.fromkeys(types):
        yield f"a row whose value is no {name} can then not be written"


def _too_long(definition: IndexDefinition, table: Table) -> Iterator[str]:
    if definition.method != "btree":
        return
    keys = {key.text for key in definition.keys if not key.is_expression}
    names = [
        name
        for name, column in table.columns.items()
        if quote_name(name) in keys and table.may_be_long(column)
    ]
    if names:
        yield (
            f"a row whose {' and '.join(names)} takes more than {format_count(_ENTRY_BYTES_MAX)} bytes can then not be"
            f" written, and {table.qualified_name} has long values"
        )
