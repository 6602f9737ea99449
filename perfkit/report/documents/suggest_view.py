"""What is told of index advice beside the advice itself: where the times come from, and what was left out before it."""

from dataclasses import dataclass, replace

from perfkit.indexes import thresholds
from perfkit.indexes.advise import Advice
from perfkit.indexes.measured import MeasuredCase
from perfkit.indexes.selection import CaseEffect
from perfkit.indexes.times import Times
from perfkit.indexes.verify import Verified
from perfkit.indexes.why_not import Reason, WithoutIndex
from perfkit.units import format_count, format_ms

# Before what nobody measured.
_ESTIMATED = "~"
# Their details are times.
_TIMED = frozenset({Reason.TOO_SMALL, Reason.WRITE_COST, Reason.MISLEADS})


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestView:
    """Notes, how long the search took, where times come from, which cases have none of their own, and what did not run."""

    notes: tuple[str, ...] = ()
    search_ms: float
    times: Times = Times.MEASURED
    estimated: frozenset[str] = frozenset()
    unmeasured: tuple[WithoutIndex, ...] = ()


def amount(value_ms: float, view: SuggestView) -> str:
    """Return a time, or the planner's cost where that is all that is known."""
    return format_count(cost(value_ms)) if view.times is Times.COST else format_ms(value_ms)


def expected(value_ms: float, view: SuggestView) -> str:
    """Return a time that nobody measured, marked as such."""
    return f"{'' if view.times is Times.COST else _ESTIMATED}{amount(value_ms, view)}"


def cost(value_ms: float) -> float:
    """Return the planner's cost that a time was made of."""
    return value_ms / thresholds.MS_PER_COST


def measured_cases(verified: Verified | None) -> dict[str, MeasuredCase]:
    """Return each case as it was measured with and without the indexes, by id; none where nothing was."""
    return {case.case_id: case for case in verified.cases} if verified else {}


def change(effect: CaseEffect, view: SuggestView, measured: MeasuredCase | None) -> str:
    """Return what a call takes before and after, each as measured or as expected."""
    if measured:
        return f"{format_ms(measured.before_ms)} -> {format_ms(measured.after_ms)}"
    is_guess = effect.case_id in view.estimated
    before = expected(effect.before_ms, view) if is_guess else amount(effect.before_ms, view)
    unit = "cost " if view.times is Times.COST else ""
    return f"{unit}{before} -> {expected(effect.after_ms, view)}"


def without_index(advice: Advice, view: SuggestView) -> tuple[WithoutIndex, ...]:
    """Return the cases without a new index; where nothing was timed, without numbers that are times."""
    found = advice.selection.without_index
    if view.times is Times.COST:
        found = tuple(replace(each, detail="") if each.reason in _TIMED else each for each in found)
    return (*view.unmeasured, *found)


def legend(view: SuggestView, verified: Verified | None) -> str:
    """Return where the numbers come from, in a sentence or two."""
    after = "sizes, savings and ~ are estimates: what the planner's costs let expect"
    match view.times:
        case Times.COST:
            return (
                "Nothing was timed: a case counts by its weight x the planner's cost on the twin, in the planner's own units, which"
                " are no milliseconds. For times give --baseline NAME, or ask the server itself."
            )
        case Times.BASELINE:
            return f"Times before are the baseline's; {after}."
    if verified:
        return f"Times of cases were measured with and without the indexes, on copies; {after}."
    return f"Times before were measured; {after}."
