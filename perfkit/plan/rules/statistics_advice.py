"""The statistics that a wrong estimate asks for: on columns that depend on each other, on an expression, on values."""

import re
from collections.abc import Iterable

from perfkit.plan.condition import Comparison, comparisons
from perfkit.plan.derive import Tree
from perfkit.plan.expression import tokens
from perfkit.plan.label import quote_name, relation_name
from perfkit.plan.model import Node, walk
from perfkit.plan.rules.index_advice import computes

_JOIN_CONDITIONS = ("Hash Cond", "Merge Cond", "Join Filter")
_NAME_LENGTH = 63


def statistics_fix(tree: Tree, node: Node) -> str:
    """Return the statistics to make for a node whose row estimate is wrong, or what to look at."""
    owner = node
    if node.type == "Bitmap Index Scan":
        owner = next((above for above in tree.above(node) if above.relation), node)
    if owner.relation:
        return _scan_fix(node, owner)
    if node.type == "Aggregate":
        return _group_fix(node)
    return _join_fix(node)


def _scan_fix(node: Node, owner: Node) -> str:
    table = relation_name(owner)
    texts = (node.text("Index Cond"), node.text("Recheck Cond"), node.text("Filter"))
    conditions = [item for text in texts for item in comparisons(text, owner.alias)]
    computed = [item for item in conditions if computes(item)]
    if computed:
        return (
            f"The planner cannot estimate {computed[0].text}: compare the bare column with the values that meet it"
            " (column = ANY (…)), worked out before the query."
        )
    expressions = [item.key for item in conditions if item.key and not item.bare]
    if expressions:
        return _create_statistics(owner, expressions[:1])
    return _column_fix(owner, table, conditions)


def _column_fix(owner: Node, table: str, conditions: Iterable[Comparison]) -> str:
    columns = sorted({item.key for item in conditions if item.bare})
    if len(columns) > 1:
        made = _create_statistics(owner, columns)
        return f"ANALYZE {table}; if it stays, the columns depend on each other: {made}"
    if columns:
        return (
            f"ANALYZE {table}; if it stays: ALTER TABLE {table} ALTER {columns[0]} SET STATISTICS 1000;"
            f" ANALYZE {table};"
        )
    text = owner.text("Filter")
    return f"ANALYZE {table};" + (f" and look at what the planner cannot know in {text}." if text else "")


def _group_fix(node: Node) -> str:
    """Return statistics on what is grouped by, where it belongs to one table."""
    tables = _tables(node)
    keys = [key for key in node.texts("Group Key") if not key.startswith("(?")]
    owners = {alias for key in keys for alias in tables if _mentions(key, alias)}
    if len(owners) != 1:
        return (
            "The number of groups over columns of several tables cannot be known: group in a subquery over one table"
            " first, or give the query more work_mem so that it may hash."
        )
    (alias,) = owners
    return _create_statistics(tables[alias], [_without_alias(key, alias) for key in keys])


def _join_fix(node: Node) -> str:
    """Return statistics on the expressions that are joined by; for bare columns, what to look at."""
    written = []
    for alias, scan in _tables(node).items():
        keys = [
            item.key
            for key in _JOIN_CONDITIONS
            for item in comparisons(node.text(key), alias)
            if item.key and not item.bare
        ]
        if keys:
            written.append(_create_statistics(scan, list(dict.fromkeys(keys))))
    if written:
        return f"The join compares expressions, of which there are no statistics: {' '.join(written)}"
    return "Look at the join's columns: ANALYZE their tables, and raise their statistics target where values are skewed."


def _tables(node: Node) -> dict[str, Node]:
    return {quote_name(below.alias): below for below in walk(node) if below.relation and below.alias}


def _mentions(text: str, alias: str) -> bool:
    parts = [token.text for token in tokens(text)]
    return any(pair == (alias, ".") for pair in zip(parts, parts[1:], strict=False)) or "." not in parts


def _without_alias(text: str, alias: str) -> str:
    return re.sub(rf"(?<![\w.]){re.escape(alias)}\.", "", text)


def _create_statistics(scan: Node, keys: list[str]) -> str:
    """Return CREATE STATISTICS with a name, which it needs before PostgreSQL 16, and the ANALYZE that fills it."""
    table = relation_name(scan)
    words = re.findall(r"[a-z]\w*", re.sub(r"'[^']*'|::\w+", "", " ".join(keys).lower()))
    name = quote_name(
        "_".join([scan.relation or "", *dict.fromkeys(words)])[: _NAME_LENGTH - 11] + "_statistics"
    )
    written = ", ".join(key if key.replace("_", "").isalnum() else _bracketed(key) for key in keys[:8])
    return f"CREATE STATISTICS {name} ON {written} FROM {table}; ANALYZE {table};"


def _bracketed(key: str) -> str:
    """Return an expression in the brackets that CREATE STATISTICS wants."""
    return f"({key})"
