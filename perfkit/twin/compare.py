"""Comparison: the plans of a workload on two servers that are not to run it, case by case."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from perfkit.catalog.workload import WeightedCase
from perfkit.errors import MeasureError
from perfkit.measure.model import Progress
from perfkit.measure.run import statement_of
from perfkit.plan.model import Node, Plan, walk
from perfkit.plan.runs import Statement
from perfkit.plan.shape import shape_of


class Planner(Protocol):
    """A server that plans statements without running them."""

    def plan(self, statement: Statement) -> Plan:
        """Return the plan of a statement; raises MeasureError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What a server made of a case: its plan, or the reason why there is none."""

    plan: Plan | None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """The plans of a case before and after, on this server and on that; `difference` is the first node that is not alike."""

    case: WeightedCase
    before: Planned
    after: Planned
    same_shape: bool
    equal: bool
    difference: str = ""

    @property
    def is_planned(self) -> bool:
        """Tell whether there is a plan to hold the other server's to; a role that only reads gets none for what writes."""
        return self.before.plan is not None


def plan_all(cases: tuple[WeightedCase, ...], planner: Planner, progress: Progress) -> dict[str, Planned]:
    """Return what the server makes of each case, by id."""
    planned = {}
    for number, each in enumerate(cases):
        progress(number, len(cases), each.case.id)
        try:
            planned[each.case.id] = Planned(plan=planner.plan(statement_of(each.query, each.case)))
        except MeasureError as error:
            planned[each.case.id] = Planned(plan=None, problem=error.message)
    return planned


def agreements(
    cases: tuple[WeightedCase, ...], before: Mapping[str, Planned], after: Mapping[str, Planned]
) -> tuple[Agreement, ...]:
    """Return for each case whether both servers plan it alike."""
    return tuple(_agreement(case, before[case.case.id], after[case.case.id]) for case in cases)


def _agreement(case: WeightedCase, before: Planned, after: Planned) -> Agreement:
    if before.plan is None or after.plan is None:
        alike = before.problem == after.problem
        return Agreement(case=case, before=before, after=after, same_shape=alike, equal=alike)
    difference = next(_differences(before.plan, after.plan), "")
    return Agreement(
        case=case,
        before=before,
        after=after,
        same_shape=shape_of(before.plan) == shape_of(after.plan),
        equal=not difference,
        difference=difference,
    )


def _differences(before: Plan, after: Plan) -> Iterator[str]:
    """Yield what differs, from the leaves up: the lowest node is where a difference begins."""
    old, new = (list(walk(plan.root)) for plan in (before, after))
    if [_kind(node) for node in old] != [_kind(node) for node in new]:
        yield "another plan"
    for was, now in zip(reversed(old), reversed(new), strict=False):
        if _numbers(was) != _numbers(now):
            yield f"{was.type}{f' on {was.index or was.relation}' if was.relation or was.index else ''}: {_change(was, now)}"


def _kind(node: Node) -> tuple[str | None, ...]:
    return (node.type, node.relation, node.index, node.join_type, node.strategy)


def _numbers(node: Node) -> tuple[float | None, ...]:
    return (node.plan_rows, node.plan_width, node.startup_cost, node.total_cost)


def _change(was: Node, now: Node) -> str:
    if was.plan_rows != now.plan_rows:
        return f"{was.plan_rows:,.0f} -> {now.plan_rows:,.0f} rows"
    return f"cost {was.total_cost:,.2f} -> {now.total_cost:,.2f}"
