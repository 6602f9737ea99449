"""What the times of a case say beside its counters: how many times slower, within what interval, and if that is clear.

The unit is a session: the logarithm of its median time, or in a paired run of the ratio of the two sides' medians. A
change in time is the mean of these, and its interval is that of Student's t with a moderated variance (Smyth, "Linear
Models and Empirical Bayes Methods for Assessing Differential Expression in Microarray Experiments", 2004): the noise of
all cases together stands in where a case has few sessions of its own. Within a pair the two sides run in random order,
so that noise of whatever shape falls on both alike.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from perfkit import stats
from perfkit.baseline.thresholds import Level, Noise
from perfkit.plan.runs import Session

# A time of zero has no logarithm; the server tells microseconds.
_LEAST_MS = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a judgement of times stands on.

    `paired` tells that both sides were measured side by side. `noise` is what a session varies by, None when the run
    itself is to tell that, and the machine too. `machine` is how many times slower that is, as the cases say, None when
    too few of them can.
    """

    paired: bool
    level: Level
    noise: Noise | None = None
    machine: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Times of a case before and now, judged at a level.

    Medians in ms as measured; `change` is the mean of the logarithm of now / before after the machine's own change is
    taken out, `error` its standard error, with `degrees` of freedom. `longer`, `shorter` and `not_longer` tell that it is
    clear, `slower` and `faster` that it also matters, being more than the floor. None of them is when `counts` is False:
    the machine is too different to tell.
    """

    before_ms: float
    now_ms: float
    machine_ratio: float
    change: float
    error: float
    degrees: int
    level: Level
    sessions: int
    counts: bool = True

    def at(self, level: Level) -> "Timing":
        """Return the same times, judged at another level."""
        return replace(self, level=level)

    @property
    def ratio(self) -> float:
        """Return now / before."""
        return math.exp(self.change)

    @property
    def low(self) -> float:
        """Return the lower end of the ratio's interval."""
        return math.exp(self.change - self._reach)

    @property
    def high(self) -> float:
        """Return the upper end of the ratio's interval."""
        return math.exp(self.change + self._reach)

    @property
    def longer(self) -> bool:
        """Tell whether the case clearly takes longer, however little that is in ms."""
        return self.counts and self.low > self.level.ratio

    @property
    def shorter(self) -> bool:
        """Tell whether the case clearly takes less long."""
        return self.counts and self.high < 1 / self.level.ratio

    @property
    def not_longer(self) -> bool:
        """Tell whether the case clearly takes no longer."""
        return self.counts and self.high < self.level.ratio

    @property
    def slower(self) -> bool:
        """Tell whether the case is clearly slower, by a time that matters."""
        return self.longer and self._is_felt

    @property
    def faster(self) -> bool:
        """Tell whether the case is clearly faster, by a time that matters."""
        return self.shorter and self._is_felt

    @property
    def _is_felt(self) -> bool:
        return abs(self.ratio - 1) * self.before_ms >= self.level.floor_ms

    @property
    def _reach(self) -> float:
        return stats.student_t_quantile(1 - self.level.alpha, self.degrees) * self.error


def stored_timing(
    before: Sequence[Session],
    now: Sequence[Session],
    *,
    machine_ratio: float,
    counts: bool,
    noise: Noise,
    level: Level,
) -> Timing:
    """Return what sessions measured now say against stored ones; `machine_ratio` is how much slower the machine is."""
    logs = [_session_logs(before), _session_logs(now)]
    deviation, degrees = _moderated(logs, noise)
    return Timing(
        before_ms=_median_ms(before),
        now_ms=_median_ms(now),
        machine_ratio=machine_ratio,
        change=_mean(logs[1]) - _mean(logs[0]) - math.log(machine_ratio),
        error=deviation * math.sqrt(sum(1 / len(each) for each in logs)),
        degrees=degrees,
        level=level,
        sessions=len(now),
        counts=counts,
    )


def paired_timing(before: Sequence[Session], now: Sequence[Session], *, noise: Noise, level: Level) -> Timing:
    """Return what paired sessions say: the first of `now` ran beside the first of `before`, and so on."""
    ratios = pair_logs(before, now)
    deviation, degrees = _moderated([ratios], noise)
    return Timing(
        before_ms=_median_ms(before),
        now_ms=_median_ms(now),
        machine_ratio=1.0,
        change=_mean(ratios),
        error=deviation / math.sqrt(len(ratios)),
        degrees=degrees,
        level=level,
        sessions=len(now),
    )


def stored_noise(cases: Iterable[tuple[Sequence[Session], Sequence[Session]]], least: Noise) -> Noise:
    """Return the typical noise of a session, from the sessions before and now of many cases; at least `least`."""
    return _typical(([_session_logs(before), _session_logs(now)] for before, now in cases), least)


def paired_noise(cases: Iterable[tuple[Sequence[Session], Sequence[Session]]], least: Noise) -> Noise:
    """Return the typical noise of a pair of sessions, from those of many cases; at least `least`."""
    return _typical(([pair_logs(before, now)] for before, now in cases), least)


def machine_ratio(unchanged: Iterable[tuple[float, float]], least_cases: int) -> float | None:
    """Return how many times slower the machine is, from the medians before and now of cases that did the same work.

    None when too few cases can tell.
    """
    ratios = [now / before for before, now in unchanged if before > 0 and now > 0]
    return stats.median(ratios) if len(ratios) >= least_cases else None


def _session_logs(sessions: Sequence[Session]) -> list[float]:
    return [math.log(max(_LEAST_MS, stats.median(session.execution_ms))) for session in sessions]


def pair_logs(before: Sequence[Session], now: Sequence[Session]) -> list[float]:
    """Return the logarithm of the second side's median / the first's, a pair of sessions each."""
    pairs = zip(_session_logs(before), _session_logs(now), strict=False)
    return [later - earlier for earlier, later in pairs]


def _moderated(groups: Sequence[Sequence[float]], noise: Noise) -> tuple[float, int]:
    """Return the deviation of a value of the groups, drawn towards the typical noise, and its degrees of freedom."""
    own = sum(max(0, len(values) - 1) for values in groups)
    squares = sum(_squares(values) for values in groups)
    degrees = own + noise.degrees
    return math.sqrt((squares + noise.degrees * noise.deviation**2) / degrees), degrees


def _typical(cases: Iterable[Sequence[Sequence[float]]], least: Noise) -> Noise:
    deviations = []
    for groups in cases:
        degrees = sum(max(0, len(values) - 1) for values in groups)
        if degrees:
            deviations.append(math.sqrt(sum(map(_squares, groups)) / degrees))
    middle = stats.median(deviations) if deviations else 0.0
    return Noise(deviation=max(least.deviation, middle), degrees=least.degrees)


def _squares(values: Sequence[float]) -> float:
    mean = _mean(values)
    return math.fsum((value - mean) ** 2 for value in values)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _median_ms(sessions: Sequence[Session]) -> float:
    return stats.median([time for session in sessions for time in session.execution_ms])
