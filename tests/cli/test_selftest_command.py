"""perfkit regress --self-test: it passes on a sound judge, and fails when what it injects is not found."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from perfkit.cli.main import main
from perfkit.selftest import injections
from tests.cli.command import Perfkit
from tests.cli.schemas import holds


@pytest.fixture
def nobodys_folder(server_folder: Path, tmp_path: Path) -> Iterator[Path]:
    """Return a folder for the servers, which the user nobody may enter."""
    folder = server_folder / tmp_path.name
    yield folder
    assert [path.name for path in (folder / "self-test").iterdir()] == ["door.lock"]


def test_the_gate_fails_where_it_must_and_passes_where_it_must(
    perfkit: Perfkit, nobodys_folder: Path
) -> None:
    result = perfkit("regress", "--self-test", "--dir", nobodys_folder, "--format", "json")
    document = json.loads(result.stdout)
    holds("regress.self-test", document)
    assert [each for each in document["injections"] if not each["ok"]] == []
    assert document["ok"]
    assert result.returncode == 0
    assert len(document["injections"]) == len(injections.INJECTIONS)
    assert {each["must_fail"] for each in document["injections"]} == {True, False}


def test_a_gate_that_does_not_see_what_it_must_fails_the_self_test(
    nobodys_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An index that is not dropped at all is what a blind gate would make of one that is."""
    blind = next(each for each in injections.INJECTIONS if each.name == "index-dropped")
    alarmed = next(each for each in injections.INJECTIONS if each.name == "join-method-disabled")
    monkeypatch.setattr(
        injections,
        "INJECTIONS",
        (replace(blind, commands=()), replace(alarmed, must_fail=False, causes=())),
    )
    monkeypatch.setattr(sys, "argv", ["perfkit", "regress", "--self-test", "--dir", str(nobodys_folder)])
    assert main() == 1
    told = " ".join(capsys.readouterr().out.split())
    assert "index-dropped: expected fails: index-lost, but nothing was found" in told
    assert "join-method-disabled: expected passes, but gifts_of_two/default" in told
    assert "The gate erred on 2 of 2 known changes" in told
