"""Tally: which requests count, what failed, and that nothing is lost between the processes of a swarm."""

import json
import time

import pytest

from perfkit.bench.api.tally import Tally, failure_of, read_calls
from perfkit.bench.api.thresholds import SETTLE_S


def begun(seconds: float = 2.0) -> tuple[Tally, float]:
    """Return a tally and when its step's time begins."""
    tally = Tally()
    tally.begin(seconds)
    return tally, time.time() + SETTLE_S


@pytest.mark.parametrize(
    ("starts_s", "latency_ms", "counted", "answered"),
    [
        (-0.5, 100, 0, 0),  # over before the step's time
        (-0.5, 1_000, 1, 1),  # under way when it begins
        (1.0, 100, 1, 1),
        (1.9, 1_000, 1, 0),  # answered after it
        (-0.5, 9_000, 1, 0),  # as long as all of it
        (2.1, 100, 0, 0),
    ],
)
def test_a_request_counts_when_it_is_under_way_in_the_step_s_time(
    starts_s: float, latency_ms: float, counted: int, answered: int
) -> None:
    tally, begins = begun()
    tally.add("page", latency_ms, begins + starts_s, "")
    calls = read_calls(tally.told()["calls"])
    assert sum(each.latencies.count for each in calls.values()) == counted
    assert sum(each.answered for each in calls.values()) == answered


def test_a_server_that_hangs_from_before_on_has_failures() -> None:
    tally, begins = begun()
    tally.add("page", 10_000, begins - 0.9, "not answered within 10 s")
    assert tally.told()["calls"]["page"]["failures"] == {"not answered within 10 s": 1}


def test_what_workers_told_is_added_up_and_the_busiest_counts() -> None:
    master, _ = begun()
    for busy, lag_ms in ((0.2, 9.0), (0.7, 3.0)):
        worker, begins = begun()
        worker.busy, worker.lag_ms = busy, lag_ms
        worker.add("page", 10.0, begins + 0.5, "")
        worker.add("page", 30.0, begins + 0.5, "")
        worker.add("page", 5.0, begins + 0.5, "answered 500")
        master.take(json.loads(json.dumps(worker.told())))
    told = master.told()
    page = read_calls(told["calls"])["page"]
    assert (page.latencies.count, page.answered, page.failures) == (4, 4, {"answered 500": 2})
    assert (page.latencies.total_ms, page.latencies.largest_ms) == (80.0, 30.0)
    assert (told["busy"], told["lag_ms"]) == (0.7, 9.0)


class RetriesExceeded(Exception):  # noqa: N818  # geventhttpclient's name
    def __init__(self, original: Exception) -> None:
        self.original = original


@pytest.mark.parametrize(
    ("status", "error", "reason"),
    [
        (200, None, ""),
        (204, None, ""),
        (302, None, "answered 302"),
        (404, OSError("bad status"), "answered 404"),
        (500, None, "answered 500"),
        (0, TimeoutError(), "not answered within 10 s"),
        (0, RetriesExceeded(TimeoutError()), "not answered within 10 s"),
        (0, ConnectionRefusedError(111, "Connection refused"), "connection refused"),
        (0, ConnectionResetError(), "connection closed before the whole answer"),
        (200, ConnectionResetError(), "connection closed before the whole answer"),
        (0, OSError(101, "Network is unreachable"), "Network is unreachable"),
        (0, RuntimeError("odd"), "RuntimeError"),
    ],
)
def test_a_failure_is_told_in_a_few_words(status: int, error: Exception | None, reason: str) -> None:
    assert failure_of(status, error) == reason
