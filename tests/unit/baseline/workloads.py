"""Measured workloads for the tests of the baseline room: one table, plans over it, and what they counted."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from perfkit.baseline.judge import judge
from perfkit.baseline.model import AcceptedPlan, QueryBaseline, accepted_plan, from_analysis
from perfkit.baseline.verdict import Verdict
from perfkit.catalog.model import Case, Param, Query
from perfkit.findings import Finding
from perfkit.measure.model import Analysis, CaseResult, Problem, Summary
from perfkit.plan.counters import count
from perfkit.plan.facts import Facts, Index, Relation
from perfkit.plan.model import Actual, Buffers, Jit, Node, Plan, Wal
from perfkit.plan.runs import Runs, Session

AT = datetime(2026, 7, 1, 12, 30, 15, 250_000, tzinfo=UTC)
YEAR_INDEX = "person_grad_year_idx"
FAST_MS = (0.40, 0.41, 0.42, 0.39, 0.40)
SLOW_MS = (38.1, 38.0, 38.4, 39.0, 37.9)
NO_FINDINGS: tuple[Finding, ...] = ()


def index_plan(blocks: int = 34, rows: int = 30, *, index: str = YEAR_INDEX, heap_fetches: int = 0) -> Plan:
    extra = {"Index Cond": "(p.grad_year = 1998)", "Heap Fetches": heap_fetches}
    return Plan(root=_scan("Index Scan", blocks, rows, index=index, extra=extra))


def seq_plan(blocks: int = 4_120, rows: int = 30, *, temp: int = 0, jit: bool = False) -> Plan:
    compiled = Jit(functions=4, options={"Inlining": True}, total_ms=5.0) if jit else None
    root = _scan("Seq Scan", blocks, rows, temp=temp, extra={"Filter": "(p.grad_year = 1998)"})
    return Plan(root=root, jit=compiled)


def parallel_plan(blocks: int = 4_120, rows: int = 30) -> Plan:
    child = _scan("Seq Scan", blocks, rows)
    actual = Actual(rows=rows, loops=1)
    return Plan(
        root=Node(
            type="Gather",
            actual=actual,
            buffers=child.buffers,
            workers_planned=2,
            workers_launched=2,
            children=(child,),
        )
    )


def write_plan(blocks: int = 20, rows: int = 1, *, wal_records: int = 6) -> Plan:
    source = _scan("Index Scan", 3, rows, index="person_pkey")
    root = Node(
        type="ModifyTable",
        operation="Update",
        schema="alumni",
        relation="person",
        alias="p",
        actual=Actual(rows=0, loops=1),
        buffers=Buffers(shared_hit=blocks),
        wal=Wal(records=wal_records, size_bytes=wal_records * 80),
        children=(source,),
    )
    return Plan(root=root)


def _scan(
    kind: str,
    blocks: int,
    rows: int,
    *,
    index: str | None = None,
    temp: int = 0,
    extra: Mapping[str, object] | None = None,
) -> Node:
    return Node(
        type=kind,
        schema="alumni",
        relation="person",
        alias="p",
        index=index,
        actual=Actual(rows=rows, loops=1),
        buffers=Buffers(shared_hit=blocks, temp_written=temp),
        extra=extra or {},
    )


def person(
    *,
    rows: float = 100_000,
    blocks: int = 4_120,
    modified: int | None = 0,
    dead: int | None = 0,
    indexes: Mapping[str, str] | None = None,
    index_blocks: int = 100,
    valid: bool = True,
) -> Relation:
    """Return the table; `indexes` maps names to what they are on."""
    on = {"person_pkey": "(person_id)", YEAR_INDEX: "(grad_year)"} if indexes is None else indexes
    return Relation(
        schema="alumni",
        name="person",
        rows=rows,
        size_bytes=blocks * 8192,
        modified_since_analyze=modified,
        dead_rows=dead,
        last_analyze=AT,
        indexes=tuple(
            Index(
                name=name,
                definition=f"CREATE INDEX {name} ON alumni.person USING btree {columns}",
                size_bytes=index_blocks * 8192,
                valid=valid,
            )
            for name, columns in on.items()
        ),
    )


def facts(*relations: Relation, version: int = 180_006, settings: Mapping[str, str] | None = None) -> Facts:
    return Facts(
        version=version,
        version_text="PostgreSQL 18.6 on x86_64-linux",
        database="alumni",
        in_recovery=False,
        settings={"work_mem": "4MB", "search_path": '"$user", public'} if settings is None else settings,
        relations={relation.qualified_name: relation for relation in relations or (person(),)},
    )


def query(name: str = "directory", *, statement: str = "", allowed: Iterable[str] = ()) -> Query:
    text = statement or "SELECT * FROM alumni.person p WHERE grad_year = $1"
    return Query(
        name=name,
        summary="One class",
        sql=text.replace("$1", ":year"),
        statement=text,
        path=Path("queries/directory.sql"),
        line=1,
        sql_line=5,
        weight=40.0,
        budget_ms=None,
        params=(Param(name="year", type="int"),),
        cases=(),
        draws=(),
        allowed=dict.fromkeys(allowed, "needed"),
    )


def runs(plan: Plan, times_ms: tuple[float, ...] = FAST_MS, *, repeat: bool = True) -> Runs:
    """Return the runs of a plan, each of the times in a session of its own."""
    return Runs(
        plan=plan,
        counters=count(plan),
        counters_repeat=repeat,
        sessions=tuple(Session(at=AT, execution_ms=(time,), planning_ms=(0.1,)) for time in times_ms),
    )


def runs_of_one_session(plan: Plan, times_ms: tuple[float, ...]) -> Runs:
    session = Session(at=AT, execution_ms=times_ms, planning_ms=tuple(0.1 for _ in times_ms))
    return replace(runs(plan), sessions=(session,))


def result(
    outcome: Runs | Problem, *, of: Query | None = None, case: str = "typical", year: str = "1998"
) -> CaseResult:
    asked = of or query()
    return CaseResult(
        case=Case(query=asked.name, name=case, values={"year": year}, line=3),
        query=asked,
        weight=40.0,
        budget_ms=100.0,
        runs=outcome if isinstance(outcome, Runs) else None,
        problem=outcome if isinstance(outcome, Problem) else None,
        findings=NO_FINDINGS,
    )


def analysis(
    *results: CaseResult,
    around: Facts | None = None,
    plan_mode: str = "custom",
    calibration: Mapping[str, float] | None = None,
) -> Analysis:
    return Analysis(
        measured_at=AT,
        samples=5,
        plan_mode=plan_mode,
        facts=around or facts(),
        results=results,
        summary=Summary(
            measured=len(results),
            failed=0,
            refused=0,
            skipped=0,
            mean_ms=0.4,
            target_ms=100.0,
            share_within_budget=1.0,
        ),
        calibration=calibration or {},
    )


def baseline(measured: Analysis) -> dict[str, QueryBaseline]:
    return {each.query: each for each in from_analysis(measured)}


def accepted(
    plan: Plan,
    times_ms: tuple[float, ...] = FAST_MS,
    *,
    around: Facts | None = None,
    calibration: Mapping[str, float] | None = None,
) -> AcceptedPlan:
    """Return the plan as it was accepted, where that was around it."""
    measured = runs(plan, times_ms)
    then = analysis(result(measured), around=around, calibration=calibration)
    return accepted_plan(measured, then, reason="looked at it", author="dba")


def judged(
    before: Runs, now: Runs, *, was: Relation | None = None, is_now: Relation | None = None
) -> Verdict:
    """Return the verdict on the one case, its table as it was and as it is now."""
    return judged_analyses(
        analysis(result(before), around=facts(was or person())),
        analysis(result(now), around=facts(is_now or was or person())),
    )


def judged_write(before: Runs, now: Runs) -> Verdict:
    update = query(
        "rename", statement="UPDATE alumni.person p SET note = '' WHERE person_id = $1", allowed=["write"]
    )
    return judged_analyses(analysis(result(before, of=update)), analysis(result(now, of=update)))


def judged_analyses(before: Analysis, now: Analysis) -> Verdict:
    """Return the one verdict of a judgement."""
    (verdict,) = judge(baseline(before), now).verdicts
    return verdict


def without_index(relation: Relation, name: str = YEAR_INDEX) -> Relation:
    return replace(relation, indexes=tuple(index for index in relation.indexes if index.name != name))
