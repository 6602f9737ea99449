"""Power: whole runs of the judge drawn from the pairs of an unchanged database, and what it would say of them. Pure.

A run is drawn case by case with replacement (Efron, "Bootstrap Methods: Another Look at the Jackknife", 1979), each pair
with its sides exchanged half the time: which of two equal sides came first is chance, so that a case is exactly as often
slower as faster. It then goes the way of a trial: a screen, and further looks at what seems changed.
"""

import functools
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from perfkit import stats
from perfkit.baseline.thresholds import Level, Noise, Thresholds
from perfkit.baseline.trial import LOOKS, SCREEN_ROUNDS, still_doubtful
from perfkit.calibrate.pairs import CasePairs

POWER = 0.95
# A rate of 1 % is told to half a percent by about 1,500 runs; where it is far higher, more runs tell nothing new.
MARGIN = 0.005
RUNS_LEAST, RUNS_MOST, RUNS_STEP = 600, 4_000, 200
# With 200 draws a power of 95 % is told to 3 %.
POWER_DRAWS = 200
# Even of a call of a microsecond a thousandfold is felt; a slowdown is told to a twentieth of itself.
SLOWDOWN_MOST = 999.0
SLOWDOWN_STEP = 1.05
_NORMAL_95 = 1.96


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A share of simulated runs, and how far off it may be (95 %)."""

    share: float
    margin: float
    runs: int

    @classmethod
    def of(cls, count: int, runs: int) -> Self:
        """Return the rate of `count` in `runs`; the margin is Agresti and Coull's (1998), which holds at 0 too."""
        centre = (count + 2) / (runs + 4)
        margin = _NORMAL_95 * math.sqrt(centre * (1 - centre) / (runs + 4))
        return cls(share=count / runs, margin=margin, runs=runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """What the screen of a run without a change gave: its noise, and how many cases seemed changed."""

    noise: Noise
    doubtful: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseAlarms:
    """How often a run without a change fails, and the screens of those runs."""

    rate: Rate
    screens: tuple[Screened, ...]


def false_alarms(cases: Sequence[CasePairs], thresholds: Thresholds, *, seed: int) -> FalseAlarms:
    """Return how often the judge fails a run of these cases, at least one, with nothing changed."""
    chance = random.Random(seed)
    pools = [_pool(case) for case in cases]
    screens: list[Screened] = []
    failed = 0
    while True:
        for _ in range(RUNS_STEP):
            screened, fails = _run(cases, pools, thresholds, chance)
            screens.append(screened)
            failed += fails
        rate = Rate.of(failed, len(screens))
        enough = rate.runs >= RUNS_LEAST and rate.margin <= MARGIN
        if enough or rate.runs >= RUNS_MOST:
            return FalseAlarms(rate=rate, screens=tuple(screens))


def smallest_slowdown(
    case: CasePairs, screens: Sequence[Screened], thresholds: Thresholds, *, seed: int
) -> float | None:
    """Return the smallest slowdown of a case (0.1 is 10 %) that a run finds with 95 % power, None when none is found.

    `screens` are those of runs without a change: what the rest of a run looks like.
    """

    def found(slowdown: float) -> bool:
        return power(case, slowdown, screens, thresholds, seed=seed) >= POWER

    low, high = 0.01, SLOWDOWN_MOST
    if not found(high):
        return None
    while high > low * SLOWDOWN_STEP:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if found(middle) else (middle, high)
    return high


def power(
    case: CasePairs, slowdown: float, screens: Sequence[Screened], thresholds: Thresholds, *, seed: int
) -> float:
    """Return the share of runs in which a case that is slower by `slowdown` fails."""
    # The same draws for every slowdown, so that more of it is never found less often.
    chance = random.Random(f"{seed}/{case.case}")
    pool = [log + math.log1p(slowdown) for log in _pool(case)]
    screen_level = thresholds.paired.for_screening(thresholds.screen_alpha)
    failed = 0
    for _ in range(POWER_DRAWS):
        screened = chance.choice(screens)
        logs = chance.choices(pool, k=SCREEN_ROUNDS[True])
        if look(logs, case.median_ms, screened.noise, screen_level).matters:
            strict = _strict(thresholds, screened.doubtful + 1)
            failed += _fails(pool, case.median_ms, screened.noise, strict, chance, thresholds)
    return failed / POWER_DRAWS


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What `paired_timing` says of pairs, as far as it decides: clearly longer or shorter, and by a time that matters."""

    longer: bool
    shorter: bool
    is_felt: bool

    @property
    def matters(self) -> bool:
        """Tell whether the case is clearly slower or faster, by a time that matters."""
        return self.is_felt and (self.longer or self.shorter)


def look(logs: Sequence[float], case_ms: float, noise: Noise, level: Level) -> Look:
    """Return what the judge sees in the logarithms of pairs of a case that takes `case_ms`: see `paired_timing`."""
    mean = math.fsum(logs) / len(logs)
    degrees = len(logs) - 1 + noise.degrees
    squares = math.fsum((log - mean) ** 2 for log in logs)
    variance = (squares + noise.degrees * noise.deviation**2) / degrees
    reach = _quantile(1 - level.alpha, degrees) * math.sqrt(variance / len(logs))
    beyond = math.log(level.ratio)
    return Look(
        longer=mean - reach > beyond,
        shorter=mean + reach < -beyond,
        is_felt=abs(math.expm1(mean)) * case_ms >= level.floor_ms,
    )


def _run(
    cases: Sequence[CasePairs],
    pools: Sequence[Sequence[float]],
    thresholds: Thresholds,
    chance: random.Random,
) -> tuple[Screened, bool]:
    """Return the screen of a run without a change, and whether it fails."""
    screen_level = thresholds.paired.for_screening(thresholds.screen_alpha)
    drawn = [chance.choices(pool, k=SCREEN_ROUNDS[True]) for pool in pools]
    noise = _noise(drawn, thresholds.paired_noise)
    doubtful = [
        place
        for place, logs in enumerate(drawn)
        if look(logs, cases[place].median_ms, noise, screen_level).matters
    ]
    strict = _strict(thresholds, len(doubtful))
    fails = any(
        _fails(pools[place], cases[place].median_ms, noise, strict, chance, thresholds) for place in doubtful
    )
    return Screened(noise=noise, doubtful=len(doubtful)), fails


def _fails(
    pool: Sequence[float],
    case_ms: float,
    noise: Noise,
    strict: Level,
    chance: random.Random,
    thresholds: Thresholds,
) -> bool:
    """Tell whether a case that seemed changed fails in one of the further looks, as `run_trial` takes them."""
    logs: list[float] = []
    for number, rounds in enumerate(LOOKS[True]):
        logs += chance.choices(pool, k=rounds)
        seen = look(logs, case_ms, noise, strict)
        if seen.longer or seen.shorter:
            return seen.longer and seen.is_felt
        if not look(logs, case_ms, noise, still_doubtful(thresholds.paired, number, thresholds)).matters:
            return False
    return False


def _strict(thresholds: Thresholds, doubtful: int) -> Level:
    return thresholds.paired.shared_by(doubtful * len(LOOKS[True]))


def _noise(drawn: Sequence[Sequence[float]], least: Noise) -> Noise:
    """Return the noise that the pairs of all cases tell: see `paired_noise`."""
    middle = stats.median([_deviation(logs) for logs in drawn])
    return Noise(deviation=max(least.deviation, middle), degrees=least.degrees)


def _deviation(logs: Sequence[float]) -> float:
    mean = math.fsum(logs) / len(logs)
    return math.sqrt(math.fsum((log - mean) ** 2 for log in logs) / (len(logs) - 1))


def _pool(case: CasePairs) -> list[float]:
    """Return the pairs of a case with their sides as they were and exchanged."""
    return [*case.logs, *(-log for log in case.logs)]


@functools.cache
def _quantile(p: float, degrees: int) -> float:
    return stats.student_t_quantile(p, degrees)
