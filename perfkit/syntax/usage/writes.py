"""INSERT, UPDATE, DELETE and MERGE: their target, what they set, and how they find their rows."""

from collections.abc import Iterable

from perfkit.syntax.usage.blocks import read_ctes, read_targets
from perfkit.syntax.usage.reading import Outputs, Reading
from perfkit.syntax.usage.scope import Scope
from perfkit.syntax.usage.sources import read_source, table_source
from perfkit.syntax.usage.tree import Node, inner, kind_of

_TARGETS = {"insert_stmt": "insert", "update_stmt": "update", "delete_stmt": "delete", "merge_stmt": "update"}


def read_write(reading: Reading, query: Node, parent: Scope) -> Outputs:
    """Read a statement that writes and return the columns of its RETURNING."""
    if kind_of(query) not in _TARGETS:
        return {}
    statement, scope = inner(query), Scope(parent=parent)
    read_ctes(reading, statement, scope)
    target = len(reading.drafts)
    scope.sources.append(table_source(reading, statement.relation, scope))
    if len(reading.drafts) == target + 1:  # else it writes through a view
        reading.drafts[target].target = _TARGETS[kind_of(query)]
    {"insert_stmt": _insert, "merge_stmt": _merge}.get(kind_of(query), _change)(
        reading, statement, scope, target
    )
    if not statement.HasField("returning_clause"):
        return {}
    return read_targets(reading, statement.returning_clause.exprs, scope, top=True)


def _insert(reading: Reading, statement: Node, scope: Scope, target: int) -> None:
    _written(reading, statement.cols, target)
    if statement.HasField("select_stmt"):
        outputs = reading.query(
            reading, statement.select_stmt, Scope(parent=scope.parent, ctes=scope.ctes), False
        )
        for value in outputs.values():
            reading.need(value)


def _change(reading: Reading, statement: Node, scope: Scope, target: int) -> None:
    """Read UPDATE and DELETE, whose other tables are joined with the target."""
    name = statement.DESCRIPTOR.name
    for item in statement.from_clause if name == "UpdateStmt" else statement.using_clause:
        read_source(reading, item, scope)
    if name == "UpdateStmt":
        _written(reading, statement.target_list, target)
        _values(reading, statement.target_list, scope)
    if statement.HasField("where_clause"):
        reading.condition(statement.where_clause, scope, frozenset(range(target, len(reading.drafts))))


def _merge(reading: Reading, statement: Node, scope: Scope, target: int) -> None:
    read_source(reading, statement.source_relation, scope)
    # The source's rows are all read: only the target's are looked up.
    reading.condition(statement.join_condition, scope, frozenset({target}))
    for node in statement.merge_when_clauses:
        clause = node.merge_when_clause
        _written(reading, clause.target_list, target)
        _values(reading, clause.target_list, scope)
        for part in [clause.condition] if clause.HasField("condition") else []:
            reading.value(scope, part)
        for part in clause.values:
            reading.value(scope, part)


def _written(reading: Reading, targets: Iterable[Node], target: int) -> None:
    if target < len(reading.drafts):
        reading.drafts[target].written.update(node.res_target.name for node in targets)


def _values(reading: Reading, targets: Iterable[Node], scope: Scope) -> None:
    for node in targets:
        if node.res_target.HasField("val"):
            reading.value(scope, node.res_target.val)
