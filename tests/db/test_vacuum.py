"""What a write left that was rolled back is vacuumed on a copy: in the tables that were written to, each time anew."""

import psycopg
import pytest

from perfkit.db.vacuum import Vacuum

_SCHEMA = """
CREATE SCHEMA "Alumni Office";
CREATE TABLE "Alumni Office".gift (id int PRIMARY KEY, amount int);
INSERT INTO "Alumni Office".gift SELECT n, n FROM generate_series(1, 5000) AS n;
CREATE TABLE person (id int PRIMARY KEY);
INSERT INTO person SELECT n FROM generate_series(1, 500) AS n;
"""
_READ = 'EXPLAIN (ANALYZE, FORMAT JSON) SELECT count(*) FROM "Alumni Office".gift WHERE id > 0'


@pytest.fixture
def vacuum(database: str) -> Vacuum:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(_SCHEMA)
        # The servers of tests commit before a commit is on disk, and till then no page is known to be visible.
        connection.execute("CHECKPOINT")
        connection.execute("VACUUM (ANALYZE)")
    made = Vacuum(dsn=database)
    made()
    return made


def _rolled_back(dsn: str, statement: bytes) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(statement)
        connection.rollback()


def _looked_up(dsn: str) -> int:
    """Return how many rows an index-only scan has to look up in the table."""
    with psycopg.connect(dsn, options="-c enable_seqscan=off -c enable_bitmapscan=off") as connection:
        ((found,),) = connection.execute(_READ).fetchall()
    node = found[0]["Plan"]
    while node["Node Type"] != "Index Only Scan":
        (node,) = node["Plans"]
    return int(node["Heap Fetches"])


def _vacuums(dsn: str) -> dict[str, int]:
    with psycopg.connect(dsn) as connection:
        return dict(
            connection.execute("SELECT relname::text, vacuum_count FROM pg_stat_user_tables").fetchall()
        )


@pytest.mark.parametrize("server", ["postgres", "postgres15"], indirect=True)
@pytest.mark.parametrize(
    "statement", [b'DELETE FROM "Alumni Office".gift', b'UPDATE "Alumni Office".gift SET amount = 0']
)
def test_an_index_only_scan_looks_nothing_up_after_a_write_was_rolled_back(
    vacuum: Vacuum, statement: bytes
) -> None:
    assert _looked_up(vacuum.dsn) == 0
    for _ in range(2):
        _rolled_back(vacuum.dsn, statement)
        assert _looked_up(vacuum.dsn) >= 5000
        vacuum()
        assert _looked_up(vacuum.dsn) == 0


def test_only_what_was_written_to_since_the_last_time_is_vacuumed(vacuum: Vacuum) -> None:
    before = _vacuums(vacuum.dsn)
    _rolled_back(vacuum.dsn, b"INSERT INTO person VALUES (501)")
    vacuum()
    vacuum()
    assert _vacuums(vacuum.dsn) == before | {"person": before["person"] + 1}
