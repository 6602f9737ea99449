"""Targets: the limits that the user set, each held against the newest measurement of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from perfkit.bench.api import thresholds as api
from perfkit.bench.load import thresholds as load
from perfkit.bench.result import BenchResult, Figure, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A limit on a figure of a bench, at least `limit` where more is better; `command` is what measures it.

    `steps` is the option of the bench that lists the steps which were tried, where the figure is the largest that held.
    """

    id: str
    title: str
    bench: str
    figure: str
    unit: str
    limit: float
    more_is_better: bool
    command: str
    steps: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the user wants: times in ms, users at once, memory of one server instance in bytes."""

    query_mean_ms: float
    import_ms_per_1000: float
    users: int
    memory_bytes: int
    api_ms: float


class TargetState(StrEnum):
    """Whether a target is kept; unknown when nobody has measured it, or not as far as the limit."""

    MET = "met"
    MISSED = "missed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetResult:
    """A target and what was measured of it: when and on which server, None and '' when it was not.

    `value` is None while it is unknown, `unknown_as` says why then. `margin` is the share of the limit that is left,
    negative when it is missed.
    """

    target: Target
    state: TargetState
    value: float | None = None
    margin: float | None = None
    at: datetime | None = None
    server: str = ""
    unknown_as: str = ""


def targets_of(limits: Limits) -> tuple[Target, ...]:
    """Return every target, those that a bench measures one after the other."""
    load_command = f"bench load --users {_ramp(load.RAMP_USERS, limits.users)}"
    api_command = f"bench api --users {_ramp(api.RAMP_USERS, limits.users)}"
    return (
        _at_most(
            "query-mean", "mean time of a query", "queries.mean_ms", "ms", limits.query_mean_ms, "analyze"
        ),
        _at_most(
            "import",
            "import of 1,000 records",
            "import.ms_per_1000",
            "ms",
            limits.import_ms_per_1000,
            "bench import",
        ),
        Target(
            id="users",
            title="users at once",
            bench="load",
            figure="users_held",
            unit="users",
            limit=limits.users,
            more_is_better=True,
            command=f"perfkit {load_command}",
            steps="users",
        ),
        _at_most(
            "database-memory",
            "memory of the database server",
            "load.server_memory_bytes",
            "bytes",
            limits.memory_bytes,
            load_command,
        ),
        Target(
            id="api-users",
            title="users of the API at once",
            bench="api",
            figure="users_held",
            unit="users",
            limit=limits.users,
            more_is_better=True,
            command=f"perfkit {api_command}",
            steps="users",
        ),
        _at_most(
            "api-simple", "a simple API request, p95", "api.simple_p95_ms", "ms", limits.api_ms, api_command
        ),
        _at_most(
            "instance-memory",
            "memory of an API instance",
            "api.instance_memory_bytes",
            "bytes",
            limits.memory_bytes,
            api_command,
        ),
    )


def judge_targets(targets: Sequence[Target], newest: Mapping[str, BenchResult]) -> tuple[TargetResult, ...]:
    """Return each target with what the newest results say of it, by bench."""
    return tuple(_judged(target, newest.get(target.bench)) for target in targets)


def _judged(target: Target, result: BenchResult | None) -> TargetResult:
    figure = result.figures.get(target.figure) if result else None
    if result is None or figure is None:
        return TargetResult(target=target, state=TargetState.UNKNOWN, unknown_as="not measured")
    value = _counted(figure)
    left = (value - target.limit) if target.more_is_better else (target.limit - value)
    if left < 0 and (open_end := _open_end(target, value, result)):
        return TargetResult(
            target=target,
            state=TargetState.UNKNOWN,
            at=result.at,
            server=result.environment.server,
            unknown_as=open_end,
        )
    return TargetResult(
        target=target,
        state=TargetState.MET if left >= 0 else TargetState.MISSED,
        value=value,
        margin=left / target.limit,
        at=result.at,
        server=result.environment.server,
    )


def _open_end(target: Target, held: float, result: BenchResult) -> str:
    """Return why a ramp that held less than the limit does not say that the limit is missed; '' when it does.

    It does when a step was tried that is no larger than the limit, and was not held.
    """
    tried = [int(step) for step in result.options.get(target.steps, "").split(",") if step.isdecimal()]
    beyond = [step for step in tried if step > held]
    if not tried or (beyond and min(beyond) <= target.limit):
        return ""
    if beyond:
        return f"{held:.0f} were held, {min(beyond)} were not, and none between was tried"
    return f"only {max(tried)} were tried"


def _ramp(steps: Sequence[int], limit: int) -> str:
    """Return the usual steps below the limit, and the limit, as --users takes them."""
    return ",".join(map(str, [*(step for step in steps if step < limit), limit]))


def _counted(figure: Figure) -> float:
    """Return what counts: the largest memory, which must be there, and the middle of all else."""
    return max(figure.samples) if figure.kind is Kind.SIZE else figure.median


def _at_most(name: str, title: str, figure: str, unit: str, limit: float, command: str) -> Target:
    bench, _, figure_id = figure.partition(".")
    return Target(
        id=name,
        title=title,
        bench=bench,
        figure=figure_id,
        unit=unit,
        limit=limit,
        more_is_better=False,
        command=f"perfkit {command}",
    )
