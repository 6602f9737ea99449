"""Query blocks: SELECT with its sources, conditions and orders, and the columns that it gives to the block around it."""

from collections.abc import Iterable, Mapping
from functools import partial

from perfkit.syntax.usage.orders import orders_of
from perfkit.syntax.usage.reading import Outputs, Reading
from perfkit.syntax.usage.scope import DERIVED, Scope, Value
from perfkit.syntax.usage.sources import read_source, renamed
from perfkit.syntax.usage.tree import Node, kind_of, strings, words


def read_select(
    reading: Reading, select: Node, parent: Scope, *, reaches_out: bool = False, top: bool = False
) -> Outputs:
    """Read a SELECT and return its columns; its conditions on the block around it count when it `reaches_out`."""
    scope = Scope(parent=parent)
    read_ctes(reading, select, scope)
    if select.op != words().SETOP_NONE:
        left = read_select(reading, select.larg, scope, top=top)
        read_select(reading, select.rarg, scope, top=top)
        return dict.fromkeys(left, DERIVED)
    for row in select.values_lists:
        for item in row.list.items:
            reading.value(scope, item)
    if select.values_lists:
        width = len(select.values_lists[0].list.items)
        return {f"column{number + 1}": DERIVED for number in range(width)}
    return _read_block(reading, select, scope, reaches_out=reaches_out, top=top)


def _read_block(reading: Reading, select: Node, scope: Scope, *, reaches_out: bool, top: bool) -> Outputs:
    for item in select.from_clause:
        read_source(reading, item, scope)
    outside = scope.parent.references if scope.parent else frozenset()
    own = frozenset(range(len(reading.drafts))) - outside
    outputs = read_targets(reading, select.target_list, scope, top=top)
    if select.HasField("where_clause"):
        reading.condition(select.where_clause, scope, own | outside if reaches_out else own)
    for clause in ("having_clause", "limit_count", "limit_offset"):
        if select.HasField(clause):
            reading.value(scope, getattr(select, clause))
    for reference, order in orders_of(select, list(outputs.items()), partial(reading.value, scope)):
        if reference in own:
            reading.drafts[reference].orders.append(order)
    return outputs


def read_targets(reading: Reading, targets: Iterable[Node], scope: Scope, *, top: bool) -> Outputs:
    """Return the columns of a target list, by name; those of the statement itself count as needed."""
    outputs: Outputs = {}
    for number, target in enumerate(targets):
        value_node = target.res_target.val
        star = _star(value_node)
        if star is not None:
            outputs |= _all_columns(reading, star, scope, top=top)
            continue
        value = reading.value(scope, value_node, used=top)
        name = target.res_target.name or _implicit_name(value_node)
        outputs[name if name not in outputs else f"?column{number}?"] = value
    return outputs


def _star(node: Node) -> str | None:
    """Return the alias of p.*, '' for *, None for what is no star."""
    if kind_of(node) != "column_ref" or kind_of(node.column_ref.fields[-1]) != "a_star":
        return None
    path = strings(node.column_ref.fields)
    return path[-1] if path else ""


def _all_columns(reading: Reading, alias: str, scope: Scope, *, top: bool) -> Outputs:
    outputs: Outputs = {}
    place: Scope | None = scope
    while place is not None:
        for source in place.sources:
            if alias in ("", source.name):
                if source.reference >= 0 and (top or source.open):
                    reading.drafts[source.reference].needed = None
                outputs |= {name: value for name, value in source.columns.items() if name not in outputs}
        if not alias or outputs:
            break
        place = place.parent
    if top:
        for value in outputs.values():
            reading.need(value)
    return outputs


def _implicit_name(node: Node) -> str:
    kind = kind_of(node)
    if kind == "type_cast":
        return _implicit_name(node.type_cast.arg)
    names = {
        "column_ref": lambda: strings(node.column_ref.fields),
        "func_call": lambda: strings(node.func_call.funcname),
    }
    found = names[kind]() if kind in names else []
    return found[-1] if found else "?column?"


def read_ctes(reading: Reading, statement: Node, scope: Scope) -> None:
    """Read the common table expressions of a statement into its scope."""
    if not statement.HasField("with_clause"):
        return
    for node in statement.with_clause.ctes:
        cte = node.common_table_expr
        query = cte.ctequery
        if statement.with_clause.recursive and kind_of(query) == "select_stmt" and query.select_stmt.op:
            scope.ctes[cte.ctename] = _recursive(reading, cte, scope)
        else:
            scope.ctes[cte.ctename] = renamed(
                reading.query(reading, query, scope, False), strings(cte.aliascolnames)
            )


def _recursive(reading: Reading, cte: Node, scope: Scope) -> Mapping[str, Value]:
    """Read a recursive query, whose second arm finds the rows of the first in the query's own name."""
    select = cte.ctequery.select_stmt
    inside = Scope(parent=scope)
    read_ctes(reading, select, inside)
    first = renamed(read_select(reading, select.larg, inside, top=True), strings(cte.aliascolnames))
    columns = dict.fromkeys(first, DERIVED)
    inside.ctes[cte.ctename] = columns
    read_select(reading, select.rarg, inside, top=True)
    return columns
