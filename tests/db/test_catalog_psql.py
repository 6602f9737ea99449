"""A catalog file runs in psql unchanged, and gives what its translation to `$n` gives."""

import subprocess
from pathlib import Path

import psycopg
import pytest

from perfkit.catalog.load import load_catalog
from perfkit.embedded import PostgresServer

HEADER = '-- name: q\n-- param: n int\n-- param: t text\n-- case: a n=2 t="it\'s :n"\n'

STATEMENTS = [
    "SELECT :n::int + :n, :'t'::text",
    "SELECT (ARRAY[1, 2, 3])[1:2], (ARRAY[1, 2, 3])[:n], (ARRAY[1, 2, 3])[1 : :n], :'t'::text",
    "SELECT ':n', ':''n', E'\\':n', U&'\\0041:n', $$:n$$, $x$ :n $$ $x$, 1 AS \":n\", :n::int, :'t'::text",
    "SELECT 1 -- it's :n\n, /* ' :n /* :t */ ' */ :n::int, '\\', :'t'::text",
    "SELECT ('{\"a\": 1}'::jsonb ?| ARRAY['a']), 5 % :n::int, :n::int-:n::int, 2*:n::int, @ :n::int, :'t'::text || 'x'",
    'SELECT f."x:n" FROM (SELECT :n::int AS "x:n", :\'t\'::text) AS f',
]


def _shown(value: object) -> str:
    """Return a value as psql shows it."""
    if isinstance(value, list):
        return "{" + ",".join(map(str, value)) + "}"
    return str(value)[0].lower() if isinstance(value, bool) else str(value)


@pytest.mark.both_servers
@pytest.mark.parametrize("statement", STATEMENTS)
def test_psql_and_the_translation_give_the_same(
    server: PostgresServer, database: str, tmp_path: Path, statement: str
) -> None:
    file = tmp_path / "q.sql"
    file.write_text(f"{HEADER}{statement};\n")
    (query,) = load_catalog(tmp_path).queries
    psql: list[str | Path] = [
        server.binaries / "psql",
        "-X",
        "-A",
        "-t",
        "-v",
        "ON_ERROR_STOP=1",
        "-d",
        database,
    ]
    given = [part for name, value in query.cases[0].values.items() for part in ("-v", f"{name}={value}")]
    done = subprocess.run([*psql, *given, "-f", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with psycopg.connect(database) as connection, psycopg.RawCursor(connection) as cursor:
        types = ", ".join(param.type for param in query.params)
        cursor.execute(f"PREPARE q({types}) AS {query.statement}".encode())
        row = cursor.execute("EXECUTE q(2, 'it''s :n')").fetchone()
        assert row is not None
    assert done.stdout == "|".join(map(_shown, row)) + "\n"
