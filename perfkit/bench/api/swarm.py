"""The swarm: Locust in a process of its own, as it changes the standard library for its whole process.

It reads one order a line from standard input, and tells one answer a line on standard output: both JSON. It ends when its
input does, so that nothing outlives whoever started it, however that ended. As a master it has workers do the calling; a
worker takes orders from its master alone.
"""

import gevent.monkey

gevent.monkey.patch_all()

import json  # noqa: E402  # after gevent's changes
import os  # noqa: E402
import random  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from itertools import accumulate  # noqa: E402
from typing import Any  # noqa: E402

import gevent  # noqa: E402
from gevent.queue import Queue  # noqa: E402
from locust import events, task  # noqa: E402
from locust.contrib.fasthttp import FastHttpUser  # noqa: E402
from locust.env import Environment  # noqa: E402
from locust.runners import MasterRunner, WorkerRunner  # noqa: E402

from perfkit.bench.api.tally import Tally  # noqa: E402
from perfkit.bench.api.thresholds import REQUEST_S, SETTLE_S  # noqa: E402

_PLAN = "perfkit-plan"
_POLL_S = 0.05
_WORKERS_S = 600.0


class Visitor(FastHttpUser):
    """A user who asks for one endpoint after another, by weight, and pauses between."""

    plan: Any = None
    cumulative: tuple[float, ...] = ()
    network_timeout = REQUEST_S
    connection_timeout = REQUEST_S

    @task
    def visit(self) -> None:
        """Ask for one endpoint."""
        target = random.choices(self.plan["targets"], cum_weights=self.cumulative)[0]
        data = target["body"].encode() or None
        headers = {"content-type": "application/json"} if data else {}
        self.client.request(
            target["method"], random.choice(target["paths"]), name=target["name"], data=data, headers=headers
        )

    def wait_time(self) -> float:
        """Return the seconds of a pause, half to one and a half of the mean."""
        return float(random.uniform(0.5, 1.5) * self.plan["think_s"])


class Swarm:
    """One process's part: the plan that it follows, and what it counted since the last step began."""

    def __init__(self, environment: Environment) -> None:
        """Listen to Locust's events."""
        self.environment = environment
        self.tally = Tally()
        heard: Any = environment.events
        heard.request.add_listener(self._on_request)
        heard.test_start.add_listener(self._on_start)
        heard.report_to_master.add_listener(self._on_report)
        heard.worker_report.add_listener(self._on_worker_report)

    def follow(self, plan: Any) -> None:
        """Take a plan: targets, URL, pause, seconds."""
        self.environment.host = plan["url"]
        Visitor.host = plan["url"]
        Visitor.plan = plan
        Visitor.cumulative = tuple(accumulate(target["weight"] for target in plan["targets"]))
        self.tally = Tally()

    def _on_start(self, **_: Any) -> None:
        self.tally.begin(Visitor.plan["seconds"])

    def _on_request(
        self,
        name: str,
        response_time: float,
        start_time: float,
        response: Any = None,
        exception: Any = None,
        **_: Any,
    ) -> None:
        status = getattr(response, "status_code", 0)
        failure = (str(status) if status else type(exception).__name__) if exception else ""
        self.tally.add(name, response_time, start_time, failure)

    def _on_report(self, client_id: str, data: dict[str, Any]) -> None:  # noqa: ARG002  # as Locust calls it
        data["perfkit"] = self.tally.taken()

    def _on_worker_report(self, client_id: str, data: dict[str, Any]) -> None:  # noqa: ARG002  # as Locust calls it
        self.tally.take(data["perfkit"])


def main() -> None:
    """Be what the first line of input says."""
    first = json.loads(sys.stdin.readline())
    environment = Environment(user_classes=[Visitor], events=events, stop_timeout=REQUEST_S)
    swarm = Swarm(environment)
    if first["role"] == "worker":
        _work(environment, swarm, first)
        return
    if first["role"] == "master":
        runner: Any = environment.create_master_runner(first["bind"], first["port"])
        _wait_for(runner, first["workers"])
    else:
        runner = environment.create_local_runner()
    _tell({"ready": True})
    orders: Queue[str] = Queue()
    gevent.spawn(_read, orders)
    while line := orders.get():
        _tell(_step(runner, swarm, json.loads(line)))


def _read(orders: "Queue[str]") -> None:
    """Put each line of input among the orders; whoever gave them is gone when there are no more."""
    while line := gevent.get_hub().threadpool.apply(sys.stdin.readline):
        orders.put(line)
    # At once: users who still call would go on, and nobody is there to be told.
    os._exit(0)


def _step(runner: Any, swarm: Swarm, plan: Any) -> dict[str, Any]:
    """Run one step and return what was counted."""
    swarm.follow(plan)
    if isinstance(runner, MasterRunner):
        runner.send_message(_PLAN, plan)
    runner.start(plan["users"], spawn_rate=plan["users"])
    gevent.sleep(SETTLE_S + plan["seconds"])
    runner.stop()
    while runner.user_count:
        gevent.sleep(_POLL_S)
    return swarm.tally.taken()


def _work(environment: Environment, swarm: Swarm, first: Any) -> None:
    runner: WorkerRunner = environment.create_worker_runner(first["host"], first["port"])
    runner.register_message(_PLAN, lambda environment, msg, **_: swarm.follow(msg.data))  # noqa: ARG005  # as Locust calls it
    runner.greenlet.join()


def _wait_for(runner: Any, workers: int) -> None:
    """Wait until so many workers are there."""
    deadline = time.monotonic() + _WORKERS_S
    while runner.worker_count < workers:
        if time.monotonic() > deadline:
            _tell({"error": f"{runner.worker_count} of {workers} workers came"})
            os._exit(1)
        gevent.sleep(_POLL_S)


def _tell(answer: object) -> None:
    sys.stdout.write(f"{json.dumps(answer)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
