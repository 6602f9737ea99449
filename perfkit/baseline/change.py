"""The verdict on a case whose plan changed and is not accepted: it fails when work and time agree that it is worse."""

from collections.abc import Iterator

from perfkit.baseline.comparison import Comparison, evidence_of, numbers_of
from perfkit.baseline.growth import Growth, growth_of, is_stale
from perfkit.baseline.thresholds import Thresholds
from perfkit.baseline.verdict import Cause, Gate, Verdict, VerdictKind
from perfkit.baseline.work import Metric, blocks_metric, vacuum_reason, vacuum_would_do
from perfkit.plan.diff import diff_plans
from perfkit.plan.facts import Relation
from perfkit.units import format_count


def judge_change(comparison: Comparison, thresholds: Thresholds) -> Verdict:
    """Return the verdict on a case whose plan changed.

    Counters alone also rise on plans that changed and got faster, and times alone vary between sessions: neither is
    enough. What is not worse beyond doubt is for review, what is better passes.
    """
    blocks = blocks_metric(comparison, thresholds)
    growth = growth_of(comparison, thresholds)
    timing = comparison.timing
    if _is_regression(comparison, blocks, growth, thresholds):
        gate, outcome = Gate.FAILED, "the plan changed for the worse"
    elif timing.faster or (blocks.shrank and not timing.slower):
        gate, outcome = Gate.PASSED, "the plan changed for the better"
    else:
        gate, outcome = Gate.WARNING, "the plan changed, for review"
    causes = _causes(comparison, growth, thresholds)
    cause, why = (Cause.IMPROVED, "") if gate is Gate.PASSED else next(causes)
    return Verdict(
        query=comparison.case.query,
        case=comparison.case.name,
        kind=VerdictKind.PLAN_CHANGED,
        gate=gate,
        cause=cause,
        message="; ".join(
            part for part in (f"{comparison.case.id}: {numbers_of(comparison)}", outcome, why) if part
        ),
        evidence=evidence_of(comparison),
        diff=diff_plans(comparison.before.shape, comparison.shape).text,
        hint=_hint(comparison, gate),
    )


def _is_regression(comparison: Comparison, blocks: Metric, growth: Growth, thresholds: Thresholds) -> bool:
    """Tell whether the new plan does more and takes longer, and more so than a choice between equal plans may."""
    timing = comparison.timing
    if not (blocks.grew(allowed=growth.ratio) and timing.slower):
        return False
    if any(_lost_indexes(comparison)):
        return True
    return not vacuum_would_do(comparison, [blocks], growth, thresholds) and (
        blocks.now >= blocks.before * thresholds.choice_blocks_ratio
        or timing.now_ms >= timing.before_ms * timing.machine_ratio * thresholds.choice_time_ratio
    )


def _hint(comparison: Comparison, gate: Gate) -> str:
    if gate is Gate.PASSED:
        return f"hold it to the better plan: perfkit baseline --only {comparison.case.query}"
    lost = [
        definition.replace(" INDEX ", " INDEX CONCURRENTLY ", 1)
        for _, definition in _lost_indexes(comparison)
    ]
    if lost:
        return f'make it again: {"; ".join(lost)}; or accept the plans: perfkit baseline accept QUERY/CASE --reason "…"'
    return f'when this plan is right: perfkit baseline accept {comparison.case.id} --reason "…"'


def _causes(comparison: Comparison, growth: Growth, thresholds: Thresholds) -> Iterator[tuple[Cause, str]]:
    """Yield what may have caused the change, each with a clause about it, the surest first."""
    before, now = comparison.reference, comparison.runs.counters
    lost = [name for name, _ in _lost_indexes(comparison)]
    if lost:
        yield Cause.INDEX_LOST, f"index {' and '.join(lost)} {'is' if len(lost) == 1 else 'are'} gone"
    if comparison.runs.plan.jit and not _has_jit(comparison.before.shape.text):
        yield Cause.JIT_APPEARED, "JIT compilation appeared"
    if before.workers_planned and not now.workers_planned:
        yield Cause.PARALLEL_LOST, "it no longer runs in parallel"
    if now.temp_written_blocks and not before.temp_written_blocks:
        yield Cause.SPILL_APPEARED, "it spills to temporary files, which it did not"
    for relation in _relations(comparison):
        if is_stale(relation, thresholds):
            yield Cause.STATISTICS_STALE, _staleness(relation)
    blocks = blocks_metric(comparison, thresholds)
    if blocks.grew(allowed=growth.ratio) and vacuum_would_do(comparison, [blocks], growth, thresholds):
        yield Cause.VACUUM_NEEDED, vacuum_reason(comparison)
    if growth.ratio > thresholds.growth_margin:
        yield growth.cause, growth.explanation
    yield Cause.PLANNER_CHOICE, ""


def _lost_indexes(comparison: Comparison) -> Iterator[tuple[str, str]]:
    """Yield name (schema.index) and definition of each index of the old plan that no longer exists, by whatever name."""
    for relation in _relations(comparison):
        recorded = comparison.query.relations[relation.qualified_name].indexes
        left = {_unnamed(index.definition) for index in relation.indexes if index.valid}
        for name, index in recorded.items():
            if name in comparison.before.indexes and _unnamed(index.definition) not in left:
                yield f"{relation.schema}.{name}", index.definition


def _unnamed(definition: str) -> str:
    """Return an index's definition without its name: "CREATE UNIQUE INDEX name ON …" becomes "CREATE UNIQUE ON …"."""
    head, _, tail = definition.partition(" ON ")
    return f"{head.partition(' INDEX ')[0]} ON {tail}"


def _relations(comparison: Comparison) -> Iterator[Relation]:
    """Yield those of the old plan's relations that are still read."""
    for name in comparison.before.relations:
        if name in comparison.query.relations and name in comparison.facts.relations:
            yield comparison.facts.relations[name]


def _staleness(relation: Relation) -> str:
    if relation.rows < 0:
        return f"{relation.qualified_name} was never analyzed: ANALYZE it"
    changed = format_count(relation.modified_since_analyze or 0)
    return f"statistics of {relation.qualified_name} are stale, {changed} rows changed since: ANALYZE it"


def _has_jit(shape: str) -> bool:
    return any(line.startswith("JIT:") for line in shape.splitlines())
