"""What checks say of rows: the states that no test can wait for, and the odd ones."""

from functools import partial
from typing import Any

import pytest

from perfkit.health.indexes import invalid_index, unused_index
from perfkit.health.model import HealthState
from perfkit.health.replication import inactive_slots, replication_lag
from perfkit.health.sessions import idle_in_transaction, lock_waits, long_query, roots
from perfkit.health.storage import sequences
from perfkit.health.superfluous_indexes import duplicate_index, prefix_index
from perfkit.health.transactions import wraparound
from perfkit.health.words import age, literal
from tests.unit.health.rows import context, database, index, locked, sequence, session

_DAY_S = 86_400


@pytest.mark.parametrize(
    ("idle_s", "state"),
    [(299, HealthState.OK), (300, HealthState.WARN), (899, HealthState.WARN), (900, HealthState.CRIT)],
)
def test_idle_in_transaction_is_held_against_minutes(idle_s: float, state: HealthState) -> None:
    rows = [
        session(7, state="idle in transaction", state_age_s=idle_s),
        session(8, state="idle", state_age_s=9e9),
    ]
    assert idle_in_transaction(rows, context()).state is state


@pytest.mark.parametrize(
    ("running_s", "state"), [(299, HealthState.OK), (300, HealthState.WARN), (1_800, HealthState.CRIT)]
)
def test_a_long_query_is_held_against_minutes(running_s: float, state: HealthState) -> None:
    outcome = long_query(
        [session(7, query_age_s=running_s), session(8, state="idle", query_age_s=9e9)], context()
    )
    assert outcome.state is state


def test_what_was_found_is_told_although_other_sessions_are_hidden() -> None:
    rows = [session(7, query_age_s=301.0), session(8, state="", query_age_s=None, is_hidden=True)]
    found = long_query(rows, context())
    assert found.state is HealthState.WARN
    assert found.evidence["hidden_sessions"] == 1


def test_the_root_of_a_chain_of_waits_is_who_waits_for_nobody() -> None:
    rows = [
        locked(1),
        locked(2, [1], 400.0),
        locked(3, [2, 1], 20.0),
        locked(4, [3], 10.0),
        locked(9),
        locked(5, [9], 29.0),
    ]
    outcome = lock_waits(rows, context())
    assert outcome.state is HealthState.CRIT
    (queue,) = outcome.objects
    assert queue.evidence["root_pid"] == 1
    assert queue.evidence["waiting_pids"] == "2, 3, 4"
    assert outcome.evidence["waiting_sessions"] == 4


def test_a_session_can_wait_for_two_roots() -> None:
    waiting = {3: locked(3, [1, 2])}
    assert roots(3, waiting) == {1, 2}


def test_a_deadlock_has_no_root_and_names_who_waits_for_whom() -> None:
    waiting = {1: locked(1, [2]), 2: locked(2, [1])}
    assert (roots(1, waiting), roots(2, waiting)) == ({2}, {1})
    assert lock_waits(list(waiting.values()), context()).state is HealthState.WARN


@pytest.mark.parametrize(
    ("xids", "state"),
    [(1_073_741_823, HealthState.OK), (1_073_741_824, HealthState.WARN), (1_610_612_736, HealthState.CRIT)],
)
def test_wraparound_is_held_against_half_and_three_quarters_of_the_way(xids: int, state: HealthState) -> None:
    rows = [database("postgres", 5), database('odd "name"', xids, allows_connections=False)]
    outcome = partial(wraparound, number="xid")(rows, context())
    assert outcome.state is state
    assert outcome.evidence["oldest_database"] == 'odd "name"'
    if outcome.objects:
        assert outcome.objects[0].fix.startswith('ALTER DATABASE "odd ""name""" ALLOW_CONNECTIONS true')


def test_an_unused_index_is_advised_to_be_dropped_only_when_nothing_speaks_against_it() -> None:
    rows = [index("unused", "amount")]
    certain = unused_index(rows, context())
    assert certain.state is HealthState.WARN
    assert certain.objects[0].fix == "DROP INDEX CONCURRENTLY public.unused"
    for doubtful in (
        context(statistics_age_s=6.9 * _DAY_S),
        context(has_standbys=True),
        context(in_recovery=True),
        context(statistics_age_s=60.0, has_standbys=True),
    ):
        outcome = unused_index(rows, doubtful)
        assert outcome.state is HealthState.UNKNOWN
        assert [(each.state, each.fix) for each in outcome.objects] == [(HealthState.UNKNOWN, "")]
        assert outcome.fix


@pytest.mark.parametrize(
    "kept",
    [
        {"is_unique": True},
        {"constraint": "gift_amount_excl"},
        {"is_held": True},
        {"scans": 1},
        {"size_bytes": 1024**2 - 1},
        {"is_valid": False},
    ],
)
def test_an_index_that_keeps_a_rule_or_is_small_is_never_unused(kept: dict[str, Any]) -> None:
    assert unused_index([index("kept", "amount", **kept)], context()).state is HealthState.OK


def test_of_equal_indexes_one_is_kept_and_the_same_whatever_the_order() -> None:
    rows = [index("a", "amount"), index("b", "amount", scans=5), index("c", "amount", is_held=True)]
    for order in (rows, rows[::-1]):
        found = duplicate_index(order, context())
        assert {each.name for each in found.objects} == {"public.a", "public.b"}


def test_a_unique_index_serves_for_one_that_is_not_but_not_the_other_way() -> None:
    rows = [index("rule", "amount", is_unique=True), index("plain", "amount", scans=9)]
    assert [each.name for each in duplicate_index(rows, context()).objects] == ["public.plain"]
    longer = [index("rule", "amount", is_unique=True), index("wide", "amount, id")]
    assert prefix_index(longer, context()).objects == ()


def test_a_constraint_that_is_there_twice_is_dropped_as_one() -> None:
    rows = [
        index("one", "amount", is_unique=True, constraint="one", scans=1),
        index("two", "amount", is_unique=True, constraint="Two"),
    ]
    (second,) = duplicate_index(rows, context()).objects
    assert second.fix == 'ALTER TABLE public.gift DROP CONSTRAINT "Two"'


def test_a_definition_that_cannot_be_read_costs_no_other_index() -> None:
    rows = [
        index("a", "amount"),
        index("b", "amount"),
        index("odd", "x", definition="CREATE INDEX WITH MAGIC"),
    ]
    assert duplicate_index(rows, context()).state is HealthState.WARN


@pytest.mark.parametrize(
    ("name", "columns", "fix"),
    [
        ("plain", {}, "DROP INDEX CONCURRENTLY public.plain; build it again if it is wanted"),
        ("key_ccnew", {"is_unique": True}, "DROP INDEX CONCURRENTLY public.key_ccnew"),
        ("key_ccold1", {}, "DROP INDEX CONCURRENTLY public.key_ccold1"),
        ("key", {"constraint": "key", "is_unique": True}, "REINDEX INDEX CONCURRENTLY public.key"),
    ],
)
def test_an_invalid_index_is_repaired_by_what_it_is(name: str, columns: dict[str, Any], fix: str) -> None:
    outcome = invalid_index([index(name, "amount", is_valid=False, **columns)], context())
    assert outcome.state is HealthState.CRIT
    assert outcome.objects[0].fix == fix


def test_a_column_can_end_before_its_sequence_and_both_are_widened_as_needed() -> None:
    (by_column,) = sequences([sequence(2_000_000_000)], context()).objects
    assert by_column.told.endswith("93 %: the end of the integer column public.gift.id")
    assert by_column.fix == "ALTER TABLE public.gift ALTER COLUMN id TYPE bigint"
    both = sequence(2_000_000_000, type="integer", highest=2**31 - 1)
    assert (
        sequences([both], context()).objects[0].fix.endswith("; ALTER SEQUENCE public.gift_id_seq AS bigint")
    )
    limited = sequence(95, highest=100, column_type="bigint", column_highest=2**63 - 1)
    assert "NO MAXVALUE" in sequences([limited], context()).objects[0].fix


def test_a_sequence_that_begins_again_may_still_overrun_its_column() -> None:
    assert sequences([sequence(2_000_000_000, cycles=True)], context()).state is HealthState.CRIT
    fits = sequence(95, cycles=True, highest=100)
    assert sequences([fits], context()).state is HealthState.OK


def test_a_sequence_not_used_yet_has_used_nothing() -> None:
    outcome = sequences([sequence(None)], context())
    assert outcome.state is HealthState.OK
    assert outcome.summary == "1 sequence, the fullest has used 0 %"


def _slot(**columns: Any) -> dict[str, Any]:
    return {
        "name": "o'brien",
        "type": "logical",
        "database": "alumni",
        "active": False,
        "wal_status": "reserved",
        "kept_bytes": 1e6,
        "keeps_rows": False,
        "inactive_s": None,
        "is_copy": False,
    } | columns


def test_slots_are_judged_by_what_they_keep_and_whether_it_is_still_there() -> None:
    for columns, state in (
        ({}, HealthState.WARN),
        ({"kept_bytes": 11 * 1024**3}, HealthState.CRIT),
        ({"wal_status": "unreserved"}, HealthState.CRIT),
        ({"wal_status": "lost", "kept_bytes": None}, HealthState.CRIT),
        ({"active": True, "kept_bytes": 9e12}, HealthState.OK),
        ({"is_copy": True, "kept_bytes": 9e12}, HealthState.OK),
        ({"kept_bytes": None, "wal_status": ""}, HealthState.OK),
    ):
        assert inactive_slots([_slot(**columns)], context()).state is state, columns
    assert (
        inactive_slots([_slot()], context()).objects[0].fix == "SELECT pg_drop_replication_slot('o''brien')"
    )


@pytest.mark.parametrize(
    ("lag_s", "lag_bytes", "state"),
    [
        (None, None, HealthState.OK),
        (29.0, 1e9, HealthState.OK),
        (30.0, 0.0, HealthState.WARN),
        (0.0, 2e9, HealthState.WARN),
        (300.0, 0.0, HealthState.CRIT),
        (0.0, 2e10, HealthState.CRIT),
    ],
)
def test_a_standby_is_late_by_seconds_or_by_bytes(
    lag_s: float | None, lag_bytes: float | None, state: HealthState
) -> None:
    row = {
        "kind": "sender",
        "pid": 7,
        "name": "standby",
        "state": "streaming",
        "lag_s": lag_s,
        "lag_bytes": lag_bytes,
        "is_hidden": False,
        "is_paused": False,
    }
    assert replication_lag([row], context()).state is state


def test_time_spans_are_told_as_people_say_them() -> None:
    spans = [age(seconds) for seconds in (-1, 2, 59, 300, 965, 19_200, 3 * _DAY_S)]
    assert spans == ["0.00 ms", "2.00 s", "59.00 s", "5 min", "16 min 05 s", "5 h 20 min", "3 days"]


def test_literals_are_quoted() -> None:
    assert literal("it's") == "'it''s'"
