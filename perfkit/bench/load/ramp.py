"""The ramp: steps of users within the connections that there are, then the pool; and what the largest load met."""

from random import Random

from perfkit import units
from perfkit.bench.load.bench import RunStep, run_levels
from perfkit.bench.load.model import LoadOptions, LoadResult
from perfkit.bench.load.pool import advise_pool
from perfkit.bench.load.proof import CallableCases
from perfkit.bench.load.saturation import Limit, Saturation, saturation_of
from perfkit.bench.load.scalability import fit
from perfkit.bench.load.watch import ServerLimits
from perfkit.errors import MeasureError
from perfkit.measure.model import Progress


def run_ramp(
    run: RunStep,
    limits: ServerLimits,
    options: LoadOptions,
    proven: CallableCases,
    chance: Random,
    progress: Progress,
) -> LoadResult:
    """Return what all steps gave; MeasureError when there are too few connections for the smallest.

    A pooler has more connections for its users than the server, so that there every step is tried.
    """
    free = limits.connections_most - limits.connections_used
    users = [each for each in options.users if options.pooler or each <= free]
    refused = [each for each in options.users if each not in users]
    if not users:
        raise MeasureError(
            f"the server has {free} connections left, too few for {refused[0]} users",
            hint="name fewer (--users), or a pooler (--pooler)",
        )
    levels = run_levels(
        run, users, think_ms=options.think_ms, rounds=options.rounds, chance=chance, report=progress
    )
    pool = (
        advise_pool(run, free, rounds=options.rounds, chance=chance, report=progress)
        if options.pool
        else None
    )
    answered = [(level.users, level.rate) for level in levels if level.rate > 0]
    return LoadResult(
        options=options,
        levels=levels,
        refused_users=tuple(refused),
        connections_most=limits.connections_most,
        law=fit(answered) if answered else None,
        pool=pool,
        saturation=_out_of_connections(refused[0], free) if refused else saturation_of(levels[-1].steps[-1]),
        cases=len(proven.cases),
        not_called=proven.left_out,
    )


def _out_of_connections(users: int, free: int) -> Saturation:
    return Saturation(
        limit=Limit.CONNECTIONS,
        evidence=f"{units.format_count(users)} users want a connection each, and the server has {free} left: put a pooler before it",
    )
