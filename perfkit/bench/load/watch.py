"""Watch: what the server does while it is loaded: waits, locks, processors, memory, counters."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

# How often memory is read, and the share of a processor that this may take: it walks through all pages of every process
# of the server, milliseconds for each.
_MEMORY_EVERY_S = 1.0
_MEMORY_SHARE_MOST = 0.02


class Activity(NamedTuple):
    """So many sessions in a state, waiting for an event of a type; '' when they wait for nothing."""

    state: str
    wait_type: str
    wait: str
    sessions: int


class Counters(NamedTuple):
    """Of the database, since its statistics began: blocks from outside shared buffers and within, temporary bytes, deadlocks."""

    blocks_read: float
    blocks_hit: float
    temporary_bytes: float
    deadlocks: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """Connections that there may be (for ordinary roles) and are; a process of the server when it runs on this machine."""

    connections_most: int
    connections_used: int
    process: int | None


class Server(Protocol):
    """A connection beside the load."""

    def activity(self, application_name: str) -> tuple[Activity, ...]:
        """Return what the sessions of that name do now."""

    def counters(self) -> Counters:
        """Return what the database has counted so far."""

    def limits(self) -> ServerLimits:
        """Return how many connections there may be, and are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen over a run; `seconds` are a little longer than its own, as they begin before it and end after it.

    `busy` and `waiting` are the mean numbers of sessions that ran on a processor, and that waited, by what for;
    `server_cpu_s` and `memory_bytes` (the most, shared pages counted once) are None where the server is elsewhere;
    `machine_cpu_s` is what all programs here took, but for this one, None where the system does not tell;
    `counters` is what the database counted meanwhile.
    """

    seconds: float
    busy: float
    waiting: dict[str, float]
    sessions_most: int
    server_cpu_s: float | None
    machine_cpu_s: float | None
    memory_bytes: int | None
    counters: Counters


@dataclass(slots=True)
class Watch:
    """Looks at the server each time that it is called; `seen` is what came of it."""

    server: Server
    application_name: str
    postmaster: int | None
    _began_s: float = field(default_factory=time.monotonic, init=False)
    _began: Counters = field(init=False)
    _cpu_s: float | None = field(init=False)
    _machine_s: float | None = field(init=False)
    _looks: int = field(default=0, init=False)
    _busy: int = field(default=0, init=False)
    _waiting: Counter[str] = field(default_factory=Counter, init=False)
    _sessions_most: int = field(default=0, init=False)
    _memory_bytes: int | None = field(default=None, init=False)
    _memory_next: float = field(init=False)

    def __post_init__(self) -> None:
        self._began = self.server.counters()
        self._memory_next = time.monotonic() + _MEMORY_EVERY_S / 2  # when the users are there
        self._cpu_s = _cpu_s(self.postmaster)
        self._machine_s = _machine_cpu_s()

    def __call__(self) -> None:
        """Look once."""
        activity = self.server.activity(self.application_name)
        self._looks += 1
        self._sessions_most = max(self._sessions_most, sum(each.sessions for each in activity))
        for each in activity:
            if each.state != "active":
                continue
            if each.wait_type:
                self._waiting[f"{each.wait_type}: {each.wait}"] += each.sessions
            else:
                self._busy += each.sessions
        began = time.monotonic()
        if self.postmaster and began >= self._memory_next:
            memory = memory_bytes(self.postmaster)
            took_s = time.monotonic() - began
            self._memory_next = began + max(_MEMORY_EVERY_S, took_s / _MEMORY_SHARE_MOST)
            if memory is not None:
                self._memory_bytes = max(memory, self._memory_bytes or 0)

    def seen(self) -> Seen:
        """Return what was seen since this began."""
        now = self.server.counters()
        looks = max(1, self._looks)
        return Seen(
            seconds=time.monotonic() - self._began_s,
            busy=self._busy / looks,
            waiting={name: count / looks for name, count in self._waiting.most_common()},
            sessions_most=self._sessions_most,
            server_cpu_s=_since(self._cpu_s, _cpu_s(self.postmaster)),
            machine_cpu_s=_since(self._machine_s, _machine_cpu_s()),
            memory_bytes=self._memory_bytes,
            counters=Counters(*(after - before for before, after in zip(self._began, now, strict=True))),
        )


def postmaster_of(process: int | None) -> int | None:
    """Return the process that started this one of the server, None where that is not on this machine."""
    if process is None:
        return None
    try:
        if b"postgres" not in Path(f"/proc/{process}/cmdline").read_bytes():
            return None
        return int(_stat(process)[1])
    except (OSError, IndexError, ValueError):
        return None


def memory_bytes(postmaster: int) -> int | None:
    """Return what the server's processes take, each shared page counted once (proportional set size); None without the right."""
    total = 0
    for process in _family(postmaster):
        try:
            text = Path(f"/proc/{process}/smaps_rollup").read_text("ascii")
        except PermissionError:
            return None
        except OSError:
            continue  # it ended meanwhile
        total += sum(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:"))
    return total or None


def _cpu_s(postmaster: int | None) -> float | None:
    """Return the processor's seconds of the server's processes so far, those that ended included."""
    if postmaster is None:
        return None
    ticks = 0
    for process in _family(postmaster):
        with suppress(OSError):  # it ended meanwhile
            # utime, stime; of the postmaster also cutime and cstime, those of its children that ended (proc(5)).
            ticks += sum(map(int, _stat(process)[11 : 15 if process == postmaster else 13]))
    return ticks / os.sysconf("SC_CLK_TCK") if ticks else None


def _machine_cpu_s() -> float | None:
    """Return the processors' seconds that all programs but this one took so far, None where the system does not tell."""
    try:
        line = Path("/proc/stat").read_text("ascii").partition("\n")[0]
    except OSError:
        return None
    # user nice system idle iowait irq softirq steal; those of guests are in the first two (proc(5)).
    user, nice, system, _idle, _waiting, *others = map(int, line.split()[1:9])
    return (user + nice + system + sum(others)) / os.sysconf("SC_CLK_TCK") - time.process_time()


def _since(before: float | None, now: float | None) -> float | None:
    return None if before is None or now is None else now - before


def _family(postmaster: int) -> Iterator[int]:
    """Yield the server's processes, none where the system does not tell a process's children."""
    try:
        text = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text("ascii")
    except OSError:
        return
    yield postmaster
    yield from map(int, text.split())


def _stat(process: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the state on: the name before it may hold anything."""
    return Path(f"/proc/{process}/stat").read_text("ascii", errors="replace").rpartition(")")[2].split()
