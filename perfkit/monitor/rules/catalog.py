"""All rules: what is recorded and what alerts, for what users were promised."""

from perfkit.monitor import metrics as m
from perfkit.monitor.rules import alerts_database as database
from perfkit.monitor.rules.alerts_application import application_alerts
from perfkit.monitor.rules.alerts_database import MEAN
from perfkit.monitor.rules.model import Goals, Record, Rules
from perfkit.monitor.rules.slo import errors, latency, queries, request_rates


def rules(goals: Goals) -> Rules:
    """Return every rule, in groups."""
    mean = f"rate({m.QUERY_SECONDS.sum}[1h])\n/\nrate({m.QUERY_SECONDS.count}[1h])"
    return Rules(
        records={
            "perfkit-queries": (*queries().records(), Record(MEAN, mean)),
            "perfkit-application": (*request_rates(), *errors().records(), *latency(goals).records()),
        },
        alerts={
            "perfkit-service-alerts": database.SERVICE,
            "perfkit-queries-alerts": database.QUERIES,
            "perfkit-goals-alerts": database.GOALS,
            "perfkit-application-alerts": application_alerts(goals),
        },
    )
