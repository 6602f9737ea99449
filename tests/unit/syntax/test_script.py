"""A script is split into statements where psql splits it."""

import postgast
import pytest

from perfkit.syntax.lexer import SqlError
from perfkit.syntax.script import split_script

_BODY = "CREATE OR REPLACE FUNCTION f(n int) RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE n WHEN 1 THEN 2 END; END"
_STATEMENTS = [
    "CREATE TABLE a (id int, note text DEFAULT 'x;y')",
    "CREATE INDEX CONCURRENTLY ON a (id) -- why; not\n",
    "DO $$ BEGIN PERFORM 1; PERFORM 2; END $$",
    "CREATE FUNCTION g() RETURNS int LANGUAGE sql AS $body$ SELECT 1; SELECT 2; $body$",
    _BODY,
    "CREATE PROCEDURE p() BEGIN ATOMIC SELECT 1; SELECT 2; END",
    "CREATE RULE r AS ON INSERT TO a DO ALSO (SELECT 1; SELECT 2)",
    'SELECT 1 AS "a;b" /* ; /* ; */ ; */',
    "BEGIN",
    "UPDATE a SET note = E'it\\'s;' WHERE id = 1",
    "COMMIT",
]


def test_a_script_is_split_as_postgresql_splits_it() -> None:
    script = ";\n".join(_STATEMENTS)
    assert [statement.text for statement in split_script(script)] == [
        text.split("-- why")[0].split("/*")[0].rstrip() for text in _STATEMENTS
    ]
    assert len(_STATEMENTS) == len(postgast.split(script))


def test_lines_are_those_where_the_statements_begin() -> None:
    script = "-- comment\n\nSELECT 1;;\n/* two\nlines */ SELECT\n2;\n  SELECT 3"
    assert [(statement.line, statement.text) for statement in split_script(script)] == [
        (3, "SELECT 1"),
        (5, "SELECT\n2"),
        (7, "SELECT 3"),
    ]


@pytest.mark.parametrize("script", ["", " \n", ";;", "-- nothing\n", "/* ; */"])
def test_a_script_without_statements_gives_none(script: str) -> None:
    assert list(split_script(script)) == []


@pytest.mark.parametrize(
    ("script", "line"),
    [("SELECT 1;\n\\i other.sql", 2), ("SELECT 1 \\gx\n", 1), ("\n\n\\copy a from b", 3)],
)
def test_a_psql_meta_command_is_named_with_its_line(script: str, line: int) -> None:
    with pytest.raises(SqlError, match="meta-command") as caught:
        list(split_script(script))
    assert caught.value.line == line


def test_a_backslash_in_quotes_is_no_meta_command() -> None:
    script = "SELECT '\n\\d', $$\n\\q\n$$;\n--\\d\nSELECT 2"
    assert len(list(split_script(script))) == 2


def test_what_comes_after_a_statement_is_not_looked_at_before_it_is_asked_for() -> None:
    statements = split_script("COPY a FROM STDIN;\nit's data")
    assert next(statements).words == ("copy", "a", "from", "stdin")
    with pytest.raises(SqlError, match="never ends"):
        next(statements)
