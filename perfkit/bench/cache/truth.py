"""What is true: the versions that writes made, and whether what a read returned is older than it may be.

A write of a table has three moments: it is committed; its invalidation is done; it has returned to who made it, which is
after both. A read is *stale* when what it returned is older than a write that had returned before the read began: nobody
may see that in a cache that is kept true. A read is *early* when it began after the commit and before the invalidation was
done: whoever wrote has not been told yet that it is done, so that either version is an answer.

With TTL there is no invalidation: a write returns when it is committed, and every older answer is stale.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from perfkit.errors import MeasureError


@dataclass(frozen=True, slots=True)
class Moment:
    """The versions of some tables when a read began: those committed, and those whose writes had returned."""

    committed: tuple[int, ...]
    returned: tuple[int, ...]


@dataclass(slots=True)
class Truth:
    """Versions by table, shared by all clients of a run."""

    committed: dict[int, int] = field(default_factory=dict)
    returned: dict[int, int] = field(default_factory=dict)
    delays_ms: list[float] = field(default_factory=list)
    _applied: dict[int, int] = field(default_factory=dict)
    _failure: MeasureError | None = None
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def moment(self, tables: Sequence[int]) -> Moment:
        """Return what is true of the tables now."""
        return Moment(
            tuple(self.committed.get(table, 0) for table in tables),
            tuple(self.returned.get(table, 0) for table in tables),
        )

    def commit(self, versions: Mapping[int, int]) -> None:
        """Take down that a write is committed."""
        self._raise(self.committed, versions)

    def finish(self, versions: Mapping[int, int]) -> None:
        """Take down that a write returned to who made it."""
        self._raise(self.returned, versions)

    def apply(self, table: int, version: int) -> None:
        """Take down that entries older than a version are no longer valid, as the listener says."""
        with self._changed:
            self._applied[table] = max(version, self._applied.get(table, 0))
            self._changed.notify_all()

    def fail(self, error: MeasureError) -> None:
        """Take down that the listener could not make entries invalid; who waits for it gets the error."""
        with self._changed:
            self._failure = error
            self._changed.notify_all()

    def wait_applied(self, versions: Mapping[int, int], *, limit_s: float) -> bool:
        """Wait until the listener has done its work for a write; tell whether it has within the limit.

        Raises what the listener failed with.
        """
        began = time.perf_counter()
        with self._changed:
            done = self._changed.wait_for(
                lambda: (
                    self._failure is not None
                    or all(self._applied.get(table, 0) >= version for table, version in versions.items())
                ),
                limit_s,
            )
        if self._failure is not None:
            raise self._failure
        self.delays_ms.append((time.perf_counter() - began) * 1000)
        return done

    def _raise(self, known: dict[int, int], versions: Mapping[int, int]) -> None:
        with self._changed:
            for table, version in versions.items():
                known[table] = max(version, known.get(table, 0))


def is_older(versions: Sequence[int], than: Sequence[int]) -> bool:
    """Tell whether one of the versions is older than it should be."""
    return any(have < want for have, want in zip(versions, than, strict=True))
