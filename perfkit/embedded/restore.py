"""A dump put into a database of an embedded server: taken now by pg_dump, or a file that somebody has."""

import itertools
import os
import re
import shutil
from pathlib import Path

from perfkit.copies import Source
from perfkit.embedded.client import LINES_TOLD, run_client, run_on, run_script, target
from perfkit.embedded.postgres import PostgresServer
from perfkit.errors import ServerError, UsageError

# What is not data, and what only the source's own server has.
LEFT_OUT = (
    "--no-owner",
    "--no-acl",
    "--no-publications",
    "--no-subscriptions",
    "--no-security-labels",
    "--no-tablespaces",
)
LOCK_WAIT = "30s"  # a table that is locked for longer is being changed
_JOBS_MOST = 4  # more pay off on few disks
_CUSTOM_MAGIC = b"PGDMP"  # pg_backup_archiver.c
_TAR_FIRST_MEMBER = b"toc.dat\0"
_MAGIC_BYTES = 8
_HEAD_LINES = 1_000  # pg_dump --create connects within the first fifty; many settings may come before
# A dump names its server's roles, as owners and in grants and policies; no plan depends on them. And the minor releases
# of November 2026 keep a version of their own in a column's options, which an older pg_dump takes for the user's.
_HARMLESS = re.compile(r'role "[^"]*" does not exist|unrecognized parameter "pg_attver"')


def dump_and_restore(source: Source, server: PostgresServer, database: str) -> str:
    """Copy the source's schema and data into the database, by way of a dump in the server's folder.

    Returns what was left out, or ''. Raises ServerError with the words of pg_dump, pg_restore or psql.
    """
    if int(server.version.split(".")[0]) < source.version // 10_000:
        raise ServerError(
            f"the database is of PostgreSQL {source.version // 10_000}, newer than the {server.version} installed here",
            hint="set PERFKIT_PG_BIN to the bin directory of one as new, or pass --copies template",
        )
    dump = server.directory / "dump"
    # Not compressed: it is read once, on the same disk.
    how = ["--format=directory", "--compress=0", f"--jobs={_jobs()}", f"--lock-wait-timeout={LOCK_WAIT}"]
    place = [f"--file={dump}", "--no-password", f"--dbname={source.conninfo}"]
    run_client(
        [server.binaries / "pg_dump", *LEFT_OUT, *how, *place],
        environment=environment_of(source),
        secret=source.password,
    )
    try:
        return restore(dump, server, database)
    finally:
        shutil.rmtree(dump)


def environment_of(source: Source) -> dict[str, str]:
    """Return the environment in which a client reaches the source."""
    return dict(os.environ) | ({"PGPASSWORD": source.password} if source.password else {})


def restore(dump: Path, server: PostgresServer, database: str) -> str:
    """Put a dump (custom, tar or directory format, or plain SQL) into the database; return what was left out, or ''.

    Raises UsageError when the file cannot be read, ServerError with what pg_restore or psql said.
    """
    if not _is_archive(dump):
        return _told(_problems(run_script(dump, server, database), "psql"))
    # The schema goes through psql, which runs every statement by itself: pg_restore would leave out a whole table
    # for one option of a column.
    schema = server.directory / "schema.sql"
    program = server.binaries / "pg_restore"
    jobs = [] if _is_tar(dump) else [f"--jobs={_jobs()}"]
    run_client([program, *LEFT_OUT, "--section=pre-data", f"--file={schema}", dump], environment=os.environ)
    problems = _problems(run_script(schema, server, database), "psql")
    rest = ["--section=data", "--section=post-data", *jobs, *target(server, database)]
    problems += _problems(run_on([program, *LEFT_OUT, *rest, dump], server), "pg_restore")
    return _told(problems)


def _problems(lines: list[str], program: str) -> list[str]:
    """Return the complaints, which are all harmless; ServerError when one is not."""
    fatal = [line for line in lines if not _HARMLESS.search(line)]
    if fatal:
        raise ServerError(
            f"{program} failed: {' / '.join(fatal[:LINES_TOLD])}",
            hint="set PERFKIT_PG_BIN to a PostgreSQL that has what the database needs, or pass --copies template",
        )
    return lines


def _told(problems: list[str]) -> str:
    about_roles = [line for line in problems if 'role "' in line]
    return (
        f"what names roles that are not here was left out ({len(about_roles):,} times)" if about_roles else ""
    )


def _jobs() -> int:
    return min(os.cpu_count() or 1, _JOBS_MOST)


def _is_tar(dump: Path) -> bool:
    return dump.is_file() and _first_bytes(dump) == _TAR_FIRST_MEMBER


def _is_archive(dump: Path) -> bool:
    """Return whether pg_restore reads the dump; UsageError when it cannot be read or would restore elsewhere."""
    if dump.is_dir():
        return True
    first = _first_bytes(dump)
    if first.startswith(_CUSTOM_MAGIC) or first == _TAR_FIRST_MEMBER:
        return True
    with dump.open("rb") as file:
        if any(line.startswith((b"\\connect", b"\\c ")) for line in itertools.islice(file, _HEAD_LINES)):
            raise UsageError(
                f"{dump}: goes to a database of its own (\\connect)", hint="make the dump without --create"
            )
    return False


def _first_bytes(dump: Path) -> bytes:
    try:
        with dump.open("rb") as file:
            return file.read(_MAGIC_BYTES)
    except OSError as error:
        raise UsageError(f"{dump}: {error.strerror}", hint="name a dump that you may read") from None
