"""Locust's users as an engine: steps are ordered, and what several processes counted is a run like those of pgbench."""

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from perfkit.bench.load.calls import Calls
from perfkit.bench.load.latencies import Latencies, merged
from perfkit.bench.load.pgbench import WATCH_S, LoadRun, Manner, Place
from perfkit.bench.load.request import Request, request_data
from perfkit.bench.locust.program import Program, RunningProgram
from perfkit.errors import MeasureError

# What users may take to connect, and calls under way to end, beyond a step's time.
_GRACE_S = 150.0


def users_program(place: Place) -> Program:
    """Return the program that has users of the catalog."""
    return Program(
        module="perfkit.cli.locust_program",
        arguments=(place.conninfo, *(["writes"] if place.writes else [])),
        command="perfkit bench load --engine locust",
        environment=place.environment,
    )


@dataclass(frozen=True, slots=True)
class Locust:
    """A program that has users, here or on its workers."""

    program: RunningProgram

    @property
    def threads(self) -> int:
        """Return how many processes have the users."""
        return self.program.processes

    def run(
        self,
        requests: Sequence[Request],
        name: str,
        manner: Manner,
        think_ms: float,
        watch: Callable[[], None],
    ) -> LoadRun:
        """Run the requests and return what was measured; raises MeasureError when a worker was lost."""
        step = {
            "name": name,
            "users": manner.users,
            "seconds": manner.seconds,
            "rate": manner.rate or 0.0,
            "seed": manner.seed,
            "think_ms": think_ms,
            "prepared": manner.protocol == "prepared",
            "requests": [request_data(each) for each in requests],
        }
        answer = self.program.order(step, manner.seconds + _GRACE_S, watch, every_s=WATCH_S)
        if answer["lost"]:
            raise MeasureError(
                f"of {self.threads} workers, {answer['lost']} stopped in the middle",
                hint="start them again, and the master",
            )
        return _run_of(answer, manner)


def _run_of(answer: Mapping[str, Any], manner: Manner) -> LoadRun:
    """Return what several processes counted as one run."""
    told = answer["processes"]
    calls = Calls()
    for each in told:
        for name, (counts, total_ms, largest_ms) in each["queries"].items():
            latencies = Latencies(
                counts=Counter({int(bucket): count for bucket, count in counts}),
                total_ms=total_ms,
                largest_ms=largest_ms,
            )
            calls.by_query[name] = merged([calls.by_query.get(name, Latencies()), latencies])
        calls.failures.update(each["failures"])
        calls.late += each["late"]
    here = os.uname().nodename
    return LoadRun(
        manner=manner,
        calls=calls,
        seconds=max(each["seconds"] for each in told),
        client_cpu_s=sum(each["cpu_s"] for each in told),
        client_here_s=sum(each["cpu_s"] for each in told if each["host"] == here),
        errors=answer["refused"],
    )
