"""perfkit regress on a migration: judged right on copies, the database as it was, nothing left, whatever ends the run."""

import json
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from perfkit.db.connect import connect
from perfkit.demo.role import ROLE
from perfkit.embedded import PostgresServer
from tests.cli.command import TIME_LIMIT_S, Perfkit
from tests.cli.test_baseline_command import INDEX, QUERY
from tests.db.copying import command_lines, copies_on, dumped, wait_for

MANY = f"{QUERY}/many"
# Who came in, with no key to people: its column may become another type.
VISITS = "CREATE TABLE alumni.visits AS SELECT n AS visit_id, 1 + n % 900 AS person_id FROM generate_series(1, 300) n"
VISITORS = """
-- name: visitors
-- summary: The names of who came in, an index scan for each
SELECT v.visit_id, (SELECT count(*) FROM alumni.person_names n WHERE n.person_id = v.person_id) AS names
FROM alumni.visits v
ORDER BY v.visit_id;
"""
DROPS_INDEX = f"DROP INDEX alumni.{INDEX};"
ADDS_INDEX = "-- what is owed\nCREATE INDEX CONCURRENTLY gifts_pledge_idx ON alumni.gifts (pledge_id);"
LOSES_PLAN = "ALTER TABLE alumni.visits ALTER person_id TYPE numeric;"
KEEPS_PLAN = "ALTER TABLE alumni.visits ALTER person_id TYPE bigint;"
SLEEPS = "CREATE TABLE alumni.leftover AS SELECT 1; SELECT pg_sleep(60);"
_SLEEPING = (
    "EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND datname LIKE 'perfkit_copy%')"
)
# What it leaves would meet the next round's reads; see perfkit.db.vacuum.
WRITES = """
-- name: visits_again
-- allow: write  the visits are written anew
UPDATE alumni.visits SET person_id = person_id;
"""
COPIES = pytest.mark.parametrize("copies", ["template", "embedded"])


@pytest.fixture
def office(
    own_project: Perfkit, own_dsn: str, alumni_server: PostgresServer, server_folder: Path, own_database: str
) -> Iterator[Perfkit]:
    """Return a project with visits, whose role may make copies, by template and in a folder that nobody may enter."""
    with psycopg.connect(own_dsn, autocommit=True) as owner:
        owner.execute(VISITS)
        owner.execute("ANALYZE alumni.visits")
    with (own_project.directory / "queries" / "office.sql").open("a") as file:
        file.write(VISITORS)
    folder = server_folder / own_database
    folder.mkdir(mode=0o711)
    _alter_role(alumni_server, "CREATEDB")
    yield replace(own_project, environ={"PERFKIT_DIR": str(folder)})
    _alter_role(alumni_server, "NOCREATEDB")


def _alter_role(server: PostgresServer, option: str) -> None:
    with closing(connect(server.dsn)) as superuser:
        superuser.execute(sql.SQL("ALTER ROLE {} " + option).format(sql.Identifier(ROLE)))


def _migration(project: Perfkit, text: str) -> Path:
    path = project.directory / "migration.sql"
    path.write_text(text)
    return path


def _folder(project: Perfkit) -> Path:
    return Path(project.environ["PERFKIT_DIR"]) / "copies"


def _run_folders(project: Perfkit) -> list[Path]:
    return [path for path in _folder(project).glob("*") if path.is_dir()]


def _nothing_is_left(project: Perfkit, server: PostgresServer) -> bool:
    running = [line for line in command_lines() if str(_folder(project)) in line]
    return (copies_on(server), _run_folders(project), running) == ([], [], [])


@pytest.mark.parametrize(
    ("migration", "query", "exit_code", "cause", "copies"),
    [
        (DROPS_INDEX, MANY, 1, "index-lost", "template"),
        (ADDS_INDEX, "overdue_pledges", 0, "improved", "template"),
        (LOSES_PLAN, "visitors", 1, "column-changed", "template"),
        (KEEPS_PLAN, "visitors", 0, None, "template"),
        # How copies were made decides on the data that are judged, not on the judge: a fall and none will do.
        (DROPS_INDEX, MANY, 1, "index-lost", "embedded"),
        (KEEPS_PLAN, "visitors", 0, None, "embedded"),
    ],
)
def test_a_migration_is_judged_on_copies_and_the_database_stays_as_it_was(  # noqa: PLR0917  parametrised
    office: Perfkit,
    alumni_server: PostgresServer,
    own_database: str,
    migration: str,
    query: str,
    exit_code: int,
    cause: str | None,
    copies: str,
) -> None:
    source = alumni_server.dsn_for(own_database)
    before = dumped(alumni_server, source)
    file = _migration(office, migration)
    also = office.directory / "result.json"
    result = office("regress", query, "--migration", file, "--copies", copies, "--also", f"json={also}")
    assert result.returncode == exit_code, result.stdout + result.stderr
    verdicts = json.loads(also.read_text())["verdicts"]
    if cause:
        assert verdicts[-1]["cause"] == cause, verdicts
    assert ("Improved" in result.stdout) == (cause == "improved")
    assert "a copy without the migration" in result.stdout
    assert dumped(alumni_server, source) == before
    assert _nothing_is_left(office, alumni_server)


@pytest.mark.parametrize(
    "command",
    [
        ("regress", "visits_again", "--migration"),
        ("apply", "--verify", "--queries", "queries"),
    ],
)
def test_what_wrote_is_vacuumed_on_both_copies_and_nowhere_else(
    office: Perfkit, alumni_server: PostgresServer, own_database: str, command: tuple[str, ...]
) -> None:
    (office.directory / "queries" / "writes.sql").write_text(WRITES)
    log = alumni_server.directory / "postgres.log"
    logged = log.stat().st_size
    _alter_role(alumni_server, "SET log_statement = 'all'")
    try:
        result = office(*command, _migration(office, ADDS_INDEX), "--copies", "template")
    finally:
        _alter_role(alumni_server, "RESET log_statement")
    assert result.returncode == 0, result.stdout + result.stderr
    with log.open("rb") as file:
        file.seek(logged)
        lines = file.read().splitlines()
    # A session writes on either side in each round, and then each side is vacuumed.
    sessions = sum(b"PREPARE" in line and b"UPDATE alumni.visits" in line for line in lines)
    vacuums = sum(line.endswith(b'VACUUM "alumni"."visits"') for line in lines)
    assert vacuums == sessions
    assert vacuums >= 4
    with psycopg.connect(alumni_server.dsn_for(own_database)) as connection:
        query = "SELECT sum(vacuum_count) FROM pg_stat_user_tables"
        assert connection.execute(query).fetchone() == (0,)


def test_a_superuser_copies_by_template_when_allowed(
    office: Perfkit, alumni_server: PostgresServer, own_database: str
) -> None:
    source = alumni_server.dsn_for(own_database)
    arguments = ("regress", MANY, "--migration", _migration(office, DROPS_INDEX), "--dsn", source)
    refused = office(*arguments, "--copies", "template")
    assert refused.returncode == 3
    assert "superuser" in refused.stderr
    elsewhere = office(*arguments)
    assert elsewhere.returncode == 1, elsewhere.stderr
    assert "no copy by template: role postgres is a superuser" in elsewhere.stderr
    result = office(*arguments, "--allow-superuser", "--copies", "template")
    assert result.returncode == 1, result.stderr
    assert _nothing_is_left(office, alumni_server)


def test_without_the_right_to_make_databases_a_migration_runs_on_an_embedded_server(
    office: Perfkit, alumni_server: PostgresServer
) -> None:
    _alter_role(alumni_server, "NOCREATEDB")
    file = _migration(office, DROPS_INDEX)
    result = office("regress", MANY, "--migration", file)
    assert result.returncode == 1, result.stderr
    assert "copying to an embedded server" in result.stderr
    told = office("regress", MANY, "--migration", file, "--copies", "template")
    assert told.returncode == 3
    assert "CREATEDB" in told.stderr
    assert _nothing_is_left(office, alumni_server)


@COPIES
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT], ids=["killed", "Ctrl-C"])
def test_a_run_that_ends_early_leaves_the_database_as_it_was_and_no_copies_behind(
    office: Perfkit, alumni_server: PostgresServer, own_database: str, copies: str, end: signal.Signals
) -> None:
    source = alumni_server.dsn_for(own_database)
    before = dumped(alumni_server, source)
    command = ("regress", MANY, "--copies", copies, "--migration")
    with office.start(*command, _migration(office, SLEEPS)) as process:
        if copies == "template":
            wait_for(alumni_server.dsn, f"SELECT {_SLEEPING}")
        else:
            _wait_for_copies(office)
        process.send_signal(end)
        stdout, stderr = process.communicate(timeout=TIME_LIMIT_S)
    assert dumped(alumni_server, source) == before
    if end is signal.SIGINT:
        assert (process.returncode, stdout, stderr) == (130, "", "perfkit: interrupted\n")
        assert _nothing_is_left(office, alumni_server)
        return
    assert copies_on(alumni_server) or _run_folders(office)
    result = office(*command, _migration(office, "SELECT nothing;"))
    assert result.returncode == 3
    assert _nothing_is_left(office, alumni_server)
    assert dumped(alumni_server, source) == before


def _wait_for_copies(project: Perfkit) -> None:
    """Wait until a server runs in a folder of copies."""
    deadline = time.monotonic() + 20
    while not any(str(_folder(project)) in line for line in command_lines()):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@COPIES
def test_a_migration_that_fails_is_named_with_its_line(
    office: Perfkit, alumni_server: PostgresServer, copies: str
) -> None:
    file = _migration(office, "SELECT 1;\n\nALTER TABLE alumni.nowhere ADD x int;\n")
    result = office("regress", MANY, "--migration", file, "--copies", copies)
    assert result.returncode == 3
    assert f'{file}:3: relation "alumni.nowhere" does not exist' in " ".join(result.stderr.split())
    assert _nothing_is_left(office, alumni_server)


@pytest.mark.parametrize(
    ("text", "words"),
    [("SELECT 'open;\n", "migration.sql:1"), ("SELECT 1;\nDROP DATABASE x;\n", "migration.sql:2")],
)
def test_what_is_no_migration_is_refused_before_a_copy_is_made(
    office: Perfkit, text: str, words: str
) -> None:
    result = office("regress", MANY, "--migration", _migration(office, text))
    assert result.returncode in {2, 3}
    assert words in result.stderr
    assert not _folder(office).exists()


@pytest.mark.parametrize("copies", ["nowhere.dump", "clone"])
def test_copies_of_an_unknown_kind_are_a_usage_error(office: Perfkit, copies: str) -> None:
    file = _migration(office, DROPS_INDEX)
    result = office("regress", MANY, "--migration", file, "--copies", copies)
    assert result.returncode == 2
    assert copies in result.stderr
