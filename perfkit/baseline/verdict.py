"""Verdict: what the judge says of one case, how the gate takes it, and the cause by a stable name."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class VerdictKind(StrEnum):
    """What became of a case since the baseline."""

    SAME = "same"
    LESS_WORK = "less work"
    MORE_WORK = "more work"
    DATA_GREW = "data grew"
    PLAN_CHANGED = "plan changed"
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
    # The plan changed.
    INDEX_LOST = "index-lost"
    JIT_APPEARED = "jit-appeared"
    PARALLEL_LOST = "parallel-lost"
    SPILL_APPEARED = "spill-appeared"
    STATISTICS_STALE = "statistics-stale"
    PLANNER_CHOICE = "planner-choice"
    IMPROVED = "improved"
    # The work changed.
    DATA_GREW = "data-grew"
    BLOAT = "bloat"
    VACUUM_NEEDED = "vacuum-needed"
    MORE_RELATIONS = "more-relations"
    RESULT_GREW = "result-grew"
    RESULT_SHRANK = "result-shrank"
    WORK_GREW = "work-grew"
    # The case cannot be judged.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """All verdicts: first those of the cases that were measured, in their order, then the missing ones."""

    verdicts: tuple[Verdict, ...]

    def with_gate(self, *gates: Gate) -> tuple[Verdict, ...]:
        """Return the verdicts that the gate took in one of these ways."""
        return tuple(verdict for verdict in self.verdicts if verdict.gate in gates)

    def of_kind(self, *kinds: VerdictKind) -> tuple[Verdict, ...]:
        """Return the verdicts of one of these kinds."""
        return tuple(verdict for verdict in self.verdicts if verdict.kind in kinds)

    @property
    def failed(self) -> bool:
        """Tell whether the gate failed: a case became worse, or could not run."""
        return bool(self.with_gate(Gate.FAILED, Gate.ERROR))

    @property
    def nothing_compared(self) -> bool:
        """Tell whether not one case was held against its baseline."""
        return all(verdict.gate in {Gate.SKIPPED, Gate.ERROR} for verdict in self.verdicts)


def confirm(first: Judgement, again: Judgement) -> Judgement:
    """Return the first judgement, each failed verdict replaced by that of measuring the same case again, if there is one.

    What was in the way of one run, such as an autovacuum between counting blocks and reading a table's size, is rarely
    in the way of two.
    """
    second = {verdict.id: verdict for verdict in again.verdicts}
    return Judgement(
        verdicts=tuple(
            second.get(verdict.id, verdict) if verdict.gate is Gate.FAILED else verdict
            for verdict in first.verdicts
        )
    )
