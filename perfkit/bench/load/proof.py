"""Proof: each case is run once under the guard before users call it; what fails or is refused there is left out."""

from dataclasses import dataclass
from datetime import UTC, datetime

from perfkit.catalog.workload import WeightedCase, Workload
from perfkit.errors import NothingMeasuredError
from perfkit.measure.model import Problem, Progress, Server
from perfkit.measure.run import run_all
from perfkit.measure.session import runs_of
from perfkit.plan.runs import Runs, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class CallableCases:
    """The cases that can be called, and by id why the others cannot."""

    cases: tuple[WeightedCase, ...]
    left_out: dict[str, str]


def prove(workload: Workload, server: Server, progress: Progress, *, writes: bool) -> CallableCases:
    """Return the cases that ran; raises NothingMeasuredError when there is none."""
    wanted = [case for case in workload.cases if writes or "write" not in case.query.allowed]
    left_out = {each.query.name: each.error.message for each in workload.undrawn}
    left_out |= {
        case.case.id: "writes; give --writes on the demo" for case in workload.cases if case not in wanted
    }

    def run(statement: Statement) -> Runs:
        # Once, without a warm-up: whether it can be called is all that is asked.
        with server.prepared(statement) as prepared:
            return runs_of([prepared.run()], prepared, at=datetime.now(UTC))

    outcomes, _ = run_all(wanted, server, run, progress)
    cases: list[WeightedCase] = []
    for case in wanted:
        outcome = outcomes[case.case.id]
        if isinstance(outcome, Problem):
            left_out[case.case.id] = outcome.message
        else:
            cases.append(case)
    if not cases:
        raise NothingMeasuredError("no case can be called", hint="see: perfkit analyze")
    return CallableCases(cases=tuple(cases), left_out=left_out)
