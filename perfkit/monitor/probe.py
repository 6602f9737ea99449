"""A probe: one case run as `perfkit analyze` runs it, once after a warm-up, and compared with its baseline's plan."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from statistics import median

from perfkit.baseline.comparable import recorded_case
from perfkit.baseline.model import AcceptedPlan, CaseBaseline, QueryBaseline
from perfkit.catalog.workload import WeightedCase, Workload
from perfkit.measure.model import Manner, Server
from perfkit.measure.run import analysis_of, statement_of
from perfkit.measure.session import run_case
from perfkit.monitor.cases import Before, Reading
from perfkit.plan.shape import Shape, shape_from_text, shape_of

_JIT_LINE = "\nJIT: "


def probe(
    weighted: WeightedCase, server: Server, manner: Manner, baseline: Mapping[str, QueryBaseline]
) -> Reading:
    """Return what a run of the case saw; raises MeasureError."""
    at = datetime.now(UTC)
    runs = run_case(server, statement_of(weighted.query, weighted.case), samples=manner.samples)
    facts = server.facts([runs.plan])
    workload = Workload(cases=(weighted,), undrawn=())
    (result,) = analysis_of(workload, {weighted.case.id: runs}, facts, manner, measured_at=at).results
    return Reading(
        at=at,
        execution_s=(result.median_ms or 0.0) / 1000,
        planning_s=max(runs.planning_ms) / 1000,
        shared_blocks=runs.counters.shared_blocks,
        rows=runs.counters.rows,
        within_budget=bool(result.within_budget),
        before=_before(shape_of(runs.plan), recorded_case(baseline, weighted.query, weighted.case)),
        findings=Counter(finding.severity for finding in result.findings),
    )


def _before(shape: Shape, recorded: CaseBaseline | None) -> Before | None:
    """Return what the plan took and counted when it was recorded or accepted; of one that is neither, what the recorded did."""
    if recorded is None:
        return None
    digest = _without_jit(shape).digest
    plans: tuple[CaseBaseline | AcceptedPlan, ...] = (recorded, *recorded.accepted)
    known = next((plan for plan in plans if _without_jit(plan.shape).digest == digest), None)
    held = known or recorded
    times_ms = [time for session in held.sessions or recorded.sessions for time in session.execution_ms]
    return Before(
        execution_s=median(times_ms) / 1000,
        shared_blocks=held.counters.shared_blocks,
        plan_changed=known is None,
    )


def _without_jit(shape: Shape) -> Shape:
    """Return the shape without what it says of JIT, which is off on the monitor's connection."""
    return shape_from_text(shape.text.partition(_JIT_LINE)[0])
