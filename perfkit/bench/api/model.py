"""What the API bench is asked for, and what it gives."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from perfkit import stats
from perfkit.bench.api.thresholds import CLIENT_LAG_SHARE, CLIENT_SHARE
from perfkit.bench.load.latencies import Latencies, merged
from perfkit.bench.result import Figure, Kind, by_id
from perfkit.findings import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An endpoint as it is called: its paths, filled in; `weight` beside the others."""

    name: str
    method: str
    paths: tuple[str, ...]
    weight: float
    simple: bool
    body: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiOptions:
    """The URL and headers of all requests; steps of the ramp in users, their pause, seconds and runs of a step.

    `target_ms` is the limit of simple requests, `memory_target_bytes` that of an instance; 0 workers call from here.
    """

    url: str
    users: tuple[int, ...]
    think_ms: float
    seconds: float
    rounds: int
    target_ms: float
    memory_target_bytes: int
    workers: int = 0
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def said(self, targets: int) -> dict[str, str]:
        """Return what makes two results comparable."""
        return {
            "url": self.url,
            "endpoints": str(targets),
            "users": ",".join(map(str, self.users)),
            "think_ms": f"{self.think_ms:g}",
            "workers": str(self.workers),
        }


@dataclass(slots=True)
class Calls:
    """Requests to one endpoint: the latencies of those that were answered well, and failures by reason.

    `answered` is how many of the answers came within the step's time.
    """

    latencies: Latencies = field(default_factory=Latencies)
    failures: Counter[str] = field(default_factory=Counter)
    answered: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One run of so many users: calls by endpoint, memory by instance, and how the client fared.

    `client_share` is 1 where it could do no more; `client_lag_ms` is how late it came, 95 % of the times at most.
    """

    users: int
    seconds: float
    calls: Mapping[str, Calls]
    client_share: float
    client_lag_ms: float
    memory_bytes: Mapping[str, int]

    def latencies(self, names: Iterable[str]) -> Latencies:
        """Return the latencies of these endpoints together."""
        return merged(self.calls[name].latencies for name in names if name in self.calls)

    @property
    def rate(self) -> float:
        """Return the requests/s that were answered well."""
        return sum(each.answered for each in self.calls.values()) / self.seconds

    @property
    def failures(self) -> Counter[str]:
        """Return failures by reason."""
        return sum((each.failures for each in self.calls.values()), Counter())


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """All runs of so many users, at least one."""

    users: int
    steps: tuple[Step, ...]

    @property
    def rates(self) -> tuple[float, ...]:
        """Return the requests/s of each run."""
        return tuple(step.rate for step in self.steps)

    @property
    def failures(self) -> Counter[str]:
        """Return failures by reason."""
        return sum((step.failures for step in self.steps), Counter())

    @property
    def client_share(self) -> float:
        """Return how busy the client was, in the middle."""
        return stats.median([step.client_share for step in self.steps])

    @property
    def client_lag_ms(self) -> float:
        """Return how late the client came to what was due, in the middle."""
        return stats.median([step.client_lag_ms for step in self.steps])

    def latencies(self, names: Iterable[str]) -> Latencies:
        """Return the latencies of these endpoints together."""
        chosen = tuple(names)
        return merged(step.latencies(chosen) for step in self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiResult:
    """The ramp; `not_called` maps endpoints that were left out to the reason; findings of static assets, None unlooked.

    `gone` names instances that were there at the beginning, and not at the end.
    """

    options: ApiOptions
    targets: tuple[Target, ...]
    levels: tuple[Level, ...]
    not_called: Mapping[str, str]
    gone: tuple[str, ...] = ()
    assets: int = 0
    findings: tuple[Finding, ...] | None = None

    @property
    def simple(self) -> tuple[str, ...]:
        """Return the names of the simple endpoints."""
        return tuple(target.name for target in self.targets if target.simple)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all endpoints."""
        return tuple(target.name for target in self.targets)

    @property
    def largest(self) -> Level:
        """Return the step with the most users."""
        return self.levels[-1]

    @property
    def judged(self) -> tuple[str, ...]:
        """Return the names of the endpoints that are held against the limit: all, where none is simple."""
        return self.simple or self.names

    def holds(self, level: Level) -> bool:
        """Tell whether every request was answered, and 95 % of the simple ones within the limit."""
        latencies = level.latencies(self.judged)
        return (
            latencies.count > 0
            and not level.failures
            and latencies.quantile_ms(0.95) <= self.options.target_ms
        )

    @property
    def first_missed(self) -> Level | None:
        """Return the step with the fewest users that was not served so, None when all were."""
        return next((level for level in self.levels if not self.holds(level)), None)

    @property
    def held(self) -> int:
        """Return the largest number of users that was served so, and all smaller ones too; 0 for none."""
        first = self.first_missed
        return max(
            (level.users for level in self.levels if not first or level.users < first.users), default=0
        )

    @property
    def client_bound(self) -> bool:
        """Tell whether Locust itself was what requests waited for at the largest step."""
        return self.largest.client_share >= CLIENT_SHARE

    @property
    def client_late(self) -> bool:
        """Tell whether the client was so late that latencies are longer than what users would wait."""
        return self.largest.client_lag_ms >= CLIENT_LAG_SHARE * self.options.target_ms

    @property
    def memory_bytes(self) -> dict[str, int]:
        """Return the most that each instance took, by instance."""
        most: dict[str, int] = {}
        for level in self.levels:
            for step in level.steps:
                for instance, size_bytes in step.memory_bytes.items():
                    most[instance] = max(size_bytes, most.get(instance, 0))
        return most

    @property
    def figures(self) -> dict[str, Figure]:
        """Return what is kept: users held, p95 of simple requests and requests/s of the largest step, failures, memory."""
        found = [
            Figure(id="users_held", unit="users", kind=Kind.RATE, samples=(float(self.held),)),
            Figure(id="requests_per_s", unit="requests/s", kind=Kind.RATE, samples=self.largest.rates),
            Figure(
                id="failed",
                unit="requests",
                kind=Kind.COUNT,
                samples=(float(sum(level.failures.total() for level in self.levels)),),
            ),
        ]
        simple = [step.latencies(self.simple) for step in self.largest.steps]
        p95_ms = tuple(each.quantile_ms(0.95) for each in simple if each.count)
        if p95_ms:
            found.append(Figure(id="simple_p95_ms", unit="ms", kind=Kind.TIME, samples=p95_ms))
        if memory := self.memory_bytes:
            sizes = tuple(map(float, memory.values()))
            found.append(Figure(id="instance_memory_bytes", unit="bytes", kind=Kind.SIZE, samples=sizes))
        return by_id(*found)
