"""The ramp: steps of users within the connections that there are, then the pool; and what the largest load met."""

from dataclasses import dataclass
from random import Random

from perfkit import units
from perfkit.bench.load.bench import RunStep, run_levels
from perfkit.bench.load.model import LoadOptions, LoadResult
from perfkit.bench.load.pgbench import CONNECT_S
from perfkit.bench.load.pool import advise_pool, pool_sizes
from perfkit.bench.load.proof import CallableCases
from perfkit.bench.load.saturation import Limit, Saturation, saturation_of
from perfkit.bench.load.scalability import fit
from perfkit.bench.load.watch import ServerLimits
from perfkit.errors import MeasureError
from perfkit.measure.model import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """What is run: steps of users, steps that the `free` connections of all are too few for, and sizes of the pool, if any."""

    users: tuple[int, ...]
    refused: tuple[int, ...]
    pools: tuple[int, ...]
    free: int
    connections_most: int

    def told(self, options: LoadOptions) -> str:
        """Return what is run and how long it takes: "5 steps of users, 8 of the pool, 3 runs of 3 s each, about 2 min 10 s"."""
        steps = [units.counted(self.users, "step") + " of users"]
        steps += [f"{units.counted(self.pools, 'step')} of the pool"] if self.pools else []
        runs = f"{units.counted(options.rounds, 'run')} of {options.seconds:g} s each"
        each_s = [options.seconds + CONNECT_S * users for users in (*self.users, *self.pools)]
        all_s = sum(each_s) * options.rounds
        told = f"{all_s:.0f} s" if all_s < 60 else units.format_ms(all_s * 1_000)
        return f"{', '.join([*steps, runs])}, about {told}"


def ramp_of(limits: ServerLimits, options: LoadOptions) -> Ramp:
    """Return the steps that there are connections for; MeasureError when there are too few for the smallest.

    A pooler has more connections for its users than the server, so that there every step is tried.
    """
    free = limits.connections_most - limits.connections_used
    users = tuple(each for each in options.users if options.pooler or each <= free)
    if not users:
        raise MeasureError(
            f"the server has {free} connections left, too few for {options.users[0]} users",
            hint="name fewer (--users), or a pooler (--pooler)",
        )
    return Ramp(
        users=users,
        refused=options.users[len(users) :],
        pools=pool_sizes(free) if options.pool else (),
        free=free,
        connections_most=limits.connections_most,
    )


def run_ramp(
    run: RunStep,
    ramp: Ramp,
    options: LoadOptions,
    proven: CallableCases,
    chance: Random,
    progress: Progress,
) -> LoadResult:
    """Return what all steps gave."""
    levels = run_levels(
        run, ramp.users, think_ms=options.think_ms, rounds=options.rounds, chance=chance, report=progress
    )
    pool = (
        advise_pool(run, ramp.pools, rounds=options.rounds, chance=chance, report=progress)
        if ramp.pools
        else None
    )
    answered = [(level.users, level.rate) for level in levels if level.rate > 0]
    return LoadResult(
        options=options,
        levels=levels,
        refused_users=ramp.refused,
        connections_most=ramp.connections_most,
        law=fit(answered) if answered else None,
        pool=pool,
        saturation=_out_of_connections(ramp) if ramp.refused else saturation_of(levels[-1].steps[-1]),
        cases=len(proven.cases),
        not_called=proven.left_out,
    )


def _out_of_connections(ramp: Ramp) -> Saturation:
    return Saturation(
        limit=Limit.CONNECTIONS,
        evidence=f"{units.format_count(ramp.refused[0])} users want a connection each, and the server has {ramp.free} left: put a pooler before it",
    )
