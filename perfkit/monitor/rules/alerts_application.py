"""Alerts on the application before the database: whether it answers, how fast, and in how much memory."""

from perfkit.monitor import application as app
from perfkit.monitor.rules.model import Alert, Goals, Urgency
from perfkit.monitor.rules.slo import FAST, REQUEST_RATE, SLOW, Objective, errors, latency
from perfkit.monitor.rules.thresholds import BUSY_RATE
from perfkit.units import format_bytes, format_ms

_UP = f'{app.REACHED}{{job="{app.JOB}"}}'
_ERROR_STEPS = (
    "The dashboard *perfkit: application* tells which handlers fail, the application's log why.",
    "Is PerfkitDatabaseDown or PerfkitPoolWaits told too? Then begin there.",
    "Was something released? Take it back first, look after.",
)
_LATENCY_STEPS = (
    "The dashboard *perfkit: application* tells which handlers are slow.",
    "Are queries slow too (*perfkit: queries against budget*)? Then `perfkit analyze` and `perfkit health`.",
    "Queries are as ever: connections that are waited for, memory, processor of the instances; `perfkit bench api`.",
)


def application_alerts(goals: Goals) -> tuple[Alert, ...]:
    """Return the alerts for what users were promised."""
    within = format_ms(goals.request_s * 1000)
    return (
        *_REACHED,
        *_burns(
            errors(),
            kind="Errors",
            summary="requests fail",
            description="{{ $value | humanizePercentage }} of requests to {{ $labels.job }} fail; 0.1 % may.",
            meaning="Requests are answered by a status of 500 or more",
            steps=_ERROR_STEPS,
        ),
        *_burns(
            latency(goals),
            kind="Latency",
            summary="simple requests are slow",
            description=f"{{{{ $value | humanizePercentage }}}} of simple requests to {{{{ $labels.job }}}} take over {within}; 5 % may.",
            meaning=f"Simple requests take longer than their target of {within}",
            steps=_LATENCY_STEPS,
        ),
        _memory(goals),
    )


_REACHED = (
    Alert(
        name="ApplicationDown",
        urgency=Urgency.CRITICAL,
        expression=f"max by (job) ({_UP}) == 0",
        lasting="1m",
        summary="no instance of {{ $labels.job }} answers",
        description="Prometheus reaches no instance of {{ $labels.job }}: users cannot work.",
        meaning="Not one instance answers its metrics, so that probably none answers users.",
        steps=(
            "Do the processes run? Their logs, and the memory of their machines (killed?), tell more.",
            "Does the load balancer see them? Its page of states, or its own log.",
        ),
    ),
    Alert(
        name="ApplicationInstanceDown",
        urgency=Urgency.WARNING,
        expression=f"{_UP} == 0",
        lasting="5m",
        summary="an instance of {{ $labels.job }} is down",
        description="Prometheus has not reached {{ $labels.instance }} for five minutes; the others answer its users.",
        meaning="One instance less: no harm for users yet, but less room for their peaks.",
        steps=(
            "Look at the instance's own log; start it again. Was it drained on purpose and not taken off?",
        ),
    ),
    Alert(
        name="ApplicationTrafficGone",
        urgency=Urgency.WARNING,
        expression=f"{REQUEST_RATE}5m == 0\nand\n{REQUEST_RATE}1h offset 10m > {BUSY_RATE}",
        lasting="5m",
        summary="{{ $labels.job }} gets no requests any more",
        description="{{ $labels.job }} was busy within the last hour and has had no request for ten minutes.",
        meaning="Instances run, but users do not reach them: name, certificate, load balancer, network.",
        steps=(
            "Open the site as users do, from outside.",
            "The load balancer's log: does it get requests, and what becomes of them?",
        ),
    ),
)


def _memory(goals: Goals) -> Alert:
    limit = format_bytes(goals.memory_bytes)
    return Alert(
        name="ApplicationMemoryHigh",
        urgency=Urgency.WARNING,
        expression=f'{app.MEMORY}{{job="{app.JOB}"}} > {goals.memory_bytes}',
        lasting="10m",
        summary="an instance of {{ $labels.job }} uses too much memory",
        description=f"{{{{ $labels.instance }}}} uses {{{{ $value | humanize1024 }}}}B of memory; an instance may use {limit}.",
        meaning="The instance is beyond its target for ten minutes: a leak, a large answer, or too many workers.",
        steps=(
            "Does it grow without end (dashboard *perfkit: application*)? Then restart it, and look for the leak.",
            "`perfkit bench api` measures memory under load; which handler makes it grow?",
        ),
    )


def _burns(
    objective: Objective, *, kind: str, summary: str, description: str, meaning: str, steps: tuple[str, ...]
) -> tuple[Alert, ...]:
    return (
        Alert(
            name=f"Application{kind}BurnFast",
            urgency=Urgency.CRITICAL,
            expression=objective.burning(FAST),
            lasting="2m",
            summary=f"{{{{ $labels.job }}}}: {summary}",
            description=description,
            meaning=f"{meaning}, so many that a month's share of them is gone within days.",
            steps=steps,
        ),
        Alert(
            name=f"Application{kind}BurnSlowly",
            urgency=Urgency.WARNING,
            expression=objective.burning(SLOW),
            lasting="1h",
            summary=f"{{{{ $labels.job }}}}: {summary}, more than agreed",
            description=description,
            meaning=f"{meaning}, more of them than agreed, for hours or days.",
            steps=steps,
        ),
    )
