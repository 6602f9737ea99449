"""The statistics that a wrong estimate asks for: on columns that depend on each other, on an expression, on values."""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from perfkit.names import quote_name
from perfkit.plan.condition import Comparison, comparisons
from perfkit.plan.derive import Tree
from perfkit.plan.expression import tokens
from perfkit.plan.facts import Facts
from perfkit.plan.model import Node, walk
from perfkit.plan.rules.index_advice import computes
from perfkit.plan.rules.scan import Scan, conditions_of, scan_by_node, table_node

SUBQUERY_FIX = (
    "Write the subquery as EXISTS or NOT EXISTS, so that it becomes a join, which the planner can estimate."
)
_JOIN_CONDITIONS = ("Hash Cond", "Merge Cond", "Join Filter")
# Two columns of one row, compared: no statistics say how often they agree.
_TWO_COLUMNS = re.compile(r'[\w."]+ (?:=|<>|<|>|<=|>=) [a-zA-Z_"][\w."]*')
_NAME_LENGTH = 63
# As many as CREATE STATISTICS takes.
_MOST_KEYS = 8


def statistics_fix(tree: Tree, node: Node, facts: Facts | None) -> str:
    """Return the statistics to make for a node whose row estimate is wrong, or what to look at."""
    scan_of = scan_by_node(tree, facts)
    owner = table_node(tree, node)
    if owner in scan_of:
        return _scan_fix(node, scan_of[owner])
    below = [scan_of[part] for part in walk(node) if part in scan_of and scan_of[part].node is part]
    tables = {alias: scan for scan in below for alias in _aliases(scan)}
    return _group_fix(node, tables) if node.type == "Aggregate" else _join_fix(node, tables)


def _scan_fix(node: Node, scan: Scan) -> str:
    texts = (node.text("Index Cond"), node.text("Recheck Cond"), node.text("Filter"))
    if any("SubPlan" in text for text in texts):
        return SUBQUERY_FIX
    conditions = [item for text in texts for item in conditions_of(scan, text)]
    computed = [item for item in conditions if computes(item)]
    if computed:
        return (
            f"The planner cannot estimate {computed[0].text}: compare the bare column with the values that meet it"
            " (column = ANY (…)), worked out before the query."
        )
    expressions = [item.key for item in conditions if item.key and not item.bare]
    if expressions:
        return _create_statistics(scan, expressions[:1])
    return _column_fix(scan, conditions)


def _column_fix(scan: Scan, conditions: Iterable[Comparison]) -> str:
    conditions = tuple(conditions)
    table = scan.table
    unknown = [item.text for item in conditions if not item.key and _TWO_COLUMNS.fullmatch(item.text)]
    if unknown:
        return (
            f"No statistics tell how often {unknown[0]} holds: keep what it says in a column of its own"
            " (GENERATED ALWAYS AS … STORED), and compare that."
        )
    columns = sorted({item.key for item in conditions if item.bare})
    if len(columns) > 1:
        made = _create_statistics(scan, columns)
        return f"ANALYZE {table}; if it stays, the columns depend on each other: {made}"
    if columns:
        return (
            f"ANALYZE {table}; if it stays: ALTER TABLE {table} ALTER {columns[0]} SET STATISTICS 1000;"
            f" ANALYZE {table};"
        )
    text = scan.node.text("Filter")
    return f"ANALYZE {table};" + (f" and look at what the planner cannot know in {text}." if text else "")


def _group_fix(node: Node, tables: Mapping[str, Scan]) -> str:
    """Return statistics on what is grouped by, where it belongs to one table."""
    keys = node.texts("Group Key")
    owners = {scan.table: alias for key in keys for alias, scan in tables.items() if _mentions(key, alias)}
    if not owners and len({scan.table for scan in tables.values()}) == 1:
        owners = {scan.table: alias for alias, scan in tables.items()}
    if len(owners) != 1:
        return (
            "Nothing tells the planner how columns of several tables go together: group in a subquery over one table"
            " first, then join."
        )
    (alias,) = owners.values()
    return _create_statistics(tables[alias], [_without_alias(key, alias) for key in keys])


def _join_fix(node: Node, tables: Mapping[str, Scan]) -> str:
    """Return statistics on the expressions that are joined by; for bare columns, what to look at."""
    written = []
    for alias, scan in tables.items():
        joined = [item for key in _JOIN_CONDITIONS for item in comparisons(node.text(key), alias)]
        keys = list(dict.fromkeys(item.key for item in joined if item.key and not item.bare))
        if keys:
            written.append(_create_statistics(scan, keys))
    if written:
        return f"There are no statistics of the expressions that are joined by: {' '.join(dict.fromkeys(written))}"
    return "Look at the join's columns: ANALYZE their tables, and raise their statistics target where values are skewed."


def _aliases(scan: Scan) -> set[str]:
    """Return the names by which conditions call a table; those above an Append know not its partitions'."""
    alias = scan.node.alias or ""
    parent = re.fullmatch(r"(.+)_\d+", alias) if alias != scan.node.relation else None
    return {quote_name(name) for name in (alias, parent[1] if parent else "") if name}


def _mentions(text: str, alias: str) -> bool:
    return any((name.text, dot.text) == (alias, ".") for name, dot in pairwise(tokens(text)))


def _without_alias(text: str, alias: str) -> str:
    return re.sub(rf"(?<![\w.]){re.escape(alias)}\.", "", text)


def _create_statistics(scan: Scan, keys: Sequence[str]) -> str:
    """Return CREATE STATISTICS with a name, which it needs before PostgreSQL 16, and the ANALYZE that fills it."""
    bare = [re.sub(r"'[^']*'|::\w+", "", key.lower()) for key in keys]
    words = [word for key in bare for word in re.findall(r"[a-z_]\w*", key)]
    relation = scan.table.rpartition(".")[2].strip('"')
    name = "_".join([relation, *dict.fromkeys(words)])[: _NAME_LENGTH - len("_statistics")]
    written = ", ".join(key if key.isidentifier() else f"({key})" for key in keys[:_MOST_KEYS])
    return f"CREATE STATISTICS {quote_name(name + '_statistics')} ON {written} FROM {scan.table}; ANALYZE {scan.table};"
