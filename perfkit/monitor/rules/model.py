"""The words of rules: a recorded series, an alert, and what the rules are made for."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Urgency(StrEnum):
    """How soon somebody must look: now, in working hours, when there is time."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goals:
    """What users were promised: the time of a simple request, the memory of an instance.

    `heavy` matches the handlers of requests that are not simple, as a regular expression, '' for none.
    """

    request_s: float
    memory_bytes: int
    heavy: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A series that Prometheus computes ahead."""

    name: str
    expression: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What alerts, when it has held for a while (`lasting`), and what its runbook says: what it means, what to do.

    Summary and description may hold `{{ $labels.name }}` and, once, `{{ $value … }}`.
    """

    name: str
    urgency: Urgency
    expression: str
    lasting: str
    summary: str
    description: str
    meaning: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Samples, one a minute, and what is told of them after a while: labels and value of the alert, None for silence.

    `series` maps a series to values in promtool's notation; `value` is the alert's value as it is shown.
    """

    series: Mapping[str, str]
    after: str
    fires: Mapping[str, str] | None = None
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stories:
    """How an alert is tested: samples on which it fires, and samples close to them on which it does not."""

    fires: Story
    quiet: Story


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All rules, in groups by name; Prometheus evaluates a group's rules in order."""

    records: Mapping[str, tuple[Record, ...]] = field(default_factory=dict)
    alerts: Mapping[str, tuple[Alert, ...]] = field(default_factory=dict)

    @property
    def every_alert(self) -> tuple[Alert, ...]:
        """Return the alerts of all groups."""
        return tuple(alert for group in self.alerts.values() for alert in group)


def handlers_of(paths: Iterable[str]) -> str:
    """Return what matches the handlers of these paths, whatever the names of their parameters in braces."""
    without_query = (path.partition("?")[0] for path in paths)
    parts = (re.split(r"{[^/]*}", path) for path in without_query)
    # Prometheus' regular expressions are RE2's, in which braces in brackets are themselves.
    return "|".join(
        "[{][^/]+[}]".join(re.sub(r"[.+*?()|^$]", r"[\g<0>]", part) for part in each) for each in parts
    )


_LABEL = re.compile(r"{{ \$labels\.(\w+) }}")
_VALUE = re.compile(r"{{ [^}]*\$value[^}]* }}")


def told(text: str, labels: Mapping[str, str], value: str) -> str:
    """Return the text as Prometheus shows it for an alert with these labels and this value."""
    return _VALUE.sub(value, _LABEL.sub(lambda match: labels[match[1]], text))
