"""What pg_stat_statements counts becomes a statement again, and finds itself in a catalog."""

import pytest

from perfkit.syntax.constants import constants_in
from perfkit.syntax.counted import fingerprint, measurable
from perfkit.syntax.lexer import SqlError
from perfkit.syntax.tables import qualified


@pytest.mark.parametrize(
    ("counted", "statement"),
    [
        ("SELECT * FROM t WHERE a = $2 AND b = $1;", "SELECT * FROM t WHERE a = $1 AND b = $2"),
        ("SELECT now() - interval $1", "SELECT now() - $1::interval"),
        ("SELECT interval $1 day, b FROM t", "SELECT $1::interval day, b FROM t"),
        ("SELECT timestamp with time zone $1", "SELECT $1::timestamp with time zone"),
        ("SELECT 'ä', date $1 FROM t WHERE x = $2", "SELECT $1, $2::date FROM t WHERE x = $3"),
        ("SELECT extract($1 FROM d) FROM t", "SELECT extract('year' FROM d) FROM t"),
        ("SELECT a FROM t WHERE a IN ($1 /*, ... */) AND b = $2",
         "SELECT a FROM t WHERE a IN ($1, $2, $3, $4, $5) AND b = $6"),
        ("SELECT count(DISTINCT lower(a)) FROM t WHERE b IN ($1 /*, ... */) AND c =  $2($1 AS s.kind)  AND d > $3 ( $2 AS date)",
         "SELECT count(DISTINCT lower(a)) FROM t WHERE b IN ($1, $2, $3, $4, $5) AND c =  CAST($6 AS s.kind)  AND d > CAST($7 AS date)"),
        ("SELECT a FROM t WHERE b IN ($1 /*, ... */) AND c = $2($1)",
         "SELECT a FROM t WHERE b IN ($1, $2, $3, $4, $5) AND c = $6"),
        ("SELECT a FROM t /* user=Bob */ WHERE b = $1", "SELECT a FROM t WHERE b = $1"),
        ("SELECT /*+ SeqScan(t) */ a FROM t", "SELECT /*+ SeqScan(t) */ a FROM t"),
        ("SELECT date_trunc($1, d) FROM t GROUP BY date_trunc($2, d)",
         "SELECT date_trunc($1, d) FROM t GROUP BY date_trunc($1, d)"),
        ("SELECT year / $1 * $2 FROM t GROUP BY year / 10 * 10", "SELECT year / 10 * 10 FROM t GROUP BY year / 10 * 10"),
        ("SELECT date_trunc($1, d), $2 FROM t GROUP BY ROLLUP (date_trunc('day', d))",
         "SELECT date_trunc('day', d), $1 FROM t GROUP BY ROLLUP (date_trunc('day', d))"),
        ("SELECT DISTINCT a || $1 FROM t ORDER BY a || '!'", "SELECT DISTINCT a || '!' FROM t ORDER BY a || '!'"),
        ("SELECT a FROM t WHERE b = $1 AND name = 'Bob'", "SELECT a FROM t WHERE b = $1 AND name = $2"),
        ("PREPARE p (int, text) AS SELECT a FROM t WHERE b = $1", "SELECT a FROM t WHERE b = $1"),
        ("DECLARE c CURSOR WITH HOLD FOR SELECT a FROM t WHERE b = 5", "SELECT a FROM t WHERE b = $1"),
        ("SELECT a FROM t GROUP BY 1 ORDER BY 1 LIMIT $1", "SELECT a FROM t GROUP BY 1 ORDER BY 1 LIMIT $1"),
    ],
)  # fmt: skip
def test_a_counted_statement_becomes_one_that_can_be_prepared(counted: str, statement: str) -> None:
    assert measurable(counted) == statement
    assert fingerprint(measurable(statement)) == fingerprint(statement)


@pytest.mark.parametrize("text", ["", "-- nothing", "SELECT FROM WHERE", "<insufficient privilege>"])
def test_what_is_no_statement_is_refused(text: str) -> None:
    with pytest.raises(SqlError):
        measurable(text)


def test_the_same_statement_has_the_same_fingerprint_whatever_its_constants() -> None:
    one = fingerprint("SELECT a FROM t WHERE b IN ($1, $2) AND c > $3::date LIMIT $4")
    assert one == fingerprint("SELECT a FROM t WHERE b IN (1, 2, 3, 4) AND c > date '2026-01-01' LIMIT 7")
    assert one != fingerprint("SELECT a FROM t WHERE b IN ($1, $2) AND c < $3::date LIMIT $4")


def test_tables_outside_the_search_path_get_their_schema_where_one_has_them() -> None:
    schemas = {"Order": ("Shop Front",), "line": ("a", "b"), "seen": ("public",)}
    statement = "WITH seen AS (SELECT 1) SELECT * FROM \"Order\" o JOIN line USING (id), seen WHERE o.x = 'ä'"
    found = qualified(statement, lambda _schema, name: "public.seen" if name == "seen" else "", schemas)
    assert found == statement.replace('FROM "Order"', 'FROM "Shop Front"."Order"')


def test_constants_are_found_in_the_places_of_parameters() -> None:
    statement = "SELECT a FROM t WHERE b = $1 AND d > $2::interval AND e IN ($3, $4) LIMIT $5"
    text = "SELECT a FROM t WHERE b = -3 AND d > interval '2 days' AND e IN ('x', NULL) LIMIT 10"
    assert constants_in(statement, text, {}) == {1: "-3", 2: "2 days", 3: "x", 4: None, 5: "10"}
    given = "SELECT a FROM t WHERE b = $2 AND d > $1::interval AND e IN ($3, 'y') LIMIT 4"
    assert constants_in(statement, given, {1: "1 day", 2: "7", 3: "q"}) == {
        1: "7", 2: "1 day", 3: "q", 4: "y", 5: "4",
    }  # fmt: skip
