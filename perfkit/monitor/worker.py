"""The worker: asks the database on a schedule, one thing at a time, and puts what it reads on the board."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import Final

from perfkit.baseline.model import QueryBaseline
from perfkit.catalog.workload import WeightedCase, Workload
from perfkit.errors import ConnectError, GuardError, MeasureError, StatementError
from perfkit.health.model import HealthCheck
from perfkit.health.run import run_checks
from perfkit.measure.model import Manner
from perfkit.monitor.cases import CaseName, CaseNow, failed, probed, refused
from perfkit.monitor.instruments import Failure, Instruments, Source
from perfkit.monitor.model import Board, Database
from perfkit.monitor.probe import probe
from perfkit.monitor.schedule import Task, run_tasks, spread
from perfkit.monitor.thresholds import ACTIVITY_EVERY_S, FIRST_WAIT_S, HEALTH_EVERY_S, LONGEST_WAIT_S

_TIMEOUT_SQLSTATE: Final = "57014"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What is watched, and how.

    `draw` gives the catalog's cases once the database can be asked; `health` are the checks that are run; `say` tells
    a person one line.
    """

    database: Database
    draw: Callable[[], Workload]
    manner: Manner
    baseline: Mapping[str, QueryBaseline]
    health: Sequence[HealthCheck]
    say: Callable[[str], None]


class Worker:
    """Watches until it is stopped; whatever the database does, it goes on."""

    def __init__(self, watch: Watch, board: Board, instruments: Instruments) -> None:
        self._watch = watch
        self._board = board
        self._count = instruments
        self._cases: tuple[WeightedCase, ...] | None = None
        self._trouble = ""
        self._told: dict[CaseName, str] = {}

    def run(self, stop: Event) -> None:
        """Watch until `stop` is set; a database that is gone is tried again, ever less often.

        Raises GuardError when perfkit refuses the role or the server before it has learned the cases.
        """
        try:
            self._watch_on(stop)
        finally:
            self._watch.database.close()

    def _watch_on(self, stop: Event) -> None:
        wait_s = FIRST_WAIT_S
        while not stop.is_set():
            try:
                self._meet()
                wait_s = FIRST_WAIT_S
                run_tasks(self._tasks(), stop)
            except MeasureError as error:
                if stop.is_set():
                    break
                if isinstance(error, GuardError):
                    raise  # no later try is better: the role or the server is one that is not measured
                self._lose(error)
                stop.wait(wait_s)
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def _meet(self) -> None:
        """Connect, and learn the cases when nobody has yet."""
        self._read_activity(0.0)
        self._count.connections.inc()
        if self._trouble:
            self._watch.say("the database can be asked again")
            self._trouble = ""
        if self._cases is None:
            self._learn()

    def _learn(self) -> None:
        self._watch.database.facts(())  # what the guard refuses, it refuses now
        workload = self._watch.draw()
        for undrawn in workload.undrawn:
            if isinstance(undrawn.error, ConnectError):
                raise undrawn.error
            self._watch.say(f"{undrawn.query.name}: its cases could not be drawn: {undrawn.error.message}")
        # A write is never probed, though it would be rolled back: what it leaves, it would leave every few minutes.
        self._cases = tuple(case for case in workload.cases if "write" not in case.query.allowed)
        default_ms = self._watch.manner.target_ms
        self._board.cases = {
            _name(case): CaseNow(
                budget_s=(default_ms if case.query.budget_ms is None else case.query.budget_ms) / 1000,
                weight=case.weight,
            )
            for case in self._cases
        }

    def _tasks(self) -> list[Task]:
        every_s = self._board.interval_s
        tasks = [Task(every_s=min(every_s, ACTIVITY_EVERY_S), run=self._read_activity)]
        if self._watch.health:
            tasks.append(Task(every_s=min(every_s, HEALTH_EVERY_S), run=self._read_health))
        probes = [partial(self._probe, case) for case in self._cases or ()]
        return tasks + spread(probes, every_s=every_s)

    def _lose(self, error: MeasureError) -> None:
        """Say that the database is gone, and keep nothing on the board that is only true while it is there."""
        if error.message != self._trouble:
            self._watch.say(f"the database cannot be asked: {error.message}")
        self._trouble = error.message
        self._count.source_errors.labels(Source.DATABASE).inc()
        self._board.up = False
        self._board.activity = None
        self._board.health = {}

    def _read_activity(self, _late_s: float) -> None:
        self._board.activity = self._watch.database.activity()
        self._board.up = True

    def _read_health(self, _late_s: float) -> None:
        try:
            found = run_checks(self._watch.database.health(), self._watch.health)
        except StatementError as error:
            self._board.health = {}
            self._count.source_errors.labels(Source.HEALTH).inc()
            self._watch.say(f"health cannot be read: {error.message}")
        else:
            self._board.health = {result.check.id: result.state for result in found.results}

    def _probe(self, case: WeightedCase, late_s: float) -> None:
        name = _name(case)
        self._board.lag_s = late_s
        try:
            reading = probe(case, self._watch.database, self._watch.manner, self._watch.baseline)
        except ConnectError:
            raise
        except MeasureError as error:
            self._missed(name, error)
        else:
            self._put(name, probed(self._board.cases[name], reading))

    def _missed(self, name: CaseName, error: MeasureError) -> None:
        reason = _failure(error)
        self._count.failures.labels(reason).inc()
        if self._told.get(name) != error.message:
            self._watch.say(f"{name.query}/{name.case}: {error.message}")
        self._told[name] = error.message
        after = refused if reason is Failure.REFUSED else failed
        self._put(name, after(self._board.cases[name]))

    def _put(self, name: CaseName, case: CaseNow) -> None:
        self._board.cases = {**self._board.cases, name: case}


def _name(case: WeightedCase) -> CaseName:
    return CaseName(case.query.name, case.case.name)


def _failure(error: MeasureError) -> Failure:
    if isinstance(error, GuardError):
        return Failure.REFUSED
    is_timeout = isinstance(error, StatementError) and error.sqlstate == _TIMEOUT_SQLSTATE
    return Failure.TIMEOUT if is_timeout else Failure.ERROR
