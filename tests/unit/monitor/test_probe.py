"""A probe is compared with what its plan took and counted: when it was recorded, or when it was accepted."""

from dataclasses import replace
from random import Random

import pytest

import tests.unit.baseline.workloads as w
from perfkit.baseline.accepted import accept_plan
from perfkit.baseline.model import from_analysis
from perfkit.monitor.cases import Before
from perfkit.monitor.probe import probe
from perfkit.plan.model import Plan
from tests.unit.baseline.simulated import MANNER, Simulated, Timed, workload

(CASE,) = workload(["only"]).cases
INDEX, SEQ, PARALLEL = w.index_plan(34), w.seq_plan(4_120), w.parallel_plan(9_000)


@pytest.mark.parametrize(
    ("plan", "before"),
    [
        (INDEX, Before(execution_s=0.01, shared_blocks=34, plan_changed=False)),
        (SEQ, Before(execution_s=0.03, shared_blocks=4_120, plan_changed=False)),
        (PARALLEL, Before(execution_s=0.01, shared_blocks=34, plan_changed=True)),
    ],
)
def test_each_plan_is_held_to_its_own_figures(plan: Plan, before: Before) -> None:
    measured = w.analysis(w.result(w.runs(INDEX, (10.0, 10.0, 10.0)), of=CASE.query))
    (recorded,) = from_analysis(measured)
    baseline = {"only": accept_plan(recorded, "typical", w.accepted(SEQ, (30.0, 30.0)))}
    server = Simulated("server", {"only": Timed(plan=plan, time_ms=25.0)}, Random(0))
    assert probe(CASE, server, MANNER, baseline).before == before


def test_a_plan_that_was_accepted_without_times_is_held_to_those_recorded() -> None:
    measured = w.analysis(w.result(w.runs(INDEX, (10.0,)), of=CASE.query))
    (recorded,) = from_analysis(measured)
    untimed = replace(w.accepted(SEQ), sessions=())
    baseline = {"only": accept_plan(recorded, "typical", untimed)}
    server = Simulated("server", {"only": Timed(plan=SEQ, time_ms=25.0)}, Random(0))
    found = probe(CASE, server, MANNER, baseline).before
    assert found == Before(execution_s=0.01, shared_blocks=4_120, plan_changed=False)
