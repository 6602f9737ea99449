"""A right query file becomes queries and cases with what its header says."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.catalog.assignment import read_assignments
from perfkit.catalog.load import check_catalog, load_catalog
from perfkit.catalog.model import Draw, Param, Query

FULL = """\
-- Queries of the directory. Prose here may say: anything.

-- name: directory_by_class
-- summary: Directory page of one graduating class,
--          newest members first
-- A remark in the header.
-- weight: 40              calls per minute; the advisor's
--                         and the load's weight
-- budget: 50ms            p95; default is the target
-- param: year int         the class
-- param: kinds alumni.gift_type[]
-- param: since timestamp(3) with time zone
-- case: typical  year=1998 kinds={a,b} since='2020-01-01 10:00'
-- case: nothing  since=NULL kinds="NULL"
--                year=''
-- cases: draw 20 SELECT grad_year AS year, '{}' AS kinds, -- not :this
--          now() AS since FROM degree;
-- allow: seq-scan  small
--                  lookup table
/* a block comment */
SELECT *, ';' -- :no
FROM person
WHERE grad_year = :year AND since > :'since'::timestamptz AND kind = ANY(:kinds) AND :year > 0
ORDER BY 1
; -- that was it
"""


def _load(tmp_path: Path, *contents: str) -> tuple[Query, ...]:
    for number, content in enumerate(contents):
        (tmp_path / f"{number}.sql").write_text(content, encoding="utf-8")
    return load_catalog(tmp_path).queries


def test_a_header_says_all_of_a_query(tmp_path: Path) -> None:
    (query,) = _load(tmp_path, FULL)
    assert (query.name, query.weight, query.budget_ms) == ("directory_by_class", 40.0, 50.0)
    assert query.summary == "Directory page of one graduating class, newest members first"
    assert (query.path, query.line, query.sql_line) == (tmp_path / "0.sql", 3, 21)
    assert query.params == (
        Param(name="year", type="int"),
        Param(name="kinds", type="alumni.gift_type[]"),
        Param(name="since", type="timestamp(3) with time zone"),
    )
    assert [(case.id, dict(case.values), case.line) for case in query.cases] == [
        ("directory_by_class/typical", {"year": "1998", "kinds": "{a,b}", "since": "2020-01-01 10:00"}, 13),
        ("directory_by_class/nothing", {"year": "", "kinds": "NULL", "since": None}, 14),
    ]
    drawn = "SELECT grad_year AS year, '{}' AS kinds, -- not :this\nnow() AS since FROM degree"
    assert query.draws == (Draw(count=20, sql=drawn, line=16),)
    assert query.allowed == {"seq-scan": "small lookup table"}


def test_a_statement_is_kept_as_written_and_translated(tmp_path: Path) -> None:
    (query,) = _load(tmp_path, FULL)
    assert query.sql == FULL[FULL.index("SELECT *, ';'") : FULL.index("\n; -- that")]
    assert query.statement == (
        "SELECT *, ';' -- :no\nFROM person\n"
        "WHERE grad_year = $1 AND since > $3::timestamptz AND kind = ANY($2) AND $1 > 0\nORDER BY 1"
    )


def test_a_query_without_parameters_has_the_case_default(tmp_path: Path) -> None:
    (query,) = _load(tmp_path, "-- name: q\nSELECT 1")
    assert [(case.name, case.values) for case in query.cases] == [("default", {})]
    assert (query.weight, query.budget_ms, query.summary) == (1.0, None, "")


def test_a_file_holds_many_queries_and_a_catalog_many_files(tmp_path: Path) -> None:
    queries = _load(
        tmp_path,
        "-- name: c\nSELECT 1\n\n-- name: a\nSELECT '-- name: no', $$\n-- name: no\n$$;\n/*\n-- name: no\n*/",
        "--name:b\nVALUES (1);;",
    )
    assert [query.name for query in queries] == ["a", "b", "c"]


def test_a_byte_order_mark_and_windows_newlines_change_nothing(tmp_path: Path) -> None:
    plain = _load(tmp_path, FULL)
    (tmp_path / "0.sql").write_bytes(b"\xef\xbb\xbf" + FULL.replace("\n", "\r\n").encode())
    assert load_catalog(tmp_path).queries == plain


def test_an_allowed_write_is_taken(tmp_path: Path) -> None:
    (query,) = _load(tmp_path, "-- name: q\n-- allow: write  the office does it all day\nDELETE FROM t")
    assert query.allowed["write"] == "the office does it all day"


@pytest.mark.parametrize(
    "type_name",
    ["int", "text[]", "numeric(10,2)", "double precision", "timestamp with time zone", "time(3) without time zone", "bit varying(5)",
     "character varying", "alumni.gift_type", '"Odd Schema"."Odd Type"', "int[][]", "int[3]", "interval day to second", "ltree", "date"],
)  # fmt: skip
def test_any_type_name_of_postgresql_is_taken(tmp_path: Path, type_name: str) -> None:
    (query,) = _load(tmp_path, f"-- name: q\n-- param: x {type_name}\n-- case: a x=1\nSELECT :x")
    assert query.params == (Param(name="x", type=type_name),)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", []),
        ("  a=1   b=2 ", [("a", "1"), ("b", "2")]),
        ("a= b=''", [("a", ""), ("b", "")]),
        ("a=NULL b=null c='NULL' d=\"NULL\" e=N'ULL' f=NULLS", [("a", None), ("b", None), ("c", "NULL"), ("d", "NULL"), ("e", "NULL"), ("f", "NULLS")]),
        ("a=x=y&z", [("a", "x=y&z")]),
        ('a="O\'Brien" b=O\\\'Brien', [("a", "O'Brien"), ("b", "O'Brien")]),
        (r'''a='{"k": "v\n"}' b="say \"hi\" \\ \n"''', [("a", r'{"k": "v\n"}'), ("b", r'say "hi" \ \n')]),
        ("a={1,2} b=[1] c=ü d=%", [("a", "{1,2}"), ("b", "[1]"), ("c", "ü"), ("d", "%")]),
    ],
)  # fmt: skip
def test_values_are_quoted_as_in_a_shell(text: str, values: list[tuple[str, str | None]]) -> None:
    assert list(read_assignments(text)) == values


@given(st.dictionaries(st.from_regex(r"[a-z_]\w{0,5}", fullmatch=True), st.text() | st.none(), max_size=5))
def test_any_values_survive_being_quoted(values: dict[str, str | None]) -> None:
    quoted = {
        key: "NULL" if value is None else "'" + value.replace("'", "'\\''") + "'"
        for key, value in values.items()
    }
    assert dict(read_assignments(" ".join(f"{key}={value}" for key, value in quoted.items()))) == values


@given(st.text())
def test_any_text_is_values_or_a_named_mistake(text: str) -> None:
    try:
        values = list(read_assignments(text))
    except ValueError as error:
        values = []
        message = str(error)
        assert message.endswith(("is not key=value", "never ends"))
    assert all(key for key, _ in values)


def test_an_allowance_that_is_no_rule_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("-- name: a\n-- allow: seq-scam  small\nSELECT 1;\n")
    _, problems = check_catalog(tmp_path, rules={"seq-scan"})
    assert [(problem.line, problem.problem, problem.hint) for problem in problems] == [
        (1, "there is no rule 'seq-scam' to allow", "did you mean seq-scan?")
    ]
    assert check_catalog(tmp_path, rules={"seq-scam"})[1] == ()
