"""The simulated judge: its false alarms and its power come out as the noise and the theory say."""

import math
import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.baseline.thresholds import THRESHOLDS, Level, Noise
from perfkit.baseline.timing import paired_timing
from perfkit.calibrate.pairs import CasePairs
from perfkit.calibrate.power import (
    RUNS_MOST,
    Rate,
    Screened,
    false_alarms,
    look,
    power,
    smallest_slowdown,
)
from perfkit.calibrate.recommend import FLOORS_MS, SLOWDOWNS, recommend, with_level
from perfkit.plan.runs import Session

AT = datetime(2026, 1, 1, tzinfo=UTC)
QUIET = [Screened(noise=Noise(deviation=0.03, degrees=4), doubtful=0)]


def made_cases(
    count: int, *, noise: float, pairs: int = 40, median_ms: float = 20.0, seed: int = 1
) -> list[CasePairs]:
    chance = random.Random(seed)
    return [
        CasePairs(
            case=f"query/{number}",
            median_ms=median_ms,
            logs=tuple(chance.gauss(0, noise) for _ in range(pairs)),
        )
        for number in range(count)
    ]


@given(
    logs=st.lists(st.floats(-1, 1), min_size=2, max_size=40),
    case_ms=st.sampled_from([0.01, 1.0, 3.9, 100.0]),
    alpha=st.sampled_from([0.2, 0.005, 0.0001]),
    deviation=st.floats(0.01, 0.3),
)
def test_a_look_is_the_judge_s_own(logs: list[float], case_ms: float, alpha: float, deviation: float) -> None:
    noise, level = Noise(deviation=deviation, degrees=4), Level(alpha=alpha, ratio=1.05, floor_ms=0.2)
    before = [Session(at=AT, execution_ms=(case_ms,), planning_ms=(0.1,)) for _ in logs]
    now = [Session(at=AT, execution_ms=(case_ms * math.exp(log),), planning_ms=(0.1,)) for log in logs]
    timing = paired_timing(before, now, noise=noise, level=level)
    seen = look(logs, case_ms, noise, level)
    edges = (math.log(timing.low / 1.05), math.log(timing.high * 1.05), abs(timing.ratio - 1) * case_ms - 0.2)
    if min(map(abs, edges)) > 1e-9:
        assert (seen.longer, seen.shorter) == (timing.longer, timing.shorter)
        assert seen.matters == (timing.slower or timing.faster)


def test_a_run_without_a_change_fails_no_more_often_than_the_judge_promises() -> None:
    """Its level is 0.5 % a run, whatever the noise."""
    for noise in (0.02, 0.1, 0.3):
        rate = false_alarms(made_cases(30, noise=noise), THRESHOLDS, seed=3).rate
        assert rate.share <= THRESHOLDS.paired.alpha + rate.margin
        assert rate.margin <= 0.005


def test_a_judge_at_too_low_a_level_raises_false_alarms_as_often_as_theory_says() -> None:
    """One case, one sided at 20 % in each of its looks: far more than 0.5 % must be told."""
    careless = with_level(THRESHOLDS, slowdown=1.0001, floor_ms=0.0001)
    level = Level(alpha=0.2 * 4, ratio=careless.paired.ratio, floor_ms=careless.paired.floor_ms)
    rate = false_alarms(
        made_cases(1, noise=0.1, pairs=200), replace(careless, paired=level, screen_alpha=0.499), seed=3
    ).rate
    # It is looked at whenever its first mean is positive or negative enough, and each look fails it at 20 %.
    assert 0.1 < rate.share < 0.45
    assert rate.runs == RUNS_MOST


def test_pairs_that_lean_to_one_side_by_chance_are_no_change() -> None:
    """Six pairs that all happened to be slower: nothing was changed, and so nothing must be found."""
    leaning = [CasePairs(case="query/0", median_ms=20.0, logs=(0.04, 0.05, 0.06, 0.05, 0.04, 0.06))]
    assert false_alarms(leaning, THRESHOLDS, seed=1).rate.share < 0.01


def test_the_power_of_a_case_is_what_the_normal_distribution_says() -> None:
    """The smallest slowdown lies between what one look of 4 sessions and what all 32 would find for sure."""
    (case,) = made_cases(1, noise=0.1, pairs=400)
    found = smallest_slowdown(case, QUIET, THRESHOLDS, seed=1)
    assert found is not None
    error = 0.1 / math.sqrt(32)
    least = math.log(1.05) + error * (2.9 + 1.64)  # quantiles of 0.5 % / 4 looks, and of 95 %
    assert 0.8 * least < math.log1p(found) < 0.35
    assert power(case, found, QUIET, THRESHOLDS, seed=1) >= 0.95
    assert power(case, 0.05, QUIET, THRESHOLDS, seed=1) < 0.3


@given(noise=st.sampled_from([0.01, 0.05, 0.2]), median_ms=st.sampled_from([0.1, 1.0, 50.0]))
def test_more_noise_hides_more_and_the_floor_hides_what_nobody_feels(noise: float, median_ms: float) -> None:
    (case,) = made_cases(1, noise=noise, median_ms=median_ms)
    (noisier,) = made_cases(1, noise=2 * noise, median_ms=median_ms)
    slowdown = smallest_slowdown(case, QUIET, THRESHOLDS, seed=1)
    worse = smallest_slowdown(noisier, QUIET, THRESHOLDS, seed=1)
    assert slowdown is not None
    assert worse is not None
    assert slowdown <= worse * 1.06
    assert slowdown * median_ms >= THRESHOLDS.paired.floor_ms * 0.9
    assert slowdown >= 0.05


def test_the_same_seed_gives_the_same_numbers_and_another_one_nearly() -> None:
    cases = made_cases(10, noise=0.1)
    first, again, other = (false_alarms(cases, THRESHOLDS, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert abs(first.rate.share - other.rate.share) <= first.rate.margin + other.rate.margin


def test_a_quiet_machine_is_recommended_the_finest_thresholds() -> None:
    found = recommend(made_cases(20, noise=0.02), THRESHOLDS, seed=1)
    assert (found.slowdown, found.floor_ms) == (SLOWDOWNS[0], FLOORS_MS[0])
    assert found.holds


def test_false_alarms_make_the_recommendation_coarser_until_they_are_few() -> None:
    careless = replace(THRESHOLDS, paired=replace(THRESHOLDS.paired, alpha=0.9))
    cases = made_cases(10, noise=0.2)
    finest = with_level(careless, slowdown=SLOWDOWNS[0], floor_ms=FLOORS_MS[0])
    assert false_alarms(cases, finest, seed=1).rate.share > 0.01
    found = recommend(cases, careless, seed=1)
    assert found.holds
    assert found.slowdown > SLOWDOWNS[0]


def test_quick_cases_are_given_a_larger_floor_before_a_larger_slowdown() -> None:
    careless = replace(THRESHOLDS, paired=replace(THRESHOLDS.paired, alpha=0.9))
    cases = made_cases(10, noise=0.2, median_ms=2.0)
    found = recommend(cases, careless, seed=1)
    assert found.holds
    assert (found.slowdown, found.floor_ms) == (SLOWDOWNS[0], 1.0)


def test_the_margin_of_a_rate_holds_at_none_and_shrinks_with_more_runs() -> None:
    assert 0.003 < Rate.of(0, 600).margin < 0.005
    assert Rate.of(10, 1_000).margin == pytest.approx(0.0068, abs=0.0005)
    assert Rate.of(100, 10_000).margin < Rate.of(10, 1_000).margin
