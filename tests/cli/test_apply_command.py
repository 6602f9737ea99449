"""perfkit apply as a DBA runs it: nothing without --yes, everything back with --undo, nothing left after Ctrl-C."""

import json
import os
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from perfkit.db.ddl import APPLY_LOCK
from perfkit.embedded import PostgresServer
from tests.cli.command import Perfkit, Result, checked

CHANGES = Path(__file__).parent / "indexes" / "changes.sql"
_INDEXES = """
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid), indisvalid FROM pg_index
    WHERE indrelid::regclass::text LIKE 'alumni.%' ORDER BY 1
"""

Indexes = Callable[[], list[tuple[object, ...]]]


@pytest.fixture
def owner(alumni_server: PostgresServer, own_database: str) -> str:
    """Return the URI of the superuser, who sees all sessions."""
    return alumni_server.dsn_for(own_database)


@pytest.fixture
def indexes(owner: str) -> Indexes:
    def read() -> list[tuple[object, ...]]:
        with psycopg.connect(owner, autocommit=True) as connection:
            return connection.execute(_INDEXES.encode()).fetchall()

    return read


@pytest.fixture
def apply(own_project: Perfkit) -> Callable[..., Result]:
    return lambda *words: own_project("apply", *words)


def _written(perfkit: Perfkit, text: str) -> str:
    (perfkit.directory / "a.sql").write_text(text)
    return "a.sql"


def test_without_yes_nothing_is_changed(apply: Callable[..., Result], indexes: Indexes) -> None:
    before = indexes()
    result = apply(CHANGES)
    assert result.returncode == 0
    assert "CREATE INDEX CONCURRENTLY people_lower_idx" in result.stdout
    assert "CREATE INDEX CONCURRENTLY gifts_donor_idx" in result.stdout  # what takes the drop back
    assert "alumni.phones_person_idx already does what" in result.stdout
    assert "free on the server's disk" in result.stdout
    assert "Nothing was changed" in result.stdout
    assert indexes() == before


def test_it_is_done_once_and_taken_back_once(
    apply: Callable[..., Result], own_project: Perfkit, indexes: Indexes
) -> None:
    before = indexes()
    result = apply(CHANGES, "--yes", "--format", "json")
    assert result.returncode == 0, result.stderr
    after, document = indexes(), json.loads(result.stdout)
    assert {each["outcome"] for each in document["results"]} == {"done"}
    names = {name for name, *_ in after}
    assert "alumni.people_lower_idx" in names
    assert "alumni.gifts_donor_idx" not in names
    assert sum("communications" in str(name) and "sent_at_idx" in str(name) for name in names) == 38
    assert all(valid for *_, valid in after)
    assert "There was nothing to do" in apply(CHANGES, "--yes").stdout
    assert len(list(own_project.directory.glob(".perfkit/apply/*"))) == 1
    journal = document["journal"]
    assert apply("--resume", journal, "--yes").returncode == 0
    assert indexes() == after
    assert "Nothing was changed" in apply("--undo", journal).stdout
    assert indexes() == after
    for _ in range(2):
        assert apply("--undo", journal, "--yes").returncode == 0
        assert indexes() == before
    assert apply("--resume", journal, "--yes").returncode == 0
    assert indexes() == after


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\nDROP TABLE alumni.people", "a.sql:2: only CREATE INDEX and DROP INDEX"),
        ("CREATE INDEX ON alumni.people (no_column)", 'a.sql:1: column "no_column" does not exist'),
        ("", "there is nothing to apply"),
        ('{"schema"', "a.sql: it is no JSON"),
    ],
)
def test_what_is_wrong_with_the_file_is_said(
    apply: Callable[..., Result], own_project: Perfkit, text: str, said: str
) -> None:
    result = apply(_written(own_project, text))
    assert result.returncode == 2
    assert said in result.stderr


@pytest.mark.parametrize(
    "words", [(), (CHANGES, "--undo", "x"), ("--undo", "nowhere"), ("--resume", CHANGES)]
)
def test_what_is_not_one_thing_to_do_is_refused(
    apply: Callable[..., Result], words: tuple[object, ...]
) -> None:
    assert apply(*words).returncode == 2


def test_what_would_not_start_exits_3_with_its_reason(
    apply: Callable[..., Result], own_project: Perfkit, indexes: Indexes
) -> None:
    before = indexes()
    file = _written(own_project, "DROP INDEX alumni.people_pkey; CREATE INDEX ON alumni.people (status)")
    shown, done = apply(file), apply(file, "--yes")
    assert (shown.returncode, done.returncode) == (3, 3)
    assert "constraint people_pkey stands on it" in shown.stdout
    assert "constraint people_pkey stands on it" in done.stderr
    assert indexes() == before
    assert not (own_project.directory / ".perfkit").exists()


def test_a_journal_of_another_database_is_refused(
    apply: Callable[..., Result], own_project: Perfkit, dsn: str, indexes: Indexes
) -> None:
    file = _written(own_project, "CREATE INDEX ON alumni.people (status)")
    assert apply(file, "--yes", "--journal", "j").returncode == 0
    result = apply("--undo", "j", "--yes", "--dsn", dsn)
    assert result.returncode == 2
    assert "is of database" in result.stderr
    assert apply(CHANGES, "--yes", "--journal", "j").returncode == 2  # a journal is never written over
    assert any(name == "alumni.people_status_idx" for name, *_ in indexes())


def test_two_at_once_do_not_meet(apply: Callable[..., Result], owner: str, indexes: Indexes) -> None:
    before = indexes()
    with psycopg.connect(owner, application_name="the other", autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s, 0)", [APPLY_LOCK])
        holder = other.info.backend_pid
        result = apply(CHANGES, "--yes")
    assert result.returncode == 3
    assert f"process {holder} (user postgres, application the other" in result.stderr
    assert indexes() == before


def test_ctrl_c_cancels_on_the_server_and_leaves_nothing(
    own_project: Perfkit, owner: str, indexes: Indexes
) -> None:
    before = indexes()
    file = _written(own_project, "CREATE INDEX ON alumni.people (status)")
    with psycopg.connect(owner) as holder:
        # The build waits for this writer; so would the cleaning up, which is let go on when the build is over.
        holder.execute("UPDATE alumni.people SET status = status WHERE person_id = 1")
        process = own_project.start("apply", file, "--yes")
        _wait_for(owner, "SELECT count(*) FROM pg_index WHERE NOT indisvalid", 1)
        os.kill(process.pid, signal.SIGINT)
        _wait_for(owner, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DROP INDEX CONC%'", 1)
        holder.rollback()
        stdout, stderr = process.communicate(timeout=60)
    result = checked(Result(process.args, process.returncode, stdout, stderr))
    assert result.returncode == 130
    assert "cleaning up: DROP INDEX CONCURRENTLY alumni.people_status_idx" in result.stderr
    assert "none of 1 steps was done, and nothing is left" in result.stderr
    assert indexes() == before


def test_a_second_ctrl_c_says_what_is_left_and_undo_takes_it_away(
    own_project: Perfkit, owner: str, indexes: Indexes
) -> None:
    before = indexes()
    file = _written(own_project, "CREATE INDEX ON alumni.people (status)")
    with psycopg.connect(owner) as holder:
        holder.execute("UPDATE alumni.people SET status = status WHERE person_id = 1")
        process = own_project.start("apply", file, "--yes", "--journal", "j")
        _wait_for(owner, "SELECT count(*) FROM pg_index WHERE NOT indisvalid", 1)
        for query in ("DROP INDEX CONC%", "nothing"):
            os.kill(process.pid, signal.SIGINT)
            count = int(query != "nothing")
            _wait_for(owner, f"SELECT count(*) FROM pg_stat_activity WHERE query LIKE '{query}'", count)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "an invalid index may be left (interrupted again)" in stderr
    assert "perfkit apply --undo j --yes" in stderr
    assert own_project("apply", "--undo", "j", "--yes").returncode == 0
    assert indexes() == before


@pytest.mark.parametrize(
    ("text", "waiting"),
    [
        ("DROP INDEX alumni.gifts_donor_idx", "DROP INDEX CONC%"),
        ("CREATE INDEX ON alumni.communications (sent_at, mailing_id)", "CREATE INDEX % ON ONLY %"),
    ],
)
def test_a_step_whose_end_cannot_be_written_is_not_said_to_be_undone(
    own_project: Perfkit, owner: str, indexes: Indexes, text: str, waiting: str
) -> None:
    before = indexes()
    with psycopg.connect(owner) as holder:
        holder.execute("LOCK alumni.gifts, alumni.communications IN ROW EXCLUSIVE MODE")
        process = own_project.start("apply", _written(own_project, text), "--yes", "--journal", "j")
        _wait_for(owner, f"SELECT count(*) FROM pg_stat_activity WHERE query LIKE '{waiting}'", 1)
        full = (own_project.directory / "j").stat().st_size
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (full, full))
        holder.rollback()
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "what was begun stays until you choose" in stderr
    assert "perfkit apply --undo j --yes" in stderr
    assert indexes() != before
    assert own_project("apply", "--undo", "j", "--yes").returncode == 0
    assert indexes() == before


def _wait_for(database: str, query: str, count: int) -> None:
    deadline = time.monotonic() + 30
    with psycopg.connect(database, autocommit=True) as connection:
        while connection.execute(query.encode()).fetchone() != (count,):
            assert time.monotonic() < deadline, f"never {count}: {query}"
            time.sleep(0.02)


def test_who_does_not_own_the_table_is_told_even_when_that_leaves_nothing_to_do(
    apply: Callable[..., Result], own_project: Perfkit, owner: str
) -> None:
    with psycopg.connect(owner) as connection:
        connection.execute("ALTER TABLE alumni.gifts OWNER TO postgres")
    file = _written(own_project, "CREATE INDEX ON alumni.gifts (amount)")
    for words in ((), ("--yes",)):
        result = apply(file, *words)
        assert result.returncode == 3
        assert "alumni.gifts belongs to postgres" in result.stdout + result.stderr
        assert "nothing to do" not in result.stdout
