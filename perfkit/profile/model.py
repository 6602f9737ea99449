"""The words of profiling: a session as one sample sees it, a sample, and all samples of a window."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

CPU = "CPU"
"""What an active session does that waits for nothing the server knows of: it computes, or waits for a processor."""


class By(StrEnum):
    """What time is attributed to."""

    QUERY = "query"
    WAIT = "wait"
    APPLICATION = "application"
    USER = "user"
    DATABASE = "database"
    CLIENT = "client"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a session does at one moment; '' is what the server leaves open.

    `text` is what the server shows of the statement, cut at track_activity_query_size; `is_here` says that the session is
    in the database that perfkit is connected to. `transaction_began_s` (Unix time) is known of sessions that wait for a
    lock (`blocked_by` names whom they wait for) and of those in the way. Process 0 is a prepared transaction.
    """

    pid: int
    database: str = ""
    user: str = ""
    application: str = ""
    client: str = ""
    kind: str = "client backend"
    state: str = "active"
    wait_type: str = ""
    wait_event: str = ""
    query_id: int | None = None
    text: str = ""
    is_here: bool = True
    transaction_began_s: float | None = None
    blocked_by: tuple[int, ...] = ()

    @property
    def is_active(self) -> bool:
        """Tell whether the session takes the server's time; others are there because they are in the way."""
        return self.state in {"active", "fastpath function call"}

    @property
    def wait_class(self) -> str:
        """Return the type of what the session waits for, CPU for nothing."""
        return self.wait_type or CPU

    @property
    def wait(self) -> str:
        """Return what the session waits for, as in "IO:DataFileRead", CPU for nothing."""
        return f"{self.wait_type}:{self.wait_event}" if self.wait_type else CPU


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one look at the server shows: sessions, and how many are `hidden` from this role."""

    sessions: tuple[Session, ...]
    hidden: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One look: when, in seconds since the start; how many `seconds` of the window it stands for; how long it took."""

    at_s: float
    seconds: float
    sessions: tuple[Session, ...]
    hidden: int = 0
    read_ms: float = 0.0

    @property
    def active(self) -> tuple[Session, ...]:
        """Return the sessions that take time."""
        return tuple(session for session in self.sessions if session.is_active)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """All samples of a window; `failures` counts the looks that failed, by what the server said.

    `ended_by` says why the window is shorter than it was to be, '' when it is not.
    """

    samples: tuple[Sample, ...]
    wished_s: float
    rate: float
    failures: Mapping[str, int]
    ended_by: str = ""

    @property
    def seconds(self) -> float:
        """Return how much time the samples stand for."""
        return sum(sample.seconds for sample in self.samples)


class ActivityReader(Protocol):
    """Looks at what sessions do; raises StatementError, and `is_lost` once the connection is gone."""

    @property
    def is_lost(self) -> bool:
        """Tell whether the connection is gone."""
        ...

    def activity(self) -> Seen:
        """Return what the sessions do now."""
        ...
