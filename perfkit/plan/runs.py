"""Statement and Runs: what is to be executed, and what executing it several times gave."""

from dataclasses import dataclass

from perfkit.plan.counters import Counters
from perfkit.plan.model import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement with the values of one case.

    `text` has `$n` for the n-th of `types` and `values`; a value is text for the server to read as that type, None
    is NULL. `writes` says that its header allows writing, `volatile` that it allows volatile functions.
    """

    text: str
    types: tuple[str, ...]
    values: tuple[str | None, ...]
    writes: bool
    volatile: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """The runs of one statement on one connection.

    `plan` is from the one run with TIMING ON; all else is from the runs with TIMING OFF, warm-up left out:
    `execution_ms` and `planning_ms` in order of running, `counters` of the last run, and whether every run counted
    the same blocks and rows (`counters_repeat`).
    """

    plan: Plan
    counters: Counters
    counters_repeat: bool
    execution_ms: tuple[float, ...]
    planning_ms: tuple[float, ...]
