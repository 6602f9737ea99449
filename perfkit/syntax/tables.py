"""The tables that a statement names without their schema, named with it where this role would not find them."""

from collections.abc import Callable, Mapping

from perfkit.names import quote_name
from perfkit.syntax.counted import Edit, edited
from perfkit.syntax.lexer import COMMENTS, tokenize
from perfkit.syntax.usage.tree import everything, parse


def qualified(statement: str, find: Callable[[str, str], str], schemas: Mapping[str, tuple[str, ...]]) -> str:
    """Return a statement whose tables outside the search path bear their schema, where one schema alone has such a table.

    `find` returns '' for a schema ('' where none is written) and a name that lead to no table; `schemas` are those that
    have a table of a name. SqlError when the statement cannot be parsed.
    """
    tree = parse(statement)
    ctes = {message.ctename for message in everything(tree) if message.DESCRIPTOR.name == "CommonTableExpr"}
    edits = []
    for message in everything(tree):
        if message.DESCRIPTOR.name == "RangeVar" and not message.schemaname and message.relname not in ctes:
            having = schemas.get(message.relname, ())
            if len(having) == 1 and not find("", message.relname):
                edits.append(Edit(message.location, message.location, f"{quote_name(having[0])}."))
    return edited(statement, edits)


def unqualified(statement: str) -> str:
    """Return a statement whose tables bear no schema, by which it is the same for any search path; SqlError as above."""
    words = (token for token in tokenize(statement) if token.kind not in COMMENTS)
    tokens = {len(statement[: token.start].encode()): token for token in words}
    places = list(tokens)
    edits = {}
    for message in everything(parse(statement)):
        if message.DESCRIPTOR.name == "RangeVar" and message.schemaname and message.location in tokens:
            # schema . table, or database . schema . table
            place = places[places.index(message.location) + (4 if message.catalogname else 2)]
            name = statement[tokens[place].start : tokens[place].end]
            edits[message.location] = Edit(message.location, place + len(name.encode()), name)
    return edited(statement, edits.values())
