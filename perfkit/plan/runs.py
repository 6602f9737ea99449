"""Statement and Runs: what is to be executed, and what executing it several times gave."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from perfkit.plan.counters import Counters
from perfkit.plan.model import Plan

# Ends what perfkit itself asks of users' tables, so that statistics of statements tell it from what applications ask.
OWN_MARK = "/* perfkit */"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement with the values of one case.

    `text` has `$n` for the n-th of `types` and `values`; a value is text for the server to read as that type, None
    is NULL. `writes` says that its header allows writing, `volatile` that it allows volatile functions.
    """

    text: str
    types: tuple[str, ...]
    values: tuple[str | None, ...]
    writes: bool
    volatile: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The times of one statement on one connection, at least one, with TIMING OFF, in order of running."""

    at: datetime
    execution_ms: tuple[float, ...]
    planning_ms: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """The runs of one statement, on one connection a session; warm-ups are left out.

    `counters` are those of the last run, `counters_repeat` tells whether every run counted the same blocks and rows.
    `plan` is that of the last run, or of one more with TIMING ON where a plan's times were asked for. `functions` are
    the users' functions that the statement calls, each with a digest of its definition.
    """

    plan: Plan
    counters: Counters
    counters_repeat: bool
    sessions: tuple[Session, ...]
    functions: Mapping[str, str] = field(default_factory=dict)

    @property
    def execution_ms(self) -> tuple[float, ...]:
        """Return the execution times of all sessions."""
        return tuple(time for session in self.sessions for time in session.execution_ms)

    @property
    def planning_ms(self) -> tuple[float, ...]:
        """Return the planning times of all sessions."""
        return tuple(time for session in self.sessions for time in session.planning_ms)


def joined(runs: Sequence[Runs]) -> Runs:
    """Return the runs of one statement in several sessions, at least one, as one."""
    last = runs[-1]
    return Runs(
        plan=last.plan,
        counters=last.counters,
        counters_repeat=all(
            each.counters_repeat and same_work(each.counters, last.counters) for each in runs
        ),
        sessions=tuple(session for each in runs for session in each.sessions),
        functions=last.functions,
    )


def same_work(one: Counters, other: Counters) -> bool:
    """Tell whether two runs counted the same blocks and rows."""
    return (one.shared_blocks, one.rows) == (other.shared_blocks, other.rows)
