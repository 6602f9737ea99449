"""Files beside what stood there: what is known for perfkit's own, and what is left when writing fails."""

import os
from pathlib import Path

import pytest

from perfkit.errors import UsageError
from perfkit.files import making_folders
from perfkit.monitor.dashboards.grafana import dashboard_files
from perfkit.monitor.rules.files import Places, rule_files
from perfkit.monitor.written import Standing, compare, headed, is_own, refuse_foreign, write
from perfkit.render.products import PRODUCTS, render
from tests.unit.render.test_render import GOALS, stack

PLACES = Places(exporters=("a:1",), applications=(), alertmanager="b:2", notify="", runbooks="docs")


def test_every_file_that_perfkit_writes_is_known_again() -> None:
    rules = headed(rule_files(GOALS, PLACES), command="monitor rules")
    dashboards = headed(
        dashboard_files(GOALS, prometheus_url="http://p:1", folder="/f"), command="monitor dashboard"
    )
    rendered = {path: text for name in PRODUCTS for path, text in render(name, stack()).files.items()}
    assert {"haproxy.cfg", "alertmanager/alertmanager.yml"} < rendered.keys()
    for name, text in (*rules.items(), *dashboards.items(), *rendered.items()):
        assert is_own(text.encode()), name


@pytest.mark.parametrize(
    "foreign", ["# scraped: perfkit\n", "global:\n  # by perfkit \n", '{"uid": "mine"}\n', "\n"]
)
def test_what_only_names_perfkit_is_somebody_s_own(tmp_path: Path, foreign: str) -> None:
    (tmp_path / "a.yml").write_text(foreign)
    found = compare(tmp_path, headed({"a.yml": "b: 1\n"}, command="monitor rules"))
    assert [each.standing for each in found] == [Standing.FOREIGN]
    with pytest.raises(UsageError, match=r"a\.yml is there, and perfkit did not write it"):
        refuse_foreign(found)


def test_an_empty_file_is_nobody_s(tmp_path: Path) -> None:
    (tmp_path / "a.yml").touch()
    assert [each.standing for each in compare(tmp_path, {"a.yml": "b: 1\n"})] == [Standing.CHANGED]


def test_a_pipe_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert [each.standing for each in compare(tmp_path, {"pipe": "b: 1\n"})] == [Standing.NEW]


def test_folders_are_made_and_taken_away_when_what_follows_fails(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    write(compare(tmp_path / "deep" / "out", {"sub/a.yml": "b: 1\n"}))
    assert (tmp_path / "deep" / "out" / "sub" / "a.yml").read_text() == "b: 1\n"
    with pytest.raises(KeyboardInterrupt):
        _interrupt(tmp_path / "there" / "new" / "sub", tmp_path / "a")
    assert {path.name for path in tmp_path.iterdir()} == {"there", "deep"}
    assert list((tmp_path / "there").iterdir()) == []


def test_folders_beside_one_that_cannot_be_made_are_taken_away(tmp_path: Path) -> None:
    (tmp_path / "z").touch()
    with (
        pytest.raises(UsageError, match="cannot write"),
        making_folders([tmp_path / "a", tmp_path / "z" / "b"]),
    ):
        pytest.fail("the block must not run")
    assert {path.name for path in tmp_path.iterdir()} == {"z"}


def _interrupt(*folders: Path) -> None:
    with making_folders(folders):
        assert all(folder.is_dir() for folder in folders)
        raise KeyboardInterrupt
