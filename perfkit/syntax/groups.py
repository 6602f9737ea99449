"""Parameters that must be one: GROUP BY and DISTINCT want an expression to be the one that is selected, constants and all."""

from collections.abc import Iterable, Iterator

from perfkit.syntax.usage.tree import Node, kind_of, messages_in, words


def same_parameters(tree: Node) -> dict[int, int]:
    """Return the numbers of parameters that stand for the constant of another one, with that one's number."""
    same: dict[int, int] = {}
    for select in _selects(tree):
        grouped = [node for node in select.group_clause if _numbers(node)]
        targets = [node.res_target.val for node in select.target_list]
        sorted_by = [node.sort_by.node for node in select.sort_clause]
        others = [*targets, *sorted_by, *([select.having_clause] if select.HasField("having_clause") else [])]
        _match(grouped, others, same)
        if select.distinct_clause:
            on = [node for node in select.distinct_clause if kind_of(node)]
            _match([node for node in on or targets if _numbers(node)], [*targets, *sorted_by], same)
    return same


def _match(wholes: Iterable[Node], others: Iterable[Node], same: dict[int, int]) -> None:
    known = {_shape(node): _numbers(node) for node in wholes}
    for other in others:
        for node in _nodes(other):
            first = known.get(_shape(node)) if known else None
            for one, number in zip(first or (), _numbers(node), strict=False):
                if one != number:
                    same.setdefault(number, same.get(one, one))


def _selects(message: Node) -> Iterator[Node]:
    if message.DESCRIPTOR.name == "SelectStmt":
        yield message
    for child in messages_in(message):
        yield from _selects(child)


def _nodes(node: Node) -> Iterator[Node]:
    if node.DESCRIPTOR.name == "Node":
        yield node
    for child in messages_in(node):
        yield from _nodes(child)


def _numbers(message: Node) -> list[int]:
    if message.DESCRIPTOR.name == "ParamRef":
        return [message.number]
    return [number for child in messages_in(message) for number in _numbers(child)]


def _shape(node: Node) -> bytes:
    """Return an expression apart from where it stands and from its parameters' numbers."""
    copy = words().Node()
    copy.CopyFrom(node)
    _forget_places(copy)
    return bytes(copy.SerializeToString(deterministic=True))


def _forget_places(message: Node) -> None:
    for field in ("location", "number"):
        if field in message.DESCRIPTOR.fields_by_name and (
            field == "location" or message.DESCRIPTOR.name == "ParamRef"
        ):
            message.ClearField(field)
    for child in messages_in(message):
        _forget_places(child)
