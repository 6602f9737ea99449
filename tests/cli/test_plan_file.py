"""perfkit analyze --plan: one plan from a file or standard input, without a server."""

import json
from pathlib import Path

import pytest

from tests.cli.command import Perfkit

GOLDEN = Path(__file__).parents[1] / "unit" / "plan" / "golden" / "18"
ELSEWHERE = {"PGHOST": "/nowhere", "PERFKIT_DSN": "host=127.0.0.1 port=1"}


@pytest.mark.parametrize(("suffix", "place"), [("json", "file"), ("txt", "stdin")])
def test_a_plan_is_judged_without_a_server(perfkit: Perfkit, suffix: str, place: str) -> None:
    path = GOLDEN / f"seq_scan_loss.{suffix}"
    source, stdin = (path, "") if place == "file" else ("-", path.read_text())
    result = perfkit("analyze", "--plan", source, stdin=stdin, env=ELSEWHERE)
    assert result.returncode == 0
    assert "[seq-scan]" in result.stdout
    assert "Seq Scan" in result.stdout


def test_json_has_plan_and_findings(perfkit: Perfkit) -> None:
    result = perfkit("analyze", "--plan", GOLDEN / "seq_scan_loss.json", "--format", "json")
    document = json.loads(result.stdout)
    assert document["schema"] == "perfkit.plan/1"
    assert document["findings"][0]["rule"] == "seq-scan"
    assert document["plan"]["root"]["type"]


@pytest.mark.parametrize(
    ("name", "fail_on", "exit_code"),
    [("seq_scan_loss", "warning", 1), ("seq_scan_loss", "never", 0), ("index_scan", "info", 0)],
)
def test_the_gate_holds_for_a_plan_too(perfkit: Perfkit, name: str, fail_on: str, exit_code: int) -> None:
    path = GOLDEN / f"{name}.json"
    assert perfkit("analyze", "--plan", path, "--fail-on", fail_on).returncode == exit_code


def test_a_plan_that_was_not_run_is_said_to_be(perfkit: Perfkit) -> None:
    result = perfkit("analyze", "--plan", GOLDEN / "cost_only.txt")
    assert result.returncode == 0
    assert "was not run" in result.stdout


RUBBISH = {
    "nothing": b"",
    "other json": b'{"a": 1}',
    "cut off": (GOLDEN / "seq_scan_loss.json").read_bytes()[:-40],
    "not utf-8": b"\xff\xfe\x00",
    "wrong type": b'[{"Plan": {"Node Type": "Result", "Actual Rows": "many"}}]',
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("name", RUBBISH)
def test_rubbish_is_named_by_its_file(perfkit: Perfkit, name: str) -> None:
    (perfkit.directory / "given").write_bytes(RUBBISH[name])
    result = perfkit("analyze", "--plan", "given")
    assert result.returncode == 2
    assert result.stderr.startswith("perfkit: given: ")
    assert len(result.stderr.splitlines()) <= 2


@pytest.mark.parametrize("path", ["nowhere.json", "."])
def test_a_file_that_cannot_be_read_is_named(perfkit: Perfkit, path: str) -> None:
    result = perfkit("analyze", "--plan", path)
    assert result.returncode == 2
    assert f"cannot read {path}" in result.stderr


def test_a_plan_and_a_query_are_too_much(perfkit: Perfkit) -> None:
    assert perfkit("analyze", "class_list", "--plan", GOLDEN / "index_scan.json").returncode == 2


def test_a_plan_too_deep_for_json_is_told(perfkit: Perfkit) -> None:
    node = '{"Node Type": "Result"}'
    for _ in range(3_000):
        node = f'{{"Node Type": "Subquery Scan", "Plans": [{node}]}}'
    (perfkit.directory / "deep.json").write_text(f'[{{"Plan": {node}}}]')
    result = perfkit("analyze", "--plan", "deep.json", "--format", "json")
    assert result.returncode == 2
    assert "nests too deeply for JSON" in result.stderr
    assert perfkit("analyze", "--plan", "deep.json").returncode == 0
