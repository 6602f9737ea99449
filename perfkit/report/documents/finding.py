"""How a finding is told: its headline, and the tone of its severity."""

from perfkit.findings import Finding, Severity
from perfkit.report.document import Tone

TONES = {Severity.ERROR: Tone.BAD, Severity.WARNING: Tone.WARN, Severity.INFO: Tone.FAINT}


def headline(finding: Finding) -> str:
    """Return a finding's severity, title and rule in one line."""
    return f"{finding.severity}: {finding.title}  [{finding.rule}]"
