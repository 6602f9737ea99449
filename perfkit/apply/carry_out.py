"""Carrying out the steps of a journal: each is held to its goal, so that a run that was killed can go on anywhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from perfkit.apply import journal as journals
from perfkit.apply.journal import Event, Journal, Run
from perfkit.apply.prepare import Catalog
from perfkit.apply.state import Index, Name
from perfkit.apply.steps import LOCKING, Action, Step
from perfkit.errors import GuardError, PerfkitError

_DROPS = frozenset({Action.CLEAR, Action.DROP, Action.DROP_PARENT})


class Server(Protocol):
    """A session that changes indexes; `catalog` says what is there."""

    @property
    def catalog(self) -> Catalog:
        """Return what the server says of its tables and indexes."""

    def run(self, statement: str, title: str) -> None:
        """Run a statement for as long as it takes; `title` is what its progress is shown under."""

    def run_briefly(self, statement: str) -> None:
        """Run a statement that the application waits for: in a moment, or again later; GuardError after some tries."""


class Outcome(StrEnum):
    """What became of a step: done, done already, or left out as its table is gone or detached."""

    DONE = "done"
    ALREADY = "already"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A step that was carried out, and how long it took."""

    step: Step
    outcome: Outcome
    duration_ms: float


Connect = Callable[[], AbstractContextManager[Server]]
Tell = Callable[[str], None]


def carry_out(journal: Journal, run: Run, server: Server) -> Iterator[Result]:
    """Carry out the steps of a run and yield what became of each; the journal hears of each before and after.

    Raises what the server does, GuardError where an index is not what the journal knows, and MeasureError when the
    journal cannot be written: `clean_up` is then to be called.
    """
    done_before = journal.done(run)
    for number, step in journal.steps_of(run):
        journals.record(journal, run, number, Event.BEGUN)
        started = time.perf_counter()
        try:
            again = step.index is None and number in done_before
            outcome = Outcome.ALREADY if again else _perform(step, server)
        except PerfkitError as error:
            journals.record(journal, run, number, Event.FAILED, error.message)
            raise
        journals.record(journal, run, number, Event.DONE)
        yield Result(step=step, outcome=outcome, duration_ms=(time.perf_counter() - started) * 1000)
    if run is Run.DO:
        _check_wholes(journal, server)


def _check_wholes(journal: Journal, server: Server) -> None:
    """Raise GuardError when a partitioned index is not whole.

    A partition came before its parent's index was there, or the last to be attached went: PostgreSQL looks then alone.
    """
    for step in journal.steps.do:
        name = step.parent if step.action is Action.ATTACH else step.index
        if name is None or step.action not in {Action.ATTACH, Action.CREATE_PARENT}:
            continue
        found = server.catalog.index(name.schema, name.name)
        if found is not None and not found.valid:
            raise GuardError(
                f"{name.sql} is not valid yet: a partition of its table came or went meanwhile",
                hint="apply the file again: it builds what is missing; if it finds nothing to do, --undo this run first",
            )


def ahead(journal: Journal, run: Run, server: Server) -> tuple[Step, ...]:
    """Return the steps of a run that are still to be done."""
    done_before = journal.done(run)
    return tuple(
        step
        for number, step in journal.steps_of(run)
        if not (number in done_before if step.index is None else is_done(step, _found(step, server)))
    )


def is_done(step: Step, found: Index | None) -> bool:
    """Tell whether the goal of a step is reached; `found` is the index of its name, None when there is none."""
    if found is None:
        return step.action in _DROPS
    if step.action is Action.CLEAR:
        return found.valid
    if step.action is Action.ATTACH:
        return found.parent == step.parent
    is_the_one = found.definition == step.definition and found.table == step.table
    return is_the_one and (
        step.action is Action.CREATE_PARENT or (step.action is Action.CREATE and found.valid)
    )


def clean_up(journal: Journal, connect: Connect, tell: Tell) -> bool:
    """Drop, in a new session, every invalid index that the run left; says what it does.

    Returns whether nothing is left then of the apply: no step that was begun has reached its goal, whether its end could
    be written or not.
    """
    try:
        with connect() as server:
            for index in tuple(_unusable(journal, server)):
                statement = f"DROP INDEX CONCURRENTLY {index.sql}"
                tell(f"perfkit: cleaning up: {statement}")
                server.run(statement, "cleaning up")
            steps = journal.steps.do
            begun = (steps[number] for number in journals.load(journal.path).begun)
            return not any(is_done(step, _found(step, server)) for step in begun)
    except (PerfkitError, KeyboardInterrupt) as error:
        reason = error.message if isinstance(error, PerfkitError) else "interrupted again"
        tell(f"perfkit: an invalid index may be left ({reason}); --resume and --undo take care of it")
        return False


def _unusable(journal: Journal, server: Server) -> Iterator[Name]:
    """Yield the invalid indexes that the journal's steps were to make or drop; partitioned ones are not done yet."""
    names = set()
    for step in (*journal.steps.do, *journal.steps.undo):
        if step.action not in {Action.CREATE, Action.CLEAR, Action.DROP} or step.index in names:
            continue
        names.add(step.index)
        found = _found(step, server)
        if found and not found.valid and not found.builder_pid and found.definition == step.definition:
            yield found.name


def _found(step: Step, server: Server) -> Index | None:
    return server.catalog.index(step.index.schema, step.index.name) if step.index else None


def _perform(step: Step, server: Server) -> Outcome:
    found = _found(step, server)
    if _has_lost_its_table(step, found, server):
        return Outcome.SKIPPED
    _check(step, found)
    if is_done(step, found):
        return Outcome.ALREADY
    if step.action is Action.CREATE and found is not None:
        _run(f"DROP INDEX CONCURRENTLY {found.name.sql}", step, server)
    if step.action in LOCKING:
        server.run_briefly(step.statement)
    else:
        _run(step.statement, step, server)
    return Outcome.DONE


def _has_lost_its_table(step: Step, found: Index | None, server: Server) -> bool:
    """Tell whether the step's table is gone or, where an index is to be attached, is no partition any more."""
    if found is None and step.action not in _DROPS and not server.catalog.is_taken(step.table):
        return True
    if step.action is not Action.ATTACH or step.parent is None:
        return False
    parent = server.catalog.index(step.parent.schema, step.parent.name)
    return parent is not None and not server.catalog.is_partition(step.table, parent.table)


def _run(statement: str, step: Step, server: Server) -> None:
    server.run(statement, (step.index or step.table).name)


def _check(step: Step, found: Index | None) -> None:
    """Raise GuardError when the index of the step's name is not the one that the step is about, or not at rest."""
    if step.index is None:
        return
    if found is None:
        if step.action is Action.ATTACH:
            raise GuardError(
                f"{step.index.sql} is gone: somebody dropped it meanwhile", hint="take it back: --undo"
            )
        return
    if found.definition != step.definition or found.table != step.table:
        raise GuardError(
            f"{step.index.sql} is not the index that the journal knows: somebody made another one of that name",
            hint="see to that one yourself, and then --resume or --undo",
        )
    if found.builder_pid and not found.valid:
        raise GuardError(
            f"{step.index.sql} is being built by process {found.builder_pid}",
            hint=f"wait until it is done, or end it: SELECT pg_terminate_backend({found.builder_pid})",
        )
