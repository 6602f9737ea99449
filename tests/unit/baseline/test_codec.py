"""The text of a baseline file: nothing is lost, nothing personal is in it, and damage is told with its place."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tests.unit.baseline.workloads as w
from perfkit.baseline.accepted import accept_plan
from perfkit.baseline.codec import decode, encode
from perfkit.baseline.model import QueryBaseline, from_analysis
from perfkit.errors import DamagedFileError
from tests.unit.baseline.generated import BASELINES, CALM

PATH = Path("baselines/main/directory.json")


def _sample() -> QueryBaseline:
    results = (
        w.result(w.runs_of_one_session(w.index_plan(), (0.4, 0.4124999, 0.3))),
        w.result(w.runs(w.seq_plan()), case="größte", year="2015"),
    )
    (stored,) = from_analysis(w.analysis(*results))
    return stored


TEXT = encode(_sample())


@CALM
@given(BASELINES)
def test_what_is_written_is_read_again(baseline: QueryBaseline) -> None:
    assert decode(encode(baseline), PATH) == baseline


def test_the_schema_stands_first_and_all_else_is_sorted() -> None:
    document = json.loads(TEXT)
    first, *names = document
    assert (first, document["schema"]) == ("schema", "perfkit.baseline/3")
    assert names == sorted(names)
    assert list(document["cases"]) == sorted(document["cases"])
    assert TEXT.endswith("}\n")


def test_times_stand_on_one_line_in_microseconds_and_a_plan_has_a_node_a_line() -> None:
    assert '"execution_ms": [0.4, 0.412, 0.3],' in TEXT
    assert '"Index Scan using person_grad_year_idx on alumni.person p | Index Cond: ' in TEXT
    assert '"at": "2026-07-01T12:30:15+00:00"' in TEXT
    assert '"größte"' in TEXT


def test_a_file_of_version_1_is_read_as_what_it_recorded() -> None:
    stored = _sample()
    document = json.loads(TEXT.replace("perfkit.baseline/3", "perfkit.baseline/1"))
    del document["recorded"]["calibration"]
    for relation in document["relations"].values():
        del relation["columns"], relation["columns_without_statistics"]
    for case in document["cases"].values():
        del case["functions"]
    unknown = {
        name: replace(each, columns={}, columns_without_statistics=None)
        for name, each in stored.relations.items()
    }
    assert decode(json.dumps(document), PATH) == replace(stored, relations=unknown)
    del document["recorded"]
    with pytest.raises(DamagedFileError, match="has no 'recorded'"):
        decode(json.dumps(document), PATH)


def test_a_file_of_version_2_knows_not_what_was_around_an_accepted_plan() -> None:
    plan = w.accepted(w.seq_plan(), around=w.facts(w.person()), calibration={"processor": 5.0})
    stored = accept_plan(
        w.baseline(w.analysis(w.result(w.runs(w.index_plan()))))["directory"], "typical", plan
    )
    document = json.loads(encode(stored).replace("perfkit.baseline/3", "perfkit.baseline/2"))
    for name in ("relations", "indexes", "calibration"):
        del document["cases"]["typical"]["accepted"][0][name]
    (upgraded,) = decode(json.dumps(document), PATH).cases["typical"].accepted
    assert upgraded == replace(plan, relations={}, indexes=(), calibration={})


def test_no_value_of_a_parameter_or_a_plan_is_in_the_file() -> None:
    assert "1998" not in TEXT
    assert "2015" not in TEXT


def test_a_file_that_ends_too_early_is_damaged_wherever_it_ends() -> None:
    whole = TEXT.rstrip().encode()
    for length in range(len(whole)):
        with pytest.raises(DamagedFileError, match=str(PATH)):
            decode(whole[:length].decode(errors="replace"), PATH)


@CALM
@given(st.text())
def test_any_other_text_is_damaged(text: str) -> None:
    with pytest.raises(DamagedFileError):
        decode(text, PATH)


def _places(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield place
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for name, member in members:
        yield from _places(member, (*place, name))


_ODD: list[Any] = [None, True, -2, 2**70, 0.5, float("nan"), 1e999, "", "x", [], [[]], {}, {"x": 1}]


@pytest.mark.parametrize("odd", _ODD, ids=repr)
def test_a_value_of_another_type_is_damage_or_still_a_baseline(odd: Any) -> None:
    for place in _places(json.loads(TEXT)):
        document = json.loads(TEXT)
        if not place:
            document = odd
        else:
            parent = document
            for name in place[:-1]:
                parent = parent[name]
            parent[place[-1]] = odd
        with suppress(DamagedFileError):
            assert isinstance(decode(json.dumps(document), PATH), QueryBaseline)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"repeats": true', '"repeats": 1', "cases.größte.repeats is a number, not true or false"),
        ('"rows": 30', '"rows": "30"', "cases.größte.counters.rows is text, not a whole number"),
        ('"rows": 30', '"rows": 30.5', "cases.größte.counters.rows is a number, not a whole number"),
        ('"rows": 30', '"rows": -1', "cases.größte.counters.rows is not between 0 and"),
        (
            '"rows": 30',
            '"rows": 30, "rows": 31',
            "the document is not valid JSON: 'rows' stands twice in one object",
        ),
        ('"heap_fetches": 0,', "", "cases.größte has no 'heap_fetches'"),
        ('"heap_fetches"', '"heap_fetchs"', "cases.größte has no 'heap_fetches'"),
        ('"weight": 40.0', '"weight": 40.0, "wight": 1', "the document has an unknown 'wight'"),
        ("[0.4, 0.412, 0.3]", "[]", "cases.typical.sessions[0].execution_ms is empty"),
        ("[0.4, 0.412, 0.3]", "[0.4, NaN]", "cases.typical.sessions[0].execution_ms[1] is not between"),
        (
            "2026-07-01T12:30:15+00:00",
            "yesterday",
            "cases.größte.sessions[0].at is text, not a date and time",
        ),
        ("2026-07-01T12:30:15+00:00", "2026-07-01T12:30:15", "cases.größte.sessions[0].at has no time zone"),
        ('"schema": "perfkit.baseline/3",', "", "the document has no 'schema'"),
        (
            "perfkit.baseline/3",
            "perfkit.analyze/1",
            "schema is 'perfkit.analyze/1', not 'perfkit.baseline/3'",
        ),
        ("perfkit.baseline/3", "perfkit.baseline/4", "written by a newer perfkit (perfkit.baseline/4)"),
        ("perfkit.baseline/3", "perfkit.baseline/0", "schema is 'perfkit.baseline/0'"),
        ("{", "<<<<<<< HEAD\n{", "the document is not valid JSON: Expecting value: line 1 column 1"),
    ],
)
def test_damage_is_told_with_its_place(old: str, new: str, problem: str) -> None:
    assert old in TEXT
    with pytest.raises(DamagedFileError) as caught:
        decode(TEXT.replace(old, new, 1), PATH)
    assert caught.value.message.startswith(f"{PATH}: {problem}")


def test_deep_nesting_is_damage() -> None:
    with pytest.raises(DamagedFileError, match="not valid JSON"):
        decode("[" * 100_000, PATH)
