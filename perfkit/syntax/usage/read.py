"""From the text of one statement to its usage."""

from collections.abc import Callable

from perfkit.syntax.statement import read_statement
from perfkit.syntax.usage.blocks import read_select
from perfkit.syntax.usage.model import Usage
from perfkit.syntax.usage.reading import Outputs, Reading
from perfkit.syntax.usage.scope import Lookup, Scope
from perfkit.syntax.usage.tree import Node, kind_of, parse, too_deep
from perfkit.syntax.usage.writes import read_write


def read_usage(
    statement: str,
    lookup: Lookup = lambda _schema, _name: None,
    watch: Callable[[Scope, Node], None] = lambda _scope, _node: None,
) -> Usage:
    """Return what a statement, its parameters being `$n`, asks of the tables that it reads.

    `lookup` says what a relation's name stands for, None when that is not known: then every column that has no other
    table to belong to is taken for one of its. `watch` is called with every expression and the block that it stands in. SqlError when the text is not one statement that perfkit measures.
    """
    read_statement(statement)
    reading = Reading(lookup=lookup, query=_query, watch=watch)
    try:
        query = parse(statement)
        if kind_of(query) == "select_stmt":
            read_select(reading, query.select_stmt, Scope(), top=True)
        else:
            read_write(reading, query, Scope())
    except RecursionError:
        raise too_deep() from None
    return Usage(references=tuple(draft.finish() for draft in reading.drafts))


def _query(reading: Reading, query: Node, scope: Scope, reaches_out: bool) -> Outputs:  # noqa: FBT001 - a callback
    """Read a subquery or the statement of a CTE and return its columns."""
    if kind_of(query) == "select_stmt":
        return read_select(reading, query.select_stmt, scope, reaches_out=reaches_out)
    return read_write(reading, query, scope)
