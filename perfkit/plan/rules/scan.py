"""Scan: one table as one part of a plan reads it; partitions that are read alike are one scan."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from perfkit.names import quote_name
from perfkit.plan.condition import Comparison, alternatives, comparisons
from perfkit.plan.derive import Tree
from perfkit.plan.expression import without_literals
from perfkit.plan.facts import Facts, Relation
from perfkit.plan.label import kind, relation_name
from perfkit.plan.model import APPENDS, Node
from perfkit.plan.rules import thresholds
from perfkit.plan.rules.rule import relation_of
from perfkit.plan.shape import MEMBER_ALIAS
from perfkit.units import format_count

_CONDITIONS = ("Index Cond", "Recheck Cond", "Filter")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One or several scan nodes over the same table.

    `node` is the costliest of `nodes`: its conditions speak for all. `parent` is the partitioned table as SQL names it,
    '' where the table is none or where it is not known. `rows`, `removed` by the filter and `rechecked`, which the index
    could not tell from matches, are totals over nodes, loops and workers; `weight` is the larger of their shares (0 to 1)
    of time and of blocks.
    """

    node: Node
    nodes: tuple[Node, ...]
    relation: Relation | None
    parent: str
    rows: float
    removed: float
    rechecked: float
    loops: float
    blocks: int
    weight: float

    @property
    def filtered(self) -> float:
        """Return the rows that came to the filter."""
        return self.rows + self.removed

    @property
    def read(self) -> float:
        """Return the rows that were looked at."""
        return self.filtered + self.rechecked

    @property
    def not_text(self) -> frozenset[str]:
        """Return the columns, as EXPLAIN prints them, of which is known that they are no text."""
        return frozenset(map(quote_name, self.relation.columns_not_text if self.relation else ()))

    @property
    def table(self) -> str:
        """Return the table that an index would be made on, as SQL names it."""
        return self.parent or relation_name(self.node)

    @property
    def place(self) -> str:
        """Return what was read, as people name it."""
        if len(self.nodes) == 1:
            return relation_name(self.node)
        joined = f"of {self.parent}" if self.parent else f"such as {relation_name(self.node)}"
        return f"{len(self.nodes)} partitions {joined}"

    @property
    def label(self) -> str:
        """Return the operator and what it read."""
        return f"{kind(self.node)} on {self.place}"


@lru_cache(maxsize=1)  # all rules ask for the scans of one tree before the next tree comes
def scans(tree: Tree, facts: Facts | None) -> tuple[Scan, ...]:
    """Return the scans of tables that ran, in the order of EXPLAIN."""
    groups: dict[Hashable, list[Node]] = {}
    appends: dict[Node, Node] = {}
    for node in tree.nodes:
        append = node if node.type in APPENDS else appends.get(node)
        if append is not None:
            appends.update(dict.fromkeys(node.children, append))
        if node.relation and node.executed and node.type != "ModifyTable":
            groups.setdefault(_likeness(node, appends.get(node), facts), []).append(node)
    return tuple(_scan(tree, tuple(nodes), facts) for nodes in groups.values())


@lru_cache(maxsize=1)
def scan_by_node(tree: Tree, facts: Facts | None) -> Mapping[Node, Scan]:
    """Return, for each node that reads a table, the scan that it is part of."""
    return {node: scan for scan in scans(tree, facts) for node in scan.nodes}


def conditions_of(scan: Scan, text: str) -> tuple[Comparison, ...]:
    """Return the ANDed conditions in a text, as seen from a scan's table."""
    return comparisons(text, scan.node.alias, scan.not_text)


def arms_of(scan: Scan, text: str) -> tuple[tuple[Comparison, ...], ...]:
    """Return the arms of the first OR in a text, as seen from a scan's table."""
    return alternatives(text, scan.node.alias, scan.not_text)


def loses_to_filter(scan: Scan) -> bool:
    """Tell whether a filter throws away nearly all that comes to it, and enough of it to be felt."""
    return (
        scan.removed >= thresholds.FILTER_REMOVED_ROWS
        and scan.removed >= thresholds.FILTER_REMOVED_SHARE * scan.filtered
        and scan.weight >= thresholds.NODE_SHARE
    )


def loss_title(scan: Scan) -> str:
    """Return how much a scan read for how little."""
    return f"{scan.label} read {format_count(round(scan.read))} rows to keep {format_count(round(scan.rows))}"


def loss_evidence(scan: Scan) -> dict[str, int | float | str]:
    """Return the numbers of a scan that loses to its filter."""
    partitions = {"partitions": len(scan.nodes)} if len(scan.nodes) > 1 else {}
    return {
        "rows_kept": scan.rows,
        "rows_removed": scan.removed,
        "loops": scan.loops,
        "blocks": scan.blocks,
        "filter": scan.node.text("Filter"),
        **partitions,
    }


def _likeness(node: Node, append: Node | None, facts: Facts | None) -> Hashable:
    """Return what partitions under one Append share that are read alike; the node itself where it is no partition."""
    relation = relation_of(node, facts)
    member = MEMBER_ALIAS.fullmatch(node.alias or "") if node.alias != node.relation else None
    root = (relation.partition_of or "") if relation else (member[1] if member else "")
    if append is None or not root:
        return node
    renamed = {quote_name(node.alias): "*"} if node.alias else {}
    conditions = tuple(without_literals(node.text(key), renamed) for key in _CONDITIONS)
    return append, root, node.type, conditions


def _scan(tree: Tree, nodes: tuple[Node, ...], facts: Facts | None) -> Scan:
    numbers = [tree.numbers[node] for node in nodes]
    costliest = max(nodes, key=lambda node: (tree.numbers[node].share, tree.numbers[node].own_blocks))
    relation = relation_of(costliest, facts)
    blocks = sum(own.own_blocks for own in numbers)
    blocks_share = blocks / tree.total_blocks if tree.total_blocks else 0.0
    return Scan(
        node=costliest,
        nodes=nodes,
        relation=relation,
        parent=_parent(relation),
        rows=sum(own.rows for own in numbers),
        removed=sum(own.removed_by_filter for own in numbers),
        rechecked=sum(own.removed_by_recheck for own in numbers),
        loops=sum(own.loops for own in numbers),
        blocks=blocks,
        weight=min(1.0, max(sum(own.share for own in numbers), blocks_share)),
    )


def _parent(relation: Relation | None) -> str:
    if relation is None or relation.partition_of is None:
        return ""
    schema, _, name = relation.partition_of.partition(".")
    return f"{quote_name(schema)}.{quote_name(name)}"


def table_node(tree: Tree, node: Node) -> Node:
    """Return the node that names the table: a bitmap index scan's heap scan, else the node."""
    if node.type == "Bitmap Index Scan":
        return next((above for above in tree.above(node) if above.relation), node)
    return node
