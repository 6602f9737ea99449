"""Whatever a query file holds: one clear error with its place, exit 2 or 3, and the database is as it was."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from perfkit.demo.role import DATABASE, ROLE
from perfkit.embedded import PostgresServer
from tests.cli.command import PASSWORD, Perfkit

NAME = b"-- name: hostile\n"
WRITE = "UPDATE alumni.people SET headline = 'mine'"

# What the file holds, the line that the error must name, and words of the error.
REFUSED: dict[str, tuple[bytes, int, str]] = {
    "bad utf-8": (NAME + b"SELECT '\xc3\x28';\n", 2, "byte 0xc3 is not UTF-8"),
    "utf-16": ("-- name: hostile\nSELECT 1;\n".encode("utf-16"), 1, "NUL|not UTF-8"),
    "nul": (NAME + b"SELECT 1\n\0;\n", 3, "a NUL byte"),
    "5 MB": (NAME + b"SELECT '" + b"x" * 5_000_000 + b"';\n", 2, "5,000,009 characters"),
    "17 MB": (NAME + b"SELECT 1;\n" + b"-- remark\n" * 1_700_000, 1, "larger than 16 MB"),
    "deep parentheses": (NAME + b"SELECT " + b"(" * 20_000 + b"1" + b")" * 20_000, 2, "nests"),
    "deep comments": (NAME + b"SELECT 1 " + b"/*" * 20_000, 2, "comment"),
    "long chain": (NAME + b"SELECT 1" + b" + 1" * 50_000, 2, "nests|deep|long"),
    "two statements": (NAME + b"SELECT 1; SELECT 2;\n", 2, "a second statement"),
    "commit and write": (NAME + f"SELECT 1;\nCOMMIT;\n{WRITE};\n".encode(), 3, "a second statement"),
    "write": (NAME + f"{WRITE};\n".encode(), 2, "writes or locks rows and does not say so"),
    "write in a cte": (NAME + f"WITH x AS ({WRITE} RETURNING 1) SELECT 1 FROM x;\n".encode(), 2, "writes"),
    "row locks": (NAME + b"SELECT 1 FROM alumni.people FOR UPDATE;\n", 2, "writes or locks"),
    "select into": (NAME + b"SELECT 1 AS a INTO alumni.mine;\n", 2, "INTO|writes"),
    "write without a reason": (b"-- name: h\n-- allow: write\nDELETE FROM alumni.people;\n", 2, "gives no reason"),
    "do block": (NAME + b"DO $$BEGIN DELETE FROM alumni.people; END$$;\n", 2, "DO|SELECT"),
    "copy to program": (NAME + b"COPY alumni.people TO PROGRAM 'touch /tmp/perfkit-was-here';\n", 2, "COPY|SELECT"),
    "set": (NAME + b"SET TRANSACTION READ WRITE;\n", 2, "SET|SELECT"),
    "explain": (NAME + f"EXPLAIN ANALYZE {WRITE};\n".encode(), 2, "EXPLAIN|SELECT"),
    "drop": (NAME + b"DROP TABLE alumni.people;\n", 2, "DROP|SELECT"),
    "no statement": (NAME + b"-- nothing\n", 1, "has no statement"),
    "only a semicolon": (NAME + b";\n", 1, "has no statement"),
    "syntax": (NAME + b"SELECT\n  FROM WHERE;\n", 3, "syntax error"),
    "string without end": (NAME + b"SELECT 1,\n  'abc;\n", 3, "quote|string"),
    "dollar quote without end": (NAME + b"SELECT $a$ ; COMMIT; $b$;\n", 2, "string that begins here never ends"),
    "comment without end": (NAME + b"SELECT 1 /* ; */ /* abc\n", 2, "comment"),
    "unknown key": (b"-- name: h\n-- wieght: 3\nSELECT 1;\n", 2, "unknown key 'wieght'"),
    "negative weight": (b"-- name: h\n-- weight: -3\nSELECT 1;\n", 2, "weight"),
    "weight of nan": (b"-- name: h\n-- weight: nan\nSELECT 1;\n", 2, "weight"),
    "budget without unit": (b"-- name: h\n-- budget: soon\nSELECT 1;\n", 2, "budget"),
    "no such spelling of a type": (
        b"-- name: h\n-- param: a int); DROP TABLE x; --\n-- case: b  a=1\nSELECT :a;\n", 2, "not the name of a PostgreSQL type"
    ),
    "undeclared parameter": (NAME + b"SELECT\n  :year;\n", 3, "parameter :year is not declared"),
    "value that is missing": (b"-- name: h\n-- param: a int\n-- case: b\nSELECT :a;\n", 3, "gives no value for 'a'"),
    "quote that never ends": (b"-- name: h\n-- param: a int\n-- case: b  a='1\nSELECT :a;\n", 3, "never ends"),
    "path for a name": (b"-- name: ../../etc/passwd\nSELECT 1;\n", 1, "cannot name a query"),
    "same name twice": (b"-- name: h\nSELECT 1;\n-- name: h\nSELECT 2;\n", 3, "is also in"),
    "draw that writes": (
        b"-- name: h\n-- param: a int\n-- cases: draw 2 DELETE FROM alumni.people RETURNING 1 AS a\nSELECT :a;\n", 3, "a draw must only read"
    ),
    "draw of two statements": (
        b"-- name: h\n-- param: a int\n-- cases: draw 2 SELECT 1 AS a; COMMIT\nSELECT :a;\n", 3, "statement"
    ),
    "draw without number": (b"-- name: h\n-- param: a int\n-- cases: draw SELECT 1 AS a\nSELECT :a;\n", 3, "draw"),
    "no query": (b"SELECT 1;\n", 1, "before the first `-- name:`"),
}  # fmt: skip

# What the server or the guard says: the case is an error or refused, exit 3, and the other cases are measured.
FAILING: dict[str, tuple[str, str]] = {
    "wrong type": ("-- param: a int\n-- case: b  a=abc\nSELECT :a;", "invalid input syntax for type integer"),
    "injection": ("-- param: a int\n-- case: b  a='1); DROP TABLE x; --'\nSELECT :a;", "invalid input syntax"),
    "out of range": ("-- param: a date\n-- case: b  a=2026-02-30\nSELECT :a;", "out of range"),
    "nul in a value": ("-- param: a text\n-- case: b  a='\\0'\nSELECT length(:a) / 0;", "division by zero"),
    "unknown type": ("-- param: a no_such_type\n-- case: b  a=1\nSELECT :a;", "knows no type no_such_type"),
    "unknown table": ("SELECT * FROM nowhere;", 'relation "nowhere" does not exist'),
    "sequence": ("SELECT nextval('alumni.people_person_id_seq');", "volatile function pg_catalog.nextval"),
    "advisory lock": ("SELECT pg_advisory_lock(1);", "volatile function pg_catalog.pg_advisory_lock"),
    "setting": ("SELECT set_config('transaction_read_only', 'off', false);", "volatile function pg_catalog.set_config"),
    "other backends": ("SELECT pg_terminate_backend(pid) FROM pg_stat_activity;", "volatile function"),
    "draw that fails": ("-- param: a int\n-- cases: draw 2 SELECT 1 / 0 AS a\nSELECT :a;", "division by zero"),
    "draw that calls": (
        "-- param: a int\n-- cases: draw 2 SELECT nextval('alumni.people_person_id_seq') AS a\nSELECT :a;",
        "volatile function pg_catalog.nextval",
    ),
    "draw of nothing": ("-- param: a int\n-- cases: draw 2 SELECT 1 AS a WHERE false\nSELECT :a;", "found no row"),
    "draw of other columns": ("-- param: a int\n-- cases: draw 2 SELECT 1 AS b\nSELECT :a;", "columns are b"),
    "draw without end": (
        "-- param: a bigint\n-- cases: draw 2 SELECT n AS a FROM generate_series(1, 1000000000000) AS n\nSELECT :a;",
        "timeout",
    ),
    "fails when it runs": ("SELECT 1 / (person_id - person_id) FROM alumni.people;", "division by zero"),
}  # fmt: skip

# Odd, and right: they must run.
HARMLESS = {
    "semicolon in a string": "SELECT '; COMMIT; DROP TABLE alumni.people; --';",
    "dollar quotes": "SELECT $a$ ; $b$ COMMIT $b$ :name $a$;",
    "nested comments": "SELECT /* ; /* COMMIT; */ :name -- \n */ 1;",
    "percent signs": "SELECT '100%' LIKE '%s%%' AND 'a' LIKE '%(name)s';",
    "casts and slices": "SELECT ('{1,2,3}'::int[])[1:2], '12:30'::time;",
    "escapes": r"SELECT E'it\'s; \\', U&'d\0061t\+000061';",
    "identifier with a quote": 'SELECT 1 AS "a""; COMMIT; --";',
    "crlf": "SELECT 1,\r\n  2;\r\n",
    "byte order mark": "\ufeff",
}


@pytest.fixture(scope="module")
def dump(alumni_server: PostgresServer) -> Iterator[Callable[[], str]]:
    """Yield what dumps the database, data and sequences; it must end as it began."""

    def dumped() -> str:
        command = [str(alumni_server.binaries / "pg_dump"), "--dbname", alumni_server.dsn_for(DATABASE)]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        # Recent versions guard their dumps with a random key.
        return "\n".join(line for line in text.splitlines() if "restrict " not in line)

    before = dumped()
    yield dumped
    assert dumped() == before


@pytest.fixture
def hostile(perfkit: Perfkit, alumni_server: PostgresServer, dump: Callable[[], str]) -> Perfkit:
    """Return a project without a catalog, on the database that is dumped before and after this module's tests."""
    del dump
    (perfkit.directory / "queries").mkdir()
    dsn = alumni_server.dsn_for(DATABASE, ROLE, PASSWORD)
    (perfkit.directory / "perfkit.toml").write_text(f'dsn = "{dsn}"\nsamples = 1\ntimeout = "700ms"\n')
    return perfkit


def _catalog(project: Perfkit) -> Path:
    return project.directory / "queries"


def test_every_hostile_file_is_named_with_its_line(hostile: Perfkit) -> None:
    for number, (content, _, _) in enumerate(REFUSED.values()):
        (_catalog(hostile) / f"f{number:02}.sql").write_bytes(content)
    result = hostile("catalog", "check", "--format", "json")
    assert result.returncode == 2
    problems = json.loads(result.stdout)["problems"]
    wrong = []
    for number, (name, (_, line, words)) in enumerate(REFUSED.items()):
        found = [problem for problem in problems if problem["file"] == f"queries/f{number:02}.sql"]
        if not any(p["line"] == line and any(w in p["problem"] for w in words.split("|")) for p in found):
            wrong.append((name, [(p["line"], p["problem"][:100]) for p in found]))
    assert wrong == []


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("analyze", "bad utf-8"),
        ("analyze", "5 MB"),
        ("analyze", "deep parentheses"),
        ("analyze", "draw that writes"),
        ("baseline", "write"),
        ("regress", "commit and write"),
    ],
)
def test_nothing_runs_with_a_hostile_file(hostile: Perfkit, command: str, name: str) -> None:
    content, line, words = REFUSED[name]
    (_catalog(hostile) / "good.sql").write_text("-- name: good\nSELECT 1;\n")
    if command == "regress":
        assert hostile("baseline").returncode == 0
    (_catalog(hostile) / "hostile.sql").write_bytes(content)
    result = hostile(command, "--allow-writes")
    assert result.returncode == 2
    assert result.stdout == ""
    first, *rest = result.stderr.splitlines()
    assert first.startswith(f"perfkit: queries/hostile.sql:{line}: ")
    assert any(word in first for word in words.split("|"))
    assert len(first) < 300
    assert len(rest) <= 1


def test_what_the_server_or_the_guard_refuses_costs_only_its_case(hostile: Perfkit) -> None:
    (_catalog(hostile) / "good.sql").write_text("-- name: good\nSELECT 1;\n")
    text = "\n".join(f"-- name: q{number}\n{body}\n" for number, (body, _) in enumerate(FAILING.values()))
    (_catalog(hostile) / "hostile.sql").write_text(text)
    result = hostile("analyze", "--format", "json")
    assert result.returncode == 3
    cases = json.loads(result.stdout)["cases"]
    problems = {case["case"].split("/")[0]: case["problem"] for case in cases}
    assert problems.pop("good") is None
    wrong = [
        (name, problems[f"q{number}"])
        for number, (name, (_, words)) in enumerate(FAILING.items())
        if words not in (problems[f"q{number}"] or {}).get("message", "")
    ]
    assert wrong == []


def test_what_only_looks_hostile_runs(hostile: Perfkit) -> None:
    for number, body in enumerate(HARMLESS.values()):
        text = (
            f"-- name: q{number}\n{body}\n" if body != "\ufeff" else f"\ufeff-- name: q{number}\nSELECT 1;\n"
        )
        (_catalog(hostile) / f"f{number}.sql").write_bytes(text.encode())
    result = hostile("analyze", "--format", "json")
    assert result.returncode == 0, result.stdout[:2_000] + result.stderr
    assert len(json.loads(result.stdout)["cases"]) == len(HARMLESS)


def test_no_lock_and_no_file_is_left(hostile: Perfkit, alumni_server: PostgresServer) -> None:
    del hostile
    with psycopg.connect(alumni_server.dsn_for(DATABASE)) as connection:
        query = "SELECT (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'), (SELECT count(*) FROM pg_prepared_xacts)"
        assert connection.execute(query).fetchone() == (0, 0)
    assert not Path("/tmp/perfkit-was-here").exists()


def test_the_dump_would_show_a_change(
    hostile: Perfkit, dump: Callable[[], str], alumni_server: PostgresServer
) -> None:
    before = dump()
    (_catalog(hostile) / "one.sql").write_text("-- name: one\nSELECT 1;\n")
    assert hostile("analyze").returncode == 0
    assert dump() == before
    with psycopg.connect(alumni_server.dsn_for(DATABASE), autocommit=True) as connection:
        connection.execute("CREATE TABLE alumni.mark ()")
        assert dump() != before
        connection.execute("DROP TABLE alumni.mark")


def test_a_catalog_of_odd_files_is_read_or_refused(hostile: Perfkit) -> None:
    (_catalog(hostile) / "one.sql").write_text("-- name: one\nSELECT 1;\n")
    (_catalog(hostile) / "a loop").symlink_to(_catalog(hostile))
    (_catalog(hostile) / ".hidden.sql").write_bytes(b"\0")
    assert hostile("catalog", "check").returncode == 0
    (_catalog(hostile) / "gone.sql").symlink_to("nowhere")
    result = hostile("catalog", "check")
    assert result.returncode == 2
    assert "queries/gone.sql:1: this is not a file" in result.stdout
