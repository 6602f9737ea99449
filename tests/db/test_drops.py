"""Drops on real servers, PostgreSQL 15 and 18: nothing is told to go that the server would miss or refuse to drop."""

from contextlib import closing
from math import inf

import psycopg
import pytest

from perfkit.db.tables import read_tables
from perfkit.indexes.drops import Drops, Usage, find_drops
from perfkit.indexes.existing import existing_indexes
from tests.db.health.looking import run, value, wait_for, waiting
from tests.unit.indexes.exact_planner import ExactPlanner

_GIFT = """CREATE TABLE gift (id int NOT NULL, amount int);
INSERT INTO gift SELECT n, n % 100 FROM generate_series(1, 100000) AS n;
CREATE UNIQUE INDEX gift_id ON gift (id)"""

pytestmark = pytest.mark.both_servers


@pytest.fixture
def gifts(database: str) -> str:
    run(database, *_GIFT.split(";\n"))
    return database


def _drops(dsn: str) -> Drops:
    """Return what can go for a workload without cases, with counts of scans that can be trusted."""
    with psycopg.connect(dsn) as connection:
        tables = read_tables(connection).tables
    usage = Usage(age_days=inf, has_replicas=False)
    return find_drops(
        existing_indexes(tables.values()), tables, (), ExactPlanner(ways={}), frozenset(), usage
    )


def _names(drops: Drops) -> list[str]:
    return [drop.name for drop in drops.drops]


@pytest.mark.parametrize(
    "held_by",
    [
        "ALTER TABLE gift REPLICA IDENTITY USING INDEX gift_id",
        "CLUSTER gift USING gift_id",
        "CREATE TABLE receipt (gift_id int REFERENCES gift (id))",
    ],
)
def test_an_index_that_the_server_holds_on_to_stays_beside_the_primary_key(gifts: str, held_by: str) -> None:
    run(gifts, held_by, "ALTER TABLE gift ADD PRIMARY KEY (id)")
    assert _names(_drops(gifts)) == []


def test_a_unique_index_that_nothing_holds_goes_beside_the_primary_key(gifts: str) -> None:
    run(gifts, "ALTER TABLE gift ADD PRIMARY KEY (id)")
    assert _names(_drops(gifts)) == ["public.gift_id"]
    run(gifts, "DROP INDEX CONCURRENTLY gift_id")


def test_of_two_equal_indexes_the_one_that_is_held_stays(gifts: str) -> None:
    run(gifts, "CREATE INDEX a ON gift (amount)", "CREATE INDEX b ON gift (amount)", "CLUSTER gift USING b")
    assert _names(_drops(gifts)) == ["public.a"]


def test_an_index_that_is_being_built_stays(gifts: str) -> None:
    run(gifts, "CREATE INDEX wide ON gift (amount, id)")
    with closing(psycopg.connect(gifts)) as writer:
        writer.execute("UPDATE gift SET amount = amount WHERE id = 1")
        with waiting(gifts, "CREATE INDEX CONCURRENTLY narrow ON gift (amount)"):
            wait_for(lambda: value(gifts, "SELECT count(*) FROM pg_index WHERE NOT indisvalid"))
            assert "public.narrow" not in _names(_drops(gifts))


def test_indexes_of_other_parameters_are_no_duplicates(gifts: str) -> None:
    run(
        gifts,
        "CREATE EXTENSION pg_trgm",
        "CREATE TABLE letter (text text)",
        "CREATE INDEX fine ON gift USING brin (id) WITH (pages_per_range = 8)",
        "CREATE INDEX coarse ON gift USING brin (id)",
        "CREATE INDEX long ON letter USING gist (text gist_trgm_ops (siglen = 256))",
        "CREATE INDEX short ON letter USING gist (text gist_trgm_ops)",
    )
    assert _names(_drops(gifts)) == []
    run(gifts, "CREATE INDEX also_long ON letter USING gist (text gist_trgm_ops (siglen = 256))")
    assert _names(_drops(gifts)) == ["public.long"]


def test_an_unused_index_that_the_planner_estimates_by_goes_once_statistics_tell_it_as_much(
    gifts: str,
) -> None:
    run(gifts, "CREATE INDEX of_digit ON gift ((amount % 10), id)", "ANALYZE gift")
    rows = _estimated_rows(gifts)
    found = _drops(gifts)
    assert _names(found) == []
    (kept,) = found.kept
    create = kept.reason.partition("statistics: ")[2].partition(",")[0]
    assert create == "CREATE STATISTICS … ON (amount % 10) FROM public.gift"
    run(gifts, create.replace("…", "digits"), "ANALYZE gift")
    assert _names(_drops(gifts)) == ["public.of_digit"]
    run(gifts, "DROP INDEX of_digit")
    assert _estimated_rows(gifts) == pytest.approx(rows, rel=0.1)
    run(gifts, "DROP STATISTICS digits")
    assert _estimated_rows(gifts) < rows / 10


def _estimated_rows(dsn: str) -> float:
    plan = value(dsn, "EXPLAIN (FORMAT JSON) SELECT FROM gift WHERE amount % 10 = 3")
    rows: float = plan[0]["Plan"]["Plan Rows"]
    return rows
