"""A scrape's page: both of its formats say what prometheus_client would, and a case's lines are written once a probe."""

from collections.abc import Iterable
from datetime import UTC, datetime
from time import thread_time

from prometheus_client import CollectorRegistry, Histogram, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from perfkit.bench.targets import Limits, judge_targets, targets_of
from perfkit.findings import Severity
from perfkit.monitor.cases import Before, CaseName, CaseNow, Reading, failed, probed, refused
from perfkit.monitor.families import BoardCollector
from perfkit.monitor.model import Board
from perfkit.monitor.page import Page
from perfkit.monitor.thresholds import QUERY_BUCKETS_S

PROMETHEUS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
AT = datetime(2026, 11, 29, 12, tzinfo=UTC)
NAME = CaseName("class_list", "largest")
HOSTILE = CaseName('quote"back\\slash', "new\nline")


def reading(execution_s: float, *, within_budget: bool = True, before: Before | None = None) -> Reading:
    return Reading(
        at=AT,
        execution_s=execution_s,
        planning_s=0.00025,
        shared_blocks=1234,
        rows=50,
        within_budget=within_budget,
        before=before,
        findings={Severity.WARNING: 2},
    )


def page_of(cases: dict[CaseName, CaseNow]) -> Page:
    return Page(Board(interval_s=300, cases=cases), CollectorRegistry())


def samples(families: Iterable[Metric]) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def of_case(name: CaseName, case: CaseNow) -> dict[str, float]:
    """Return the samples of a case's page by their names, buckets and severities aside."""
    body, _ = page_of({name: case}).render("")
    found = samples(read_text(body.decode()))
    return {series: value for (series, labels), value in found.items() if len(labels) == 2}


def test_both_formats_say_the_same_and_each_is_told_by_its_name() -> None:
    page = page_of(
        {NAME: probed(CaseNow(budget_s=0.1, weight=4), reading(0.03)), HOSTILE: CaseNow(budget_s=1, weight=1)}
    )
    text, text_type = page.render("")
    openmetrics, openmetrics_type = page.render(PROMETHEUS)
    assert text_type.startswith("text/plain; version=0.0.4")
    assert openmetrics_type.startswith("application/openmetrics-text; version=1.0.0")
    assert openmetrics.endswith(b"# EOF\n")
    read = samples(read_openmetrics(openmetrics.decode()))  # type: ignore[no-untyped-call]  # it says no types
    assert read == samples(read_text(text.decode()))
    assert read["perfkit_probes_total", frozenset({("query", "class_list"), ("case", "largest")})] == 1
    assert ("perfkit_probes_total", frozenset({("query", HOSTILE.query), ("case", HOSTILE.case)})) in read


def test_the_histogram_is_that_of_prometheus_client() -> None:
    taken_s = (0.0001, 0.005, 0.0500001, 0.2, 4.0, 60.0)
    registry = CollectorRegistry()
    own = Histogram(
        "perfkit_query_seconds", "Its own.", ("query", "case"), buckets=QUERY_BUCKETS_S, registry=registry
    )
    case = CaseNow(budget_s=0.1, weight=1)
    for each_s in taken_s:
        own.labels(NAME.query, NAME.case).observe(each_s)
        case = probed(case, reading(each_s))
    body, _ = page_of({NAME: case}).render("")
    theirs = samples(read_text(generate_latest(registry).decode()))
    ours = samples(read_text(body.decode()))
    wanted = {key: value for key, value in theirs.items() if not key[0].endswith("_created")}
    assert wanted == {key: value for key, value in ours.items() if key[0].startswith("perfkit_query_seconds")}


def test_what_a_probe_leaves() -> None:
    before = Before(execution_s=0.02, shared_blocks=1000, plan_changed=True)
    slow = probed(CaseNow(budget_s=0.01, weight=4), reading(0.03, within_budget=False, before=before))
    told = of_case(NAME, slow)
    assert told["perfkit_probes_total"] == told["perfkit_probes_missed_total"] == 1
    assert told["perfkit_query_last_seconds"] == 0.03
    assert told["perfkit_query_probed_timestamp_seconds"] == AT.timestamp()
    assert told["perfkit_query_plan_changed"] == 1
    assert told["perfkit_query_baseline_blocks"] == 1000
    assert told["perfkit_query_budget_seconds"] == 0.01
    lost = of_case(NAME, failed(slow))
    assert lost["perfkit_probes_total"] == lost["perfkit_probes_missed_total"] == 2
    assert lost["perfkit_query_seconds_count"] == 1
    assert "perfkit_query_last_seconds" not in lost
    assert of_case(NAME, refused(slow)) == lost | {
        "perfkit_probes_total": 1,
        "perfkit_probes_missed_total": 1,
    }


def test_without_a_baseline_nothing_is_said_of_one() -> None:
    told = of_case(NAME, probed(CaseNow(budget_s=0.01, weight=4), reading(0.003)))
    assert told["perfkit_probes_missed_total"] == 0
    assert not any("baseline" in series or "plan_changed" in series for series in told)


def test_a_case_is_written_anew_when_it_was_probed_and_only_then() -> None:
    cases = {CaseName(f"query_{number}", "default"): CaseNow(budget_s=0.1, weight=1) for number in range(200)}
    board = Board(interval_s=300, cases=cases)
    page = Page(board, CollectorRegistry())

    def render_s() -> float:
        began = thread_time()
        page.render("")
        return thread_time() - began

    first_s = render_s()
    assert min(render_s() for _ in range(5)) < first_s / 3
    probed_name = CaseName("query_7", "default")
    board.cases = {**cases, probed_name: probed(cases[probed_name], reading(0.03))}
    told = samples(read_text(page.render("")[0].decode()))
    counts = {
        dict(labels)["query"]: value
        for (series, labels), value in told.items()
        if series == "perfkit_probes_total"
    }
    assert counts == dict.fromkeys((name.query for name in cases), 0) | {"query_7": 1}


def test_the_probes_mean_counts_once_every_case_was_tried() -> None:
    limits = Limits(query_mean_ms=100, import_ms_per_1000=5_000, users=100, memory_bytes=2**29, api_ms=200)
    fast = probed(CaseNow(budget_s=0.1, weight=3), reading(0.01))
    slow, other = CaseName("slow", "default"), CaseName("other", "default")
    board = Board(
        interval_s=300,
        targets=judge_targets(targets_of(limits), {}),
        cases={
            NAME: fast,
            slow: CaseNow(budget_s=0.1, weight=1),
            other: refused(CaseNow(budget_s=0.1, weight=9)),
        },
    )

    def mean_s() -> float | None:
        found = samples(BoardCollector(board).collect())
        return found.get(("perfkit_target_value", frozenset({("target", "query-mean")})))

    assert mean_s() is None
    board.cases = {**board.cases, slow: probed(board.cases[slow], reading(0.05))}
    assert mean_s() == (3 * 0.01 + 0.05) / 4
