"""Accepted plans: a changed plan that somebody looked at and found right."""

from dataclasses import replace

from perfkit.baseline.model import AcceptedPlan, QueryBaseline
from perfkit.errors import UsageError


def accept_plan(baseline: QueryBaseline, case: str, plan: AcceptedPlan) -> QueryBaseline:
    """Return the baseline with the plan accepted for the case of that name; a plan accepted before is replaced.

    Raises UsageError when the reason is empty, when the baseline has no such case, or when the plan is its own.
    """
    case_id = f"{baseline.query}/{case}"
    if not plan.reason.strip():
        raise UsageError(f"accepting a plan of {case_id} needs a reason", hint='say why: --reason "…"')
    if case not in baseline.cases:
        names = ", ".join(sorted(baseline.cases))
        raise UsageError(f"the baseline has no case {case_id}", hint=f"its cases are: {names}")
    before = baseline.cases[case]
    if plan.shape == before.shape:
        raise UsageError(f"the plan of {case_id} is the baseline's own: there is nothing to accept")
    others = (other for other in before.accepted if other.shape != plan.shape)
    accepted = tuple(sorted((*others, plan), key=lambda each: (each.at, each.shape.digest)))
    return _with_accepted(baseline, {case: accepted})


def keep_accepted(old: QueryBaseline, new: QueryBaseline) -> QueryBaseline:
    """Return the new baseline with the plans that were accepted in the old, unless its text or types were others."""
    if (old.sql_sha256, old.parameter_types) != (new.sql_sha256, new.parameter_types):
        return new
    return _with_accepted(new, {name: old.cases[name].accepted for name in new.cases if name in old.cases})


def _with_accepted(baseline: QueryBaseline, accepted: dict[str, tuple[AcceptedPlan, ...]]) -> QueryBaseline:
    cases = {
        name: replace(case, accepted=accepted.get(name, case.accepted))
        for name, case in baseline.cases.items()
    }
    return replace(baseline, cases=cases)
