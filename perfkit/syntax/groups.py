"""Expressions that must be the same: GROUP BY and DISTINCT want what is selected again, constants and all.

pg_stat_statements gives the constants of one expression several numbers, or, as the server drops what it has twice, a
number at one place and the constant itself at the other.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from perfkit.syntax.usage.tree import Node, everything, kind_of, messages_in, words

_LEAVES = ("param_ref", "a_const")


class Leaf(NamedTuple):
    """A parameter (`number`) or a constant (0) in an expression, and where it begins, in bytes."""

    number: int
    location: int


def same_leaves(tree: Node) -> list[tuple[Leaf, Leaf]]:
    """Return pairs of parameters and constants that must be the same, the first as the grouping has it.

    What is sorted by may be something else than what is selected, unless the server has left a constant in it.
    """
    pairs: list[tuple[Leaf, Leaf]] = []
    for select in (each for each in everything(tree) if each.DESCRIPTOR.name == "SelectStmt"):
        targets = [node.res_target.val for node in select.target_list]
        sorted_by = [node.sort_by.node for node in select.sort_clause]
        having = [select.having_clause] if select.HasField("having_clause") else []
        pairs += _matches(_grouped(select.group_clause), [*targets, *sorted_by, *having])
        sorted_pairs = _matches(targets, sorted_by)
        pairs += (pair for pair in sorted_pairs if any(not leaf.number for leaf in pair))
        if select.distinct_clause:
            on = [node for node in select.distinct_clause if kind_of(node)]
            pairs += _matches(on or targets, [*targets, *sorted_by])
    return pairs


def _grouped(items: Iterable[Node]) -> Iterator[Node]:
    """Yield the expressions of GROUP BY, those in CUBE, ROLLUP and GROUPING SETS too."""
    for item in items:
        if kind_of(item) == "grouping_set":
            yield from _grouped(item.grouping_set.content)
        else:
            yield item


def _matches(wholes: Iterable[Node], others: Iterable[Node]) -> Iterator[tuple[Leaf, Leaf]]:
    # A bare number is the place of a column.
    known = {_shape(node): _leaves(node) for node in wholes if kind_of(node) not in _LEAVES and _leaves(node)}
    for other in others if known else ():
        for node in (each for each in everything(other) if each.DESCRIPTOR.name == "Node"):
            pairs = zip(known.get(_shape(node), ()), _leaves(node), strict=False)
            yield from ((one, two) for one, two in pairs if one != two)


def _leaves(message: Node) -> list[Leaf]:
    if message.DESCRIPTOR.name == "ParamRef":
        return [Leaf(message.number, message.location)]
    if message.DESCRIPTOR.name == "A_Const":
        return [Leaf(0, message.location)]
    return [leaf for child in messages_in(message) for leaf in _leaves(child)]


def _shape(node: Node) -> bytes:
    """Return an expression apart from where it stands and from its parameters and constants."""
    copy = words().Node()
    copy.CopyFrom(node)
    _forget(copy)
    return bytes(copy.SerializeToString(deterministic=True))


def _forget(message: Node) -> None:
    if message.DESCRIPTOR.name == "Node" and kind_of(message) in _LEAVES:
        message.param_ref.Clear()  # which takes the constant's place
        message.param_ref.SetInParent()
        return
    if "location" in message.DESCRIPTOR.fields_by_name:
        message.ClearField("location")
    for child in messages_in(message):
        _forget(child)
