"""The statistics of a computed key that is not built, beside those that ANALYZE finds once it is."""

from collections.abc import Mapping
from pathlib import Path

import psycopg
import pytest

from perfkit.syntax.index import read_definition
from tests.bench.twins import asking

# Read whole by ANALYZE, so that what it finds does not depend on which rows it draws.
SCHEMA = """
CREATE EXTENSION pg_trgm;
CREATE TABLE visit AS
SELECT
    timestamptz '2020-01-01 00:00+00' + n * n / 300 * interval '1 minute' AS made,
    (ARRAY['Ann', 'ANN', 'Bob', 'Eve', 'eve'])[1 + abs(hashint4(n)) % 5] AS name,
    'user ' || abs(hashint4(n)) % 9000 AS login,
    CASE WHEN n % 4 > 0 THEN abs(hashint4(n + 7)) % 20000 END AS amount,
    date '1990-01-01' + abs(hashint4(n + 9)) % 9000 AS born
FROM generate_series(1, 24000) AS n;
ANALYZE visit;
"""
KEYS = (
    "(((made AT TIME ZONE 'UTC')::date))",
    "(date_trunc('month', made AT TIME ZONE 'UTC'))",
    "(lower(name))",
    "(upper(login))",
    "((amount / 100))",
    "((-amount))",
    "((amount % 4))",
    "(extract(year FROM born))",
    "USING gin (upper(login) gin_trgm_ops)",  # which stores numbers, and has the statistics of text all the same
)
_COLUMNS = """
SELECT
    null_frac, n_distinct, coalesce(most_common_vals::text::text[], '{}') AS common,
    coalesce(most_common_freqs, '{}') AS shares, coalesce(histogram_bounds::text::text[], '{}') AS bounds, correlation
FROM pg_stats WHERE tablename = %s
"""
_TOLD = ("nulls", "distinct", "common", "share", "bounds", "correlation")


@pytest.mark.both_servers
def test_a_computed_key_has_the_statistics_that_analyze_finds(database: str, server_folder: Path) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(SCHEMA)
    definitions = [read_definition(f"CREATE INDEX ON public.visit {key}") for key in KEYS]
    with asking(database, server_folder, definitions, (), {}) as (what_if, made):
        with psycopg.connect(database) as connection:
            for key in KEYS:
                connection.execute(f"CREATE INDEX ON visit {key}".encode())
            connection.execute("ANALYZE visit")
            names = [
                name
                for (name,) in connection.execute(
                    "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'visit'::regclass ORDER BY pg_index.indexrelid"
                )
            ]
            built = {key: _statistics(connection, name) for key, name in zip(KEYS, names, strict=True)}
        asked = {
            key: _statistics(what_if._connection, each.names[0]) for key, each in zip(KEYS, made, strict=True)
        }
    for key in KEYS:
        assert asked[key] == {
            "nulls": pytest.approx(built[key]["nulls"], abs=0.01),
            "distinct": pytest.approx(built[key]["distinct"], rel=0.15, abs=1),
            "common": pytest.approx(built[key]["common"], rel=0.15, abs=0.03),
            "share": pytest.approx(built[key]["share"], rel=0.15, abs=0.005),
            "bounds": pytest.approx(built[key]["bounds"], abs=3),
            "correlation": pytest.approx(built[key]["correlation"], abs=0.05),
        }, key


def _statistics(connection: psycopg.Connection, index: str) -> Mapping[str, float]:
    """Return the share of NULLs, the count of values, what is common in all and at most, bounds, correlation."""
    found = connection.execute(_COLUMNS.encode(), [index]).fetchone()
    assert found is not None
    nulls, distinct, _, shares, bounds, correlation = found
    counted = distinct if distinct >= 0 else -distinct * 24_000
    most = max(shares, default=0.0)
    return dict(zip(_TOLD, (nulls, counted, sum(shares), most, len(bounds), correlation), strict=True))
