"""The verdict on plans that were not run, before a change and after it: shapes and the planner's costs are all there is."""

from collections.abc import Sequence

from perfkit.baseline.comparison import format_factor
from perfkit.baseline.thresholds import THRESHOLDS, Thresholds
from perfkit.baseline.verdict import Cause, Gate, Judgement, Verdict, VerdictKind
from perfkit.plan.diff import diff_plans
from perfkit.plan.model import Plan
from perfkit.twin.compare import Agreement


def judge_plans(found: Sequence[Agreement], thresholds: Thresholds = THRESHOLDS) -> Judgement:
    """Return a verdict on each case: a plan fails when it costs far more, or is no more; others that changed are told."""
    return Judgement(verdicts=tuple(_judge(each, thresholds) for each in found))


def _judge(each: Agreement, thresholds: Thresholds) -> Verdict:
    before, after = each.before.plan, each.after.plan
    if after is None and before is not None:
        problem = f"failed: {each.after.problem}"
        return _verdict(each, VerdictKind.ERROR, Gate.ERROR, Cause.STATEMENT_FAILED, problem)
    if after is None or before is None:
        if after is not None:
            return _verdict(each, VerdictKind.NEW, Gate.SKIPPED, Cause.NOT_IN_BASELINE, "can be planned now")
        problem = f"cannot be planned: {each.after.problem}"
        return _verdict(each, VerdictKind.SKIPPED, Gate.SKIPPED, Cause.SKIPPED, problem)
    was, now = _cost(before), _cost(after)
    costs = f"cost {was:,.2f} -> {now:,.2f} ({format_factor(was, now)})" if was else f"cost {now:,.2f}"
    worse, better = thresholds.plan_cost.exceeded(was, now), thresholds.plan_felt.exceeded(now, was)
    if each.same_shape:
        kind = VerdictKind.MORE_WORK if worse else VerdictKind.LESS_WORK if better else VerdictKind.SAME
        why = "the same plan"
    else:
        kind = VerdictKind.PLAN_CHANGED
        why = (
            f"the plan changed {'for the worse' if worse else 'for the better' if better else ', for review'}"
        )
    gate = (
        Gate.FAILED
        if worse
        else Gate.WARNING
        if kind is VerdictKind.PLAN_CHANGED and not better
        else Gate.PASSED
    )
    cause = Cause.IMPROVED if better else Cause.NONE if kind is VerdictKind.SAME else Cause.PLANNER_CHOICE
    return _verdict(each, kind, gate, cause, f"{costs}; {why}", (before, after))


def _verdict(
    each: Agreement,
    kind: VerdictKind,
    gate: Gate,
    cause: Cause,
    what: str,
    plans: tuple[Plan, Plan] | None = None,
) -> Verdict:
    case = each.case.case
    costs = {"cost_before": _cost(plans[0]), "cost_now": _cost(plans[1])} if plans else {}
    return Verdict(
        query=case.query,
        case=case.name,
        kind=kind,
        gate=gate,
        cause=cause,
        message=f"{case.id}: {what}" if plans else f"{case.id} {what}",
        evidence=costs,
        diff=diff_plans(*plans).text if plans and not each.same_shape else "",
        hint="judge it on copies with rows too: perfkit regress --migration" if gate is Gate.FAILED else "",
    )


def _cost(plan: Plan) -> float:
    return plan.root.total_cost or 0.0
