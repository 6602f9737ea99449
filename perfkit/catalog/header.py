"""The header of a query: its comment lines `-- key: value`, read into a name, parameters, cases and limits."""

import difflib
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from perfkit.catalog.assignment import read_assignments
from perfkit.catalog.blocks import HEADER_LINE, KEYS
from perfkit.catalog.limits import DRAW_COUNT_MAX, NAME_CHARACTERS_MAX
from perfkit.catalog.model import Case, Draw, Param
from perfkit.errors import CatalogError, UsageError
from perfkit.syntax.lexer import SqlError, line_at, references
from perfkit.units import parse_duration_ms

DEFAULT_WEIGHT = 1.0
DRAWN_PREFIX = "draw-"

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_CONTINUATION = re.compile(r"--[ \t]{3,}(\S.*)", re.DOTALL)
_REMARK = re.compile(r"[ \t]{2,}|\n")
_PARAM = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s+(\S.*)")
_WORD = r'(?:[A-Za-z_\x80-\U0010ffff][\w$]*|"[^"\0\n]+")'
_TYPE = re.compile(
    rf"{_WORD}(?:\.{_WORD})?(?: {_WORD})* ?(?:\( ?\d+(?: ?, ?-?\d+)? ?\))?(?: {_WORD})* ?(?:\[\d*\])*"
)
_CASES = re.compile(r"draw\s+(\S+)\s+(\S.*)", re.DOTALL)
_ALLOWED = re.compile(r"([a-z][a-z0-9-]*)(?:\s+(\S.*))?", re.DOTALL)
_ONCE = ("name", "summary", "weight", "budget")


@dataclass(slots=True, kw_only=True)
class Header:
    """What a header says; `lines` has the line of each parameter by name."""

    name: str = ""
    summary: str = ""
    weight: float = DEFAULT_WEIGHT
    budget_ms: float | None = None
    params: list[Param] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    draws: list[Draw] = field(default_factory=list)
    allowed: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)


def read_header(comments: list[tuple[int, str]], path: Path, problems: list[CatalogError]) -> Header:
    """Return what the comment lines (line number, text) of a header say; what is wrong is added to `problems`."""
    header = Header()
    seen: set[str] = set()
    for line, key, value in _entries(comments):
        try:
            _check_entry(key, value, seen)
            _take(header, line, key, value)
        except UsageError as error:
            shown_line = line + error.line - 1 if isinstance(error, SqlError) else line
            problems.append(CatalogError(error.message, path=path, line=shown_line, hint=error.hint))
    return header


def _entries(comments: list[tuple[int, str]]) -> Iterator[tuple[int, str, str]]:
    """Yield line, key and value of each entry; the value has a newline wherever it goes on in the next line."""
    current: tuple[int, str, str] | None = None
    for line, comment in comments:
        more = _CONTINUATION.match(comment)
        if more:
            if current:
                # A line in between that is no comment must not move the lines of the value.
                key_line, key, value = current
                gap = line - key_line - value.count("\n")
                current = (key_line, key, value + "\n" * gap + more[1].rstrip())
            continue
        if current:
            yield current
        entry = HEADER_LINE.match(comment)
        current = (line, entry[1], entry[2].rstrip()) if entry else None
    if current:
        yield current


def _check_entry(key: str, value: str, seen: set[str]) -> None:
    if key in seen and key in _ONCE:
        raise UsageError(f"a second {key!r} for one query")
    seen.add(key)
    if key in KEYS and not value:
        raise UsageError(f"{key!r} says nothing")


def _take(header: Header, line: int, key: str, value: str) -> None:
    match key:
        case "name":
            header.name = check_name(value, "query")
        case "summary":
            header.summary = " ".join(value.split())
        case "weight":
            header.weight = _weight(_before_remark(value))
        case "budget":
            header.budget_ms = _budget_ms(_before_remark(value))
        case "param":
            _add_param(header, line, _before_remark(value))
        case "case":
            header.cases.append(_case(header, line, value))
        case "cases":
            header.draws.append(_draw(line, value))
        case "allow":
            _add_allowed(header, value)
        case _:
            raise _unknown(key)


def _unknown(key: str) -> UsageError:
    close = difflib.get_close_matches(key.lower(), KEYS, n=1)
    remark = "a remark in the header has no colon after its first word"
    return UsageError(f"unknown key {key!r}", hint=f"did you mean {close[0]!r}?" if close else remark)


def _before_remark(value: str) -> str:
    return _REMARK.split(value, maxsplit=1)[0]


def check_name(text: str, what: str) -> str:
    """Return `text` if it can name a query or case, and so be a file's name; else UsageError."""
    if not _NAME.fullmatch(text) or len(text) > NAME_CHARACTERS_MAX:
        raise UsageError(
            f"{text[:NAME_CHARACTERS_MAX]!r} cannot name a {what}",
            hint=f"use up to {NAME_CHARACTERS_MAX} letters, digits, '_', '-' and '.', with no '-' or '.' in front",
        )
    return text


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not 0 < weight < math.inf:
        raise UsageError(
            f"weight {text!r} is not a number above 0",
            hint="write calls per minute; a remark stands after two spaces",
        )
    return weight


def _budget_ms(text: str) -> float:
    try:
        budget_ms = parse_duration_ms(text)
    except UsageError as error:
        raise UsageError(
            f"budget {error.message}", hint=f"{error.hint}; a remark stands after two spaces"
        ) from None
    if not budget_ms > 0:
        raise UsageError(f"budget {text!r} is not above 0")
    return budget_ms


def _add_param(header: Header, line: int, text: str) -> None:
    declared = _PARAM.fullmatch(text)
    if declared is None:
        raise UsageError(
            f"param {text!r} is not a name and a type", hint="write, for example, `-- param: year int`"
        )
    name, type_name = declared[1], declared[2]
    if not _TYPE.fullmatch(type_name):
        raise UsageError(
            f"{type_name!r} is not the name of a PostgreSQL type", hint="a remark stands after two spaces"
        )
    if name in header.lines:
        raise UsageError(f"a second parameter {name!r}")
    header.lines[name] = line
    header.params.append(Param(name=name, type=type_name))


def _case(header: Header, line: int, text: str) -> Case:
    name, _, assignments = " ".join(text.split("\n")).partition(" ")
    check_name(name, "case")
    if name.startswith(DRAWN_PREFIX):
        raise UsageError(f"case {name!r}: names with {DRAWN_PREFIX!r} in front are those of drawn cases")
    if any(case.name == name for case in header.cases):
        raise UsageError(f"a second case {name!r}")
    values: dict[str, str | None] = {}
    try:
        for key, value in read_assignments(assignments):
            if key in values:
                raise UsageError(f"case {name!r} gives {key!r} twice")
            values[key] = value
    except ValueError as error:
        raise UsageError(f"case {name!r}: {error}", hint='quote as in a shell: name="O\'Brien"') from None
    return Case(query=header.name, name=name, values=values, line=line)


def _draw(line: int, text: str) -> Draw:
    parts = _CASES.fullmatch(text)
    if parts is None:
        raise UsageError("cases are not `draw N SELECT …`")
    count = int(parts[1]) if parts[1].isascii() and parts[1].isdigit() and len(parts[1]) < 10 else 0
    if not 1 <= count <= DRAW_COUNT_MAX:
        raise UsageError(f"draw {parts[1]!r} is not a number from 1 to {DRAW_COUNT_MAX:,}")
    sql_line = line + line_at(text, parts.start(2)) - 1
    sql = parts[2].rstrip().removesuffix(";").rstrip()
    if ":" in sql:
        _refuse_parameters(sql, sql_line - line)
    return Draw(count=count, sql=sql, line=sql_line)


def _refuse_parameters(sql: str, line_offset: int) -> None:
    try:
        found = references(sql)
    except SqlError as error:
        raise SqlError(error.message, line=error.line + line_offset, hint=error.hint) from None
    if found:
        line = line_at(sql, found[0].start) + line_offset
        raise SqlError(f"a draw has no parameters, but this refers to :{found[0].name}", line=line)


def _add_allowed(header: Header, text: str) -> None:
    parts = _ALLOWED.fullmatch(text)
    if parts is None:
        raise UsageError(f"allow {text.split(maxsplit=1)[0]!r} is not a rule's id, write or volatile")
    rule, reason = parts[1], parts[2]
    if not reason:
        raise UsageError(
            f"allow {rule!r} gives no reason", hint=f"write `-- allow: {rule}  why it is right here`"
        )
    if rule in header.allowed:
        raise UsageError(f"a second allow {rule!r}")
    header.allowed[rule] = " ".join(reason.split())
