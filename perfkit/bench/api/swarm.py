"""The swarm: Locust's users of an application, in a program of their own, and what they count in a step."""

import os
import time
from itertools import accumulate
from random import Random
from typing import Any, NoReturn

import gevent
from locust import events, runners, task
from locust.contrib.fasthttp import FastHttpUser
from locust.env import Environment

from perfkit.bench.api.tally import Tally, failure_of
from perfkit.bench.api.thresholds import REQUEST_S, SETTLE_S
from perfkit.bench.load.latencies import Latencies
from perfkit.bench.locust.roles import Answer, serve, wait_until

_PLAN = "perfkit-plan"
_CALLS = "perfkit-calls"
_TICK_S = 0.01
# Requests end by themselves before that.
_STOP_S = int(REQUEST_S) + 5


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

    def __init__(self) -> None:
        """Listen to Locust's events."""
        self.environment = Environment(user_classes=[Visitor], events=events, stop_timeout=_STOP_S)
        self.tally = Tally()
        self.heard = 0
        told: Any = self.environment.events
        told.request.add_listener(self._on_request)
        told.test_start.add_listener(self._on_start)
        told.test_stop.add_listener(self._on_stop)

    def listen(self, runner: runners.Runner) -> None:
        """Take the messages of other processes."""
        runner.register_message(_PLAN, lambda environment, msg, **_: self.follow(msg.data))  # noqa: ARG005  # as Locust calls it
        runner.register_message(_CALLS, self._on_calls)

    def lead(self, runner: runners.Runner, _: tuple[str, ...]) -> Answer:
        """Return what runs the step of a plan."""
        return lambda plan: _step(runner, self, plan)

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


def _step(runner: Any, swarm: Swarm, plan: Any) -> dict[str, Any]:
    """Run one step and return what was counted, and how many workers were lost."""
    swarm.follow(plan)
    workers = _workers(runner)
    if workers:
        runner.send_message(_PLAN, plan)
    runner.start(plan["users"], spawn_rate=plan["users"])
    gevent.sleep(SETTLE_S + plan["seconds"])
    runner.stop()
    wait_until(lambda: not runner.user_count, _STOP_S)
    # A worker that has stopped is none for a moment; one that is missing is not waited for.
    wait_until(lambda: swarm.heard == workers == _workers(runner) or _is_one_missing(runner), REQUEST_S)
    return swarm.tally.told() | {"lost": workers - min(swarm.heard, _workers(runner))}


def _workers(runner: Any) -> int:
    """Return how many workers there are, whatever they do; 0 for a runner that has none."""
    clients = runner.clients.all if isinstance(runner, runners.MasterRunner) else ()
    return sum(client.state != runners.STATE_MISSING for client in clients)


def _is_one_missing(runner: Any) -> bool:
    clients = runner.clients.all if isinstance(runner, runners.MasterRunner) else ()
    return any(client.state == runners.STATE_MISSING for client in clients)


def main() -> NoReturn:
    """Serve orders."""
    # Locust has a worker wait for the stop's whole time limit before it is ready again, though all its users have stopped.
    os.environ["LOCUST_WORKER_ADDITIONAL_WAIT_BEFORE_READY_AFTER_STOP"] = str(-_STOP_S)
    # And its master wait a second for workers' first words, in which users call already: SETTLE_S is for that.
    os.environ["LOCUST_WAIT_FOR_WORKERS_REPORT_AFTER_RAMP_UP"] = "0"
    serve(Swarm())


if __name__ == "__main__":
    main()
