"""A database whose table of names is large enough for an index to be worth it, which it has lost; and its snapshots."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from perfkit.demo.role import DATABASE, ROLE
from perfkit.embedded import PostgresServer
from tests.cli.command import PASSWORD, Perfkit

# The plan of this query hangs on one index.
INDEX = "person_names_person_idx"
QUERY = "names_of_many"
_NAME = "alumni_grown"
_COPIES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """The URI for the ordinary role, and the snapshots that were taken before and after the index was lost."""

    dsn: str
    with_index: Path
    without_index: Path


@contextmanager
def grown_database(server: PostgresServer, folder: Path) -> Iterator[Grown]:
    """Yield the database, which is gone in the end; no test may change it."""
    dsn, perfkit = server.dsn_for(_NAME, ROLE, PASSWORD), Perfkit(folder)
    with psycopg.connect(server.dsn, autocommit=True) as superuser:
        names = map(sql.Identifier, (_NAME, DATABASE, ROLE))
        superuser.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy OWNER {}").format(*names)
        )
    with psycopg.connect(server.dsn_for(_NAME), autocommit=True) as owner:
        owner.execute(
            "INSERT INTO alumni.person_names (person_id, kind, given_name, family_name) SELECT person_id, kind,"
            f" given_name, family_name FROM alumni.person_names, generate_series(1, {_COPIES})"
        )
        owner.execute("VACUUM ANALYZE alumni.person_names")
        assert perfkit("twin", "export", "with.twin", "--exact", "--dsn", dsn).returncode == 0
        owner.execute(f"DROP INDEX alumni.{INDEX}")
    assert perfkit("twin", "export", "without.twin", "--dsn", dsn).returncode == 0
    yield Grown(dsn=dsn, with_index=folder / "with.twin", without_index=folder / "without.twin")
    with psycopg.connect(server.dsn, autocommit=True) as superuser:
        superuser.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(_NAME)))
