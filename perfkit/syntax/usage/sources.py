"""The FROM clause: tables, views, subqueries, functions and joins as sources of columns."""

from collections.abc import Mapping

from perfkit.syntax.usage.reading import Outputs, Reading, equal_values
from perfkit.syntax.usage.scope import DERIVED, Draft, Scope, Source, Value, column
from perfkit.syntax.usage.tree import Node, inner, kind_of, parse, strings, words


def read_source(reading: Reading, node: Node, scope: Scope) -> frozenset[int]:
    """Read one item of a FROM clause into the scope and return the references in it."""
    start = len(reading.drafts)
    kind = kind_of(node)
    if kind == "range_var":
        scope.sources.append(table_source(reading, node.range_var, scope))
    elif kind == "join_expr":
        _join(reading, node.join_expr, scope)
    elif kind == "range_subselect":
        outputs = reading.query(reading, node.range_subselect.subquery, scope, False)
        scope.sources.append(_aliased(node.range_subselect.alias, outputs))
    elif kind == "range_table_sample":
        return read_source(reading, node.range_table_sample.relation, scope)
    elif kind:
        _other_source(reading, node, scope)
    return frozenset(range(start, len(reading.drafts)))


def _other_source(reading: Reading, node: Node, scope: Scope) -> None:
    """Read a function in FROM: what it takes is needed, what it gives no table has."""
    item = inner(node)
    for function in getattr(item, "functions", ()):
        reading.value(scope, function.list.items[0])
    alias = item.alias.aliasname if item.HasField("alias") else ""
    columns = strings(item.alias.colnames) if alias else []
    scope.sources.append(Source(name=alias, columns=dict.fromkeys(columns, DERIVED), open=True))


def table_source(reading: Reading, node: Node, scope: Scope) -> Source:
    """Return a named table, view or CTE as a source, and note the reference where it is a table."""
    alias = node.alias.aliasname if node.HasField("alias") else node.relname
    names = strings(node.alias.colnames) if node.HasField("alias") else []
    cte = None if node.schemaname else scope.cte(node.relname)
    if cte is not None:
        return Source(name=alias, columns=renamed(cte, names))
    relation = reading.lookup(node.schemaname, node.relname)
    if relation is not None and relation.view:
        return Source(name=alias, columns=renamed(_view(reading, relation.view), names))
    reference = len(reading.drafts)
    reading.drafts.append(Draft(schema=node.schemaname, name=node.relname, alias=alias))
    columns = {name: column(reference, name) for name in relation.columns} if relation else {}
    return Source(name=alias, columns=renamed(columns, names), reference=reference, open=relation is None)


def _view(reading: Reading, text: str) -> Outputs:
    return reading.query(reading, parse(text), Scope(), False)


def renamed(columns: Mapping[str, Value], names: list[str]) -> dict[str, Value]:
    """Return columns with the first of them named anew."""
    kept = list(columns)[len(names) :]
    return dict(zip([*names, *kept], columns.values(), strict=False))


def _aliased(alias: Node, outputs: Outputs) -> Source:
    return Source(name=alias.aliasname, columns=renamed(outputs, strings(alias.colnames)))


def _join(reading: Reading, join: Node, scope: Scope) -> None:
    before = len(scope.sources)
    left = read_source(reading, join.larg, scope)
    middle = len(scope.sources)
    right = read_source(reading, join.rarg, scope)
    kinds = words()
    # An outer join looks up rows of the side that it may leave out, not of the side that it keeps.
    only = {kinds.JOIN_LEFT: right, kinds.JOIN_RIGHT: left, kinds.JOIN_FULL: frozenset[int]()}
    asked = only.get(join.jointype, left | right)
    lefts, rights = scope.sources[before:middle], scope.sources[middle:]
    names = strings(join.using_clause)
    if join.is_natural:
        names = [
            name
            for source in lefts
            for name in source.columns
            if any(name in each.columns for each in rights)
        ]
    for name in names:
        sides = (_value_in(lefts, name), _value_in(rights, name))
        for value in sides:
            reading.need(value)
        reading.add(equal_values(*sides), asked)
    if join.HasField("quals"):
        reading.condition(join.quals, scope, asked)
    if join.HasField("alias"):
        inside = {name: value for source in scope.sources[before:] for name, value in source.columns.items()}
        scope.sources[before:] = [_aliased(join.alias, inside)]


def _value_in(sources: list[Source], name: str) -> Value:
    for source in sources:
        if name in source.columns or source.open:
            return source.columns.get(name) or column(source.reference, name)
    return DERIVED
