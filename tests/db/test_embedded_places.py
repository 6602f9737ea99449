"""Embedded PostgreSQL in strange places: long paths, damaged files, other installations, other users."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from perfkit.demo.role import create_statement_statistics
from perfkit.embedded import find_postgres, start_postgres, stop_postgres
from perfkit.embedded.become import NOBODY
from perfkit.embedded.spawn import Mode
from perfkit.errors import DamagedFileError, ServerError
from tests.db.serving import (
    FAST,
    IMPORT_PATH,
    LIMIT_S,
    difficult_folder,
    kill_and_wait,
    one,
    start,
    start_elsewhere,
)

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become other users")


@pytest.fixture
def folder() -> Iterator[Path]:
    with difficult_folder() as folder:
        yield folder


def test_long_temporary_directory_still_gives_a_working_socket(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    server = start(folder)
    assert len(f"{server.socket_directory}/.s.PGSQL.{server.port}") <= 107
    assert one(
        f"host={server.socket_directory} port={server.port} user=postgres password={server.password}",
        "SELECT 1",
    )


def test_data_of_another_major_version_is_refused_in_clear_words(folder: Path) -> None:
    start(folder)
    stop_postgres(folder)
    (folder / "data" / "PG_VERSION").write_text("1\n")
    with pytest.raises(ServerError, match=r"holds data of PostgreSQL 1, which 1\d\.\d+ cannot open"):
        start(folder)


def test_damaged_record_is_named(folder: Path) -> None:
    folder.mkdir()
    (folder / "postgres.json").write_text("not json")
    with pytest.raises(DamagedFileError, match=r"postgres\.json"):
        start(folder)


def test_lost_record_is_named(folder: Path) -> None:
    start(folder)
    stop_postgres(folder)
    (folder / "postgres.json").unlink()
    with pytest.raises(DamagedFileError, match=r"postgres\.json: is missing"):
        start(folder)


def test_folder_that_cannot_be_made_is_a_clear_error(folder: Path) -> None:
    folder.touch()
    with pytest.raises(ServerError, match="cannot be started in"):
        start(folder)


def test_libraries_are_found_without_pg_config_by_way_of_links(
    folder: Path, tmp_path: Path, postgres15_binaries: Path
) -> None:
    tmp_path.chmod(0o711)
    for program in ("postgres", "initdb"):
        (tmp_path / program).symlink_to(postgres15_binaries / program)
    server = start_postgres(folder, settings=FAST, binaries=tmp_path, die_with_parent=True)
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        assert create_statement_statistics(connection)
        connection.execute("SELECT pg_stat_statements_reset()")


def test_statement_statistics_are_not_made_where_the_server_has_not_loaded_them(folder: Path) -> None:
    server = start_postgres(folder, settings=FAST | {"shared_preload_libraries": ""}, die_with_parent=True)
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        assert not create_statement_statistics(connection)


@needs_root
def test_root_in_a_container_without_namespaces_runs_it_as_nobody(folder: Path) -> None:
    server = start_postgres(folder, settings=FAST, mode=Mode.NOBODY, die_with_parent=True)
    assert Path(f"/proc/{server.pid}").stat().st_uid == NOBODY
    assert one(server.dsn, "SELECT 1") == 1
    kill_and_wait(server.pid)
    assert start_postgres(folder, settings=FAST, mode=Mode.NOBODY, die_with_parent=True).port == server.port
    stop_postgres(folder)
    with pytest.raises(ServerError, match="made in mode nobody and cannot be opened in mode userns"):
        start_postgres(folder, mode=Mode.USERNS)


@needs_root
def test_nobody_who_cannot_reach_the_folder_is_told_what_to_do(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with pytest.raises(ServerError, match="Permission denied") as caught:
        start_postgres(tmp_path / "closed" / "pg", mode=Mode.NOBODY)
    assert "ordinary user" in caught.value.hint


@pytest.fixture
def nobodys_python() -> str:
    """Return a Python that the user nobody can run; root's own is often under its closed home."""
    for python in (sys.executable, "/usr/local/bin/python3", "/usr/bin/python3"):
        try:
            result = subprocess.run(
                [python, "-c", "import perfkit.embedded"],
                env={"PYTHONPATH": os.pathsep.join(IMPORT_PATH)},
                check=False,
                cwd="/",
                user=NOBODY,
                group=NOBODY,
                extra_groups=[],
                capture_output=True,
            )
        except OSError:
            continue
        if result.returncode == 0:
            return python
    pytest.skip("there is no Python and perfkit that the user nobody can reach")


@needs_root
def test_ordinary_user_has_a_server_of_its_own_and_cannot_touch_roots(
    folder: Path, nobodys_python: str
) -> None:
    folder.parent.chmod(0o777)
    with start_elsewhere(folder, user=NOBODY, python=nobodys_python) as parent:
        output, errors = parent.communicate(timeout=LIMIT_S)
    assert errors == ""
    server = find_postgres(folder)
    assert server
    assert output == f"{server.pid} {server.port}\n"
    assert Path(f"/proc/{server.pid}").stat().st_uid == NOBODY
    stop_postgres(folder)
    with pytest.raises(ServerError, match="made in mode own"):
        start(folder)

    roots = folder.parent / "roots"
    start(roots)
    with start_elsewhere(roots, user=NOBODY, python=nobodys_python) as parent:
        _, errors = parent.communicate(timeout=LIMIT_S)
    stop_postgres(roots)
    assert "ServerError" in errors
    assert "Permission denied" in errors
