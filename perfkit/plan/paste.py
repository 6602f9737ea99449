"""What a person pastes of a plan: the plan's own lines, without what psql and other clients put around them."""

import re

# A line of nothing but lines: psql's rules in ASCII and in box-drawing characters, and those of other clients.
_RULE = r"\s*[-—=+─-╿]{3,}\s*"
_RECORD = r"[-+─-╿]*\[ \w+ \d+ \][-+─-╿]*\s*|\* \w+ \d+\s*"
_AROUND = re.compile(rf"\s*QUERY PLAN\s*|{_RULE}|{_RECORD}|Time: [\d.,]+ ms.*|```\w*\s*")
_FOOTER = re.compile(r"\s*\(\d+ \w+\)\s*")
_SIDES = ("|", "│", "║")
_LEFT_SIDE = re.compile(r"^[|│║] ?")
# A row of psql's expanded output, and one that goes on in the next line.
_EXPANDED = re.compile(r"QUERY PLAN ?[|│║ ] *\S.*")
_COLUMN = re.compile(r"^(?:QUERY PLAN| {10})(?: [|│║] |[|│║]| |$)")
_CONTINUATIONS = ("+", "↵")
_WRAPPED = re.compile(r"[.…]\n[.…]")
_QUOTED = re.compile(r'^"((?:[^"]|"")*)"$', re.MULTILINE)
_PLAN = re.compile(r'\(cost=|\(actual |"Plan":')


def unwrap(text: str) -> str:
    """Return the text without header, rules, borders, record marks, continuation marks, footer and CSV's quotes.

    That covers psql's aligned, wrapped, expanded, unaligned and CSV output with any border and line style, a fence of Markdown,
    and a prompt after the plan. What stands before the plan, as the statement, is kept.
    """
    lines = _up_to_footer([line.rstrip() for line in text.removeprefix("\ufeff").split("\n")])
    if any(line.startswith((*_SIDES, "+--")) for line in lines):
        lines = [_LEFT_SIDE.sub("", _without_end(line, _SIDES)) for line in lines]
    if any(_EXPANDED.fullmatch(line) for line in lines):
        lines = [_COLUMN.sub("", line) for line in lines if line]
    lines = [_without_end(line, _CONTINUATIONS) for line in lines if not _AROUND.fullmatch(line)]
    inner = _WRAPPED.sub("", "\n".join(lines).strip("\n"))
    return _QUOTED.sub(lambda match: match[1].replace('""', '"'), inner)


def _without_end(line: str, marks: tuple[str, ...]) -> str:
    return line[:-1].rstrip() if line.endswith(marks) else line


def _up_to_footer(lines: list[str]) -> list[str]:
    """Return the lines before the last (n rows), in whatever language, unless the plan comes after it."""
    for number in range(len(lines) - 1, -1, -1):
        if _FOOTER.fullmatch(lines[number]):
            return lines if _PLAN.search("\n".join(lines[number:])) else lines[:number]
    return lines
