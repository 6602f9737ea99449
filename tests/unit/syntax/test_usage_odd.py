"""No statement that parses is too odd to be read, and none is read as asking what it does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.syntax.lexer import SqlError
from perfkit.syntax.usage.read import read_usage
from perfkit.syntax.usage.scope import Relation

TABLES = {
    "t": Relation(("a", "b", "c", "d")),
    "u": Relation(("a", "e", "f")),
    "v": Relation(view="SELECT a, b AS x FROM t WHERE c > 3"),
    "w": Relation(view="SELECT v.a, count(*) AS n FROM v JOIN u USING (a) GROUP BY v.a"),
    "broken": Relation(view="SELECT FROM WHERE"),
}

ODD = [
    "SELECT",
    "SELECT 1",
    "VALUES (1, 2), (3, $1)",
    "VALUES ((SELECT a FROM t LIMIT 1))",
    "TABLE t",
    "SELECT FROM t",
    "SELECT t FROM t WHERE t IS NULL",
    "SELECT (t).a, (t.*) IS NULL FROM t",
    "SELECT t.* FROM t, LATERAL (SELECT t.a) AS x (y) WHERE x.y = 1",
    "SELECT * FROM t NATURAL JOIN u",
    "SELECT * FROM t JOIN u USING (a) AS j WHERE j.a = 1",
    "SELECT * FROM (t JOIN u ON t.a = u.a) AS k (p, q, r, s, x, y, z) WHERE k.p = 1",
    "SELECT * FROM t FULL JOIN u ON t.a = u.a AND t.b = 3",
    "SELECT * FROM t RIGHT JOIN u ON t.a = u.a WHERE u.e = $1",
    "SELECT * FROM t CROSS JOIN u",
    "SELECT * FROM t AS x (p, q) WHERE p = 1 AND c = 2",
    "SELECT * FROM t TABLESAMPLE bernoulli (10) WHERE a = 1",
    "SELECT * FROM ONLY t",
    "SELECT * FROM generate_series(1, 3) AS g WHERE g = 2",
    "SELECT * FROM generate_series(1, 3) AS g (n), t WHERE t.a = g.n",
    "SELECT * FROM ROWS FROM (generate_series(1, 3), generate_series(1, 4)) WITH ORDINALITY AS z (a, b, c) WHERE c = 1",
    "SELECT * FROM json_to_recordset('[]') AS x (a int, b text) WHERE x.a = 1",
    "SELECT * FROM jsonb_to_record($1) AS x (a int), t WHERE t.a = x.a",
    "SELECT * FROM xmltable('/a' PASSING $1 COLUMNS a int PATH 'b') AS x JOIN t USING (a)",
    "SELECT * FROM json_table($1, '$' COLUMNS (a int PATH '$.a')) AS j JOIN t ON t.a = j.a",
    "SELECT * FROM unnest($1::int[], $2::text[]) AS x (a, b) JOIN t USING (a)",
    "SELECT count(*) FILTER (WHERE a = 3), sum(b) OVER w FROM t WINDOW w AS (PARTITION BY c ORDER BY d)",
    "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a) FROM t",
    "SELECT string_agg(DISTINCT b::text, ',' ORDER BY b::text) FROM t",
    "SELECT max(a), min(b) FROM t GROUP BY ()",
    "SELECT a, b FROM t GROUP BY GROUPING SETS ((a), (b), ()) ORDER BY 3 NULLS FIRST, 99",
    "SELECT a FROM t GROUP BY ROLLUP (a), CUBE (b, c) HAVING count(*) > $1",
    'SELECT a FROM t ORDER BY b USING <, c COLLATE "C" LIMIT ALL',
    "SELECT a FROM t ORDER BY random() FETCH FIRST 3 ROWS WITH TIES",
    "SELECT DISTINCT ON (a, lower(b)) * FROM t ORDER BY a, lower(b), c DESC",
    "SELECT a FROM t UNION SELECT e FROM u INTERSECT SELECT f FROM u ORDER BY 1 LIMIT 3",
    "SELECT x.a FROM (SELECT a FROM t UNION ALL SELECT a FROM u) x WHERE x.a = 3",
    "SELECT (SELECT (SELECT t.a FROM u WHERE u.a = t.b LIMIT 1) FROM v WHERE v.a = t.a) FROM t",
    "SELECT * FROM t WHERE (a, b) IN (SELECT a, e FROM u)",
    "SELECT * FROM t WHERE (a, b) = (SELECT a, e FROM u LIMIT 1)",
    "SELECT * FROM t WHERE (a, b) IN ((1, 2), ($1, $2))",
    "SELECT * FROM t WHERE ROW (a, b) < ROW (1, c)",
    "SELECT * FROM t WHERE ROW (a, b) IS NOT NULL",
    "SELECT * FROM t WHERE a = ALL (SELECT a FROM u) OR a > SOME (ARRAY[1, 2])",
    "SELECT * FROM t WHERE a <> ALL ('{1,2}') AND a NOT IN (1, NULL) AND b LIKE ANY ($1)",
    "SELECT * FROM t WHERE a IN (1, b, (SELECT max(a) FROM u))",
    "SELECT * FROM t WHERE NOT (a = 1 OR b = 2) AND NOT NOT c AND (NOT EXISTS (SELECT FROM u WHERE u.a = t.a)) IS TRUE",
    "SELECT * FROM t WHERE a = 1 OR a = 2 AND (b = 3 OR c = 4) OR EXISTS (SELECT FROM u WHERE e = t.b)",
    "SELECT * FROM t WHERE a BETWEEN SYMMETRIC 3 AND 1 AND b NOT BETWEEN 1 AND c",
    "SELECT * FROM t WHERE a IS DISTINCT FROM 3 AND b IS NOT DISTINCT FROM c AND c IS UNKNOWN",
    "SELECT * FROM t WHERE a SIMILAR TO 'x%' AND b NOT LIKE 'y' ESCAPE '!' AND c LIKE 'x!%' ESCAPE '!'",
    "SELECT * FROM t WHERE a OPERATOR(pg_catalog.=) 3 AND @ b = 4 AND - c < 5",
    "SELECT * FROM t WHERE a[1] = 3 AND b[1:2] = $1 AND (c).x.y = 4 AND d -> 'k' #>> '{a,b}' = 'z'",
    "SELECT * FROM t WHERE CASE a WHEN 1 THEN b = 2 ELSE c = 3 END",
    "SELECT * FROM t WHERE COALESCE(a, 1) = 1 AND NULLIF(b, 2) IS NULL AND GREATEST(c, d) > LEAST(a, b)",
    "SELECT * FROM t WHERE a IS JSON AND b IS NORMALIZED AND c IS DOCUMENT",
    "SELECT * FROM t WHERE JSON_EXISTS(a, '$.x') AND JSON_VALUE(b, '$.y') = 'z'",
    "SELECT * FROM t WHERE a = CURRENT_DATE AND b = CURRENT_USER AND c = XMLELEMENT(NAME x)",
    "SELECT * FROM t WHERE starts_with(a, 'x') AND a ^@ 'y' AND overlay(b PLACING 'x' FROM 1) = trim(BOTH FROM c)",
    "SELECT * FROM t WHERE (a, b) OVERLAPS (c, d) AND a AT TIME ZONE 'UTC' > now() AND EXTRACT(year FROM b) = 2026",
    "SELECT * FROM t WHERE a = DEFAULT_VALUE AND f(VARIADIC ARRAY[b]) = g(x => c)",
    "SELECT * FROM t WHERE ctid = '(0,1)' AND tableoid = 't'::regclass AND xmin::text = '3'",
    'SELECT * FROM other.t AS t, t AS t2, "T" WHERE t.a = t2.a AND "T"."A" = 1',
    "SELECT * FROM db.public.t WHERE public.t.a = 1",
    "SELECT * FROM w WHERE n > 3 AND a = $1",
    "SELECT * FROM v x JOIN v y ON x.x = y.x",
    "WITH t AS (SELECT 1 AS a) SELECT * FROM t WHERE a = 3",
    "WITH a AS (SELECT * FROM b), b AS (SELECT * FROM a) SELECT * FROM a, b",
    "WITH x AS MATERIALIZED (SELECT a FROM t), y AS NOT MATERIALIZED (SELECT a FROM x) SELECT * FROM y WHERE a = 1",
    "WITH RECURSIVE r (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM r JOIN t ON t.a = r.n) SELECT * FROM r WHERE n = 3",
    "WITH RECURSIVE r AS (SELECT a FROM t UNION SELECT t.a FROM r, t WHERE t.b = r.a) SEARCH DEPTH FIRST BY a SET o CYCLE a SET c USING p SELECT * FROM r",
    "WITH x AS (DELETE FROM t WHERE a = 1 RETURNING b) INSERT INTO u (a) SELECT b FROM x ON CONFLICT (a) DO UPDATE SET e = excluded.e WHERE u.f = 3 RETURNING *",
    "INSERT INTO t DEFAULT VALUES",
    "INSERT INTO t VALUES (1, DEFAULT, (SELECT a FROM u WHERE e = 1), $1)",
    "INSERT INTO t AS x (a, b) OVERRIDING USER VALUE SELECT a, e FROM u RETURNING x.a",
    "INSERT INTO v (a) VALUES (1)",
    "UPDATE t SET (a, b) = (SELECT e, f FROM u WHERE u.a = t.a), c = DEFAULT WHERE CURRENT OF cursor_name",
    "UPDATE t SET a[1] = 3, d.x = 4 FROM u LEFT JOIN v ON v.a = u.a WHERE t.a = u.a",
    "UPDATE v SET x = 1 WHERE a = 2",
    "DELETE FROM t USING u, v WHERE t.a = u.a AND u.e = v.a RETURNING t.*, u.f",
    "DELETE FROM w",
    "MERGE INTO t USING (SELECT * FROM u) s ON t.a = s.a WHEN MATCHED AND s.e > 3 THEN DELETE WHEN MATCHED THEN UPDATE SET b = s.f WHEN NOT MATCHED THEN INSERT (a, b) VALUES (s.a, s.e)",
    "MERGE INTO v USING t ON v.a = t.a WHEN MATCHED THEN DO NOTHING",
    "SELECT * FROM t WHERE a = 1 FOR UPDATE OF t SKIP LOCKED",
    "SELECT * FROM (VALUES (1, 'x')) AS x (a, b) JOIN t ON t.a = x.a AND t.b = x.b",
    "SELECT ARRAY(SELECT a FROM u WHERE u.e = t.a), EXISTS (SELECT FROM u WHERE u.a = t.a) FROM t",
    "SELECT * FROM t WHERE EXISTS (SELECT 1 UNION SELECT a FROM u WHERE u.a = t.a)",
    "SELECT * FROM t WHERE EXISTS (VALUES (1))",
    "SELECT * FROM t WHERE a IN (VALUES (1), (2))",
    "SELECT * FROM t WHERE a = (WITH x AS (SELECT 1 AS y) SELECT y FROM x)",
    "SELECT $1::int, $2 || 'x' FROM t WHERE $3 AND $4 = ANY (c) AND $5 > $6",
    "SELECT a FROM t t1 WHERE a = (SELECT max(a) FROM t WHERE b = t1.b) ORDER BY (SELECT e FROM u WHERE u.a = t1.a)",
    "SELECT GROUPING(a), merge_action FROM t GROUP BY a",
]  # fmt: skip


@pytest.mark.parametrize("statement", ODD)
@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_an_odd_statement_is_read(statement: str, *, known: bool) -> None:
    usage = read_usage(statement, lambda _schema, name: TABLES.get(name) if known else None)
    for reference in usage.references:
        columns = TABLES[reference.name].columns if known and reference.name in TABLES else None
        for predicate in reference.predicates:
            assert predicate.expression.columns
            assert columns is None or predicate.expression.columns <= set(columns)


def test_a_view_that_cannot_be_parsed_is_an_error_of_its_own_kind() -> None:
    with pytest.raises(SqlError):
        read_usage("SELECT * FROM broken", lambda _schema, name: TABLES.get(name))


def test_a_statement_that_is_none_is_refused() -> None:
    for text in ("", "CREATE TABLE x (a int)", "SELECT 1; SELECT 2", "SELECT FROM WHERE"):
        with pytest.raises(SqlError):
            read_usage(text)


@pytest.mark.parametrize("depth", [50, 900])
def test_deep_nesting_is_read_or_refused(depth: int) -> None:
    deep = "SELECT * FROM t WHERE " + "(" * depth + "a = 1" + ")" * depth
    chain = "SELECT * FROM t WHERE a" + " + 1" * depth + " = 3"
    nested = "SELECT * FROM t WHERE a IN " + "(SELECT a FROM t WHERE a IN " * depth + "(1)" + ")" * depth
    for text in (deep, chain, nested):
        try:
            read_usage(text)
        except SqlError as error:
            assert "nest" in error.message  # noqa: PT017 - either way is right


COLUMN = st.sampled_from(["a", "b", "t.a", "t.c", "u.e", "u.a", "missing", "t.missing", "x.y"])
VALUE = st.one_of(
    COLUMN, st.sampled_from(["1", "'x'", "$1", "NULL", "now()", "(SELECT max(e) FROM u)", "ARRAY[1, 2]"])
)
OPERATOR = st.sampled_from(
    ["=", "<", ">=", "<>", "LIKE", "ILIKE", "~", "@>", "&&", "%", "IS DISTINCT FROM", "->>", "||"]
)
LEAF = st.one_of(
    st.builds("{} {} {}".format, VALUE, OPERATOR, VALUE),
    st.builds("{} IN ({}, {})".format, VALUE, VALUE, VALUE),
    st.builds("{} = ANY ({})".format, VALUE, VALUE),
    st.builds("{} IS NOT NULL".format, VALUE),
    st.builds("{} BETWEEN {} AND {}".format, COLUMN, VALUE, VALUE),
    st.builds("lower({}) = lower({})".format, VALUE, VALUE),
    st.builds("EXISTS (SELECT 1 FROM u WHERE u.a = {})".format, VALUE),
    st.builds("{} IN (SELECT a FROM t WHERE c = {})".format, COLUMN, COLUMN),
    st.builds("({}, {}) > ({}, {})".format, COLUMN, COLUMN, VALUE, VALUE),
    COLUMN,
)  # fmt: skip
CONDITION = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.builds("({} AND {})".format, inner, inner),
        st.builds("({} OR {})".format, inner, inner),
        st.builds("NOT ({})".format, inner),
    ),
    max_leaves=6,
)
SOURCE = st.sampled_from(
    ["t, u", "t JOIN u USING (a)", "t LEFT JOIN u ON t.a = u.e", "t", "v AS t, w AS u", "t NATURAL JOIN u"]
)


@given(source=SOURCE, condition=CONDITION, order=st.lists(COLUMN, max_size=3), limited=st.booleans())
def test_no_combination_of_conditions_is_too_odd(
    source: str, condition: str, order: list[str], *, limited: bool
) -> None:
    tail = f" ORDER BY {', '.join(order)}" if order else ""
    tail += " LIMIT 3" if limited else ""
    usage = read_usage(
        f"SELECT * FROM {source} WHERE {condition}{tail}", lambda _schema, name: TABLES.get(name)
    )
    for number, reference in enumerate(usage.references):
        for predicate in reference.predicates:
            assert predicate.expression.columns <= set(TABLES[reference.name].columns)
            assert number not in predicate.joined
