"""Which trials a comparison has, and which ways cannot be tried here, with why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from perfkit.bench.imports.model import BATCHED, Part, Trial, Way
from perfkit.bench.imports.thresholds import SLOW_ROWS

# COPY … ON_ERROR came with 17.
_ON_ERROR_VERSION = 170_000
_SLOW = frozenset({Way.ROW_INSERT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What is to be compared: the ways, records, batches and sessions."""

    ways: tuple[Way, ...]
    rows: int
    batches: tuple[int, ...]
    workers: tuple[int, ...]


def impossible(*, server_version: int, not_binary: Sequence[str], updates: bool) -> dict[Way, str]:
    """Return why a way cannot be tried on this server and table.

    `not_binary` are the columns' types that COPY BINARY lacks; `updates` says that rows are there that are to be updated.
    """
    reasons: dict[Way, str] = {}
    if updates:
        reasons |= {way: "it cannot update rows" for way in Way if way is not Way.STAGED}
    if server_version < _ON_ERROR_VERSION:
        reasons[Way.ON_ERROR] = "it came with PostgreSQL 17"
    if not_binary:
        reasons[Way.COPY_BINARY] = f"perfkit does not write {', '.join(not_binary)} in binary"
    return reasons


def trials_of(wishes: Wishes, skipped: Mapping[Way, str]) -> tuple[Trial, ...]:
    """Return the trials: each way once, the batched ones with each batch, COPY with each number of sessions."""
    trials: list[Trial] = []
    for way in wishes.ways:
        if way in skipped:
            continue
        rows = min(wishes.rows, SLOW_ROWS) if way in _SLOW else wishes.rows
        # A batch of more than all records is the same as one of all.
        fitting = [batch for batch in wishes.batches if batch <= rows] or [min(wishes.batches)]
        batches = fitting if way in BATCHED else [0]
        workers = wishes.workers if way is Way.COPY else (1,)
        trials += [
            Trial(way=way, rows=rows, batch=batch, workers=count) for batch in batches for count in workers
        ]
    return tuple(trials)


def leave_outs(parts: Sequence[Part], rows: int) -> tuple[Trial, ...]:
    """Return a COPY without each of the parts."""
    return tuple(Trial(way=Way.COPY, rows=rows, without=part) for part in parts)
