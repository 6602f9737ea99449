"""Rules as files: Prometheus' rules, their unit tests, a configuration that scrapes, and Alertmanager's routes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from perfkit.monitor import application as app
from perfkit.monitor.rules.catalog import rules
from perfkit.monitor.rules.model import Alert, Goals, Rules, Story, Urgency, told
from perfkit.monitor.rules.stories import stories
from perfkit.monitor.yaml import Value, to_yaml

PROMETHEUS_FILE = "prometheus.yml"
ALERTMANAGER_FILE = "alertmanager.yml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where everything is: HOST:PORT, or a URL for HTTPS; `notify` is called by Alertmanager, '' for nobody.

    `others` are further jobs by their names, such as a proxy's metrics, for which there are no rules.
    """

    exporters: tuple[str, ...]
    applications: tuple[str, ...]
    alertmanager: str
    notify: str
    runbooks: str
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def rule_files(goals: Goals, places: Places) -> dict[str, str]:
    """Return the text of each file by its name."""
    files = {
        PROMETHEUS_FILE: to_yaml(_prometheus(places), heading="How Prometheus finds what it scrapes."),
        ALERTMANAGER_FILE: to_yaml(_alertmanager(places), heading=_ROUTES),
    }
    for subject, made in rules(goals).items():
        files[_rules_file(subject)] = to_yaml(
            {"groups": list(_groups(made, places.runbooks))},
            heading=f"{_SUBJECTS[subject]}\nTheir tests: promtool test rules {_tests_file(subject)}",
        )
        tests: Mapping[str, Value] = {
            "rule_files": [_rules_file(subject)],
            "evaluation_interval": "1m",
            "tests": list(_tests(made, goals, places.runbooks)),
        }
        files[_tests_file(subject)] = to_yaml(tests, heading=_STORIES)
    return files


_SUBJECTS = {
    app.EXPORTER_JOB: "Rules for what perfkit exports of a database.",
    app.JOB: "Rules for the application before the database, by the names that usual middleware gives its metrics.",
}
_STORIES = "Each alert on samples on which it fires, and on samples close to them on which it is silent."


def _rules_file(subject: str) -> str:
    return f"{subject}-rules.yml"


def _tests_file(subject: str) -> str:
    return f"{subject}-rules-test.yml"


def _groups(made: Rules, runbooks: str) -> Iterator[Value]:
    for name, records in made.records.items():
        yield {
            "name": name,
            "rules": [{"record": each.name, "expr": each.expression} for each in records],
        }
    for name, alerts in made.alerts.items():
        yield {"name": name, "rules": [_alert(each, runbooks) for each in alerts]}


def _alert(alert: Alert, runbooks: str) -> Value:
    return {
        "alert": alert.name,
        "expr": alert.expression,
        "for": alert.lasting,
        "labels": {"severity": alert.urgency},
        "annotations": {
            "summary": alert.summary,
            "description": alert.description,
            "runbook_url": f"{runbooks}#{alert.name.lower()}",
        },
    }


def _tests(made: Rules, goals: Goals, runbooks: str) -> Iterator[Value]:
    found = stories(goals)
    for alert in made.every_alert:
        both = found[alert.name]
        yield _test(alert, both.fires, runbooks)
        yield _test(alert, both.quiet, runbooks)


def _test(alert: Alert, story: Story, runbooks: str) -> Value:
    expected: list[Value] = []
    if story.fires is not None:
        annotations = {
            "summary": told(alert.summary, story.fires, story.value),
            "description": told(alert.description, story.fires, story.value),
            "runbook_url": f"{runbooks}#{alert.name.lower()}",
        }
        labels = {**story.fires, "severity": alert.urgency}
        expected.append({"exp_labels": labels, "exp_annotations": annotations})
    return {
        "interval": "1m",
        "input_series": [{"series": series, "values": values} for series, values in story.series.items()],
        "alert_rule_test": [{"eval_time": story.after, "alertname": alert.name, "exp_alerts": expected}],
    }


def _prometheus(places: Places) -> Mapping[str, Value]:
    jobs = [_job(app.EXPORTER_JOB, each) for each in _by_scheme(places.exporters)]
    jobs += [_job(app.JOB, each) for each in _by_scheme(places.applications)]
    jobs += [_job(name, each) for name, found in places.others.items() for each in _by_scheme(found)]
    return {
        "global": {"scrape_interval": "15s", "scrape_timeout": "5s", "evaluation_interval": "30s"},
        "rule_files": [_rules_file(subject) for subject in _SUBJECTS],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [places.alertmanager]}]}]},
        "scrape_configs": jobs,
    }


def _by_scheme(places: tuple[str, ...]) -> Iterator[tuple[str, list[str]]]:
    """Yield HOST:PORTs that are scraped over HTTP, then those over HTTPS."""
    urls = [urlsplit(place if "://" in place else f"http://{place}") for place in places]
    for scheme in ("http", "https"):
        if found := [url.netloc for url in urls if url.scheme == scheme]:
            yield scheme, found


def _job(name: str, found: tuple[str, list[str]]) -> Value:
    scheme, targets = found
    first: Mapping[str, Value] = {"job_name": name}
    if scheme == "https":
        # Names of jobs must differ; the label, which rules go by, is the same.
        targets_of_name: Value = {"targets": targets, "labels": {"job": name}}
        return {"job_name": f"{name}-https", "scheme": scheme, "static_configs": [targets_of_name]}
    return {**first, "static_configs": [{"targets": targets}]}


_ROUTES = """Who is told of what: critical alerts at once and every four hours, warnings once a day, information once a week.
Say how each receiver is reached (mail, chat, telephone): https://prometheus.io/docs/alerting/latest/configuration/"""

_REPEAT = {Urgency.CRITICAL: "4h", Urgency.WARNING: "1d", Urgency.INFO: "7d"}

# What follows from an alert is not told beside it.
_FOLLOWS = {
    "PerfkitDatabaseDown": "PerfkitQuer.+|PerfkitProbesLate|PerfkitPoolWaits",
    "PerfkitQueriesBurnFast": "PerfkitQueriesBurnSlowly|PerfkitQueryOverBudget",
}
_FOLLOWS_APPLICATION = {
    "ApplicationDown": "ApplicationInstanceDown|ApplicationTrafficGone",
    "ApplicationErrorsBurnFast": "ApplicationErrorsBurnSlowly",
    "ApplicationLatencyBurnFast": "ApplicationLatencyBurnSlowly",
}


def _alertmanager(places: Places) -> Mapping[str, Value]:
    webhook: Mapping[str, Value] = (
        {"webhook_configs": [{"url": places.notify, "send_resolved": True}]} if places.notify else {}
    )
    return {
        "route": {
            "receiver": Urgency.WARNING,
            "group_by": ["alertname", "job", "instance"],
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": _REPEAT[Urgency.WARNING],
            "routes": [
                {
                    "matchers": [f'severity="{urgency}"'],
                    "receiver": urgency,
                    "repeat_interval": _REPEAT[urgency],
                }
                for urgency in Urgency
            ],
        },
        "receivers": [{"name": urgency, **webhook} for urgency in Urgency],
        "inhibit_rules": [
            *(_inhibit(cause, follows, "instance") for cause, follows in _FOLLOWS.items()),
            *(_inhibit(cause, follows, "job") for cause, follows in _FOLLOWS_APPLICATION.items()),
        ],
    }


def _inhibit(cause: str, follows: str, same: str) -> Value:
    return {
        "source_matchers": [f'alertname="{cause}"'],
        "target_matchers": [f'alertname=~"{follows}"'],
        "equal": [same],
    }
