"""What a program of Locust's is: users, the master of workers who have them, or a worker, as its first order says.

Orders are lines of its input, answers lines of its output, both JSON; a worker takes orders from its master alone. It ends
when its input does. Importing this makes Python's input and output cooperative (gevent): it belongs into a process of its
own, and before whatever looks at them when it is imported, such as psycopg.
"""

import json
import logging
import os
import sys
import time
from collections.abc import Callable
from typing import Any, NoReturn, Protocol

import gevent
from gevent.fileobject import FileObject
from gevent.queue import Queue
from locust import runners
from locust.env import Environment
from locust.exception import RPCError

# Who was not heard for so long is lost: longer than a busy worker is silent, shorter than most steps.
_SILENT_S = 10
# A worker asks for its master again after this.
_TRY_S = 1
_POLL_S = 0.02
# How long others may take to be told that this ends; a message is gone soon after it was sent.
_QUIT_S = 3.0
_SENT_S = 0.1
_NOT_THERE = 3

Answer = Callable[[Any], dict[str, Any]]
"""Does what an order says, and returns what came of it."""


class Part(Protocol):
    """What one program does: its users, what they hear, and how the one who leads carries an order out."""

    @property
    def environment(self) -> Environment:
        """Return Locust's environment, which has the users."""

    def listen(self, runner: runners.Runner) -> None:
        """Take part in what other processes, or this one, tell."""

    def lead(self, runner: runners.Runner, processes: tuple[str, ...]) -> Answer:
        """Return what answers an order, with the users of these processes."""


def serve(part: Part) -> NoReturn:
    """Be what the first order says, until there are no more, or until the master of a worker ends: 3 if there is none."""
    logging.getLogger("locust").setLevel(logging.ERROR)
    runners.HEARTBEAT_LIVENESS = runners.MASTER_HEARTBEAT_TIMEOUT = _SILENT_S
    runners.CONNECT_TIMEOUT = _TRY_S
    orders: Queue[Any] = Queue()
    gevent.spawn(_read, orders, part.environment)
    role = orders.get()
    code = _work(part, role) if role["role"] == "worker" else _lead(part, role, orders)
    # At once: other greenlets are waited for by nobody.
    os._exit(code)


def _read(orders: "Queue[Any]", environment: Environment) -> None:
    """Put each order in the queue; after the last one tell the other processes, and end, whatever users still do."""
    for line in FileObject(sys.stdin.fileno(), "r", closefd=False):
        orders.put(json.loads(line))
    with gevent.Timeout(_QUIT_S, exception=False):
        if isinstance(environment.runner, runners.MasterRunner):
            environment.runner.quit()
        elif isinstance(environment.runner, runners.WorkerRunner):
            # The master need not notice the silence.
            environment.events.quitting.fire(environment=environment)  # type: ignore[no-untyped-call]
            gevent.sleep(_SENT_S)
    os._exit(0)


def _lead(part: Part, role: Any, orders: "Queue[Any]") -> int:
    """Say how many processes have users, and carry out orders; 3 where nobody can come."""
    runner: runners.Runner
    processes: tuple[str, ...]
    if role["role"] == "local":
        runner, processes = part.environment.create_local_runner(), ("local",)
    else:
        try:
            runner = master = part.environment.create_master_runner(role["host"], role["port"])
        except (RPCError, SystemExit):  # Locust's way to say that the port is taken
            _tell({"failed": f"{role['host']}:{role['port']} is taken, or no address of this machine"})
            return _NOT_THERE
        wait_until(lambda: len(master.clients.ready) >= role["workers"], role["wait_s"])
        processes = tuple(each.id for each in master.clients.ready[: role["workers"]])
    part.listen(runner)
    answer = part.lead(runner, processes)
    _tell({"processes": len(processes)})
    while True:
        _tell(answer(orders.get()))


def _work(part: Part, role: Any) -> int:
    """Be a worker until its master lets it go; 3 where there is no master, or it was not heard any more."""
    runners.CONNECT_RETRY_COUNT = round(role["wait_s"] / _TRY_S)
    try:
        worker = part.environment.create_worker_runner(role["host"], role["port"])
    except (ConnectionError, RPCError):
        return _NOT_THERE
    part.listen(worker)
    worker.greenlet.join()
    heard_at = worker.last_heartbeat_timestamp
    return _NOT_THERE if heard_at and heard_at < time.time() - _SILENT_S else 0


def is_lost(runner: runners.Runner, process: str) -> bool:
    """Tell whether a process has not been heard of for long, or has left; this one is always there."""
    if not isinstance(runner, runners.MasterRunner):
        return False
    worker = runner.clients.get(process)
    return worker is None or worker.state == runners.STATE_MISSING


def wait_until(is_so: Callable[[], bool], limit_s: float) -> bool:
    """Wait until something is so; return whether it is, within the time."""
    deadline = time.monotonic() + limit_s
    while not is_so():
        if time.monotonic() > deadline:
            return False
        gevent.sleep(_POLL_S)
    return True


def _tell(answer: object) -> None:
    sys.stdout.write(f"{json.dumps(answer)}\n")
    sys.stdout.flush()
