"""A schedule: tasks that come due again and again, one at a time, and never in a burst after a delay."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from heapq import heapify, heapreplace
from threading import Event
from time import monotonic


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is to be done every so often, first after `offset_s`; `run` is told how late it begins, in seconds."""

    every_s: float
    offset_s: float = 0.0
    run: Callable[[float], None]


def spread(runs: Iterable[Callable[[float], None]], *, every_s: float) -> list[Task]:
    """Return tasks that share the interval evenly."""
    each = list(runs)
    return [
        Task(every_s=every_s, offset_s=every_s * place / len(each), run=run) for place, run in enumerate(each)
    ]


def run_tasks(tasks: Iterable[Task], stop: Event) -> None:
    """Run the tasks as they come due until `stop` is set or one of them raises.

    A task that begins late moves its later turns: what was missed is not made up for.
    """
    began = monotonic()
    queue = [(began + task.offset_s, place, task) for place, task in enumerate(tasks)]
    heapify(queue)
    while queue:
        due, place, task = queue[0]
        if stop.wait(max(0.0, due - monotonic())):
            return
        started = monotonic()
        task.run(started - due)
        heapreplace(queue, (max(due + task.every_s, started), place, task))
