"""Objectives: shares of events that may be bad, and alerts on how fast that share is used up.

Windows and factors are those of the Site Reliability Workbook, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts": a long
window says that it matters, a short one that it still goes on.
"""

from dataclasses import dataclass

from perfkit.monitor import application as app
from perfkit.monitor import metrics as m
from perfkit.monitor.rules.model import Goals, Record

WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
_WINDOW_S = {"5m": 300, "30m": 1800, "1h": 3600, "2h": 7200, "6h": 21_600, "1d": 86_400, "3d": 259_200}


@dataclass(frozen=True, slots=True)
class Burn:
    """A pair of windows, and how many times faster than allowed the objective's share is used up in both."""

    factor: float
    long: str
    short: str


# 2 % of a month's share in an hour, 5 % in six: somebody must look now.
FAST = (Burn(14.4, "1h", "5m"), Burn(6, "6h", "30m"))
# 10 % in a day, 10 % in three: somebody must look this week.
SLOW = (Burn(3, "1d", "2h"), Burn(1, "3d", "6h"))

# One failed request at night is no alarm: burning is told of windows with as many requests as make a share mean something.
LEAST_REQUESTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """Events of which no more than the share `allowed` may be `bad`; both are expressions of a rate over {window}.

    `name` is that of the recorded share, to which a window is added; `busy` the recorded rate of all requests, '' where
    events come at a steady pace.
    """

    name: str
    bad: str
    every: str
    allowed: float
    busy: str = ""

    def share(self, window: str) -> str:
        """Return the name of the recorded share of bad events over a window."""
        return f"{self.name}:ratio_rate{window}"

    def records(self) -> tuple[Record, ...]:
        """Return the recorded shares over every window."""
        return tuple(
            # Not str.format: a regular expression of handlers has braces of its own.
            Record(self.share(window), f"{self.bad}\n/\n{self.every}".replace("{window}", window))
            for window in WINDOWS
        )

    def burning(self, burns: tuple[Burn, ...]) -> str:
        """Return the expression that holds while the share is used up as fast as one of the burns says."""
        return "\nor\n".join(f"({self._burning(burn)})" for burn in burns)

    def _burning(self, burn: Burn) -> str:
        limit = f"({burn.factor:g} * {self.allowed:g})"
        conditions = [f"{self.share(burn.long)} > {limit}", f"{self.share(burn.short)} > {limit}"]
        if self.busy:
            conditions.append(f"{self.busy}{burn.long} > ({LEAST_REQUESTS} / {_WINDOW_S[burn.long]})")
        return " and ".join(conditions)


# A budget is the time that 95 % of calls must keep, a request's target likewise (p95).
_P95 = 0.05
# 99.9 % of requests answered is what users of an office's site do not notice.
_FAILED_SHARE = 0.001

REQUEST_RATE = "job:http_requests:rate"
"""The recorded rate of people's requests, to which a window is added."""


def queries() -> Objective:
    """Return the objective of the catalog's queries: probes that keep their budget."""
    return Objective(
        name="instance:perfkit_probes_missed",
        bad=f"sum by (instance) (rate({m.MISSED}[{{window}}]))",
        every=f"sum by (instance) (rate({m.PROBES}[{{window}}]))",
        allowed=_P95,
    )


def errors() -> Objective:
    """Return the objective of an application's answers: requests that do not fail."""
    failed = f'sum by (job) (rate({app.REQUESTS}{{{app.USERS},status=~"{app.FAILED}"}}[{{window}}]))'
    every = f"sum by (job) (rate({app.REQUESTS}{{{app.USERS}}}[{{window}}]))"
    return Objective(
        name="job:http_requests_failed",
        # None has failed yet where the series of failures is not there yet.
        bad=f"({failed} or 0 * {every})",
        every=every,
        allowed=_FAILED_SHARE,
        busy=REQUEST_RATE,
    )


def latency(goals: Goals) -> Objective:
    """Return the objective of simple requests' times: the target, which must be one of the application's buckets."""
    users = f'{app.USERS},handler!~"{goals.heavy}"' if goals.heavy else app.USERS
    every = f"sum by (job) (rate({app.DURATION.count}{{{users}}}[{{window}}]))"
    # Client libraries write a whole number of seconds as "1.0" or as "1".
    bound = f'=~"{goals.request_s:.0f}([.]0)?"' if goals.request_s.is_integer() else f'="{goals.request_s:g}"'
    fast = f"{app.DURATION.bucket}{{{users},le{bound}}}"
    return Objective(
        name="job:http_requests_slow",
        bad=f"({every} - sum by (job) (rate({fast}[{{window}}])))",
        every=every,
        allowed=_P95,
        busy=REQUEST_RATE,
    )


def request_rates() -> tuple[Record, ...]:
    """Return the recorded rates of people's requests."""
    return tuple(
        Record(f"{REQUEST_RATE}{window}", f"sum by (job) (rate({app.REQUESTS}{{{app.USERS}}}[{window}]))")
        for window in WINDOWS
    )
