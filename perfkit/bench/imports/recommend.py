"""Which way to import: the fastest, and of several as fast the simplest; where records are refused, one that says which."""

from collections.abc import Sequence
from dataclasses import dataclass

from perfkit.bench.imports.model import Tried, Way
from perfkit.bench.imports.thresholds import AS_FAST

# From the simplest on. COPY with ON_ERROR is not among them: what it leaves out, nobody hears of.
_SIMPLEST = (
    Way.COPY,
    Way.STAGED,
    Way.COPY_BINARY,
    Way.MULTI_VALUES,
    Way.EXECUTEMANY,
    Way.PANDAS,
    Way.ROW_INSERT,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """What was tried that is best, and why, in a sentence."""

    tried: Tried
    reason: str


def recommend(tried: Sequence[Tried], *, needs_checks: bool) -> Recommendation | None:
    """Return the recommended way, None when nothing that can be recommended was tried.

    `needs_checks` says that some records cannot be stored as they are, or that stored ones are to be updated.
    """
    candidates = [each for each in tried if each.trial.way in _SIMPLEST]
    if needs_checks:
        candidates = [each for each in candidates if each.trial.way is Way.STAGED] or candidates
    if not candidates:
        return None
    fastest = min(candidates, key=lambda each: each.median_ms)
    as_fast = [each for each in candidates if each.median_ms <= fastest.median_ms * AS_FAST]
    best = min(
        as_fast,
        key=lambda each: (each.trial.workers, _SIMPLEST.index(each.trial.way), each.trial.batch),
    )
    return Recommendation(tried=best, reason=_reason(best, fastest, candidates, needs_checks=needs_checks))


def _reason(best: Tried, fastest: Tried, candidates: Sequence[Tried], *, needs_checks: bool) -> str:
    if needs_checks and best.trial.way is Way.STAGED:
        return (
            "it alone stores what is good, updates what is known, and says of each record that it rejects why"
        )
    if best is not fastest:
        return f"as fast as {fastest.trial.id}, and simpler"
    slowest = max(candidates, key=lambda each: each.median_ms)
    if slowest is best:
        return "it is what was tried"
    return f"{slowest.median_ms / best.median_ms:.1f} times as fast as {slowest.trial.id}"
