"""What the load bench is asked for, and what it gives."""

from collections.abc import Mapping
from dataclasses import dataclass

from perfkit import stats
from perfkit.bench.load.bench import Level, users_held
from perfkit.bench.load.latencies import Latencies, merged
from perfkit.bench.load.pool import PoolAdvice
from perfkit.bench.load.saturation import Saturation, Step
from perfkit.bench.load.scalability import Scalability
from perfkit.bench.result import Figure, Kind, by_id


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions:
    """Steps of the ramp in users, times in ms, seconds and runs of a step, calls/s of an open model or None."""

    users: tuple[int, ...]
    think_ms: float
    within_ms: float
    seconds: float
    rounds: int
    rate: float | None
    protocol: str
    threads: int
    pooler: bool
    pool: bool
    engine: str = "pgbench"

    def said(self, cases: int) -> dict[str, str]:
        """Return what makes two results comparable."""
        return {
            "cases": str(cases),
            "users": ",".join(map(str, self.users)),
            "think_ms": f"{self.think_ms:g}",
            "within_ms": f"{self.within_ms:g}",
            "rate": f"{self.rate:g}" if self.rate else "as users call",
            "protocol": self.protocol,
            "engine": self.engine,
            "pooler": "yes" if self.pooler else "no",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """The ramp, the law that its calls/s follow, the pool, and what the largest load met first.

    `connections_most` is how many there could be; `not_called` maps the ids of cases that were left out to the reason;
    `refused_users` are steps of the ramp that had too few connections to be run.
    """

    options: LoadOptions
    levels: tuple[Level, ...]
    refused_users: tuple[int, ...]
    connections_most: int
    law: Scalability | None
    pool: PoolAdvice | None
    saturation: Saturation
    cases: int
    not_called: Mapping[str, str]

    @property
    def held(self) -> int:
        """Return the largest number of users that was served within the limit."""
        return users_held(self.levels, self.options.within_ms)

    @property
    def largest(self) -> Level:
        """Return the step with the most users."""
        return self.levels[-1]

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return all runs of the ramp."""
        return tuple(step for level in self.levels for step in level.steps)

    @property
    def by_query(self) -> dict[str, Latencies]:
        """Return the latencies of each query at the largest step."""
        runs = [step.run.calls.by_query for step in self.largest.steps]
        names = sorted({name for run in runs for name in run})
        return {name: merged(run[name] for run in runs if name in run) for name in names}

    @property
    def figures(self) -> dict[str, Figure]:
        """Return what is kept: users held, and calls/s, p95, failures and memory of the largest step."""
        steps = self.largest.steps
        found = [
            Figure(id="users_held", unit="users", kind=Kind.RATE, samples=(float(self.held),)),
            Figure(id="calls_per_s", unit="calls/s", kind=Kind.RATE, samples=self.largest.rates),
            Figure(
                id="p95_ms",
                unit="ms",
                kind=Kind.TIME,
                samples=tuple(step.run.calls.all.quantile_ms(0.95) for step in steps),
            ),
            Figure(id="failed", unit="calls", kind=Kind.COUNT, samples=(float(self.largest.failed),)),
        ]
        memory = [size for level in self.levels for size in level.memory_bytes]
        if memory:
            found.append(
                Figure(
                    id="server_memory_bytes", unit="bytes", kind=Kind.SIZE, samples=tuple(map(float, memory))
                )
            )
        if self.pool:
            at = next(level for level in self.pool.around if level.users == self.pool.size)
            found.append(Figure(id="pool_calls_per_s", unit="calls/s", kind=Kind.RATE, samples=at.rates))
        return by_id(*found)

    @property
    def advice(self) -> dict[str, str]:
        """Return the pool's size, and what half of it and twice as many serve of what it serves; empty without a pool."""
        if not self.pool:
            return {}
        return {
            "pool_size": str(self.pool.size),
            "pool_half_share": f"{self.pool.half_share:.3g}",
            "pool_twice_share": f"{self.pool.twice_share:.3g}",
        }

    @property
    def client_share(self) -> float:
        """Return how busy the client's threads were in the largest step, 1 when they could do no more."""
        return stats.median([step.client_share for step in self.largest.steps])
