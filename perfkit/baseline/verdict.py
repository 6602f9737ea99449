"""Verdict: what the judge says of one case, how the gate takes it, and the cause by a stable name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from perfkit.baseline.timing import Ground, Timing


class VerdictKind(StrEnum):
    """What became of a case since the baseline."""

    SAME = "same"
    FASTER = "faster"
    SLOWER = "slower"
    LESS_WORK = "less work"
    MORE_WORK = "more work"
    DATA_GREW = "data grew"
    PLAN_CHANGED = "plan changed"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    NEW = "new"
    MISSING = "missing"
    SKIPPED = "skipped"
    NOT_COMPARABLE = "not comparable"


class Gate(StrEnum):
    """How the gate takes a verdict; `skipped` is a case that was not judged."""

    PASSED = "passed"
    WARNING = "warning"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


class Cause(StrEnum):
    """Why a case changed, or why it cannot be judged; NONE when there is nothing to explain."""

    NONE = ""
    # What around the case changed.
    INDEX_LOST = "index-lost"
    COLUMN_CHANGED = "column-changed"
    FUNCTION_CHANGED = "function-changed"
    JIT_APPEARED = "jit-appeared"
    PARALLEL_LOST = "parallel-lost"
    SPILL_APPEARED = "spill-appeared"
    STATISTICS_LOST = "statistics-lost"
    STATISTICS_STALE = "statistics-stale"
    PLANNER_CHOICE = "planner-choice"
    IMPROVED = "improved"
    # Only the time changed.
    TIME_GREW = "time-grew"
    CACHE_COLD = "cache-cold"
    WORKERS_MISSING = "workers-missing"
    TOO_NOISY = "too-noisy"
    # The work changed.
    DATA_GREW = "data-grew"
    BLOAT = "bloat"
    VACUUM_NEEDED = "vacuum-needed"
    MORE_RELATIONS = "more-relations"
    RESULT_GREW = "result-grew"
    RESULT_SHRANK = "result-shrank"
    WORK_GREW = "work-grew"
    # The case cannot be judged, or in a run that judges a change: what changed.
    OTHER_VERSION = "other-version"
    OTHER_PLAN_MODE = "other-plan-mode"
    SETTINGS_CHANGED = "settings-changed"
    SQL_CHANGED = "sql-changed"
    PARAMETERS_CHANGED = "parameters-changed"
    NOT_IN_BASELINE = "not-in-baseline"
    NOT_IN_RUN = "not-in-run"
    STATEMENT_FAILED = "statement-failed"
    REFUSED = "refused"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the judge says of the case `query`/`case`.

    `message` is one sentence with its numbers, beginning with the case's id; `evidence` holds the numbers, units in
    their names; `diff` is a unified diff of the two plan shapes, '' when they are the same; `hint` is what to do.
    """

    query: str
    case: str
    kind: VerdictKind
    gate: Gate
    cause: Cause
    message: str
    evidence: Mapping[str, int | float | str]
    diff: str = ""
    hint: str = ""

    @property
    def id(self) -> str:
        """Return "query/case"."""
        return f"{self.query}/{self.case}"

    @property
    def impact_ms_per_minute(self) -> float:
        """Return how much more database time the case takes each minute, 0 where that is not known."""
        return float(self.evidence.get("impact_ms_per_minute", 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """All verdicts: first those of the cases that were measured, in their order, then the missing ones.

    `notes` are sentences about the run as a whole, such as that the machine is slower; `ground` is what its times were
    judged on, and `timings` what they say of each case, by id.
    """

    verdicts: tuple[Verdict, ...]
    notes: tuple[str, ...] = ()
    ground: Ground | None = None
    timings: Mapping[str, Timing] = field(default_factory=dict)

    def with_gate(self, *gates: Gate) -> tuple[Verdict, ...]:
        """Return the verdicts that the gate took in one of these ways."""
        return tuple(verdict for verdict in self.verdicts if verdict.gate in gates)

    @property
    def failed(self) -> bool:
        """Tell whether the gate failed: a case became worse, or could not run."""
        return bool(self.with_gate(Gate.FAILED, Gate.ERROR))

    @property
    def undecided(self) -> bool:
        """Tell whether a case was not judged, or is inconclusive."""
        return any(
            verdict.gate is Gate.SKIPPED or verdict.kind is VerdictKind.INCONCLUSIVE
            for verdict in self.verdicts
        )

    @property
    def nothing_compared(self) -> bool:
        """Tell whether not one case was held against its baseline."""
        return all(verdict.gate in {Gate.SKIPPED, Gate.ERROR} for verdict in self.verdicts)
