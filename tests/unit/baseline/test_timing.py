"""What sessions say of a case's time: pairs, the machine's own change, the interval, the floor."""

import math
from random import Random

import pytest

import tests.unit.baseline.workloads as w
from perfkit.baseline.accepted import accept_plan
from perfkit.baseline.judge import judge
from perfkit.baseline.thresholds import THRESHOLDS, Level, Noise
from perfkit.baseline.timing import (
    Ground,
    machine_ratio,
    paired_noise,
    paired_timing,
    stored_noise,
    stored_timing,
)
from perfkit.baseline.verdict import Cause, Gate, Judgement, VerdictKind
from perfkit.measure.model import Analysis
from perfkit.plan.model import Plan
from perfkit.plan.runs import Session

LEVEL = Level(alpha=0.01, ratio=1.05, floor_ms=0.2)
NOISE = Noise(deviation=0.03, degrees=4)
PAIRED = Ground(paired=True, level=THRESHOLDS.paired)


def _sessions(*times_ms: float) -> tuple[Session, ...]:
    return w.runs(w.index_plan(), times_ms).sessions


def test_a_drift_that_both_sides_share_is_no_change() -> None:
    before, now = (10.0, 20.0, 40.0, 80.0), (10.1, 19.9, 40.2, 79.8)
    timing = paired_timing(_sessions(*before), _sessions(*now), noise=NOISE, level=LEVEL)
    assert timing.ratio == pytest.approx(1, abs=0.01)
    assert (timing.longer, timing.shorter) == (False, False)
    assert timing.high < 1.06


def test_a_pair_is_of_two_sessions_side_by_side_and_one_without_its_other_says_nothing() -> None:
    before = _sessions(10.0, 20.0, 40.0)
    timing = paired_timing(before, _sessions(15.0, 30.0), noise=NOISE, level=LEVEL)
    assert timing.ratio == pytest.approx(1.5)


def test_a_session_counts_by_its_median_so_that_one_odd_run_says_nothing() -> None:
    before = w.runs_of_one_session(w.index_plan(), (10.0, 10.0, 10.0)).sessions
    now = w.runs_of_one_session(w.index_plan(), (10.0, 500.0, 10.0)).sessions
    assert paired_timing(before, now, noise=NOISE, level=LEVEL).ratio == pytest.approx(1)


@pytest.mark.parametrize(
    ("factor", "longer", "shorter"),
    [(1.3, True, False), (1 / 1.3, False, True), (1.06, False, False), (1.0, False, False)],
)
def test_a_change_is_clear_when_its_whole_interval_is_beyond_the_limit(
    factor: float, *, longer: bool, shorter: bool
) -> None:
    before = (10.0, 10.2, 9.9, 10.1)
    timing = paired_timing(
        _sessions(*before), _sessions(*(t * factor for t in before)), noise=NOISE, level=LEVEL
    )
    assert (timing.longer, timing.shorter) == (longer, shorter)
    assert timing.low < timing.ratio < timing.high


def test_a_clear_change_below_the_floor_does_not_matter() -> None:
    timing = paired_timing(_sessions(*[0.1] * 8), _sessions(*[0.2] * 8), noise=NOISE, level=LEVEL)
    assert timing.longer
    assert not timing.slower
    felt = paired_timing(_sessions(*[1.0] * 8), _sessions(*[2.0] * 8), noise=NOISE, level=LEVEL)
    assert felt.slower


def test_a_time_of_nothing_is_no_crash() -> None:
    timing = paired_timing(_sessions(0.0, 0.0), _sessions(0.0, 0.0), noise=NOISE, level=LEVEL)
    assert (timing.ratio, timing.slower) == (1.0, False)


def test_more_sessions_and_less_noise_narrow_the_interval() -> None:
    def width(sessions: int, noise: float) -> float:
        times = _sessions(*[10.0] * sessions)
        timing = paired_timing(times, times, noise=Noise(deviation=noise, degrees=4), level=LEVEL)
        return timing.high / timing.low

    assert width(16, 0.03) < width(4, 0.03) < width(2, 0.03)
    assert width(4, 0.03) < width(4, 0.2)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    chance, true_ratio, noise = Random(1), 1.1, Noise(deviation=0.1, degrees=4)
    level = Level(alpha=0.05, ratio=1.05, floor_ms=0.2)
    inside = 0
    for _ in range(1_000):
        before = [10 * math.exp(chance.gauss(0, 0.07)) for _ in range(6)]
        now = [10 * true_ratio * math.exp(chance.gauss(0, 0.07)) for _ in range(6)]
        timing = paired_timing(_sessions(*before), _sessions(*now), noise=noise, level=level)
        inside += timing.low <= true_ratio <= timing.high
    assert inside >= 900 - 30  # two tails of 5 %, and three deviations of chance


def test_the_noise_of_a_run_is_that_of_its_cases_at_the_median_and_never_less_than_expected() -> None:
    quiet = (_sessions(10, 10, 10), _sessions(10, 10, 10))
    loud = (_sessions(10, 30, 10), _sessions(30, 10, 10))
    assert paired_noise([quiet] * 3, NOISE).deviation == NOISE.deviation
    assert paired_noise([quiet, loud, loud], NOISE).deviation > 0.5
    assert stored_noise([loud] * 3, NOISE).deviation > 0.5
    assert paired_noise([], NOISE) == NOISE


def test_the_machine_is_as_slow_as_the_cases_say_at_the_median_if_enough_can_tell() -> None:
    assert machine_ratio([(10, 20)] * 4 + [(10, 500)], 5) == 2
    assert machine_ratio([(10, 20)] * 4, 5) is None
    assert machine_ratio([(0, 20)] * 9, 5) is None


def test_the_machines_own_change_is_taken_out_of_a_stored_time() -> None:
    timing = stored_timing(
        _sessions(*[10.0] * 5),
        _sessions(*[13.0] * 5),
        machine_ratio=1.3,
        counts=True,
        noise=NOISE,
        level=THRESHOLDS.stored,
    )
    assert timing.ratio == pytest.approx(1)
    assert (timing.before_ms, timing.now_ms, timing.machine_ratio) == (10.0, 13.0, 1.3)
    assert not timing.longer


def test_a_time_that_does_not_count_is_never_clear() -> None:
    timing = stored_timing(
        _sessions(*[10.0] * 5),
        _sessions(*[90.0] * 5),
        machine_ratio=1.0,
        counts=False,
        noise=NOISE,
        level=THRESHOLDS.stored,
    )
    assert (timing.longer, timing.slower, timing.shorter) == (False, False, False)


def _machine_slower(factor: float) -> tuple[tuple[str, ...], list[VerdictKind]]:
    """Return notes and verdicts of six cases that all take `factor` times as long, and a seventh four times that."""
    names = [f"other_{i}" for i in range(6)] + ["worse"]
    times = (10.0, 10.1, 10.2)
    before = w.analysis(*(w.result(w.runs(w.index_plan(), times), of=w.query(name)) for name in names))
    now = w.analysis(
        *(
            w.result(
                w.runs(w.index_plan(), tuple(t * factor * (4 if name == "worse" else 1) for t in times)),
                of=w.query(name),
            )
            for name in names
        )
    )
    judgement = judge(w.baseline(before), now)
    return judgement.notes, [verdict.kind for verdict in judgement.verdicts]


@pytest.mark.parametrize(("factor", "words"), [(1.5, "50 % slower"), (0.5, "50 % faster")])
def test_on_another_machine_times_do_not_count_and_that_is_said(factor: float, words: str) -> None:
    notes, kinds = _machine_slower(factor)
    assert len(notes) == 1
    assert f"the machine is {words} than when the baseline was recorded" in notes[0].replace(
        "\N{NO-BREAK SPACE}", " "
    )
    assert kinds == [VerdictKind.SAME] * 7


@pytest.mark.parametrize("factor", [1.0, 1.3, 0.75])
def test_on_a_machine_that_is_much_the_same_a_slower_case_stands_out(factor: float) -> None:
    notes, kinds = _machine_slower(factor)
    assert notes == ()
    assert kinds == [VerdictKind.SAME] * 6 + [VerdictKind.SLOWER]


def _accepted_after(
    slower: float, since: float, own: float = 1, *, others: int = 6, fixed_work: bool = True
) -> Judgement:
    """Return the judgement on an accepted plan that takes `own` times as long as the machine lets expect, the first case.

    The machine became so much `slower` between baseline and acceptance, and `since` then; other cases keep their plan.
    """

    def at(factor: float) -> tuple[float, ...]:
        return tuple(time * factor for time in (10.0, 10.1, 10.2))

    def workload(plan: Plan, machine: float, case: float) -> Analysis:
        steady = (
            w.result(w.runs(w.index_plan(), at(machine)), of=w.query(f"other_{i}")) for i in range(others)
        )
        return w.analysis(
            w.result(w.runs(plan, at(machine * case))), *steady, calibration={"processor": 5.0 * machine}
        )

    plan = w.accepted(w.seq_plan(), at(slower), calibration={"processor": 5.0 * slower} if fixed_work else {})
    stored = w.baseline(workload(w.index_plan(), 1, 1))
    stored["directory"] = accept_plan(stored["directory"], "typical", plan)
    return judge(stored, workload(w.seq_plan(), slower * since, own))


@pytest.mark.parametrize("others", [6, 0])
@pytest.mark.parametrize("slower", [1.3, 1 / 1.3, 1.6, 1 / 1.6])
def test_an_accepted_plan_is_held_to_the_machine_that_it_was_accepted_on(slower: float, others: int) -> None:
    verdict = _accepted_after(slower, 1, others=others).verdicts[0]
    assert verdict.kind is VerdictKind.SAME
    assert verdict.evidence["machine_ratio"] == 1
    assert _accepted_after(slower, 1, 2, others=others).verdicts[0].kind is VerdictKind.SLOWER
    assert _accepted_after(slower, 1, 0.5, others=others).verdicts[0].kind is VerdictKind.FASTER


@pytest.mark.parametrize("slower", [1, 1.2, 1 / 1.2])
@pytest.mark.parametrize("since", [1.1, 1 / 1.1])
def test_what_the_machine_changed_by_since_the_acceptance_is_taken_out(slower: float, since: float) -> None:
    verdict = _accepted_after(slower, since).verdicts[0]
    assert verdict.kind is VerdictKind.SAME
    assert verdict.evidence["machine_ratio"] == pytest.approx(since, abs=0.01)


def test_the_times_of_an_accepted_plan_do_not_count_where_its_machine_is_not_known() -> None:
    assert _accepted_after(1, 1, 3).verdicts[0].kind is VerdictKind.SLOWER
    assert _accepted_after(1, 1, 3, fixed_work=False).verdicts[0].kind is VerdictKind.SAME


@pytest.mark.parametrize(
    ("fixed_work", "words"),
    [(True, "times count only of plans accepted since"), (False, "times do not count")],
)
def test_on_another_machine_than_the_baselines_it_is_said_whose_times_count(
    fixed_work: bool,  # noqa: FBT001  parametrised
    words: str,
) -> None:
    (note,) = _accepted_after(1.6, 1, fixed_work=fixed_work).notes
    assert note.endswith(f"than when the baseline was recorded: {words}, counters do")


def test_side_by_side_the_machine_is_no_excuse() -> None:
    before = w.analysis(w.result(w.runs(w.index_plan(), (10.0, 10.1, 10.2, 9.9))))
    now = w.analysis(w.result(w.runs(w.index_plan(), (20.0, 20.2, 20.4, 19.8))))
    (verdict,) = judge(w.baseline(before), now, PAIRED).verdicts
    assert (verdict.kind, verdict.gate, verdict.cause) == (VerdictKind.SLOWER, Gate.FAILED, Cause.TIME_GREW)
