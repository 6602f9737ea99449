"""One session of one case: a connection of its own, a warm-up, then the runs that count."""

import time
from datetime import UTC, datetime

from perfkit.measure.model import Prepared, Server
from perfkit.plan.counters import count
from perfkit.plan.model import Plan
from perfkit.plan.runs import Runs, Session, Statement, same_work

# One case may take this long in a session: a slow query says what it has to say in fewer runs.
CASE_LIMIT_MS = 5_000


def run_case(server: Server, statement: Statement, *, samples: int, timed: bool = False) -> Runs:
    """Return the runs of a statement: a warm-up, up to `samples` with TIMING OFF, with `timed` one more with TIMING ON.

    Where the warm-up alone takes the case's time, it counts. Raises MeasureError.
    """
    with server.prepared(statement) as prepared:
        at = datetime.now(UTC)
        clock = Stopwatch(CASE_LIMIT_MS)
        plans = [prepared.run()]
        if not clock.is_over():
            plans.clear()
        while not plans or (len(plans) < samples and not clock.is_over()):
            plans.append(prepared.run())
        return runs_of(plans, prepared, at=at, timed=prepared.run(timing=True) if timed else None)


class Stopwatch:
    """Tells whether a time limit in ms, from now on, is over."""

    def __init__(self, limit_ms: float) -> None:
        self._end = time.perf_counter() + limit_ms / 1000

    def is_over(self) -> bool:
        """Tell whether the time is over."""
        return time.perf_counter() >= self._end


def runs_of(plans: list[Plan], prepared: Prepared, *, at: datetime, timed: Plan | None = None) -> Runs:
    """Return what the plans of one session, at least one, say; `timed` is the plan with its nodes' times."""
    counted = [count(plan) for plan in plans]
    session = Session(
        at=at,
        execution_ms=tuple(plan.execution_ms or 0.0 for plan in plans),
        planning_ms=tuple(plan.planning_ms or 0.0 for plan in plans),
    )
    return Runs(
        plan=timed or plans[-1],
        counters=counted[-1],
        counters_repeat=all(same_work(counters, counted[-1]) for counters in counted),
        sessions=(session,),
        functions=prepared.functions,
    )
