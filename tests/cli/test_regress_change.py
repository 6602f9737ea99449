"""perfkit regress on a change: two databases, a migration on copies, changed queries; and what is left of it: nothing."""

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from perfkit.db.connect import connect
from perfkit.demo.role import DATABASE, ROLE
from perfkit.embedded import PostgresServer
from tests.cli.command import PASSWORD, TIME_LIMIT_S, Perfkit, Result
from tests.cli.test_baseline_command import INDEX, QUERY
from tests.db.copying import command_lines, copies_on, dumped, wait_for

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")

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
JOINED = """
-- name: joined
SELECT count(*) FROM generate_series(1, 1000) a JOIN generate_series(1, 1000) b ON a = b;
"""
DROPS_INDEX = f"DROP INDEX alumni.{INDEX};"
ADDS_INDEX = "-- what is owed\nCREATE INDEX CONCURRENTLY gifts_pledge_idx ON alumni.gifts (pledge_id);"
LOSES_PLAN = "ALTER TABLE alumni.visits ALTER person_id TYPE numeric;"
KEEPS_PLAN = "ALTER TABLE alumni.visits ALTER person_id TYPE bigint;"
SLEEPS = "CREATE TABLE alumni.leftover AS SELECT 1; SELECT pg_sleep(60);"
_SLEEPING = (
    "EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND datname LIKE 'perfkit_copy%')"
)
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


@pytest.fixture
def other_dsn(alumni_server: PostgresServer, own_database: str) -> Iterator[str]:
    """Return the URI of a copy of the test's own database, for its ordinary role."""
    name = f"{own_database}_other"
    copy, source, role = (sql.Identifier(word) for word in (name, own_database, ROLE))
    with closing(connect(alumni_server.dsn)) as superuser:
        superuser.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(copy, source, role))
        yield alumni_server.dsn_for(name, ROLE, PASSWORD)
        superuser.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(copy))


def _alter_role(server: PostgresServer, option: str) -> None:
    with closing(connect(server.dsn)) as superuser:
        superuser.execute(sql.SQL("ALTER ROLE {} " + option).format(sql.Identifier(ROLE)))


def _execute(dsn: str, statement: str) -> None:
    with closing(connect(dsn)) as connection:
        connection.execute(statement)


def _migration(project: Perfkit, text: str) -> Path:
    path = project.directory / "migration.sql"
    path.write_text(text)
    return path


def _verdicts(result: Result) -> dict[str, Any]:
    return {f"{v['query']}/{v['case']}": v for v in json.loads(result.stdout)["verdicts"]}


def _folder(project: Perfkit) -> Path:
    return Path(project.environ["PERFKIT_DIR"]) / "copies"


def _run_folders(project: Perfkit) -> list[Path]:
    return [path for path in _folder(project).glob("*") if path.is_dir()]


def _nothing_is_left(project: Perfkit, server: PostgresServer) -> bool:
    running = [line for line in command_lines() if str(_folder(project)) in line]
    return (copies_on(server), _run_folders(project), running) == ([], [], [])


def test_two_equal_databases_are_no_regression(own_project: Perfkit, own_dsn: str, other_dsn: str) -> None:
    result = own_project("regress", MANY, "class_list", "--base", other_dsn, "--head", own_dsn)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "No regression" in result.stdout
    assert "against the base database" in result.stdout


def test_an_index_that_only_the_base_has_fails_and_is_named(
    own_project: Perfkit, own_dsn: str, other_dsn: str
) -> None:
    _execute(own_dsn, DROPS_INDEX)
    result = own_project("regress", QUERY, "class_list", "--base", other_dsn, "--format", "json")
    assert result.returncode == 1
    verdicts = _verdicts(result)
    many = verdicts[MANY]
    assert (many["kind"], many["gate"], many["cause"]) == ("plan changed", "failed", "index-lost")
    assert INDEX in many["message"]
    assert INDEX in many["diff"]
    assert verdicts["class_list/typical"]["kind"] == "same"
    back = own_project("regress", MANY, "--base", own_dsn, "--head", other_dsn)
    assert back.returncode == 0
    assert "Improved" in back.stdout


def test_other_settings_are_a_cause_and_no_obstacle(own_project: Perfkit, own_dsn: str) -> None:
    (own_project.directory / "queries" / "joined.sql").write_text(JOINED)
    without = f"{own_dsn}&options=-c%20enable_hashjoin%3Doff%20-c%20enable_mergejoin%3Doff"
    result = own_project("regress", "joined", "--base", own_dsn, "--head", without, "--format", "json")
    assert result.returncode == 1, result.stderr
    (verdict,) = _verdicts(result).values()
    assert (verdict["gate"], verdict["cause"]) == ("failed", "settings-changed")
    assert "enable_hashjoin on -> off, enable_mergejoin on -> off" in verdict["message"]


@COPIES
@pytest.mark.parametrize(
    ("migration", "query", "exit_code", "cause"),
    [
        (DROPS_INDEX, MANY, 1, "index-lost"),
        (ADDS_INDEX, "overdue_pledges", 0, "improved"),
        (LOSES_PLAN, "visitors", 1, "column-changed"),
        (KEEPS_PLAN, "visitors", 0, None),
    ],
    ids=["drops an index", "adds an index", "loses a plan", "keeps a plan"],
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


# Changed queries


def _slower_queries(project: Perfkit) -> None:
    """Change one query so that an index no longer serves it."""
    path = project.directory / "queries" / "office.sql"
    text = path.read_text()
    assert "n.person_id = p.person_id)" in text
    path.write_text(text.replace("n.person_id = p.person_id)", "n.person_id + 0 = p.person_id)"))


def _assert_slower(result: Result) -> None:
    assert result.returncode == 1, result.stderr
    verdicts = _verdicts(result)
    assert verdicts.keys() == {f"{QUERY}/few", MANY}
    many = verdicts[MANY]
    assert (many["gate"], many["cause"]) == ("failed", "sql-changed")


def test_a_changed_query_is_judged_against_the_old_one_and_an_equal_one_is_not_measured(
    project: Perfkit,
) -> None:
    shutil.copytree(project.directory / "queries", project.directory / "old queries")
    _slower_queries(project)
    result = project("regress", "--base-queries", "old queries", "--format", "json")
    _assert_slower(result)
    assert "3 queries are as in old queries and not measured" in json.loads(result.stdout)["notes"]


def test_without_a_changed_query_there_is_nothing_to_judge(project: Perfkit) -> None:
    path = project.directory / "queries" / "office.sql"
    shutil.copytree(path.parent, project.directory / "old queries")
    path.write_text(path.read_text().replace("WHERE p.person_id", "-- those of old\n  WHERE   p.person_id"))
    result = project("regress", "--base-queries", "old queries")
    assert result.returncode == 2
    assert "no query differs from old queries" in result.stderr


@needs_git
def test_a_commit_is_what_the_queries_were_at_it(project: Perfkit) -> None:
    git = ("git", "-c", "user.name=Office", "-c", "user.email=office@example.org")
    for words in (("init", "-q"), ("add", "queries"), ("commit", "-q", "-m", "Queries")):
        subprocess.run([*git, *words], cwd=project.directory, check=True)
    _slower_queries(project)
    _assert_slower(project("regress", "--base-queries", "HEAD", "--format", "json"))
    wrong = project("regress", "--base-queries", "release/9")
    assert wrong.returncode == 2
    assert "'release/9' is neither a directory nor a commit with queries" in wrong.stderr


def test_a_name_that_is_no_directory_is_a_usage_error_outside_a_repository(project: Perfkit) -> None:
    result = project("regress", "--base-queries", "old queries")
    assert result.returncode == 2
    assert "neither a directory nor a commit" in result.stderr


# What is asked for


@pytest.mark.parametrize(
    "arguments",
    [
        ("--base", "dbname=x", "--migration", "x.sql"),
        ("--base", "dbname=x", "--base-queries", "queries"),
        ("--migration", "x.sql", "--base-queries", "queries"),
        ("--head", "dbname=x"),
        ("--copies", "embedded"),
        ("--head", "dbname=x", "--migration", "x.sql"),
    ],
)
def test_options_that_name_no_one_change_are_a_usage_error(
    perfkit: Perfkit, arguments: tuple[str, ...]
) -> None:
    result = perfkit("regress", *arguments)
    assert result.returncode == 2
    assert "perfkit: " in result.stderr


@pytest.mark.parametrize("side", ["--base", "--head"])
@pytest.mark.parametrize("part", ["port", "password", "database"])
def test_a_side_that_cannot_be_reached_is_no_verdict(
    project: Perfkit, dsn: str, alumni_server: PostgresServer, side: str, part: str
) -> None:
    wrong = {
        "port": dsn.replace(f":{alumni_server.port}/", ":1/"),
        "password": dsn.replace("sesame", "sesame2"),
        "database": dsn.replace(f"/{DATABASE}", "/nowhere"),
    }[part]
    assert wrong != dsn
    sides = {"--base": dsn, "--head": dsn} | {side: wrong}
    result = project("regress", QUERY, *(word for pair in sides.items() for word in pair))
    assert result.returncode == 3
    assert result.stdout == ""
    assert result.stderr.startswith("perfkit: ")


def test_two_databases_are_only_read(own_project: Perfkit, other_dsn: str) -> None:
    result = own_project("regress", "profile_update", QUERY, "--base", other_dsn, "--format", "json")
    assert result.returncode == 0, result.stderr
    assert _verdicts(result)["profile_update/typical"]["kind"] == "skipped"


def test_a_case_that_fails_only_after_the_change_fails_and_one_that_failed_before_is_skipped(
    own_project: Perfkit, own_dsn: str, other_dsn: str
) -> None:
    _execute(own_dsn, "ALTER TABLE alumni.person_names RENAME TO former_names")
    broken = own_project("regress", QUERY, "class_list", "--base", other_dsn, "--format", "json")
    assert broken.returncode == 1
    assert _verdicts(broken)[f"{QUERY}/few"]["cause"] == "statement-failed"
    mended = own_project(
        "regress", QUERY, "class_list", "--base", own_dsn, "--head", other_dsn, "--format", "json"
    )
    assert mended.returncode == 0
    few = _verdicts(mended)[f"{QUERY}/few"]
    assert few["gate"] == "skipped"
    assert "it fails before the change" in few["message"]


def test_a_budget_is_kept_and_under_strict_what_it_left_out_is_no_pass(
    own_project: Perfkit, other_dsn: str
) -> None:
    arguments = ("regress", "--base", other_dsn, "--budget")
    result = own_project(*arguments, "1ms")
    assert result.returncode == 3
    assert "the time budget was spent" in result.stderr
    (own_project.directory / "queries" / "slow.sql").write_text("-- name: a_slow\nSELECT pg_sleep(0.3);\n")
    began = time.monotonic()
    partly = own_project(*arguments, "2s", "a_slow", QUERY, "--strict")
    assert partly.returncode in {0, 4}
    assert time.monotonic() - began < 10
