"""Through PgBouncer in session mode perfkit measures what it measures directly, and leaves nothing in the pool.

What needs a session of its own is refused there before it sets anything.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from perfkit.db.cache_reader import CachedDatabase
from perfkit.db.cache_scratch import scratch_schema
from perfkit.db.connect import connected
from perfkit.db.copies import template_copies
from perfkit.db.ddl import ddl_session
from perfkit.db.guard import Guard
from perfkit.db.hypopg import hypopg_what_if
from perfkit.db.importing.stage import import_stage
from perfkit.db.server import GuardedServer
from perfkit.embedded import PostgresServer
from perfkit.errors import GuardError
from tests.db.command_line import analyze, cases
from tests.db.office import Office
from tests.db.pooler import running_pooler

_QUERIES = """
-- name: by_year
-- param: year int
-- case: one  year=1980
-- cases: draw 2 SELECT DISTINCT year FROM "Alumni Office"."Person"
SELECT "Family Name" FROM "Alumni Office"."Person" WHERE year = :year;

-- name: raise
-- allow: write  what the office does
UPDATE "Alumni Office".gift SET amount = amount + 1 WHERE id < 10;
"""


@pytest.fixture
def pooler(server: PostgresServer, office: Office, server_folder: Path) -> Iterator[str]:
    """Yield the office's DSN by way of a PgBouncer of its own; skipped where there is none, but not in CI."""
    with running_pooler(server_folder / "pooler", server.port, "office", office.password) as port:
        yield make_conninfo(office.dsn, port=port)


@pytest.mark.both_servers
def test_a_pooler_changes_no_number_and_keeps_nothing(office: Office, pooler: str, tmp_path: Path) -> None:
    (tmp_path / "office.sql").write_text(_QUERIES)
    options = ("--samples", "2", "--allow-writes")
    pooled = cases(analyze(pooler, tmp_path, *options))
    direct = cases(analyze(office.dsn, tmp_path, *options))
    assert pooled.keys() == direct.keys()
    reads = [name for name in direct if name.startswith("by_year/")]
    assert len(reads) == 3
    for name in reads:
        assert pooled[name]["counters"]["shared_blocks"] == direct[name]["counters"]["shared_blocks"]
        assert pooled[name]["counters"]["rows"] == direct[name]["counters"]["rows"]
    with psycopg.connect(pooler) as connection:
        query = "SELECT current_setting('statement_timeout'), current_setting('plan_cache_mode'), count(*) FROM pg_prepared_statements"
        assert connection.execute(query, prepare=False).fetchone() == ("0", "auto", 0)
    assert int(conninfo_to_dict(pooler)["port"] or 0) != int(conninfo_to_dict(office.dsn)["port"] or 0)


@contextmanager
def _asking_hypopg(dsn: str) -> Iterator[None]:
    with connected(dsn) as connection:
        hypopg_what_if(connection, Guard(), [], {})
        yield


@pytest.mark.parametrize(
    "opened",
    [
        pytest.param(ddl_session, id="apply"),
        pytest.param(template_copies, id="copies"),
        pytest.param(_asking_hypopg, id="hypopg"),
        pytest.param(lambda dsn: closing(CachedDatabase(dsn, Guard(), None)), id="cache"),
        pytest.param(lambda dsn: scratch_schema(dsn, Guard(), tables=1), id="cache's writes"),
        pytest.param(lambda dsn: import_stage(dsn, Guard(), '"Alumni Office"."Person"'), id="import"),
    ],
)
def test_what_needs_a_session_of_its_own_sets_nothing_in_one_that_an_application_shares(
    server: PostgresServer,
    office: Office,
    server_folder: Path,
    opened: Callable[[str], AbstractContextManager[object]],
) -> None:
    with psycopg.connect(office.superuser_dsn, autocommit=True) as connection:
        connection.execute("ALTER ROLE office SET statement_timeout = '7s'")
    folder = server_folder / "shared pooler"
    with running_pooler(folder, server.port, "office", office.password, pool_mode="transaction") as port:
        pooled = make_conninfo(office.dsn, port=port)
        with pytest.raises(GuardError, match="needs a session of its own"), opened(pooled):
            pass
        for database in (conninfo_to_dict(pooled)["dbname"], "postgres"):
            with psycopg.connect(pooled, dbname=database) as application:
                found = application.execute("SHOW statement_timeout", prepare=False).fetchone()
                assert found == ("7s",)


def test_an_origin_is_the_same_by_every_way_and_on_no_other_server_or_database(
    server: PostgresServer, postgres15: PostgresServer, office: Office, server_folder: Path
) -> None:
    def origin(dsn: str) -> tuple[float, str]:
        return GuardedServer(dsn=dsn, guard=Guard(allow_superuser=True)).origin()

    folder = server_folder / "origin pooler"
    with running_pooler(folder, server.port, "office", office.password, pool_mode="transaction") as port:
        assert origin(make_conninfo(office.dsn, port=port)) == origin(office.dsn)
    assert origin(office.superuser_dsn) == origin(office.dsn) != origin(server.dsn)
    # The same name on another server.
    assert origin(server.dsn)[1] == origin(postgres15.dsn)[1]
    assert origin(server.dsn) != origin(postgres15.dsn)
