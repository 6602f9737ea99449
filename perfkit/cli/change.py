"""The two sides of a change: two databases, a database before and after its migration, or a catalog before and after."""

import io
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

from perfkit.cli.change_options import ChangeOptions
from perfkit.cli.run import say
from perfkit.cli.session import catalog_from, queries_of, rule_ids, server_at, server_from, side_from
from perfkit.errors import MeasureError, UsageError

if TYPE_CHECKING:
    from perfkit.baseline.tally import Side
    from perfkit.catalog.model import Catalog
    from perfkit.copies import Copies
    from perfkit.db.server import GuardedServer
    from perfkit.settings import Settings

TEMPLATE, EMBEDDED = "template", "embedded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The sides before and after a change, what the first is called, and what to know about how it is judged."""

    base: "Side"
    head: "Side"
    title: str
    notes: tuple[str, ...] = ()


@contextmanager
def change_of(
    settings: "Settings", patterns: Sequence[str] | None, options: ChangeOptions
) -> Iterator[Change]:
    """Yield the change that the options name."""
    if options.migration:
        with _after_migration(settings, patterns, options.migration, options.copies) as change:
            yield change
    elif options.base_queries:
        with _since_queries(settings, patterns, options.base_queries) as change:
            yield change
    else:
        yield _between_databases(settings, patterns, options.base or "", options.head)


def _between_databases(
    settings: "Settings", patterns: Sequence[str] | None, base: str, head: str | None
) -> Change:
    """Return the change from one database to another, by default to the one of the settings.

    What is drawn is drawn once, from the second, so that both sides run the same cases.
    """
    of_head = replace(settings, dsn=head) if head else settings
    after = side_from(of_head, patterns)
    guarded = replace(server_from(of_head), dsn=base)
    before = replace(after, server=guarded)
    return Change(base=before, head=after, title="the base database")


@contextmanager
def _after_migration(
    settings: "Settings", patterns: Sequence[str] | None, files: Sequence[Path], copies: str | None
) -> Iterator[Change]:
    """Yield the change that migration files make, on two copies of the database, which are gone in the end."""
    from perfkit.db.migration import apply_migration, read_migration, settle
    from perfkit.db.vacuum import Vacuum

    read_migration(files)  # what is wrong with them is told before minutes of copying
    source = side_from(settings, patterns)
    with copies_of(settings, server_from(settings), copies) as made:
        apply_migration(made.head, files)
        settled = settle(made.base, made.head)
        before, after = (
            replace(
                source,
                server=server_at(dsn, settings, allow_writes=True, allow_superuser=True),
                tidy=Vacuum(dsn=dsn),
            )
            for dsn in (made.base, made.head)
        )
        notes = [made.note] if made.note else []
        if settled:
            notes.append(f"vacuumed and analyzed after the migration: {', '.join(settled)}")
        yield Change(base=before, head=after, title="a copy without the migration", notes=tuple(notes))


@contextmanager
def _since_queries(settings: "Settings", patterns: Sequence[str] | None, base: str) -> Iterator[Change]:
    """Yield the change of the catalog since another one: a directory, or the same directory at a commit of git's.

    Only queries whose text or types of parameters changed are measured, and those that are new.
    """
    from perfkit.catalog.load import load_catalog

    with _queries_at(base, queries_of(settings)) as directory:
        old = load_catalog(directory, rules=rule_ids())
        new = catalog_from(settings)
        was, now = _what_changed(old, new, base)
        after = side_from(settings, patterns, catalog=now)
        names = {weighted.query.name for weighted in after.workload.cases}
        was = replace(was, queries=tuple(query for query in was.queries if query.name in names))
        before = side_from(settings, None, catalog=was)
        note = f"{len(new.queries) - len(now.queries)} queries are as in {base} and not measured"
        yield Change(base=before, head=after, title=f"the queries of {base}", notes=(note,))


def _what_changed(old: "Catalog", new: "Catalog", base: str) -> tuple["Catalog", "Catalog"]:
    """Return the old catalog, and of the new one what is not the same in both; UsageError when all is."""
    from perfkit.baseline.comparable import changed_part
    from perfkit.baseline.model import parameter_types, sql_sha256
    from perfkit.catalog.model import Catalog

    was = {query.name: (sql_sha256(query.statement), parameter_types(query)) for query in old.queries}
    changed = tuple(
        query for query in new.queries if query.name not in was or changed_part(*was[query.name], query)
    )
    if not changed:
        raise UsageError(f"no query differs from {base}: there is nothing to judge")
    return old, Catalog(queries=changed)


@contextmanager
def _queries_at(base: str, queries: Path) -> Iterator[Path]:
    """Yield the directory, or the files of `queries` as they are at the commit."""
    if Path(base).is_dir():
        yield Path(base)
        return
    with tempfile.TemporaryDirectory(prefix="perfkit-queries-") as folder:
        command = ["git", "-C", str(queries), "archive", "--format=zip", base]
        try:
            done = subprocess.run(command, capture_output=True, check=False)
        except OSError as error:
            raise UsageError(f"{base} is no directory, and git cannot be run: {error.strerror}") from None
        if done.returncode:
            words = done.stderr.decode(errors="replace").strip().splitlines() or ["git failed"]
            raise UsageError(
                f"{base!r} is neither a directory nor a commit with {queries}: {words[-1]}",
                hint="name a directory of .sql files, a branch, a tag or a commit",
            )
        with ZipFile(io.BytesIO(done.stdout)) as archive:
            archive.extractall(folder)
        yield Path(folder)


@contextmanager
def copies_of(settings: "Settings", server: "GuardedServer", kind: str | None) -> Iterator["Copies"]:
    """Yield two copies: by template where server and guard let us, else on an embedded server, or of a dump's file."""
    from perfkit.db.copies import template_copies

    with ExitStack() as stack:
        if kind in {None, TEMPLATE}:
            try:
                server.facts(())  # where the guard lets nothing be measured, nothing is migrated either
                made = stack.enter_context(template_copies(server.dsn))
            except MeasureError as error:
                if kind:
                    raise
                say(f"perfkit: no copy by template: {error.message}; copying to an embedded server")
            else:
                yield made
                return
        yield stack.enter_context(_embedded(settings, server.dsn, kind))


@contextmanager
def _embedded(settings: "Settings", dsn: str, kind: str | None) -> Iterator["Copies"]:
    from perfkit.db.connect import connect
    from perfkit.db.copies import read_source
    from perfkit.embedded.dump import embedded_copies

    source = read_source(dsn) if kind in {None, EMBEDDED} else Path(kind or "")
    with embedded_copies(source, settings.dir, connect=connect) as made:
        yield made
