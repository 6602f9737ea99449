"""The orders that a query block asks for: ORDER BY, GROUP BY, DISTINCT, windows, min and max."""

from collections.abc import Callable, Iterator
from itertools import chain

from perfkit.syntax.usage.model import Order, Purpose, SortKey
from perfkit.syntax.usage.scope import Value
from perfkit.syntax.usage.terms import expression_of
from perfkit.syntax.usage.tree import Node, kind_of, messages_in, strings, words

Resolve = Callable[[Node], Value]
Outputs = list[tuple[str, Value]]
Found = tuple[int, Order]


def orders_of(select: Node, outputs: Outputs, resolve: Resolve) -> Iterator[Found]:
    """Yield each order with the reference that can give it."""
    limited = select.HasField("limit_count")
    sort = [(_sort_value(each.sort_by.node, outputs, resolve), each.sort_by) for each in select.sort_clause]
    yield from _led(Purpose.ORDER, sort, limited=limited)
    if limited and select.sort_clause:
        yield from _nearest(select.sort_clause[0].sort_by.node, resolve)
    groups = list(_group_values(select, outputs, resolve))
    yield from _together(Purpose.GROUP, groups)
    if groups:
        yield from _within_groups(select, groups, resolve)
    yield from _together(Purpose.DISTINCT, list(_distinct_values(select, outputs, resolve)))
    for window in _windows(select):
        keys = [(resolve(node), None) for node in window.partition_clause]
        keys += [(resolve(each.sort_by.node), each.sort_by) for each in window.order_clause]
        yield from _led(Purpose.WINDOW, keys, limited=False)
    is_alone = [kind_of(node) for node in select.from_clause] == ["range_var"]
    if is_alone and not select.group_clause:
        yield from _extremes(select, resolve)


def _sort_value(node: Node, outputs: Outputs, resolve: Resolve) -> Value:
    """Return what ORDER BY names: an output by its place or name, else an expression."""
    return _output(node, outputs) or resolve(node)


def _output(node: Node, outputs: Outputs) -> Value | None:
    if kind_of(node) == "a_const" and node.a_const.HasField("ival"):
        place = node.a_const.ival.ival
        return outputs[place - 1][1] if 1 <= place <= len(outputs) else None
    path = strings(node.column_ref.fields) if kind_of(node) == "column_ref" else []
    return dict(outputs).get(path[0]) if len(path) == 1 else None


def _led(purpose: Purpose, keys: list[tuple[Value, Node | None]], *, limited: bool) -> Iterator[Found]:
    """Yield the order of the reference that has the first key, as far as the keys are its own."""
    taken: list[SortKey] = []
    owner: frozenset[int] = frozenset()
    for value, sort in keys:
        expression = expression_of(value)
        owner = owner or value.references
        if expression is None or value.references != owner:
            break
        taken.append(_sort_key(value, sort))
    if taken:
        yield (
            min(owner),
            Order(purpose=purpose, keys=tuple(taken), limited=limited, complete=len(taken) == len(keys)),
        )


def _sort_key(value: Value, sort: Node | None) -> SortKey:
    expression = expression_of(value)
    assert expression is not None
    if sort is None:
        return SortKey(expression=expression)
    kinds = words()
    descending = sort.sortby_dir == kinds.SORTBY_DESC
    nulls = {kinds.SORTBY_NULLS_FIRST: True, kinds.SORTBY_NULLS_LAST: False}
    return SortKey(
        expression=expression,
        descending=descending,
        nulls_first=nulls.get(sort.sortby_nulls, descending),
    )


def _together(purpose: Purpose, values: list[Value]) -> Iterator[Found]:
    """Yield an order whose keys must all be of one reference."""
    values = [value for value in values if value.columns or value.derived]
    references = frozenset[int]().union(*(value.references for value in values))
    if len(references) == 1 and all(expression_of(value) for value in values):
        keys = dict.fromkeys(_sort_key(value, None) for value in values)
        yield min(references), Order(purpose=purpose, keys=tuple(keys))


def _group_values(select: Node, outputs: Outputs, resolve: Resolve) -> Iterator[Value]:
    for node in select.group_clause:
        if kind_of(node) == "grouping_set":
            yield Value(derived=True)
            continue
        value = resolve(node)
        # A column of the sources goes before an output of that name; a place is no column.
        yield value if value.columns else _output(node, outputs) or value


def _within_groups(select: Node, groups: list[Value], resolve: Resolve) -> Iterator[Found]:
    """Yield the order in which an aggregate with DISTINCT or ORDER BY need not sort each group (from 16 on)."""
    for call in _calls(select):
        keys: list[tuple[Value, Node | None]] = [(value, None) for value in groups]
        if call.agg_order:
            keys += [(resolve(each.sort_by.node), each.sort_by) for each in call.agg_order]
        elif call.agg_distinct and len(call.args) == 1:
            keys.append((resolve(call.args[0]), None))
        else:
            continue
        found = _led(Purpose.GROUP, keys, limited=False)
        yield from ((owner, order) for owner, order in found if order.complete)


def _distinct_values(select: Node, outputs: Outputs, resolve: Resolve) -> Iterator[Value]:
    if not select.distinct_clause:
        return
    named = [node for node in select.distinct_clause if kind_of(node)]
    if named:
        yield from (_sort_value(node, outputs, resolve) for node in named)
    else:
        yield from (value for _, value in outputs)


def _windows(select: Node) -> Iterator[Node]:
    named = (node.window_def for node in select.window_clause)
    inline = (call.over for call in _calls(select) if call.HasField("over"))
    return (window for window in chain(named, inline) if window.partition_clause or window.order_clause)


def _calls(select: Node) -> Iterator[Node]:
    """Yield the function calls in a target list, not those of its subqueries."""
    pending = [target.res_target.val for target in select.target_list]
    while pending:
        message = pending.pop()
        if message.DESCRIPTOR.name == "FuncCall":
            yield message
        if message.DESCRIPTOR.name != "SubLink":
            pending += messages_in(message)


def _extremes(select: Node, resolve: Resolve) -> Iterator[Found]:
    """Yield the order in which min, max or the values of a DISTINCT aggregate come first."""
    for call in _calls(select):
        name = strings(call.funcname)[-1]
        if len(call.args) != 1 or not (name in ("min", "max") or call.agg_distinct):
            continue
        value = resolve(call.args[0])
        expression = expression_of(value)
        if expression is not None:
            descending = name == "max"
            # max() looks for the last value that is not NULL, from either end.
            key = SortKey(expression=expression, descending=descending, nulls_first=descending)
            purpose = Purpose.DISTINCT if call.agg_distinct else Purpose.EXTREME
            yield min(value.references), Order(purpose=purpose, keys=(key,), limited=not call.agg_distinct)


def _nearest(node: Node, resolve: Resolve) -> Iterator[Found]:
    if kind_of(node) != "a_expr" or "<->" not in strings(node.a_expr.name)[-1:]:
        return
    for side in (node.a_expr.lexpr, node.a_expr.rexpr):
        value = resolve(side)
        expression = expression_of(value)
        if expression is not None:
            key = SortKey(expression=expression)
            yield min(value.references), Order(purpose=Purpose.DISTANCE, keys=(key,), limited=True)
