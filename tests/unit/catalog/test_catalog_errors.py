"""Whatever is wrong in a query file is named with file, line and what to do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from perfkit.catalog.load import check_catalog, load_catalog
from perfkit.errors import CatalogError, UsageError

OK = "-- name: q\nSELECT 1"


def _problems(tmp_path: Path, content: str | bytes) -> list[str]:
    """Return "line: message | hint" of each problem of a catalog with this one file."""
    path = tmp_path / "a.sql"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    _, problems = check_catalog(tmp_path)
    assert all(problem.path == path for problem in problems)
    return [f"{problem.line}: {problem.problem} | {problem.hint}".removesuffix(" | ") for problem in problems]


_NAME_HINT = "use up to 100 letters, digits, '_', '-' and '.', with no '-' or '.' in front"
_WEIGHT_HINT = "write calls per minute; a remark stands after two spaces"
_WRITE_HINT = "write `-- allow: write  why` in its header; perfkit rolls it back"
_KINDS_HINT = "a query is one SELECT, VALUES, TABLE, INSERT, UPDATE, DELETE or MERGE"
_REMARK_HINT = "a remark stands after two spaces"
_UNITS_HINT = f"write a number and one of us, ms, s, min, h; {_REMARK_HINT}"

_ONE_PROBLEM = {
    "empty file": ("", "1: there is no query here | `-- name: …` begins one"),
    "prose alone": ("-- nothing yet\n", "1: there is no query here | `-- name: …` begins one"),
    "SQL before a name": ("\nSELECT 1, 2;\nSELECT 3;\n" + OK, "2: SQL before the first `-- name:`"),
    "key before a name": ("-- weight: 4\n" + OK, "1: 'weight' stands before the first `-- name:`"),
    "no statement": ("-- name: a\n\n-- name: b\nSELECT 1", "1: query 'a' has no statement"),
    "no statement at the end": ("-- name: a\n;\n", "1: query 'a' has no statement"),
    "two statements": (
        "-- name: a\nSELECT 1;\n\nSELECT 2; SELECT 3",
        "4: a second statement; a query is one statement | give it a `-- name:` of its own",
    ),
    "key below the SQL": (
        "-- name: a\nSELECT 1\n-- weight: 4\n",
        "3: 'weight' stands below the statement's beginning | move it above the SQL",
    ),
    "typing error": (
        "-- name: a\n-- wieght: 40\nSELECT 1",
        "2: unknown key 'wieght' | did you mean 'weight'?",
    ),
    "prose with a colon": (
        "-- name: a\n-- Zzz: this is slow\nSELECT 1",
        "2: unknown key 'Zzz' | a remark in the header has no colon after its first word",
    ),
    "no name": ("-- name:\nSELECT 1", "1: 'name' says nothing"),
    "path as a name": ("-- name: a/b\nSELECT 1", f"1: 'a/b' cannot name a query | {_NAME_HINT}"),
    "hidden file as a name": ("-- name: .a\nSELECT 1", f"1: '.a' cannot name a query | {_NAME_HINT}"),
    "two words as a name": ("-- name: a b\nSELECT 1", f"1: 'a b' cannot name a query | {_NAME_HINT}"),
    "second weight": (
        "-- name: a\n-- weight: 1\n-- weight: 2\nSELECT 1",
        "3: a second 'weight' for one query",
    ),
    "weight of nothing": (
        "-- name: a\n-- weight: 0\nSELECT 1",
        f"2: weight '0' is not a number above 0 | {_WEIGHT_HINT}",
    ),
    "weight in words": (
        "-- name: a\n-- weight: 40 calls\nSELECT 1",
        f"2: weight '40 calls' is not a number above 0 | {_WEIGHT_HINT}",
    ),
    "infinite weight": (
        "-- name: a\n-- weight: inf\nSELECT 1",
        f"2: weight 'inf' is not a number above 0 | {_WEIGHT_HINT}",
    ),
    "budget without sense": (
        "-- name: a\n-- budget: 50 parsecs\nSELECT 1",
        f"2: budget '50 parsecs' is not a duration | {_UNITS_HINT}",
    ),
    "budget of nothing": ("-- name: a\n-- budget: 0ms\nSELECT 1", "2: budget '0ms' is not above 0"),
    "param without a type": (
        "-- name: a\n-- param: year\nSELECT 1",
        "2: param 'year' is not a name and a type | write, for example, `-- param: year int`",
    ),
    "type with SQL in it": (
        "-- name: a\n-- param: y int); DROP TABLE t; --\n-- case: a y=1\nSELECT :y",
        f"2: 'int); DROP TABLE t; --' is not the name of a PostgreSQL type | {_REMARK_HINT}",
    ),
    "type of two words": (
        "-- name: a\n-- param: y whole number\n-- case: a y=1\nSELECT :y",
        "2: 'whole number' is not the name of a PostgreSQL type",
    ),
    "second param": (
        "-- name: a\n-- param: y int\n-- param: y text\n-- case: a y=1\nSELECT :y",
        "3: a second parameter 'y'",
    ),
    "undeclared": (
        "-- name: a\n-- budget: 1s\nSELECT 1,\n :yaer, :yaer",
        "4: parameter :yaer is not declared | declare it: `-- param: yaer <type>`",
    ),
    "a number for a parameter": (
        "-- name: a\n-- param: y int\n-- case: b y=1\nSELECT :y,\n $1",
        "5: $1 is no parameter of a query file | name it in the SQL, `:name`, and declare it: `-- param: name <type>`",
    ),
    "unused": (
        "-- name: a\n-- param: y int\n-- case: a y=1\nSELECT ':y' -- :y",
        "2: parameter 'y' is not used",
    ),
    "no case": (
        "-- name: a\n-- param: y int\nSELECT :y",
        "1: query 'a' has parameters and no case | write `-- case: typical  y=…` or `-- cases: draw 20 SELECT …`",
    ),
    "case without a value": (
        "-- name: a\n-- param: y int\n-- case: b\nSELECT :y",
        "3: case 'b' gives no value for 'y'",
    ),
    "case with a value too many": (
        "-- name: a\n-- case: b y=1\nSELECT 1",
        "2: case 'b' gives 'y', which is no parameter",
    ),
    "value twice": (
        "-- name: a\n-- param: y int\n-- case: b y=1 y=2\nSELECT :y",
        "3: case 'b' gives 'y' twice",
    ),
    "word in a case": (
        "-- name: a\n-- param: y text\n-- case: b y=New York\nSELECT :y",
        "3: case 'b': 'York' is not key=value | quote as in a shell: name=\"O'Brien\"",
    ),
    "open quote": (
        "-- name: a\n-- param: y text\n-- case: b y=O'Brien\nSELECT :y",
        "3: case 'b': the quote in \"O'Brien\" never ends | quote as in a shell: name=\"O'Brien\"",
    ),
    "second case": (
        "-- name: a\n-- param: y int\n-- case: b y=1\n-- case: b y=2\nSELECT :y",
        "4: a second case 'b'",
    ),
    "drawn case's name": (
        "-- name: a\n-- case: draw-1\nSELECT 1",
        "2: case 'draw-1': names with 'draw-' in front are those of drawn cases",
    ),
    "other cases": ("-- name: a\n-- cases: guess 5\nSELECT 1", "2: cases are not `draw N SELECT …`"),
    "draw of none": (
        "-- name: a\n-- param: y int\n-- cases: draw 0 SELECT 1 AS y\nSELECT :y",
        "3: draw '0' is not a number from 1 to 1,000",
    ),
    "draw of too many": (
        "-- name: a\n-- param: y int\n-- cases: draw 99999999999999999999 SELECT 1 AS y\nSELECT :y",
        "3: draw '99999999999999999999' is not a number from 1 to 1,000",
    ),
    "draw without parameters": (
        "-- name: a\n-- cases: draw 5 SELECT 1\nSELECT 1",
        "2: cases are drawn, but there are no parameters",
    ),
    "draw with a parameter": (
        "-- name: a\n-- param: y int\n-- cases: draw 5 SELECT 1 AS y\n--    WHERE 1 = :y\nSELECT :y",
        "4: a draw has no parameters, but this refers to :y",
    ),
    "draw that writes": (
        "-- name: a\n-- param: y int\n-- cases: draw 5 DELETE FROM t RETURNING y\nSELECT :y",
        "3: a draw must only read",
    ),
    "draw that does not parse": (
        "-- name: a\n-- param: y int\n-- cases: draw 5 SELECT y\n\n--    FROM t\n--    WHERE\nSELECT :y",
        "6: syntax error at end of input",
    ),
    "allow without a reason": (
        "-- name: a\n-- allow: seq-scan\nSELECT 1",
        "2: allow 'seq-scan' gives no reason | write `-- allow: seq-scan  why it is right here`",
    ),
    "allow of no rule": (
        "-- name: a\n-- allow: Seq_Scan small\nSELECT 1",
        "2: allow 'Seq_Scan' is not a rule's id, write or volatile",
    ),
    "second allow": (
        "-- name: a\n-- allow: write one\n-- allow: write two\nDELETE FROM t",
        "3: a second allow 'write'",
    ),
    "unannounced write": (
        "-- name: a\n\nWITH x AS (DELETE FROM t) SELECT 1",
        f"3: query 'a' writes or locks rows and does not say so | {_WRITE_HINT}",
    ),
    "syntax error": (
        "-- name: a\n-- param: b int\n-- case: c b=1\n/* ü */\nSELECT :b,\n  'ü' :b\n",
        '6: syntax error at or near "$1"',
    ),
    "utility statement": (
        "-- name: a\nDO $$ BEGIN END $$",
        f"2: DO is not a statement that perfkit measures | {_KINDS_HINT}",
    ),
    "psql command": ("-- name: a\nSELECT 1 \\gset", '2: syntax error at or near "\\"'),
    "open string": ("-- name: a\nSELECT\n 'it''s\n\n;", "3: the string that begins here never ends"),
    "open comment": ("-- name: a\n/* /* */\nSELECT 1", "2: the comment that begins here never ends"),
    "open dollar quote": ("-- name: a\nSELECT $x$ $$", "2: the $x$ string that begins here never ends"),
    "NUL byte": (b"-- name: a\nSELECT '\0'", "2: a NUL byte"),
    "Latin-1": (b"-- name: a\n\nSELECT '\xe9t\xe9'", "3: byte 0xe9 is not UTF-8 | save as UTF-8"),
    "UTF-16": ("-- name: a".encode("utf-16"), "1: a NUL byte"),
    "5 MB query": (
        f"-- name: a\nSELECT '{'x' * 5_000_000}'",
        "2: the statement has 5,000,009 characters; perfkit takes 250,000 at most",
    ),
    "17 MB file": (
        b"-" * (17 * 1024**2),
        "1: this file is larger than 16 MB | a query file holds queries",
    ),
    "100,000 parentheses": (
        f"-- name: a\nSELECT\n {'(' * 100_000}1{')' * 100_000}",
        "3: the statement nests more than 1,000 levels deep | operators, joins and UNIONs in a row count too",
    ),
}


@pytest.mark.parametrize(("content", "problem"), _ONE_PROBLEM.values(), ids=_ONE_PROBLEM.keys())
def test_a_problem_is_named_with_its_line(tmp_path: Path, content: str | bytes, problem: str) -> None:
    assert _problems(tmp_path, content) == [problem]


def test_a_windows_file_has_the_same_lines(tmp_path: Path) -> None:
    content = "\ufeff-- name: a\n-- param: y int\n-- case: b y=1\nSELECT :y\n  FORM t x\n".replace(
        "\n", "\r\n"
    )
    assert _problems(tmp_path, content) == ['5: syntax error at or near "t"']


def test_all_problems_are_listed_by_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "b.sql").write_text(
        "-- name: x\n-- weight: no\n-- budget: no\nSELECT 1;\n-- name: y\nSELECT 1 1"
    )
    (tmp_path / "sub/c.sql").write_text("-- name: right\nSELECT 1;\n-- name: z\nSELECT :a, :b")
    (tmp_path / "a.sql").write_bytes(b"\xff")
    catalog, problems = check_catalog(tmp_path)
    places = [(str(problem.path.relative_to(tmp_path)), problem.line) for problem in problems]
    assert places == [
        ("a.sql", 1),
        ("b.sql", 2),
        ("b.sql", 3),
        ("b.sql", 6),
        ("sub/c.sql", 4),
        ("sub/c.sql", 4),
    ]
    assert [query.name for query in catalog.queries] == ["right"]
    with pytest.raises(CatalogError, match=r"a\.sql:1: byte 0xff is not UTF-8") as caught:
        load_catalog(tmp_path)
    assert caught.value.hint == "save as UTF-8; 5 more problems: `perfkit catalog check` lists all"


def test_a_name_in_two_places_is_refused_with_both(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("-- name: one\nSELECT 1;\n-- name: One\nSELECT 1;")
    (tmp_path / "b.sql").write_text("\n-- name: one\nSELECT 2;")
    _, problems = check_catalog(tmp_path)
    assert [str(problem) for problem in problems] == [
        f"{tmp_path}/a.sql:3: query 'One' differs only in case from 'one' in {tmp_path}/a.sql:1",
        f"{tmp_path}/b.sql:2: query 'one' is also in {tmp_path}/a.sql:1",
    ]


@pytest.mark.parametrize(
    ("name", "problem"),
    [("missing", "does not exist"), ("file", "is not a directory"), ("empty", "has no .sql files")],
)
def test_a_catalog_that_is_not_there_is_a_usage_error(tmp_path: Path, name: str, problem: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=f"the catalog .*{name} {problem}") as caught:
        check_catalog(tmp_path / name)
    assert caught.value.exit_code == 2


def test_links_in_a_circle_pipes_and_dangling_links_do_not_hang(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text(OK)
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "self.sql").symlink_to(tmp_path / "self.sql")
    (tmp_path / ".#a.sql").symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder.sql").mkdir()
    os.mkfifo(tmp_path / "pipe.sql")
    program = """if True:
        import sys
        from pathlib import Path
        from perfkit.catalog.load import check_catalog
        catalog, problems = check_catalog(Path(sys.argv[1]))
        sys.stdout.write(" ".join([catalog.queries[0].name, *(f"{p.path.name}: {p.problem};" for p in problems)]))
    """
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "q pipe.sql: this is not a file; self.sql: this is not a file;"
