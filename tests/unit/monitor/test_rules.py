"""Rules and dashboards: every alert has its stories and its runbook, and every name is one of the tables'."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from perfkit.bench.api.targets import DEMO
from perfkit.monitor import application as app
from perfkit.monitor.dashboards.grafana import dashboard_files, dashboards
from perfkit.monitor.metrics import FAMILIES, Family, Kind
from perfkit.monitor.rules.catalog import rules
from perfkit.monitor.rules.files import Places, rule_files
from perfkit.monitor.rules.model import Goals, handlers_of, told
from perfkit.monitor.rules.pages import page
from perfkit.monitor.rules.stories import stories

ALERTS_PAGE = Path(__file__).parents[3] / "docs" / "alerts.md"
GOALS = Goals(
    request_s=0.2, memory_bytes=512 * 2**20, heavy=handlers_of(["/api/totals", "/api/reports/{year}"])
)
PLACES = Places(
    exporters=("db:19187", "https://other:19187"),
    applications=("web:8000",),
    alertmanager="127.0.0.1:9093",
    notify="",
    runbooks="docs/alerts.md",
)
ALERTS = tuple(alert for each in rules(GOALS).values() for alert in each.every_alert)
RECORDED = {
    record.name for each in rules(GOALS).values() for group in each.records.values() for record in group
}
# What Prometheus itself writes of each scrape, and of its alerts.
PROMETHEUS = {"up", "scrape_duration_seconds", "scrape_samples_scraped", "ALERTS"}


def series_of(family: Family) -> set[str]:
    return {family.bucket, family.sum, family.count} if family.kind is Kind.HISTOGRAM else {str(family)}


OWN = {name for family in FAMILIES for name in series_of(family)}
APPLICATION = {
    name for family in (app.REQUESTS, app.DURATION, app.MEMORY, app.CPU) for name in series_of(family)
}


def names_in(expression: str) -> set[str]:
    """Return the names of the series that an expression asks for."""
    without_strings = re.sub(r'"[^"]*"', "", expression)
    without_labels = re.sub(r"\b(by|without|on) \([^)]*\)|{[^}]*}|\[[^]]*\]", "", without_strings)
    words = re.findall(r"[a-zA-Z_:][\w:]*", without_labels)
    return {word for word in words if "_" in word or ":" in word or word in PROMETHEUS} - {
        "histogram_quantile", "sort_desc", "count_values",
    }  # fmt: skip


def untested(files: Mapping[str, str]) -> set[str]:
    """Return the alerts that the tests' files do not show both firing and silent."""
    missing = set()
    for name in ("perfkit", "application"):
        groups = yaml.safe_load(files[f"{name}-rules.yml"])["groups"]
        alerts = {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule}
        shown: dict[str, set[bool]] = {alert: set() for alert in alerts}
        for test in yaml.safe_load(files[f"{name}-rules-test.yml"])["tests"]:
            for each in test["alert_rule_test"]:
                shown[each["alertname"]].add(bool(each["exp_alerts"]))
        missing |= {alert for alert, kinds in shown.items() if kinds != {True, False}}
    return missing


def test_every_alert_is_tested_firing_and_silent() -> None:
    files = rule_files(GOALS, PLACES)
    assert untested(files) == set()
    assert {alert.name for alert in ALERTS} == stories(GOALS).keys()


def test_an_alert_without_a_test_is_seen() -> None:
    files = rule_files(GOALS, PLACES)
    name = "perfkit-rules-test.yml"
    tests = yaml.safe_load(files[name])
    silent = [
        test for test in tests["tests"]
        if test["alert_rule_test"][0]["alertname"] == "PerfkitDatabaseDown" and not test["alert_rule_test"][0]["exp_alerts"]
    ]  # fmt: skip
    tests["tests"].remove(silent[0])
    assert untested({**files, name: yaml.safe_dump(tests)}) == {"PerfkitDatabaseDown"}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_says_what_a_person_needs(alert: Any) -> None:
    files = rule_files(GOALS, PLACES)
    written = {
        rule["alert"]: rule
        for name in ("perfkit", "application")
        for group in yaml.safe_load(files[f"{name}-rules.yml"])["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }[alert.name]
    assert re.fullmatch(r"\d+[mh]", written["for"])
    assert written["labels"]["severity"] in {"critical", "warning", "info"}
    assert written["annotations"]["summary"]
    assert written["annotations"]["description"]
    file, _, anchor = written["annotations"]["runbook_url"].partition("#")
    assert file == "docs/alerts.md"
    headings = {
        line[3:].lower() for line in ALERTS_PAGE.read_text("utf-8").splitlines() if line.startswith("## ")
    }
    assert anchor in headings


def test_the_runbook_is_made_from_the_alerts() -> None:
    assert ALERTS_PAGE.read_text("utf-8") == page(), "run: make docs"


def test_rules_and_dashboards_ask_for_what_there_is() -> None:
    expressions = [
        record.expression
        for each in rules(GOALS).values()
        for group in each.records.values()
        for record in group
    ]
    expressions += [alert.expression for alert in ALERTS]
    expressions += [
        ask.expression for each in dashboards(GOALS) for panel in each.panels for ask in panel.asks
    ]
    asked = {name for expression in expressions for name in names_in(expression)}
    assert asked <= OWN | APPLICATION | RECORDED | PROMETHEUS
    # The table has no metric that nobody looks at, but for those that a person looks up.
    looked_up = {str(family) for family in FAMILIES if family.name == "perfkit_query_rows"}
    assert OWN - asked - looked_up <= {"perfkit_scrape_seconds_sum", "perfkit_scrape_seconds_count"}


def test_a_name_that_is_not_exported_is_seen() -> None:
    assert names_in('sum by (query) (rate(perfkit_quary_seconds_sum{instance=~"x"}[5m]))') == {
        "perfkit_quary_seconds_sum"
    }


def test_dashboards_are_seven_pages_and_their_provisioning() -> None:
    files = dashboard_files(GOALS, prometheus_url="http://prometheus:9090", folder="/dashboards")
    assert sum(name.startswith("dashboards/") for name in files) == 7
    source = yaml.safe_load(files["provisioning/datasources/perfkit.yml"])["datasources"][0]
    assert source["url"] == "http://prometheus:9090"
    provider = yaml.safe_load(files["provisioning/dashboards/perfkit.yml"])["providers"][0]
    assert provider["options"]["path"] == "/dashboards"


@pytest.mark.parametrize("dashboard", dashboards(GOALS), ids=lambda dashboard: dashboard.id)
def test_the_rows_of_a_dashboard_are_filled(dashboard: Any) -> None:
    column = 0
    for panel in dashboard.panels:
        assert column + panel.width <= 24, panel.title
        column = (column + panel.width) % 24
    assert len({panel.title for panel in dashboard.panels}) == len(dashboard.panels)


def test_scrapes_over_https_keep_the_job_that_rules_go_by() -> None:
    jobs = yaml.safe_load(rule_files(GOALS, PLACES)["prometheus.yml"])["scrape_configs"]
    secure = next(job for job in jobs if job.get("scheme") == "https")
    assert secure["static_configs"] == [{"targets": ["other:19187"], "labels": {"job": "perfkit"}}]
    assert len({job["job_name"] for job in jobs}) == len(jobs)


def test_limits_are_the_users_goals() -> None:
    files = rule_files(Goals(request_s=1.0, memory_bytes=1000), PLACES)
    assert 'le=~"1([.]0)?"' in files["application-rules.yml"]
    assert 'process_resident_memory_bytes{job="application"} > 1000' in files["application-rules.yml"]


def test_heavy_handlers_match_whatever_their_parameters_are_called() -> None:
    pattern = handlers_of(["/api/people/{id}/giving?page={page}", "/a.b"])
    assert re.fullmatch(pattern, "/api/people/{person}/giving")
    assert re.fullmatch(pattern, "/a.b")
    assert not re.fullmatch(pattern, "/acb")
    assert not re.fullmatch(pattern, "/api/people/{person}")
    assert handlers_of(endpoint.path for endpoint in DEMO if endpoint.simple)


def test_a_text_is_told_as_prometheus_shows_it() -> None:
    text = "{{ $labels.query }} takes {{ $value | humanizeDuration }}"
    assert told(text, {"query": "a"}, "2s") == "a takes 2s"
