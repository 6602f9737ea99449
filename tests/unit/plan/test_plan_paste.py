"""Pasted plans: whatever psql, another client or a person put around a plan, the plan is read as it was."""

import json
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

from perfkit.errors import PerfkitError
from perfkit.plan.model import Node, Plan, walk
from perfkit.plan.read import read_plan
from tests.unit.plan.goldens import JSON_FILES

MAJORS = ("14", "15", "16", "17", "18")
# With COSTS OFF a first line has no numbers by which it could be told from what a person wrote above it.
_BARE = "costs_off"
_OF_A_NODE = [field.name for field in fields(Node) if field.name != "children"]
_OF_A_PLAN = [field.name for field in fields(Plan) if field.name != "root"]


def _padded(lines: list[str], *, mark: str, left: str = " ", right: str = "") -> list[str]:
    """Return lines as psql fills them up, all but the last with the mark of a row that goes on."""
    width = max(map(len, lines))
    return [
        f"{left}{line:<{width}}{mark if number < len(lines) else ' ' * len(mark)}{right}"
        for number, line in enumerate(lines, 1)
    ]


def _aligned(lines: list[str], *, mark: str, rule: str = "-") -> str:
    width = max(map(len, lines)) + 2
    footer = "(1 row)" if mark.strip() else f"({len(lines)} rows)"
    rows = _padded(lines, mark=mark)
    return "\n".join(["QUERY PLAN".center(width), rule * width, *rows, footer, ""])


def _boxed(lines: list[str], *, mark: str, rule: str, corners: str, side: str) -> str:
    width = max(map(len, lines))
    top, middle, bottom = (corners[at] + rule * (width + 2) + corners[at + 1] for at in (0, 2, 4))
    rows = _padded(lines, mark=mark, left=f"{side} ", right=side)
    heading = f"{side} {'QUERY PLAN'.center(width)} {side}"
    return "\n".join([top, heading, middle, *rows, bottom, f"({len(lines)} rows)", ""])


def _expanded_text(lines: list[str]) -> str:
    return "\n".join(
        f"-[ RECORD {number} ]{'-' * 60}\nQUERY PLAN | {line}" for number, line in enumerate(lines, 1)
    )


def _expanded_box(lines: list[str]) -> str:
    rows = _padded(lines, mark=" ", left="│ QUERY PLAN │ ", right="│")
    top = [f"├─[ RECORD {number} ]{'─' * 60}┤" for number in range(1, len(lines) + 1)]
    return "\n".join(f"{rule}\n{row}" for rule, row in zip(top, rows, strict=True))


def _expanded_json(lines: list[str]) -> str:
    first, *rest = _padded(lines, mark="+", left="| ")
    return "\n".join([f"-[ RECORD 1 ]{'-' * 60}", f"QUERY PLAN {first}", *(" " * 11 + line for line in rest)])


def _comma_separated(rows: list[str]) -> str:
    quoted = (f'"{row.replace(chr(34), chr(34) * 2)}"' if set(row) & set(',"\n') else row for row in rows)
    return "\n".join(["QUERY PLAN", *quoted, ""])


def _wrapped(lines: list[str]) -> str:
    pieces = [[line[start : start + 50] for start in range(0, len(line), 50)] for line in lines]
    rows = [" " + ".\n.".join(parts) for parts in pieces]
    return "\n".join(["QUERY PLAN".center(52), "-" * 52, *rows, f"({len(lines)} rows)"])


def _prompted(lines: list[str]) -> str:
    asked = "alumni=# EXPLAIN (ANALYZE)\nalumni-# SELECT * FROM t -- rows\nalumni-# WHERE a = 1;\n"
    return f"{asked}{_aligned(lines, mark=' ')}\nalumni=# "


TEXT_CLIENTS: dict[str, Callable[[list[str]], str]] = {
    "aligned": lambda lines: _aligned(lines, mark=" "),
    "aligned, in German": lambda lines: _aligned(lines, mark=" ").replace(" rows)", " Zeilen)"),
    "aligned, timed": lambda lines: _aligned(lines, mark=" ") + "Time: 61234.5 ms (01:01.234)\n",
    "no border": lambda lines: "\n".join(["QUERY PLAN", "-" * 80, *lines, "(9 rows)"]),
    "unaligned": lambda lines: "\n".join(["QUERY PLAN", *lines, f"({len(lines)} rows)", ""]),
    "box": lambda lines: _boxed(lines, mark=" ", rule="-", corners="++++++", side="|"),
    "unicode": lambda lines: _aligned(lines, mark=" ", rule="─"),
    "unicode box": lambda lines: _boxed(lines, mark=" ", rule="─", corners="┌┐├┤└┘", side="│"),
    "double box": lambda lines: _boxed(lines, mark=" ", rule="═", corners="╔╗╠╣╚╝", side="║"),
    "expanded": _expanded_text,
    "expanded box": _expanded_box,
    "wrapped": _wrapped,
    "csv": _comma_separated,
    "indented": lambda lines: "\n".join(f"    {line}" for line in lines),
    "tabs and spaces at the ends": lambda lines: "\n".join(f"\t{line}   " for line in lines),
    "carriage returns": "\r\n".join,
    "byte order mark": lambda lines: "\ufeff" + "\n".join(lines),
    "fence": lambda lines: "\n".join(["```text", *lines, "```"]),
    "prompt": _prompted,
}
JSON_CLIENTS: dict[str, Callable[[list[str]], str]] = {
    "aligned": lambda lines: _aligned(lines, mark="+"),
    "box": lambda lines: _boxed(lines, mark="+", rule="-", corners="++++++", side="|"),
    "unicode": lambda lines: _aligned(lines, mark="↵", rule="─"),
    "unicode box": lambda lines: _boxed(lines, mark="↵", rule="─", corners="┌┐├┤└┘", side="│"),
    "expanded": _expanded_json,
    "csv": lambda lines: _comma_separated(["\n".join(lines)]),
    "carriage returns": "\r\n".join,
    "byte order mark": lambda lines: "\ufeff" + "\n".join(lines),
    "fence": lambda lines: "\n".join(["```json", *lines, "```"]),
    "statement": lambda lines: "EXPLAIN (FORMAT JSON)\nSELECT 1;\n" + _aligned(lines, mark="+"),
    "log": lambda lines: "LOG:  duration: 12.3 ms  plan:\n" + "\n".join(f"\t{line}" for line in lines[1:-1]),
}


def _same(pasted: str, plain: str) -> bool:
    """Tell whether two texts hold the same plan, all that stands beside its tree included."""
    return _told(read_plan(pasted)) == _read(plain)


@cache
def _read(plain: str) -> tuple[object, ...]:
    """Return what is read from a text that many clients print."""
    return _told(read_plan(plain))


def _told(plan: Plan) -> tuple[object, ...]:
    """Return all that a plan holds, its tree as a list of nodes that says how many stand below each."""
    nodes = [(len(node.children), *(getattr(node, name) for name in _OF_A_NODE)) for node in walk(plan.root)]
    return nodes, *(getattr(plan, name) for name in _OF_A_PLAN)


@cache
def _json(path: Path) -> str:
    return json.dumps(json.loads(path.read_text("utf-8")), indent=2)


@pytest.mark.parametrize("major", MAJORS)
@pytest.mark.parametrize("client", TEXT_CLIENTS)
def test_a_text_plan_is_read_from_what_a_client_printed(client: str, major: str) -> None:
    for path in _files(major):
        plain = path.with_suffix(".txt").read_text("utf-8")
        if (client, path.stem) != ("prompt", _BARE):
            assert _same(TEXT_CLIENTS[client](plain.splitlines()), plain), path.stem


@pytest.mark.parametrize("major", MAJORS)
@pytest.mark.parametrize("client", JSON_CLIENTS)
def test_a_json_plan_is_read_from_what_a_client_printed(client: str, major: str) -> None:
    for path in _files(major):
        plain = _json(path)
        assert _same(JSON_CLIENTS[client](plain.splitlines()), plain), path.stem


def _files(major: str) -> list[Path]:
    return [path for path in JSON_FILES if path.parent.name == major]


def test_the_statement_and_the_answers_before_the_plan_are_passed_over() -> None:
    plain = JSON_FILES[0].with_suffix(".txt").read_text("utf-8")
    assert _same(f"set_config\n----\n off\n(1 row)\n\nexplain analyze\nselect 1;\n{plain}", plain)


def test_a_bare_plan_below_a_statement_is_told_not_guessed() -> None:
    plain = (JSON_FILES[0].parent / f"{_BARE}.txt").read_text("utf-8")
    with pytest.raises(PerfkitError, match="not an EXPLAIN output"):
        read_plan(f"explain (costs off) select 1;\n{plain}")
