"""The constants of a statement, found by another one that has parameters in their places."""

from collections.abc import Iterator, Mapping

from perfkit.syntax.counted import unwrapped
from perfkit.syntax.usage.terms import constant_text
from perfkit.syntax.usage.tree import Node, kind_of, messages_in, parse


def constants_in(statement: str, text: str, given: Mapping[int, str | None]) -> dict[int, str | None]:
    """Return what stands in `text`, by the number of the parameter of `statement` that stands in its place.

    `text` is the same statement with constants, or with parameters whose values are `given`. Where it differs otherwise,
    nothing is found. SqlError when it cannot be parsed.
    """
    return dict(_pairs(parse(statement), parse(unwrapped(text)), given))


def _pairs(one: Node, other: Node, given: Mapping[int, str | None]) -> Iterator[tuple[int, str | None]]:
    if one.DESCRIPTOR.name == "Node" and kind_of(one) == "param_ref":
        yield from _value(one.param_ref.number, other, given)
        return
    if one.DESCRIPTOR.name != other.DESCRIPTOR.name:
        return
    for mine, theirs in zip(messages_in(one), messages_in(other), strict=False):
        yield from _pairs(mine, theirs, given)


def _value(number: int, node: Node, given: Mapping[int, str | None]) -> Iterator[tuple[int, str | None]]:
    kind = kind_of(node) if node.DESCRIPTOR.name == "Node" else ""
    if kind == "param_ref":
        if node.param_ref.number in given:
            yield number, given[node.param_ref.number]
    elif kind == "type_cast":
        yield from _value(number, node.type_cast.arg, given)
    elif kind == "a_const":
        yield number, None if node.a_const.isnull else constant_text(node)
