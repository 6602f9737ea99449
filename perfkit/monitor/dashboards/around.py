"""Dashboards of what stands around the database: targets and imports, the application, the exporter itself."""

from perfkit.monitor import application as app
from perfkit.monitor import metrics as m
from perfkit.monitor.dashboards.model import (
    APPLICATION,
    RATE,
    Ask,
    Dashboard,
    Panel,
    Shape,
    Unit,
    number,
    of,
    rate,
)
from perfkit.monitor.rules.model import Goals
from perfkit.monitor.rules.slo import REQUEST_RATE, errors, latency

TARGETS = Dashboard(
    id="perfkit-targets",
    title="perfkit: imports and targets",
    about="What was promised, and what the newest runs of perfkit analyze and perfkit bench measured of it.",
    panels=(
        number("Targets met", "Of those that were measured.", f"count({of(m.TARGET_MET)} == 1) or vector(0)"),
        number("Targets missed", "Of those that were measured.", f"count({of(m.TARGET_MET)} == 0) or vector(0)", warn=1),
        number("Never measured", "Their benches have not been run.", f"count({of(m.TARGET_LIMIT)} unless {of(m.TARGET_VALUE)}) or vector(0)"),
        number("1,000 records imported in", "By perfkit bench import.", of(m.TARGET_VALUE, 'target="import"'), Unit.SECONDS, bad=5),
        number("Mean time of a query", "By the newest probes.", of(m.TARGET_VALUE, 'target="query-mean"'), Unit.SECONDS, bad=0.1),
        number("Users at once", "By perfkit bench load.", of(m.TARGET_VALUE, 'target="users"'), bad=100, good_when_high=True),
        Panel(
            title="Measured as a share of the limit",
            about="Above 100 % a target is missed; of users at once, below.",
            asks=(Ask(f"{of(m.TARGET_VALUE)} / {of(m.TARGET_LIMIT)}", "{{target}}"),),
            unit=Unit.SHARE,
            shape=Shape.TABLE,
        ),
        Panel(
            title="Share of the limit over time",
            about="A step is a new run of a bench.",
            asks=(Ask(f"{of(m.TARGET_VALUE)} / {of(m.TARGET_LIMIT)}", "{{target}}"),),
            unit=Unit.SHARE,
        ),
        Panel(
            title="Import",
            about="Figures of the newest perfkit bench import that are times, in ms.",
            asks=(Ask(of(m.BENCH_FIGURE, 'bench="import"', 'unit="ms"'), "{{figure}}"),),
            shape=Shape.TABLE,
        ),
        Panel(
            title="Age of the newest run",
            about="Of each bench: what was measured long ago says little of today.",
            asks=(Ask(f"time() - {of(m.BENCH_AT)}", "{{bench}}"),),
            unit=Unit.SECONDS,
        ),
    ),
)  # fmt: skip


def application(goals: Goals) -> Dashboard:
    """Return the application's dashboard for what users were promised."""
    users = f"{{{app.USERS}}}[{RATE}]"
    buckets = f"sum by (le) (rate({app.DURATION.bucket}{users}))"
    memory = f"{app.MEMORY}{{{APPLICATION}}}"
    return Dashboard(
        id="perfkit-application",
        title="perfkit: application",
        about="Requests, errors, time and memory, by the names that usual Prometheus middleware gives them.",
        panels=(
            number("Instances", "That Prometheus reaches.", f"sum({app.REACHED}{{{APPLICATION}}})"),
            number("Requests", "A second, of five minutes.", f"sum({REQUEST_RATE}5m)", Unit.REQUESTS),
            number("Failed", "Share of an hour's requests.", f"max({errors().share('1h')})", Unit.SHARE, warn=0.001, bad=0.01),
            number("Slow", "Simple requests over their target, share of an hour's.", f"max({latency(goals).share('1h')})", Unit.SHARE, warn=0.05, bad=0.3),
            number("95 of 100 within", "All requests.", f"histogram_quantile(0.95, {buckets})", Unit.SECONDS, warn=goals.request_s),
            number("Largest instance", "Memory.", f"max({memory})", Unit.BYTES, bad=goals.memory_bytes),
            Panel(
                title="Requests by handler",
                about="A second, by handler.",
                asks=(Ask(f"sum by (handler) (rate({app.REQUESTS}{users}))", "{{handler}}"),),
                unit=Unit.REQUESTS,
            ),
            Panel(
                title="Answers by status",
                about="A second; 500 and above failed.",
                asks=(Ask(f"sum by (status) (rate({app.REQUESTS}{users}))", "{{status}}"),),
                unit=Unit.REQUESTS,
            ),
            Panel(
                title="Errors",
                about="Share of requests that failed; 0.1 % may.",
                asks=tuple(Ask(errors().share(window), f"{{{{job}}}} {window}") for window in ("5m", "1h", "1d")),
                unit=Unit.SHARE,
            ),
            Panel(
                title="Latency",
                about="Half, 95 and 99 of 100 requests take no longer.",
                asks=tuple(Ask(f"histogram_quantile({share}, {buckets})", f"p{share * 100:g}") for share in (0.5, 0.95, 0.99)),
                unit=Unit.SECONDS,
                warn=goals.request_s,
            ),
            Panel(
                title="Latency by handler, 95 of 100 within",
                about="Heavy ones too.",
                asks=(Ask(f"histogram_quantile(0.95, sum by (handler, le) (rate({app.DURATION.bucket}{users})))", "{{handler}}"),),
                unit=Unit.SECONDS,
            ),
            Panel(
                title="Memory of each instance",
                about="An instance that grows without end leaks.",
                asks=(Ask(memory, "{{instance}}"),),
                unit=Unit.BYTES,
                bad=goals.memory_bytes,
            ),
            Panel(
                title="Processor of each instance",
                about="1 is one core.",
                asks=(Ask(f"rate({app.CPU}{{{APPLICATION}}}[{RATE}])", "{{instance}}"),),
            ),
        ),
    )  # fmt: skip


_JOB = f'job="{app.EXPORTER_JOB}"'

EXPORTER = Dashboard(
    id="perfkit-exporter",
    title="perfkit: the exporter itself",
    about="Does the watcher watch: scrapes, probes, what it fails to read, its own memory.",
    panels=(
        number("Exporters", "That Prometheus reaches.", f"sum({of(app.REACHED, _JOB)})"),
        number("Oldest probe", "Of any case.", f"max(time() - {of(m.PROBED)})", Unit.SECONDS),
        number("Scrape takes", "As Prometheus sees it.", f"max({of('scrape_duration_seconds', _JOB)})", Unit.SECONDS, warn=0.5, bad=2),
        number("Samples a scrape", "That Prometheus stores.", f"max({of('scrape_samples_scraped', _JOB)})"),
        number("Memory", "Of the exporter.", f"max({of(app.MEMORY, _JOB)})", Unit.BYTES, bad=512 * 2**20),
        number("Connections made", "Since it was started; it keeps one.", f"sum({of(m.CONNECTIONS)})"),
        Panel(
            title="Probes",
            about="A second.",
            asks=(Ask(f"sum by (instance) ({rate(of(m.PROBES))})", "{{instance}}"),),
            unit=Unit.PER_SECOND,
        ),
        Panel(
            title="Probes come late by",
            about="Beside their interval: when it is reached, the catalog cannot be probed as often.",
            asks=(Ask(of(m.LAG), "late {{instance}}"), Ask(of(m.INTERVAL), "interval {{instance}}")),
            unit=Unit.SECONDS,
        ),
        Panel(
            title="What it failed to read",
            about="In an hour, by source, and probes by the reason that they gave no time.",
            asks=(Ask(f"increase({of(m.SOURCE_ERRORS)}[1h])", "{{source}}"), Ask(f"increase({of(m.FAILURES)}[1h])", "probe {{reason}}")),
        ),
        Panel(
            title="Answering a scrape, 99 of 100 within",
            about="As the exporter sees it: it answers from memory.",
            asks=(Ask(f"histogram_quantile(0.99, {rate(of(m.SCRAPE_SECONDS.bucket))})", "{{instance}}"),),
            unit=Unit.SECONDS,
        ),
        Panel(
            title="Memory over time",
            about="It should stay where it is.",
            asks=(Ask(of(app.MEMORY, _JOB), "memory {{instance}}"),),
            unit=Unit.BYTES,
        ),
        Panel(
            title="Processor",
            about="1 is one core.",
            asks=(Ask(rate(of(app.CPU, _JOB)), "{{instance}}"),),
        ),
        Panel(
            title="Version",
            about="Of each exporter.",
            asks=(Ask(of(m.BUILD), "{{version}} {{instance}}"),),
            shape=Shape.TABLE,
        ),
    ),
)  # fmt: skip
