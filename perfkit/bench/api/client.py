"""The way to the swarm: its steps ordered, and the instances' memory read meanwhile."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from perfkit.bench.api.model import ApiOptions, Step, Target
from perfkit.bench.api.tally import read_calls
from perfkit.bench.api.thresholds import MEMORY_S, REQUEST_S, SETTLE_S
from perfkit.bench.locust.program import Program, RunningProgram
from perfkit.errors import MeasureError

SWARM = Program(module="perfkit.bench.api.swarm", command="perfkit bench api")
# Beyond a step's time, and what its requests and a busy machine may take.
_GRACE_S = 30.0

Memory = Callable[[], Mapping[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """A swarm that is ready, and what each of its steps calls."""

    swarm: RunningProgram
    targets: Sequence[Target]
    options: ApiOptions
    memory: Memory

    def run_step(self, users: int, seed: str) -> Step:
        """Run one step and return what came of it; MeasureError when a worker was lost."""
        options = self.options
        plan = {
            "targets": [asdict(target) for target in self.targets],
            "url": options.url,
            "headers": dict(options.headers),
            "think_s": options.think_ms / 1_000,
            "seconds": options.seconds,
            "users": users,
            "seed": seed,
        }
        most: dict[str, int] = {}

        def look() -> None:
            for instance, size_bytes in self.memory().items():
                most[instance] = max(size_bytes, most.get(instance, 0))

        limit_s = SETTLE_S + options.seconds + REQUEST_S + _GRACE_S
        told = self.swarm.order(plan, limit_s, look, every_s=MEMORY_S)
        if lost := told["lost"]:
            raise MeasureError(
                f"{lost} of {options.workers} workers {'was' if lost == 1 else 'were'} lost",
                hint="see whether they still run, and start them again",
            )
        look()
        return Step(
            users=users,
            seconds=options.seconds,
            calls=read_calls(told["calls"]),
            client_share=told["busy"],
            client_lag_ms=told["lag_ms"],
            memory_bytes=most,
        )
