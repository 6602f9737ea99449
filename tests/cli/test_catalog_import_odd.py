"""catalog import on a database of odd names and types, with statements as object mappers write them."""

import json

import psycopg
import pytest

from tests.cli.command import Perfkit

_SCHEMA = """
CREATE EXTENSION pg_stat_statements;
CREATE SCHEMA "Shop Front";
CREATE SCHEMA hidden;
CREATE TYPE "Shop Front"."Mood" AS ENUM ('happy', 'it''s bad');
CREATE DOMAIN hidden.email AS text CHECK (VALUE ~ '@');
CREATE DOMAIN hidden.cents AS bigint CHECK (VALUE >= 0);
CREATE TABLE "Shop Front"."Customer" (
    "Id" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "Full Name" text NOT NULL,
    mail hidden.email UNIQUE,
    mood "Shop Front"."Mood",
    tags text[] NOT NULL,
    profile jsonb NOT NULL,
    "order" int,
    since date,
    uid uuid UNIQUE
);
INSERT INTO "Shop Front"."Customer" ("Full Name", mail, mood, tags, profile, "order", since, uid)
SELECT
    'Anna O''Hara ' || n, 'p' || n || '@x.org', (ARRAY['happy', 'it''s bad'])[1 + n % 2]::"Shop Front"."Mood",
    ARRAY['t' || n % 5], jsonb_build_object('city', 'C' || n % 10, 'age', n % 90), n % 100, date '2020-01-01' + n % 1000,
    md5(n::text)::uuid
FROM generate_series(1, 2000) AS n;
CREATE TABLE hidden.purchase (
    id bigint, customer_id bigint REFERENCES "Shop Front"."Customer", at timestamptz, amount hidden.cents, note text,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE TABLE hidden.purchase_2024 PARTITION OF hidden.purchase FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE hidden.purchase_rest PARTITION OF hidden.purchase DEFAULT;
INSERT INTO hidden.purchase
SELECT n, 1 + n % 1900, timestamptz '2024-01-01' + n * interval '1 hour', n, 'note ' || n FROM generate_series(1, 9000) AS n;
CREATE TABLE hidden.card (customer_id bigint PRIMARY KEY REFERENCES "Shop Front"."Customer", number text UNIQUE NOT NULL);
INSERT INTO hidden.card SELECT n, 'card ' || n FROM generate_series(1, 500) AS n;
CREATE VIEW hidden.big AS SELECT * FROM hidden.purchase WHERE amount > 100;
ANALYZE;
SELECT pg_stat_statements_reset();
"""

# Each as an application sends it, and the name that it gets.
_STATEMENTS = {
    'SELECT * FROM "Shop Front"."Customer" WHERE "Id" = 5': "select_customer_by_id",
    """SELECT ("Customer"."Id") AS "Id" FROM "Shop Front"."Customer"
       WHERE UPPER("Customer"."Full Name"::text) LIKE UPPER('%hara%') ORDER BY 1 LIMIT 21""": "select_customer_by_full_name",
    """SELECT count(*) FROM "Shop Front"."Customer" WHERE mood = 'it''s bad'""": "select_customer_by_mood",
    """SELECT 1 FROM "Shop Front"."Customer" WHERE tags @> ARRAY['t1'] OR 't2' = ANY (tags)""": "select_customer_by_tags",
    """SELECT 1 FROM "Shop Front"."Customer" WHERE (profile ->> 'age')::int > 30""": "select_customer_by_profile_2",
    """SELECT 1 FROM "Shop Front"."Customer" WHERE profile @> '{"city": "C3"}'""": "select_customer_by_profile",
    'SELECT "order" FROM "Shop Front"."Customer" WHERE "order" IN (1, 2, 3)': "select_customer_by_order",
    'SELECT "mail" FROM "Shop Front"."Customer" WHERE mail = \'p3@x.org\'': "select_customer_by_mail",
    """SELECT date_trunc('month', since), count(*) FROM "Shop Front"."Customer"
       WHERE since > CURRENT_DATE - interval '9 years' GROUP BY date_trunc('month', since)""": "select_customer_by_since",
    """SELECT note FROM purchase WHERE at BETWEEN timestamp '2024-02-01' AND timestamp '2024-02-09'
       AND customer_id = 7""": "select_purchase_by_at_customer_id",
    "SELECT id FROM big WHERE customer_id = 9": "select_purchase_by_amount_customer_id",
    "UPDATE purchase SET note = 'x', amount = amount + 5 WHERE id = 9": "update_purchase_by_id",
    "INSERT INTO purchase (id, customer_id, at, amount) VALUES (10001, 5, '2024-05-05', 1), (10002, 6, '2024-05-05', 1)":
        "insert_purchase",
    "INSERT INTO card (customer_id, number) VALUES (1500, 'card 1500')": "insert_card",
    'DELETE FROM "Shop Front"."Customer" WHERE "Id" = 1999': "delete_customer_by_id",
    "MERGE INTO card c USING (VALUES (5::bigint, 'card 5')) v (a, b) ON c.customer_id = v.a"
    " WHEN MATCHED THEN UPDATE SET number = v.b": "merge_card",
    "SELECT id FROM purchase WHERE id = 3 FOR UPDATE": "select_purchase_by_id",
}  # fmt: skip


@pytest.mark.both_servers
@pytest.mark.parametrize("source", ["draw", "stats"])
def test_statements_of_every_kind_are_imported_and_run(perfkit: Perfkit, database: str, source: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(_SCHEMA)
        connection.execute("SET search_path = hidden, public")
        for statement in _STATEMENTS:
            connection.execute(statement)
        connection.execute("CREATE TEMP TABLE gone (i int)")
        connection.execute("SELECT i FROM gone WHERE i = 3")
    (perfkit.directory / "perfkit.toml").write_text(
        f'dsn = "{database}"\nsamples = 1\nallow_superuser = true\n'
    )
    result = perfkit("catalog", "import", "--parameters", source, "--format", "json")
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert {each["name"] for each in document["imported"]} == {*_STATEMENTS.values()}
    assert [each["reason"] for each in document["unresolved"]] == ['relation "gone" does not exist']
    assert "FROM gone" in (perfkit.directory / "queries" / "imported" / "not-imported.sql.txt").read_text()
    if source == "draw":
        texts = "".join(each["text"] for each in document["imported"])
        assert "O'Hara" not in texts
        assert "made up" not in {each["values"] for each in document["imported"]}
    assert perfkit("catalog", "check").returncode == 0
    analysis = json.loads(perfkit("analyze", "--allow-writes", "--format", "json").stdout)
    assert [each["problem"] for each in analysis["cases"] if each["problem"]] == []
    again = json.loads(perfkit("catalog", "import", "--format", "json").stdout)
    assert again["imported"] == []
    assert len(again["known"]) == len(_STATEMENTS)
