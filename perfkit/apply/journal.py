"""The journal of an apply: what it will do and how it is taken back, on disk before anything is done.

JSON Lines: the first holds all steps, each further one says that a step begins, is done or failed.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from perfkit.apply.state import Definition, Name, Place
from perfkit.apply.steps import Action, Step, Steps
from perfkit.errors import DamagedFileError, UsageError
from perfkit.files import write_error

SCHEMA = "perfkit.apply.journal/1"
# The last line, whole or not, is found in so much of the file; the first may be as long as there are partitions.
_TAIL_BYTES = 65_536
_LONGEST_ERROR = 1_000


class Run(StrEnum):
    """Which of the journal's two lists of steps is carried out."""

    DO = "do"
    UNDO = "undo"


class Event(StrEnum):
    """What became of a step."""

    BEGUN = "begun"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line: what became of step `step`, from 0, of the list `run`; `error` says why it failed."""

    run: Run
    step: int
    event: Event
    at: str
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """A journal as it was read; what is written to it later is not in `entries`."""

    path: Path
    place: Place
    steps: Steps
    entries: tuple[Entry, ...] = ()

    def steps_of(self, run: Run) -> tuple[tuple[int, Step], ...]:
        """Return the steps of a run with their numbers; of the undo only those that take back what was begun."""
        if run is Run.DO:
            return tuple(enumerate(self.steps.do))
        begun = self.begun
        return tuple((number, step) for number, step in enumerate(self.steps.undo) if step.since in begun)

    @property
    def begun(self) -> frozenset[int]:
        """Return the steps of the apply that were begun, whatever became of them."""
        return frozenset(entry.step for entry in self.entries if entry.run is Run.DO)

    @property
    def is_finished(self) -> bool:
        """Tell whether the last run that was at work did all of its steps; a journal without entries was never begun."""
        if not self.entries:
            return True
        last = self.entries[-1]
        numbers = [number for number, _ in self.steps_of(last.run)]
        return last.event is Event.DONE and last.step == numbers[-1]

    def done(self, run: Run) -> frozenset[int]:
        """Return the steps of a run that were done since the other run was last at work."""
        done: set[int] = set()
        for entry in self.entries:
            if entry.run is not run:
                done.clear()
            elif entry.event is Event.DONE:
                done.add(entry.step)
        return frozenset(done)


def create(path: Path, place: Place, steps: Steps) -> Journal:
    """Return a new journal, which is on disk then; UsageError when the file is there already or cannot be written."""
    header = {"schema": SCHEMA, "started_at": _now(), "place": asdict(place), **asdict(steps)}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            _write(file.fileno(), header)
        _keep_name(path)
    except FileExistsError:
        raise UsageError(
            f"{path} is there already", hint="name another file, or go on with it: --resume or --undo"
        ) from None
    except OSError as error:
        raise write_error(path, error) from error
    return Journal(path=path, place=place, steps=steps)


def record(journal: Journal, run: Run, step: int, event: Event, error: str = "") -> None:
    """Add a line to the journal, on disk before this returns; raises MeasureError when there is no room."""
    entry = Entry(run=run, step=step, event=event, at=_now(), error=error[:_LONGEST_ERROR])
    try:
        with journal.path.open("r+b") as file:
            tail = file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            file.truncate(tail + file.read().rfind(b"\n") + 1)  # what a killed run was writing goes
            file.seek(0, os.SEEK_END)
            _write(file.fileno(), asdict(entry))
    except OSError as problem:
        raise write_error(journal.path, problem) from problem


def load(path: Path) -> Journal:
    """Return the journal in the file; raises UsageError when it cannot be read, DamagedFileError when it is none."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise DamagedFileError(path, "it is no text in UTF-8") from None
    if not text.endswith("\n"):  # killed while it wrote: before it did anything of that line
        text = text[: text.rfind("\n") + 1]
    if not text:
        raise DamagedFileError(path, "its first line is not whole: nothing was begun", hint="delete it")
    header, *entries = _lines(path, text)
    try:
        if header["schema"] != SCHEMA:
            raise DamagedFileError(path, f"it is no {SCHEMA}")
        return Journal(
            path=path,
            place=Place(**header["place"]),
            steps=Steps(do=_steps(header["do"]), undo=_steps(header["undo"])),
            entries=tuple(_entry(entry) for entry in entries),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFileError(path, f"it is no journal of an apply ({error})") from None


def unfinished(folder: Path, place: Place) -> tuple[Path, ...]:
    """Return the journals in the folder of runs on this database that are not finished; what is no journal is passed over."""
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        with suppress(UsageError):
            journal = load(path)
            is_of_place = (journal.place.database, journal.place.identifier) == (
                place.database,
                place.identifier,
            )
            if is_of_place and not journal.is_finished:
                found.append(path)
    return tuple(found)


def _lines(path: Path, text: str) -> Iterator[dict[str, Any]]:
    # Not by splitlines: JSON leaves other ends of lines as they are, such as U+2028 in a name or definition.
    for number, line in enumerate(text.removesuffix("\n").split("\n"), start=1):
        try:
            value = json.loads(line)
        except ValueError as error:
            problem = f"it is no JSON: {error}" if number > 1 else f"it is no {SCHEMA}"
            raise DamagedFileError(f"{path}:{number}", problem) from None
        if not isinstance(value, dict):
            raise DamagedFileError(f"{path}:{number}", "it is no object")
        yield value


def _steps(values: list[Mapping[str, Any]]) -> tuple[Step, ...]:
    return tuple(_step(value) for value in values)


def _step(value: Mapping[str, Any]) -> Step:
    made = {field.name: value[field.name] for field in fields(Step)}
    for name in ("table", "index", "parent", "whole"):
        made[name] = Name(**made[name]) if made[name] else None
    made["definition"] = Definition(**made["definition"]) if made["definition"] else None
    return Step(**made | {"action": Action(made["action"])})


def _entry(value: Mapping[str, Any]) -> Entry:
    return Entry(**dict(value) | {"run": Run(value["run"]), "event": Event(value["event"])})


def _write(descriptor: int, value: Mapping[str, Any]) -> None:
    line = json.dumps(value, ensure_ascii=False).encode() + b"\n"
    while line:
        line = line[os.write(descriptor, line) :]
    os.fsync(descriptor)


def _keep_name(path: Path) -> None:
    """Bring the file's name to disk, which is the directory's."""
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
