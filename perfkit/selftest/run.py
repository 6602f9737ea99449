"""The self-test: each injection judged by a real trial, and held to what the gate must say of it. Pure orchestration."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from perfkit.baseline.sampling import Sampler
from perfkit.baseline.thresholds import THRESHOLDS, Thresholds
from perfkit.baseline.trial import run_trial
from perfkit.baseline.verdict import Cause, Gate, Judgement, Verdict
from perfkit.measure.model import Progress
from perfkit.selftest.injections import Injection


class Head(Protocol):
    """The database that is changed."""

    def change(self, commands: Iterable[str]) -> None:
        """Make it as it was in the beginning, then run the commands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the gate said of an injection; `verdicts` are those that failed, or else those that improved."""

    injection: Injection
    failed: bool
    verdicts: tuple[Verdict, ...]
    duration_s: float

    @property
    def causes(self) -> tuple[Cause, ...]:
        """Return the causes that were named, each once."""
        return tuple(dict.fromkeys(verdict.cause for verdict in self.verdicts))

    @property
    def ok(self) -> bool:
        """Tell whether the gate did what it must, for the right cause, and for no other."""
        expected = self.injection.causes
        named = bool(self.causes) == bool(expected)
        return self.failed == self.injection.must_fail and named and set(self.causes) <= set(expected)


def self_test(
    injections: Sequence[Injection],
    head: Head,
    sampler: Callable[[], Sampler],
    *,
    thresholds: Thresholds = THRESHOLDS,
    progress: Progress,
) -> tuple[Outcome, ...]:
    """Return the outcome of each injection; `sampler` gives a new one for each. Raises what a trial raises."""
    outcomes = []
    for done, injection in enumerate(injections):
        progress(done, len(injections), injection.name)
        started = time.perf_counter()
        head.change(injection.commands)
        judgement = run_trial(sampler(), thresholds).judgement
        outcomes.append(
            Outcome(
                injection=injection,
                failed=judgement.failed,
                verdicts=_telling(judgement),
                duration_s=time.perf_counter() - started,
            )
        )
    progress(len(injections), len(injections), "")
    return tuple(outcomes)


def _telling(judgement: Judgement) -> tuple[Verdict, ...]:
    failed = judgement.with_gate(Gate.FAILED, Gate.ERROR)
    return failed or tuple(verdict for verdict in judgement.verdicts if verdict.cause is Cause.IMPROVED)
