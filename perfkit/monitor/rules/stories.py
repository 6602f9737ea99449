"""Stories: for each alert, samples on which it fires, and samples close to them on which it must be silent.

A sample comes every minute; `0+10x60` begins with 0 and grows by 10 for 60 minutes (promtool's notation).
"""

from collections.abc import Mapping

from perfkit.monitor import application as app
from perfkit.monitor import metrics as m
from perfkit.monitor.rules.model import Goals, Stories, Story

_EXPORTER = {"instance": "db:19187", "job": app.EXPORTER_JOB}
_ONE = {"instance": "web1:8000", "job": app.JOB}
_OTHER = {"instance": "web2:8000", "job": app.JOB}
_CASE = {"query": "directory_by_class", "case": "largest"}
_HANDLER = {"handler": "/api/directory", "method": "GET"}
_MINUTES = 120  # as long as the longest story


def stories(goals: Goals) -> Mapping[str, Stories]:
    """Return the stories of every alert by its name."""
    return {**_SERVICE, **_QUERIES, **_GOALS, **_REACHED, **_errors(), **_latency(goals), **_memory(goals)}


def _series(name: object, *labels: Mapping[str, str], **more: str) -> str:
    every = {key: value for each in (*labels, more) for key, value in each.items()}
    matched = ",".join(f'{key}="{value}"' for key, value in every.items())
    return f"{name}{{{matched}}}"


def _probes(missed: float) -> dict[str, str]:
    """Return ten probes a minute of which so many miss their budget."""
    probes, late = (_series(family, _EXPORTER, _CASE) for family in (m.PROBES, m.MISSED))
    return {probes: f"0+10x{_MINUTES}", late: f"0+{missed:g}x{_MINUTES}"}


def _one(name: object, fires: str, quiet: str, *, after: str, value: str = "", **labels: str) -> Stories:
    """Return stories of one series of the exporter, whose labels are the alert's."""
    series = _series(name, _EXPORTER, labels)
    told = {**_EXPORTER, **labels}
    return Stories(
        fires=Story(series={series: fires}, after=after, fires=told, value=value),
        quiet=Story(series={series: quiet}, after=after),
    )


_SERVICE = {
    "PerfkitExporterDown": _one(app.REACHED, "1 0x20", "1x3 0x3 1x20", after="10m"),
    "PerfkitDatabaseDown": _one(m.UP, "1 0x20", "1 0 1x20", after="5m"),
    "PerfkitProbesLate": Stories(
        fires=Story(
            series={_series(m.LAG, _EXPORTER): "400x60", _series(m.INTERVAL, _EXPORTER): "300x60"},
            after="40m",
            fires=_EXPORTER,
            value="6m 40s",
        ),
        quiet=Story(
            series={_series(m.LAG, _EXPORTER): "200x60", _series(m.INTERVAL, _EXPORTER): "300x60"},
            after="40m",
        ),
    ),
    "PerfkitSourceFails": Stories(
        fires=Story(
            series={_series(m.SOURCE_ERRORS, _EXPORTER, source="cache"): "0+1x60"},
            after="40m",
            fires={**_EXPORTER, "source": "cache"},
        ),
        quiet=Story(
            series={
                _series(m.SOURCE_ERRORS, _EXPORTER, source="cache"): "0 1 2 2x60",
                # That the database is away is another alert's.
                _series(m.SOURCE_ERRORS, _EXPORTER, source="database"): "0+1x60",
            },
            after="40m",
        ),
    ),
}

_INSTANCE = {"instance": _EXPORTER["instance"]}

_QUERIES = {
    "PerfkitQueriesBurnFast": Stories(
        fires=Story(series=_probes(8), after="20m", fires=_INSTANCE, value="80%"),
        # An hour as bad, and well again for 40 minutes: nobody need be called any more.
        quiet=Story(
            series=_probes(0) | {_series(m.MISSED, _EXPORTER, _CASE): f"0+8x60 480x{_MINUTES}"}, after="100m"
        ),
    ),
    "PerfkitQueriesBurnSlowly": Stories(
        fires=Story(series=_probes(2), after="75m", fires=_INSTANCE, value="20%"),
        quiet=Story(series=_probes(0.4), after="75m"),
    ),
    "PerfkitQueryOverBudget": Stories(
        fires=Story(series=_probes(8), after="30m", fires={**_EXPORTER, **_CASE}, value="80%"),
        quiet=Story(series=_probes(4), after="30m"),
    ),
    "PerfkitQueryRegressed": Stories(
        fires=Story(
            series={
                _series(m.QUERY_SECONDS.sum, _EXPORTER, _CASE): "0+0.05x60",
                _series(m.QUERY_SECONDS.count, _EXPORTER, _CASE): "0+1x60",
                _series(m.BASELINE_SECONDS, _EXPORTER, _CASE): "0.02x60",
            },
            after="50m",
            fires={**_EXPORTER, **_CASE},
            value="50ms",
        ),
        # Three times the baseline, but of a time that nobody feels.
        quiet=Story(
            series={
                _series(m.QUERY_SECONDS.sum, _EXPORTER, _CASE): "0+0.003x60",
                _series(m.QUERY_SECONDS.count, _EXPORTER, _CASE): "0+1x60",
                _series(m.BASELINE_SECONDS, _EXPORTER, _CASE): "0.001x60",
            },
            after="50m",
        ),
    ),
    "PerfkitPlanChanged": _one(m.PLAN_CHANGED, "1x60", "0x10 1x20 0x60", after="40m", **_CASE),
}

_GOALS = {
    "PerfkitHealthCritical": _one(m.HEALTH, "2x20", "1x20", after="10m", check="xid-age"),
    "PerfkitTargetMissed": _one(m.TARGET_MET, "0x30", "1x30", after="20m", target="import"),
    "PerfkitPoolWaits": _one(m.POOL_WAIT, "3x20", "0.2x20", after="10m", value="3s"),
}


def _reached(one: str, other: str) -> dict[str, str]:
    return {_series(app.REACHED, _ONE): one, _series(app.REACHED, _OTHER): other}


_JOB = {"job": app.JOB}

_REACHED = {
    "ApplicationDown": Stories(
        fires=Story(series=_reached("0x20", "0x20"), after="5m", fires=_JOB),
        quiet=Story(series=_reached("0x20", "1x20"), after="5m"),
    ),
    "ApplicationInstanceDown": Stories(
        fires=Story(series=_reached("0x20", "1x20"), after="10m", fires=_ONE),
        quiet=Story(series=_reached("1x3 0x3 1x20", "1x20"), after="10m"),
    ),
    "ApplicationTrafficGone": Stories(
        fires=Story(
            series={_series(app.REQUESTS, _ONE, _HANDLER, status="200"): "0+60x60 3600x40"},
            after="80m",
            fires=_JOB,
        ),
        # One request in ten seconds, then none: so it is every night.
        quiet=Story(
            series={_series(app.REQUESTS, _ONE, _HANDLER, status="200"): "0+6x60 360x40"}, after="80m"
        ),
    ),
}


def _answers(well: float, failed: float) -> dict[str, str]:
    """Return so many requests a minute that are answered, and that fail."""
    good, bad = (_series(app.REQUESTS, _ONE, _HANDLER, status=status) for status in ("200", "500"))
    return {good: f"0+{well:g}x{_MINUTES}", bad: f"0+{failed:g}x{_MINUTES}"}


def _errors() -> dict[str, Stories]:
    return {
        "ApplicationErrorsBurnFast": Stories(
            fires=Story(series=_answers(98, 2), after="20m", fires=_JOB, value="2%"),
            # As many of a hundred, but twelve requests an hour: it may be one person's.
            quiet=Story(series=_answers(0.196, 0.004), after="20m"),
        ),
        "ApplicationErrorsBurnSlowly": Stories(
            fires=Story(series=_answers(99.6, 0.4), after="75m", fires=_JOB, value="0.4%"),
            quiet=Story(series=_answers(99.95, 0.05), after="75m"),
        ),
    }


def _times(goals: Goals, fast: float) -> dict[str, str]:
    """Return a hundred requests a minute, of which so many keep the target."""
    bound = f"{goals.request_s:g}"
    return {
        **_answers(100, 0),
        _series(app.DURATION.count, _ONE, _HANDLER): f"0+100x{_MINUTES}",
        _series(app.DURATION.bucket, _ONE, _HANDLER, le=bound): f"0+{fast:g}x{_MINUTES}",
    }


def _latency(goals: Goals) -> dict[str, Stories]:
    return {
        "ApplicationLatencyBurnFast": Stories(
            fires=Story(series=_times(goals, 20), after="20m", fires=_JOB, value="80%"),
            # One in five is slow: that is for the alert that burns slowly.
            quiet=Story(series=_times(goals, 80), after="20m"),
        ),
        "ApplicationLatencyBurnSlowly": Stories(
            fires=Story(series=_times(goals, 80), after="75m", fires=_JOB, value="20%"),
            quiet=Story(series=_times(goals, 96), after="75m"),
        ),
    }


def _memory(goals: Goals) -> dict[str, Stories]:
    series = _series(app.MEMORY, _ONE)
    much, less = round(goals.memory_bytes * 1.25), round(goals.memory_bytes * 0.9)
    return {
        "ApplicationMemoryHigh": Stories(
            fires=Story(series={series: f"{much}x20"}, after="15m", fires=_ONE, value=_binary(much)),
            quiet=Story(series={series: f"{less}x20"}, after="15m"),
        )
    }


def _binary(value: float) -> str:
    """Return a number as Prometheus' humanize1024 shows it."""
    prefixes = iter(("", "ki", "Mi", "Gi", "Ti"))
    prefix = next(prefixes)
    while value >= 1024:
        value, prefix = value / 1024, next(prefixes)
    return f"{value:.4g}{prefix}"
