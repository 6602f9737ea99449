"""Profiling a known load: three sessions asleep, one computing, a chain of three whose root is known; on 18 and on 15."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from threading import Event, Thread

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from perfkit.catalog.load import load_catalog
from perfkit.db.guard import Guard
from perfkit.db.profile import GuardedProfileReader, own_ids, profile_reader
from perfkit.profile.counters import Missing, difference
from perfkit.profile.model import By
from perfkit.profile.profile import Profile, Window, ids_of, profile_of
from perfkit.profile.sampling import Pace, Surroundings, record
from perfkit.profile.statements import Marks, Name, marks_of
from tests.db.office import Office

SLEEP = "SELECT pg_sleep(60), 'secret of the sleeper'"
COMPUTE = "SELECT count(*) FROM generate_series(1, 100000000000) AS busy"
UPDATE = 'UPDATE "Alumni Office".gift SET amount = 7 WHERE id = {}'
CATALOG = """
-- name: gift_update
-- param: gift int
-- allow: write  the office enters it
-- case: first  gift=1
UPDATE "Alumni Office".gift SET amount = 8 WHERE id = :gift;
"""
NO_MARKS = Marks({}, {}, {})


@contextmanager
def session(dsn: str, application: str, *statements: str) -> Iterator[int]:
    """Run statements in a transaction, the last one as long as the block lasts; yields the session's pid."""
    connection = psycopg.connect(make_conninfo(dsn, application_name=application))
    *first, last = statements
    for statement in first:
        connection.execute(statement.encode())

    def run() -> None:
        with suppress(psycopg.Error):  # it is ended within the statement
            connection.execute(last.encode())

    thread = Thread(target=run)
    thread.start()
    try:
        yield connection.info.backend_pid
    finally:
        with psycopg.connect(dsn, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])
        thread.join()
        connection.close()


def wait_until(dsn: str, condition: str) -> None:
    deadline = time.monotonic() + 20
    with psycopg.connect(dsn, autocommit=True) as connection:
        while connection.execute(f"SELECT {condition}".encode()).fetchone() != (True,):
            assert time.monotonic() < deadline, f"never: {condition}"
            time.sleep(0.02)


def look(reader: GuardedProfileReader, seconds: float, marks: Marks = NO_MARKS) -> Profile:
    server, before = reader.server(), reader.counted()
    around = Surroundings(clock=time.perf_counter, wait=Event().wait, chance=Random(7))
    recording = record(reader, Pace(seconds=seconds, rate=20), around)
    counted = difference(before, reader.counted())
    texts = reader.texts(ids_of(recording, counted))
    window = Window(
        server=server,
        began_at=datetime.now(UTC),
        recording=recording,
        counted=counted,
        texts=texts,
        own_ids=own_ids(texts),
    )
    return profile_of(window, marks)


def parts(profile: Profile, by: By) -> dict[str, float]:
    return {share.name.text: share.share for share in profile.shares[by]}


@pytest.fixture
def marks(tmp_path: Path) -> Marks:
    (tmp_path / "office.sql").write_text(CATALOG)
    return marks_of(load_catalog(tmp_path))


@pytest.mark.both_servers
def test_time_goes_where_it_is_known_to_go(office: Office, marks: Marks) -> None:
    dsn = office.superuser_dsn
    with ExitStack() as load:
        for _ in range(3):
            load.enter_context(session(dsn, "sleeper", SLEEP))
        load.enter_context(session(dsn, "computer", COMPUTE))
        # Idle in its transaction; the second waits for it and holds what the third waits for.
        root = load.enter_context(session(dsn, "root", UPDATE.format(1), "SELECT 1"))
        load.enter_context(session(dsn, "middle", UPDATE.format(2), UPDATE.format(1)))
        load.enter_context(session(dsn, "last", UPDATE.format(2)))
        wait_until(dsn, "count(*) = 2 FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        wait_until(
            dsn,
            "count(*) = 4 FROM pg_stat_activity WHERE application_name IN ('sleeper', 'computer') AND state = 'active'",
        )
        with profile_reader(dsn, Guard()) as reader:
            profile = look(reader, 2.0, marks)

    # Six sessions at all times; a share that is off by one session is wrong.
    assert profile.load.sessions == pytest.approx(6, abs=0.5)
    waits = parts(profile, By.WAIT)
    assert waits["Timeout:PgSleep"] == pytest.approx(3 / 6, abs=0.07)
    assert waits["Lock:transactionid"] == pytest.approx(2 / 6, abs=0.07)
    assert waits["CPU"] == pytest.approx(1 / 6, abs=0.07)
    queries = parts(profile, By.QUERY)
    assert queries["gift_update"] == pytest.approx(2 / 6, abs=0.07)
    assert queries["SELECT pg_sleep(?), ?"] == pytest.approx(3 / 6, abs=0.07)
    assert "secret" not in str(queries)
    applications = parts(profile, By.APPLICATION)
    assert set(applications) == {"sleeper", "computer", "middle", "last"}
    sure = {share.name.text: share.interval for share in profile.shares[By.WAIT]}
    for wait, truth in {"Timeout:PgSleep": 3 / 6, "Lock:transactionid": 2 / 6, "CPU": 1 / 6}.items():
        assert sure[wait].low <= truth <= sure[wait].high
        assert sure[wait].high - sure[wait].low < 0.8

    (blocker,) = profile.blockers
    assert (blocker.pids, blocker.application, blocker.most_waiting) == ((root,), "root", 2)
    assert next(iter(blocker.states)) == "idle in transaction"
    seconds = profile.window.recording.seconds
    assert blocker.held_s == pytest.approx(seconds, rel=0.1)
    assert blocker.waited_s == pytest.approx(2 * seconds, rel=0.1)
    assert blocker.victims == {Name("gift_update", in_catalog=True): pytest.approx(1)}


@pytest.mark.both_servers
def test_counters_tell_what_ended_within_the_window(office: Office, marks: Marks) -> None:
    with psycopg.connect(office.superuser_dsn, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION pg_stat_statements")
    with profile_reader(office.superuser_dsn, Guard()) as reader:
        before = reader.counted()
        with psycopg.connect(office.dsn, autocommit=True) as connection:
            for number in range(1, 31):
                connection.execute(UPDATE.format(number).encode())
            connection.execute('SET search_path = "Alumni Office"')
            for number in range(1, 6):
                connection.execute(f"UPDATE gift SET amount = 9 WHERE id = {number}".encode())
        counted = difference(before, reader.counted())
        assert not isinstance(counted.statements, Missing)
        texts = reader.texts({query_id for query_id, _ in counted.statements})
        around = Surroundings(clock=time.perf_counter, wait=Event().wait, chance=Random(7))
        recording = record(reader, Pace(seconds=0.2, rate=20), around)
        server = reader.server()
    window = Window(
        server=server,
        began_at=datetime.now(UTC),
        recording=recording,
        counted=counted,
        texts=texts,
        own_ids=own_ids(texts),
    )
    profile = profile_of(window, marks)
    named = profile.counts[Name("gift_update", in_catalog=True)]
    assert (named.counts.calls, named.counts.rows) == (35, 35)
    assert named.counts.wal_bytes > 0
    assert named.counts.blocks_hit > 0
    assert [name for name in profile.counts if "pg_" in name.text or "set_config" in name.text] == []
    assert isinstance(counted.io, Missing) == (server.version_num < 160_000)
    if not isinstance(counted.io, Missing):
        assert all(each.read_bytes >= 8192 * each.reads > 0 for each in counted.io.values() if each.reads)


@pytest.mark.both_servers
def test_a_reset_within_the_window_is_said_and_counts_from_there(office: Office) -> None:
    with psycopg.connect(office.superuser_dsn, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION pg_stat_statements")
        for _ in range(20):
            connection.execute("SELECT 42 AS answer")
        with profile_reader(office.superuser_dsn, Guard()) as reader:
            before = reader.counted()
            connection.execute("SELECT pg_stat_statements_reset()")
            for _ in range(3):
                connection.execute("SELECT 42 AS answer")
            counted = difference(before, reader.counted())
            assert not isinstance(counted.statements, Missing)
            texts = reader.texts({query_id for query_id, _ in counted.statements})
    (answer,) = [query_id for query_id, text in texts.items() if text.endswith("AS answer")]
    assert counted.statements[answer, True].calls == 3
    assert ["pg_stat_statements: reset" in note for note in counted.notes] == [True]


@pytest.mark.both_servers
def test_what_is_not_there_or_not_shown_is_missing_and_no_crash(office: Office) -> None:
    with session(office.superuser_dsn, "hidden", SLEEP), profile_reader(office.dsn, Guard()) as reader:
        wait_until(
            office.superuser_dsn,
            "count(*) = 1 FROM pg_stat_activity WHERE application_name = 'hidden' AND state = 'active'",
        )
        profile = look(reader, 0.3)
    assert isinstance(profile.statements, Missing)
    assert "CREATE EXTENSION" in profile.statements.fix
    assert (profile.hidden, profile.load.sightings) == (1, 0)


@pytest.mark.both_servers
def test_a_role_that_may_see_statistics_sees_the_sessions_of_others(office: Office) -> None:
    with psycopg.connect(office.superuser_dsn, autocommit=True) as connection:
        connection.execute("GRANT pg_read_all_stats TO office")
    with session(office.superuser_dsn, "seen", SLEEP), profile_reader(office.dsn, Guard()) as reader:
        wait_until(
            office.superuser_dsn,
            "count(*) = 1 FROM pg_stat_activity WHERE application_name = 'seen' AND state = 'active'",
        )
        profile = look(reader, 0.3)
    assert (profile.hidden, list(parts(profile, By.APPLICATION))) == (0, ["seen"])


def test_a_connection_that_is_lost_ends_the_window(database: str) -> None:
    with profile_reader(database, Guard()) as reader, session(database, "sleeper", SLEEP):
        looks = 0

        def wait(_seconds: float) -> bool:
            nonlocal looks
            looks += 1
            if looks == 4:
                with psycopg.connect(database, autocommit=True) as other:
                    other.execute(
                        sql.SQL("SELECT pg_terminate_backend({})").format(reader.connection.info.backend_pid)
                    )
            return False

        around = Surroundings(clock=time.perf_counter, wait=wait, chance=Random(7))
        recording = record(reader, Pace(seconds=60, rate=50), around)
        assert "connection was lost" in recording.ended_by
        assert len(recording.samples) == 3
        counted = reader.counted()
    assert all(isinstance(each, Missing) for each in (counted.statements, counted.io, counted.database))


def test_nothing_of_the_profiler_is_profiled_or_left(office: Office) -> None:
    with profile_reader(office.superuser_dsn, Guard()) as reader:
        profile = look(reader, 0.5)
        # Between two looks there is no transaction, which would keep VACUUM from its work.
        assert reader.connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    assert profile.load.sightings == 0
    wait_until(office.superuser_dsn, "count(*) = 0 FROM pg_stat_activity WHERE application_name = 'perfkit'")
