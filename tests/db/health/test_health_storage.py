"""Storage: dead rows, unfilled room, sequences near their end, and the cache."""

import pytest

from perfkit.health.model import HealthState
from perfkit.health.thresholds import Limit
from tests.db.health.looking import CRITICAL_AT_ONCE, WATCHER, carry_out, look, run, value, wait_for

_GIFT = '"Alumni Office"."Gift"'
_MAKE_GIFT = f"""CREATE SCHEMA "Alumni Office";
CREATE TABLE {_GIFT} (id int, note text);
INSERT INTO {_GIFT} SELECT n, repeat('thanks ', 20) FROM generate_series(1, 10000) AS n;
VACUUM ANALYZE {_GIFT}"""


@pytest.fixture
def gifts(database: str) -> str:
    run(database, *_MAKE_GIFT.split(";\n"))
    return database


def test_dead_rows_beyond_autovacuum_s_formula_warn_until_vacuum(gifts: str) -> None:
    run(gifts, f"UPDATE {_GIFT} SET note = note WHERE id <= 2000")
    wait_for(lambda: look(gifts, "dead-rows").outcome.evidence["dead_rows"] >= 2000)  # type: ignore[operator]
    assert look(gifts, "dead-rows").state is HealthState.OK
    run(gifts, f"UPDATE {_GIFT} SET note = note WHERE id <= 2000")
    # threshold 50 + scale factor 0.2 * 10,000 rows = 2,050; half as much again is tolerated.
    wait_for(lambda: look(gifts, "dead-rows").state is HealthState.WARN)
    found = look(gifts, "dead-rows", dead_rows_factor=CRITICAL_AT_ONCE)
    assert found.state is HealthState.CRIT
    (concern,) = look(gifts, "dead-rows").outcome.objects
    assert (concern.name, concern.evidence["autovacuum_rows"]) == (_GIFT, 2050)
    carry_out(gifts, concern.fix)
    wait_for(lambda: look(gifts, "dead-rows").state is HealthState.OK)


def test_a_table_s_own_settings_of_autovacuum_count(gifts: str) -> None:
    run(gifts, f"UPDATE {_GIFT} SET note = note WHERE id <= 2000")
    run(gifts, f"ALTER TABLE {_GIFT} SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_enabled = off)")
    wait_for(lambda: look(gifts, "dead-rows").state is HealthState.WARN)
    (concern,) = look(gifts, "dead-rows").outcome.objects
    assert concern.evidence["autovacuum_rows"] == 150
    assert concern.told.endswith("autovacuum is off for it")
    assert concern.fix == f"VACUUM (ANALYZE) {_GIFT}; ALTER TABLE {_GIFT} RESET (autovacuum_enabled)"
    carry_out(gifts, concern.fix)
    options = f"SELECT reloptions FROM pg_class WHERE oid = '{_GIFT}'::regclass"
    assert value(gifts, options) == ["autovacuum_vacuum_scale_factor=0.01"]


def test_a_table_that_was_emptied_by_half_is_unfilled_until_it_is_rewritten(gifts: str) -> None:
    least = {"bloat_least_bytes": 1024**2}
    assert look(gifts, "bloat").outcome.summary == "no table of 100.0 MB or more"
    full = look(gifts, "bloat", **least)
    assert full.outcome.summary == "1 large table, none of them mostly unfilled"
    run(gifts, f"DELETE FROM {_GIFT} WHERE id % 3 > 0", f"VACUUM ANALYZE {_GIFT}")
    found = look(gifts, "bloat", **least)
    assert found.state is HealthState.WARN
    (concern,) = found.outcome.objects
    assert float(concern.evidence["unfilled_share"] or 0) == pytest.approx(2 / 3, abs=0.05)
    assert look(gifts, "bloat", bloat_share=Limit(0.3, 0.6), **least).state is HealthState.CRIT
    carry_out(gifts, concern.fix)
    assert look(gifts, "bloat", **least).state is HealthState.OK


def test_the_estimate_of_a_full_table_errs_by_little(database: str) -> None:
    run(
        database,
        "CREATE TABLE wide (a smallint, b bigint, c bool, d numeric, e text, f date, g int, h int, i int)",
        "INSERT INTO wide SELECT n, n, true, n, 'name ' || n, NULL, n, n, n FROM generate_series(1, 20000) AS n",
        "ANALYZE wide",
    )
    (concern,) = look(database, "bloat", bloat_least_bytes=0, bloat_share=Limit(-1)).outcome.objects
    assert float(concern.evidence["unfilled_share"] or 0) < 0.2


def test_statistics_that_the_role_may_not_see_are_unknown_until_granted(gifts: str, watcher: str) -> None:
    result = look(watcher, "bloat", bloat_least_bytes=0)
    assert (result.state, result.outcome.fix) == (HealthState.UNKNOWN, f"GRANT pg_read_all_data TO {WATCHER}")
    carry_out(gifts, result.outcome.fix)
    assert look(watcher, "bloat", bloat_least_bytes=0).state is HealthState.OK


def test_columns_without_statistics_are_unknown_until_analyzed(gifts: str) -> None:
    run(gifts, f"ALTER TABLE {_GIFT} ADD COLUMN year int")
    result = look(gifts, "bloat", bloat_least_bytes=0)
    assert (result.state, result.outcome.fix) == (HealthState.UNKNOWN, f"ANALYZE {_GIFT}")
    carry_out(gifts, result.outcome.fix)
    assert look(gifts, "bloat", bloat_least_bytes=0).state is HealthState.OK


@pytest.mark.parametrize(
    ("table", "end"),
    [
        ("CREATE TABLE t (id smallserial)", 2**15 - 1),
        ("CREATE TABLE t (id serial)", 2**31 - 1),
        ("CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME t_id_seq))", 2**63 - 1),
        ("CREATE SEQUENCE t_id_seq; CREATE TABLE t (id int DEFAULT nextval('t_id_seq'))", 2**31 - 1),
        (
            "CREATE DOMAIN number AS int; CREATE SEQUENCE t_id_seq; CREATE TABLE t (id number DEFAULT nextval('t_id_seq'))",
            2**31 - 1,
        ),
        ("CREATE SEQUENCE t_id_seq MAXVALUE 1000; CREATE TABLE t (id int)", 1000),
    ],
)
def test_a_sequence_is_measured_by_what_ends_first(database: str, table: str, end: int) -> None:
    run(database, *table.split("; "))
    assert look(database, "sequences").state is HealthState.OK
    for share, state in ((0.74, HealthState.OK), (0.76, HealthState.WARN), (0.91, HealthState.CRIT)):
        run(database, f"SELECT setval('t_id_seq', {int(end * share)})")
        assert look(database, "sequences").state is state
    (concern,) = look(database, "sequences").outcome.objects
    assert concern.evidence["highest_value"] == end


def test_widening_makes_room_for_a_sequence(database: str) -> None:
    run(database, 'CREATE TABLE "Gift" (id serial)', """SELECT setval('"Gift_id_seq"', 2000000000)""")
    (concern,) = look(database, "sequences").outcome.objects
    assert concern.state is HealthState.CRIT
    assert concern.told == "at 2,000,000,000 of 2,147,483,647, 93 %: the end of the integer sequence"
    carry_out(database, concern.fix)
    assert look(database, "sequences").state is HealthState.OK
    assert value(database, """SELECT nextval('"Gift_id_seq"')""") == 2_000_000_001


def test_a_sequence_that_begins_again_has_no_end_and_one_that_counts_down_has(database: str) -> None:
    run(
        database,
        "CREATE SEQUENCE round MAXVALUE 100 CYCLE",
        "SELECT setval('round', 99)",
        "CREATE SEQUENCE down INCREMENT -1 MINVALUE -100",
    )
    assert look(database, "sequences").state is HealthState.OK
    run(database, "SELECT setval('down', -95)")
    (concern,) = look(database, "sequences").outcome.objects
    assert (concern.name, concern.state) == ("public.down", HealthState.CRIT)


def test_a_sequence_that_the_role_may_not_see_is_unknown_until_granted(database: str, watcher: str) -> None:
    run(database, "CREATE SEQUENCE receipt")
    result = look(watcher, "sequences")
    assert (result.state, result.outcome.fix) == (HealthState.UNKNOWN, f"GRANT pg_read_all_data TO {WATCHER}")
    carry_out(database, result.outcome.fix)
    assert look(watcher, "sequences").state is HealthState.OK


def test_the_cache_is_told_once_enough_blocks_were_asked_for(gifts: str) -> None:
    few = look(gifts, "cache-hit-ratio", cache_least_blocks=10**9)
    assert few.state is HealthState.UNKNOWN
    told = look(gifts, "cache-hit-ratio", cache_least_blocks=1)
    assert told.state is HealthState.OK
    assert 0.5 < float(told.outcome.evidence["hit_ratio"] or 0) <= 1
