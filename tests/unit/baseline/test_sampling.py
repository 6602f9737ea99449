"""How cases are measured in rounds: their order, the turns of both sides, pairs, the budget, fixed work beside them."""

from collections import Counter
from dataclasses import replace
from itertools import groupby
from random import Random

import pytest

from perfkit.baseline.sampling import PairedSampler, StoredSampler
from perfkit.errors import ConnectError, GuardError, StatementError
from perfkit.measure.calibration import WORK
from perfkit.measure.model import CaseResult, ProblemKind
from tests.unit.baseline.simulated import (
    FIXED_WORK_MS,
    Log,
    Simulated,
    Timed,
    failing,
    paired,
    stored,
    workload,
)

READS = [f"read_{number}" for number in range(8)]
WRITES = ["write_a", "write_b", "write_c"]
# In the catalog's order writes stand among the reads.
NAMES = ["write_a", *READS[:4], "write_b", *READS[4:], "write_c"]
CATALOG = workload(NAMES, writing=WRITES)
ONE = workload(["only"])


def _servers(
    *, before_ms: float = 10.0, now_ms: float = 10.0, log: Log | None = None
) -> tuple[Simulated, Simulated]:
    """Return two servers without noise, which write into one log if it is given."""
    names = [*NAMES, "only"]
    base = Simulated("base", {name: Timed(time_ms=before_ms) for name in names}, Random(0))
    head = Simulated("head", {name: Timed(time_ms=now_ms) for name in names}, Random(0))
    if log is not None:
        base.log = head.log = log
    return base, head


def _order(log: Log) -> list[str]:
    """Return the cases in the order of their sessions."""
    return [text for text, _ in groupby(text for _, text in log)]


def _only(sampler: PairedSampler | StoredSampler) -> CaseResult:
    (result,) = sampler.evidence()[1].results
    return result


def test_each_round_has_another_order_with_the_writes_last() -> None:
    orders = []
    for seed in range(5):
        log: Log = []
        paired(*_servers(log=log), CATALOG, seed=seed).round()
        order = _order(log)
        assert sorted(order) == sorted(NAMES)
        assert set(order[-3:]) == set(WRITES)
        orders.append(tuple(order))
    assert len(set(orders)) == 5
    assert len({order[-3:] for order in orders}) > 1


def test_what_writes_left_is_tidied_up_after_the_round() -> None:
    log: Log = []
    sampler = paired(*_servers(log=log), CATALOG)
    sampler.base.side = replace(sampler.base.side, tidy=lambda: log.append(("base", "tidy")))
    sampler.head.side = replace(sampler.head.side, tidy=lambda: log.append(("head", "tidy")))
    sampler.round([f"{READS[0]}/typical"])
    assert "tidy" not in _order(log)
    sampler.fresh().round()
    assert log[-2:] == [("base", "tidy"), ("head", "tidy")]
    assert _order(log).count("tidy") == 1


def test_rounds_of_one_run_differ_and_a_seed_repeats_them() -> None:
    def orders(seed: int) -> list[str]:
        log: Log = []
        sampler = paired(*_servers(log=log), CATALOG, seed=seed)
        for _ in range(3):
            sampler.round()
        return _order(log)

    found = orders(1)
    assert found[:11] != found[11:22] != found[22:]
    assert orders(1) == found


def test_against_a_stored_baseline_the_order_is_shuffled_too() -> None:
    _, head = _servers()
    sampler = stored(_servers()[0], head, CATALOG, seed=1)
    sampler.round()
    sampler.round()
    order = _order(head.log)
    assert order[:11] != order[11:]
    assert set(order[8:11]) == set(order[-3:]) == set(WRITES)


def test_both_sides_of_a_case_run_in_turns_and_chance_says_which_begins() -> None:
    log: Log = []
    sampler = paired(*_servers(log=log), ONE)
    for _ in range(25):
        sampler.round()
    turns = [tuple(name for name, _ in log[at : at + 2]) for at in range(0, len(log), 2)]
    begun = Counter(turns)
    assert begun.keys() == {("base", "head"), ("head", "base")}
    # 100 turns: further from even than this once in 10,000.
    assert min(begun.values()) >= 30


def test_the_warm_up_of_each_side_does_not_count() -> None:
    base, head = _servers()
    sampler = paired(base, head, ONE)
    sampler.round()
    runs = _only(sampler).runs
    assert runs is not None
    assert len(head.log) == len(runs.execution_ms) + 1 == 4


def test_a_round_is_a_session_of_each_chosen_case_on_both_sides() -> None:
    base, head = _servers()
    sampler = paired(base, head, CATALOG)
    sampler.round()
    sampler.round(["read_1/typical", "write_b/typical"])
    expected = {name: 2 if name in {"read_1", "write_b"} else 1 for name in NAMES}
    assert base.sessions == head.sessions == expected
    results = sampler.evidence()[1].results
    assert {result.query.name: len(result.runs.sessions) for result in results if result.runs} == expected


def test_a_fresh_sampler_has_measured_nothing_and_keeps_the_budget() -> None:
    for sampler in (paired(*_servers(), CATALOG, runs=9), stored(*_servers(), CATALOG, runs=9)):
        sampler.round()
        fresh = sampler.fresh()
        assert sampler.is_spent
        assert fresh.is_spent
        assert fresh.evidence()[1].results == ()


def test_evidence_holds_the_base_as_what_was_and_the_head_as_what_is() -> None:
    sampler = paired(*_servers(before_ms=10.0, now_ms=30.0), ONE)
    sampler.round()
    before, now = sampler.evidence()
    assert set(before["only"].cases["typical"].execution_ms) == {10.0}
    assert now.results[0].median_ms == 30.0


@pytest.mark.parametrize("side", ["base", "head"])
def test_pairs_stay_pairs_when_one_side_fails_in_one_session(side: str) -> None:
    """Of a case that failed once nothing is judged, so that no session is held against another one's."""
    base, head = _servers()
    deadlock = StatementError("deadlock detected", sqlstate="40P01")
    (base if side == "base" else head).fails = failing(deadlock, "only", sessions=[1])
    sampler = paired(base, head, ONE)
    for _ in range(3):
        sampler.round()
    before, now = sampler.evidence()
    (result,) = now.results
    assert result.runs is None
    assert result.problem is not None
    assert result.problem.kind is (ProblemKind.SKIPPED if side == "base" else ProblemKind.ERROR)
    assert len(sampler.base.outcomes["only/typical"]) in {2, 3}
    assert ("only" in before) == (side == "head")


def test_pairs_stay_pairs_when_a_run_fails_in_the_middle_of_a_session() -> None:
    base, head = _servers()
    head.breaks_at_run = 2
    sampler = paired(base, head, ONE)
    sampler.round()
    assert sampler.evidence()[0] == {}
    assert _only(sampler).problem is not None
    head.breaks_at_run = None
    other = sampler.fresh()
    other.round()
    before, now = other.evidence()
    assert now.results[0].runs is not None
    assert len(before["only"].cases["typical"].sessions) == len(now.results[0].runs.sessions) == 1


def test_a_refusal_is_told_from_a_failure() -> None:
    base, head = _servers()
    head.fails = failing(GuardError("it writes", hint="--allow-writes"), "only")
    sampler = paired(base, head, ONE)
    sampler.round()
    problem = _only(sampler).problem
    assert problem is not None
    assert (problem.kind, problem.message, problem.hint) == (
        ProblemKind.REFUSED,
        "it writes",
        "--allow-writes",
    )


def test_what_the_head_refuses_runs_at_the_base_alone() -> None:
    base, head = _servers()
    head.fails = failing(GuardError("it calls the volatile function f"), "only")
    sampler = paired(base, head, ONE)
    sampler.round()
    assert base.log == [("base", "only")] * 2  # a warm-up and a run
    assert sampler.evidence()[0].keys() == {"only"}


def test_a_case_that_only_the_head_has_runs_alone() -> None:
    base, head = _servers()
    sampler = paired(base, head, ONE)
    sampler.head.side = replace(sampler.head.side, workload=workload(["only", "read_1"]))
    sampler.round()
    assert base.sessions == {"only": 1}
    assert head.sessions == {"only": 1, "read_1": 1}
    assert sampler.evidence()[0].keys() == {"only"}


@pytest.mark.parametrize("gone", ["base", "head"])
def test_a_server_that_is_gone_is_asked_three_times_and_the_rest_is_skipped(gone: str) -> None:
    base, head = _servers()
    asked: list[tuple[str, int]] = []

    def fails(text: str, session: int) -> None:
        asked.append((text, session))
        raise ConnectError("the server is gone")

    (base if gone == "base" else head).fails = fails
    sampler = paired(base, head, CATALOG)
    sampler.round()
    assert len(asked) == 3
    problems = [result.problem for result in sampler.evidence()[1].results if result.problem]
    assert len(problems) == len(NAMES)
    assert sum("can no longer be reached" in problem.message for problem in problems) == len(NAMES) - 3


def test_fixed_work_runs_beside_the_cases_and_tells_how_fast_the_machine_is() -> None:
    base, head = _servers()
    head.slower = 1.5
    sampler = paired(base, head, ONE)
    sampler.round()
    calibration = sampler.evidence()[1].calibration
    assert calibration == {name: pytest.approx(FIXED_WORK_MS * 1.5) for name in WORK}
    assert sampler.busy_ratio == pytest.approx(1)


def test_fixed_work_that_cannot_run_leaves_the_telling_to_the_cases() -> None:
    base, head = _servers()
    head.fixed_work_fails = True
    sampler = paired(base, head, ONE)
    sampler.round()
    assert sampler.evidence()[1].calibration == {}
    assert sampler.busy_ratio == 1.0
    assert _only(sampler).runs is not None


def test_progress_tells_each_case_before_it_runs_and_the_end() -> None:
    told: list[tuple[int, int, str]] = []
    sampler = paired(*_servers(), CATALOG)
    sampler.progress = lambda done, total, case: told.append((done, total, case))
    sampler.round()
    assert [done for done, _, _ in told] == list(range(len(NAMES) + 1))
    assert {total for _, total, _ in told} == {len(NAMES)}
    assert told[-1][2] == ""
