"""Running checks: the choice among them, one reading a query, and errors of the server that cost no other check."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from perfkit.errors import StatementError, UsageError
from perfkit.health.checks import CHECKS, choose
from perfkit.health.model import Family, HealthState, Scope, grade, worst
from perfkit.health.run import run_checks
from perfkit.health.thresholds import THRESHOLDS, Limit
from tests.unit.health.rows import SERVER_ROW

_SETTINGS = [
    {"name": name, "setting": "on", "unit": "", "pending_restart": False, "sees_all_settings": True}
    for name in ("fsync", "full_page_writes")
]


@dataclass(frozen=True, slots=True)
class _Reader:
    """A reader of rows that are given, or of the error that is; it notes what was asked for."""

    error: StatementError
    asked: list[str] = field(default_factory=list)

    def rows(self, query: str, timeout_ms: float) -> Sequence[dict[str, Any]]:
        self.asked.append(query)
        assert timeout_ms > 0
        if query == "server":
            return [SERVER_ROW]
        if query == "settings":
            return _SETTINGS
        raise self.error


def test_a_query_is_asked_once_for_all_checks_that_judge_it() -> None:
    reader = _Reader(StatementError("no"))
    health = run_checks(reader, choose(("durability",)))
    assert reader.asked == ["server", "settings", "databases"]
    assert [result.state for result in health.results] == [
        HealthState.OK,
        HealthState.UNKNOWN,
        HealthState.OK,
    ]


@pytest.mark.parametrize(
    ("error", "summary", "fix"),
    [
        (
            StatementError("permission denied for view pg_x", sqlstate="42501"),
            "permission denied for view pg_x",
            'GRANT pg_monitor TO "The Watcher"',
        ),
        (
            StatementError("canceling statement", sqlstate="57014"),
            "the server took longer than 5.00 s to say",
            "",
        ),
        (StatementError("lock timeout", sqlstate="55P03"), "a lock is in the way: lock timeout", ""),
        (StatementError("no such column", sqlstate="42703", hint="look"), "no such column", "look"),
    ],
)
def test_what_the_server_refuses_is_unknown(error: StatementError, summary: str, fix: str) -> None:
    (refused, settings) = run_checks(_Reader(error), choose(("lock-waits", "fsync"))).results
    assert refused.state is HealthState.UNKNOWN
    assert (refused.outcome.summary, refused.outcome.fix) == (summary, fix)
    assert refused.outcome.evidence == {"sqlstate": error.sqlstate}
    assert settings.state is HealthState.OK


def test_progress_is_told_of_each_check() -> None:
    told: list[tuple[int, int, str]] = []
    checks = choose(("durability",))
    run_checks(_Reader(StatementError("no")), checks, progress=lambda *step: told.append(step))
    assert told == [(number, 3, check.id) for number, check in enumerate(checks)]


def test_costly_checks_run_when_they_are_asked_for() -> None:
    assert {check.id for check in CHECKS} - {check.id for check in choose()} == {"bloat"}
    assert choose(costly=True) == CHECKS
    assert [check.id for check in choose(("bloat",))] == ["bloat"]
    assert "bloat" not in {check.id for check in choose(("b*", "storage", "connections"))}


def test_a_pattern_that_matches_nothing_names_what_is_near() -> None:
    with pytest.raises(UsageError, match="no health check matches 'storag'") as caught:
        choose(("fsync", "storag"))
    assert caught.value.hint == "did you mean 'storage'?"


def test_every_family_has_one_scope_and_its_checks_stand_together() -> None:
    families: list[Family] = []
    for check in CHECKS:
        if not families or families[-1] != check.family:
            families.append(check.family)
    assert len({family.id for family in families}) == len(families)
    assert [family.scope for family in families] == sorted(
        (family.scope for family in families), key=list(Scope).index
    )


def test_a_limit_is_reached_at_its_value() -> None:
    limit = Limit(2, 3)
    assert [grade(value, limit) for value in (1.9, 2, 2.9, 3)] == [
        HealthState.OK,
        HealthState.WARN,
        HealthState.WARN,
        HealthState.CRIT,
    ]
    assert grade(10**30, Limit(2)) is HealthState.WARN


def test_the_worst_state_is_critical_and_what_is_unknown_is_worse_than_ok() -> None:
    assert worst([]) is HealthState.OK
    order = [HealthState.OK, HealthState.UNKNOWN, HealthState.WARN, HealthState.CRIT]
    assert [worst(order[: end + 1]) for end in range(4)] == order


def test_the_thresholds_are_those_that_the_field_agrees_on() -> None:
    assert THRESHOLDS.connections_share == Limit(0.8, 0.9)
    assert THRESHOLDS.idle_in_transaction_s == Limit(300, 900)
    assert THRESHOLDS.long_query_s == Limit(5 * 60, 30 * 60)
    assert THRESHOLDS.lock_wait_s == Limit(30, 5 * 60)
    assert THRESHOLDS.wraparound_share == Limit(0.5, 0.75)
    assert THRESHOLDS.sequence_share == Limit(0.75, 0.9)
