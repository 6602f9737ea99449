"""Values out of a server's log: the parameters that statements were called with, from csvlog or stderr lines."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from perfkit.catalog.harvest.thresholds import LOGGED_CASES, REMEMBERED_TEXTS
from perfkit.csv_rows import csv_rows
from perfkit.plan.runs import OWN_MARK
from perfkit.syntax.constants import constants_in
from perfkit.syntax.lexer import SqlError

_ENTRY = re.compile(
    r"\b(LOG|DETAIL|ERROR|FATAL|PANIC|WARNING|NOTICE|INFO|HINT|CONTEXT|STATEMENT|QUERY|DEBUG\d?):  "
)
_STATEMENT = re.compile(
    r"(?:duration: [\d.]+ ms  )?(?:statement|execute(?: fetch from)? [^:]*): (.*)", re.DOTALL
)
_EXPLAINED = re.compile(
    r"duration: [\d.]+ ms  plan:\s*Query Text: (.*?)\n(?:\s*Query Parameters: ([^\n]*)\n)?", re.DOTALL
)
_PARAMETERS = re.compile(r"parameters: (.*)", re.DOTALL | re.IGNORECASE)
_VALUE = re.compile(r"\$(\d+) = (?:(NULL)|'((?:[^']|'')*)')(?:, |\Z)")
# What perfkit measures, when auto_explain logs it.
_OWN = "PREPARE perfkit"
# csvlog's columns, the same in every version since 8.3 (PostgreSQL's manual, "Using CSV-Format Log Output").
_TIME, _SEVERITY, _MESSAGE, _DETAIL = 0, 11, 13, 14


@dataclass(slots=True)
class Logged:
    """The calls in a log, by the fingerprint of their statement."""

    calls: dict[str, list[tuple[str, Mapping[int, str | None]]]] = field(default_factory=dict)

    def cases(self, statement: str, names: Mapping[int, str], mark: str) -> list[dict[str, str | None]]:
        """Return the most common combinations of values of a statement whose fingerprint is `mark`, all parameters given."""
        counts: Counter[tuple[tuple[str, str | None], ...]] = Counter()
        for text, given in self.calls.get(mark, ()):
            values = constants_in(statement, text, given)
            if names.keys() <= values.keys():
                counts[tuple((name, values[number]) for number, name in names.items())] += 1
        return [dict(values) for values, _ in counts.most_common(LOGGED_CASES)]


def read_log(
    lines: Iterable[str], wanted: Iterable[str], mark_of: Callable[[str], str], *, is_csv: bool
) -> Logged:
    """Return the calls of the statements with the fingerprints `wanted`; what cannot be read in a log is passed over.

    `mark_of` returns the fingerprint of a statement's text; it raises SqlError where that has none.
    """
    logged, marks, remembered = Logged(), frozenset(wanted), remembering(mark_of)
    for message, detail in _csv_entries(lines) if is_csv else _entries(lines):
        call = _call(message, detail)
        if call is None:
            continue
        text = call[0]
        if text.startswith(_OWN) or text.endswith(OWN_MARK):
            continue
        mark = remembered(text)
        if mark in marks:
            logged.calls.setdefault(mark, []).append(call)
    return logged


def logged_calls(lines: Iterable[str]) -> Iterator[tuple[str, Mapping[int, str | None], str]]:
    """Yield the statements of a log as CSV in their order, with the values of their parameters and the time that is logged."""
    for time, message, detail in _csv_rows(lines):
        call = _call(message, detail)
        if call is not None:
            yield *call, time


def remembering(mark_of: Callable[[str], str]) -> Callable[[str], str]:
    """Return what gives a statement's fingerprint by its text, '' where it has none, and knows those it gave last."""

    @lru_cache(REMEMBERED_TEXTS)
    def mark(text: str) -> str:
        try:
            return mark_of(text)
        except SqlError:
            return ""

    return mark


def _csv_entries(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for _, message, detail in _csv_rows(lines):
        yield message, detail


def _csv_rows(lines: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    for row in csv_rows(lines):
        if len(row) > _DETAIL and row[_SEVERITY] == "LOG":
            yield row[_TIME], row[_MESSAGE], row[_DETAIL]


def _entries(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield message and detail; an entry goes on in lines that begin with a tab."""
    message, detail, level = "", "", ""
    for line in lines:
        found = None if line.startswith("\t") else _ENTRY.search(line)
        if found and found[1] != "DETAIL":
            if message:
                yield message, detail
            message, detail, level = "", "", found[1]
        text = line[found.end() :] if found else line.removeprefix("\t")
        if found and found[1] == "DETAIL":
            level = "DETAIL"
        if level == "DETAIL":
            detail += text
        elif level == "LOG":
            message += text
    if message:
        yield message, detail


def _call(message: str, detail: str) -> tuple[str, Mapping[int, str | None]] | None:
    """Return the statement of a log entry and the values of its parameters, None when it has none."""
    explained = _EXPLAINED.match(message)
    if explained:
        return explained[1].strip(), _values(explained[2] or "")
    found = _STATEMENT.match(message)
    if not found:
        return None
    parameters = _PARAMETERS.search(detail)
    return found[1].strip(), _values(parameters[1].strip() if parameters else "")


def _values(text: str) -> dict[int, str | None]:
    return {int(n): None if null else value.replace("''", "'") for n, null, value in _VALUE.findall(text)}
