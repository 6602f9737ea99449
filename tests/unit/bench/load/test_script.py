"""A query as a script of pgbench: values, weights, and no colon that pgbench would take for a variable."""

import re
from pathlib import Path

import pytest

from perfkit.bench.load.script import SCRIPTS_MOST, Script, pause_between, scripts_of
from perfkit.catalog.model import Case, Param, Query
from perfkit.catalog.workload import WeightedCase


def make_query(sql: str, name: str = "q", *, writes: bool = False, **types: str) -> Query:
    return Query(
        name=name,
        summary="",
        sql=sql,
        statement=sql,
        path=Path("q.sql"),
        line=1,
        sql_line=1,
        weight=1,
        budget_ms=None,
        params=tuple(Param(name=each, type=kind) for each, kind in types.items()),
        cases=(),
        draws=(),
        allowed={"write": ""} if writes else {},
    )


def make_case(of: Query, weight: float = 1.0, name: str = "c", **values: str | None) -> WeightedCase:
    return WeightedCase(query=of, case=Case(query=of.name, name=name, values=values, line=1), weight=weight)


def script(*cases: WeightedCase, simple: bool = False) -> Script:
    (only,) = scripts_of(cases, simple=simple)
    return only


def test_values_are_variables_of_the_declared_type() -> None:
    found = script(make_case(make_query("SELECT :a, :b::text -- :c\n", a="int", b="text"), a="7", b="x'y"))
    assert found.text.split() == [
        "SELECT",
        "CAST(:v0_0_a",
        "AS",
        "int)",
        ",",
        "CAST(:v0_0_b",
        "AS",
        "text)",
        "::text;",
    ]
    assert found.variables == {"v0_0_a": "7", "v0_0_b": "x'y"}


def test_the_simple_protocol_has_constants_and_null_is_null() -> None:
    found = script(
        make_case(make_query("SELECT :a, :b", a="text", b="date"), a="it's \\ :x", b=None), simple=True
    )
    assert found.text.split("\n")[0] == r"SELECT  CAST(E'it''s \\ \072x' AS text) ,  CAST(NULL AS date);"
    assert found.variables == {}


@pytest.mark.parametrize(
    ("sql", "safe"),
    [
        ("SELECT 'at 12:30 \\ now'", r"SELECT E'at 12\07230 \\ now';"),
        ("SELECT E'a:b\\n'", r"SELECT E'a\072b\n';"),
        ("SELECT U&'a:b'", r"SELECT U&'a\003Ab';"),
        ("SELECT $x$it's a:b$x$", r"SELECT E'it''s a\072b';"),
        ('SELECT 1 AS "a:b"', r'SELECT 1 AS U&"a\003Ab";'),
        ("SELECT a[1:2], b::int, 'c: d'", "SELECT a[1: 2], b::int, 'c: d';"),
    ],
)
def test_a_colon_within_quotes_is_no_variable(sql: str, safe: str) -> None:
    assert script(make_case(make_query(sql))).text == f"{safe}\n"


def test_cases_are_drawn_by_weight() -> None:
    of = make_query("SELECT :a", a="int")
    text = script(make_case(of, 3, "x", a="1"), make_case(of, 1, "y", a="2")).text
    assert re.findall(r"<= (\d+)", text) == ["750000"]
    assert [line for line in text.split("\n") if line.startswith("\\")] == [
        "\\set drawn random(1, 1000000)",
        "\\if :drawn <= 750000",
        "\\else",
        "\\endif",
    ]


def test_a_write_is_rolled_back() -> None:
    text = script(make_case(make_query("DELETE FROM t", writes=True))).text
    assert text.split("\n")[:3] == ["BEGIN;", "DELETE FROM t;", "ROLLBACK;"]


def test_pauses_between_calls_take_the_time_that_users_think() -> None:
    scripts = scripts_of(
        [make_case(make_query("SELECT 1", "a"), 1), make_case(make_query("SELECT 2", "b"), 3)], simple=False
    )
    pause = pause_between(scripts, 900)
    calls = sum(each.weight for each in scripts)
    assert pause.text == "\\sleep 100000 us\n"
    assert pause.weight / calls * 100 == 900


def test_scripts_have_the_weights_of_their_queries() -> None:
    found = scripts_of(
        [make_case(make_query("SELECT 1", "a"), 1), make_case(make_query("SELECT 2", "b"), 3)], simple=False
    )
    assert {each.query: each.weight for each in found} == {"a": 250_000, "b": 750_000}


def test_more_queries_than_pgbench_takes_share_the_last_script() -> None:
    many = [make_case(make_query(f"SELECT {n}", f"q{n}"), weight=n + 1) for n in range(200)]
    found = scripts_of(many, simple=False)
    assert len(found) == SCRIPTS_MOST
    assert found[-1].query == "others"
    assert sum("SELECT" in line for each in found for line in each.text.split("\n")) == 200
