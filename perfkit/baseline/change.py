"""The verdict on a case whose plan changed and is not accepted: it fails when it is worse, never for the change alone."""

from collections.abc import Iterator

from perfkit.baseline.causes import (
    Reason,
    changes_around,
    changes_of_growth,
    changes_of_plan,
    lost_indexes,
    lost_statistics,
)
from perfkit.baseline.comparison import Comparison, evidence_of, numbers_of
from perfkit.baseline.growth import Growth, growth_of
from perfkit.baseline.thresholds import Thresholds
from perfkit.baseline.verdict import Cause, Gate, Verdict, VerdictKind
from perfkit.baseline.work import Metric, blocks_metric, vacuum_reason, vacuum_would_do
from perfkit.plan.diff import diff_plans


def judge_change(comparison: Comparison, thresholds: Thresholds) -> Verdict:
    """Return the verdict on a case whose plan changed.

    Counters alone also rise on plans that changed and got faster, so that time decides, or counters where they leave no
    doubt. What is not worse beyond doubt is for review, what is better passes.
    """
    blocks = blocks_metric(comparison, thresholds)
    growth = growth_of(comparison, thresholds)
    timing = comparison.timing
    if _is_regression(comparison, blocks, growth, thresholds):
        gate, outcome = Gate.FAILED, "the plan changed for the worse"
    elif timing.faster or (blocks.shrank and not timing.longer):
        gate, outcome = Gate.PASSED, "the plan changed for the better"
    else:
        gate, outcome = Gate.WARNING, "the plan changed, for review"
    cause, why = (
        (Cause.IMPROVED, "") if gate is Gate.PASSED else next(_causes(comparison, growth, thresholds))
    )
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
    """Tell whether the new plan is worse, and more so than a choice between equal plans may be."""
    timing = comparison.timing
    works_more = blocks.grew(allowed=1.0 if comparison.paired else growth.ratio)
    far_more = works_more and blocks.now >= blocks.before * thresholds.choice_blocks_ratio
    if any(changes_around(comparison)) or any(lost_statistics(comparison)):
        twice = works_more and blocks.now >= blocks.before * thresholds.sure_blocks_ratio
        seems_longer = timing.ratio >= thresholds.sure_time_ratio
        return timing.slower or (works_more and timing.longer) or (twice and seems_longer)
    if comparison.paired and growth.ratio >= thresholds.choice_growth_ratio and timing.slower:
        return True
    if not works_more or vacuum_would_do(comparison, [blocks], growth, thresholds):
        return False
    if not timing.counts:
        return far_more and timing.ratio >= thresholds.other_machine_ratio
    return timing.slower and (far_more or timing.ratio >= thresholds.choice_time_ratio)


def _hint(comparison: Comparison, gate: Gate) -> str:
    """Return what to do; there is nothing to record or accept where two sides were measured side by side."""
    lost = [
        definition.replace(" INDEX ", " INDEX CONCURRENTLY ", 1) for _, definition in lost_indexes(comparison)
    ]
    again = f"make it again: {'; '.join(lost)}" if lost and gate is not Gate.PASSED else ""
    if comparison.paired:
        return again
    if gate is Gate.PASSED:
        return f"hold it to the better plan: perfkit baseline --only {comparison.case.query}"
    if again:
        return f'{again}; or accept the plans: perfkit baseline accept QUERY/CASE --reason "…"'
    return f'when this plan is right: perfkit baseline accept {comparison.case.id} --reason "…"'


def _causes(comparison: Comparison, growth: Growth, thresholds: Thresholds) -> Iterator[Reason]:
    """Yield what may have caused the change, the surest first, at last that the planner chose so."""
    yield from changes_around(comparison)
    yield from lost_statistics(comparison)
    yield from changes_of_plan(comparison, thresholds)
    blocks = blocks_metric(comparison, thresholds)
    if blocks.grew(allowed=growth.ratio) and vacuum_would_do(comparison, [blocks], growth, thresholds):
        yield Cause.VACUUM_NEEDED, vacuum_reason(comparison)
    yield from changes_of_growth(growth, thresholds)
    yield Cause.PLANNER_CHOICE, ""
