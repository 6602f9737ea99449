"""Alerts on the database, its queries, and the exporter that watches them."""

from perfkit.monitor import application as app
from perfkit.monitor import metrics as m
from perfkit.monitor.rules.model import Alert, Urgency
from perfkit.monitor.rules.slo import FAST, SLOW, queries
from perfkit.monitor.rules.thresholds import (
    LEAST_PROBES,
    POOL_WAIT_S,
    REGRESSED_LEAST_S,
    REGRESSED_RATIO,
    SOURCE_FAILURES,
)

MEAN = "perfkit:query_seconds:mean1h"
"""The recorded mean time of a case's probes over an hour."""

_BURN_MEANING = (
    "Each probe of a case must keep the case's budget; 95 % of them may be expected to. The alert tells that the"
    " catalog as a whole misses budgets {often}, over a long window and still now."
)
_BURN_STEPS = (
    "Open the dashboard *perfkit: queries against budget*: is it one query, or all of them?",
    "All of them: `perfkit health` (locks, long transactions, vacuum), then the machine: processor, disk, memory.",
    "One of them: `perfkit analyze QUERY` tells what its plan does, `perfkit regress QUERY` what has changed.",
    "Failed probes count as missed: the exporter's own log names their errors.",
)

SERVICE = (
    Alert(
        name="PerfkitExporterDown",
        urgency=Urgency.CRITICAL,
        expression=f'{app.REACHED}{{job="{app.EXPORTER_JOB}"}} == 0\nor\nabsent({app.REACHED}{{job="{app.EXPORTER_JOB}"}})',
        lasting="5m",
        summary="perfkit's exporter cannot be scraped",
        description="Prometheus has not reached perfkit's exporter for five minutes: nobody watches the database.",
        meaning="Every other alert on the database is blind as long as this lasts.",
        steps=(
            "Is the process there? `systemctl status`, or where it was started: `perfkit monitor serve`.",
            "It answers scrapes also while the database is away, so that look at its own log, not at PostgreSQL.",
            "`curl http://HOST:PORT/healthz` from the machine of Prometheus: a firewall, TLS, a password?",
        ),
    ),
    Alert(
        name="PerfkitDatabaseDown",
        urgency=Urgency.CRITICAL,
        expression=f"{m.UP} == 0",
        lasting="2m",
        summary="the database cannot be asked",
        description="The exporter {{ $labels.instance }} has not reached its database for two minutes.",
        meaning="No connection can be made, or the server answers nothing any more: users cannot work.",
        steps=(
            "The exporter's log has PostgreSQL's own words; try the same with `psql`.",
            "Does the server run? Its log tells why it ended: memory, disk, a crash.",
            "`too many clients`: who holds connections? `perfkit health` as a superuser; put a pooler before it.",
            "The password or pg_hba.conf may have been changed: then only perfkit is shut out.",
        ),
    ),
    Alert(
        name="PerfkitProbesLate",
        urgency=Urgency.WARNING,
        expression=f"{m.LAG} > {m.INTERVAL}",
        lasting="30m",
        summary="the catalog cannot be probed as often as asked",
        description="Probes of {{ $labels.instance }} begin {{ $value | humanizeDuration }} late, more than their interval.",
        meaning="Probes run one at a time; together they take longer than their interval, so numbers are old.",
        steps=(
            "Is the database slow as a whole? Then other alerts say so too.",
            "Else probe less often (`perfkit monitor serve --every 15min`) or fewer queries (name them).",
        ),
    ),
    Alert(
        name="PerfkitSourceFails",
        urgency=Urgency.WARNING,
        expression=f'increase({m.SOURCE_ERRORS}{{source!="database"}}[15m]) > {SOURCE_FAILURES}',
        lasting="15m",
        summary="{{ $labels.source }} cannot be read",
        description="The exporter {{ $labels.instance }} fails to read {{ $labels.source }}: its metrics are missing.",
        meaning="A pooler, a cache, health or the results of benches cannot be read; alerts on them are blind.",
        steps=(
            "The exporter's options --pool and --cache, and their passwords: are they still right?",
            "`results`: a file of the results in the demo's or project's directory is damaged; `perfkit targets` names it.",
        ),
    ),
)

QUERIES = (
    Alert(
        name="PerfkitQueriesBurnFast",
        urgency=Urgency.CRITICAL,
        expression=queries().burning(FAST),
        lasting="2m",
        summary="the catalog's queries miss their budgets",
        description="{{ $value | humanizePercentage }} of the probes of {{ $labels.instance }} miss their budgets; 5 % may.",
        meaning=_BURN_MEANING.format(often="so often that a month's share is gone within days"),
        steps=_BURN_STEPS,
    ),
    Alert(
        name="PerfkitQueriesBurnSlowly",
        urgency=Urgency.WARNING,
        expression=queries().burning(SLOW),
        lasting="1h",
        summary="the catalog's queries miss their budgets too often",
        description="{{ $value | humanizePercentage }} of the probes of {{ $labels.instance }} miss their budgets; 5 % may.",
        meaning=_BURN_MEANING.format(often="more often than agreed, for hours or days"),
        steps=_BURN_STEPS,
    ),
    Alert(
        name="PerfkitQueryOverBudget",
        urgency=Urgency.WARNING,
        expression=(
            f"increase({m.MISSED}[6h]) / increase({m.PROBES}[6h]) > 0.5\nand\n"
            f"increase({m.PROBES}[6h]) >= {LEAST_PROBES}"
        ),
        lasting="15m",
        summary="{{ $labels.query }} is over its budget",
        description="{{ $labels.query }}/{{ $labels.case }}: {{ $value | humanizePercentage }} of the probes of six hours missed the budget.",
        meaning="One case is slower than its budget most of the time; beside many others it hardly shows in their mean.",
        steps=(
            "`perfkit analyze QUERY` names what in its plan costs the time.",
            "`perfkit suggest QUERY` looks for an index that helps; `perfkit apply` builds it and keeps only what helps.",
            "Is the budget in the query's header still what users need?",
        ),
    ),
    Alert(
        name="PerfkitQueryRegressed",
        urgency=Urgency.WARNING,
        expression=(
            f"{MEAN} > {REGRESSED_RATIO} * {m.BASELINE_SECONDS}\nand\n"
            f"{MEAN} - {m.BASELINE_SECONDS} > {REGRESSED_LEAST_S}"
        ),
        lasting="30m",
        summary="{{ $labels.query }} is slower than its baseline",
        description="{{ $labels.query }}/{{ $labels.case }} takes {{ $value | humanizeDuration }}, at least twice what the baseline says.",
        meaning="The mean of an hour's probes is at least twice the baseline's median, and so much more that users may feel it.",
        steps=(
            "`perfkit regress QUERY` measures it against the baseline and names the cause: plan, growth, bloat, settings.",
            "Was a change released? `perfkit regress --migration FILE` judges it on a copy.",
            "It is as it must be (the data grew): `perfkit baseline --only QUERY` records it anew.",
        ),
    ),
    Alert(
        name="PerfkitPlanChanged",
        urgency=Urgency.INFO,
        expression=f"{m.PLAN_CHANGED} == 1",
        lasting="30m",
        summary="{{ $labels.query }} has another plan",
        description="{{ $labels.query }}/{{ $labels.case }} runs by a plan that its baseline does not know.",
        meaning="Another plan is no harm by itself, often it is the better one; but it explains what else is told.",
        steps=(
            "`perfkit regress QUERY` shows both plans and judges them.",
            "It is right: `perfkit baseline accept`; no more is told of it then.",
        ),
    ),
)

GOALS = (
    Alert(
        name="PerfkitHealthCritical",
        urgency=Urgency.CRITICAL,
        expression=f"{m.HEALTH} == 2",
        lasting="5m",
        summary="health check {{ $labels.check }} is critical",
        description="The check {{ $labels.check }} of {{ $labels.instance }} has been critical for five minutes.",
        meaning="A check of `perfkit health` found what ends in an outage or in wrong data when nothing is done.",
        steps=(
            "`perfkit health --check CHECK` tells the numbers, the objects and the statement that mends it.",
        ),
    ),
    Alert(
        name="PerfkitTargetMissed",
        urgency=Urgency.WARNING,
        expression=f"{m.TARGET_MET} == 0",
        lasting="15m",
        summary="target {{ $labels.target }} is missed",
        description="The newest measurement of {{ $labels.target }} on {{ $labels.instance }} misses the target.",
        meaning="What was promised of the system is not kept: mean time, import, users at once, memory, API time.",
        steps=(
            "`perfkit targets` tells by how much, when it was measured and by which command.",
            "Run that command again: was it a passing trouble?",
        ),
    ),
    Alert(
        name="PerfkitPoolWaits",
        urgency=Urgency.WARNING,
        expression=f"{m.POOL_WAIT} > {POOL_WAIT_S}",
        lasting="5m",
        summary="clients wait for a connection of the pool",
        description="A client of the pooler of {{ $labels.instance }} has waited {{ $value | humanizeDuration }} for a connection.",
        meaning="All connections of the pool are busy: users wait before their query even begins.",
        steps=(
            "Long or idle transactions hold connections: `perfkit health --check idle-in-transaction`.",
            "`perfkit bench load` tells how many connections this database can use.",
        ),
    ),
)
