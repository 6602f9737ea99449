"""Finding: one thing that is wrong, where, the numbers that say so, and what to do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters; ordered by `rank`."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """0 for info, 1 for warning, 2 for error."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A finding of a plan rule or a health check.

    `rule` is a stable id with a page under docs/rules/; `title` is one line with its numbers;
    `node` names the place in the plan ("Seq Scan on alumni.person p"), '' when there is none;
    `evidence` holds the numbers the rule looked at, units in their names;
    `fix` is what to do, a statement to run where there is one;
    `impact` is the share (0 to 1) of the case's time or buffers that the finding concerns, by which findings are ranked.
    """

    rule: str
    severity: Severity
    title: str
    node: str
    evidence: Mapping[str, int | float | str]
    fix: str
    impact: float


def any_reaches(findings: Iterable[Finding], severity: Severity) -> bool:
    """Tell whether a finding is as bad as `severity`, or worse."""
    return any(finding.severity.rank >= severity.rank for finding in findings)


def ranked(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return the findings, worst first: by severity, then by impact."""
    return tuple(
        sorted(findings, key=lambda finding: (-finding.severity.rank, -finding.impact, finding.rule))
    )
