"""Derived numbers: totals over loops and workers, own time, own blocks, shares, estimate errors; computed once.

EXPLAIN gives averages per loop for rows and time, and sums that include the children for buffers. A node below a
Gather runs in several processes at once: its loops are summed over them, so that rows x loops is the total, while its
time on the clock is time x loops / processes.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from perfkit.plan.model import Node, Plan, result_children, walk

# What an InitPlan is called where its value is used: "$0" to 16, "(InitPlan 1).col1" from 17.
_INIT_PLAN_USE = re.compile(r"\$\d+|InitPlan \d+")
# They hand on what they read, or count no rows: the node below has the estimate that matters.
_NO_ESTIMATE_OF_THEIR_OWN = frozenset(
    {
        "Sort",
        "Incremental Sort",
        "Materialize",
        "Memoize",
        "Hash",
        "Gather",
        "Gather Merge",
        "BitmapAnd",
        "BitmapOr",
    }
    | {"ModifyTable", "Limit", "LockRows", "Result", "Subquery Scan"}
)
_BLOCKING = frozenset({"Sort", "Hash", "Aggregate", "BitmapAnd", "BitmapOr", "SetOp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What is derived for one node.

    `rows` is the total over loops and workers; `elapsed_ms` and `blocks` include the children and are the node's part
    of the clock and of the blocks (shared and local, hit and read); `own_ms` and `own_blocks` leave the children out,
    and so does `own_temp_written`, in blocks of temporary files.
    Times are None with TIMING OFF. `share` and `total_share` (0 to 1), own and with children, are of time; of blocks
    where there are no times; of cost where there is neither. `q_error` is max(actual / estimate, estimate / actual) per
    loop with both at least 1, None where nothing can be said: never run, cut off early, no estimate of its own.
    """

    rows: float
    loops: float
    elapsed_ms: float | None
    own_ms: float | None
    blocks: int
    own_blocks: int
    own_temp_written: int
    share: float
    total_share: float
    q_error: float | None
    removed_by_filter: float
    removed_by_join_filter: float
    removed_by_recheck: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tree:
    """A plan with its derived numbers; `nodes` in the order of EXPLAIN, `total_ms` None with TIMING OFF.

    Compared by identity, so that what is worked out of a tree once can be kept for the next rule.
    """

    plan: Plan
    nodes: tuple[Node, ...]
    numbers: Mapping[Node, Numbers]
    parents: Mapping[Node, Node]
    total_ms: float | None
    total_blocks: int

    def above(self, node: Node) -> Iterator[Node]:
        """Yield the node's parent, its parent, and so on up to the root."""
        current = self.parents.get(node)
        while current is not None:
            yield current
            current = self.parents.get(current)

    def all_above(self, nodes: Iterable[Node]) -> set[Node]:
        """Return every node that stands above any of these."""
        found: set[Node] = set()
        for node in nodes:
            for parent in self.above(node):
                if parent in found:
                    break
                found.add(parent)
        return found


def derive(plan: Plan) -> Tree:
    """Return the plan with its derived numbers."""
    nodes = tuple(walk(plan.root))
    parents = {child: node for node in nodes for child in node.children}
    elapsed = _elapsed_ms(nodes)
    blocks = {node: float(node.buffers.touched) if node.buffers else 0.0 for node in nodes}
    owners = _value_owners(nodes)
    own_ms = _own(nodes, elapsed, owners)
    own_blocks = _own(nodes, blocks, owners)
    temp_written = {node: float(node.buffers.temp_written) if node.buffers else 0.0 for node in nodes}
    own_temp_written = _own(nodes, temp_written, owners)
    total_ms = max(elapsed[plan.root], plan.execution_ms or 0.0) if plan.timed else None
    share_of = _share_measure(plan, elapsed, blocks)
    total = max(total_ms or 0.0, share_of(plan.root)) if plan.timed else share_of(plan.root)
    own_share = (
        own_ms if plan.timed else own_blocks if blocks[plan.root] else _own(nodes, _costs(nodes), owners)
    )
    cut = _cut_off(nodes)
    numbers = {
        node: Numbers(
            rows=node.actual.rows * node.actual.loops if node.actual else 0.0,
            loops=node.actual.loops if node.actual else 0.0,
            elapsed_ms=elapsed[node] if plan.timed else None,
            own_ms=own_ms[node] if plan.timed else None,
            blocks=int(blocks[node]),
            own_blocks=int(own_blocks[node]),
            own_temp_written=int(own_temp_written[node]),
            share=min(1.0, own_share[node] / total) if total else 0.0,
            total_share=min(1.0, share_of(node) / total) if total else 0.0,
            q_error=_q_error(node, cut_off=node in cut),
            removed_by_filter=_removed(node, "Rows Removed by Filter"),
            removed_by_join_filter=_removed(node, "Rows Removed by Join Filter"),
            removed_by_recheck=_removed(node, "Rows Removed by Index Recheck"),
        )
        for node in nodes
    }
    return Tree(
        plan=plan,
        nodes=nodes,
        numbers=numbers,
        parents=parents,
        total_ms=total_ms,
        total_blocks=int(blocks[plan.root]),
    )


def _share_measure(
    plan: Plan, elapsed: dict[Node, float], blocks: dict[Node, float]
) -> Callable[[Node], float]:
    if plan.timed:
        return lambda node: elapsed[node]
    if blocks[plan.root]:
        return lambda node: blocks[node]
    return lambda node: node.total_cost or 0.0


def _costs(nodes: tuple[Node, ...]) -> dict[Node, float]:
    return {node: node.total_cost or 0.0 for node in nodes}


def _elapsed_ms(nodes: tuple[Node, ...]) -> dict[Node, float]:
    """Return each node's time on the clock, children included.

    Processes are counted by the loops of a Gather's child; a node that ran fewer times than there are processes ran
    in that many only.
    """
    elapsed: dict[Node, float] = {}
    processes: dict[Node, float] = {}
    for node in nodes:
        parallel = processes.get(node, 1.0)
        loops = node.actual.loops if node.actual else 0.0
        total_ms = (node.actual.total_ms or 0.0) if node.actual else 0.0
        elapsed[node] = total_ms * loops / max(1.0, min(parallel, loops))
        for child in node.children:
            if child.relationship == "InitPlan":
                processes[child] = 1.0
            elif node.type in {"Gather", "Gather Merge"} and loops and child.actual:
                processes[child] = max(1.0, child.actual.loops / loops)
            else:
                processes[child] = parallel
    return elapsed


def _value_owners(nodes: tuple[Node, ...]) -> dict[Node, list[Node]]:
    """Return, for each InitPlan, the nodes within whose time it ran.

    A CTE runs within its CTE Scans, another InitPlan within the first node that uses its value, else within its parent.
    """
    init_plans = [
        (child, node) for node in nodes for child in node.children if child.relationship == "InitPlan"
    ]
    if not init_plans:
        return {}
    scans: dict[str, list[Node]] = {}
    users: dict[str, Node] = {}
    for node in nodes:
        if node.type == "CTE Scan":
            scans.setdefault(node.text("CTE Name"), []).append(node)
        for value in node.extra.values():
            for name in _INIT_PLAN_USE.findall(value) if isinstance(value, str) else ():
                users.setdefault(name, node)
    owners: dict[Node, list[Node]] = {}
    for init_plan, parent in init_plans:
        name = init_plan.subplan_name or ""
        if name.startswith("CTE "):
            owners[init_plan] = scans.get(name.removeprefix("CTE "), [])
        else:
            known = [users[use] for use in _INIT_PLAN_USE.findall(name) if use in users]
            owners[init_plan] = known[:1] or [parent]
    return owners


def _own(
    nodes: tuple[Node, ...], gross: dict[Node, float], owners: Mapping[Node, list[Node]]
) -> dict[Node, float]:
    """Return what each node took without its children; an InitPlan is taken once, from those within whom it ran.

    Those that ran within one node go first: what is left of it is what it may have spent on a CTE.
    """
    own = {
        node: gross[node] - sum(gross[child] for child in node.children if child.relationship != "InitPlan")
        for node in nodes
    }
    for init_plan, within in sorted(owners.items(), key=lambda item: len(item[1])):
        left = gross[init_plan]
        for node in sorted(within, key=lambda owner: -gross[owner]):
            taken = min(left, max(own[node], 0.0))
            own[node] -= taken
            left -= taken
    return {node: max(0.0, value) for node, value in own.items()}


def _cut_off(nodes: tuple[Node, ...]) -> set[Node]:
    """Return the nodes that may have been stopped before their last row, whose row count is a lower bound."""
    cut: set[Node] = set()
    for node in nodes:
        inputs = result_children(node)
        stopped: tuple[Node, ...] = tuple(child for child in node.children if child.relationship == "SubPlan")
        if (node.type == "Limit" and _limit_reached(node)) or node.type == "Merge Join":
            stopped += inputs
        elif node.join_type in {"Semi", "Anti"} or node.extra.get("Inner Unique") is True:
            stopped += inputs[1:]
        elif (
            node.type == "Hash Join" and len(inputs) == 2 and not (inputs[1].actual and inputs[1].actual.rows)
        ):
            stopped += inputs[:1]
        if node in cut and node.type not in _BLOCKING:
            stopped += node.children
        cut.update(stopped)
        cut.update(child for child in node.children if child.relationship == "InitPlan")
    return cut


def _limit_reached(node: Node) -> bool:
    return node.actual is not None and node.actual.rows >= (node.plan_rows or 0)


def _q_error(node: Node, *, cut_off: bool) -> float | None:
    if (
        node.actual is None
        or not node.executed
        or node.plan_rows is None
        or node.type in _NO_ESTIMATE_OF_THEIR_OWN
    ):
        return None
    actual, estimate = max(node.actual.rows, 1.0), max(node.plan_rows, 1.0)
    if cut_off and actual < estimate:
        return None
    return max(actual / estimate, estimate / actual)


def _removed(node: Node, key: str) -> float:
    return node.number(key) * node.actual.loops if node.actual else 0.0
