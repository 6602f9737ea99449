"""Query files: a statement with named parameters below the header that says all the rest."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

from perfkit.catalog.harvest.model import Reading
from perfkit.syntax.lexer import TokenKind, spliced, tokenize
from perfkit.syntax.statement import StatementKind, read_statement

_IN_WORD = re.compile(r"\w")
_SAFE = re.compile(r"[A-Za-z0-9_.,:@%+/{}\[\]*-]+")
_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


def with_names(statement: str, names: Mapping[int, str]) -> str:
    """Return a statement with each $n as :name, which no colon or word beside it may change.

    A slice such as `a[1:n]` gets a space, as it would refer to a parameter n.
    """
    edits = []
    for token in tokenize(statement):
        before, after = statement[token.start - 1 : token.start], statement[token.end : token.end + 1]
        if token.kind is TokenKind.POSITION:
            name = names[int(statement[token.start + 1 : token.end])]
            space = " " if before == ":" else ""
            lone_colon = after == ":" and statement[token.end : token.end + 2] != "::"
            text = f"{space}:{name}{' ' if lone_colon or _IN_WORD.match(after) else ''}"
        elif token.kind is TokenKind.PARAMETER:
            text = f": {statement[token.start + 1 : token.end]}"
        else:
            continue
        edits.append((token.start, token.end, text))
    return spliced(statement, edits)


def file_text(reading: Reading, *, name: str, summary: str, cases: Iterable[str], budget: str) -> str:
    """Return the text of a query file; `cases` are its case lines, `budget` may be ''."""
    statement, parameters = reading.statement, reading.parameters
    lines = [
        f"-- name: {name}",
        f"-- summary: {summary}",
        f"-- weight: {weight_text(reading.candidate.counted.calls_per_minute)}",
    ]
    lines += [f"-- budget: {budget}"] if budget else []
    lines += [f"-- param: {each.name} {each.type.name}" for each in parameters]
    lines += cases
    if read_statement(statement).kind is StatementKind.WRITE:
        lines.append("-- allow: write  the application writes here; perfkit rolls it back")
    names = {number: each.name for number, each in enumerate(parameters, start=1)}
    return "\n".join([*lines, f"{with_names(statement, names)};", ""])


def weight_text(calls_per_minute: float) -> str:
    """Return a weight with three digits that count, and all of them before the point."""
    if calls_per_minute >= 100:
        return str(round(calls_per_minute))
    return format(Decimal(f"{max(calls_per_minute, 1e-6):.3g}"), "f")


def case_line(name: str, values: Mapping[str, str | None]) -> str:
    """Return the header line of a case; ValueError for a value that no line can hold."""
    return f"-- case: {name}  {' '.join(f'{key}={_quoted(value)}' for key, value in values.items())}"


def _quoted(value: str | None) -> str:
    if value is None:
        return "NULL"
    if _UNWRITABLE.search(value):
        raise ValueError("a value has a line break or a control character")
    if _SAFE.fullmatch(value) and value.upper() != "NULL":
        return value
    if "'" not in value:
        return f"'{value}'"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def draw_lines(count: int, sql: str) -> str:
    """Return the header lines of a draw, one for each line of its SQL."""
    first, *more = sql.split("\n")
    return "\n".join([f"-- cases: draw {count} {first}", *(f"--     {line.strip()}" for line in more)])
