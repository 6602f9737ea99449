"""docs/ci: every perfkit command in both files exists, and their shell steps do what they say on a small database."""

import json
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg
import pytest

from perfkit.embedded import PostgresServer
from tests.cli.ci_shell import UNREACHABLE, Shell, github_steps, gitlab_scripts, loaded, shell_for
from tests.cli.command import Perfkit
from tests.cli.test_baseline_command import INDEX, QUERY

# What the job ends with, by what perfkit ended with.
EXIT_CODES = {"0": 0, "1": 1, "2": 2, "3": 3, "4": 0, "70": 70, "130": 130}
REPORTS = ("perfkit.md", "perfkit.xml", "perfkit.sarif")
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")


@pytest.fixture
def shell(project: Perfkit, dsn: str, baselines: Path, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """Return a shell in a project whose baseline is recorded."""
    shutil.copytree(baselines, project.directory / "baselines")
    return shell_for(project, tmp_path_factory.mktemp("programs"), dsn)


@pytest.fixture
def worse(
    own_project: Perfkit, own_dsn: str, alumni_server: PostgresServer, own_database: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Shell:  # fmt: skip
    """Return a shell in a project whose database lost an index since its baseline was recorded."""
    shell = shell_for(own_project, tmp_path_factory.mktemp("programs"), own_dsn)
    assert shell(*gitlab_scripts()["baseline"]).returncode == 0
    with psycopg.connect(alumni_server.dsn_for(own_database), autocommit=True) as owner:
        owner.execute(f"DROP INDEX alumni.{INDEX}".encode())
    return shell


# Every command line


def recorded_commands(shell: Shell, environ: Mapping[str, str]) -> list[list[str]]:
    """Return the words of every perfkit command that the steps run, from a perfkit that only writes them down."""
    log = shell.directory / "commands.jsonl"
    code = f"import json, sys; open({str(log)!r}, 'a').write(json.dumps(sys.argv[1:]) + chr(10))"
    shell.add("perfkit", f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c "{code}" "$@"\n')
    for step in ("Judge", "Record the baseline"):
        assert shell(github_steps()[step], **environ).returncode == 0
    for job in ("regress", "baseline"):
        assert shell(*gitlab_scripts()[job], **environ).returncode == 0
    return [json.loads(line) for line in log.read_text().splitlines()]


@needs_git
@pytest.mark.parametrize("judge", ["databases", "migrations", "baseline"])
def test_every_perfkit_command_is_one_that_perfkit_takes(shell: Shell, judge: str) -> None:
    add_migrations(shell, "1 add.sql", "2_drop.sql")
    commands = recorded_commands(
        shell, {"JUDGE": judge, "BASE_REF": "main", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}
    )
    assert [words[0] for words in commands] == ["regress", "baseline"] * 2
    for words in commands:
        # With --help every option is read, and none is acted on.
        taken = shell.project(*words, "--help")
        assert taken.returncode == 0, (words, taken.stderr)
    migrations = [word for word in commands[0] if word.startswith("--migration")]
    added = ["--migration=migrations/1 add.sql", "--migration=migrations/2_drop.sql"]
    assert migrations == (added if judge == "migrations" else [])


def add_migrations(shell: Shell, *names: str) -> None:
    """Make the project a git repository whose origin/main lacks these migrations and has another one."""
    folder = shell.directory / "migrations"
    folder.mkdir()
    (folder / "0_old.sql").write_text("SELECT 1;\n")
    shell.push_main("migrations")
    for name in names:
        (folder / name).write_text("SELECT 2;\n")
    shell.git("add", "migrations")
    shell.git("commit", "-q", "--allow-empty", "-m", "change")


@needs_git
def test_a_change_without_a_migration_passes_and_says_so(shell: Shell) -> None:
    add_migrations(shell)
    assert shell.judge(JUDGE="migrations", BASE_REF="main") == "0"
    assert "No migration" in (shell.directory / "perfkit.md").read_text()
    gitlab = shell(
        *gitlab_scripts()["regress"], JUDGE="migrations", CI_MERGE_REQUEST_TARGET_BRANCH_NAME="main"
    )
    assert gitlab.returncode == 0
    assert "No migration" in gitlab.stdout


@needs_git
def test_a_migration_that_drops_an_index_fails_the_job(
    shell: Shell, alumni_server: PostgresServer, own_database: str
) -> None:
    add_migrations(shell, "1 drop.sql")
    (shell.directory / "migrations" / "1 drop.sql").write_text(f"DROP INDEX alumni.{INDEX};\n")
    superuser = {"BASE_DSN": alumni_server.dsn_for(own_database), "PERFKIT_ALLOW_SUPERUSER": "true"}
    assert shell.judge(JUDGE="migrations", BASE_REF="main", **superuser) == "1"
    assert QUERY in (shell.directory / "perfkit.md").read_text()


@needs_git
def test_a_git_that_fails_is_no_change_without_a_migration(shell: Shell) -> None:
    assert shell(github_steps()["Judge"], JUDGE="migrations", BASE_REF="main").returncode != 0
    gitlab = {"JUDGE": "migrations", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}
    assert shell(*gitlab_scripts()["regress"], **gitlab).returncode != 0
    assert (shell.directory / "output.txt").read_text() == ""
    assert not (shell.directory / "perfkit.md").exists()


@pytest.mark.parametrize("judge", ["", "database"])
def test_a_misspelt_switch_is_no_pass(shell: Shell, judge: str) -> None:
    assert shell(github_steps()["Judge"], JUDGE=judge).returncode == 2
    assert shell(*gitlab_scripts()["regress"], JUDGE=judge).returncode == 2


# What the exit codes become


@pytest.mark.parametrize("judge", ["baseline", "databases"])
def test_a_passing_gate_passes_the_job_and_leaves_its_reports(shell: Shell, judge: str) -> None:
    assert shell.judge(JUDGE=judge) == "0"
    assert shell(github_steps()["Verdict"], STATUS="0").returncode == 0
    for name in REPORTS:
        assert (shell.directory / name).read_text()
    assert "No regression" in (shell.directory / "perfkit.md").read_text()
    assert shell(*gitlab_scripts()["regress"]).returncode == 0


@pytest.mark.parametrize("judge", ["baseline", "databases"])
def test_a_failing_gate_fails_the_job_and_its_reports_name_the_case(
    worse: Shell, dsn: str, judge: str
) -> None:
    assert worse.judge(JUDGE=judge, BASE_DSN=dsn) == "1"
    assert worse(github_steps()["Verdict"], STATUS="1").returncode == 1
    for name in REPORTS:
        assert QUERY in (worse.directory / name).read_text()
    assert "<failure" in (worse.directory / "perfkit.xml").read_text()
    failing = worse(*gitlab_scripts()["regress"], JUDGE=judge, BASE_DSN=dsn)
    assert failing.returncode == 1
    assert "A query became slower" in failing.stdout


def test_a_server_that_cannot_be_reached_is_a_failure_of_its_own(shell: Shell) -> None:
    assert shell.judge(HEAD_DSN=UNREACHABLE) == "3"
    assert not (shell.directory / "perfkit.md").exists()
    failing = shell(*gitlab_scripts()["regress"], HEAD_DSN=UNREACHABLE)
    assert failing.returncode == 3
    assert "Nothing could be measured" in failing.stdout


def test_what_cannot_be_compared_is_a_warning(shell: Shell, dsn: str) -> None:
    other = f"{dsn}&options=-c%20work_mem%3D1MB"
    assert shell.judge(HEAD_DSN=other) == "4"
    assert shell(*gitlab_scripts()["regress"], HEAD_DSN=other).returncode == 4
    assert loaded("gitlab-ci.yml")["perfkit regress"]["allow_failure"] == {"exit_codes": 4}


def test_every_exit_code_has_its_verdict_and_words(shell: Shell) -> None:
    said = {status: shell(github_steps()["Verdict"], STATUS=status) for status in EXIT_CODES}
    assert {status: result.returncode for status, result in said.items()} == EXIT_CODES
    words = [result.stdout.split(" title=perfkit::")[0] for result in said.values()]
    assert words == ["", "::error", "::error", "::error", "::warning", "::error", "::error"]
    assert "Nothing could be measured" in said["3"].stdout
    assert len({result.stdout for result in said.values()}) == len(said)


# The databases


@pytest.fixture
def two_databases(alumni_server: PostgresServer) -> Iterator[dict[str, str]]:
    names = ("base", "head")
    yield {
        "ADMIN_DSN": alumni_server.dsn,
        "BASE_DSN": alumni_server.dsn_for("base"),
        "HEAD_DSN": alumni_server.dsn_for("head"),
    }
    with psycopg.connect(alumni_server.dsn, autocommit=True) as connection:
        for name in names:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())


@needs_git
@pytest.mark.parametrize("system", ["github", "gitlab"])
def test_base_is_made_as_the_target_branch_says_and_head_as_the_change_does(
    shell: Shell, two_databases: dict[str, str], system: str
) -> None:
    folder = shell.directory / "db"
    folder.mkdir()
    (folder / "schema.sql").write_text("CREATE TABLE gifts (id int);\n")
    (folder / "seed.sql").write_text("INSERT INTO gifts SELECT generate_series(1, 100);\n")
    shell.push_main("db")
    if system == "gitlab":
        # Its runners fetch the merge request's own commits alone.
        shell.git("update-ref", "-d", "refs/remotes/origin/main")
    with (folder / "schema.sql").open("a") as schema:
        schema.write("CREATE INDEX gifts_idx ON gifts (id);\n")
    if system == "github":
        made = shell(github_steps()["Make the databases"], BASE_REF="main", **two_databases)
    else:
        script = gitlab_scripts()["before"][-1]
        made = shell(script, CI_MERGE_REQUEST_TARGET_BRANCH_NAME="main", **two_databases)
    assert made.returncode == 0, made.stderr
    assert [indexes(two_databases[name]) for name in ("BASE_DSN", "HEAD_DSN")] == [0, 1]


def indexes(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_indexes WHERE tablename = 'gifts' AND (SELECT count(*) FROM gifts) = 100"
        ).fetchone()
    assert row
    return int(row[0])
