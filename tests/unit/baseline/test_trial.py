"""A run that is to be believed: no alarm without a change, no change missed, the doubtful measured anew."""

from collections import Counter
from collections.abc import Callable, Collection
from random import Random

import pytest

import tests.unit.baseline.workloads as w
from perfkit.baseline.sampling import Sampler
from perfkit.baseline.trial import SCREEN_ROUNDS, Trial, run_trial
from perfkit.baseline.verdict import Cause, Gate, Verdict, VerdictKind
from perfkit.catalog.workload import Workload
from perfkit.errors import ConnectError, GuardError, MeasureError, NothingMeasuredError, StatementError
from perfkit.plan.model import Plan
from tests.unit.baseline.simulated import PLAN, Simulated, Timed, failing, paired, stored, workload

NAMES = [f"query_{number:02}" for number in range(60)]
# 2 ms to 62 ms, as the cases of a catalog differ.
TIMES_MS = {name: 2 * 1.06**number for number, name in enumerate(NAMES)}
WORK = workload(NAMES)
# A session of one case on one side, paired: a warm-up and three runs.
RUNS_A_SESSION = 4


def _pair(
    seed: int, noise: float, *, factor: float = 1.0, changed: Collection[str] = ()
) -> tuple[Simulated, Simulated]:
    """Return two servers, on the second of which the changed cases take `factor` times as long."""
    chance = Random(seed)
    base = {name: Timed(time_ms=time) for name, time in TIMES_MS.items()}
    head = {name: Timed(time_ms=time * (factor if name in changed else 1)) for name, time in TIMES_MS.items()}
    return Simulated("base", base, chance, noise), Simulated("head", head, chance, noise)


def _failed(trial: Trial) -> set[str]:
    return {verdict.query for verdict in trial.judgement.with_gate(Gate.FAILED, Gate.ERROR)}


def _verdict(trial: Trial, name: str) -> Verdict:
    (verdict,) = (verdict for verdict in trial.judgement.verdicts if verdict.query == name)
    return verdict


@pytest.mark.parametrize("noise", [0.05, 0.2])
def test_without_a_change_at_most_one_run_in_a_hundred_fails(noise: float) -> None:
    # None in 50, by which a judge that errs in one run of 20 passes no more often than by one in 100.
    alarms = [seed for seed in range(50) if _failed(run_trial(paired(*_pair(seed, noise), WORK, seed=seed)))]
    assert alarms == []


def test_against_a_stored_baseline_at_most_one_run_in_fifty_fails() -> None:
    alarms = [seed for seed in range(50) if _failed(run_trial(stored(*_pair(seed, 0.05), WORK, seed=seed)))]
    assert len(alarms) <= 1, alarms


@pytest.mark.parametrize(("factor", "least_share"), [(1.15, 0.7), (1.3, 0.95), (2.0, 1.0)])
def test_slowdowns_are_found_and_nothing_else_is(factor: float, least_share: float) -> None:
    found = wrong = 0
    trials = 12
    for seed in range(trials):
        changed = {NAMES[seed], NAMES[30], NAMES[59 - seed]}
        failed = _failed(
            run_trial(paired(*_pair(seed, 0.05, factor=factor, changed=changed), WORK, seed=seed))
        )
        found += len(failed & changed)
        wrong += len(failed - changed)
    assert found >= least_share * 3 * trials
    assert wrong == 0


def test_a_slowdown_is_found_against_a_stored_baseline() -> None:
    for seed in range(10):
        base, head = _pair(seed, 0.05, factor=2.0, changed={NAMES[20]})
        assert _failed(run_trial(stored(base, head, WORK, seed=seed))) == {NAMES[20]}


def test_what_got_faster_never_fails_and_is_called_faster() -> None:
    trial = run_trial(paired(*_pair(1, 0.05, factor=0.5, changed={NAMES[20]}), WORK))
    assert _failed(trial) == set()
    verdict = _verdict(trial, NAMES[20])
    assert (verdict.kind, verdict.gate, verdict.cause) == (VerdictKind.FASTER, Gate.PASSED, Cause.IMPROVED)


# From here on there is no noise, so that every number is known.
FEW = ("changed", "steady", "other")
FEW_WORK = workload(FEW)


def _quiet(**head_ms: float) -> tuple[Simulated, Simulated]:
    """Return two servers without noise on which everything takes 10 ms but what is named."""
    base = {name: Timed(time_ms=10.0) for name in FEW}
    head = {name: Timed(time_ms=head_ms.get(name, 10.0)) for name in FEW}
    return Simulated("base", base, Random(0)), Simulated("head", head, Random(0))


Make = Callable[[Simulated, Simulated, Workload], Sampler]
BOTH_WAYS = pytest.mark.parametrize("make", [paired, stored])


@BOTH_WAYS
def test_what_is_clearly_the_same_is_measured_no_more_than_the_screen(make: Make) -> None:
    base, head = _quiet(changed=30.0)
    sampler = make(base, head, FEW_WORK)
    trial = run_trial(sampler)
    screen = SCREEN_ROUNDS[sampler.paired]
    assert _failed(trial) == {"changed"}
    assert trial.looked_again == 1
    assert head.sessions["steady"] == head.sessions["other"] == screen
    assert head.sessions["changed"] > screen


def _changing(
    head_ms: tuple[float, float], at_session: int, plan: Plan = PLAN
) -> tuple[Simulated, Simulated]:
    """Return servers of which the head takes the first time for `changed` until a session, then the second."""
    base, head = _quiet()
    statements = dict(head.statements)
    head.statements = statements
    statements["changed"] = Timed(plan=plan, time_ms=head_ms[0])

    def switch(text: str, session: int) -> None:
        if text == "changed" and session == at_session:
            statements["changed"] = Timed(plan=plan, time_ms=head_ms[1])

    head.fails = switch
    return base, head


@BOTH_WAYS
def test_what_was_slow_at_first_but_not_with_fresh_data_does_not_fail(make: Make) -> None:
    base, head = _changing((30.0, 10.0), SCREEN_ROUNDS[make is paired])
    trial = run_trial(make(base, head, FEW_WORK))
    assert not trial.judgement.failed
    assert trial.looked_again == 1
    assert _verdict(trial, "changed").kind is VerdictKind.SAME
    assert _verdict(trial, "changed").evidence["median_now_ms"] == 10.0


def test_the_second_measurement_alone_decides() -> None:
    trial = run_trial(paired(*_changing((11.0, 50.0), SCREEN_ROUNDS[True]), FEW_WORK))
    verdict = _verdict(trial, "changed")
    assert verdict.gate is Gate.FAILED
    assert verdict.evidence["median_now_ms"] == 50.0


def test_a_lost_index_is_looked_at_again_and_keeps_its_cause() -> None:
    base, head = _quiet()
    head.statements = {**head.statements, "changed": Timed(plan=w.seq_plan(), time_ms=40.0)}
    head.around = w.facts(w.without_index(w.person()))
    trial = run_trial(paired(base, head, FEW_WORK))
    assert _failed(trial) == {"changed"}
    assert _verdict(trial, "changed").cause is Cause.INDEX_LOST
    assert trial.looked_again == 1


def test_a_budget_that_ends_after_the_first_look_fails_nothing() -> None:
    base, head = _quiet(changed=30.0)
    screen = len(FEW) * SCREEN_ROUNDS[True] * RUNS_A_SESSION * 2
    trial = run_trial(paired(base, head, FEW_WORK, runs=screen))
    assert len(base.log) + len(head.log) == screen
    verdict = _verdict(trial, "changed")
    assert (verdict.kind, verdict.gate) == (VerdictKind.INCONCLUSIVE, Gate.WARNING)
    assert "seen once" in verdict.message
    assert "--budget" in verdict.hint
    assert not trial.judgement.failed
    assert trial.judgement.undecided
    assert _verdict(trial, "steady").kind is VerdictKind.SAME


@pytest.mark.parametrize(
    ("error", "fails"),
    [
        (StatementError("relation gone", sqlstate="42P01"), True),
        (StatementError("not supported", sqlstate="0A000"), True),
        (StatementError("invalid input syntax", sqlstate="22P02"), True),
        (GuardError("it calls the volatile function f"), True),
        (StatementError("canceling statement due to statement timeout", sqlstate="57014"), False),
        (StatementError("lock not available", sqlstate="55P03"), False),
        (StatementError("deadlock detected", sqlstate="40P01"), False),
        (StatementError("terminating connection", sqlstate="57P01"), False),
    ],
)
def test_what_cannot_run_needs_no_second_look_unless_the_reason_may_pass(
    error: MeasureError, *, fails: bool
) -> None:
    base, head = _quiet()
    head.fails = failing(error, "changed")
    # The base runs the case alone, a warm-up and a run, so that it is known to have run before.
    screen = SCREEN_ROUNDS[True] * ((len(FEW) - 1) * RUNS_A_SESSION * 2 + 2)
    trial = run_trial(paired(base, head, FEW_WORK, runs=screen))
    verdict = _verdict(trial, "changed")
    assert verdict.gate is (Gate.ERROR if fails else Gate.WARNING)
    assert ("seen once" in verdict.message) != fails
    assert trial.judgement.failed == fails
    assert head.sessions["changed"] == SCREEN_ROUNDS[True]


def test_a_budget_that_ends_after_the_first_look_fails_nothing_against_a_stored_baseline_either() -> None:
    base, head = _quiet(changed=30.0)
    trial = run_trial(stored(base, head, FEW_WORK, runs=len(FEW) * RUNS_A_SESSION))
    verdict = _verdict(trial, "changed")
    assert (verdict.kind, verdict.gate) == (VerdictKind.INCONCLUSIVE, Gate.WARNING)
    assert not trial.judgement.failed


def test_a_budget_ends_the_rounds_between_two_cases_and_names_what_it_left_out() -> None:
    base, head = _quiet()
    trial = run_trial(paired(base, head, FEW_WORK, runs=RUNS_A_SESSION * 2 * 2))
    assert len(base.log) == len(head.log) == RUNS_A_SESSION * 2
    kinds = Counter(verdict.kind for verdict in trial.judgement.verdicts)
    assert kinds == {VerdictKind.SAME: 2, VerdictKind.SKIPPED: 1}
    (skipped,) = (v for v in trial.judgement.verdicts if v.kind is VerdictKind.SKIPPED)
    assert "the time budget was spent" in skipped.message
    assert trial.judgement.undecided


def test_a_budget_in_which_nothing_was_measured_is_no_pass() -> None:
    with pytest.raises(NothingMeasuredError, match="the time budget was spent"):
        run_trial(paired(*_quiet(), FEW_WORK, runs=0))


FAILURE = StatementError("relation gone", sqlstate="42P01")


def test_what_fails_before_the_change_is_skipped() -> None:
    base, head = _quiet()
    base.fails = failing(FAILURE, "changed")
    trial = run_trial(paired(base, head, FEW_WORK))
    verdict = _verdict(trial, "changed")
    assert (verdict.kind, verdict.gate) == (VerdictKind.SKIPPED, Gate.SKIPPED)
    assert "it fails before the change: relation gone" in verdict.message
    assert not trial.judgement.failed


def test_what_fails_after_the_change_fails_the_gate() -> None:
    base, head = _quiet()
    head.fails = failing(FAILURE, "changed")
    trial = run_trial(paired(base, head, FEW_WORK))
    verdict = _verdict(trial, "changed")
    assert (verdict.kind, verdict.gate, verdict.cause) == (
        VerdictKind.ERROR,
        Gate.ERROR,
        Cause.STATEMENT_FAILED,
    )
    assert verdict.evidence["sqlstate"] == "42P01"
    assert _failed(trial) == {"changed"}


@BOTH_WAYS
def test_what_fails_once_and_not_again_passes(make: Make) -> None:
    base, head = _quiet()
    head.fails = failing(FAILURE, "changed", sessions=[0])
    trial = run_trial(make(base, head, FEW_WORK))
    assert not trial.judgement.failed
    assert trial.looked_again == 1
    assert _verdict(trial, "changed").kind is VerdictKind.SAME


def test_a_server_that_is_gone_is_not_asked_for_every_case() -> None:
    base, head = _pair(0, 0.0)
    asked: list[str] = []

    def gone(text: str, session: int) -> None:
        asked.append(f"{text} {session}")
        raise ConnectError("the server is gone")

    head.fails = gone
    with pytest.raises(NothingMeasuredError, match="no case was measured: the server"):
        run_trial(paired(base, head, WORK))
    assert len(asked) <= 3 * SCREEN_ROUNDS[True]


def test_what_stays_in_doubt_is_inconclusive_with_its_interval() -> None:
    verdicts = [
        verdict
        for seed in range(4)
        for verdict in run_trial(paired(*_pair(seed, 0.6), WORK, seed=seed)).judgement.verdicts
        if verdict.kind is VerdictKind.INCONCLUSIVE
    ]
    assert verdicts
    assert {(verdict.gate, verdict.cause) for verdict in verdicts} == {(Gate.WARNING, Cause.TOO_NOISY)}
    assert all("too noisy to tell" in verdict.message for verdict in verdicts)


def test_a_busy_machine_is_said() -> None:
    base, head = _quiet()
    head.noise = 1.0
    notes = run_trial(paired(base, head, FEW_WORK)).judgement.notes
    assert any("the machine was busy" in note for note in notes)
    assert run_trial(paired(*_quiet(), FEW_WORK)).judgement.notes == ()


@pytest.mark.parametrize(("slower", "other"), [(1.0, False), (1.3, False), (2.0, True), (0.4, True)])
def test_on_another_machine_only_counters_count(slower: float, *, other: bool) -> None:
    base, head = _pair(3, 0.02, factor=1.8, changed={NAMES[20]})
    head.slower = slower
    trial = run_trial(stored(base, head, WORK))
    assert _failed(trial) == (set() if other else {NAMES[20]})
    assert any("times do not count" in note for note in trial.judgement.notes) == other


def test_on_another_machine_a_lost_index_is_still_found() -> None:
    base, head = _quiet()
    head.statements = {**head.statements, "changed": Timed(plan=w.seq_plan(), time_ms=80.0)}
    head.around = w.facts(w.without_index(w.person()))
    head.slower = 3.0
    trial = run_trial(stored(base, head, FEW_WORK))
    assert _failed(trial) == {"changed"}
    assert _verdict(trial, "changed").cause is Cause.INDEX_LOST


@pytest.mark.parametrize(("then_ms", "fails"), [(15.0, True), (10.0, False)])
def test_grown_data_are_held_to_what_they_take_with_fresh_data(then_ms: float, *, fails: bool) -> None:
    base, head = _changing((10.3, then_ms), SCREEN_ROUNDS[True], w.index_plan(51, 45))
    head.around = w.facts(w.person(rows=150_000, blocks=6_180))
    trial = run_trial(paired(base, head, FEW_WORK))
    assert _verdict(trial, "changed").cause is Cause.DATA_GREW
    assert (_failed(trial), trial.looked_again) == ({"changed"} if fails else set(), 1)


def test_a_case_that_the_change_made_unsafe_to_run_is_an_error() -> None:
    base, head = _pair(1, 0.05)
    head.fails = failing(GuardError("it calls the volatile function f"), NAMES[20])
    verdict = _verdict(run_trial(paired(base, head, WORK)), NAMES[20])
    assert (verdict.kind, verdict.gate, verdict.cause) == (VerdictKind.ERROR, Gate.ERROR, Cause.REFUSED)


def test_a_case_that_is_refused_on_both_sides_is_not_judged() -> None:
    base, head = _pair(1, 0.05)
    base.fails = head.fails = failing(GuardError("it calls the volatile function f"), NAMES[20])
    assert _verdict(run_trial(paired(base, head, WORK)), NAMES[20]).gate is Gate.SKIPPED
