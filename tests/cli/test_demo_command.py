"""perfkit demo: up, found by the other commands without a word about it, and down."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from perfkit.embedded import find_postgres
from tests.cli.command import QUERIES, Perfkit


@pytest.fixture
def demo(server_folder: Path) -> Iterator[Perfkit]:
    """Return a project whose demo is up, in a folder that the user nobody may enter."""
    folder = server_folder / "demo project"
    shutil.copytree(QUERIES, folder / "queries")
    perfkit = Perfkit(folder)
    try:
        up = perfkit("demo", "up", "--alumni", "1000")
        assert up.returncode == 0, up.stderr
        assert "rows for 1,000 alumni" in up.stdout
        assert "psql" in up.stdout
        yield perfkit
    finally:
        assert perfkit("demo", "down").returncode == 0


def test_the_demo_needs_no_option_and_stays_when_it_is_up(demo: Perfkit) -> None:
    server = find_postgres(demo.directory / ".perfkit" / "postgres")
    assert server is not None
    again = demo("demo", "up")
    assert again.returncode == 0
    assert "rows for" not in again.stdout
    assert find_postgres(demo.directory / ".perfkit" / "postgres") == server
    assert demo("demo", "status").returncode == 0
    assert demo("demo", "psql", "-Atc", "SELECT count(*) FROM alumni.people").stdout == "1000\n"
    result = demo("analyze", "--format", "json", "--samples", "1")
    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout)["summary"]
    # Writes are allowed on the demo.
    assert (summary["measured"], summary["refused"]) == (8, 0)
    assert demo("demo", "down").returncode == 0
    assert demo("demo", "status").returncode == 3
    assert find_postgres(demo.directory / ".perfkit" / "postgres") is None
