"""What a load meets first: connections, locks, the disk, processors, or the client that makes it."""

from dataclasses import dataclass
from enum import StrEnum

from perfkit.bench.load import thresholds
from perfkit.bench.load.pgbench import LoadRun
from perfkit.bench.load.watch import Seen


class Limit(StrEnum):
    """What is used up."""

    CONNECTIONS = "connections"
    LOCKS = "locks"
    STORAGE = "storage"
    INTERNAL_LOCKS = "internal locks"
    PROCESSORS = "processors"
    CLIENT = "client"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Saturation:
    """The limit, and one sentence with its numbers."""

    limit: Limit
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A run and what was seen of the server meanwhile; `cores` are those of this machine."""

    run: LoadRun
    seen: Seen
    cores: int

    @property
    def client_share(self) -> float:
        """Return how busy the client's threads were, 1 when they could do no more."""
        threads = min(self.run.manner.threads, self.run.manner.users)
        return self.run.client_cpu_s / self.run.seconds / threads

    @property
    def processor_share(self) -> float | None:
        """Return the share of this machine's processors that server and client took, None where the server is elsewhere."""
        if self.seen.server_cpu_s is None:
            return None
        return (self.seen.server_cpu_s + self.run.client_here_s) / (self.run.seconds * self.cores)

    @property
    def others_share(self) -> float | None:
        """Return the share of this machine's processors that other programs took, None where the server is elsewhere."""
        seen = self.seen
        if seen.server_cpu_s is None or seen.machine_cpu_s is None:
            return None
        others_s = seen.machine_cpu_s - seen.server_cpu_s - self.run.client_here_s
        return max(0.0, others_s / (seen.seconds * self.cores))

    @property
    def working(self) -> float:
        """Return how many sessions were in a statement on average, running or waiting within it."""
        return self.seen.busy + sum(self.seen.waiting.values())

    def waiting_share(self, kind: str) -> float:
        """Return the share of the working sessions that waited for events of a type."""
        waiting = sum(count for name, count in self.seen.waiting.items() if name.startswith(f"{kind}:"))
        return waiting / self.working if self.working else 0.0


_WAITS = (("Lock", Limit.LOCKS), ("IO", Limit.STORAGE), ("LWLock", Limit.INTERNAL_LOCKS))


def saturation_of(step: Step) -> Saturation:
    """Return what the run of a step had too little of; locks before processors, as these are then busy with waiting."""
    for kind, limit in _WAITS:
        share = step.waiting_share(kind)
        if share >= thresholds.WAIT_SHARE:
            worst = next(name for name in step.seen.waiting if name.startswith(f"{kind}:"))
            return Saturation(
                limit=limit, evidence=f"{share * 100:.0f} % of the working sessions waited for {worst}"
            )
    processors = step.processor_share
    if processors is not None and processors >= thresholds.CPU_SHARE:
        client = step.run.client_here_s / (step.run.seconds * step.cores)
        return Saturation(
            limit=Limit.PROCESSORS,
            evidence=f"{processors * 100:.0f} % of {step.cores} processors were busy, {client * 100:.0f} % with the client",
        )
    if step.client_share >= thresholds.CLIENT_SHARE:
        return Saturation(
            limit=Limit.CLIENT,
            evidence=f"the client's threads were {step.client_share * 100:.0f} % busy: give it more (--threads), or more machines (--engine locust --master)",
        )
    if processors is None and step.seen.busy > 0:
        return Saturation(
            limit=Limit.NOTHING,
            evidence=f"{step.seen.busy:.1f} sessions ran on the server's processors, which this machine cannot see",
        )
    return Saturation(limit=Limit.NOTHING, evidence="nothing that was watched was used up")
