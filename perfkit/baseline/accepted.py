"""Accepted plans: a changed plan that somebody looked at and found right."""

from dataclasses import replace

from perfkit.baseline.model import AcceptedPlan, QueryBaseline
from perfkit.errors import UsageError


def refuse_unacceptable(baseline: QueryBaseline, case: str, reason: str) -> None:
    """Raise UsageError when no plan can be accepted: the reason is empty, or the baseline has no case of that name."""
    case_id = f"{baseline.query}/{case}"
    if not reason.strip():
        raise UsageError(f"accepting a plan of {case_id} needs a reason", hint='say why: --reason "…"')
    if case not in baseline.cases:
        names = ", ".join(sorted(baseline.cases))
        raise UsageError(f"the baseline has no case {case_id}", hint=f"its cases are: {names}")


def accept_plan(baseline: QueryBaseline, case: str, plan: AcceptedPlan) -> QueryBaseline:
    """Return the baseline with the plan accepted for its case of that name; a plan accepted before is replaced.

    Raises UsageError when the plan is the case's own.
    """
    before = baseline.cases[case]
    if plan.shape == before.shape:
        raise UsageError(
            f"the plan of {baseline.query}/{case} is the baseline's own: there is nothing to accept"
        )
    others = (other for other in before.accepted if other.shape != plan.shape)
    accepted = tuple(sorted((*others, plan), key=lambda each: (each.at, each.shape.digest)))
    return _with_accepted(baseline, {case: accepted})


def keep_accepted(old: QueryBaseline, new: QueryBaseline) -> QueryBaseline:
    """Return the new baseline with the plans accepted in the old, of cases of the same text, types and values."""
    if (old.sql_sha256, old.parameter_types) != (new.sql_sha256, new.parameter_types):
        return new
    same = (
        name
        for name, case in new.cases.items()
        if name in old.cases and old.cases[name].parameters == case.parameters
    )
    return _with_accepted(new, {name: old.cases[name].accepted for name in same})


def _with_accepted(baseline: QueryBaseline, accepted: dict[str, tuple[AcceptedPlan, ...]]) -> QueryBaseline:
    cases = {
        name: replace(case, accepted=accepted.get(name, case.accepted))
        for name, case in baseline.cases.items()
    }
    return replace(baseline, cases=cases)
