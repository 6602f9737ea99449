"""The places of a statement's parameters: the column that each is compared with or written to, or what else it is for."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from perfkit.names import quote_name
from perfkit.syntax.index import expression_text
from perfkit.syntax.usage.model import Usage
from perfkit.syntax.usage.read import read_usage
from perfkit.syntax.usage.scope import Lookup, Scope, Value, resolve
from perfkit.syntax.usage.tree import Node, everything, kind_of, messages_in, parse, strings, words

# Their results are of groups, not of a row (pg_aggregate's that are in common use).
_AGGREGATES = frozenset({
    "count", "sum", "avg", "min", "max", "array_agg", "string_agg", "bool_and", "bool_or", "every", "json_agg",
    "jsonb_agg", "json_object_agg", "jsonb_object_agg", "stddev", "variance", "percentile_cont", "percentile_disc", "mode",
})  # fmt: skip
_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "@>": "<@", "<@": "@>", "<%": "%>", "%>": "<%"}
ARITHMETIC = frozenset({"+", "-", "*", "/", "%", "^", "||"})
"""Operators that calculate, or join texts; % compares texts too, by their trigrams."""


class Role(StrEnum):
    """What a parameter is for."""

    COMPARED = "compared"
    WRITTEN = "written"
    LIMIT = "limit"
    OFFSET = "offset"
    ARGUMENT = "argument"
    FREE = "free"


_ORDER = list(Role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one parameter stands.

    COMPARED: `expression` of the reference's bare columns stands on the left of `operator`, which is "IN" for an item of a
    list (`item` counts from 0), "= ANY" for an array of values and "ANY =" for a value that an array of the row has;
    `through` is the function that takes the parameter first, such as upper or to_tsquery. WRITTEN: the column
    `expression` of a table that is named as written; `item` is the row of VALUES. ARGUMENT: `operator` is the function
    or operator that takes it. It is `calculated` with where such an operator takes it anywhere, whatever its role. `cast` is the type that a CASE or COALESCE
    whose result it may be is cast to, '' for none.
    """

    number: int
    role: Role
    reference: int = -1
    expression: str = ""
    columns: frozenset[str] = frozenset()
    operator: str = ""
    through: str = ""
    item: int = 0
    table: tuple[str, str] = ("", "")
    calculated: bool = False
    cast: str = ""


def read_places(statement: str, lookup: Lookup) -> tuple[Usage, dict[int, Place]]:
    """Return the usage of a statement whose parameters are $1 to $n, and the place of each by its number; SqlError."""
    found: list[Place] = []
    usage = read_usage(statement, lookup, lambda scope, node: found.extend(_compared_in(scope, node)))
    tree = parse(statement)
    found += _limits(tree)
    found += _written(tree, lookup)
    taken = list(_arguments(tree))
    found += taken
    calculated = {each.number for each in taken if each.operator in ARITHMETIC}
    casts = dict(_casts(tree))
    places: dict[int, Place] = {}
    for place in sorted(found, key=lambda each: _ORDER.index(each.role)):
        known = replace(place, calculated=place.number in calculated, cast=casts.get(place.number, ""))
        places.setdefault(place.number, known)
    return usage, places


def _compared_in(scope: Scope, node: Node) -> Iterator[Place]:
    """Yield what parameters are compared with in an expression; its subqueries are read as such."""
    for message in _within(node):
        kind = kind_of(message) if message.DESCRIPTOR.name == "Node" else ""
        if kind == "a_expr":
            yield from _comparison(scope, message.a_expr)
        elif kind == "func_call" and strings(message.func_call.funcname)[-1:] in (
            ["similarity"],
            ["word_similarity"],
        ):
            one, other = message.func_call.args[:2]
            yield from _both_ways(scope, one, other, "%")


def _within(message: Node) -> Iterator[Node]:
    yield message
    if message.DESCRIPTOR.name == "Node" and kind_of(message) == "sub_link":
        return
    for child in messages_in(message):
        yield from _within(child)


def _comparison(scope: Scope, expression: Node) -> Iterator[Place]:
    kinds, operator = words(), (strings(expression.name) or [""])[-1]
    left, right = expression.lexpr, expression.rexpr
    if expression.kind == kinds.AEXPR_IN:
        for item, node in enumerate(right.list.items):
            yield from _one_way(scope, left, node, "IN", item)
    elif expression.kind in (kinds.AEXPR_OP_ANY, kinds.AEXPR_OP_ALL):
        items = right.a_array_expr.elements if kind_of(right) == "a_array_expr" else ()
        for item, node in enumerate(items):
            yield from _one_way(scope, left, node, "IN", item)
        yield from _one_way(scope, left, right, "= ANY")
        yield from _one_way(scope, right, left, "ANY =")
    elif expression.kind in (kinds.AEXPR_BETWEEN, kinds.AEXPR_NOT_BETWEEN):
        for node, bound in zip(right.list.items, (">=", "<="), strict=False):
            yield from _one_way(scope, left, node, bound)
    elif kind_of(left) == "row_expr" and kind_of(right) == "row_expr":
        for one, other in zip(left.row_expr.args, right.row_expr.args, strict=False):
            yield from _both_ways(scope, one, other, operator)
    elif operator not in ARITHMETIC - {"%"} and kind_of(left):
        yield from _both_ways(scope, left, right, operator)


def _both_ways(scope: Scope, left: Node, right: Node, operator: str) -> Iterator[Place]:
    yield from _one_way(scope, left, right, operator)
    yield from _one_way(scope, right, left, _MIRRORED.get(operator, operator))


def _one_way(scope: Scope, known: Node, asked: Node, operator: str, item: int = 0) -> Iterator[Place]:
    """Yield the place of a parameter that stands alone on one side, where the other is of one table's row."""
    parameter, through = _alone(asked)
    if not parameter:
        return
    value = resolve(known, scope, lambda _link, _scope: None)
    if (
        value.node is not None
        and not value.derived
        and len(value.references) == 1
        and not _aggregates(value.node)
    ):
        yield _compared(parameter, value, operator, through, item)


def _compared(parameter: int, value: Value, operator: str, through: str, item: int) -> Place:
    assert value.node is not None
    return Place(
        number=parameter,
        role=Role.COMPARED,
        reference=min(value.references),
        expression=expression_text(value.node),
        columns=frozenset(name for _, name in value.columns),
        operator=operator,
        through=through,
        item=item,
    )


def _alone(node: Node) -> tuple[int, str]:
    """Return the parameter that a side of a comparison is, cast or taken by a function or not, and the function."""
    kind = kind_of(node)
    if kind == "param_ref":
        return node.param_ref.number, ""
    if kind == "type_cast":
        return _alone(node.type_cast.arg)
    if kind == "func_call" and node.func_call.args and not _reads_columns(node):
        return _alone(node.func_call.args[-1])[0], strings(node.func_call.funcname)[-1]
    return 0, ""


def _reads_columns(node: Node) -> bool:
    return any(message.DESCRIPTOR.name == "ColumnRef" for message in _within(node))


def _aggregates(node: Node) -> bool:
    return any(
        message.DESCRIPTOR.name == "FuncCall"
        and (message.agg_star or message.HasField("over") or strings(message.funcname)[-1] in _AGGREGATES)
        for message in _within(node)
    )


def _limits(tree: Node) -> Iterator[Place]:
    for select in everything(tree):
        if select.DESCRIPTOR.name == "SelectStmt":
            for clause, role in (("limit_count", Role.LIMIT), ("limit_offset", Role.OFFSET)):
                if select.HasField(clause) and (number := _alone(getattr(select, clause))[0]):
                    yield Place(number=number, role=role)


def _written(tree: Node, lookup: Lookup) -> Iterator[Place]:
    """Yield the columns that parameters are written to by INSERT, UPDATE and MERGE, wherever these stand."""
    for statement in everything(tree):
        name = statement.DESCRIPTOR.name
        if name not in ("InsertStmt", "UpdateStmt", "MergeStmt"):
            continue
        relation = (statement.relation.schemaname, statement.relation.relname)
        if name == "InsertStmt":
            yield from _inserted(statement, relation, lookup)
            yield from _set(statement.on_conflict_clause.target_list, relation)
        elif name == "UpdateStmt":
            yield from _set(statement.target_list, relation)
        else:
            for clause in (node.merge_when_clause for node in statement.merge_when_clauses):
                columns = [node.res_target.name for node in clause.target_list]
                yield from (
                    _row(clause.values, columns, relation)
                    if clause.values
                    else _set(clause.target_list, relation)
                )


def _inserted(insert: Node, relation: tuple[str, str], lookup: Lookup) -> Iterator[Place]:
    columns = [node.res_target.name for node in insert.cols]
    known = lookup(*relation)
    columns = columns or list(known.columns if known else ())
    select = insert.select_stmt.select_stmt
    for item, row in enumerate(select.values_lists):
        yield from _row(row.list.items, columns, relation, item)
    yield from _row((node.res_target.val for node in select.target_list), columns, relation)


def _row(
    values: Iterable[Node], columns: list[str], relation: tuple[str, str], item: int = 0
) -> Iterator[Place]:
    for node, column in zip(values, columns, strict=False):
        number, through = _alone(node)
        if number and not through:
            yield Place(
                number=number,
                role=Role.WRITTEN,
                expression=column,
                columns=frozenset({column}),
                table=relation,
                item=item,
            )


def _set(targets: Iterable[Node], relation: tuple[str, str]) -> Iterator[Place]:
    nodes = [node.res_target for node in targets]
    yield from _row((node.val for node in nodes), [node.name for node in nodes], relation)


def _arguments(tree: Node) -> Iterator[Place]:
    """Yield the parameters that functions and operators take, and all others as free."""
    for message in everything(tree):
        name = message.DESCRIPTOR.name
        if name == "ParamRef":
            yield Place(number=message.number, role=Role.FREE)
        elif name in ("FuncCall", "A_Expr"):
            operator = (strings(message.funcname if name == "FuncCall" else message.name) or [""])[-1]
            nodes = list(message.args) if name == "FuncCall" else [message.lexpr, message.rexpr]
            for item, node in enumerate(nodes):
                if (number := _alone(node)[0]) and kind_of(node) != "func_call":
                    yield Place(number=number, role=Role.ARGUMENT, operator=operator, item=item)


def _casts(tree: Node) -> Iterator[tuple[int, str]]:
    """Yield the parameters that are results of a CASE or COALESCE which is cast as a whole, with the type's name."""
    for message in everything(tree):
        if message.DESCRIPTOR.name != "TypeCast" or kind_of(message.arg) not in (
            "case_expr",
            "coalesce_expr",
        ):
            continue
        type_ = ".".join(map(quote_name, strings(message.type_name.names))) + "[]" * len(
            message.type_name.array_bounds
        )
        for node in _results(message.arg):
            if kind_of(node) == "param_ref":
                yield node.param_ref.number, type_


def _results(node: Node) -> list[Node]:
    if kind_of(node) == "coalesce_expr":
        return list(node.coalesce_expr.args)
    return [*(each.case_when.result for each in node.case_expr.args), node.case_expr.defresult]
