"""Copies by dump: on a server of their own that ends with the run, from a database or a file, and no password seen."""

import subprocess
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from perfkit.db.connect import connect
from perfkit.db.copies import read_source
from perfkit.embedded import PostgresServer
from perfkit.embedded.dump import embedded_copies
from perfkit.embedded.run_folder import remove_orphans, run_folder
from perfkit.errors import ServerError, UsageError
from tests.db.copying import command_lines, dumped, start, wait_for
from tests.db.office import Office

_HOLD = """
import os, sys
from pathlib import Path
from perfkit.db.connect import connect
from perfkit.db.copies import read_source
from perfkit.embedded.dump import embedded_copies
with embedded_copies(read_source(os.environ["SOURCE"]), Path(sys.argv[1]), connect=connect) as copies:
    print("copied", flush=True)
    sys.stdin.read()
"""
_WAITS = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'pg_dump' AND wait_event_type = 'Lock')"
_COUNT = 'SELECT count(*) FROM "Alumni Office"."Person"'


def _value(dsn: str, query: str) -> object:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def _folders(directory: Path) -> list[Path]:
    return [path for path in (directory / "copies").iterdir() if path.is_dir()]


@pytest.mark.both_servers
def test_a_database_is_copied_with_its_settings_and_left_as_it_was(
    server: PostgresServer, office: Office, server_folder: Path
) -> None:
    with psycopg.connect(office.superuser_dsn, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(
            sql.SQL("ALTER DATABASE {} SET search_path = 'Alumni Office', public").format(name)
        )
        connection.execute(sql.SQL("ALTER DATABASE {} SET work_mem = '7MB'").format(name))
        connection.execute("ALTER ROLE office SET default_transaction_read_only = on")
    before = dumped(server, office.superuser_dsn)
    directory = server_folder / "dumps"
    with embedded_copies(
        read_source(office.dsn), directory, connect=connect, settings={"random_page_cost": "1.1"}
    ) as copies:
        for dsn in (copies.base, copies.head):
            assert _value(dsn, _COUNT) == 5000
            assert _value(dsn, "SHOW search_path") == '"Alumni Office", public'
            assert _value(dsn, "SHOW work_mem") == "7MB"
            assert _value(dsn, "SHOW random_page_cost") == "1.1"
            assert _value(dsn, "SHOW autovacuum") == "off"
            assert _value(dsn, "SHOW default_transaction_read_only") == "off"
            assert _value(dsn, "SELECT every(reltuples >= 0) FROM pg_class WHERE relkind = 'r'") is True
        assert ("PostgreSQL 18" in copies.note) == (not server.version.startswith("18."))
    assert _folders(directory) == []
    assert dumped(server, office.superuser_dsn) == before


@pytest.mark.parametrize("form", ["custom", "tar", "directory", "plain"])
def test_a_dump_file_is_copied(
    postgres: PostgresServer, office: Office, server_folder: Path, form: str
) -> None:
    file = server_folder / f"office-{form}"
    command: list[str | Path] = [
        postgres.binaries / "pg_dump",
        f"--format={form}",
        "--dbname",
        office.superuser_dsn,
        "--file",
        file,
    ]
    subprocess.run(command, check=True)
    with psycopg.connect(office.superuser_dsn) as connection:
        connection.execute("CREATE TABLE later (id int)")
    with embedded_copies(file, server_folder / "dumps", connect=connect) as copies:
        assert _value(copies.base, _COUNT) == 5000
        assert _value(copies.head, _COUNT) == 5000
        assert _value(copies.head, "SELECT to_regclass('later') IS NULL") is True


def test_roles_that_the_copies_lack_are_said(
    postgres: PostgresServer, office: Office, server_folder: Path
) -> None:
    file = server_folder / "policy.dump"
    with psycopg.connect(office.superuser_dsn, autocommit=True) as connection:
        connection.execute('CREATE POLICY own ON "Alumni Office".gift TO office')
    subprocess.run([postgres.binaries / "pg_dump", "-Fc", "-d", office.superuser_dsn, "-f", file], check=True)
    with embedded_copies(file, server_folder / "dumps", connect=connect) as copies:
        assert "roles that are not here was left out (1 times)" in copies.note
        assert _value(copies.head, _COUNT) == 5000


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (None, UsageError, "No such file"),
        (b"PGDMP and nothing more", ServerError, "pg_restore failed"),
        (b"CREATE TABLE a (id int);\nSELECT wrong;\n", ServerError, 'column "wrong" does not exist'),
        (b"CREATE DATABASE alumni;\n\\connect alumni\n", UsageError, "goes to a database of its own"),
    ],
)
def test_a_dump_file_that_cannot_be_restored_is_named(
    server_folder: Path, content: bytes | None, error: type[Exception], message: str
) -> None:
    file = server_folder / "damaged.dump"
    file.unlink(missing_ok=True)
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(error, match=message), embedded_copies(file, server_folder / "dumps", connect=connect):
        pass
    assert _folders(server_folder / "dumps") == []


def test_a_source_that_cannot_be_dumped_is_told_in_the_programs_words(
    office: Office, server_folder: Path
) -> None:
    with psycopg.connect(office.superuser_dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE secret (id int)")
    with (
        pytest.raises(ServerError, match=r"pg_dump failed: .*permission denied for table secret") as caught,
        embedded_copies(read_source(office.dsn), server_folder / "dumps", connect=connect),
    ):
        pass
    assert office.password not in str(caught.value)


def test_a_key_passphrase_is_refused_as_it_would_be_seen(office: Office) -> None:
    with pytest.raises(UsageError, match="sslpassword"):
        read_source(make_conninfo(office.dsn, sslpassword="sesame"))


def test_a_run_killed_while_it_dumps_shows_no_password_and_the_next_removes_what_it_left(
    postgres: PostgresServer, office: Office, server_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = server_folder / "dumps"
    before = dumped(postgres, office.superuser_dsn)
    monkeypatch.setenv("SOURCE", office.dsn)
    with psycopg.connect(office.superuser_dsn) as blocker:
        blocker.execute('LOCK TABLE "Alumni Office".gift')
        with start(_HOLD, directory) as process:
            wait_for(postgres.dsn, _WAITS)
            lines = command_lines()
            process.kill()
    assert any("pg_dump" in line and "user=office" in line for line in lines)
    assert not any(office.password in line for line in lines)
    (left,) = _folders(directory)
    wait_for(postgres.dsn, f"SELECT NOT ({_WAITS})")
    with run_folder(directory / "copies") as folder:
        assert _folders(directory) == [folder]
    assert not left.exists()
    assert not any(str(left) in line for line in command_lines())
    assert dumped(postgres, office.superuser_dsn) == before


def test_the_folder_of_a_run_that_lives_is_left_alone(tmp_path: Path) -> None:
    with run_folder(tmp_path) as one:
        with run_folder(tmp_path) as other:
            assert remove_orphans(tmp_path) == ()
            assert one.exists()
            assert other.exists()
        assert one.exists()
        assert not other.exists()


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(ServerError, match="copies cannot be made in"), run_folder(file / "copies"):
        pass
