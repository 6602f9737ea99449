"""perfkit profile: where a server's time goes now."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from random import Random
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.cli.options import OutputOptions, ServerOptions, takes, writable
from perfkit.cli.run import INTERRUPTED
from perfkit.cli.session import catalog_from, emit, leave, queries_of, server_from, settings_from
from perfkit.errors import NothingMeasuredError, UsageError
from perfkit.profile.model import By
from perfkit.profile.thresholds import RATE, RATE_MOST

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from perfkit.profile.profile import Profile, Window
    from perfkit.profile.pyspy import Watching
    from perfkit.profile.sampling import Pace
    from perfkit.profile.statements import Marks
    from perfkit.settings import Settings

_SECONDS = 30.0
_TOP = 10


@takes(server=ServerOptions, out=OutputOptions)
def profile(
    *,
    seconds: Annotated[
        float, typer.Option("--seconds", "-s", min=1, max=86_400, help="How long to look.")
    ] = _SECONDS,
    rate: Annotated[
        float, typer.Option("--rate", min=0.1, max=RATE_MOST, help="Samples a second at most.")
    ] = RATE,
    by: Annotated[By, typer.Option("--by", help="What the first table attributes time to.")] = By.QUERY,
    top: Annotated[int, typer.Option("--top", min=1, help="Rows of each table.")] = _TOP,
    pid: Annotated[
        int | None,
        typer.Option(
            "--pid", min=1, help="An application's Python process to look into meanwhile, by py-spy."
        ),
    ] = None,
    flame: Annotated[
        Path | None,
        typer.Option(
            "--flame", metavar="FILE", callback=writable, help="Write that process's flame graph as SVG."
        ),
    ] = None,
    queries: Annotated[
        Path | None, typer.Option("--queries", "-q", metavar="DIR", help="The catalog's directory.")
    ] = None,
    server: ServerOptions,
    out: OutputOptions,
) -> None:
    """Say where a server's time goes now: active sessions by query of the catalog, by wait and by blocker.

    Sessions of all databases are sampled on one connection, which reads the server's own views and nothing else, as any
    role and on a primary too. Counters of statements and of I/O are read before and after. Ctrl-C ends the window early
    and reports what was seen until then (exit 130). Exit 3 when nothing could be seen.
    """
    from perfkit.profile.profile import profile_of
    from perfkit.profile.sampling import INTERRUPTED as BY_HAND
    from perfkit.profile.sampling import Pace
    from perfkit.report.documents.profile import profile_document

    if flame and pid is None:
        raise UsageError("--flame draws an application's process", hint="name it: --pid PID")
    settings = settings_from(server, queries=queries)
    marks = _marks(settings)
    window = _window(settings, Pace(seconds=seconds, rate=rate), pid)
    if not window.recording.samples:
        raise NothingMeasuredError("not one sample was taken", hint=next(iter(window.recording.failures), ""))
    found = profile_of(window, marks)
    emit(profile_document(found, by=by, top=top), out)
    if flame:
        _write_flame(flame, found)
    if window.recording.ended_by == BY_HAND:
        leave(INTERRUPTED)
    blind = found.hidden and not found.load.sightings
    leave(NothingMeasuredError.exit_code if blind or window.recording.ended_by else 0)


def _marks(settings: "Settings") -> "Marks":
    """Return the marks of the catalog, of none where none is named and none is there: any server can be profiled."""
    from perfkit.catalog.model import Catalog
    from perfkit.profile.statements import marks_of

    is_there = settings.source_of("queries") != "default" or queries_of(settings).exists()
    return marks_of(catalog_from(settings) if is_there else Catalog(queries=()))


def _window(settings: "Settings", pace: "Pace", pid: int | None) -> "Window":
    """Return what was seen of one window, however it ended."""
    from datetime import UTC, datetime

    from perfkit.cli.progress import progress_bar
    from perfkit.db.profile import own_ids, profile_reader
    from perfkit.profile.counters import difference
    from perfkit.profile.profile import Window, ids_of
    from perfkit.profile.sampling import Surroundings, record

    guarded = server_from(settings)
    with (
        profile_reader(guarded.dsn, guarded.guard) as reader,
        _application(pid, pace.seconds) as watching,
        _interrupts() as stop,
        progress_bar("profile") as progress,
    ):
        server, before, began_at = reader.server(), reader.counted(), datetime.now(UTC)
        around = Surroundings(
            clock=time.perf_counter,
            wait=stop.wait,
            chance=Random(settings.seed),
            progress=lambda done_s: progress(round(done_s), round(pace.seconds), ""),
        )
        recording = record(reader, pace, around)
        stacks = watching.stacks() if watching else None
        looks = len(recording.samples) + sum(recording.failures.values())
        counted = difference(before, reader.counted(), own_rollbacks=looks)
        texts = reader.texts(ids_of(recording, counted))
    return Window(
        server=server,
        began_at=began_at,
        recording=recording,
        counted=counted,
        texts=texts,
        own_ids=own_ids(texts),
        stacks=stacks,
    )


def _application(pid: int | None, seconds: float) -> "AbstractContextManager[Watching | None]":
    from perfkit.profile.pyspy import watching

    return nullcontext() if pid is None else watching(pid, seconds)


@contextmanager
def _interrupts() -> Iterator[Event]:
    """Yield what is set by the first Ctrl-C, so that no statement is torn; the second one ends perfkit as ever."""
    stop = Event()

    def stopped(*_: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, stopped)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def _write_flame(path: Path, found: "Profile") -> None:
    """Write the flame graph; where no stack was seen, say so and write nothing."""
    from perfkit.cli.run import say
    from perfkit.files import write_atomically
    from perfkit.report.documents.profile import flame_svg

    stacks = found.window.stacks
    if stacks and stacks.total:
        write_atomically(path, flame_svg(found))
    else:
        say(f"perfkit: no flame graph: process {stacks.pid if stacks else ''} was never on the processor")
