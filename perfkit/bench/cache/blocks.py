"""PostgreSQL's own cache: which share of the blocks that cases and tables need is in shared buffers, cold and warm."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from perfkit.catalog.workload import WeightedCase
from perfkit.errors import MeasureError
from perfkit.measure.model import Progress, Server
from perfkit.measure.run import statement_of
from perfkit.measure.session import Stopwatch
from perfkit.plan.counters import count
from perfkit.plan.model import Plan

_BLOCK_BYTES = 8_192


@dataclass(frozen=True, slots=True, kw_only=True)
class Accesses:
    """Blocks of a table, its indexes and TOAST that were asked for: found in shared buffers, and not; and bytes in all."""

    hit: int
    read: int
    size_bytes: int


class Buffers(Protocol):
    """What can be told of shared buffers; `why_unknown` says why `cached` cannot, `why_warm` why `evict` cannot, or ''."""

    @property
    def shared_buffers_bytes(self) -> int:
        """Return how large they are."""

    @property
    def why_unknown(self) -> str:
        """Return why what is in them cannot be told."""

    @property
    def why_warm(self) -> str:
        """Return why they cannot be emptied."""

    def cached(self) -> Mapping[str, int]:
        """Return the bytes of each table that are in them."""

    def evict(self) -> None:
        """Empty them."""

    def accesses(self) -> Mapping[str, Accesses]:
        """Return what was asked for of each table since statistics began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseBlocks:
    """One case: blocks it needs, the share found in shared buffers in its first run and the next, and their times.

    With `cold` the buffers were emptied before the first run; the operating system's cache was not.
    """

    id: str
    weight: float
    blocks: int
    first_hit_share: float
    warm_hit_share: float
    first_ms: float
    warm_ms: float
    cold: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TableBlocks:
    """One table while the catalog ran: blocks asked for, the share found, its bytes, and those in shared buffers after.

    `cached_bytes` is None when that cannot be told.
    """

    name: str
    blocks: int
    hit_share: float
    size_bytes: int
    cached_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCache:
    """What was seen of PostgreSQL's cache.

    `working_set_bytes` are the distinct blocks that the cases touched; with `working_set_exact` counted in buffers that were
    emptied before, else no more than that: of each table the blocks asked for, but not more than it has.
    """

    shared_buffers_bytes: int
    working_set_bytes: int
    working_set_exact: bool
    hit_share: float
    cases: tuple[CaseBlocks, ...]
    tables: tuple[TableBlocks, ...]
    left_out: int
    notes: tuple[str, ...]


def look_at_own_cache(
    cases: Sequence[WeightedCase], server: Server, buffers: Buffers, *, limit_s: float, progress: Progress
) -> OwnCache:
    """Return how the cases fare in PostgreSQL's cache; those that time did not allow are left out.

    The first half of the time is for every case once, from empty buffers where they may be emptied; the second for each
    case cold and warm. What else runs on the server is counted with the tables.
    """
    ranked = _ranked(cases)
    can_evict = not buffers.why_warm
    if can_evict:
        buffers.evict()
    before = buffers.accesses()
    seen = _run_each(ranked, server, Stopwatch(limit_s * 500), progress)
    after = buffers.accesses()
    cached = None if buffers.why_unknown else buffers.cached()
    tables = tuple(_tables(before, after, cached))
    exact = can_evict and cached is not None
    found = tuple(_cases(ranked[: len(seen)], server, buffers, Stopwatch(limit_s * 500), progress))
    return OwnCache(
        shared_buffers_bytes=buffers.shared_buffers_bytes,
        working_set_bytes=_working_set(tables, exact=exact),
        working_set_exact=exact,
        hit_share=_weighted_hit_share(found),
        cases=found,
        tables=tables,
        left_out=len(cases) - len(found),
        notes=tuple(dict.fromkeys(why for why in (buffers.why_unknown, buffers.why_warm) if why)),
    )


def _ranked(cases: Sequence[WeightedCase]) -> list[WeightedCase]:
    """Return the cases so that each query, most called first, has had one before any has two."""
    met: Counter[str] = Counter()
    places = []
    for each in sorted(cases, key=lambda each: -each.weight):
        places.append((met[each.query.name], each))
        met[each.query.name] += 1
    return [each for _, each in sorted(places, key=lambda place: place[0])]


def _run_each(
    cases: Sequence[WeightedCase], server: Server, clock: Stopwatch, progress: Progress
) -> list[WeightedCase]:
    done: list[WeightedCase] = []
    for each in cases:
        if clock.is_over():
            break
        progress(len(done), len(cases), each.case.id)
        with suppress(MeasureError), server.prepared(statement_of(each.query, each.case)) as prepared:
            prepared.run()
        done.append(each)
    return done


def _cases(
    cases: Sequence[WeightedCase], server: Server, buffers: Buffers, clock: Stopwatch, progress: Progress
) -> Iterable[CaseBlocks]:
    for number, each in enumerate(cases):
        if clock.is_over():
            return
        progress(number, len(cases), each.case.id)
        with suppress(MeasureError), server.prepared(statement_of(each.query, each.case)) as prepared:
            if not buffers.why_warm:
                buffers.evict()
            first, warm = prepared.run(), prepared.run()
            yield CaseBlocks(
                id=each.case.id,
                weight=each.weight,
                blocks=count(warm).shared_blocks,
                first_hit_share=_hit_share(first),
                warm_hit_share=_hit_share(warm),
                first_ms=first.execution_ms or 0.0,
                warm_ms=warm.execution_ms or 0.0,
                cold=not buffers.why_warm,
            )


def _hit_share(plan: Plan) -> float:
    counters = count(plan)
    return 1 - counters.shared_read_blocks / counters.shared_blocks if counters.shared_blocks else 1.0


def _weighted_hit_share(cases: Sequence[CaseBlocks]) -> float:
    """Return the share of blocks found when warm, each case as often as it is called."""
    needed = sum(case.weight * case.blocks for case in cases)
    found = sum(case.weight * case.blocks * case.warm_hit_share for case in cases)
    return found / needed if needed else 1.0


def _tables(
    before: Mapping[str, Accesses], after: Mapping[str, Accesses], cached: Mapping[str, int] | None
) -> Iterable[TableBlocks]:
    """Yield the tables that were asked for, those most asked for first; the server's own catalog is left out."""
    none = Accesses(hit=0, read=0, size_bytes=0)
    found = []
    for name, now in after.items():
        then = before.get(name, none)
        hit, blocks = now.hit - then.hit, now.hit + now.read - then.hit - then.read
        if blocks > 0 and not name.startswith(("pg_catalog.", "pg_toast.", "information_schema.")):
            found.append(
                TableBlocks(
                    name=name,
                    blocks=blocks,
                    hit_share=hit / blocks,
                    size_bytes=now.size_bytes,
                    cached_bytes=None if cached is None else cached.get(name, 0),
                )
            )
    return sorted(found, key=lambda each: -each.blocks)


def _working_set(tables: Sequence[TableBlocks], *, exact: bool) -> int:
    if exact:
        return sum(table.cached_bytes or 0 for table in tables)
    return sum(min(table.blocks * _BLOCK_BYTES, table.size_bytes) for table in tables)
