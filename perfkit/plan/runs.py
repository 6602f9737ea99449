"""Runs: what executing one statement several times gave."""

from dataclasses import dataclass

from perfkit.plan.counters import Counters
from perfkit.plan.model import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """The runs of one case on one connection.

    `plan` is from the one run with TIMING ON; all else is from the runs with TIMING OFF, warm-up left out:
    `execution_ms` and `planning_ms` in order of running, `counters` of the last run, and whether every run counted
    the same blocks and rows (`counters_repeat`).
    """

    plan: Plan
    counters: Counters
    counters_repeat: bool
    execution_ms: tuple[float, ...]
    planning_ms: tuple[float, ...]
