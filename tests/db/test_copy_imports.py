"""What an import takes is measured on rows that the table has, whatever holds them, or told why not; nothing of it stays."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from perfkit.db.copy_imports import import_costs
from perfkit.embedded import PostgresServer

_SCHEMA = """
CREATE SCHEMA "Alumni Office";
SET search_path = "Alumni Office";
CREATE TABLE person (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE, boss_id bigint REFERENCES person,
    "Upper Name" text GENERATED ALWAYS AS (upper(name)) STORED, tags text[] NOT NULL
);
INSERT INTO person (name, boss_id, tags)
SELECT 'Name ' || n, nullif(n / 10, 0), ARRAY['t' || n % 9] FROM generate_series(1, 5000) AS n;
CREATE INDEX ON person USING gin (tags);
CREATE TABLE gift (id int PRIMARY KEY, person_id bigint NOT NULL REFERENCES person ON DELETE CASCADE, amount int);
INSERT INTO gift SELECT n, n % 5000 + 1, n FROM generate_series(1, 5000) AS n;
CREATE TABLE letter (id int, day date NOT NULL, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE letter_2025 PARTITION OF letter FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE letter_2026 PARTITION OF letter FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO letter SELECT n, DATE '2025-01-01' + n % 700 FROM generate_series(1, 3000) AS n;
CREATE TABLE ledger (id int PRIMARY KEY, amount int);
INSERT INTO ledger SELECT n, n FROM generate_series(1, 2000) AS n;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'a ledger keeps all'; END$$;
CREATE TRIGGER keep BEFORE DELETE ON ledger FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TABLE nothing (id int);
CREATE TABLE pledge (id int PRIMARY KEY, amount int);
INSERT INTO pledge SELECT n, n - 1000 FROM generate_series(1, 2000) AS n;
ALTER TABLE pledge ADD CHECK (amount > 0) NOT VALID;
CREATE FUNCTION checked(amount int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$BEGIN RETURN amount; END$$;
CREATE TABLE fee (id int, amount int);
INSERT INTO fee SELECT n, n - 1000 FROM generate_series(1, 2000) AS n;
CREATE INDEX ON fee (checked(amount));
CREATE MATERIALIZED VIEW totals AS SELECT person_id, sum(amount) FROM gift GROUP BY person_id;
ANALYZE;
CREATE OR REPLACE FUNCTION checked(amount int) RETURNS int IMMUTABLE LANGUAGE plpgsql
AS $$BEGIN IF amount < 0 THEN RAISE 'no fee'; END IF; RETURN amount; END$$;
"""
_UNMEASURED = {"nothing": "it has no rows", "fee": "no fee"}
_MEASURED = ("person", "gift", "letter", "ledger", "pledge")
_HEAD = "imports_head"
_COUNTS = """
    SELECT (SELECT count(*) FROM "Alumni Office".person), (SELECT count(*) FROM "Alumni Office".gift),
        (SELECT count(*) FROM "Alumni Office".ledger), (SELECT count(*) FROM "Alumni Office".letter),
        (SELECT count(*) FROM pg_constraint WHERE contype = 'f'),
        (SELECT count(*) FROM pg_class WHERE relname LIKE 'perfkit%')
"""


@pytest.fixture(params=["postgres", "postgres15"])
def sides(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """Return two databases alike, the second with five more indexes on the names of people."""
    server = request.getfixturevalue(request.param)
    assert isinstance(server, PostgresServer)
    base, head = sql.Identifier("imports_base"), sql.Identifier(_HEAD)
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(base))
        with psycopg.connect(server.dsn_for("imports_base"), autocommit=True) as made:
            made.execute(_SCHEMA)
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(head, base))
    with psycopg.connect(server.dsn_for(_HEAD), autocommit=True) as connection:
        for number in range(5):
            connection.execute(
                sql.SQL('CREATE INDEX ON "Alumni Office".person (name, (id + {}))').format(number)
            )
    yield server.dsn_for("imports_base"), server.dsn_for(_HEAD)
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        for name in (base, head):
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def _counts(dsn: str) -> object:
    with psycopg.connect(dsn) as connection:
        return connection.execute(_COUNTS.encode()).fetchone()


def test_rows_are_inserted_again_on_both_sides_and_nothing_stays(sides: tuple[str, str]) -> None:
    base, head = sides
    before = _counts(base), _counts(head)
    imports = import_costs(
        base, head, [f"Alumni Office.{name}" for name in ("totals", *_UNMEASURED, *_MEASURED)]
    )
    assert imports.unmeasured == {f"Alumni Office.{name}": problem for name, problem in _UNMEASURED.items()}
    costs = {cost.table: cost for cost in imports.measured}
    assert set(costs) == {f"Alumni Office.{name}" for name in _MEASURED}
    person = costs["Alumni Office.person"]
    assert 800 < person.rows <= 1000
    assert person.after.median_ms > person.before.median_ms
    for cost in costs.values():
        assert 0 < cost.before.least_ms <= cost.before.median_ms <= cost.before.most_ms
    assert {name for name, cost in costs.items() if cost.into_empty} == {
        "Alumni Office.ledger",
        "Alumni Office.pledge",
    }
    assert (_counts(base), _counts(head)) == before
