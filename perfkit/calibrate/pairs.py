"""Pairs: what an unchanged case took beside itself, one session on each side, again and again."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from perfkit import stats
from perfkit.baseline.model import QueryBaseline
from perfkit.baseline.timing import pair_logs
from perfkit.measure.model import Analysis


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePairs:
    """The pairs of one case, at least one: `logs` are the logarithms of the second side's time / the first side's."""

    case: str
    median_ms: float
    logs: tuple[float, ...]

    @property
    def noise(self) -> float:
        """Return the standard deviation of a pair, about 0, which is the truth of an unchanged case."""
        return math.sqrt(math.fsum(log * log for log in self.logs) / len(self.logs))


def pairs_of(baseline: Mapping[str, QueryBaseline], analysis: Analysis) -> tuple[CasePairs, ...]:
    """Return the pairs of each case that both sides measured, from a paired sampler's evidence, in its order."""
    found = []
    for result in analysis.results:
        query = baseline.get(result.query.name)
        before = query.cases.get(result.case.name) if query else None
        if before and result.runs:
            logs = pair_logs(before.sessions, result.runs.sessions)
            median_ms = stats.median(result.runs.execution_ms)
            found.append(CasePairs(case=result.case.id, median_ms=median_ms, logs=tuple(logs)))
    return tuple(found)
