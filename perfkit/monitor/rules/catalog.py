"""All rules: what is recorded and what alerts, for what users were promised."""

from perfkit.monitor import application as app
from perfkit.monitor import metrics as m
from perfkit.monitor.rules import alerts_database as database
from perfkit.monitor.rules.alerts_application import application_alerts
from perfkit.monitor.rules.alerts_database import MEAN
from perfkit.monitor.rules.model import Goals, Record, Rules
from perfkit.monitor.rules.slo import errors, latency, queries, request_rates


def rules(goals: Goals) -> dict[str, Rules]:
    """Return every rule: those on what perfkit exports, and those on the application before the database."""
    mean = f"rate({m.QUERY_SECONDS.sum}[1h])\n/\nrate({m.QUERY_SECONDS.count}[1h])"
    return {
        app.EXPORTER_JOB: Rules(
            records={"perfkit-queries": (*queries().records(), Record(MEAN, mean))},
            alerts={
                "perfkit-service-alerts": database.SERVICE,
                "perfkit-queries-alerts": database.QUERIES,
                "perfkit-goals-alerts": database.GOALS,
            },
        ),
        app.JOB: Rules(
            records={
                "application-requests": (
                    *request_rates(),
                    *errors().records(),
                    *latency(goals).records(),
                )
            },
            alerts={"application-alerts": application_alerts(goals)},
        ),
    }
