"""Users of Locust who call requests: those of this process, or the conductor of several processes on other machines.

Users connect, wait for each other, call for so long, and what each process counted is added up: what a run of pgbench
gives. Locust has the users and carries the messages between the processes; how many users each has and when they call is
told by the conductor, as Locust's own ramp would move users when a worker comes or goes in the middle. Each worker knows
its own way to the server. Importing this makes Python's input and output cooperative (gevent): it belongs into a process
of its own.
"""

import os
import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

import gevent
import gevent.event
from locust import User, task
from locust.env import Environment
from locust.exception import StopUser
from locust.runners import Runner

from perfkit.bench.load.calls import LATE_MS, Calls
from perfkit.bench.load.latencies import Latencies
from perfkit.bench.load.request import Request, request_from
from perfkit.bench.locust.roles import Answer, is_lost, wait_until

# How long users may take to connect, and calls to end that are under way at the end.
_CONNECT_S = 60.0
_END_S = 60.0
# After a failed call a user tries again after this.
_AGAIN_S = 0.1


class Session(Protocol):
    """A user's connection; each method returns what the server said against it, None for nothing."""

    def connect(self) -> str | None:
        """Connect, if it is not."""

    def call(self, request: Request) -> str | None:
        """Call a request, connecting again first when the connection was lost."""

    def close(self) -> None:
        """Close the connection."""


OpenSession = Callable[[str, bool], Session]
"""Returns a session for an application name, whose statements are prepared or not."""


@dataclass(slots=True)
class Crowd:
    """The users of this process in one step: what they call and when, and what came of it; times in s of a monotonic clock."""

    step: Mapping[str, Any]
    requests: tuple[Request, ...]
    weights: tuple[float, ...]
    chance: Random
    send: Callable[[str, dict[str, Any]], None]
    begin: gevent.event.Event = field(default_factory=gevent.event.Event)
    calls: Calls = field(default_factory=Calls)
    refused: Counter[str] = field(default_factory=Counter)
    arrived: int = 0
    gone: int = 0
    began: float = 0.0
    ended: float = 0.0
    next_at: float = 0.0
    cpu_began_s: float = 0.0

    def live(self, session: Session) -> None:
        """Be one user from connecting to the end; who is refused stays away."""
        failed = session.connect()
        self._arrive(failed)
        try:
            if not failed:
                self.begin.wait()
                self._call_all(session)
        finally:
            session.close()
            self._leave()

    def start(self) -> None:
        """Let the users who have arrived begin."""
        self.began = self.next_at = time.monotonic()
        self.ended = self.began + self.step["seconds"]
        self.cpu_began_s = time.process_time()
        self.begin.set()
        self._tell()

    def _arrive(self, failed: str | None) -> None:
        self.arrived += 1
        if failed:
            self.refused[failed] += 1
        if self.arrived == self.step["users"]:
            self.send("perfkit_arrived", dict(self.refused))

    def _leave(self) -> None:
        self.gone += 1
        self._tell()

    def _call_all(self, session: Session) -> None:
        ends = self.began + self.step["seconds"]
        while max(due := self._due(), time.monotonic()) < ends:
            gevent.sleep(max(0.0, due - time.monotonic()))
            self._call(session, due)

    def _due(self) -> float:
        """Return when the next call should begin: that of any user in the open model, this user's after a pause in the closed one."""
        if self.step["rate"]:
            self.next_at += self.chance.expovariate(self.step["rate"])
            return self.next_at
        think_s = self.step["think_ms"] / 1_000
        return time.monotonic() + (self.chance.expovariate(1 / think_s) if think_s else 0.0)

    def _call(self, session: Session, due: float) -> None:
        request = self.chance.choices(self.requests, self.weights)[0]
        began = time.monotonic()
        failed = session.call(request)
        ended = time.monotonic()
        self.ended = max(self.ended, ended)
        if failed:
            self.calls.failures[failed] += 1
            gevent.sleep(_AGAIN_S)
            return
        # In the open model from when it should have begun, so that waiting for a free user counts.
        is_open = bool(self.step["rate"])
        self.calls.by_query.setdefault(request.query, Latencies()).add(
            (ended - (due if is_open else began)) * 1_000
        )
        self.calls.late += is_open and (began - due) * 1_000 > LATE_MS

    def _tell(self) -> None:
        """Tell the conductor what came of it, when all who arrived have begun and are gone."""
        if not self.begin.is_set() or self.gone < self.step["users"]:
            return
        told = {
            "queries": {
                name: [list(each.counts.items()), each.total_ms, each.largest_ms]
                for name, each in self.calls.by_query.items()
            },
            "failures": dict(self.calls.failures),
            "late": self.calls.late,
            "seconds": self.ended - self.began,
            "cpu_s": time.process_time() - self.cpu_began_s,
            "host": socket.gethostname(),
        }
        self.send("perfkit_calls", told)


class Stage:
    """Where a process's users are: its crowd, and Locust's runner, which spawns them and brings messages."""

    def __init__(self, open_session: OpenSession) -> None:
        self._open_session = open_session
        self._crowd: Crowd | None = None
        self._user = _user_class(self)
        self.environment = Environment(user_classes=[self._user])

    def listen(self, runner: Runner) -> None:
        """Take part in steps that the runner's messages tell of."""

        def prepare(*, msg: Any, **_: Any) -> None:
            requests = tuple(request_from(each) for each in msg.data["requests"])
            self._crowd = Crowd(
                step=msg.data,
                requests=requests,
                weights=tuple(each.weight for each in requests),
                chance=Random(f"{msg.data['seed']} {socket.gethostname()} {os.getpid()}"),
                send=runner.send_message,
            )
            runner.spawn_users({self._user.__name__: msg.data["users"]})

        def begin(**_: Any) -> None:
            if self._crowd:
                self._crowd.start()

        runner.register_message("perfkit_step", prepare)
        runner.register_message("perfkit_begin", begin)

    def lead(self, runner: Runner, processes: tuple[str, ...]) -> Answer:
        """Return what runs a step with the users of the processes."""
        return Conductor(runner, processes).run

    def live(self) -> None:
        """Be one user of the step that is under way."""
        if self._crowd:
            self._crowd.live(self._open_session(self._crowd.step["name"], self._crowd.step["prepared"]))


def _user_class(stage: Stage) -> type[User]:
    class CatalogUser(User):
        """Someone who calls the catalog."""

        @task
        def live(self) -> None:
            stage.live()
            raise StopUser

    return CatalogUser


class Conductor:
    """Runs steps on the users of processes, here or on workers, and adds up what they tell."""

    def __init__(self, runner: Runner, processes: tuple[str, ...]) -> None:
        self._runner = runner
        self._processes = processes
        self._arrived: dict[str, dict[str, int]] = {}
        self._told: dict[str, dict[str, Any]] = {}
        runner.register_message("perfkit_arrived", self._hear_arrived)
        runner.register_message("perfkit_calls", self._hear_calls)

    def run(self, step: Mapping[str, Any]) -> dict[str, Any]:
        """Return what each process told of a step, who was refused, and how many processes were lost."""
        shares = _shares(step, self._processes)
        self._arrived, self._told = {}, {}
        for process, share in shares.items():
            self._runner.send_message("perfkit_step", share, process)
        self._wait(self._arrived, shares, _CONNECT_S)
        for process in shares:
            self._runner.send_message("perfkit_begin", {}, process)
        self._wait(self._told, shares, step["seconds"] + _END_S)
        refused: Counter[str] = Counter()
        for each in self._arrived.values():
            refused.update(each)
        silent = [process for process in shares if process not in self._told]
        # Once one is lost, the others are not waited for.
        lost = [process for process in silent if is_lost(self._runner, process)] or silent
        return {"processes": list(self._told.values()), "refused": dict(refused), "lost": len(lost)}

    def _wait(self, answers: Mapping[str, object], asked: Mapping[str, object], limit_s: float) -> None:
        """Wait until all who were asked have answered, one of them is lost, or the time is over."""
        wait_until(
            lambda: len(answers) == len(asked) or any(is_lost(self._runner, process) for process in asked),
            limit_s,
        )

    def _hear_arrived(self, *, msg: Any, **_: Any) -> None:
        self._arrived[msg.node_id] = msg.data

    def _hear_calls(self, *, msg: Any, **_: Any) -> None:
        self._told[msg.node_id] = msg.data


def _shares(step: Mapping[str, Any], processes: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Return each process's part of the users and of the calls/s; who would have no user is left out."""
    each, more = divmod(step["users"], len(processes))
    users = {process: each + (place < more) for place, process in enumerate(processes)}
    return {
        process: {**step, "users": count, "rate": step["rate"] * count / step["users"]}
        for process, count in users.items()
        if count
    }
