"""Script: a query of the catalog with its cases as a script of pgbench, which draws among the cases by weight.

Values go to the server as parameters of their declared types, as an application's do; in the simple protocol, which has
none, they stand in the text. pgbench takes `:name` for a variable even within quotes, so a colon before a letter is
written in another way there.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from perfkit.catalog.workload import WeightedCase
from perfkit.syntax.lexer import COMMENTS, Token, TokenKind, tokenize

# pgbench takes 128 scripts (MAX_SCRIPTS in pgbench.c), of which one is the pause.
SCRIPTS_MOST = 127
# Of all calls, the smallest share that a script or a case can have: weights of scripts are whole numbers.
_WEIGHT_STEPS = 1_000_000
# So many pauses come after a call on average: their sum is nearly as random as what people do (exponential).
_PAUSES_A_CALL = 9
PAUSE = "pause"

_COLON = re.compile(r":(?=[A-Za-z_0-9\x80-\U0010ffff])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A script of pgbench: its query's name, its text, its weight (a whole number), and the variables it wants."""

    query: str
    text: str
    weight: int
    variables: Mapping[str, str]


def scripts_of(cases: Sequence[WeightedCase], *, simple: bool) -> tuple[Script, ...]:
    """Return a script for each query of the cases.

    Of more queries than pgbench takes scripts, those that are called least share the last script, whose name is "others".
    """
    total = sum(case.weight for case in cases)
    ordered = sorted(cases, key=lambda case: case.query.name)
    groups = [list(group) for _, group in groupby(ordered, key=lambda case: case.query.name)]
    groups.sort(key=lambda group: -sum(case.weight for case in group))
    alone, others = groups[: SCRIPTS_MOST - 1], groups[SCRIPTS_MOST - 1 :]
    if others:
        alone = [*alone, [case for group in others for case in group]]
    scripts = []
    for number, group in enumerate(alone):
        names = {case.query.name for case in group}
        scripts.append(
            _script(
                names.pop() if len(names) == 1 else "others",
                group,
                number,
                share=sum(case.weight for case in group) / total,
                simple=simple,
            )
        )
    return tuple(scripts)


def pause_between(scripts: Sequence[Script], think_ms: float) -> Script:
    """Return the script of a pause: drawn among the scripts, users wait for `think_ms` on average after a call.

    It is a script of its own, as pgbench takes the time of a whole script.
    """
    return Script(
        query=PAUSE,
        text=f"\\sleep {max(1, round(think_ms * 1_000 / _PAUSES_A_CALL))} us\n",
        weight=_PAUSES_A_CALL * sum(script.weight for script in scripts),
        variables={},
    )


def _script(name: str, cases: Sequence[WeightedCase], number: int, *, share: float, simple: bool) -> Script:
    variables: dict[str, str] = {}
    bodies = []
    for place, case in enumerate(cases):
        prefix = f"v{number}_{place}_"
        text, wanted = _statement(case, prefix, simple=simple)
        variables |= wanted
        bodies.append(text)
    return Script(
        query=name,
        text="\n".join([*_drawn(bodies, [case.weight for case in cases]), ""]),
        weight=max(1, round(share * _WEIGHT_STEPS)),
        variables=variables,
    )


def _drawn(bodies: Sequence[str], weights: Sequence[float]) -> list[str]:
    """Return the lines that run one of the bodies, drawn by weight."""
    if len(bodies) == 1:
        return [bodies[0]]
    total = sum(weights)
    lines = [f"\\set drawn random(1, {_WEIGHT_STEPS})"]
    reached = 0.0
    for place, (body, weight) in enumerate(zip(bodies, weights, strict=True)):
        reached += weight
        if place == len(bodies) - 1:
            lines.append("\\else")
        else:
            lines.append(f"\\{'el' * bool(place)}if :drawn <= {round(reached / total * _WEIGHT_STEPS)}")
        lines.append(body)
    return [*lines, "\\endif"]


def _statement(case: WeightedCase, prefix: str, *, simple: bool) -> tuple[str, dict[str, str]]:
    """Return the statement of a case for pgbench, and the variables that it wants; a write is rolled back."""
    types = {param.name: param.type for param in case.query.params}
    variables: dict[str, str] = {}

    def value_of(name: str) -> str:
        value = case.case.values[name]
        if value is None:
            return f"CAST(NULL AS {types[name]})"
        if simple or not value:  # pgbench takes no empty variable
            return f"CAST({_literal(value)} AS {types[name]})"
        variables[prefix + name] = value
        return f"CAST(:{prefix}{name} AS {types[name]})"

    text = rewritten(case.query.sql, value_of)
    writes = "write" in case.query.allowed
    return (f"BEGIN;\n{text};\nROLLBACK;" if writes else f"{text};"), variables


def rewritten(sql: str, value_of: Callable[[str], str]) -> str:
    """Return the statement on one line for each of its own, without comments, and no colon that pgbench would take."""
    pieces: list[str] = []
    position = 0
    for token in tokenize(sql):
        pieces.append(sql[position : token.start])
        position = token.end
        if token.kind in COMMENTS:
            pieces.append(" ")
        elif token.kind is TokenKind.PARAMETER:
            pieces.append(f" {value_of(token.name)} ")
        else:
            pieces.append(_safe(sql, token))
    return "".join([*pieces, sql[position:]]).strip()


def _safe(sql: str, token: Token) -> str:
    """Return a token as it is, or with its colons written so that pgbench sees no variable in it."""
    text = sql[token.start : token.end]
    if token.kind is TokenKind.STRING and _COLON.search(text):
        return _string_without_colons(text)
    if token.kind is TokenKind.QUOTED_IDENTIFIER and _COLON.search(text):
        inner = text if text[:1] in "uU" else "U&" + text.replace("\\", "\\\\")
        return _COLON.sub(r"\\003A", inner)
    # `a[1:2]`, where a digit follows, as `a[1: 2]`.
    return ": " if text == ":" else text


def _string_without_colons(text: str) -> str:
    if text[:1] in "uU":
        return _COLON.sub(r"\\003A", text)
    if text[:1] in "eE":
        return _COLON.sub(r"\\072", text)
    if text[:1] == "$":
        tag_end = text.index("$", 1) + 1
        return _COLON.sub(r"\\072", _literal(text[tag_end:-tag_end]))
    return _COLON.sub(r"\\072", "E" + text.replace("\\", "\\\\"))


def _literal(value: str) -> str:
    """Return a value as a constant in which pgbench finds no variable."""
    quoted = value.replace("\\", "\\\\").replace("'", "''")
    return _COLON.sub(r"\\072", f"E'{quoted}'")
