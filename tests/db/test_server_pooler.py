"""Through PgBouncer in session mode perfkit measures what it measures directly, and leaves nothing in the pool."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from perfkit.embedded import PostgresServer
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
