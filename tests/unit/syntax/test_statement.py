"""PostgreSQL's parser says what a statement is, and no text ends the process."""

import subprocess
import sys

import pytest

from perfkit.syntax.depth import check_depth
from perfkit.syntax.lexer import SqlError
from perfkit.syntax.statement import StatementKind, read_statement


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT 1", "read"),
        ("VALUES (1), (2);", "read"),
        ("TABLE person", "read"),
        ("WITH a AS (SELECT 1) SELECT * FROM a", "read"),
        ('SELECT \'DELETE FROM t\', "update" FROM "insert"', "read"),
        ("INSERT INTO t VALUES (1)", "write"),
        ("UPDATE t SET a = 1", "write"),
        ("DELETE FROM t", "write"),
        ("MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE", "write"),
        ("WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a", "write"),
        ("SELECT (WITH a AS (INSERT INTO t VALUES (1) RETURNING 1) SELECT 1 FROM a)", "write"),
        ("SELECT 1 FROM t FOR UPDATE", "write"),
        ("SELECT * FROM (SELECT 1 FROM t FOR KEY SHARE) AS s", "write"),
    ],
)
def test_a_statement_that_writes_or_locks_at_any_depth_is_a_write(sql: str, kind: str) -> None:
    assert read_statement(sql).kind == StatementKind(kind)


@pytest.mark.parametrize(
    ("sql", "line", "problem"),
    [
        ("SELECT\n  1 FORM t WHERE", 2, 'syntax error at or near "t"'),
        ("SELECT 'ü€😀',\n  1 FORM t\n\n WHERE", 2, 'syntax error at or near "t"'),
        ("SELECT 'ü€😀ü€😀ü€😀ü€😀ü€😀ü€😀'\nFROM t WHERE = 1", 2, 'syntax error at or near "="'),
        ("SELECT (1", 1, "syntax error at end of input"),
        ("", 1, "there is no statement"),
        ("-- nothing", 1, "there is no statement"),
        ("SELECT 1;\n\n  COMMIT", 3, "there is more than one statement"),
        ("/* c */ DO $$BEGIN END$$", 1, "DO is not a statement that perfkit measures"),
        ("COPY t TO '/tmp/t'", 1, "COPY is not a statement that perfkit measures"),
        ("SET TRANSACTION READ WRITE", 1, "SET is not a statement that perfkit measures"),
        ("EXPLAIN SELECT 1", 1, "EXPLAIN is not a statement that perfkit measures"),
        ("CALL f()", 1, "CALL is not a statement that perfkit measures"),
        ("BEGIN", 1, "BEGIN is not a statement that perfkit measures"),
        ("CREATE TABLE t AS SELECT 1", 1, "CREATE is not a statement that perfkit measures"),
        ("EXECUTE p", 1, "EXECUTE is not a statement that perfkit measures"),
        ("SELECT 1 INTO t", 1, "SELECT INTO creates a table"),
        ("SELECT 1\n, '\0'", 2, "a NUL byte"),
        ("SELECT '\ud800'", 1, "a character that is not Unicode text"),
        (f"SELECT '{'x' * 5_000_000}'", 1, "the statement has 5,000,009 characters; 250,000 at most"),
    ],
)
def test_what_is_no_measurable_statement_is_refused_with_its_line(sql: str, line: int, problem: str) -> None:
    with pytest.raises(SqlError) as caught:
        read_statement(sql)
    assert (caught.value.line, caught.value.message) == (line, problem)


def test_functions_are_found_wherever_they_are_called() -> None:
    sql = """
        WITH a AS (SELECT now() FROM pg_catalog.generate_series(1, 2))
        INSERT INTO t SELECT "Odd".f(lower(x)) FILTER (WHERE g() > 1) FROM a, ROWS FROM (h(1)) ORDER BY i() LIMIT j()
        ON CONFLICT DO NOTHING RETURNING k()
    """
    names = {(None, name) for name in ("now", "lower", "g", "h", "i", "j", "k")}
    assert read_statement(sql).function_calls == names | {("pg_catalog", "generate_series"), ("Odd", "f")}


def test_a_function_called_as_an_attribute_is_among_the_attributes() -> None:
    assert read_statement("SELECT p.audit, (f(1)).b.c, p.* FROM p").attributes == {"audit", "b", "c"}


def test_relations_are_quoted_as_to_regclass_reads_them() -> None:
    sql = (
        'UPDATE "Staff".person SET a = 1 FROM degree, (SELECT 1 FROM "a""b") AS s WHERE EXISTS (TABLE school)'
    )
    assert read_statement(sql).relation_names == {'"Staff".person', "degree", '"a""b"', "school"}


def test_a_table_that_a_common_table_expression_hides_elsewhere_is_still_named() -> None:
    assert (
        "person"
        in read_statement("WITH person AS (SELECT * FROM person) SELECT * FROM person").relation_names
    )


_DEEP = {
    "parentheses": "'SELECT ' + '(' * n + '1' + ')' * n",
    "subqueries": "'SELECT ' + '(SELECT ' * n + '1' + ')' * n",
    "calls": "'SELECT ' + 'f(1,' * n + '1' + ')' * n",
    "sum": "'SELECT 1' + '+1' * n",
    "signs": "'SELECT ' + '- ' * n + '1'",
    "operators": "'SELECT 1' + ' OPERATOR(+) 1' * n",
    "casts": "'SELECT 1' + '::int' * n",
    "union": "'SELECT 1' + ' UNION SELECT 1' * n",
    "union across commas": "'SELECT 1, 2' + ' UNION SELECT 1, 2' * n",
    "joins": "'SELECT 1 FROM a' + ' JOIN a ON a AND a' * n",
    "natural joins": "'SELECT 1 FROM a' + ' NATURAL JOIN a' * n",
    "case": "'SELECT ' + 'CASE WHEN a AND b THEN ' * n + '1' + ' END' * n",
    "not": "'SELECT ' + 'NOT ' * n + 'true'",
    "is null": "'SELECT a' + ' IS NULL' * n",
    "isnull": "'SELECT a' + ' ISNULL' * n",
    "collate": "'SELECT a' + ' COLLATE c' * n",
    "time zone": "'SELECT a' + ' AT TIME ZONE b' * n",
    "at local": "'SELECT a' + ' AT LOCAL' * n",
    "with": "'WITH a AS (' * n + 'SELECT 1' + ') SELECT 1' * n",
    "arrays": "'SELECT ARRAY' + '[' * n + '1' + ']' * n",
    "subscripts": "'SELECT ' + 'a[' * n + '1' + ']' * n",
    "closed groups": "'SELECT ' + '(' * n + '1' + '+1)' * n",
}


@pytest.mark.parametrize("text", _DEEP.values(), ids=_DEEP.keys())
def test_deep_nesting_is_an_error_and_never_ends_the_process(text: str) -> None:
    program = f"""
from perfkit.syntax.depth import check_depth
from perfkit.syntax.lexer import SqlError
from perfkit.syntax.statement import read_statement

def outcome(function, n):
    try:
        function({text})
    except SqlError as error:
        return "nests" in error.message and "refused" or error.message
    return "taken"

print(outcome(read_statement, 20), outcome(check_depth, 100_000))
for n in (300, 900, 1_500, 12_000, 100_000):
    outcome(read_statement, n)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "taken refused\n"), done.stderr


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 FROM t WHERE " + " OR ".join(f"a = {n} AND b->>'x' = '{n}'" for n in range(5_000)),
        "SELECT 1 FROM t WHERE a IN (" + ",".join(f"{n}::int" for n in range(20_000)) + ")",
        "INSERT INTO t VALUES " + ",".join(f"({n}, now() - interval '{n} days', -{n})" for n in range(5_000)),
        "SELECT " + ",".join(f"CAST(a AS int) + {n} - (b * 2)" for n in range(5_000)) + " FROM t",
        "SELECT 1" + "+1" * 300,
        "SELECT 1" + " UNION ALL SELECT 1" * 300,
    ],
    ids=["conditions", "list", "rows", "columns", "sum", "union"],
)
def test_a_long_statement_that_is_not_deep_is_taken(sql: str) -> None:
    check_depth(sql)
    assert read_statement(sql).kind
