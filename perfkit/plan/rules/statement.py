"""Rules about the whole statement: LIMIT and OFFSET, compiling, planning, workers, triggers."""

from collections.abc import Iterator

from perfkit.findings import Finding, Severity
from perfkit.plan.derive import Tree
from perfkit.plan.facts import Facts
from perfkit.plan.label import kind
from perfkit.plan.model import Node, Trigger, result_children, walk
from perfkit.plan.rules import thresholds
from perfkit.plan.rules.rule import Rule, found
from perfkit.units import format_count, format_ms, format_share


def skipped_rows(tree: Tree, node: Node) -> float:
    """Return the rows that a Limit's OFFSET read and threw away, 0 for other nodes."""
    if node.type != "Limit" or not node.executed:
        return 0.0
    return sum(tree.numbers[child].rows for child in result_children(node)) - tree.numbers[node].rows


def _check_large_offset(tree: Tree, _facts: Facts | None) -> Iterator[Finding]:
    for node in tree.nodes:
        skipped = skipped_rows(tree, node)
        if skipped < thresholds.OFFSET_ROWS:
            continue
        read = tree.numbers[node].rows + skipped
        yield found(
            "large-offset",
            Severity.WARNING,
            node,
            title=f"OFFSET read {format_count(read)} rows and threw {format_count(skipped)} away"
            f" to return {format_count(tree.numbers[node].rows)}",
            evidence={"rows_read": read, "rows_returned": tree.numbers[node].rows, "rows_skipped": skipped},
            fix=f"Page by key: {_after_last_row(node)} ORDER BY the same LIMIT n, with an index that begins with them.",
            impact=tree.numbers[node].total_share * skipped / read,
        )


def _after_last_row(limit: Node) -> str:
    """Return the condition that goes on after the last row shown, by the columns of the sort below."""
    below = next((node for node in walk(limit) if node.texts("Sort Key")), None)
    keys = below.texts("Sort Key") if below else ()
    if not keys or any(" " in key or "(" in key for key in keys):
        return "WHERE (sort columns, id) > (their values in the last row shown)"
    return f"WHERE ({', '.join(keys)}) > (their values in the last row shown)"


def _check_jit(tree: Tree, _facts: Facts | None) -> Iterator[Finding]:
    jit, execution_ms = tree.plan.jit, tree.plan.execution_ms
    if jit is None or jit.total_ms is None or not execution_ms:
        return
    # EXPLAIN adds up what the leader and each worker took to compile; those of one Gather do it at the same time.
    processes = 1 + max(node.workers_launched or 0 for node in tree.nodes)
    share = jit.total_ms / processes / execution_ms
    if share >= thresholds.JIT_SHARE:
        at_once = f" in {processes} processes at once" if processes > 1 else ""
        yield found(
            "jit-time",
            Severity.WARNING,
            None,
            title=f"Compiling {format_count(jit.functions)} functions took {format_ms(jit.total_ms)}{at_once},"
            f" {format_share(share)} of the execution",
            evidence={
                "jit_ms": jit.total_ms,
                "execution_ms": execution_ms,
                "functions": jit.functions,
                "processes": processes,
            },
            fix="SET jit = off; for this query or its role, or raise jit_above_cost above"
            f" {format_count(round(tree.plan.root.total_cost or 0))}.",
            impact=share,
        )


def _check_planning(tree: Tree, _facts: Facts | None) -> Iterator[Finding]:
    planning_ms, execution_ms = tree.plan.planning_ms, tree.plan.execution_ms
    if planning_ms is None or execution_ms is None or planning_ms < thresholds.PLANNING_MS:
        return
    if planning_ms >= execution_ms:
        share = planning_ms / (planning_ms + execution_ms)
        yield found(
            "planning-time",
            Severity.WARNING,
            None,
            title=f"Planning took {format_ms(planning_ms)}, longer than the execution's {format_ms(execution_ms)}",
            evidence={"planning_ms": planning_ms, "execution_ms": execution_ms},
            fix="Prepare the statement and reuse its plan; if it joins many tables, lower join_collapse_limit for it or write"
            " the joins in order; if it has many partitions, compare their key.",
            impact=share,
        )


def _check_workers(tree: Tree, _facts: Facts | None) -> Iterator[Finding]:
    for node in tree.nodes:
        planned, launched = node.workers_planned or 0, node.workers_launched
        if not node.executed or launched is None or launched >= planned:
            continue
        yield found(
            "workers-missing",
            Severity.WARNING,
            node,
            title=f"{kind(node)} got {launched} of the {planned} workers that it planned with",
            evidence={"workers_planned": planned, "workers_launched": launched},
            fix="Raise max_parallel_workers (and max_worker_processes, with a restart), or lower"
            " max_parallel_workers_per_gather so that fewer queries compete for them.",
            impact=tree.numbers[node].total_share,
        )


def _check_triggers(tree: Tree, _facts: Facts | None) -> Iterator[Finding]:
    execution_ms = tree.plan.execution_ms
    for trigger in tree.plan.triggers:
        if not execution_ms or not trigger.time_ms:
            continue
        share = trigger.time_ms / execution_ms
        if share < thresholds.TRIGGER_SHARE or trigger.time_ms < thresholds.TRIGGER_MS:
            continue
        if _checks_key(trigger) and trigger.calls < thresholds.KEY_CHECKS:
            continue
        name = f"constraint {trigger.constraint}" if trigger.constraint else trigger.name
        yield found(
            "trigger-time",
            Severity.WARNING,
            None,
            title=f"Trigger for {name} took {format_ms(trigger.time_ms)} in {format_count(trigger.calls)} calls,"
            f" {format_share(share)} of the execution",
            evidence={
                "trigger": trigger.name,
                "time_ms": trigger.time_ms,
                "calls": trigger.calls,
                "share": share,
            },
            fix=_trigger_fix(trigger),
            impact=share,
        )


def _checks_key(trigger: Trigger) -> bool:
    """Tell whether a trigger looks up the key that a new row refers to."""
    return trigger.constraint is not None and trigger.name.startswith("RI_ConstraintTrigger_c")


def _trigger_fix(trigger: Trigger) -> str:
    """Return what to do; RI_ConstraintTrigger_a_ looks for rows that refer to the one changed, which wants an index."""
    if trigger.constraint is None:
        return "Make the trigger's function do less, or once a statement: REFERENCING NEW TABLE … FOR EACH STATEMENT."
    if _checks_key(trigger):
        return (
            f"For a large load, drop {trigger.constraint} before it and add it again after: ADD CONSTRAINT … NOT VALID,"
            " then VALIDATE CONSTRAINT, which checks all rows with one join."
        )
    return (
        f"Make an index on the referencing columns of {trigger.constraint}: without it every row that is"
        " deleted or whose key changes makes a scan of the referencing table."
    )


LARGE_OFFSET = Rule(
    id="large-offset",
    severity=Severity.WARNING,
    title="OFFSET reads and throws away many rows",
    why="The server has to read all rows before the page. The last page costs as much as reading the whole table.",
    bad="SELECT id, note FROM gift ORDER BY id OFFSET 30000 LIMIT 20",
    good="SELECT id, note FROM gift WHERE id > 30000 ORDER BY id LIMIT 20",
    fix="Page by key: remember the sort values of the last row shown and go on after them.",
    check=_check_large_offset,
)
JIT_TIME = Rule(
    id="jit-time",
    severity=Severity.WARNING,
    title="Just-in-time compiling took much of the execution",
    why="JIT is switched on by estimated cost. Where the estimate is too high, or the query has many expressions or"
    " partitions, compiling costs more than it saves; and it stands in no node's numbers clearly. Every parallel worker"
    " compiles anew, and EXPLAIN adds up their times.",
    bad="JIT:\n  Functions: 12\n  Timing: … Total 98.412 ms\nExecution Time: 104.120 ms",
    good="Execution Time: 6.318 ms",
    fix="Turn JIT off for the query or the role, or raise jit_above_cost.",
    check=_check_jit,
    trivial_too=True,
)
PLANNING_TIME = Rule(
    id="planning-time",
    severity=Severity.WARNING,
    title="Planning takes longer than running",
    why="Many joined tables make many orders to compare; many partitions, indexes or statistics make much to read.",
    bad="Planning Time: 41.310 ms\nExecution Time: 0.095 ms",
    good="Planning Time: 0.412 ms\nExecution Time: 0.095 ms",
    fix="Prepare the statement once and run it often; join fewer tables; prune partitions.",
    check=_check_planning,
    trivial_too=True,
)
WORKERS_MISSING = Rule(
    id="workers-missing",
    severity=Severity.WARNING,
    title="Fewer parallel workers ran than were planned",
    why="The plan was chosen for its workers. Without them the same plan runs in one process, slower than the plan that"
    " would have been chosen for one.",
    bad="Gather\n  Workers Planned: 2\n  Workers Launched: 0",
    good="Gather\n  Workers Planned: 2\n  Workers Launched: 2",
    fix="Raise max_parallel_workers, or plan with fewer workers a query.",
    check=_check_workers,
    trivial_too=True,
)
TRIGGER_TIME = Rule(
    id="trigger-time",
    severity=Severity.WARNING,
    title="Triggers took much of a write's time",
    why="Row triggers run once for each row. The check of a foreign key scans the referencing table for each row that is"
    " deleted, where its column has no index.",
    bad="Trigger for constraint gift_person_id_fkey: time=56.848 calls=20\nExecution Time: 73.310 ms",
    good="Trigger for constraint gift_person_id_fkey: time=0.412 calls=20\nExecution Time: 0.630 ms",
    fix="Index the referencing columns of foreign keys; make row triggers statement triggers.",
    check=_check_triggers,
    trivial_too=True,
)
RULES = (LARGE_OFFSET, JIT_TIME, PLANNING_TIME, WORKERS_MISSING, TRIGGER_TIME)
