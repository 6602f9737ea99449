"""Lookups out of what PostgreSQL 15 and 18 tell of a deletion: whose tables they are where schemas are alike."""

import json

import psycopg
import pytest

from perfkit.db.tables import read_tables
from perfkit.indexes.gather import written_tables
from perfkit.indexes.lookups import lookups
from perfkit.plan.parse import parse_plan
from tests.db.health.looking import run

pytestmark = pytest.mark.both_servers

_TENANT = """CREATE SCHEMA {0};
CREATE TABLE {0}.person (id int PRIMARY KEY);
CREATE TABLE {0}.gift (id int PRIMARY KEY, person_id int REFERENCES {0}.person ON DELETE CASCADE);
CREATE TABLE {0}.receipt (gift_id int REFERENCES {0}.gift);
INSERT INTO {0}.person VALUES (0), (1);
INSERT INTO {0}.gift SELECT n, n % 2 FROM generate_series(1, 100) AS n;
INSERT INTO {0}.receipt SELECT id FROM {0}.gift WHERE person_id = 0"""


@pytest.mark.parametrize("tenant", ["one", "two", '"three.b"'])
def test_a_deletion_looks_into_the_tables_of_its_own_schema(database: str, tenant: str) -> None:
    for each in ("one", "two", '"three.b"'):
        run(database, *_TENANT.format(each).split(";\n"))
    with psycopg.connect(database) as connection:
        tables = read_tables(connection)
        explain = f"EXPLAIN (ANALYZE, VERBOSE, FORMAT JSON) DELETE FROM {tenant}.person WHERE id = 1"
        (document,) = connection.execute(explain.encode()).fetchone() or ()
    plan = parse_plan(json.dumps(document))
    found = lookups(plan, written_tables(plan, tables), tables)
    schema = tenant.strip('"')
    assert {each.table for each in found if each.share > 0} == {f"{schema}.gift", f"{schema}.receipt"}
