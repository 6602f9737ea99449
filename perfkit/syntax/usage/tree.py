"""Small readings of the parser's tree: what a node is, its strings, and its conjuncts."""

from collections.abc import Iterable, Iterator
from typing import Any

from perfkit.syntax.lexer import SqlError

Node = Any  # a message of libpg_query's protobuf, which has no types


def kind_of(node: Node) -> str:
    """Return which of the parser's nodes it is: "a_expr", "column_ref", … or '' for none."""
    return node.WhichOneof("node") or ""


def inner(node: Node) -> Node:
    """Return the message within a node."""
    return getattr(node, kind_of(node))


def strings(nodes: Iterable[Node]) -> list[str]:
    """Return the strings in a list of nodes, leaving out what is none (a star)."""
    return [node.string.sval for node in nodes if kind_of(node) == "string"]


def conjuncts(node: Node) -> Iterator[Node]:
    """Yield the conditions that an expression joins with AND."""
    if kind_of(node) == "bool_expr" and node.bool_expr.boolop == words().AND_EXPR:
        for argument in node.bool_expr.args:
            yield from conjuncts(argument)
    elif kind_of(node):
        yield node


def is_negation(node: Node) -> bool:
    """Tell whether a node is NOT something."""
    return kind_of(node) == "bool_expr" and node.bool_expr.boolop == words().NOT_EXPR


def is_alternative(node: Node) -> bool:
    """Tell whether a node joins conditions with OR."""
    return kind_of(node) == "bool_expr" and node.bool_expr.boolop == words().OR_EXPR


def messages_in(message: Node) -> Iterator[Node]:
    """Yield the messages directly within a message, in order."""
    for field, value in message.ListFields():
        if field.message_type is not None:
            if field.is_repeated:
                yield from value
            else:
                yield value


def everything(message: Node) -> Iterator[Node]:
    """Yield a message and all within it, in order."""
    yield message
    for child in messages_in(message):
        yield from everything(child)


def words() -> Any:
    """Return the parser's enumerations."""
    import postgast

    return postgast.pg_query_pb2


def parse(statement: str) -> Node:
    """Return the tree of the first statement of a text; SqlError when it cannot be parsed."""
    import postgast
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # has no types

    try:
        statements = postgast.parse(statement).stmts
    except postgast.PgQueryError as error:
        raise SqlError(error.message, line=1) from None
    except DecodeError:  # protobuf reads a hundred messages within one another
        raise too_deep() from None
    if not statements:
        raise SqlError("there is no statement", line=1)
    return statements[0].stmt


def too_deep() -> SqlError:
    """Return the error of a statement that nests more deeply than its tree can be read."""
    return SqlError("the statement nests too deeply to be read", line=1, hint="break it up")
