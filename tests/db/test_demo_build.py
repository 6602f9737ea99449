"""The build of the alumni database: the same for a seed, whole or not at all, on every server."""

import threading
from collections.abc import Callable
from contextlib import closing

import psycopg
import pytest

from perfkit.demo.build import BuildInfo, BuildReport, alumni_status, build_alumni
from perfkit.demo.role import create_database, create_role, create_statement_statistics
from perfkit.demo.steps import VERSION, relations, stages
from perfkit.embedded import PostgresServer
from perfkit.errors import MeasureError, UsageError

Connect = Callable[[], "psycopg.Connection[tuple[object, ...]]"]


def connecting(dsn: str) -> Connect:
    return lambda: psycopg.connect(dsn, autocommit=True)


def build(dsn: str, *, alumni: int = 1000, seed: int = 1, replace: bool = False) -> BuildReport:
    return build_alumni(connecting(dsn), alumni=alumni, seed=seed, replace=replace)


def checksums(dsn: str, value: str = "t::text") -> dict[str, tuple[int, str]]:
    """Return rows and a checksum of all values of each table."""
    with psycopg.connect(dsn) as connection:
        connection.execute("SET timezone = 'UTC'")
        found = {}
        for table in relations():
            if table != "build_info":
                row = connection.execute(
                    f"SELECT count(*), coalesce(sum(hashtextextended({value}, 0)::numeric), 0)::text FROM alumni.{table} t"
                ).fetchone()
                assert row is not None
                found[table] = row
        return found


def status(dsn: str) -> BuildInfo | None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        return alumni_status(connection)


@pytest.mark.both_servers
def test_a_build_reports_what_it_made(database: str) -> None:
    assert status(database) is None
    labels: list[tuple[str, int, int]] = []
    report = build_alumni(
        connecting(database), alumni=1000, seed=7, progress=lambda *step: labels.append(step)
    )
    assert status(database) == BuildInfo(alumni=1000, seed=7, version=VERSION)
    assert {table.name: table.rows for table in report.tables if table.name != "build_info"} == {
        name: rows for name, (rows, _) in checksums(database).items()
    }
    assert report.missing == ()
    assert len(report.tables) >= 14
    assert all(table.rows > 0 and table.size_bytes > 0 for table in report.tables)
    assert 20_000 < report.rows < 60_000
    total = labels[0][2]
    assert [done for _, done, _ in labels] == list(range(1, total + 1))
    assert labels[-1] == ("done", total, total)


def test_the_same_seed_makes_the_same_data_and_another_seed_other_data(database: str) -> None:
    build(database, seed=1)
    first, placed = checksums(database), checksums(database, "ctid::text || t::text")
    build(database, seed=1, replace=True)
    assert checksums(database) == first
    # Even in the same places, so that two databases of a seed cost the same buffers
    assert checksums(database, "ctid::text || t::text") == placed
    build(database, seed=2, replace=True)
    other = checksums(database)
    fixed = {"schools", "programmes", "chapters", "funds", "staff"}
    assert {table for table in first if first[table][1] == other[table][1]} == fixed


def test_two_server_versions_make_the_same_data(postgres: PostgresServer, postgres15: PostgresServer) -> None:
    made = []
    for server in (postgres, postgres15):
        with psycopg.connect(server.dsn, autocommit=True) as connection:
            connection.execute("CREATE DATABASE same_data")
        try:
            build(server.dsn_for("same_data"))
            made.append(checksums(server.dsn_for("same_data")))
        finally:
            with psycopg.connect(server.dsn, autocommit=True) as connection:
                connection.execute("DROP DATABASE same_data WITH (FORCE)")
    assert made[0] == made[1]


def test_rows_grow_in_proportion_to_the_alumni(database: str) -> None:
    small = {table.name: table.rows for table in build(database, alumni=1000).tables}
    large = {table.name: table.rows for table in build(database, alumni=3000, replace=True).tables}
    for table in ("people", "communications", "gifts", "employment", "event_registrations", "emails"):
        assert 2.6 < large[table] / small[table] < 3.4, table


def test_a_finished_database_is_not_replaced_unless_asked(database: str) -> None:
    build(database)
    before = checksums(database)
    with pytest.raises(UsageError, match="schema alumni already"):
        build(database, seed=2)
    assert checksums(database) == before
    build(database, seed=2, replace=True)
    assert checksums(database) != before


def test_a_schema_of_another_maker_is_not_replaced_unless_asked(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA alumni CREATE TABLE mine (a int)")
        with pytest.raises(UsageError, match="schema alumni already"):
            build(database)
        assert connection.execute("SELECT to_regclass('alumni.mine') IS NOT NULL").fetchone() == (True,)
    assert status(database) is None


def stop_at(label: str) -> Callable[[str, int, int], None]:
    def progress(current: str, _done: int, _total: int) -> None:
        if current == label:
            raise KeyboardInterrupt

    return progress


@pytest.mark.parametrize("label", ["schema", "communications", "keys", "vacuum", "triggers"])
def test_an_interrupted_build_counts_as_none_and_the_next_one_is_whole(database: str, label: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        build_alumni(connecting(database), alumni=1000, seed=1, progress=stop_at(label))
    assert status(database) is None
    with psycopg.connect(database) as connection:
        others = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND state = 'active' AND backend_type = 'client backend'"
        ).fetchone()
    assert others == (0,)
    report = build(database)
    assert status(database) == BuildInfo(1000, 1, VERSION)
    assert report.rows > 20_000


def test_the_last_step_of_all_is_the_mark_of_the_end() -> None:
    *others, last = stages(alumni=1000, seed=1, with_trigrams=True)
    assert [step.sql.split("(")[0] for step in last] == ["INSERT INTO alumni.build_info VALUES "]
    assert not any("INSERT INTO alumni.build_info" in step.sql for stage in others for step in stage)


def test_an_error_in_one_connection_ends_the_build_with_that_error(database: str) -> None:
    class Failing:
        def __init__(self) -> None:
            self.real = psycopg.connect(database, autocommit=True)
            self.cancel, self.close = self.real.cancel, self.real.close

        def execute(self, query: str, /) -> "psycopg.Cursor[tuple[object, ...]]":
            return self.real.execute("SELECT 1 / 0" if "send(17)" in query else query)

    with pytest.raises(psycopg.errors.DivisionByZero):
        build_alumni(Failing, alumni=1000, seed=1)
    assert status(database) is None


def test_two_builds_at_once_are_refused(database: str) -> None:
    reached, go_on = threading.Event(), threading.Event()

    def progress(label: str, _done: int, _total: int) -> None:
        if label == "schema":
            reached.set()
            assert go_on.wait(30)

    first = threading.Thread(
        target=build_alumni, args=(connecting(database),), kwargs={"alumni": 1000, "progress": progress}
    )
    first.start()
    try:
        assert reached.wait(30)
        with pytest.raises(MeasureError, match="another build"):
            build(database, replace=True)
    finally:
        go_on.set()
        first.join(60)
    assert status(database) is not None


@pytest.mark.parametrize("alumni", [0, 999, 5_000_001])
def test_a_size_out_of_range_is_refused_before_anything_is_done(alumni: int) -> None:
    def connect() -> psycopg.Connection[tuple[object, ...]]:
        raise AssertionError("connected")

    with pytest.raises(UsageError, match="cannot make"):
        build_alumni(connect, alumni=alumni)


def test_without_the_extensions_the_build_says_so_and_leaves_their_indexes_out(database: str) -> None:
    class Bare:
        """A server on which no extension is available."""

        def __init__(self) -> None:
            self.real = psycopg.connect(database, autocommit=True)
            self.cancel, self.close = self.real.cancel, self.real.close

        def execute(self, query: str, /) -> "psycopg.Cursor[tuple[object, ...]]":
            return self.real.execute("SELECT false" if "pg_available_extension" in query else query)

    report = build_alumni(Bare, alumni=1000, seed=1)
    assert report.missing == ("pg_trgm", "unaccent")
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT alumni.fold('ÉTÉ')").fetchone() == ("été",)
        assert connection.execute("SELECT to_regclass('alumni.people_family_trigram_idx')").fetchone() == (
            None,
        )
    assert build(database, replace=True).missing == ()
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT alumni.fold('ÉTÉ')").fetchone() == ("ete",)


@pytest.mark.both_servers
def test_an_ordinary_role_owns_builds_reads_and_writes_it(server: PostgresServer) -> None:
    with psycopg.connect(server.dsn, autocommit=True) as superuser:
        try:
            for _ in range(2):  # what is there already is left as it is
                create_role(superuser, password="it's secret")
                create_database(superuser)
            with psycopg.connect(server.dsn_for("perfkit_demo"), autocommit=True) as there:
                assert create_statement_statistics(there)
            dsn = server.dsn_for("perfkit_demo", "perfkit_demo", "it's secret")
            assert build(dsn).missing == ()
            assert_ordinary(dsn)
        finally:
            superuser.execute("DROP DATABASE perfkit_demo WITH (FORCE)")
            superuser.execute("DROP ROLE perfkit_demo")


def assert_ordinary(dsn: str) -> None:
    with closing(psycopg.connect(dsn)) as connection:
        assert connection.execute(
            "SELECT rolsuper, rolcreatedb, rolcreaterole, pg_has_role('pg_monitor', 'usage'), current_setting('timezone')"
            " FROM pg_roles WHERE rolname = current_user"
        ).fetchone() == (False, False, False, True, "UTC")
        assert connection.execute(
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'alumni'::regnamespace AND relowner <> current_user::regrole"
        ).fetchone() == (0,)
        connection.execute("UPDATE alumni.people SET headline = 'New' WHERE person_id = 1")
        connection.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY alumni.giving_by_year")
        assert connection.execute("SELECT count(*) > 0 FROM pg_stat_statements").fetchone() == (True,)


def test_a_password_that_cannot_be_quoted_is_refused(postgres: PostgresServer) -> None:
    with psycopg.connect(postgres.dsn, autocommit=True) as superuser:
        for password in ("", "a\\", "a\0"):
            with pytest.raises(UsageError, match="password"):
                create_role(superuser, password=password)
