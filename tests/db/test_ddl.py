"""A session that changes indexes reads them as the server knows them, and never keeps the application waiting."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from perfkit.apply.carry_out import ahead, carry_out, clean_up
from perfkit.apply.changes import Changes, read_changes
from perfkit.apply.journal import Journal, Run, create, load
from perfkit.apply.prepare import Prepared, prepare
from perfkit.apply.refusals import long_transactions
from perfkit.apply.state import Index, Name
from perfkit.db.ddl import APPLY_LOCK, DdlSession, ddl_session
from perfkit.db.disk import free_bytes
from perfkit.errors import GuardError, StatementError, UsageError
from perfkit.names import quote_name

SCHEMA = """
    CREATE SCHEMA app;
    CREATE TABLE app.t (id int PRIMARY KEY, a text NOT NULL, b int);
    INSERT INTO app.t SELECT n, 'name ' || n, n % 10 FROM generate_series(1, 2000) AS n;
    CREATE INDEX t_a_idx ON app.t (a);
    CREATE TABLE app.child (t_id int REFERENCES app.t);
    CREATE TABLE app.p (k int NOT NULL, v int) PARTITION BY LIST (k);
    CREATE TABLE app.p1 PARTITION OF app.p FOR VALUES IN (1);
    CREATE TABLE app.p2 PARTITION OF app.p DEFAULT PARTITION BY RANGE (v);
    CREATE TABLE app.p21 PARTITION OF app.p2 FOR VALUES FROM (0) TO (100);
    INSERT INTO app.p SELECT n % 3, n FROM generate_series(1, 99) AS n;
    ANALYZE;
"""
BOTH = pytest.mark.both_servers


@pytest.fixture
def dsn(database: str) -> str:
    _do(database, SCHEMA)
    return database


@pytest.fixture
def session(dsn: str) -> Iterator[DdlSession]:
    with ddl_session(dsn) as session:
        yield session


def _do(dsn: str, *statements: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def _changes(tmp_path: Path, text: str) -> Changes:
    path = tmp_path / "changes.sql"
    path.write_text(text)
    return read_changes(path)


@pytest.fixture
def prepared(session: DdlSession, tmp_path: Path) -> Callable[[str], Prepared]:
    return lambda text: prepare(_changes(tmp_path, text), session.catalog, allow_locks=True)


def _journal(session: DdlSession, tmp_path: Path, text: str) -> Journal:
    made = prepare(_changes(tmp_path, text), session.catalog, allow_locks=True)
    return create(tmp_path / "journal", session.place, made.steps)


def _indexes(session: DdlSession) -> list[tuple[object, ...]]:
    query = "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid), indisvalid FROM pg_index WHERE indrelid > 16000 ORDER BY 1"
    with psycopg.connect(session.dsn, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


@contextmanager
def _holding(dsn: str, statement: str) -> Iterator[psycopg.Connection]:
    """Hold a transaction that has run the statement."""
    with psycopg.connect(dsn, application_name="report") as connection:
        connection.execute(statement.encode())
        yield connection


@BOTH
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE INDEX ON app.t (a)",
        "CREATE INDEX other_name ON app.t USING btree (a text_ops ASC NULLS LAST)",
        'CREATE INDEX IF NOT EXISTS t_a_idx ON app.t ("a")',
        "CREATE INDEX CONCURRENTLY t_a_idx ON ONLY app.t (a)",
    ],
)
def test_an_index_that_does_the_same_is_there_already(
    prepared: Callable[[str], Prepared], statement: str
) -> None:
    made = prepared(statement)
    assert made.steps.do == ()
    assert "app.t_a_idx already does" in made.notes[0]


@BOTH
def test_an_index_is_known_by_what_it_does_not_by_how_it_is_written(
    session: DdlSession, prepared: Callable[[str], Prepared]
) -> None:
    _do(session.dsn, "CREATE INDEX e ON app.t (lower(t.a), (b + 1)) WHERE a LIKE 'x%' AND b IN (1, 2)")
    made = prepared("create index on app.t (LOWER(t.a), (b+1)) where a like 'x%' and b in (1,2)")
    assert made.steps.do == ()


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("CREATE INDEX ON app.nowhere (a)", "there is no table app.nowhere"),
        ("CREATE INDEX ON app.t (nothing)", 'column "nothing" does not exist'),
        ("CREATE INDEX ON app.t (a gin_trgm_ops)", "gin_trgm_ops"),
        ("CREATE INDEX ON app.t (random())", "IMMUTABLE"),
        ("CREATE INDEX t_a_idx ON app.t (b)", "is something else"),
        ("CREATE INDEX child ON app.t (b)", "is something else"),
        ("CREATE INDEX x ON app.t (b); CREATE INDEX x ON app.p (v)", "creates app.x too"),
        ("CREATE INDEX ON ONLY app.p (v)", "ON ONLY"),
        ("DROP INDEX app.t", "is no index"),
        ("CREATE INDEX ON app.t (a); DROP INDEX app.t_a_idx", "does what"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_done(
    session: DdlSession, prepared: Callable[[str], Prepared], statement: str, message: str
) -> None:
    before = _indexes(session)
    with pytest.raises(UsageError, match=message):
        prepared(statement)
    assert _indexes(session) == before


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("DROP INDEX app.t_pkey", "constraint t_pkey stands on it"),
        ("DROP INDEX app.p1_v_idx", "is a part of app.p_v_idx"),
        ("DROP INDEX app.t_a_idx", "replica identity"),
    ],
)
def test_an_index_that_something_stands_on_is_not_dropped(
    session: DdlSession, prepared: Callable[[str], Prepared], statement: str, reason: str
) -> None:
    _do(
        session.dsn,
        "CREATE INDEX ON app.p (v)",
        "CREATE UNIQUE INDEX u ON app.t (a)",
        "DROP INDEX app.t_a_idx",
        "ALTER INDEX app.u RENAME TO t_a_idx",
        "ALTER TABLE app.t REPLICA IDENTITY USING INDEX t_a_idx",
    )
    assert reason in prepared(statement).refusals[0].message


def test_a_partitioned_index_is_dropped_only_when_locks_are_allowed(
    session: DdlSession, tmp_path: Path
) -> None:
    _do(session.dsn, "CREATE INDEX ON app.p (v)")
    changes = _changes(tmp_path, "DROP INDEX app.p_v_idx")
    assert "--allow-locks" in prepare(changes, session.catalog).refusals[0].hint
    assert prepare(changes, session.catalog, allow_locks=True).refusals == ()


@BOTH
def test_no_limit_of_the_role_cuts_a_build_short(dsn: str) -> None:
    limits = ("statement_timeout", "lock_timeout", "idle_session_timeout", "transaction_timeout")
    options = " ".join(f"-c {name}=1000" for name in limits[:3]) + " -c default_transaction_read_only=on"
    with ddl_session(f"{dsn}&options={quote(options)}") as session:
        for name in limits:
            query = "SELECT coalesce(current_setting(%s, true), '0')"
            assert session.connection.execute(query, [name]).fetchone() == ("0",)
        session.run("CREATE INDEX CONCURRENTLY ON app.t (b)", "")


@BOTH
@pytest.mark.parametrize(
    "definition",
    ["(a)", "(lower(a), b) INCLUDE (id)", "((b + 1), (id * 2))", "(é)", "(column_with_a_long_name, b)"],
)
@pytest.mark.parametrize(
    "table", ["short", "table_" + "é" * 26, "a_table_whose_name_is_as_long_as_a_name_of_postgres_may_be"]
)
def test_an_index_without_a_name_gets_the_one_that_the_server_would_give_it(
    session: DdlSession, prepared: Callable[[str], Prepared], table: str, definition: str
) -> None:
    columns = "a text, b int, id int, é int, column_with_a_long_name int"
    _do(session.dsn, f'CREATE TABLE app."{table}" ({columns})', f'CREATE INDEX ON app."{table}" ((1))')
    statement = f'CREATE INDEX ON app."{table}" {definition}'
    (step,) = (step for step in prepared(statement).steps.do if step.index)
    before = {name for name, *_ in _indexes(session)}
    _do(session.dsn, statement)
    (made,) = {name for name, *_ in _indexes(session)} - before
    assert step.index is not None
    assert made == f"app.{quote_name(step.index.name)}"


@BOTH
def test_everything_is_applied_and_everything_is_taken_back(session: DdlSession, tmp_path: Path) -> None:
    _do(
        session.dsn,
        "CREATE INDEX own ON app.p21 (v DESC)",
        "CREATE INDEX gone ON app.p (k, v)",
        "DROP INDEX app.t_a_idx",
        "CREATE INDEX t_a_idx ON app.t (a, upper(a))",
        "COMMENT ON INDEX app.t_a_idx IS 'it''s \\old'",
        "ALTER INDEX app.t_a_idx ALTER COLUMN 2 SET STATISTICS 500",
        "ALTER TABLE app.t CLUSTER ON t_a_idx",
    )
    before = _indexes(session)
    dropped = session.catalog.index("app", "t_a_idx")
    text = (
        "CREATE INDEX ON app.t (lower(a)); CREATE INDEX ON app.p (v DESC); DROP INDEX app.t_a_idx, app.gone"
    )
    journal = _journal(session, tmp_path, text)
    list(carry_out(journal, Run.DO, session))
    after = _indexes(session)
    assert all(valid for *_, valid in after)
    assert {name for name, *_ in after} - {name for name, *_ in before} == {
        "app.t_lower_idx", "app.p_v_idx", "app.p1_v_idx", "app.p2_v_idx"
    }  # fmt: skip
    assert ahead(load(journal.path), Run.DO, session) == ()
    list(carry_out(load(journal.path), Run.UNDO, session))
    assert _indexes(session) == before
    assert dropped is not None
    assert len(dropped.further) == 3
    made_again = session.catalog.index("app", "t_a_idx")
    assert made_again is not None
    assert replace(made_again, size_bytes=0) == replace(dropped, size_bytes=0)


@pytest.fixture
def ssd(session: DdlSession) -> Iterator[str]:
    """Yield the name of a tablespace of the test's own."""
    _do(session.dsn, "SET allow_in_place_tablespaces = on", "CREATE TABLESPACE ssd LOCATION ''")
    yield "ssd"
    _do(session.dsn, "DROP SCHEMA app CASCADE", "DROP TABLESPACE ssd")


def _known(session: DdlSession) -> list[Index]:
    """Return all that is known of the indexes on the partitioned table and its partitions, but for their sizes."""
    found = (index for table in session.catalog.tables("app", "p") for index in table.indexes)
    return [replace(index, size_bytes=0) for index in found]


@BOTH
def test_what_became_part_of_an_index_is_as_it_was_after_the_undo_and_told_before(
    session: DdlSession, prepared: Callable[[str], Prepared], tmp_path: Path, ssd: str
) -> None:
    _do(
        session.dsn,
        f"CREATE INDEX own ON app.p1 (abs(v)) TABLESPACE {ssd}",
        "COMMENT ON INDEX app.own IS 'its own'",
        "ALTER INDEX app.own ALTER COLUMN 1 SET STATISTICS 500",
        "ALTER TABLE app.p1 CLUSTER ON own",
        "CREATE INDEX own_too ON app.p2 (abs(v))",
    )
    before = _known(session)
    text = "CREATE INDEX ON app.p (abs(v))"
    (note,) = prepared(text).notes
    assert note.startswith("app.own, app.own_too, app.p21_abs_idx become parts of app.p_abs_idx")
    journal = _journal(session, tmp_path, text)
    list(carry_out(journal, Run.DO, session))
    assert {index.parent for index in _known(session) if index.name.name.startswith("own")} == {
        Name("app", "p_abs_idx")
    }
    list(carry_out(load(journal.path), Run.UNDO, session))
    assert _known(session) == before


@BOTH
@pytest.mark.parametrize("is_dropped", [True, False])
def test_each_part_of_a_dropped_index_is_as_it_was_after_the_undo(
    session: DdlSession, tmp_path: Path, ssd: str, monkeypatch: pytest.MonkeyPatch, *, is_dropped: bool
) -> None:
    _do(
        session.dsn,
        f"CREATE INDEX own ON app.p1 (abs(v) DESC) WITH (fillfactor = 70) TABLESPACE {ssd}",
        "CREATE INDEX gone ON app.p (abs(v))",
        "COMMENT ON INDEX app.own IS 'its own'",
        "ALTER INDEX app.p21_abs_idx ALTER COLUMN 1 SET STATISTICS 500",
    )
    before = _known(session)
    assert {index.parent for index in before} == {None, Name("app", "gone"), Name("app", "p2_abs_idx")}
    journal = _journal(session, tmp_path, "DROP INDEX app.gone")
    if is_dropped:
        list(carry_out(journal, Run.DO, session))
        assert _known(session) == []
    else:
        monkeypatch.setattr("perfkit.db.ddl.BRIEF_TRIES", 1)
        with _holding(session.dsn, "SELECT FROM app.p"), pytest.raises(GuardError, match="no moment"):
            list(carry_out(journal, Run.DO, session))
    list(carry_out(load(journal.path), Run.UNDO, session))
    assert _known(session) == before


def test_an_invalid_index_is_made_again(session: DdlSession, tmp_path: Path) -> None:
    _do(session.dsn, "UPDATE app.t SET b = 1")
    with pytest.raises(psycopg.errors.UniqueViolation):
        _do(session.dsn, "CREATE UNIQUE INDEX CONCURRENTLY half ON app.t (b)")
    _do(session.dsn, "UPDATE app.t SET b = id")
    journal = _journal(session, tmp_path, "CREATE UNIQUE INDEX u ON app.t (b)")
    list(carry_out(journal, Run.DO, session))
    made = session.catalog.index("app", "u")
    assert made is not None
    assert made.valid
    assert session.catalog.index("app", "half") is None


def test_a_build_that_fails_leaves_nothing(session: DdlSession, tmp_path: Path) -> None:
    before = _indexes(session)
    journal = _journal(session, tmp_path, "CREATE UNIQUE INDEX u ON app.p21 (k)")
    with pytest.raises(StatementError):
        list(carry_out(journal, Run.DO, session))
    assert [valid for name, _, valid in _indexes(session) if name == "app.u"] == [False]
    told: list[str] = []
    assert clean_up(journal, lambda: ddl_session(session.dsn), told.append)
    assert _indexes(session) == before
    assert told == ["perfkit: cleaning up: DROP INDEX CONCURRENTLY app.u"]


def test_another_index_of_the_same_name_is_left_alone(session: DdlSession, tmp_path: Path) -> None:
    journal = _journal(session, tmp_path, "CREATE INDEX mine ON app.t (b)")
    _do(session.dsn, "CREATE INDEX mine ON app.t (b DESC)")
    with pytest.raises(GuardError, match="not the index that the journal knows"):
        list(carry_out(journal, Run.DO, session))
    with pytest.raises(GuardError, match="not the index that the journal knows"):
        list(carry_out(load(journal.path), Run.UNDO, session))
    assert session.catalog.index("app", "mine") is not None


def test_an_index_of_the_name_that_does_something_else_does_not_count_as_done(
    session: DdlSession, tmp_path: Path
) -> None:
    journal = _journal(session, tmp_path, "CREATE INDEX mine ON app.t (b)")
    _do(session.dsn, "CREATE INDEX mine ON app.t (b DESC)")
    assert len(ahead(journal, Run.DO, session)) == 1


def test_a_partition_that_came_too_early_is_told_and_built_by_the_next_run(
    session: DdlSession, tmp_path: Path
) -> None:
    text = "CREATE INDEX ON app.p (v)"
    journal = _journal(session, tmp_path, text)
    _do(session.dsn, "CREATE TABLE app.p22 PARTITION OF app.p2 FOR VALUES FROM (100) TO (200)")
    with pytest.raises(GuardError, match="not valid yet"):
        list(carry_out(journal, Run.DO, session))
    journal.path.unlink()
    results = list(carry_out(_journal(session, tmp_path, text), Run.DO, session))
    assert [result.step.table.name for result in results] == ["p22"] * 2
    whole = session.catalog.index("app", "p_v_idx")
    assert whole is not None
    assert whole.valid


@pytest.mark.parametrize(("gone", "steps"), [("p1", 2), ("p2", 4)])
def test_a_table_that_is_gone_needs_no_index(
    session: DdlSession, tmp_path: Path, gone: str, steps: int
) -> None:
    journal = _journal(session, tmp_path, "CREATE INDEX ON app.p (v)")
    _do(session.dsn, f"DROP TABLE app.{gone}")
    results = list(carry_out(journal, Run.DO, session))
    skipped = [result.outcome for result in results if result.step.table.name.startswith(gone)]
    assert skipped == ["skipped"] * steps
    whole = session.catalog.index("app", "p_v_idx")
    assert whole is not None
    assert whole.valid


@BOTH
@pytest.mark.parametrize("detached", ["p1", "p2"])
def test_a_partition_that_is_detached_meanwhile_is_left_out_and_taken_back(
    session: DdlSession, tmp_path: Path, detached: str
) -> None:
    journal = _journal(session, tmp_path, "CREATE INDEX ON app.p (v)")
    before = _indexes(session)
    steps = carry_out(journal, Run.DO, session)
    while next(steps).step.table.name != "p21":  # the last of those that are built
        pass
    _do(session.dsn, f"ALTER TABLE app.p DETACH PARTITION app.{detached}")
    assert [each.step.table.name for each in steps if each.outcome == "skipped"] == [detached]
    assert all(valid for *_, valid in _indexes(session))
    list(carry_out(load(journal.path), Run.DO, session))
    list(carry_out(load(journal.path), Run.UNDO, session))
    assert _indexes(session) == before


def test_a_whole_that_the_last_part_to_be_attached_left_is_told_and_taken_back(
    session: DdlSession, prepared: Callable[[str], Prepared], tmp_path: Path
) -> None:
    text = "CREATE INDEX ON app.p (v)"
    journal = _journal(session, tmp_path, text)
    before = _indexes(session)
    steps = carry_out(journal, Run.DO, session)
    while next(steps).step.statement != "ALTER INDEX app.p_v_idx ATTACH PARTITION app.p1_v_idx":
        pass
    _do(session.dsn, "ALTER TABLE app.p DETACH PARTITION app.p2")
    with pytest.raises(GuardError, match="not valid yet") as caught:
        list(steps)
    assert prepared(text).steps.do == ()
    assert "--undo" in caught.value.hint
    list(carry_out(load(journal.path), Run.UNDO, session))
    assert _indexes(session) == before


@BOTH
def test_the_application_waits_less_than_a_second_while_a_lock_is_not_to_be_had(
    session: DdlSession, tmp_path: Path
) -> None:
    journal = _journal(session, tmp_path, "CREATE INDEX ON app.p (v)")
    over = threading.Event()
    longest_s = 0.0

    def write() -> None:
        nonlocal longest_s
        with psycopg.connect(session.dsn, autocommit=True) as connection:
            while not over.is_set():
                began = time.monotonic()
                connection.execute("INSERT INTO app.p VALUES (1, 1)")
                longest_s = max(longest_s, time.monotonic() - began)

    writer = threading.Thread(target=write)
    with _holding(session.dsn, "UPDATE app.p SET v = v WHERE k = 1 AND v = 1") as holder:
        writer.start()
        threading.Timer(2.5, holder.commit).start()
        list(carry_out(journal, Run.DO, session))
    over.set()
    writer.join()
    assert longest_s < 1


def test_a_statement_that_is_too_long_itself_is_not_tried_as_often_as_one_that_waits_for_a_lock(
    session: DdlSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perfkit.db.ddl.BRIEF_PAUSE_S", 0.0)
    monkeypatch.setattr("perfkit.db.ddl.BRIEF_TRIES", 8)
    _do(session.dsn, "CREATE SEQUENCE app.tries")
    with pytest.raises(GuardError, match="not done within 700 ms"):
        session.run_briefly("SELECT nextval('app.tries'), pg_sleep(1)")
    with (
        _holding(session.dsn, "LOCK app.t IN SHARE MODE"),
        pytest.raises(GuardError, match="no moment was found"),
    ):
        session.run_briefly("DROP INDEX app.t_a_idx")
    with psycopg.connect(session.dsn) as connection:
        assert connection.execute("SELECT last_value FROM app.tries").fetchone() == (3,)


@BOTH
def test_transactions_that_a_build_would_wait_for_are_named(session: DdlSession) -> None:
    tables = [Name("app", "t")]
    assert session.blockers(tables, 0) == ()
    with _holding(session.dsn, "SELECT FROM app.child"):  # its snapshot is over, its lock is on another table
        assert session.blockers(tables, 0) == ()
    with _holding(session.dsn, "SELECT FROM app.t") as holder:
        (blocker,) = session.blockers(tables, 0)
        (refusal,) = long_transactions([blocker])
        assert f"process {holder.info.backend_pid} (user postgres, application report" in refusal.message
        assert session.blockers(tables, 60) == ()
    with _holding(session.dsn, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT FROM app.child"):
        assert len(session.blockers(tables, 0)) == 1


def test_two_sessions_do_not_meet(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perfkit.db.ddl.LOCK_PATIENCE_S", 0.0)
    with ddl_session(dsn) as first, ddl_session(dsn) as second:
        first.take_lock()
        with pytest.raises(GuardError, match=f"process {first.connection.info.backend_pid} .*perfkit"):
            second.take_lock()
        first.close()
        monkeypatch.setattr("perfkit.db.ddl.LOCK_PATIENCE_S", 10.0)
        second.take_lock()


def test_the_lock_has_a_key_of_its_own(dsn: str) -> None:
    with ddl_session(dsn) as session:
        session.take_lock()
        with psycopg.connect(dsn) as other:
            query = "SELECT pg_try_advisory_lock(%s, 1)"
            assert other.execute(query, [APPLY_LOCK]).fetchone() == (True,)


def test_the_room_on_disk_is_known_where_the_server_is_this_machine_s_and_says_its_place(
    session: DdlSession,
) -> None:
    assert (free_bytes(session.connection) or 0) > 0
    with session.connection.transaction(force_rollback=True):
        session.connection.execute("CREATE ROLE untold")
        session.connection.execute("SET ROLE untold")
        assert free_bytes(session.connection) is None


@pytest.mark.parametrize(
    ("definition", "is_sure"),
    [
        ("(id, b)", True),
        ("USING hash (a)", True),
        ("(b) WHERE b > 5", False),
        ("(upper(a))", False),
        ("USING brin (id)", False),
    ],
)
def test_of_full_indexes_alone_is_sure_how_much_room_they_take(
    session: DdlSession, prepared: Callable[[str], Prepared], definition: str, *, is_sure: bool
) -> None:
    _do(session.dsn, "UPDATE app.t SET a = a || repeat('x', 200)", "ANALYZE app.t")
    statement = f"CREATE INDEX made ON app.t {definition}"
    (size,) = prepared(statement).sizes
    _do(session.dsn, statement)
    made = session.catalog.index("app", "made")
    assert made is not None
    assert bool(size.sure_bytes) is is_sure
    assert size.sure_bytes <= made.size_bytes <= size.most_bytes * 2


@BOTH
@pytest.mark.parametrize(
    ("index", "least_part"),
    [
        ("INDEX made ON app.many (status)", 0.5),
        ("INDEX made ON app.many (note)", 0.5),
        ("INDEX made ON app.many USING hash (status)", 0.01),
        ("INDEX made ON app.many USING hash (note)", 0.1),
        ("UNIQUE INDEX made ON app.many (id) WITH (fillfactor = 100)", 0.9),
        ("UNIQUE INDEX made ON app.many (code)", 0.8),
    ],
)
def test_sure_is_no_more_than_an_index_takes_whose_rows_share_their_keys(
    session: DdlSession, prepared: Callable[[str], Prepared], index: str, least_part: float
) -> None:
    _do(
        session.dsn,
        "CREATE TABLE app.many (id int NOT NULL, status int, note text, code int)",
        "INSERT INTO app.many SELECT n, n % 5, CASE WHEN n % 100 = 0 THEN repeat('x', 200) || n END,"
        " CASE WHEN n % 100 = 0 THEN n END FROM generate_series(1, 50000) AS n",
        "ANALYZE app.many",
    )
    (size,) = prepared(f"CREATE {index}").sizes
    _do(session.dsn, f"CREATE {index}")
    made = session.catalog.index("app", "made")
    assert made is not None
    assert made.size_bytes * least_part < size.sure_bytes <= made.size_bytes


def test_an_index_in_a_tablespace_of_its_own_takes_no_room_where_the_data_are(
    prepared: Callable[[str], Prepared], ssd: str
) -> None:
    made = prepared(f"CREATE INDEX ON app.t (id, b) TABLESPACE {ssd}")
    assert made.sizes == ()
    assert made.notes[0].startswith(
        "app.t_id_b_idx is built in tablespace ssd, whose room is not looked at: at most about "
    )


def test_a_role_that_does_not_own_the_table_is_told_before_the_first_step(
    session: DdlSession, prepared: Callable[[str], Prepared]
) -> None:
    with session.connection.transaction(force_rollback=True):
        session.connection.execute("CREATE ROLE stranger")
        session.connection.execute("GRANT USAGE ON SCHEMA app TO stranger")
        session.connection.execute("SET ROLE stranger")
        made = prepared("CREATE INDEX ON app.t (b); DROP INDEX app.t_a_idx")
        assert [refusal.message for refusal in made.refusals] == [
            "app.t belongs to postgres, and only its owner may change its indexes"
        ]
