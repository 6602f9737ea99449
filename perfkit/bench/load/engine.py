"""The engine: what makes the load. pgbench, or Locust's users here or on other machines; a run of each says the same."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from perfkit.bench.load.locust import Locust, users_program
from perfkit.bench.load.model import LoadOptions
from perfkit.bench.load.pgbench import LoadRun, Manner, Place, run_load
from perfkit.bench.load.request import requests_of
from perfkit.bench.load.script import pause_between, scripts_of
from perfkit.bench.locust.program import Master, running
from perfkit.catalog.workload import WeightedCase

Run = Callable[[Manner, float, Callable[[], None]], LoadRun]
"""Runs users in a manner, who think for so many ms between calls, while something is called that watches the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """An engine that is ready: its threads or processes, and what returns how cases are run."""

    threads: int
    run_of: Callable[[Sequence[WeightedCase]], Run]


@contextmanager
def running_engine(place: Place, options: LoadOptions, master: Master | None) -> Iterator[Engine]:
    """Yield the engine of the options, ended after; MeasureError when the master's workers do not come."""
    if options.engine == "locust":
        with running(users_program(place), master) as program:
            yield _locust(place, Locust(program))
    else:
        yield _pgbench(place, options)


def _locust(place: Place, locust: Locust) -> Engine:
    def run_of(cases: Sequence[WeightedCase]) -> Run:
        requests = requests_of(cases)
        name = place.environment["PGAPPNAME"]
        return lambda manner, think_ms, watch: locust.run(requests, name, manner, think_ms, watch)

    return Engine(threads=locust.threads, run_of=run_of)


def _pgbench(place: Place, options: LoadOptions) -> Engine:
    def run_of(cases: Sequence[WeightedCase]) -> Run:
        scripts = scripts_of(cases, simple=options.protocol == "simple")

        def run(manner: Manner, think_ms: float, watch: Callable[[], None]) -> LoadRun:
            called = (*scripts, pause_between(scripts, think_ms)) if think_ms else scripts
            return run_load(called, place, manner, watch)

        return run

    return Engine(threads=options.threads, run_of=run_of)
