"""Why a case got no index."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from perfkit.catalog.workload import Undrawn
from perfkit.indexes import thresholds
from perfkit.indexes.objective import Objective
from perfkit.indexes.screening import Screened
from perfkit.indexes.search import Choice, Limits
from perfkit.indexes.workload import WorkloadCase
from perfkit.measure.model import CaseResult
from perfkit.units import format_bytes, format_ms


class Reason(StrEnum):
    """Why a case got no index."""

    NO_CANDIDATE = "no candidate"
    REFUSED = "could not be judged"
    ALREADY_INDEXED = "already indexed"
    TINY_TABLE = "tiny table"
    HAS_CHILDREN = "inheriting tables"
    NOT_USED = "planner would not use it"
    TOO_SMALL = "too small a gain"
    WRITE_COST = "writes would cost more"
    MISLEADS = "would slow others"
    NO_BUDGET = "no budget"
    NO_TIME = "no time"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class WithoutIndex:
    """A case that got no index; `detail` has the numbers of the reason, or the server's words."""

    case_id: str
    reason: Reason
    detail: str = ""


def not_measured(results: Iterable[CaseResult]) -> tuple[WithoutIndex, ...]:
    """Return the cases that did not run, each with its problem."""
    return tuple(
        WithoutIndex(case_id=each.case.id, reason=Reason.NOT_MEASURED, detail=each.problem.message)
        for each in results
        if each.problem
    )


def not_planned(problems: Mapping[str, str], undrawn: Iterable[Undrawn]) -> tuple[WithoutIndex, ...]:
    """Return the cases that no planner took, by id with the problem, and those that could not be drawn."""
    missing = {f"{each.query.name}/draw": each.error.message for each in undrawn}
    return tuple(
        WithoutIndex(case_id=name, reason=Reason.NOT_MEASURED, detail=problem)
        for name, problem in {**problems, **missing}.items()
    )


def why_not(
    case: WorkloadCase, objective: Objective, screened: Screened, choice: Choice, limits: Limits
) -> WithoutIndex:
    """Return the first thing that stood between a case and an index."""
    reason, detail = _turned_down(case, screened) or _not_worth_it(case, objective, choice, limits)
    return WithoutIndex(case_id=case.whole, reason=reason, detail=detail)


def _turned_down(case: WorkloadCase, screened: Screened) -> tuple[Reason, str] | None:
    if not case.offered:
        return Reason.NO_CANDIDATE, ""
    if any(definition in screened.candidates for definition in case.offered):
        return None
    refused = [screened.refused[each] for each in case.offered if each in screened.refused]
    if refused:
        return Reason.REFUSED, _listed(refused)
    already = [screened.already_indexed[each] for each in case.offered if each in screened.already_indexed]
    if already:
        return Reason.ALREADY_INDEXED, _listed(already)
    parents = [screened.has_children[each] for each in case.offered if each in screened.has_children]
    if parents:
        return Reason.HAS_CHILDREN, _listed(parents)
    return Reason.TINY_TABLE, _listed(screened.tiny_table[each] for each in case.offered)


def _not_worth_it(
    case: WorkloadCase, objective: Objective, choice: Choice, limits: Limits
) -> tuple[Reason, str]:
    """Return what speaks against the indexes that the case's best plan of all would use."""
    candidates = objective.candidates.everything
    now_ms = case.ms_per_minute
    costs = objective.costs.of(case)
    best_ms = now_ms * costs.share(candidates)
    if best_ms > now_ms * (1 - thresholds.LEAST_CASE_BENEFIT):
        saved = f"would be {1 - best_ms / now_ms:.0%} cheaper at best" if best_ms < now_ms else ""
        return Reason.NOT_USED, saved
    chosen = choice.configuration
    wanted = costs.planned(candidates).used
    gain_ms = objective.gain_ms(chosen, chosen | wanted)
    write_ms = objective.write_ms(chosen | wanted) - objective.write_ms(chosen)
    size_bytes = objective.size_bytes(chosen | wanted)
    if not objective.is_worth_it(chosen, chosen | wanted):
        reading_ms = gain_ms + write_ms
        if reading_ms < 0:
            return Reason.MISLEADS, f"in all, reading would take {format_ms(-reading_ms)} a minute longer"
        told = f"would save {format_ms(reading_ms)} a minute"
        if gain_ms < 0 or write_ms > 0:
            told += f", and take {format_ms(write_ms)} of writing"
        return (Reason.WRITE_COST if gain_ms < 0 else Reason.TOO_SMALL), told
    if limits.budget_bytes is not None and size_bytes > limits.budget_bytes:
        return Reason.NO_BUDGET, f"needs {format_bytes(size_bytes - limits.budget_bytes)} more"
    if (
        limits.write_ms_per_minute is not None
        and objective.write_ms(chosen | wanted) > limits.write_ms_per_minute
    ):
        return Reason.WRITE_COST, f"{format_ms(write_ms)} a minute of writing is over the limit"
    return (Reason.TOO_SMALL, "") if choice.complete else (Reason.NO_TIME, "the search ran out of time")


def _listed(details: Iterable[str]) -> str:
    return "; ".join(sorted(set(details)))
