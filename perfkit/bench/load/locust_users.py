"""Users of Locust who call requests: a process of them, or the master of several on other machines.

Users connect, wait for each other, call for so long, and what each process counted is added up: what a run of pgbench
gives. Locust starts and stops the users, and carries the messages between the processes. The master tells what is
called, so that all call the same; each worker knows its own way to the server. Importing this makes Python's input and
output cooperative (gevent): it belongs into a process of its own.
"""

import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

import gevent
import gevent.event
from locust import User, task
from locust.env import Environment
from locust.runners import MasterRunner, Runner

from perfkit.bench.load.calls import LATE_MS, Calls
from perfkit.bench.load.latencies import Latencies
from perfkit.bench.load.request import Request, request_from

# How long users may take to connect, and calls to end that are under way at the end.
_CONNECT_S = 60.0
_END_S = 60
_POLL_S = 0.02
# A user whose connection is refused tries again after this.
_AGAIN_S = 0.1


class Session(Protocol):
    """A user's connection; each method returns what the server said against it, None for nothing."""

    def connect(self) -> str | None:
        """Connect, if it is not."""

    def call(self, request: Request) -> str | None:
        """Call a request."""

    def close(self) -> None:
        """Close the connection."""


OpenSession = Callable[[str, bool], Session]
"""Returns a session for an application name, whose statements are prepared or not."""


@dataclass(slots=True)
class Crowd:
    """The users of this process in one step: what they call, and what came of it."""

    step: Mapping[str, Any]
    requests: tuple[Request, ...]
    weights: tuple[float, ...]
    chance: Random
    begin: gevent.event.Event = field(default_factory=gevent.event.Event)
    calls: Calls = field(default_factory=Calls)
    users: int = 0
    began: float = 0.0
    ended: float = 0.0
    next_at: float = 0.0
    cpu_began_s: float = 0.0
    is_over: bool = False

    def due(self) -> float | None:
        """Return when the next call of an open model should begin, None in the closed one."""
        if not self.step["rate"]:
            return None
        self.next_at += self.chance.expovariate(self.step["rate"] * self.users / self.step["users"])
        return self.next_at

    def told(self) -> dict[str, Any]:
        """Return what came of it, for the master."""
        return {
            "queries": {
                name: [list(each.counts.items()), each.total_ms, each.largest_ms]
                for name, each in self.calls.by_query.items()
            },
            "failures": dict(self.calls.failures),
            "late": self.calls.late,
            "seconds": max(self.ended, self.began + self.step["seconds"]) - self.began,
            "cpu_s": time.process_time() - self.cpu_began_s,
            "host": socket.gethostname(),
        }


class Stage:
    """Where a process's users are: its crowd, and Locust's runner, which brings messages."""

    def __init__(self, open_session: OpenSession) -> None:
        self.open_session = open_session
        self.environment = Environment(user_classes=[_user_class(self)], stop_timeout=_END_S)
        self.crowd: Crowd | None = None
        self.runner: Runner | None = None

    def listen(self, runner: Runner) -> None:
        """Take part in steps that the runner's messages tell of."""
        self.runner = runner
        runner.register_message("perfkit_step", self._prepare)
        runner.register_message("perfkit_begin", self._begin)
        runner.register_message("perfkit_end", self._end)
        self.environment.events.test_stop.add_listener(self._tell)  # type: ignore[no-untyped-call]

    def _prepare(self, *, msg: Any, **_: Any) -> None:
        requests = tuple(request_from(each) for each in msg.data["requests"])
        self.crowd = Crowd(
            step=msg.data,
            requests=requests,
            weights=tuple(each.weight for each in requests),
            chance=Random(f"{msg.data['seed']} {socket.gethostname()} {os.getpid()}"),
        )

    def _begin(self, **_: Any) -> None:
        if self.crowd:
            self.crowd.began = self.crowd.next_at = time.monotonic()
            self.crowd.cpu_began_s = time.process_time()
            self.crowd.begin.set()

    def _end(self, **_: Any) -> None:
        if self.crowd:
            self.crowd.is_over = True
            self.crowd.begin.set()

    def _tell(self, **_: Any) -> None:
        if self.crowd and self.runner:
            self.runner.send_message("perfkit_calls", self.crowd.told())


def _user_class(stage: Stage) -> type[User]:
    class CatalogUser(User):
        """Someone who calls the catalog."""

        def on_start(self) -> None:
            crowd, runner = stage.crowd, stage.runner
            assert crowd is not None
            assert runner is not None
            self.crowd = crowd
            self.session = stage.open_session(crowd.step["name"], crowd.step["prepared"])
            crowd.users += 1
            failed = self.session.connect()
            runner.send_message("perfkit_connected", {"failed": failed or ""})
            crowd.begin.wait()

        def on_stop(self) -> None:
            self.session.close()

        def wait_time(self) -> float:
            think_s = self.crowd.step["think_ms"] / 1_000
            return self.crowd.chance.expovariate(1 / think_s) if think_s else 0.0

        @task
        def call(self) -> None:
            _call(self.crowd, self.session)

    return CatalogUser


def _call(crowd: Crowd, session: Session) -> None:
    due = crowd.due()
    if due is not None:
        gevent.sleep(max(0.0, due - time.monotonic()))
    if crowd.is_over:
        gevent.sleep(_AGAIN_S)
        return
    request = crowd.chance.choices(crowd.requests, crowd.weights)[0]
    began = time.monotonic()
    failed = session.call(request)
    crowd.ended = time.monotonic()
    if failed:
        crowd.calls.failures[failed] += 1
        gevent.sleep(_AGAIN_S)
        return
    crowd.calls.by_query.setdefault(request.query, Latencies()).add((crowd.ended - (due or began)) * 1_000)
    crowd.calls.late += due is not None and (began - due) * 1_000 > LATE_MS


class Conductor:
    """Runs steps on a runner's users, here or on workers, and adds up what they tell."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._connected = 0
        self._refused: dict[str, int] = {}
        self._told: list[dict[str, Any]] = []
        runner.register_message("perfkit_connected", self._hear_connected)
        runner.register_message("perfkit_calls", self._hear_calls)

    def run(self, step: Mapping[str, Any]) -> dict[str, Any]:
        """Return what each process told of a step, and who was not connected."""
        self._connected, self._refused, self._told = 0, {}, []
        processes = len(self._runner.clients.ready) if isinstance(self._runner, MasterRunner) else 1
        self._runner.send_message("perfkit_step", dict(step))
        self._runner.start(step["users"], spawn_rate=step["users"])
        _wait(lambda: self._connected >= step["users"], _CONNECT_S)
        self._runner.send_message("perfkit_begin", {})
        gevent.sleep(step["seconds"])
        self._runner.send_message("perfkit_end", {})
        self._runner.stop()
        _wait(lambda: len(self._told) >= processes, _END_S)
        return {"processes": self._told, "refused": self._refused, "lost": processes - len(self._told)}

    def _hear_connected(self, *, msg: Any, **_: Any) -> None:
        self._connected += 1
        if failed := msg.data["failed"]:
            self._refused[failed] = self._refused.get(failed, 0) + 1

    def _hear_calls(self, *, msg: Any, **_: Any) -> None:
        self._told.append(msg.data)


def wait_for_workers(runner: MasterRunner, count: int, limit_s: float) -> bool:
    """Wait until so many workers are there; return whether they are."""
    return _wait(lambda: len(runner.clients.ready) >= count, limit_s)


def _wait(is_so: Callable[[], bool], limit_s: float) -> bool:
    deadline = time.monotonic() + limit_s
    while not is_so():
        if time.monotonic() > deadline:
            return False
        gevent.sleep(_POLL_S)
    return True
