"""Transactions: the way to wraparound, who holds back VACUUM, and what was prepared and left."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg

from perfkit.health.model import HealthState
from perfkit.health.thresholds import Limit
from tests.db.health.looking import (
    AT_ONCE,
    CRITICAL_AT_ONCE,
    NEVER,
    WATCHER,
    burn,
    carry_out,
    look,
    run,
    value,
)

_WRAPAROUND = 2**31
_GIFT = "CREATE TABLE gift (id int PRIMARY KEY, amount int)"
_HORIZON = Limit(1_000, 4_000)


def _name(dsn: str) -> str:
    return str(value(dsn, "SELECT current_database()"))


def _age(dsn: str, number: str) -> int:
    ages = {"xid": "age(datfrozenxid)", "multixact": "mxid_age(datminmxid)"}
    return int(value(dsn, f"SELECT max({ages[number]}) FROM pg_database"))


def test_old_transaction_numbers_warn_until_the_database_is_frozen(database: str) -> None:
    run(database, _GIFT)
    limit = (_age(database, "xid") + 1_000) / _WRAPAROUND
    assert look(database, "xid-age").state is HealthState.OK
    assert look(database, "xid-age", wraparound_share=Limit(limit)).state is HealthState.OK
    burn(database, 1_000)
    assert look(database, "xid-age", wraparound_share=Limit(limit, limit)).state is HealthState.CRIT
    found = look(database, "xid-age", wraparound_share=Limit(limit))
    assert found.state is HealthState.WARN
    here = next(each for each in found.outcome.objects if each.name == f"database {_name(database)}")
    assert "VACUUM (FREEZE) pg_catalog." in here.fix
    run(database, "VACUUM (FREEZE)")
    later = look(database, "xid-age", wraparound_share=Limit(limit))
    assert here.name not in {each.name for each in later.outcome.objects}


def test_a_database_that_takes_no_connections_is_told_how_to_take_one(database: str) -> None:
    found = look(database, "xid-age", wraparound_share=AT_ONCE)
    closed = next(each for each in found.outcome.objects if each.name == "database template0")
    assert closed.fix == "ALTER DATABASE template0 ALLOW_CONNECTIONS true, then in it: VACUUM (FREEZE)"


def test_a_temporary_table_that_keeps_numbers_old_is_named_to_be_dropped(database: str) -> None:
    with closing(psycopg.connect(database, autocommit=True)) as long_lived:
        long_lived.execute("CREATE TEMPORARY TABLE basket (id int)")
        burn(database, 100)
        run(database, "VACUUM (FREEZE)")
        found = look(database, "xid-age", wraparound_share=AT_ONCE)
        here = next(each for each in found.outcome.objects if each.name == f"database {_name(database)}")
        assert here.fix.startswith("DROP TABLE pg_temp_")
        assert ".basket;" in here.fix


def test_old_multixacts_warn(database: str) -> None:
    run(database, _GIFT, "INSERT INTO gift VALUES (1, 1)")
    age = _age(database, "multixact")
    limit = (age + 20) / _WRAPAROUND
    assert look(database, "multixact-age").state is HealthState.OK
    assert look(database, "multixact-age", wraparound_share=Limit(limit)).state is HealthState.OK
    # A row that a transaction locks and its subtransaction changes has two of them: a multixact.
    with closing(psycopg.connect(database, autocommit=True)) as connection:
        for _ in range(25):
            with connection.transaction():
                connection.execute("SELECT FROM gift FOR KEY SHARE")
                with connection.transaction():
                    connection.execute("UPDATE gift SET amount = amount + 1")
    assert _age(database, "multixact") >= age + 20
    found = look(database, "multixact-age", wraparound_share=Limit(limit))
    assert found.state is HealthState.WARN
    assert found.outcome.evidence["multixact_age"] == _age(database, "multixact")
    assert look(database, "multixact-age", wraparound_share=Limit(limit, limit)).state is HealthState.CRIT


def test_a_snapshot_that_holds_back_vacuum_is_found_and_its_fix_ends_it(database: str) -> None:
    assert look(database, "xmin-horizon", xmin_age=_HORIZON).state is HealthState.OK
    with closing(psycopg.connect(database, application_name="report")) as reader:
        reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT 1")
        assert look(database, "xmin-horizon", xmin_age=_HORIZON).state is HealthState.OK
        burn(database, 1_000)
        assert look(database, "xmin-horizon").state is HealthState.OK
        found = look(database, "xmin-horizon", xmin_age=_HORIZON)
        assert found.state is HealthState.WARN
        (holder,) = found.outcome.objects
        assert holder.evidence["pid"] == reader.info.backend_pid
        assert holder.told.endswith("; idle in transaction")
        burn(database, 3_000)
        assert look(database, "xmin-horizon", xmin_age=_HORIZON).state is HealthState.CRIT
        carry_out(database, holder.fix)
        assert look(database, "xmin-horizon", xmin_age=_HORIZON).state is HealthState.OK


def test_who_holds_back_vacuum_is_unknown_without_the_right_to_see_it(database: str, watcher: str) -> None:
    with closing(psycopg.connect(database)) as hidden:
        hidden.execute("SELECT 1")
        result = look(watcher, "xmin-horizon", xmin_age=AT_ONCE)
        assert (result.state, result.outcome.fix) == (HealthState.UNKNOWN, f"GRANT pg_monitor TO {WATCHER}")
        carry_out(database, result.outcome.fix)
        assert look(watcher, "xmin-horizon", xmin_age=NEVER).state is HealthState.OK


@contextmanager
def _prepared(dsn: str, name: str) -> Iterator[None]:
    quoted = "'" + name.replace("'", "''") + "'"
    with closing(psycopg.connect(dsn)) as connection:
        connection.execute("INSERT INTO gift VALUES (2, 2)")
        connection.execute(f"PREPARE TRANSACTION {quoted}".encode())
    try:
        yield
    finally:
        if value(dsn, "SELECT count(*) FROM pg_prepared_xacts"):
            run(dsn, f"ROLLBACK PREPARED {quoted}")


def test_a_prepared_transaction_is_found_and_its_fix_ends_it(database: str) -> None:
    run(database, _GIFT)
    check = "prepared-transactions"
    assert look(database, check, prepared_transaction_s=AT_ONCE).outcome.summary == "none"
    with _prepared(database, "the treasurer's"):
        young = look(database, check)
        assert young.state is HealthState.OK
        assert young.outcome.summary == "1 transaction prepared, not long ago"
        assert look(database, check, prepared_transaction_s=CRITICAL_AT_ONCE).state is HealthState.CRIT
        found = look(database, check, prepared_transaction_s=AT_ONCE)
        assert found.state is HealthState.WARN
        burn(database, 1_000)
        (holder,) = look(database, "xmin-horizon", xmin_age=_HORIZON).outcome.objects
        assert holder.name == "prepared transaction the treasurer's of postgres"
        (left,) = found.outcome.objects
        assert left.fix == f"in database {_name(database)}: ROLLBACK PREPARED 'the treasurer''s'"
        carry_out(database, left.fix.partition(": ")[2])
        assert look(database, check, prepared_transaction_s=AT_ONCE).state is HealthState.OK
