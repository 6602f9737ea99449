"""Dashboards of the database: is it healthy, its queries, its sessions, its caches."""

from perfkit.monitor import metrics as m
from perfkit.monitor.dashboards.model import Ask, Dashboard, Panel, Shape, Unit, number, of, rate
from perfkit.monitor.rules.slo import queries

_MISSED_NOW = of(queries().share("1h"))

HEALTHY = Dashboard(
    id="perfkit-healthy",
    title="perfkit: is it healthy",
    about="One look: does the database answer, do its queries keep their budgets, is anything about to break?",
    panels=(
        number("Database", "1 while it can be asked.", f"min({of(m.UP)})", bad=1, good_when_high=True),
        number("Critical checks", "Of perfkit health.", f"count({of(m.HEALTH)} == 2) or vector(0)", bad=1),
        number("Warnings", "Of perfkit health.", f"count({of(m.HEALTH)} == 1) or vector(0)", warn=1),
        number("Unknown checks", "The role may not see what they look at.", f"count({of(m.HEALTH)} == -1) or vector(0)"),
        number("Probes over budget", "Share of an hour's probes; 5 % may be.", f"max({_MISSED_NOW})", Unit.SHARE, warn=0.05, bad=0.3),
        number("Targets missed", "See perfkit targets.", f"count({of(m.TARGET_MET)} == 0) or vector(0)", warn=1),
        Panel(
            title="Health checks",
            about="2 is critical, 1 a warning, 0 ok, -1 unknown; perfkit health --check CHECK tells more.",
            asks=(Ask(f"sort_desc({of(m.HEALTH)})", "{{check}}"),),
            shape=Shape.TABLE,
            warn=1,
            bad=2,
        ),
        Panel(
            title="Share of probes over budget",
            about="Over an hour and over a day; the alert that burns fast begins at 72 % and 30 %.",
            asks=(Ask(_MISSED_NOW, "1 hour {{instance}}"), Ask(of(queries().share("1d")), "1 day {{instance}}")),
            unit=Unit.SHARE,
        ),
        Panel(
            title="Alerts that fire",
            about="Each has a runbook in docs/alerts.md.",
            asks=(Ask('count by (severity) (ALERTS{alertstate="firing"}) or vector(0)', "{{severity}}"),),
        ),
        Panel(
            title="Sessions of what there may be",
            about="Above 80 % new sessions may soon be refused.",
            asks=(Ask(f"sum without (state) ({of(m.SESSIONS)}) / {of(m.SESSIONS_LIMIT)}", "{{instance}}"),),
            unit=Unit.SHARE,
            warn=0.8,
            bad=0.9,
        ),
    ),
)  # fmt: skip

_CASE = "{{query}}/{{case}}"
_FAULTS = of(m.FINDINGS, 'severity!="info"')

QUERIES = Dashboard(
    id="perfkit-queries",
    title="perfkit: queries against budget",
    about="What the catalog's queries take, beside what they may take and what they took when the baseline was made.",
    panels=(
        number("Cases", "That are probed.", f"count({of(m.BUDGET)})"),
        number("Over budget now", "Whose last probe took longer.", f"count({of(m.LAST)} > {of(m.BUDGET)}) or vector(0)", warn=1),
        number("Changed plans", "That the baseline does not know.", f"count({of(m.PLAN_CHANGED)} == 1) or vector(0)", warn=1),
        number("Mean time", "Of the last probes, by weight.", f"sum({of(m.LAST)} * {of(m.WEIGHT)}) / sum({of(m.WEIGHT)} and {of(m.LAST)})", Unit.SECONDS),
        number("Findings", "Of rules on the plans, warnings and errors.", f"sum({_FAULTS})"),
        number("Failed probes", "In an hour, by any reason.", f"sum(increase({of(m.FAILURES)}[1h]))", warn=1),
        Panel(
            title="Time as a share of the budget",
            about="The last probe of each case; above 100 % it is over.",
            asks=(Ask(f"sort_desc({of(m.LAST)} / {of(m.BUDGET)})", _CASE),),
            unit=Unit.SHARE,
            shape=Shape.TABLE,
            warn=0.8,
            bad=1,
        ),
        Panel(
            title="Where the time goes",
            about="Calls that the catalog expects times the time of each: seconds a minute, the ten largest.",
            asks=(Ask(f"topk(10, {of(m.LAST)} * {of(m.WEIGHT)})", _CASE),),
            unit=Unit.SECONDS,
        ),
        Panel(
            title="Slowest cases, 95 of 100 probes within",
            about="Of six hours' probes, the ten largest.",
            asks=(Ask(f"topk(10, histogram_quantile(0.95, {rate(of(m.QUERY_SECONDS.bucket), '6h')}))", _CASE),),
            unit=Unit.SECONDS,
        ),
        Panel(
            title="Probes over budget",
            about="In an hour, the ten worst cases.",
            asks=(Ask(f"topk(10, increase({of(m.MISSED)}[1h]))", _CASE),),
        ),
        Panel(
            title="Times the baseline's time",
            about="Empty of cases without a baseline; an alert is told from twice on, lasting.",
            asks=(Ask(f"topk(10, {of(m.LAST)} / {of(m.BASELINE_SECONDS)})", _CASE),),
        ),
        Panel(
            title="Times the baseline's blocks",
            about="Blocks repeat exactly: what grows here has grown, is bloated, or has another plan.",
            asks=(Ask(f"topk(10, {of(m.BLOCKS)} / ({of(m.BASELINE_BLOCKS)} > 0))", _CASE),),
        ),
        Panel(
            title="Blocks of a probe",
            about="Of 8 kB, the ten largest.",
            asks=(Ask(f"topk(10, {of(m.BLOCKS)})", _CASE),),
            unit=Unit.BLOCKS,
        ),
        Panel(
            title="Planning",
            about="The ten longest.",
            asks=(Ask(f"topk(10, {of(m.PLANNING)})", _CASE),),
            unit=Unit.SECONDS,
        ),
    ),
)  # fmt: skip

_ACTIVE = of(m.SESSIONS, 'state="active"')
_IDLE = of(m.SESSIONS, 'state=~"idle in transaction.*"')

SESSIONS = Dashboard(
    id="perfkit-sessions",
    title="perfkit: connections, waits, locks",
    about="What the sessions do, what they wait for, and who is in the way.",
    panels=(
        number("Sessions", "Of applications.", f"sum({of(m.SESSIONS)})"),
        number("There may be", "For ordinary roles.", f"sum({of(m.SESSIONS_LIMIT)})"),
        number("Active", "Working or waiting in a statement.", f"sum({_ACTIVE})"),
        number("Idle in transaction", "Holding locks and old rows, doing nothing.", f"sum({_IDLE})", warn=5),
        number("Waiting for locks", "Sessions.", f"sum({of(m.LOCKS)})", warn=1, bad=5),
        number("Oldest transaction", "It keeps vacuum from cleaning up.", f"max({of(m.OLDEST)})", Unit.SECONDS, warn=300, bad=1800),
        Panel(
            title="Sessions by state",
            about="All databases of the server together.",
            asks=(Ask(f"sum by (state) ({of(m.SESSIONS)})", "{{state}}"),),
        ),
        Panel(
            title="Active sessions by what they wait for",
            about="CPU is working. Lock is another session, IO the disk, LWLock PostgreSQL's own.",
            asks=(Ask(f"sum by (type) ({of(m.WAITING)})", "{{type}}"),),
        ),
        Panel(
            title="Transactions",
            about="A second; perfkit's own are rolled back.",
            asks=(Ask(f"sum by (outcome) ({rate(of(m.TRANSACTIONS))})", "{{outcome}}"),),
            unit=Unit.PER_SECOND,
        ),
        Panel(
            title="Locks and deadlocks",
            about="Sessions that wait for a lock; deadlocks of an hour.",
            asks=(Ask(of(m.LOCKS), "waiting {{instance}}"), Ask(f"increase({of(m.DEADLOCKS)}[1h])", "deadlocks {{instance}}")),
        ),
        Panel(
            title="Spilled to temporary files",
            about="Sorts and hashes beyond work_mem.",
            asks=(Ask(rate(of(m.TEMP_BYTES)), "{{instance}}"),),
            unit=Unit.BYTES,
        ),
        Panel(
            title="Pool: clients and connections",
            about="Of PgBouncer, where the exporter was given one (--pool).",
            asks=(
                Ask(f"sum by (state) ({of(m.POOL_CLIENTS)})", "clients {{state}}"),
                Ask(f"sum by (state) ({of(m.POOL_SERVERS)})", "connections {{state}}"),
            ),
        ),
        Panel(
            title="Pool: longest wait",
            about="Of the client that is first in the queue.",
            asks=(Ask(of(m.POOL_WAIT), "{{instance}}"),),
            unit=Unit.SECONDS,
            warn=1,
        ),
    ),
)  # fmt: skip

_LOOKUPS = f"({rate(of(m.CACHE_HITS), '1h')} + {rate(of(m.CACHE_MISSES), '1h')})"
_BLOCKS = f"({rate(of(m.BUFFER_HITS), '1h')} + {rate(of(m.BUFFER_READS), '1h')})"

CACHE = Dashboard(
    id="perfkit-cache",
    title="perfkit: cache",
    about="PostgreSQL's own buffers, and the cache before it where the exporter was given one (--cache).",
    panels=(
        Panel(
            title="Buffers: share of hits",
            about="Information, no goal: what is read may come from the system's memory.",
            asks=(Ask(f"{rate(of(m.BUFFER_HITS), '1h')} / {_BLOCKS}", "{{instance}}"),),
            unit=Unit.SHARE,
        ),
        Panel(
            title="Buffers: blocks",
            about="Found, and read from outside, a second.",
            asks=(Ask(rate(of(m.BUFFER_HITS)), "found {{instance}}"), Ask(rate(of(m.BUFFER_READS)), "read {{instance}}")),
            unit=Unit.PER_SECOND,
        ),
        Panel(
            title="Cache: share of hits",
            about="Of an hour's look-ups.",
            asks=(Ask(f"{rate(of(m.CACHE_HITS), '1h')} / {_LOOKUPS}", "{{instance}}"),),
            unit=Unit.SHARE,
        ),
        Panel(
            title="Cache: look-ups",
            about="A second.",
            asks=(Ask(rate(of(m.CACHE_HITS)), "hits {{instance}}"), Ask(rate(of(m.CACHE_MISSES)), "misses {{instance}}")),
            unit=Unit.PER_SECOND,
        ),
        Panel(
            title="Cache: memory",
            about="Used, and what it may use (0 for no limit).",
            asks=(Ask(of(m.CACHE_USED), "used {{instance}}"), Ask(of(m.CACHE_LIMIT), "limit {{instance}}")),
            unit=Unit.BYTES,
        ),
        Panel(
            title="Cache: entries and evictions",
            about="Evictions of an hour: many of them with many misses ask for more memory.",
            asks=(Ask(of(m.CACHE_ENTRIES), "entries {{instance}}"), Ask(f"increase({of(m.CACHE_EVICTIONS)}[1h])", "evicted {{instance}}")),
        ),
    ),
)  # fmt: skip
