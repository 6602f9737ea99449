"""Rows that could not be written any longer beside an index: values that it cannot cast, and those too long for it."""

from collections.abc import Iterator

from perfkit.indexes.candidates.volatility import failing_casts, is_text
from perfkit.indexes.workload import table_of
from perfkit.plan.tables import Table, Tables
from perfkit.syntax.index import IndexDefinition
from perfkit.syntax.usage.model import Term
from perfkit.syntax.usage.terms import read_term
from perfkit.units import format_count

# A third of a page, less what a page and an entry have beside it (BTMaxItemSize in nbtree.h).
_ENTRY_BYTES_MAX = 2_704
_SHORTENING = frozenset({"left", "right", "substr", "substring", "split_part", "md5"})


def unwritable(definition: IndexDefinition, tables: Tables) -> tuple[str, ...]:
    """Return which rows PostgreSQL would refuse to write once the index is there, a sentence each."""
    table = tables.tables.get(table_of(definition))
    if table is None:
        return ()
    return (*_uncastable(definition, table, tables), *_too_long(definition, table, tables))


def _uncastable(definition: IndexDefinition, table: Table, tables: Tables) -> Iterator[str]:
    texts = [key.text for key in definition.keys if key.is_expression]
    texts += [definition.predicate] if definition.predicate else []
    types = (name for text in texts for name in failing_casts(read_term(text), table, tables))
    for name in dict.fromkeys(types):
        yield f"a row whose value is no {name} can then not be written"


def _too_long(definition: IndexDefinition, table: Table, tables: Tables) -> Iterator[str]:
    if definition.method != "btree":
        return
    keys = [key.text for key in definition.keys if _may_be_long(read_term(key.text), table, tables)]
    if keys:
        yield (
            f"a row whose {' and '.join(keys)} takes more than {format_count(_ENTRY_BYTES_MAX)} bytes can then not be"
            f" written, and {table.qualified_name} has long values"
        )


def _may_be_long(term: Term, table: Table, tables: Tables) -> bool:
    """Tell whether a term is a column that may be long, or makes a text of one that is as long."""
    if term.kind == "column":
        return term.name in table.columns and table.may_be_long(table.columns[term.name])
    if not is_text(term, table, tables) or term.name in _SHORTENING:
        return False
    # What is taken out of a document is as long as nobody knows.
    parts = [each for each in term.arguments if is_text(each, table, tables)]
    return any(_may_be_long(each, table, tables) for each in parts)
