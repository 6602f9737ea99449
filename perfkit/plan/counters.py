"""Counters: what one run counts exactly, from its plan."""

from dataclasses import dataclass

from perfkit.plan.model import Buffers, Node, Plan, Wal, result_children, walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """What executing a statement once counted; planning is left out.

    `shared_blocks` is hit + read of the whole plan: unlike the split between them it is the same in every run of the
    same plan over the same data. Blocks are of 8 kB. `rows` are the rows returned, or changed by a statement that
    returns none.
    """

    shared_blocks: int
    shared_read_blocks: int
    shared_dirtied_blocks: int
    shared_written_blocks: int
    local_blocks: int
    temp_read_blocks: int
    temp_written_blocks: int
    wal_records: int
    wal_bytes: int
    rows: int
    loops: int
    workers_planned: int
    workers_launched: int


def count(plan: Plan) -> Counters:
    """Return the counters of a plan; all are 0 where the plan was not run or did not ask for buffers or WAL."""
    root = plan.root
    buffers = root.buffers or Buffers()
    wal = root.wal or Wal()
    nodes = tuple(walk(root))
    return Counters(
        shared_blocks=buffers.shared_hit + buffers.shared_read,
        shared_read_blocks=buffers.shared_read,
        shared_dirtied_blocks=buffers.shared_dirtied,
        shared_written_blocks=buffers.shared_written,
        local_blocks=buffers.local_hit + buffers.local_read,
        temp_read_blocks=buffers.temp_read,
        temp_written_blocks=buffers.temp_written,
        wal_records=wal.records,
        wal_bytes=wal.size_bytes,
        rows=_result_rows(root),
        loops=round(sum(node.actual.loops for node in nodes if node.actual)),
        workers_planned=sum(node.workers_planned or 0 for node in nodes),
        workers_launched=sum(node.workers_launched or 0 for node in nodes),
    )


def _result_rows(root: Node) -> int:
    """Return the rows that the plan gave; a ModifyTable without RETURNING gives none, so those it changed are counted."""
    rows = _total_rows(root)
    if root.type == "ModifyTable" and rows == 0:
        return sum(_total_rows(child) for child in result_children(root)) - _left_alone(root)
    return rows


def _left_alone(write: Node) -> int:
    """Return the source's rows with which MERGE or ON CONFLICT DO NOTHING did nothing."""
    conflicting = write.number("Conflicting Tuples") if write.text("Conflict Resolution") == "NOTHING" else 0
    return round(write.number("Tuples Skipped") + conflicting)


def _total_rows(node: Node) -> int:
    return round(node.actual.rows * node.actual.loops) if node.actual else 0
