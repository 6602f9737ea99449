"""EXPLAIN's JSON: every version is read, nothing is lost, and what is no plan is told, never a traceback."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.errors import PerfkitError
from perfkit.plan import deepjson
from perfkit.plan.model import Buffers, Node, Wal, walk
from perfkit.plan.parse import parse_plan
from perfkit.plan.read import read_plan
from tests.unit.plan.goldens import CALM, JSON_FILES, chain, document, find, load, name_of


@pytest.mark.parametrize("path", JSON_FILES, ids=name_of)
def test_every_number_and_text_of_every_node_is_kept(path: Path) -> None:
    decoded = json.loads(path.read_text("utf-8"))
    pending = [decoded[0]["Plan"]]
    for node in walk(parse_plan(decoded).root):
        said = pending.pop(0)
        pending = [*said.get("Plans", []), *pending]
        leaves = _values(node)
        for key, value in said.items():
            if key != "Plans":
                assert value in leaves or value == node.extra.get(key), key


def _values(node: Node) -> list[Any]:
    """Return the values of all typed fields of a node."""
    values: list[Any] = []
    for part in (node, node.actual, node.buffers, node.wal):
        if part is not None:
            values += [getattr(part, field.name) for field in fields(part) if field.name != "children"]
    return values


def test_all_five_versions_are_among_the_goldens() -> None:
    assert {path.parent.name for path in JSON_FILES} == {"14", "15", "16", "17", "18"}


def test_what_stands_beside_the_tree_is_read() -> None:
    plan = load("full_options")
    assert plan.analyzed
    assert plan.timed
    assert plan.planning is not None
    assert plan.planning.memory_used_kb
    assert plan.serialization is not None
    assert plan.serialization.format == "text"
    assert plan.serialization.output_kb > 0
    assert plan.settings["jit"] == "off"
    assert plan.query_identifier
    jit = load("jit", 15).jit
    assert jit is not None
    assert jit.functions > 0
    assert jit.options["Inlining"] is True
    assert jit.total_ms is not None
    triggers = load("trigger_foreign_key").triggers
    assert {trigger.constraint for trigger in triggers} == {"gift_person_id_fkey", "pledge_person_id_fkey"}
    assert all(trigger.calls == 20 for trigger in triggers)


def test_unknown_nodes_and_keys_pass_through() -> None:
    plan = parse_plan([{"Plan": {"Node Type": "Quantum Scan", "Spin": [1, {"up": True}]}, "Weather": "mild"}])
    assert plan.root.type == "Quantum Scan"
    assert plan.root.extra == {"Spin": [1, {"up": True}]}
    assert plan.extra == {"Weather": "mild"}
    assert not plan.analyzed


def test_a_node_that_never_ran_has_no_loops() -> None:
    node = find(load("never_executed"), "Seq Scan")
    assert node.actual is not None
    assert node.actual.loops == 0
    assert not node.executed


def test_without_costs_buffers_and_analyze_there_are_none() -> None:
    root = load("costs_off").root
    assert (root.total_cost, root.plan_rows, root.actual, root.buffers, root.wal) == (None,) * 5
    assert load("write").root.wal != Wal()
    assert load("seq_scan_loss").root.buffers != Buffers()


def test_five_thousand_levels_are_read() -> None:
    assert sum(1 for _ in walk(read_plan(chain(5_000)).root)) == 5_001


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty"),
        ("[", "is cut off"),
        ('[{"Plan": {"Node Type": "Seq Scan"}', "is cut off"),
        ("[" * 200_000, "is cut off"),
        (chain(5_000)[:-1], "is cut off"),
        ('["' + "[" * 200_000, "is cut off"),
        ("[]", "holds 0 plans"),
        ('[{"Plan": {"Node Type": "a"}}, {"Plan": {"Node Type": "b"}}]', "holds 2 plans"),
        ('{"schema": "perfkit.baseline/1"}', 'it has no "Plan"'),
        ('[{"Plan": {"Relation Name": "t"}}]', 'without a "Node Type"'),
        ('[{"Plan": {"Node Type": ""}}]', 'without a "Node Type"'),
        ('[{"Plan": {"Node Type": "Seq Scan", "Plan Rows": "many"}}]', '"Plan Rows"'),
        ('[{"Plan": {"Node Type": "Seq Scan", "Total Cost": 1e999}}]', '"Total Cost"'),
        ('[{"Plan": {"Node Type": "Seq Scan", "Plans": [1]}}]', '"Plans"'),
        ('<explain xmlns="http://www.postgresql.org/2009/explain">', "XML"),
        ('- Plan: \n    Node Type: "Seq Scan"', "YAML"),
        ("SELECT 1;", "is not an EXPLAIN output"),
        ("\x00\x01\x02", "is not an EXPLAIN output"),
    ],
)
def test_what_is_no_plan_is_told_with_its_file(text: str, problem: str) -> None:
    with pytest.raises(PerfkitError, match=r"^slow\.json: ") as caught:
        read_plan(text, source="slow.json")
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=8), below, max_size=4),
    max_leaves=12,
)
_KEYS = sorted({key for name in ("workers", "write", "cte") for key in document(name)[0]["Plan"]})
_NODES: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.dictionaries(st.sampled_from(_KEYS), _JSON, max_size=4),
    lambda below: st.builds(
        lambda node, plans: {"Node Type": "Limit", **node, "Plans": plans},
        st.dictionaries(st.sampled_from(_KEYS), _JSON, max_size=2),
        st.lists(below, max_size=2),
    ),
    max_leaves=4,
)
_BESIDE = st.dictionaries(
    st.sampled_from(["JIT", "Settings", "Triggers", "Planning", "Serialization", "Planning Time"]), _JSON
)


@CALM
@given(st.builds(lambda node, beside: [{**beside, "Plan": node}], _NODES, _BESIDE) | _JSON)
def test_any_json_gives_a_plan_or_an_error_of_ours(decoded: Any) -> None:
    try:
        plan = parse_plan(decoded)
    except PerfkitError:
        return
    assert plan.root.type


@CALM
@given(_JSON)
def test_json_decodes_the_same_without_recursion(value: Any) -> None:
    text = json.dumps(value)
    assert json.dumps(deepjson._decode_without_recursion(text)) == text


@CALM
@given(st.text(alphabet='[]{},:"\\ 1e-.tnu', max_size=20))
def test_what_is_no_json_is_none_without_recursion_either(text: str) -> None:
    outcomes = []
    for decode in (json.loads, deepjson._decode_without_recursion):
        try:
            outcomes.append(json.dumps(decode(text)))
        except ValueError:
            outcomes.append("error")
    assert outcomes[0] == outcomes[1]
