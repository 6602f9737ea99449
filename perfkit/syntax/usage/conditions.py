"""Conditions of a query block: each conjunct as what it asks of the references whose columns it reads."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from perfkit.syntax.index import expression_text
from perfkit.syntax.usage.model import Comparison, Expression, Predicate
from perfkit.syntax.usage.scope import Value
from perfkit.syntax.usage.terms import constants_of, expression_of
from perfkit.syntax.usage.tree import (
    Node,
    conjuncts,
    inner,
    is_alternative,
    is_negation,
    kind_of,
    strings,
    words,
)

_COMPARISONS = {
    "=": Comparison.EQUAL,
    "<": Comparison.RANGE,
    "<=": Comparison.RANGE,
    ">": Comparison.RANGE,
    ">=": Comparison.RANGE,
    "<>": Comparison.NOT_EQUAL,
    "~~": Comparison.LIKE,
    "^@": Comparison.LIKE,
    "~~*": Comparison.SEARCH,
    "~": Comparison.SEARCH,
    "~*": Comparison.SEARCH,
    "!~~": Comparison.NOT_EQUAL,
    "!~~*": Comparison.NOT_EQUAL,
    "!~": Comparison.NOT_EQUAL,
    "!~*": Comparison.NOT_EQUAL,
}
_COMMUTED = {
    "<": ">", ">": "<", "<=": ">=", ">=": "<=", "@>": "<@", "<@": "@>", "<%": "%>", "%>": "<%",
    "<<%": "%>>", "%>>": "<<%", "<<": ">>", ">>": "<<", "<<=": ">>=", ">>=": "<<=",
}  # fmt: skip
# Their pattern stands to the right.
_ONE_WAY = frozenset({Comparison.LIKE, Comparison.SEARCH})

Found = tuple[int, Predicate]


class Condition(NamedTuple):
    """What one conjunct asks: predicates with their references, and every reference that it reads."""

    found: tuple[Found, ...] = ()
    references: frozenset[int] = frozenset()
    derived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """The predicates that hold together, and the ORs among them, whose arms each ask something of a reference."""

    found: tuple[Found, ...]
    alternatives: tuple[tuple[int, tuple[tuple[Predicate, ...], ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """How the expressions of a block are resolved: `value` an expression, `linked` an EXISTS or IN with its subquery.

    `linked` takes the SubLink and whether it is negated.
    """

    value: Callable[[Node], Value]
    linked: Callable[[Node, bool], tuple[Found, ...]]


def read_conditions(node: Node, reader: Reader) -> Conditions:
    """Return what the conjuncts of a condition ask."""
    found: list[Found] = []
    alternatives: list[tuple[int, tuple[tuple[Predicate, ...], ...]]] = []
    for conjunct in conjuncts(node):
        arms = list(_arms(conjunct, reader))
        if len(arms) == 1:
            found += arms[0].found
        elif arms:
            shared = frozenset.intersection(
                *(frozenset(reference for reference, _ in arm.found) for arm in arms)
            )
            for reference in sorted(shared):
                asked = (tuple(each for one, each in arm.found if one == reference) for arm in arms)
                alternatives.append((reference, tuple(asked)))
    return Conditions(found=tuple(found), alternatives=tuple(alternatives))


def _arms(conjunct: Node, reader: Reader) -> Iterator[Condition]:
    """Yield the arms of an OR; without those that read no table, which only switch another arm on or off."""
    if not is_alternative(conjunct):
        in_list = _list_of_columns(conjunct, reader)
        yield from in_list or [_condition(conjunct, reader)]
        return
    for argument in conjunct.bool_expr.args:
        for arm in _flat(argument, reader):
            if arm.references or arm.derived:
                yield arm


def _flat(argument: Node, reader: Reader) -> Iterator[Condition]:
    """Yield one arm, or those of an OR within it; an OR under an AND within an arm is left to the filter."""
    if is_alternative(argument):
        for each in argument.bool_expr.args:
            yield from _flat(each, reader)
        return
    parts = [_condition(part, reader) for part in conjuncts(argument)]
    yield Condition(
        found=tuple(found for part in parts for found in part.found),
        references=frozenset[int]().union(*(part.references for part in parts)),
        derived=any(part.derived for part in parts),
    )


def _list_of_columns(node: Node, reader: Reader) -> list[Condition]:
    """Return x IN (a, b), which reads columns in its list, as PostgreSQL takes it: x = a OR x = b."""
    expression = node.a_expr if kind_of(node) == "a_expr" else None
    if expression is None or expression.kind != words().AEXPR_IN or strings(expression.name) != ["="]:
        return []
    items = expression.rexpr.list.items
    if not any(kind_of(item) == "column_ref" for item in items):
        return []
    left = reader.value(expression.lexpr)
    return [_compared(left, reader.value(item), "=") for item in items]


def _condition(node: Node, reader: Reader) -> Condition:
    kind = kind_of(node)
    if is_negation(node):
        return _negated(node, reader)
    if kind == "sub_link":
        return Condition(found=reader.linked(node.sub_link, False), derived=True)
    if kind == "a_expr":
        return _comparison(node, reader)
    if kind in ("null_test", "boolean_test"):
        return _tested(node, reader)
    return _alone(reader.value(node), node, Comparison.TRUE)


def _negated(node: Node, reader: Reader) -> Condition:
    argument = node.bool_expr.args[0]
    if kind_of(argument) == "sub_link":
        return Condition(found=reader.linked(argument.sub_link, True), derived=True)
    comparison = Comparison.FALSE if kind_of(argument) in ("column_ref", "func_call") else Comparison.OTHER
    return _alone(reader.value(argument), node, comparison)


def _tested(node: Node, reader: Reader) -> Condition:
    test = inner(node)
    if kind_of(node) == "null_test":
        is_null = test.nulltesttype == words().IS_NULL
        comparison = Comparison.NULL if is_null else Comparison.NOT_NULL
    else:
        known = {words().IS_TRUE: Comparison.TRUE, words().IS_FALSE: Comparison.FALSE}
        comparison = known.get(test.booltesttype, Comparison.OTHER)
    return _alone(reader.value(test.arg), node, comparison)


def _alone(value: Value, whole: Node, comparison: Comparison) -> Condition:
    """Return a condition on one expression with nothing on the other side; `whole` is it with its test or NOT."""
    condition = Condition(references=value.references, derived=value.derived)
    expression = expression_of(value)
    if expression is None:
        return condition
    predicate = Predicate(comparison=comparison, expression=expression, text=_text(value, whole))
    return condition._replace(found=((min(value.references), predicate),))


def _comparison(node: Node, reader: Reader) -> Condition:
    expression, kinds = node.a_expr, words()
    operator = strings(expression.name)[-1] if expression.name else ""
    if expression.kind == kinds.AEXPR_OP and kind_of(expression.lexpr) == "row_expr":
        return _rows(node, operator, reader)
    left, right = reader.value(expression.lexpr), reader.value(expression.rexpr)
    if expression.kind in (kinds.AEXPR_IN, kinds.AEXPR_OP_ANY) and operator == "=":
        return _compared(left, right, operator, Comparison.IN)
    if expression.kind == kinds.AEXPR_BETWEEN:
        return _compared(left, right, operator, Comparison.RANGE)
    if expression.kind == kinds.AEXPR_OP and _is_test(left, right, operator):
        test = _upwards(node, operator)
        return _alone(reader.value(test), test, Comparison.TEST)
    if expression.kind in (kinds.AEXPR_OP, kinds.AEXPR_LIKE, kinds.AEXPR_ILIKE):
        return _compared(left, right, operator)
    is_list = expression.kind == kinds.AEXPR_IN
    return _compared(left, right, operator, Comparison.NOT_EQUAL if is_list else Comparison.OTHER)


def _is_test(left: Value, right: Value, operator: str) -> bool:
    """Tell whether an operator holds the row against itself."""
    return _COMPARISONS.get(operator) is Comparison.RANGE and left.references == right.references


def _upwards(node: Node, operator: str) -> Node:
    """Return a > b as b < a, so that the two are one."""
    if operator not in (">", ">="):
        return node
    turned = words().Node()
    turned.CopyFrom(node)
    turned.a_expr.name[-1].string.sval = _COMMUTED[operator]
    turned.a_expr.lexpr.CopyFrom(node.a_expr.rexpr)
    turned.a_expr.rexpr.CopyFrom(node.a_expr.lexpr)
    return turned


def _compared(left: Value, right: Value, operator: str, comparison: Comparison | None = None) -> Condition:
    comparison = comparison or _COMPARISONS.get(operator, Comparison.OPERATOR)
    found = [_one_side(left, right, operator, comparison)]
    if comparison not in _ONE_WAY | {Comparison.IN, Comparison.OTHER}:
        found.append(_one_side(right, left, _COMMUTED.get(operator, operator), comparison))
    return Condition(
        found=tuple(each for each in found if each),
        references=left.references | right.references,
        derived=left.derived or right.derived,
    )


def _one_side(value: Value, other: Value, operator: str, comparison: Comparison) -> Found | None:
    expression = expression_of(value)
    if expression is None or value.references & other.references:
        return None
    constants = constants_of(other.node)
    parameter = other.node.param_ref.number if other.node and kind_of(other.node) == "param_ref" else 0
    predicate = Predicate(
        comparison=comparison,
        expression=expression,
        operator=operator,
        constants=constants,
        parameter=parameter,
        joined=other.references,
        derived=other.derived,
        text=_comparison_text(value, other, operator, comparison) if constants else "",
    )
    return min(value.references), predicate


def _comparison_text(value: Value, other: Value, operator: str, comparison: Comparison) -> str:
    """Return the comparison as SQL, with the expression on the left."""
    kinds, node = words(), words().Node()
    expression = node.a_expr
    is_list = kind_of(other.node) == "list"
    expression.kind = kinds.AEXPR_OP
    if is_list:
        expression.kind = kinds.AEXPR_BETWEEN if comparison is Comparison.RANGE else kinds.AEXPR_IN
    elif comparison is Comparison.IN:
        expression.kind = kinds.AEXPR_OP_ANY
    if is_list and comparison is Comparison.RANGE:
        operator = "BETWEEN"
    expression.name.add().string.sval = operator
    expression.lexpr.CopyFrom(value.node)
    expression.rexpr.CopyFrom(other.node)
    return expression_text(node)


def _rows(node: Node, operator: str, reader: Reader) -> Condition:
    """Return what a comparison of rows asks: of each column when equal, of the first and those after it in a range."""
    left = list(node.a_expr.lexpr.row_expr.args)
    right = list(node.a_expr.rexpr.row_expr.args) if kind_of(node.a_expr.rexpr) == "row_expr" else []
    pairs = [
        _compared(reader.value(one), reader.value(other), operator)
        for one, other in zip(left, right, strict=False)
    ]
    if not pairs:
        return Condition(derived=True)
    references = frozenset[int]().union(*(pair.references for pair in pairs))
    derived = any(pair.derived for pair in pairs)
    if operator == "=":
        found = tuple(found for pair in pairs for found in pair.found)
        return Condition(found=found, references=references, derived=derived)
    return Condition(found=tuple(_row_range(pairs)), references=references, derived=derived)


def _row_range(pairs: list[Condition]) -> Iterator[Found]:
    for reference, first in pairs[0].found:
        then: list[Expression] = []
        for pair in pairs[1:]:
            following = [each.expression for one, each in pair.found if one == reference]
            if not following:
                break
            then.append(following[0])
        yield reference, replace(first, then=tuple(then), text="")


def _text(value: Value, whole: Node) -> str:
    node = words().Node()
    node.CopyFrom(whole)
    kind = kind_of(whole)
    tested = (
        {"null_test": node.null_test.arg, "boolean_test": node.boolean_test.arg} if "test" in kind else {}
    )
    (node.bool_expr.args[0] if is_negation(whole) else tested.get(kind, node)).CopyFrom(value.node)
    return expression_text(node)
