"""Streams: drawn by weights and Zipf's law, or read from a trace."""

import json
from collections import Counter
from pathlib import Path

import pytest

from perfkit.bench.cache.requests import recorded_stream
from perfkit.bench.cache.stream import Shape, Source, chosen, draw_stream
from perfkit.bench.cache.trace import read_trace
from perfkit.catalog.load import load_catalog
from perfkit.catalog.model import Query
from perfkit.errors import DamagedFileError
from tests.unit.bench.cache.streams import key, stream

OFFICE = Path(__file__).parents[4] / "tests" / "cli" / "queries"
TABLES = {
    "class_list": frozenset({"alumni.people"}),
    "profile_update": frozenset({"alumni.people"}),
    "overdue_pledges": frozenset({"alumni.gifts", "alumni.pledges"}),
}


@pytest.fixture
def queries() -> dict[str, Query]:
    return {query.name: query for query in load_catalog(OFFICE, rules=frozenset()).queries}


def test_queries_get_their_weights_keys_zipf_s_law_and_writes_their_share() -> None:
    common = Source(keys=tuple(key(f"a{n}", query="a") for n in range(50)), tables=(), per_minute=300)
    rare = Source(keys=(key("b", query="b"),), tables=(), per_minute=100)
    write = Source(keys=(), tables=(0,), per_minute=1)
    shape = Shape(skew=1.0, write_share=0.1, seed=7)
    drawn = draw_stream([common, rare, write], ["t"], requests=40_000, shape=shape)
    counts = Counter(drawn.events)
    assert counts[-1] / 40_000 == pytest.approx(0.1, abs=0.01)
    assert counts[50] / drawn.reads == pytest.approx(0.25, abs=0.01)
    assert counts[0] / counts[9] == pytest.approx(10, rel=0.2)
    assert draw_stream([common, rare, write], ["t"], requests=40_000, shape=shape) == drawn
    assert drawn.per_minute == pytest.approx(400 / 0.9)


def test_no_share_of_writes_is_that_of_the_weights() -> None:
    read = Source(keys=(key("a"),), tables=(), per_minute=75)
    write = Source(keys=(), tables=(0,), per_minute=25)
    drawn = draw_stream([read, write], ["t"], requests=20_000, shape=Shape(skew=1, write_share=None, seed=1))
    assert drawn.reads / 20_000 == pytest.approx(0.75, abs=0.01)
    assert drawn.per_minute == pytest.approx(100)


def test_keys_that_are_not_chosen_leave_the_stream() -> None:
    left = chosen(stream([0, 1, -1, 2, 1]), [True, False, True])
    assert left.events == (0, -1, 1)
    assert [each.name for each in left.keys] == ["k0", "k2"]
    assert left.per_minute == 6_000 * 3 / 5


def test_a_trace_of_json_lines_is_a_stream(tmp_path: Path, queries: dict[str, Query]) -> None:
    calls = [
        {"query": "class_list", "values": {"year": 1998}, "at": 10.0},
        {"query": "class_list", "values": {"year": "1998"}, "at": 11.0},
        {"query": "profile_update", "values": {"person": 7}, "at": 12.0},
        {"query": "overdue_pledges", "at": 16.0},
    ]
    path = tmp_path / "trace.jsonl"
    path.write_text("\n".join(map(json.dumps, calls)) + "\n")
    found = recorded_stream(read_trace(path, queries), queries, TABLES)
    assert found.events == (0, 0, -1, 1)
    assert found.tables == ("alumni.gifts", "alumni.people", "alumni.pledges")
    assert [each.tables for each in found.keys] == [(1,), (0, 2)]
    assert found.writes == ((1,),)
    assert found.per_minute == 40


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("[1]", "is no object"),
        ('{"values": {}}', "has no 'query'"),
        ('{"query": "nowhere"}', "the catalog has no query 'nowhere'"),
        ('{"query": "class_list", "values": {}}', "the values of class_list are year"),
        ('{"query": "overdue_pledges", "at": "noon"}', "'at' is no number of seconds"),
        ("{", "Expecting property name"),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, queries: dict[str, Query], line: str, problem: str) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_text(f'{{"query": "overdue_pledges"}}\n{line}\n')
    with pytest.raises(DamagedFileError, match="line 2: ") as caught:
        read_trace(path, queries)
    assert problem in caught.value.message


def test_a_log_as_csv_is_a_trace(tmp_path: Path, queries: dict[str, Query]) -> None:
    statement = queries["class_list"].statement.replace('"', '""')
    row = '2026-05-04 12:00:{second}.000 UTC,,,,,,,,,,,LOG,,"{message}","{detail}"'
    lines = [
        row.format(second="01", message=f"execute <unnamed>: {statement}", detail="parameters: $1 = '1998'"),
        row.format(second="02", message="checkpoint starting", detail=""),
        row.format(second="03", message=f"statement: {statement.replace('$1', '2001')}", detail=""),
        row.format(second="04", message="execute <unnamed>: SELECT 1", detail=""),
    ]
    path = tmp_path / "log.csv"
    path.write_text("\n".join(lines) + "\n")
    found = read_trace(path, queries)
    assert [(call.query, call.values) for call in found] == [
        ("class_list", {"year": "1998"}),
        ("class_list", {"year": "2001"}),
    ]
    assert found[0].at is not None
    assert found[1].at is not None
    assert found[1].at - found[0].at == 2
