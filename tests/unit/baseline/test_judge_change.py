"""The gate on a changed plan: it fails when work and time agree, it never fails on a plan that got faster."""

from dataclasses import replace

import pytest

import tests.unit.baseline.workloads as w
from perfkit.baseline.judge import judge
from perfkit.baseline.verdict import Cause, Gate, Verdict, VerdictKind
from perfkit.measure.model import Analysis
from perfkit.plan.facts import Relation
from perfkit.plan.model import Plan
from perfkit.plan.runs import Runs

GONE = w.without_index(w.person())


def test_a_dropped_index_fails_and_is_named() -> None:
    verdict = w.judged(w.runs(w.index_plan()), w.runs(w.seq_plan(), w.SLOW_MS), is_now=GONE)
    assert (verdict.kind, verdict.gate, verdict.cause) == (
        VerdictKind.PLAN_CHANGED,
        Gate.FAILED,
        Cause.INDEX_LOST,
    )
    assert verdict.message == (
        "directory/typical: blocks 34 -> 4,120 (121x), median 0.40 ms -> 38.1 ms; "
        "the plan changed for the worse; index alumni.person_grad_year_idx is gone"
    )
    assert "-Index Scan using person_grad_year_idx on alumni.person p" in verdict.diff
    assert "+Seq Scan on alumni.person p" in verdict.diff
    assert "CREATE INDEX CONCURRENTLY" in verdict.hint
    assert verdict.hint.endswith('perfkit baseline accept QUERY/CASE --reason "…"')


@pytest.mark.parametrize(
    ("blocks_now", "times_now", "gate"),
    [
        (4_120, w.SLOW_MS, Gate.FAILED),
        (34, w.SLOW_MS, Gate.WARNING),  # time alone
        (41, w.SLOW_MS, Gate.WARNING),  # 7 blocks more are nothing
        (42, w.SLOW_MS, Gate.FAILED),
        (4_120, w.FAST_MS, Gate.WARNING),  # work alone
        (4_120, (0.39, 38.0, 0.39, 38.0, 0.39), Gate.WARNING),  # now and then it is as fast as it was
        (4_120, (0.88, 0.87, 0.88, 0.87, 0.86), Gate.WARNING),  # twice as slow, but by less than 0.5 ms
        (4_120, (0.91, 0.92, 0.93, 0.92, 0.91), Gate.FAILED),
        (4_120, (0.2, 0.2, 0.2, 0.2, 0.2), Gate.WARNING),
        (4_120, (0.002, 0.002), Gate.WARNING),
        (20, w.FAST_MS, Gate.PASSED),  # less work in the same time
        (20, w.SLOW_MS, Gate.WARNING),  # less work, but slower
    ],
)
def test_work_and_time_must_agree(blocks_now: int, times_now: tuple[float, ...], gate: Gate) -> None:
    verdict = w.judged(w.runs(w.index_plan()), w.runs(w.seq_plan(blocks_now), times_now))
    assert (verdict.kind, verdict.gate) == (VerdictKind.PLAN_CHANGED, gate)


@pytest.mark.parametrize(
    ("blocks_now", "factor", "gate"),
    [
        (339, 2.9, Gate.WARNING),
        (340, 2.9, Gate.FAILED),  # ten times the blocks
        (339, 3.1, Gate.FAILED),  # three times the time
    ],
)
def test_a_choice_between_plans_that_cost_the_same_is_for_review(
    blocks_now: int, factor: float, gate: Gate
) -> None:
    before, now = w.runs(w.index_plan()), w.runs(w.seq_plan(blocks_now), tuple(t * factor for t in w.FAST_MS))
    verdict = w.judged(before, now)
    assert (verdict.gate, verdict.cause) == (gate, Cause.PLANNER_CHOICE)
    assert w.judged(before, now, is_now=GONE).gate is Gate.FAILED


def test_dead_rows_excuse_a_changed_plan_but_not_a_lost_index() -> None:
    dead = w.person(dead=500)
    before, now = w.runs(w.index_plan()), w.runs(w.seq_plan(400), w.SLOW_MS)
    verdict = w.judged(before, now, is_now=dead)
    assert (verdict.gate, verdict.cause) == (Gate.WARNING, Cause.VACUUM_NEEDED)
    verdict = w.judged(before, now, is_now=w.without_index(dead))
    assert (verdict.gate, verdict.cause) == (Gate.FAILED, Cause.INDEX_LOST)
    verdict = w.judged(before, w.runs(w.seq_plan(4_120), w.SLOW_MS), is_now=dead)
    assert verdict.gate is Gate.FAILED


@pytest.mark.parametrize("blocks_now", [4_120, 34, 10])
def test_a_plan_that_got_faster_is_an_improvement_whatever_it_reads(blocks_now: int) -> None:
    verdict = w.judged(
        w.runs(w.index_plan(), w.SLOW_MS), w.runs(w.seq_plan(blocks_now), w.FAST_MS), is_now=GONE
    )
    assert (verdict.gate, verdict.cause) == (Gate.PASSED, Cause.IMPROVED)
    assert "for the better" in verdict.message
    assert verdict.hint.endswith("perfkit baseline --only directory")


def test_a_changed_plan_may_read_more_as_its_table_grew() -> None:
    verdict = w.judged(
        w.runs(w.index_plan(1_000)),
        w.runs(w.seq_plan(3_000), w.SLOW_MS),
        is_now=w.person(rows=300_000, blocks=3 * 4_120),
    )
    assert (verdict.gate, verdict.cause) == (Gate.WARNING, Cause.DATA_GREW)


@pytest.mark.parametrize(
    ("before", "now", "table", "cause"),
    [
        (w.index_plan(), w.seq_plan(), GONE, Cause.INDEX_LOST),
        (w.index_plan(), w.seq_plan(), w.person(valid=False), Cause.INDEX_LOST),
        (w.index_plan(), w.seq_plan(), w.person(), Cause.PLANNER_CHOICE),
        (w.seq_plan(), w.seq_plan(jit=True), w.person(), Cause.JIT_APPEARED),
        (w.seq_plan(jit=True), w.seq_plan(), w.person(), Cause.PLANNER_CHOICE),
        (w.parallel_plan(), w.seq_plan(), w.person(), Cause.PARALLEL_LOST),
        (w.index_plan(), w.seq_plan(temp=500), w.person(), Cause.SPILL_APPEARED),
        (w.index_plan(), w.seq_plan(), w.person(modified=10_000), Cause.STATISTICS_STALE),
        (w.index_plan(), w.seq_plan(), w.person(modified=9_999), Cause.PLANNER_CHOICE),
        (w.index_plan(), w.seq_plan(), w.person(modified=None), Cause.PLANNER_CHOICE),
        (w.index_plan(), w.seq_plan(), w.person(rows=-1), Cause.STATISTICS_LOST),
        (w.index_plan(), w.seq_plan(), w.person(rows=200_000, blocks=8_240), Cause.DATA_GREW),
        (w.index_plan(), w.seq_plan(), w.person(blocks=8_240), Cause.BLOAT),
    ],
)
def test_the_cause_is_named(before: Plan, now: Plan, table: Relation, cause: Cause) -> None:
    verdict = w.judged(w.runs(before), w.runs(now), is_now=table)
    assert verdict.cause is cause


def test_an_index_under_another_name_is_not_lost() -> None:
    renamed = w.person(indexes={"person_pkey": "(person_id)", "person_year": "(grad_year)"})
    verdict = w.judged(w.runs(w.index_plan()), w.runs(w.index_plan(index="person_year")), is_now=renamed)
    assert (verdict.gate, verdict.cause) == (Gate.WARNING, Cause.PLANNER_CHOICE)


def test_an_index_with_the_same_name_on_other_columns_is_lost() -> None:
    other = w.person(indexes={"person_pkey": "(person_id)", w.YEAR_INDEX: "(last_name)"})
    verdict = w.judged(w.runs(w.index_plan()), w.runs(w.seq_plan()), is_now=other)
    assert verdict.cause is Cause.INDEX_LOST


def _with_others(slower: float) -> Verdict:
    """Return the verdict on a changed case beside six unchanged ones that are `slower` times slower than before."""

    def workload(changed: Runs, factor: float) -> Analysis:
        times = tuple(time * factor for time in w.FAST_MS)
        others = [w.result(w.runs(w.index_plan(), times), of=w.query(f"other_{i}")) for i in range(6)]
        return w.analysis(w.result(changed), *others)

    before = workload(w.runs(w.index_plan(), (10.0, 10.1, 10.2)), 1)
    now = workload(w.runs(w.seq_plan(), (20.0, 20.1, 20.2)), slower)
    return judge(w.baseline(before), now).verdicts[0]


def test_a_machine_that_is_slower_for_all_is_not_held_against_a_case() -> None:
    assert _with_others(1).gate is Gate.FAILED
    verdict = _with_others(2)
    assert verdict.gate is Gate.WARNING
    assert verdict.evidence["machine_ratio"] == pytest.approx(2)


def test_a_faster_machine_is_not_held_against_a_case() -> None:
    assert _with_others(0.25).gate is Gate.FAILED


def test_a_fallen_table_is_no_cause() -> None:
    measured = w.analysis(w.result(w.runs(w.index_plan())))
    now = w.analysis(w.result(w.runs(w.seq_plan())))
    now = replace(now, facts=replace(now.facts, relations={}))
    assert w.judged_analyses(measured, now).cause is Cause.PLANNER_CHOICE


def test_a_plan_that_changed_without_statistics_is_not_comparable() -> None:
    known = replace(w.person(), columns={"grad_year": "smallint"})
    forgotten = replace(known, columns_without_statistics=("grad_year",))
    before, now = w.runs(w.index_plan()), w.runs(w.seq_plan(), w.SLOW_MS)
    verdict = w.judged(before, now, was=known, is_now=forgotten)
    assert (verdict.kind, verdict.gate, verdict.cause) == (
        VerdictKind.NOT_COMPARABLE,
        Gate.SKIPPED,
        Cause.STATISTICS_LOST,
    )
    assert "no statistics of alumni.person (grad_year)" in verdict.message
    assert w.judged(before, before, was=known, is_now=forgotten).kind is VerdictKind.SAME
    # A lost index is surer.
    assert w.judged(before, now, was=known, is_now=w.without_index(forgotten)).gate is Gate.FAILED
