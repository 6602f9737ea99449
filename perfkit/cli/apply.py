"""perfkit apply: indexes created and dropped on a live server, with nothing left behind whatever ends the run."""

import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.cli.apply_proof import ProofOptions, proposed, proved
from perfkit.cli.options import DemoDirectory, Dsn, OutputOptions, takes
from perfkit.cli.progress import progress_bar
from perfkit.cli.run import say
from perfkit.cli.session import emit, leave, server_at, server_from, settings_from
from perfkit.errors import GuardError, PerfkitError, UsageError

if TYPE_CHECKING:
    from perfkit.apply.carry_out import Result
    from perfkit.apply.changes import Changes
    from perfkit.apply.journal import Journal, Run
    from perfkit.apply.refusals import Refusal
    from perfkit.apply.state import Name
    from perfkit.db.ddl import DdlSession, Progress
    from perfkit.indexes.verify import Verified
    from perfkit.report.documents.apply import Outlook
    from perfkit.settings import Settings

_JOURNALS = Path(".perfkit") / "apply"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOptions:
    """Which server; the role must own the tables, so there is no refusal of superusers or primaries to be waived."""

    dsn: Dsn = None
    dir: DemoDirectory = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GoingOptions:
    """What is done, and how far the user lets it go."""

    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do it; without, only show what would be done.")
    ] = False
    resume: Annotated[
        Path | None, typer.Option("--resume", metavar="JOURNAL", help="Finish a run that was interrupted.")
    ] = None
    undo: Annotated[
        Path | None, typer.Option("--undo", metavar="JOURNAL", help="Take back what a run has done.")
    ] = None
    journal: Annotated[
        Path | None,
        typer.Option(
            "--journal", metavar="FILE", help="Keep the journal there; default: .perfkit/apply/…jsonl."
        ),
    ] = None
    allow_locks: Annotated[
        bool,
        typer.Option(
            "--allow-locks", help="Drop partitioned indexes too, which locks their tables for a moment."
        ),
    ] = False
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for transactions that last, rather than refuse to start.")
    ] = False


@takes(going=GoingOptions, proof=ProofOptions, place=PlaceOptions, out=OutputOptions)
def apply(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="CREATE and DROP INDEX statements, or what suggest -o wrote."),
    ] = None,
    *,
    going: GoingOptions,
    proof: ProofOptions,
    place: PlaceOptions,
    out: OutputOptions,
) -> None:
    """Create and drop the indexes of FILE concurrently; without --yes, show what would be done and how it is undone.

    With --verify the changes are first tried on a copy, where the catalog is measured with and without them: what does
    not help is left out.

    A journal is kept, by which --resume finishes and --undo takes back a run that ended anywhere. Exit 3 when it would
    not start: the role does not own a table, a transaction is open that it would wait for, another run is at work.
    """
    from perfkit.apply.changes import Changes
    from perfkit.db.ddl import ddl_session
    from perfkit.report.documents.apply import applied_document, outlook_document

    if proof.verify and file is None:
        raise UsageError("--verify tries a FILE: what a journal holds is begun already")
    asked = _asked(file, going)
    settings = settings_from(place, **proof.measuring)
    dsn = server_from(settings).dsn
    verified = None
    if proof.verify and isinstance(asked, Changes):
        asked, verified = _proved(asked, dsn, settings, going, proof)
    with progress_bar("apply") as progress, ddl_session(dsn, _on_terminal(progress)) as session:
        if going.yes:
            session.take_lock()
            # Again: a run that still was at work may have gone on in its journal.
            asked = asked if verified else _asked(file, going)
        outlook = replace(_outlook(asked, session, going), verified=verified)
        if going.yes:
            journal, results = _applied(asked, outlook, session, going)
    if going.yes:
        emit(applied_document(outlook, results, journal), out)
        return
    emit(outlook_document(outlook), out)
    leave(GuardError.exit_code if outlook.refusals else 0)


def _on_terminal(progress: "Progress") -> "Progress | None":
    """Return the progress where somebody sees it: a second connection looks for it."""
    return progress if sys.stderr.isatty() else None


def _asked(file: Path | None, going: GoingOptions) -> "Changes | Journal":
    """Return the one thing that the user wants applied, finished or taken back, read before any server is asked."""
    from perfkit.apply.changes import read_changes
    from perfkit.apply.journal import load

    given = [each for each in (file, going.resume, going.undo) if each is not None]
    if len(given) != 1:
        raise UsageError("name one thing: a FILE to apply, or a journal to --resume or to --undo")
    if file is None and going.journal is not None:
        raise UsageError("--journal names a new journal: --resume and --undo go on with their own")
    return read_changes(file) if file is not None else load(given[0])


def _proved(
    asked: "Changes", dsn: str, settings: "Settings", going: GoingOptions, proof: ProofOptions
) -> "tuple[Changes, Verified | None]":
    """Return what is left of the changes when they are measured on copies; all of them where it would not start anyway."""
    from perfkit.db.ddl import ddl_session

    with ddl_session(dsn) as session:
        tried = proposed(asked, session.catalog)
        outlook = _outlook(asked, session, going)
    if going.yes:
        _refuse(outlook)  # here: later it may start after all, and nothing would be verified
    if not tried or outlook.refusals:
        return asked, None
    # An owner may be a superuser, and works on the copies only.
    return proved(asked, tried, settings, server_at(dsn, settings, allow_superuser=True), proof.copies)


def _outlook(asked: "Changes | Journal", session: "DdlSession", going: GoingOptions) -> "Outlook":
    """Return what is to be done now, and why it would not start."""
    from perfkit.apply.carry_out import ahead
    from perfkit.apply.changes import Changes
    from perfkit.apply.journal import Run, unfinished
    from perfkit.apply.prepare import prepare, prepared_again
    from perfkit.apply.refusals import no_room
    from perfkit.apply.space import most_bytes, room_notes
    from perfkit.db.disk import free_bytes
    from perfkit.report.documents.apply import Outlook

    run = Run.UNDO if going.undo else Run.DO
    left: tuple[Path, ...] = ()
    if isinstance(asked, Changes):
        left = unfinished(_JOURNALS, session.place)
        prepared = prepare(asked, session.catalog, allow_locks=going.allow_locks)
    else:
        _check_place(asked, session)
        prepared = prepared_again(ahead(asked, run, session), session.catalog)
    room = free_bytes(session.connection)
    return Outlook(
        run=run,
        place=session.place,
        steps=prepared.steps,
        notes=(
            *map(_told_unfinished, left),
            *prepared.notes,
            *room_notes(prepared.sizes, room),
            *_unseen(session),
        ),
        refusals=(
            *prepared.refusals,
            *no_room(prepared.sizes, room),
            *_waits(prepared.tables, session, going),
        ),
        needed_bytes=most_bytes(prepared.sizes),
        free_bytes=room,
    )


def _check_place(journal: "Journal", session: "DdlSession") -> None:
    here, there = session.place, journal.place
    if (here.database, here.identifier) != (there.database, there.identifier):
        raise UsageError(
            f"{journal.path} is of database {there.database} on another server or under another name",
            hint=f"this is {here.database}; name the other one: --dsn",
        )


def _waits(tables: Sequence["Name"], session: "DdlSession", going: GoingOptions) -> Iterator["Refusal"]:
    from perfkit.apply.refusals import long_transactions
    from perfkit.apply.thresholds import LONG_TRANSACTION_S

    if tables and not going.wait:
        yield from long_transactions(session.blockers(tables, LONG_TRANSACTION_S))


def _unseen(session: "DdlSession") -> Iterator[str]:
    if hidden := session.hidden_sessions():
        sessions = "1 session hides" if hidden == 1 else f"{hidden} sessions hide"
        yield (
            f"{sessions} from role {session.place.role} how long a transaction is open, and a build waits for old ones: "
            "unknown; pg_read_all_stats would show it"
        )


def _told_unfinished(journal: Path) -> str:
    return f"the run of {journal} is not finished: --resume or --undo it before anything else is changed"


def _applied(
    asked: "Changes | Journal", outlook: "Outlook", session: "DdlSession", going: GoingOptions
) -> "tuple[Path | None, tuple[Result, ...]]":
    """Carry out what is to be done; return the journal's file, None when there was nothing, and what became of each step."""
    from perfkit.apply import journal as journals
    from perfkit.apply.journal import Journal

    _refuse(outlook)
    if not isinstance(asked, Journal):
        if not outlook.steps.do:
            return None, ()
        path = going.journal or _journal_path(outlook)
        asked = journals.create(path, outlook.place, outlook.steps)
    return asked.path, _carry_out(asked, outlook.run, session)


def _refuse(outlook: "Outlook") -> None:
    """Raise GuardError when it would not start, and say all that is in the way."""
    if outlook.refusals:
        *others, last = outlook.refusals
        for other in others:
            say(f"perfkit: {other.message}")
        raise GuardError(last.message, hint=last.hint)


def _journal_path(outlook: "Outlook") -> Path:
    database = re.sub(r"\W+", "-", outlook.place.database)
    return _JOURNALS / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{database}.jsonl"


def _carry_out(journal: "Journal", run: "Run", session: "DdlSession") -> "tuple[Result, ...]":
    from perfkit.apply.carry_out import carry_out, clean_up
    from perfkit.apply.journal import Run
    from perfkit.db.ddl import ddl_session

    @contextmanager
    def anew() -> Iterator["DdlSession"]:
        with ddl_session(session.dsn) as again:
            again.take_lock()
            yield again

    results: list[Result] = []
    try:
        results.extend(carry_out(journal, run, session))
    except (PerfkitError, KeyboardInterrupt):
        session.close()
        nothing_is_left = clean_up(journal, anew, say)
        total = len(journal.steps_of(run))
        if run is Run.DO and not results and nothing_is_left:
            say(f"perfkit: none of {total} steps was done, and nothing is left")
        else:
            done = f"{len(results)} of {total} steps are done, and stay"
            say(f"perfkit: {done if results else 'what was begun stays'} until you choose:")
            say(f"  finish it:    perfkit apply --resume {shlex.quote(str(journal.path))} --yes")
            say(f"  take it back: perfkit apply --undo {shlex.quote(str(journal.path))} --yes")
        raise
    return tuple(results)
