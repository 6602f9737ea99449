"""A cast to text hides a column from its index where PostgreSQL says so, and only there an index on it is not advised."""

import psycopg
import pytest

from perfkit.db.introspect import read_facts
from perfkit.plan.model import Plan, walk
from perfkit.plan.parse import parse_plan
from perfkit.plan.rules import find_problems

TYPES = """
CREATE EXTENSION citext;
CREATE DOMAIN address AS text;
CREATE DOMAIN short AS varchar(40);
CREATE DOMAIN "Reference" AS uuid;
CREATE TYPE state AS ENUM ('open', 'closed');
"""
# What a column of each type is given.
VALUES = {
    "text": "md5(n::text)",
    "character varying(40)": "md5(n::text)",
    "address": "md5(n::text)",
    "short": "md5(n::text)",
    "uuid": "md5(n::text)::uuid",
    '"Reference"': "md5(n::text)::uuid",
    "integer": "n",
    "state": "'open'",
    "character(40)": "md5(n::text)",
    "name": "md5(n::text)",
    "citext": "md5(n::text)",
}
QUERY = """SELECT * FROM given WHERE "The Value"::text = 'closed'"""


def _plan(connection: psycopg.Connection) -> Plan:
    row = connection.execute(f"EXPLAIN (ANALYZE, VERBOSE, BUFFERS, FORMAT JSON) {QUERY}").fetchone()
    assert row
    return parse_plan(row[0])


@pytest.mark.both_servers
def test_an_index_is_advised_where_it_serves_the_cast_column_else_the_value_is_to_be_cast(
    database: str,
) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(TYPES)
        for type_, value in VALUES.items():
            connection.execute("DROP TABLE IF EXISTS given")
            connection.execute(f'CREATE TABLE given ("The Value" {type_}, filler text)')
            connection.execute(
                f"INSERT INTO given SELECT {value}, repeat('x', 80) FROM generate_series(1, 20000) AS n"
            )
            connection.execute("ANALYZE given")
            plan = _plan(connection)
            (finding,) = find_problems(plan, read_facts(connection, [plan]))
            connection.execute('CREATE INDEX given_value ON given ("The Value")')
            connection.execute("SET enable_seqscan = off")
            is_served = any(node.index for node in walk(_plan(connection).root))
            connection.execute("RESET enable_seqscan")
            index = 'CREATE INDEX CONCURRENTLY ON public.given ("The Value");'
            if is_served:
                assert (finding.rule, finding.fix) == ("seq-scan", index), type_
            else:
                written = f'Bind the parameter in the type of "The Value" ({type_}), not as text: '
                assert (finding.rule, finding.fix.startswith(written)) == ("column-cast", True), finding
                assert finding.fix.endswith(f"cast the value, never the column; and {index}")
