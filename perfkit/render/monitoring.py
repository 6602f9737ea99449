"""Prometheus, Alertmanager and Grafana: what perfkit monitor rules and dashboard write, at this stack's addresses."""

from collections.abc import Mapping

from perfkit import units
from perfkit.monitor.rules.files import ALERTMANAGER_FILE, Places, rule_files
from perfkit.render.heading import Fact, heading
from perfkit.render.model import Stack

PROMETHEUS_FOLDER = "prometheus"
ALERTMANAGER_FOLDER = "alertmanager"
GRAFANA_FOLDER = "grafana"
PROMETHEUS_NEEDS = ("instances",)
ALERTMANAGER_NEEDS: tuple[str, ...] = ()
GRAFANA_NEEDS = ("dashboards",)
_RUNBOOKS = "docs/alerts.md"


def prometheus_files(stack: Stack) -> dict[str, str]:
    """Return what Prometheus reads: where to scrape, its rules, and the rules' tests for promtool."""
    assert stack.instances
    facts = (
        (units.counted(stack.instances.value, "instance"), stack.instances.source),
        *_goals(stack),
    )
    return {
        f"{PROMETHEUS_FOLDER}/{name}": heading(name, facts) + text
        for name, text in _files(stack).items()
        if name != ALERTMANAGER_FILE
    }


def alertmanager_files(stack: Stack) -> dict[str, str]:
    """Return what Alertmanager reads: routes by severity; where they lead holds secrets, and is not written here."""
    text = heading(ALERTMANAGER_FILE, ()) + _files(stack)[ALERTMANAGER_FILE]
    return {f"{ALERTMANAGER_FOLDER}/{ALERTMANAGER_FILE}": text}


def grafana_files(stack: Stack) -> dict[str, str]:
    """Return what Grafana is provisioned with: dashboards, and where Prometheus is."""
    from perfkit.monitor.dashboards.grafana import dashboard_files

    assert stack.dashboards
    made = dashboard_files(
        stack.goals, prometheus_url=f"http://{stack.places.prometheus}", folder=stack.dashboards.value
    )
    return {
        f"{GRAFANA_FOLDER}/{name}": text
        if name.endswith(".json")
        else heading(name.rpartition("/")[2], _goals(stack)) + text
        for name, text in made.items()
    }


def _files(stack: Stack) -> Mapping[str, str]:
    places = stack.places
    instances = stack.instances.value if stack.instances else ()
    return rule_files(
        stack.goals,
        Places(
            exporters=(str(places.exporter),),
            applications=tuple(map(str, instances)),
            alertmanager=str(places.alertmanager),
            notify="",
            runbooks=_RUNBOOKS,
            others={
                "haproxy": (str(places.haproxy_scraped or places.haproxy_metrics),),
                "prometheus": (str(places.prometheus),),
                "alertmanager": (str(places.alertmanager),),
            },
        ),
    )


def _goals(stack: Stack) -> tuple[Fact, ...]:
    return (
        (f"simple requests within {units.format_ms(stack.goals.request_s * 1000)}", "setting api_target"),
        (f"{units.format_bytes(stack.memory_bytes.value)} an instance", stack.memory_bytes.source),
    )
