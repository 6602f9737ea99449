"""The swarm: Locust in a process of its own, as it changes the standard library for its whole process.

It reads one order a line from standard input, and tells one answer a line on standard output: both JSON. It ends when its
input does, so that nothing outlives whoever started it, however that ended. As a master it has workers do the calling; a
worker takes orders from its master alone.
"""

import gevent.monkey

gevent.monkey.patch_all()

import json  # noqa: E402  # after gevent's changes
import logging  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from itertools import accumulate  # noqa: E402
from random import Random  # noqa: E402
from typing import Any  # noqa: E402

import gevent  # noqa: E402
from gevent.queue import Queue  # noqa: E402
from locust import events, runners, task  # noqa: E402
from locust.contrib.fasthttp import FastHttpUser  # noqa: E402
from locust.env import Environment  # noqa: E402
from locust.exception import RPCError  # noqa: E402

from perfkit.bench.api.tally import Tally, failure_of  # noqa: E402
from perfkit.bench.api.thresholds import REQUEST_S, SETTLE_S, WORKERS_S  # noqa: E402
from perfkit.bench.load.latencies import Latencies  # noqa: E402

_PLAN = "perfkit-plan"
_CALLS = "perfkit-calls"
_POLL_S = 0.05
_TICK_S = 0.01
# Requests end by themselves before that.
_STOP_S = int(REQUEST_S) + 5
# A worker tries to reach its master every 5 s.
_TRIES = int(WORKERS_S / 5)
_NO_MASTER = 3
_QUIT_S = 3.0


class Visitor(FastHttpUser):
    """A user who asks for one endpoint after another, by weight, and pauses between, half to one and a half of the mean."""

    plan: Any = None
    cumulative: tuple[float, ...] = ()
    chance = Random()
    network_timeout = REQUEST_S
    connection_timeout = REQUEST_S

    def on_start(self) -> None:
        """Come at a time of one's own: users who all began at once would go on in waves."""
        gevent.sleep(self.chance.uniform(0, self.plan["think_s"]))

    @task
    def visit(self) -> None:
        """Ask for one endpoint; a redirect is no answer, as it may lead to another host."""
        target = self.chance.choices(self.plan["targets"], cum_weights=self.cumulative)[0]
        data = target["body"].encode() or None
        headers = {"content-type": "application/json"} if data else {}
        # The timeouts above are each wait's; this one is the whole request's, however slowly its answer drips.
        with gevent.Timeout(REQUEST_S, TimeoutError):
            self.client.request(
                target["method"],
                self.chance.choice(target["paths"]),
                name=target["name"],
                data=data,
                headers=headers | self.plan["headers"],
                allow_redirects=False,
            )

    def wait_time(self) -> float:
        """Return the seconds of a pause."""
        return self.chance.uniform(0.5, 1.5) * float(self.plan["think_s"])


class Swarm:
    """One process's part: the plan that it follows, what it counted since the last step began, and how many told it theirs."""

    def __init__(self, environment: Environment) -> None:
        """Listen to Locust's events."""
        self.environment = environment
        self.tally = Tally()
        self.heard = 0
        told: Any = environment.events
        told.request.add_listener(self._on_request)
        told.test_start.add_listener(self._on_start)
        told.test_stop.add_listener(self._on_stop)

    def listen(self, runner: Any) -> None:
        """Take the messages of other processes."""
        runner.register_message(_PLAN, lambda environment, msg, **_: self.follow(msg.data))  # noqa: ARG005  # as Locust calls it
        runner.register_message(_CALLS, self._on_calls)

    def follow(self, plan: Any) -> None:
        """Take a plan: targets, headers, URL, pause, seconds, seed."""
        self.environment.host = plan["url"]
        Visitor.host = plan["url"]
        Visitor.plan = plan
        Visitor.cumulative = tuple(accumulate(target["weight"] for target in plan["targets"]))
        Visitor.chance = Random(f"{plan['seed']} {getattr(self.environment.runner, 'worker_index', 0)}")
        self.tally = Tally()
        self.heard = 0

    def _on_start(self, **_: Any) -> None:
        self.tally.begin(Visitor.plan["seconds"])
        gevent.spawn(_weigh, self.tally, Visitor.plan["seconds"])

    def _on_request(
        self,
        name: str,
        response_time: float,
        start_time: float,
        response: Any = None,
        exception: Any = None,
        **_: Any,
    ) -> None:
        failure = failure_of(getattr(response, "status_code", 0), exception)
        self.tally.add(name, response_time, start_time, failure)

    def _on_stop(self, **_: Any) -> None:
        """Tell the master, before Locust tells it that this worker has stopped."""
        if isinstance(self.environment.runner, runners.WorkerRunner):
            self.environment.runner.send_message(_CALLS, self.tally.told())

    def _on_calls(self, msg: Any, **_: Any) -> None:
        self.tally.take(msg.data)
        self.heard += 1


def _weigh(tally: Tally, seconds: float) -> None:
    """Tell the tally how this process fares in the step's time: what it is late by is in each latency too."""
    gevent.sleep(SETTLE_S)
    cpu_s, began = time.process_time(), time.monotonic()
    lags = Latencies()
    at = began
    while at < began + seconds:
        gevent.sleep(_TICK_S)
        now = time.monotonic()
        lags.add((now - at - _TICK_S) * 1_000)
        at = now
    tally.busy = (time.process_time() - cpu_s) / (at - began)
    tally.lag_ms = lags.quantile_ms(0.95)


def main() -> int:
    """Be what the first line of input says; return the exit code."""
    logging.getLogger("locust").setLevel(logging.ERROR)
    first = json.loads(sys.stdin.readline())
    environment = Environment(user_classes=[Visitor], events=events, stop_timeout=_STOP_S)
    swarm = Swarm(environment)
    orders: Queue[str] = Queue()
    gevent.spawn(_read, orders, environment)
    if first["role"] == "worker":
        return _work(environment, swarm, first)
    if first["role"] == "master":
        runner: Any = environment.create_master_runner(first["host"], first["port"])
        _wait(lambda: _workers(runner) >= first["workers"], WORKERS_S)
        came = _workers(runner)
    else:
        runner, came = environment.create_local_runner(), 0
    swarm.listen(runner)
    _tell({"came": came})
    while True:
        _tell(_step(runner, swarm, json.loads(orders.get())))


def _read(orders: "Queue[str]", environment: Environment) -> None:
    """Put each line of input among the orders; end after the last, as nobody is there to be told anything."""
    while line := gevent.get_hub().threadpool.apply(sys.stdin.readline):
        orders.put(line)
    if isinstance(environment.runner, runners.MasterRunner):
        # Workers end with their master.
        with gevent.Timeout(_QUIT_S, exception=False):
            environment.runner.quit()
    # At once, as users may still call.
    os._exit(0)


def _step(runner: Any, swarm: Swarm, plan: Any) -> dict[str, Any]:
    """Run one step and return what was counted, and how many workers were lost."""
    swarm.follow(plan)
    workers = _workers(runner)
    if workers:
        runner.send_message(_PLAN, plan)
    runner.start(plan["users"], spawn_rate=plan["users"])
    gevent.sleep(SETTLE_S + plan["seconds"])
    runner.stop()
    while runner.user_count:
        gevent.sleep(_POLL_S)
    # A worker that has stopped is none for a moment.
    _wait(lambda: swarm.heard == workers == _workers(runner), REQUEST_S)
    return swarm.tally.told() | {"lost": workers - min(swarm.heard, _workers(runner))}


def _work(environment: Environment, swarm: Swarm, first: Any) -> int:
    runners.CONNECT_RETRY_COUNT = _TRIES
    # Locust has a worker wait for the stop's whole time limit before it is ready again, though all its users have stopped.
    os.environ["LOCUST_WORKER_ADDITIONAL_WAIT_BEFORE_READY_AFTER_STOP"] = str(-_STOP_S)
    try:
        runner: runners.WorkerRunner = environment.create_worker_runner(first["host"], first["port"])
    except (ConnectionError, RPCError):
        return _NO_MASTER
    swarm.listen(runner)
    runner.greenlet.join()
    return 0


def _wait(is_so: Callable[[], bool], limit_s: float) -> None:
    deadline = time.monotonic() + limit_s
    while not is_so() and time.monotonic() < deadline:
        gevent.sleep(_POLL_S)


def _workers(runner: Any) -> int:
    """Return how many workers there are, whatever they do; 0 for a runner that has none."""
    clients = runner.clients.all if isinstance(runner, runners.MasterRunner) else ()
    return sum(client.state != runners.STATE_MISSING for client in clients)


def _tell(answer: object) -> None:
    sys.stdout.write(f"{json.dumps(answer)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    # Other greenlets are waited for by nobody.
    os._exit(main())
