"""Blockers: who was in the way of those that waited for a lock, and for how long.

A session that waits is blocked by those whose locks conflict with its own, or that stand before it in the queue
(pg_blocking_pids); the root is the one at the end of the chain, which waits for nobody.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from perfkit.profile.model import Sample, Session
from perfkit.profile.shares import parts_of
from perfkit.profile.statements import Name

PREPARED_PID = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """Sessions alike that held others up: one pid, or many that do the same.

    `held_s` is for how long somebody waited for them, `waited_s` what all who waited lost, `most_waiting` how many at
    once, `transaction_s` how old the oldest of their transactions became, None when unknown. `states` and `victims` are
    shares of the time that they held others up: what they did, and whom they held up.
    """

    user: str
    application: str
    database: str
    kind: str
    name: Name
    pids: tuple[int, ...]
    held_s: float
    waited_s: float
    share: float
    most_waiting: int
    transaction_s: float | None
    states: Mapping[str, float]
    victims: Mapping[Name, float]


@dataclass(slots=True)
class _Tally:
    session: Session
    pids: set[int] = field(default_factory=set)
    held_s: float = 0.0
    waited_s: float = 0.0
    most_waiting: int = 0
    transaction_s: float | None = None
    states: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    victims: dict[Name, float] = field(default_factory=lambda: defaultdict(float))


_Key = tuple[str, str, str, str, Name]


def blockers(
    samples: Sequence[Sample], name: Callable[[Session], Name], began_s: float
) -> tuple[Blocker, ...]:
    """Return the root blockers, the one first that cost most; `began_s` is the start of the window as Unix time."""
    tallies: dict[_Key, _Tally] = {}
    for sample in samples:
        together: dict[_Key, float] = defaultdict(float)
        for root, waiting in _waiting_by_root(sample.sessions):
            key = (root.user, root.application, root.database, root.kind, name(root))
            tally = tallies.setdefault(key, _Tally(session=root))
            tally.pids.add(root.pid)
            for session, part in waiting:
                together[key] += part
                tally.waited_s += part * sample.seconds
                tally.victims[name(session)] += part * sample.seconds
            tally.states[_state(root)] += sample.seconds
            if root.transaction_began_s is not None:
                age_s = began_s + sample.at_s - root.transaction_began_s
                tally.transaction_s = max(age_s, tally.transaction_s or 0.0)
        for key, count in together.items():
            tallies[key].held_s += sample.seconds
            tallies[key].most_waiting = max(tallies[key].most_waiting, round(count))
    whole = sum(tally.waited_s for tally in tallies.values())
    found = [_blocker(key, tally, whole) for key, tally in tallies.items()]
    return tuple(sorted(found, key=lambda each: (-each.waited_s, each.pids)))


def _waiting_by_root(
    sessions: Iterable[Session],
) -> Iterator[tuple[Session, list[tuple[Session, float]]]]:
    """Yield each root with those that wait for it, the part of each that is its own: one of two roots has half of it."""
    by_pid = {session.pid: session for session in sessions}
    waiting: dict[int, list[tuple[Session, float]]] = defaultdict(list)
    for session in by_pid.values():
        if session.is_active and session.blocked_by:
            roots = _roots(session, by_pid)
            for pid in roots:
                waiting[pid].append((session, 1 / len(roots)))
    for pid, those in waiting.items():
        yield by_pid.get(pid) or _unseen(pid), those


def _roots(waiting: Session, by_pid: Mapping[int, Session]) -> list[int]:
    """Return the pids at the ends of the chains that begin at a session; in a deadlock, the least pid of the circle."""
    roots, visited, ahead = set(), {waiting.pid}, list(waiting.blocked_by)
    while ahead:
        pid = ahead.pop()
        if pid in visited and pid != PREPARED_PID:
            continue
        visited.add(pid)
        further = by_pid[pid].blocked_by if pid in by_pid else ()
        if further:
            ahead += further
        else:
            roots.add(pid)
    return sorted(roots) or [min(visited)]


def _unseen(pid: int) -> Session:
    """Return a blocker that was gone before it was looked at, or that is no session."""
    return Session(
        pid=pid, kind="prepared transaction" if pid == PREPARED_PID else "", state="gone or hidden"
    )


def _state(session: Session) -> str:
    if session.pid == PREPARED_PID:
        return "prepared"
    return f"active, {session.wait}" if session.is_active else session.state


def _blocker(key: _Key, tally: _Tally, whole: float) -> Blocker:
    user, application, database, kind, name = key
    return Blocker(
        user=user,
        application=application,
        database=database,
        kind=kind,
        name=name,
        pids=tuple(sorted(tally.pids)),
        held_s=tally.held_s,
        waited_s=tally.waited_s,
        share=tally.waited_s / whole,
        most_waiting=tally.most_waiting,
        transaction_s=tally.transaction_s,
        states=parts_of(tally.states),
        victims=parts_of(tally.victims),
    )
