"""Whether a page still shows what a command prints: its fixed words, not what was measured."""

import re
from collections.abc import Sequence

from tests.docs.transcripts import LEFT_OUT

# What differs from run to run, and what stands for it. Spaces come last: a wider number moves the columns.
_VARYING = (
    (re.compile(r"\b(draw-)?[0-9a-f]{8,16}\b(?=\s|$)"), r"\1#"),
    (re.compile(r"[▁-█]+"), "▁"),
    (re.compile(r"-{3,}"), "---"),
    (re.compile(r"[~<≤≥+-]*\d[\d,.:TZ-]*"), "#"),
    (re.compile(r"#\s(ns|us|ms|s|min|h|d|days?|B|kB|MB|GB|%|!)(?=[\s,;:.)]|$)"), "#"),
    (re.compile(r" !(?= )"), " "),
    (re.compile(r"# #(?= |$)"), "# #"),
    (re.compile(r"\s+"), " "),
)
# A line that was wrapped within a quantity begins with its unit.
_UNIT_FIRST = re.compile(r"^(ms|s|min|h|B|kB|MB|GB|%)(?=[\s,;:.)]|$)")
# Said of any measurement while others use the machine.
_BUSY = "machine (was busy|is .* than when)"


def normalised(text: str) -> str:
    """Return the text without what differs from run to run: numbers, their units, dates, codes, ports, wrapping."""
    for pattern, replacement in _VARYING:
        text = pattern.sub(replacement, text)
    return text.strip()


def differences(documented: Sequence[str], printed: str, measured: Sequence[str] = ()) -> list[str]:
    """Return the lines of the page that are not printed, and, where the page leaves nothing out, those that it lacks.

    Tables may have their rows in another order. Lines that match a pattern of `measured` are not looked for.
    """
    lines = printed.splitlines()
    told = [f"not printed: {line}" for line in _missing(documented, lines, measured)]
    if LEFT_OUT not in documented:
        told += [f"not on the page: {line}" for line in _missing(lines, documented, measured)]
    return told


def _missing(wanted: Sequence[str], found: Sequence[str], measured: Sequence[str]) -> list[str]:
    whole = normalised("\n".join(found))
    return [
        line
        for line in wanted
        if line != LEFT_OUT
        and not any(re.search(pattern, line) for pattern in (_BUSY, *measured))
        and _UNIT_FIRST.sub("", normalised(line)).strip() not in whole
    ]
