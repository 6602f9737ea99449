"""What a scrape's page costs the processor, beside what prometheus_client takes to write the same samples."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from statistics import median
from time import thread_time

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from perfkit.monitor.cases import Before, CaseName, CaseNow, Reading, probed
from perfkit.monitor.model import Board
from perfkit.monitor.page import Page
from tests.bench.figure import Figure

ROUNDS = 30
# Of the cases, between two scrapes: Prometheus asks every 15 s, and each case is probed every 5 min.
PROBED_SHARE = 15 / 300
SHARE_MOST = 1 / 3


class _Written(Collector):
    """The same samples as prometheus_client has them."""

    def __init__(self, page: bytes) -> None:
        self._families = tuple(text_string_to_metric_families(page.decode()))

    def collect(self) -> Iterable[Metric]:
        return self._families


def figures(names: Sequence[CaseName]) -> Iterator[Figure]:
    """Yield what a page of these cases takes, measured in turns with prometheus_client's."""
    now, reading = CaseNow(budget_s=0.1, weight=4), _reading()
    board = Board(interval_s=300, cases={name: probed(now, reading) for name in names})
    page = Page(board, CollectorRegistry())
    written = _Written(page.render("")[0])
    own_s, theirs_s = [], []
    for number in range(ROUNDS):
        probed_now = names[number % 20 :: round(1 / PROBED_SHARE)]
        board.cases = {**board.cases, **{name: probed(board.cases[name], reading) for name in probed_now}}
        began = thread_time()
        page.render("")
        between = thread_time()
        generate_latest(written)
        own_s.append(between - began)
        theirs_s.append(thread_time() - between)
    own_ms, theirs_ms = median(own_s) * 1000, median(theirs_s) * 1000
    yield Figure(
        what="processor time of a page's cases, share of prometheus_client's",
        measured=own_ms / theirs_ms,
        most=SHARE_MOST,
        unit="",
        detail=f"{own_ms:.1f} ms, {theirs_ms:.1f} ms; {len(names)} cases, one of 20 probed between scrapes",
    )


def _reading() -> Reading:
    return Reading(
        at=datetime.now(UTC),
        execution_s=0.0123456,
        planning_s=0.00123,
        shared_blocks=1234,
        rows=50,
        within_budget=True,
        before=Before(execution_s=0.0123, shared_blocks=1234, plan_changed=False),
        findings={},
    )
