"""The gate on counters, for a case whose plan did not change: it fails when it must, and passes when it must."""

from collections.abc import Callable
from dataclasses import replace

import pytest

import tests.unit.baseline.workloads as w
from perfkit.baseline.accepted import accept_plan
from perfkit.baseline.judge import judge
from perfkit.baseline.model import AcceptedPlan
from perfkit.baseline.verdict import Cause, Gate, Verdict, VerdictKind
from perfkit.plan.facts import Relation
from perfkit.plan.model import Actual, Buffers, Node, Plan
from perfkit.plan.runs import Runs
from perfkit.plan.shape import shape_of


@pytest.mark.parametrize(
    ("before", "now", "kind", "gate"),
    [
        (1_000, 1_000, VerdictKind.SAME, Gate.PASSED),
        (1_000, 1_050, VerdictKind.SAME, Gate.PASSED),
        (1_000, 1_051, VerdictKind.MORE_WORK, Gate.FAILED),
        (34, 41, VerdictKind.SAME, Gate.PASSED),
        (34, 42, VerdictKind.MORE_WORK, Gate.FAILED),
        (0, 7, VerdictKind.SAME, Gate.PASSED),
        (0, 8, VerdictKind.MORE_WORK, Gate.FAILED),
        (1_051, 1_000, VerdictKind.LESS_WORK, Gate.PASSED),
        (1_050, 1_000, VerdictKind.SAME, Gate.PASSED),
    ],
)
def test_blocks_of_the_same_plan_decide(before: int, now: int, kind: VerdictKind, gate: Gate) -> None:
    verdict = w.judged(w.runs(w.index_plan(before)), w.runs(w.index_plan(now)))
    assert (verdict.kind, verdict.gate) == (kind, gate)
    assert (verdict.evidence["blocks_before"], verdict.evidence["blocks_now"]) == (before, now)


@pytest.mark.parametrize(
    ("before", "now", "kind", "gate", "cause"),
    [
        (100, 108, VerdictKind.MORE_WORK, Gate.FAILED, Cause.RESULT_GREW),
        (100, 105, VerdictKind.SAME, Gate.PASSED, Cause.NONE),
        (10, 17, VerdictKind.SAME, Gate.PASSED, Cause.NONE),
        (10, 18, VerdictKind.MORE_WORK, Gate.FAILED, Cause.RESULT_GREW),
        (100, 0, VerdictKind.LESS_WORK, Gate.WARNING, Cause.RESULT_SHRANK),
    ],
)
def test_rows_of_the_same_plan_decide(
    before: int, now: int, kind: VerdictKind, gate: Gate, cause: Cause
) -> None:
    verdict = w.judged(w.runs(w.index_plan(rows=before)), w.runs(w.index_plan(rows=now)))
    assert (verdict.kind, verdict.gate, verdict.cause) == (kind, gate, cause)


def test_a_row_more_is_told_and_passes() -> None:
    verdict = w.judged(w.runs(w.index_plan(rows=30)), w.runs(w.index_plan(rows=31)))
    assert verdict.gate is Gate.PASSED
    assert "rows 30 -> 31" in verdict.message
    assert "the data changed a little" in verdict.message


def test_the_message_has_the_case_and_both_sides() -> None:
    verdict = w.judged(w.runs(w.index_plan(34)), w.runs(w.index_plan(4_120), w.SLOW_MS))
    assert verdict.id == "directory/typical"
    assert verdict.message.startswith(
        "directory/typical: blocks 34 -> 4,120 (121x), median 0.40 ms -> 38.1 ms; the same plan reads more"
    )


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [
        (100, 130, "100 -> 130 (1.3x)"),
        (100, 50, "100 -> 50 (0.5x)"),
        (54_803, 2, "54,803 -> 2 (<0.01x)"),
        (0, 50, "0 -> 50"),
        (100, 100_000, "100 -> 100,000 (1,000x)"),
    ],
)
def test_the_message_tells_how_many_times_as_much(before: int, now: int, change: str) -> None:
    assert (
        f"blocks {change}, median"
        in w.judged(w.runs(w.index_plan(before)), w.runs(w.index_plan(now))).message
    )


@pytest.mark.parametrize(
    ("before", "now", "kind", "gate", "cause"),
    [
        (w.SLOW_MS, w.SLOW_MS, VerdictKind.SAME, Gate.PASSED, Cause.NONE),
        (w.SLOW_MS, (38.1, 80.0, 38.2, 38.0, 60.0), VerdictKind.SAME, Gate.PASSED, Cause.NONE),
        (w.SLOW_MS, (76.2, 76.0, 76.8, 78.0, 75.8), VerdictKind.SLOWER, Gate.FAILED, Cause.TIME_GREW),
        ((76.2, 76.0, 76.8, 78.0, 75.8), w.SLOW_MS, VerdictKind.FASTER, Gate.PASSED, Cause.IMPROVED),
        ((0.10, 0.10, 0.11), (0.50, 0.50, 0.51), VerdictKind.SAME, Gate.PASSED, Cause.NONE),  # not felt
        ((0.10, 0.10, 0.11), (0.70, 0.70, 0.71), VerdictKind.SLOWER, Gate.FAILED, Cause.TIME_GREW),
    ],
)
def test_time_alone_fails_when_it_is_clear_and_felt(
    before: tuple[float, ...], now: tuple[float, ...], kind: VerdictKind, gate: Gate, cause: Cause
) -> None:
    verdict = w.judged(w.runs(w.index_plan(), before), w.runs(w.index_plan(), now))
    assert (verdict.kind, verdict.gate, verdict.cause) == (kind, gate, cause)


@pytest.mark.parametrize(
    ("blocks_now", "grown", "gate", "cause"),
    [
        (1_300, w.person(rows=130_000, blocks=5_356), Gate.WARNING, Cause.DATA_GREW),
        (1_600, w.person(rows=130_000, blocks=5_356), Gate.FAILED, Cause.WORK_GREW),
        (1_300, w.person(rows=130_000), Gate.WARNING, Cause.DATA_GREW),
        (1_300, w.person(rows=100_000, blocks=5_356), Gate.WARNING, Cause.BLOAT),
        (1_300, w.person(rows=100_000, blocks=5_356, modified=40_000), Gate.WARNING, Cause.DATA_GREW),
        (1_300, w.person(index_blocks=140), Gate.WARNING, Cause.BLOAT),
        (1_300, w.person(), Gate.FAILED, Cause.WORK_GREW),
        (1_300, w.person(rows=-1), Gate.FAILED, Cause.WORK_GREW),
    ],
)
def test_work_may_grow_as_much_as_its_relations_did(
    blocks_now: int, grown: Relation, gate: Gate, cause: Cause
) -> None:
    verdict = w.judged(w.runs(w.index_plan(1_000)), w.runs(w.index_plan(blocks_now)), is_now=grown)
    assert (verdict.gate, verdict.cause) == (gate, cause)
    assert (verdict.kind is VerdictKind.DATA_GREW) == (gate is Gate.WARNING)


def test_rows_may_grow_as_much_as_the_table_did() -> None:
    verdict = w.judged(
        w.runs(w.index_plan(rows=100)), w.runs(w.index_plan(rows=130)), is_now=w.person(rows=130_000)
    )
    assert (verdict.kind, verdict.gate) == (VerdictKind.DATA_GREW, Gate.WARNING)


def test_a_tiny_table_that_doubled_excuses_nothing() -> None:
    verdict = w.judged(
        w.runs(w.index_plan(1_000)),
        w.runs(w.index_plan(2_000)),
        was=w.person(rows=10, blocks=1, index_blocks=2),
        is_now=w.person(rows=20, blocks=2, index_blocks=2),
    )
    assert verdict.gate is Gate.FAILED


def test_an_empty_table_that_was_filled_is_data_that_grew() -> None:
    verdict = w.judged(
        w.runs(w.index_plan(2)),
        w.runs(w.index_plan(400)),
        was=w.person(rows=0, blocks=0, index_blocks=1),
        is_now=w.person(),
    )
    assert verdict.kind is VerdictKind.DATA_GREW


def test_growth_of_a_table_that_the_case_does_not_read_excuses_nothing() -> None:
    other = replace(w.person(), name="gift")
    grown = replace(other, rows=900_000, size_bytes=other.size_bytes * 9)
    verdict = w.judged_analyses(
        w.analysis(w.result(w.runs(w.index_plan(1_000))), around=w.facts(w.person(), other)),
        w.analysis(w.result(w.runs(w.index_plan(2_000))), around=w.facts(w.person(), grown)),
    )
    assert verdict.gate is Gate.FAILED


def test_visits_of_index_only_scans_to_the_table_ask_for_vacuum() -> None:
    before, now = w.index_plan(100), w.index_plan(1_100, heap_fetches=1_000)
    verdict = w.judged(w.runs(before), w.runs(now))
    assert (verdict.kind, verdict.gate, verdict.cause) == (
        VerdictKind.MORE_WORK,
        Gate.WARNING,
        Cause.VACUUM_NEEDED,
    )
    assert "VACUUM" in verdict.message


def test_visits_to_the_table_excuse_no_more_than_a_block_each() -> None:
    verdict = w.judged(w.runs(w.index_plan(100)), w.runs(w.index_plan(1_100, heap_fetches=500)))
    assert verdict.gate is Gate.FAILED


@pytest.mark.parametrize(
    ("before", "now", "dead", "gate"),
    [
        (100, 200, 100, Gate.WARNING),
        (100, 200, 50, Gate.FAILED),  # at most a block a dead row
        (100, 200, None, Gate.FAILED),
        (3, 515, 90_000, Gate.WARNING),
        (3, 600, 90_000, Gate.FAILED),  # no pending list is as long
        (1_000, 2_000, 90_000, Gate.WARNING),
        (1_000, 2_200, 90_000, Gate.FAILED),
    ],
)
def test_dead_rows_ask_for_vacuum(before: int, now: int, dead: int | None, gate: Gate) -> None:
    verdict = w.judged(w.runs(w.index_plan(before)), w.runs(w.index_plan(now)), is_now=w.person(dead=dead))
    assert verdict.gate is gate
    assert (verdict.cause is Cause.VACUUM_NEEDED) == (gate is Gate.WARNING)
    assert ("dead rows of alumni.person may be in the way: VACUUM it" in verdict.message) == (
        gate is Gate.WARNING
    )


def test_dead_rows_that_were_there_before_excuse_nothing() -> None:
    table = w.person(dead=50_000)
    verdict = w.judged(w.runs(w.index_plan(100)), w.runs(w.index_plan(200)), was=table, is_now=table)
    assert verdict.gate is Gate.FAILED


def test_a_gin_index_may_hold_dead_rows_that_were_counted_before() -> None:
    table = w.person(dead=500)
    gin = replace(
        table,
        indexes=tuple(
            replace(index, definition=index.definition.replace("USING btree", "USING gin"))
            for index in table.indexes
        ),
    )
    before, now = w.runs(w.index_plan(13)), w.runs(w.index_plan(23))
    assert w.judged(before, now, was=table, is_now=table).gate is Gate.FAILED
    assert w.judged(before, now, was=gin, is_now=gin).cause is Cause.VACUUM_NEEDED
    assert w.judged(before, w.runs(w.index_plan(600)), was=gin, is_now=gin).gate is Gate.FAILED


def test_dead_rows_excuse_no_rows() -> None:
    verdict = w.judged(
        w.runs(w.index_plan(100, 100)), w.runs(w.index_plan(200, 200)), is_now=w.person(dead=9_000)
    )
    assert (verdict.gate, verdict.cause) == (Gate.FAILED, Cause.RESULT_GREW)


@pytest.mark.parametrize(
    ("workers", "before", "now", "gate"),
    [(2, 301, 602, Gate.PASSED), (2, 301, 4_000, Gate.FAILED), (0, 301, 602, Gate.FAILED)],
)
def test_which_of_the_parallel_workers_spill_is_chance(
    workers: int, before: int, now: int, gate: Gate
) -> None:
    def measured(temp: int) -> Runs:
        found = w.runs(w.index_plan(4_617))
        counters = replace(
            found.counters,
            workers_launched=workers,
            temp_read_blocks=temp,
            temp_written_blocks=temp,
        )
        return replace(found, counters=counters)

    assert w.judged(measured(before), measured(now)).gate is gate


def test_a_spill_is_named() -> None:
    verdict = w.judged(w.runs(w.seq_plan()), w.runs(w.seq_plan(temp=600)))
    assert (verdict.gate, verdict.cause) == (Gate.FAILED, Cause.SPILL_APPEARED)


def test_partitions_that_are_no_longer_pruned_fail_and_are_named() -> None:
    def partition(month: str, blocks: int) -> Node:
        name = f"communication_2026_{month}"
        node = w.seq_plan(blocks).root
        return replace(node, relation=name, alias=f"c_{int(month)}", extra={})

    def append(*members: Node) -> Plan:
        blocks = sum(member.buffers.shared_hit for member in members if member.buffers)
        return Plan(
            root=Node(
                type="Append",
                actual=Actual(rows=30, loops=1),
                buffers=Buffers(shared_hit=blocks),
                children=members,
            )
        )

    before = append(partition("01", 100), partition("02", 100))
    now = append(partition("01", 100), partition("02", 100), partition("03", 100), partition("04", 100))
    assert shape_of(before) == shape_of(now)
    verdict = w.judged(w.runs(before), w.runs(now))
    assert (verdict.gate, verdict.cause) == (Gate.FAILED, Cause.MORE_RELATIONS)
    assert "alumni.communication_2026_03, alumni.communication_2026_04" in verdict.message


@pytest.mark.parametrize(
    ("now", "gate"),
    [
        (w.write_plan(20, wal_records=6), Gate.PASSED),
        (w.write_plan(83, wal_records=6), Gate.PASSED),  # dead rows of runs that were rolled back
        (w.write_plan(84, wal_records=6), Gate.FAILED),
        (w.write_plan(20, wal_records=21), Gate.PASSED),
        (w.write_plan(20, wal_records=22), Gate.FAILED),
        (w.write_plan(20, rows=9), Gate.FAILED),
    ],
)
def test_a_write_is_given_more_room_for_blocks_and_held_to_its_rows_and_wal(now: Plan, gate: Gate) -> None:
    verdict = w.judged_write(w.runs(w.write_plan()), w.runs(now))
    assert verdict.gate is gate
    assert verdict.evidence["wal_records_before"] == 6


@pytest.mark.parametrize(("before_repeats", "now_repeats"), [(False, True), (True, False)])
def test_runs_that_count_differently_among_themselves_are_given_more_room(
    before_repeats: bool,  # noqa: FBT001  parametrised
    now_repeats: bool,  # noqa: FBT001  parametrised
) -> None:
    def verdict(blocks: int) -> Verdict:
        before = w.runs(w.index_plan(1_000), repeat=before_repeats)
        return w.judged(before, w.runs(w.index_plan(blocks), repeat=now_repeats))

    assert verdict(1_500).gate is Gate.PASSED
    assert verdict(1_501).gate is Gate.FAILED


def _held_to(accepted: AcceptedPlan, now: Plan, *, was: Relation, is_now: Relation) -> Verdict:
    """Return the verdict on a case that was recorded with another plan when its table was like that."""
    stored = w.baseline(w.analysis(w.result(w.runs(w.index_plan(34))), around=w.facts(was)))
    stored = {"directory": accept_plan(stored["directory"], "typical", accepted)}
    (verdict,) = judge(stored, w.analysis(w.result(w.runs(now, w.SLOW_MS)), around=w.facts(is_now))).verdicts
    assert "an accepted plan" in verdict.message
    return verdict


@pytest.mark.parametrize(("blocks", "gate"), [(4_120, Gate.PASSED), (6_000, Gate.FAILED)])
def test_an_accepted_plan_is_held_to_what_it_counted_when_it_was_accepted(blocks: int, gate: Gate) -> None:
    verdict = _held_to(w.accepted(w.seq_plan(4_120)), w.seq_plan(blocks), was=w.person(), is_now=w.person())
    assert verdict.gate is gate


TEN_TIMES = w.person(rows=1_000_000, blocks=41_200)


@pytest.mark.parametrize(
    ("then", "now", "cause"),
    [
        (TEN_TIMES, TEN_TIMES, Cause.WORK_GREW),
        (w.person(), TEN_TIMES, Cause.DATA_GREW),
        (w.person(dead=50_000), w.person(dead=50_000), Cause.WORK_GREW),
        (w.person(), w.person(dead=50_000), Cause.VACUUM_NEEDED),
    ],
)
def test_an_accepted_plan_is_excused_by_what_grew_since_it_was_accepted_alone(
    then: Relation, now: Relation, cause: Cause
) -> None:
    accepted = w.accepted(w.seq_plan(5_000), around=w.facts(then))
    verdict = _held_to(accepted, w.seq_plan(9_000), was=w.person(), is_now=now)
    assert verdict.cause is cause
    assert (verdict.gate is Gate.FAILED) == (cause is Cause.WORK_GREW)


def test_an_accepted_plan_of_which_no_sizes_were_recorded_is_held_to_the_margin_alone() -> None:
    of_old = replace(w.accepted(w.seq_plan(5_000)), relations={}, indexes=())
    for blocks, gate in ((5_250, Gate.PASSED), (9_000, Gate.FAILED)):
        assert _held_to(of_old, w.seq_plan(blocks), was=w.person(), is_now=TEN_TIMES).gate is gate


ON_SCHOOL = {"person_pkey": "(person_id)", w.YEAR_INDEX: "(grad_year)", "person_school_idx": "(school_id)"}


@pytest.mark.parametrize(
    ("plan", "gone", "gate", "cause"),
    [
        (w.seq_plan(), w.YEAR_INDEX, Gate.WARNING, Cause.CACHE_COLD),  # gone before it was accepted
        (w.index_plan(index="person_school_idx"), w.YEAR_INDEX, Gate.WARNING, Cause.CACHE_COLD),
        (w.index_plan(index="person_school_idx"), "person_school_idx", Gate.FAILED, Cause.INDEX_LOST),
    ],
)
def test_an_accepted_plan_is_explained_by_what_it_lost_itself(
    plan: Plan, gone: str, gate: Gate, cause: Cause
) -> None:
    was = w.person(indexes=ON_SCHOOL)
    is_now = w.without_index(was, gone)
    accepted = w.accepted(
        plan,
        around=w.facts(is_now if cause is Cause.CACHE_COLD else was),
        calibration={"processor": 5.0},
    )
    cold = replace(plan.root, buffers=Buffers(shared_read=w.runs(plan).counters.shared_blocks))
    verdict = _held_to(accepted, replace(plan, root=cold), was=was, is_now=is_now)
    assert (verdict.kind, verdict.gate, verdict.cause) == (VerdictKind.SLOWER, gate, cause)


def test_an_accepted_plan_misses_the_workers_that_it_had_itself() -> None:
    plan = w.parallel_plan()
    accepted = w.accepted(plan, calibration={"processor": 5.0})
    alone = replace(plan, root=replace(plan.root, workers_launched=0))
    verdict = _held_to(accepted, alone, was=w.person(), is_now=w.person())
    assert (verdict.gate, verdict.cause) == (Gate.WARNING, Cause.WORKERS_MISSING)
    assert "0 of 2 planned parallel workers were free" in verdict.message


def test_a_function_that_was_another_one_before_an_acceptance_explains_nothing() -> None:
    def calling(plan: Plan, digest: str, times_ms: tuple[float, ...]) -> Runs:
        return replace(w.runs(plan, times_ms), functions={"alumni.fold(text)": digest})

    stored = w.baseline(w.analysis(w.result(calling(w.index_plan(), "old", w.FAST_MS))))
    accepted = w.accepted(w.seq_plan(), calibration={"processor": 5.0})
    stored = {"directory": accept_plan(stored["directory"], "typical", accepted)}
    now = w.analysis(w.result(calling(w.seq_plan(), "new", w.SLOW_MS)))
    assert judge(stored, now).verdicts[0].cause is Cause.TIME_GREW


_BETTER: list[Callable[[], Plan]] = [lambda: w.index_plan(10), lambda: w.index_plan(0)]


@pytest.mark.parametrize("plan", _BETTER)
def test_less_work_passes(plan: Callable[[], Plan]) -> None:
    assert w.judged(w.runs(w.index_plan(34)), w.runs(plan())).kind is VerdictKind.LESS_WORK
