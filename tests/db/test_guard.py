"""Whatever a catalog holds, the guard leaves the database as it was and says what was wrong."""

import logging
import subprocess
import time
from pathlib import Path

import psycopg
import pytest

from perfkit.db.connect import connected, redact
from perfkit.db.guard import Guard, guarded
from perfkit.db.server import GuardedServer
from perfkit.embedded import PostgresServer
from perfkit.errors import ConnectError, GuardError, MeasureError, StatementError
from perfkit.measure.session import run_case
from perfkit.plan.runs import Statement
from tests.db.office import Office

_GIFT = '"Alumni Office".gift'
_PERSON = '"Alumni Office"."Person"'

# Statement, and a word that the error must have.
HOSTILE = {
    "two statements": ("SELECT 1; SELECT 2", "multiple commands"),
    "commit and insert": (f"SELECT 1; COMMIT; INSERT INTO {_GIFT} (amount) VALUES (1)", "multiple commands"),
    "ends the EXPLAIN": (f"SELECT 1); DELETE FROM {_GIFT}; --", "syntax error"),
    "insert": (f"INSERT INTO {_GIFT} (amount) VALUES (1)", "read-only"),
    "update": (f"UPDATE {_GIFT} SET amount = 0", "read-only"),
    "delete": (f"DELETE FROM {_GIFT}", "read-only"),
    "merge": (
        f"MERGE INTO {_GIFT} g USING (SELECT 1 AS id) s ON g.id = s.id WHEN MATCHED THEN DELETE",
        "read-only|cannot execute|syntax|MERGE",
    ),
    "truncate": (f"TRUNCATE {_GIFT}", "syntax error"),
    "drop": (f"DROP TABLE {_GIFT}", "syntax error"),
    "data-modifying CTE": (
        f"WITH gone AS (DELETE FROM {_GIFT} RETURNING id) SELECT * FROM gone",
        "read-only",
    ),
    "nested data-modifying CTE": (
        f"SELECT 1 WHERE EXISTS (WITH gone AS (DELETE FROM {_GIFT} RETURNING 1) SELECT 1)",
        "top level|read-only",
    ),
    "select into": (f"SELECT * INTO stolen FROM {_GIFT}", "INTO|utility"),
    "create table as": (f"CREATE TABLE stolen AS SELECT * FROM {_GIFT}", "syntax error"),
    "select for update": (f"SELECT * FROM {_GIFT} FOR UPDATE", "read-only"),
    "nextval": ("SELECT nextval('\"Alumni Office\".receipt')", "volatile function pg_catalog.nextval"),
    "setval": ("SELECT setval('\"Alumni Office\".receipt', 99)", "volatile function pg_catalog.setval"),
    "volatile function": (
        'SELECT "Alumni Office".next_receipt()',
        "volatile function Alumni Office.next_receipt",
    ),
    "set before": (f"SET search_path TO x; SELECT 1 FROM {_PERSON}", "syntax error"),
    "function that says it reads": ('SELECT "Alumni Office".pretends_to_read()', "non-volatile|read-only"),
    "copy to program": (f"COPY {_GIFT} TO PROGRAM 'touch /tmp/perfkit-was-here'", "syntax error"),
    "copy to file": (f"COPY {_GIFT} TO '/tmp/perfkit-was-here'", "syntax error"),
    "copy from": (f"COPY {_GIFT} FROM STDIN", "syntax error"),
    "do block": (f"DO $$BEGIN DELETE FROM {_GIFT}; END$$", "syntax error"),
    "call": ("CALL nothing()", "syntax error"),
    "set transaction": ("SET TRANSACTION READ WRITE", "syntax error"),
    "set_config": (
        "SELECT set_config('transaction_read_only', 'off', false)",
        "volatile function pg_catalog.set_config",
    ),
    "set session": ("SET default_transaction_read_only = off", "syntax error"),
    "begin": ("BEGIN", "syntax error"),
    "commit": ("COMMIT", "syntax error"),
    "commit in a comment's shade": ("SELECT 1 /* ; */ ; /* */ COMMIT", "multiple commands"),
    "execute its own plan": ("EXECUTE perfkit", "syntax error"),
    "explain analyze": (f"EXPLAIN ANALYZE DELETE FROM {_GIFT}", "syntax error"),
    "advisory lock": ("SELECT pg_advisory_lock(1)", "volatile function pg_catalog.pg_advisory_lock"),
    "advisory lock in a LIMIT": (
        f"SELECT 1 FROM {_GIFT} LIMIT (SELECT 1 FROM pg_advisory_lock(1))",
        "volatile function pg_catalog.pg_advisory_lock",
    ),
    "advisory lock in VALUES": (
        "VALUES (1, NULL), (2, pg_advisory_lock(2)::text)",
        "volatile function pg_catalog.pg_advisory_lock",
    ),
    "advisory lock in a view": (
        'SELECT * FROM "Alumni Office".sly',
        "volatile function pg_catalog.pg_try_advisory_lock",
    ),
    "advisory lock in a view's view": (
        'SELECT * FROM "Alumni Office".slyer',
        "volatile function pg_catalog.pg_try_advisory_lock",
    ),
    "kill a backend": ("SELECT pg_terminate_backend(1)", "volatile function pg_catalog.pg_terminate_backend"),
    "notify": ("SELECT pg_notify('a', 'b')", "volatile function pg_catalog.pg_notify"),
    "large object": ("SELECT lo_create(12345)", "volatile function pg_catalog.lo_create"),
    "dollar quotes": ("SELECT $a$ ; $b$ COMMIT $b$ $a$; COMMIT", "multiple commands"),
    "unterminated string": ("SELECT 'abc", "unterminated"),
    "unterminated comment": ("SELECT 1 /* abc", "unterminated"),
    "nothing but a comment": ("-- nothing", "syntax error|empty|no statement"),
    "deep nesting": ("SELECT " + "(" * 20_000 + "1" + ")" * 20_000, "stack depth|memory|nests"),
    "long chain": ("SELECT 1" + " + 1" * 50_000, "stack depth|nests"),
    "never ends": ("SELECT count(*) FROM generate_series(1, 1000000000000) AS n", "timeout"),
    "fills the disk with sorting": (
        "SELECT count(*) FROM (SELECT n FROM generate_series(1, 1000000000000) AS n ORDER BY n DESC) AS s",
        "timeout",
    ),
    "unknown table": ("SELECT * FROM nowhere", "does not exist"),
    "undeclared parameter": ("SELECT $2::int", "could not determine|there is no parameter|type"),
}


def _run(office: Office, text: str, types: tuple[str, ...] = (), values: tuple[str | None, ...] = ()) -> None:
    guard = Guard(statement_timeout_ms=700, lock_timeout_ms=500)
    statement = Statement(text=text, types=types, values=values, writes=False, volatile=False)
    run_case(GuardedServer(dsn=office.dsn, guard=guard), statement, samples=1)


def _dump(server: PostgresServer, office: Office) -> str:
    command = [str(server.binaries / "pg_dump"), "--dbname", office.superuser_dsn]
    dump = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    # Recent versions guard their dumps with a random key.
    return "\n".join(line for line in dump.splitlines() if "restrict " not in line)


@pytest.mark.both_servers
def test_hostile_statements_change_nothing_and_are_named(server: PostgresServer, office: Office) -> None:
    before = _dump(server, office)
    wrong: list[str] = []
    for name, (text, expected) in HOSTILE.items():
        with pytest.raises(MeasureError) as caught:
            _run(office, text)
        if not any(word in str(caught.value) for word in expected.split("|")):
            wrong.append(f"{name}: {caught.value}")
    assert wrong == []
    assert _dump(server, office) == before
    with psycopg.connect(office.superuser_dsn) as connection:
        query = "SELECT (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'), (SELECT count(*) FROM pg_prepared_xacts)"
        assert connection.execute(query).fetchone() == (0, 0)
    assert not Path("/tmp/perfkit-was-here").exists()


def test_the_dump_would_show_a_change(server: PostgresServer, office: Office) -> None:
    before = _dump(server, office)
    with psycopg.connect(office.dsn) as connection:
        connection.execute("SELECT nextval('\"Alumni Office\".receipt')")
    assert _dump(server, office) != before


def test_a_function_of_a_row_written_as_a_column_is_a_call(office: Office) -> None:
    with psycopg.connect(office.superuser_dsn, autocommit=True) as connection:
        connection.execute('ALTER ROLE office SET search_path TO "Alumni Office"')
    with pytest.raises(GuardError, match="wipe"):
        _run(office, 'SELECT p.wipe FROM "Person" AS p LIMIT 1')


@pytest.mark.parametrize(
    ("types", "values", "message"),
    [
        (("int",), ("abc",), "invalid input syntax for type integer"),
        (("int",), ("1); DROP TABLE x; --",), "invalid input syntax"),
        (("no_such_type",), ("1",), "no type no_such_type"),
        (("int) AS SELECT 1; COMMIT; --",), ("1",), "no type|syntax error|invalid type name"),
        (("int", "int"), ("1", "2"), None),
        (("date",), ("2026-02-30",), "out of range"),
    ],
)
def test_a_value_or_type_that_does_not_fit_is_named(
    office: Office, types: tuple[str, ...], values: tuple[str, ...], message: str | None
) -> None:
    text = "SELECT $1" if len(types) == 1 else "SELECT $1 + $2"
    if message is None:
        _run(office, text, types, values)
        return
    with pytest.raises(StatementError, match=message):
        _run(office, text, types, values)


def test_a_timeout_has_its_sqlstate(office: Office) -> None:
    with pytest.raises(StatementError) as caught:
        _run(office, "SELECT count(*) FROM generate_series(1, 1000000000000)")
    assert caught.value.sqlstate == "57014"


@pytest.mark.parametrize(
    ("statement_timeout_ms", "idle"), [(1_000, "1min"), (30_000, "90s"), (120_000, "6min"), (0, "0")]
)
def test_a_session_may_wait_while_the_other_of_a_pair_runs_twice(
    office: Office, statement_timeout_ms: int, idle: str
) -> None:
    guard = Guard(statement_timeout_ms=statement_timeout_ms)
    with connected(office.dsn) as connection, guarded(connection, guard):
        assert connection.execute("SHOW idle_in_transaction_session_timeout").fetchone() == (idle,)


def test_a_lock_is_not_waited_for(office: Office) -> None:
    with psycopg.connect(office.dsn) as other:
        other.execute(f"LOCK TABLE {_GIFT} IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(StatementError, match="lock timeout"):
            _run(office, f"SELECT count(*) FROM {_GIFT}")


def test_a_superuser_is_refused_unless_told(office: Office) -> None:
    statement = Statement(text="SELECT 1", types=(), values=(), writes=False, volatile=False)
    with pytest.raises(GuardError, match="superuser"):
        run_case(GuardedServer(dsn=office.superuser_dsn, guard=Guard()), statement, samples=1)
    run_case(GuardedServer(dsn=office.superuser_dsn, guard=Guard(allow_superuser=True)), statement, samples=1)


def test_a_write_needs_leave_and_is_rolled_back(server: PostgresServer, office: Office) -> None:
    text = f"UPDATE {_GIFT} SET amount = amount + $1 WHERE id <= 10"
    statement = Statement(text=text, types=("numeric",), values=("5",), writes=True, volatile=False)
    with pytest.raises(GuardError, match="it writes"):
        run_case(GuardedServer(dsn=office.dsn, guard=Guard()), statement, samples=2)
    before = _dump(server, office)
    runs = run_case(GuardedServer(dsn=office.dsn, guard=Guard(allow_writes=True)), statement, samples=3)
    assert runs.counters.rows == 10
    assert len(runs.execution_ms) == 3
    assert _dump(server, office) == before


def test_no_password_in_an_error(office: Office) -> None:
    broken = f"postgresql://office:{office.password.replace(' ', '%20')}@localhost:1/x y?bad"
    for dsn in (broken, f"host=localhost port=1 user=office password='{office.password}'"):
        with pytest.raises(ConnectError) as caught, connected(dsn):
            pass
        assert "keep" not in str(caught.value)
        assert "keep" not in caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "could not connect: postgresql://joe:s3cret@db/x",
        "bad: password=s3cret host=db",
        "bad: password='s3cret more' host=db",
        "postgres://joe:s3cret/with/slash@db",
    ],
)
def test_redaction(text: str) -> None:
    assert "s3cret" not in redact(text)
    assert "more" not in redact(text)


def test_what_psycopg_logs_beside_an_error_that_it_raises_stays_off_the_terminal(
    caplog: pytest.LogCaptureFixture,
) -> None:
    logging.getLogger("psycopg").warning("error ignored terminating a pipeline")
    assert caplog.records == []


def test_an_interrupt_in_the_middle_of_a_command_cancels_it(office: Office) -> None:
    with connected(office.dsn) as connection:
        pid = connection.info.backend_pid
        with pytest.raises(KeyboardInterrupt), guarded(connection, Guard()):
            _interrupted_in_a_command(connection)
    deadline = time.monotonic() + 20
    with psycopg.connect(office.superuser_dsn, autocommit=True) as other:
        while other.execute("SELECT FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone():
            assert time.monotonic() < deadline, "the command still runs"
            time.sleep(0.02)


def _interrupted_in_a_command(connection: psycopg.Connection) -> None:
    connection.pgconn.send_query(b"SELECT pg_sleep(60)")
    raise KeyboardInterrupt
