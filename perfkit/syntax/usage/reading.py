"""A statement while it is read: its references so far, and the subqueries in its expressions."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial

from perfkit.syntax.usage.conditions import Found, Reader, read_conditions
from perfkit.syntax.usage.model import Comparison, Predicate
from perfkit.syntax.usage.scope import Draft, Lookup, Scope, Value, resolve
from perfkit.syntax.usage.terms import expression_of
from perfkit.syntax.usage.tree import Node, kind_of, strings, words

Outputs = dict[str, Value]
# The last argument tells whether the subquery's conditions on the block around it count for that block.
Query = Callable[["Reading", Node, Scope, bool], Outputs]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A statement while it is read: its references so far, what names stand for, and how a subquery is read."""

    lookup: Lookup
    query: Query
    watch: Callable[[Scope, Node], None] = lambda _scope, _node: (
        None
    )  # called with every expression and its block
    drafts: list[Draft] = field(default_factory=list)

    def value(self, scope: Scope, node: Node, *, used: bool = True) -> Value:
        """Return an expression with its names resolved; its columns count as needed when it is used."""
        self.watch(scope, node)
        value = resolve(node, scope, partial(read_link, self))
        if used:
            self.need(value)
        return value

    def need(self, value: Value) -> None:
        """Note that the statement reads these columns."""
        for reference, name in value.columns:
            needed = self.drafts[reference].needed
            if needed is not None:
                needed.add(name)

    def add(self, found: Iterable[Found], only: frozenset[int] | None = None) -> None:
        """Note predicates, of these references only."""
        for reference, predicate in found:
            if only is None or reference in only:
                self.drafts[reference].predicates.append(predicate)

    def condition(self, node: Node, scope: Scope, only: frozenset[int]) -> None:
        """Note what a condition asks, of these references only."""
        self.watch(scope, node)
        reader = Reader(
            value=partial(self.value, scope),
            linked=lambda link, negated: read_membership(self, link, scope, negated=negated),
        )
        conditions = read_conditions(node, reader)
        outside = scope.parent.references if scope.parent else frozenset()
        self.add(((reference, _placed(each, outside)) for reference, each in conditions.found), only)
        for reference, arms in conditions.alternatives:
            if reference in only:
                self.drafts[reference].alternatives.append(arms)


def _placed(predicate: Predicate, outside: frozenset[int]) -> Predicate:
    """Return a predicate that knows whether its other side is of the blocks around."""
    is_outer = bool(predicate.joined) and predicate.joined <= outside
    return replace(predicate, outer=True) if is_outer else predicate


def equal_values(one: Value, other: Value) -> tuple[Found, ...]:
    """Return the predicates of two values that are joined as equal."""
    found = []
    for value, known in ((one, other), (other, one)):
        expression = expression_of(value)
        if expression is not None and not value.references & known.references:
            predicate = Predicate(
                comparison=Comparison.EQUAL,
                expression=expression,
                operator="=",
                joined=known.references,
                derived=known.derived,
            )
            found.append((min(value.references), predicate))
    return tuple(found)


def read_link(reading: Reading, link: Node, scope: Scope) -> Outputs:
    """Read a subquery that stands in an expression."""
    if link.HasField("testexpr"):
        reading.value(scope, link.testexpr)
    outputs = reading.query(reading, link.subselect, scope, False)
    if link.sub_link_type != words().EXISTS_SUBLINK:
        for value in outputs.values():
            reading.need(value)
    return outputs


def read_membership(reading: Reading, link: Node, scope: Scope, *, negated: bool) -> tuple[Found, ...]:
    """Read EXISTS or IN with a subquery, and return what it asks of either side when it is not negated."""
    kinds = words()
    if link.sub_link_type == kinds.EXISTS_SUBLINK:
        reading.query(reading, link.subselect, scope, not negated)
        return ()
    if link.sub_link_type != kinds.ANY_SUBLINK or negated or not _is_equality(link):
        read_link(reading, link, scope)
        return ()
    tests = link.testexpr.row_expr.args if kind_of(link.testexpr) == "row_expr" else [link.testexpr]
    values = [reading.value(scope, test) for test in tests]
    outputs = reading.query(reading, link.subselect, scope, False)
    found: list[Found] = []
    for value, output in zip(values, outputs.values(), strict=False):
        reading.need(output)
        found += equal_values(value, output)
    reading.add(found)
    return ()


def _is_equality(link: Node) -> bool:
    return not link.oper_name or strings(link.oper_name) == ["="]
