"""Indexes: broken, unused, superfluous ones, and foreign keys without one, of tables with odd names."""

from contextlib import closing, suppress

import psycopg
import pytest

from perfkit.health.model import HealthState
from tests.db.health.looking import carry_out, look, look_at_all, run, value, wait_for, waiting

_GIFT = '"Alumni Office"."Gift"'
_MAKE_GIFT = f"""CREATE SCHEMA "Alumni Office";
CREATE TABLE {_GIFT} ("Donor" int, amount int);
INSERT INTO {_GIFT} SELECT n % 1000, n FROM generate_series(1, 20000) AS n;
ANALYZE {_GIFT}"""
_PARTED = """CREATE TABLE letter (person int, year int) PARTITION BY RANGE (year);
CREATE TABLE letter_1 PARTITION OF letter FOR VALUES FROM (2000) TO (2010);
CREATE TABLE letter_2 PARTITION OF letter FOR VALUES FROM (2010) TO (2020);
INSERT INTO letter SELECT n % 1000, 2000 + n % 20 FROM generate_series(1, 20000) AS n;
ANALYZE letter"""
_AGED = {"unused_least_days": 0, "unused_least_bytes": 0}


@pytest.fixture
def gifts(database: str) -> str:
    run(database, *_MAKE_GIFT.split(";\n"))
    return database


def test_what_a_failed_build_left_is_critical_until_it_is_dropped(gifts: str) -> None:
    run(gifts, f"CREATE INDEX ON {_GIFT} (amount)")
    assert look(gifts, "invalid-index").outcome.summary == "the only index is valid"
    with suppress(psycopg.errors.UniqueViolation):
        run(gifts, f'CREATE UNIQUE INDEX CONCURRENTLY "Only Once" ON {_GIFT} ("Donor")')
    found = look(gifts, "invalid-index")
    assert found.state is HealthState.CRIT
    (broken,) = found.outcome.objects
    assert broken.name == '"Alumni Office"."Only Once"'
    drop, _, again = broken.fix.partition("; or, once no two rows are alike: ")
    assert again == f"REINDEX INDEX CONCURRENTLY {broken.name}"
    carry_out(gifts, drop)
    assert look(gifts, "invalid-index").state is HealthState.OK


def test_what_a_reindex_left_is_to_be_dropped(gifts: str) -> None:
    run(gifts, f"CREATE UNIQUE INDEX of_amount ON {_GIFT} (amount)")
    with closing(psycopg.connect(gifts)) as writer:
        writer.execute(f"UPDATE {_GIFT} SET amount = amount WHERE amount = 1".encode())
        with waiting(gifts, f"REINDEX TABLE CONCURRENTLY {_GIFT}"):
            assert look(gifts, "invalid-index").state is HealthState.OK
    (left,) = look(gifts, "invalid-index").outcome.objects
    assert left.fix == 'DROP INDEX CONCURRENTLY "Alumni Office".of_amount_ccnew'
    carry_out(gifts, left.fix)
    assert look(gifts, "invalid-index").state is HealthState.OK


def test_an_index_that_is_being_built_or_dropped_is_no_broken_one_to_any_role(
    gifts: str, watcher: str
) -> None:
    run(gifts, f"CREATE INDEX of_amount ON {_GIFT} (amount)")
    build = f'CREATE INDEX CONCURRENTLY of_donor ON {_GIFT} ("Donor")'
    for statement in (build, 'DROP INDEX CONCURRENTLY "Alumni Office".of_amount'):
        with closing(psycopg.connect(gifts)) as writer:
            writer.execute(f"UPDATE {_GIFT} SET amount = amount WHERE amount = 1".encode())
            with waiting(gifts, statement):
                wait_for(lambda: value(gifts, "SELECT count(*) FROM pg_index WHERE NOT indisvalid"))
                for dsn in (gifts, watcher):
                    seen = look(dsn, "invalid-index")
                    assert seen.state is HealthState.OK
                    assert seen.outcome.evidence["being_changed"] == 1
        broken = look(watcher, "invalid-index")
        assert broken.state is HealthState.CRIT
        for concern in broken.outcome.objects:
            carry_out(gifts, concern.fix.partition("; ")[0])


def test_a_partitioned_index_is_critical_while_a_partition_lacks_it_and_nobody_builds(database: str) -> None:
    run(database, *_PARTED.split(";\n"), "CREATE INDEX of_person ON ONLY letter (person)")
    (broken,) = look(database, "invalid-index").outcome.objects
    assert "ALTER INDEX public.of_person ATTACH PARTITION" in broken.fix
    with closing(psycopg.connect(database)) as writer:
        writer.execute("UPDATE letter_1 SET person = person WHERE person = 1")
        with waiting(database, "CREATE INDEX CONCURRENTLY of_person_1 ON letter_1 (person)"):
            assert look(database, "invalid-index").state is HealthState.OK
    assert look(database, "invalid-index").state is HealthState.CRIT
    run(
        database,
        "DROP INDEX of_person",
        "DROP INDEX of_person_1",
        "CREATE INDEX of_person ON letter (person)",
    )
    assert look(database, "invalid-index").outcome.summary == "the only index is valid"


def test_two_indexes_that_are_the_same_warn_until_one_is_dropped(gifts: str) -> None:
    run(gifts, f'CREATE INDEX "Donor 1" ON {_GIFT} ("Donor") WHERE amount > 5')
    assert look(gifts, "duplicate-index").state is HealthState.OK
    run(gifts, f'CREATE INDEX "Donor 2" ON {_GIFT} USING btree ("Donor") WHERE (amount > 5)')
    run(gifts, f'CREATE INDEX "Donor 3" ON {_GIFT} ("Donor") WHERE amount > 6')
    found = look(gifts, "duplicate-index")
    assert found.state is HealthState.WARN
    (second,) = found.outcome.objects
    assert second.fix == 'DROP INDEX CONCURRENTLY "Alumni Office"."Donor 2"'
    carry_out(gifts, second.fix)
    assert look(gifts, "duplicate-index").state is HealthState.OK


def test_of_two_that_are_the_same_the_constraint_s_stays(gifts: str) -> None:
    run(gifts, f"ALTER TABLE {_GIFT} ADD PRIMARY KEY (amount)", f"CREATE INDEX twice ON {_GIFT} (amount)")
    (second,) = look(gifts, "duplicate-index").outcome.objects
    assert second.name == '"Alumni Office".twice'


@pytest.mark.parametrize(
    "held_by",
    [
        f"CREATE TABLE letter (gift int REFERENCES {_GIFT} (amount))",
        f"ALTER TABLE {_GIFT} REPLICA IDENTITY USING INDEX first",
    ],
)
def test_of_two_that_are_the_same_neither_is_told_where_one_is_a_key_and_the_other_is_held(
    gifts: str, held_by: str
) -> None:
    run(
        gifts,
        f"ALTER TABLE {_GIFT} ALTER amount SET NOT NULL",
        f"CREATE UNIQUE INDEX first ON {_GIFT} (amount)",
        held_by,
        f"ALTER TABLE {_GIFT} ADD PRIMARY KEY (amount)",
    )
    assert look(gifts, "duplicate-index").state is HealthState.OK


def test_the_same_index_twice_on_a_partitioned_table_is_told_once_with_the_size_of_all_parts(
    database: str,
) -> None:
    run(
        database,
        *_PARTED.split(";\n"),
        "CREATE INDEX one ON letter (person)",
        "CREATE INDEX two ON letter (person)",
    )
    run(database, "VACUUM ANALYZE letter")
    (second,) = look(database, "duplicate-index").outcome.objects
    parts = value(database, "SELECT pg_indexes_size('letter_1') + pg_indexes_size('letter_2')")
    assert second.evidence["size_bytes"] == parts / 2
    assert second.fix.startswith("DROP INDEX public.two  -- it locks")
    carry_out(database, second.fix)
    assert look(database, "duplicate-index").state is HealthState.OK


def test_the_beginning_of_another_index_is_information(gifts: str) -> None:
    run(gifts, f'CREATE INDEX wide ON {_GIFT} ("Donor", amount)')
    assert look(gifts, "prefix-index").outcome.objects == ()
    run(gifts, f'CREATE INDEX narrow ON {_GIFT} ("Donor")')
    found = look(gifts, "prefix-index")
    assert found.state is HealthState.OK
    (narrow,) = found.outcome.objects
    assert narrow.evidence["served_by"] == '"Alumni Office".wide'
    assert look(gifts, "duplicate-index").state is HealthState.OK


def test_an_unused_index_warns_until_it_is_used(gifts: str) -> None:
    run(
        gifts,
        f"CREATE INDEX of_amount ON {_GIFT} (amount)",
        f'CREATE UNIQUE INDEX rule ON {_GIFT} ("Donor", amount)',
    )
    assert look(gifts, "unused-index").outcome.summary == "no index of 1.0 MB or more is unused"
    found = look(gifts, "unused-index", **_AGED)
    assert found.state is HealthState.WARN
    (unused,) = found.outcome.objects
    assert unused.fix == 'DROP INDEX CONCURRENTLY "Alumni Office".of_amount'
    young = look(gifts, "unused-index", unused_least_bytes=0)
    assert young.state is HealthState.UNKNOWN
    assert [each.fix for each in young.outcome.objects] == [""]
    with psycopg.connect(gifts, autocommit=True) as connection:
        connection.execute("SET enable_seqscan = off")
        connection.execute(f"SELECT FROM {_GIFT} WHERE amount = 7".encode())
    wait_for(lambda: look(gifts, "unused-index", **_AGED).state is HealthState.OK)


def test_an_unused_index_that_the_planner_estimates_by_is_to_be_dropped_once_statistics_tell_it_as_much(
    gifts: str,
) -> None:
    run(gifts, f"CREATE INDEX of_digit ON {_GIFT} ((amount % 10))", f"ANALYZE {_GIFT}")
    (unused,) = look(gifts, "unused-index", **_AGED).outcome.objects
    create = unused.fix.partition("statistics: ")[2].partition(",")[0]
    assert create == f"CREATE STATISTICS … ON (amount % 10) FROM {_GIFT}"
    run(gifts, create.replace("…", "digits"), f"ANALYZE {_GIFT}")
    (unused,) = look(gifts, "unused-index", **_AGED).outcome.objects
    assert unused.fix == 'DROP INDEX CONCURRENTLY "Alumni Office".of_digit'


def test_an_unused_index_of_a_table_that_inherits_is_not_dropped_alone(gifts: str) -> None:
    run(gifts, f"CREATE TABLE old_gift () INHERITS ({_GIFT})", "CREATE INDEX of_amount ON old_gift (amount)")
    (unused,) = look(gifts, "unused-index", **_AGED).outcome.objects
    assert unused.name == "public.of_amount"
    assert "DROP INDEX" not in unused.fix


def test_a_partitioned_index_is_unused_when_all_its_parts_are(database: str) -> None:
    run(database, *_PARTED.split(";\n"), "CREATE INDEX of_person ON letter (person)", "VACUUM ANALYZE letter")
    (unused,) = look(
        database, "unused-index", unused_least_days=0, unused_least_bytes=100_000
    ).outcome.objects
    assert unused.name == "public.of_person"
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("SET enable_seqscan = off")
        connection.execute("SELECT FROM letter_2 WHERE person = 7")
    wait_for(lambda: look(database, "unused-index", **_AGED).state is HealthState.OK)


def test_scans_that_are_not_counted_are_unknown(gifts: str) -> None:
    uncounted = psycopg.conninfo.make_conninfo(gifts, options="-c track_counts=off")
    health = look_at_all(uncounted, "unused-index", "dead-rows")
    assert {result.state for result in health.results} == {HealthState.UNKNOWN}
    assert all("track_counts = on" in result.outcome.fix for result in health.results)


_REFERRING = f"""CREATE TABLE "Alumni Office".receipt (donor int REFERENCES person, n int) PARTITION BY RANGE (n);
CREATE TABLE "Alumni Office".receipt_1 PARTITION OF "Alumni Office".receipt FOR VALUES FROM (1) TO (15000);
CREATE TABLE "Alumni Office".receipt_2 PARTITION OF "Alumni Office".receipt FOR VALUES FROM (15000) TO (30001);
ALTER TABLE {_GIFT} ADD FOREIGN KEY ("Donor") REFERENCES person"""


@pytest.fixture
def referring(gifts: str) -> str:
    run(
        gifts, "CREATE TABLE person (id int PRIMARY KEY)", "INSERT INTO person SELECT generate_series(0, 999)"
    )
    run(gifts, *_REFERRING.split(";\n"))
    return gifts


def test_a_foreign_key_of_a_large_table_needs_an_index(referring: str) -> None:
    found = look(referring, "foreign-key-index")
    assert found.state is HealthState.WARN
    (bare,) = found.outcome.objects
    assert bare.fix == f'CREATE INDEX CONCURRENTLY ON {_GIFT} USING btree ("Donor")'
    assert look(referring, "foreign-key-index", foreign_key_least_rows=20_001).state is HealthState.OK
    carry_out(referring, bare.fix)
    assert look(referring, "foreign-key-index").state is HealthState.OK


def test_a_foreign_key_of_a_partitioned_table_counts_all_partitions(referring: str) -> None:
    run(referring, f'CREATE INDEX ON {_GIFT} ("Donor") WHERE "Donor" IS NOT NULL')
    assert look(referring, "foreign-key-index").state is HealthState.OK
    run(
        referring,
        'INSERT INTO "Alumni Office".receipt SELECT n % 1000, n FROM generate_series(1, 30000) AS n',
    )
    run(referring, 'ANALYZE "Alumni Office".receipt_1', 'ANALYZE "Alumni Office".receipt_2')
    (bare,) = look(referring, "foreign-key-index", foreign_key_least_rows=30_000).outcome.objects
    assert bare.fix.startswith(
        'CREATE INDEX ON "Alumni Office".receipt USING btree (donor)  -- use perfkit apply'
    )
    carry_out(referring, bare.fix)
    assert look(referring, "foreign-key-index").state is HealthState.OK


def test_rows_that_nobody_counted_are_unknown(referring: str) -> None:
    run(referring, f'CREATE INDEX ON {_GIFT} ("Donor")')
    run(
        referring,
        'INSERT INTO "Alumni Office".receipt SELECT n % 1000, n FROM generate_series(1, 30000) AS n',
    )
    wait_for(lambda: look(referring, "foreign-key-index").state is HealthState.WARN)
    run(referring, "SELECT pg_stat_reset()")
    wait_for(lambda: look(referring, "foreign-key-index").state is HealthState.UNKNOWN)
    assert look(referring, "foreign-key-index").outcome.fix == "ANALYZE"


def test_an_invalid_index_of_a_toast_table_is_found_too(gifts: str) -> None:
    run(gifts, "CREATE TABLE letter (text text)", "INSERT INTO letter VALUES ('Dear')")
    with closing(psycopg.connect(gifts)) as writer:
        writer.execute("UPDATE letter SET text = 'Dearest'")
        with waiting(gifts, "REINDEX TABLE CONCURRENTLY letter"):
            pass
    (left,) = look(gifts, "invalid-index").outcome.objects
    assert left.name.startswith("pg_toast.pg_toast_")
    carry_out(gifts, left.fix)
    assert look(gifts, "invalid-index").state is HealthState.OK
