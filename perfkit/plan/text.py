"""EXPLAIN's text format -> Plan: read into the same document that FORMAT JSON gives, then built as that is.

Text says less than JSON: it leaves out what is zero, and the schema without VERBOSE. Where it says something, the two
give equal trees.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from perfkit.errors import DamagedFileError
from perfkit.plan.model import Plan
from perfkit.plan.parse import parse_plan
from perfkit.plan.paste import unwrap
from perfkit.plan.textline import read_actual, read_header, read_numbers, read_property, split_header

_LABEL = re.compile(r"CTE \S.*|(?:InitPlan|SubPlan) \d+.*")
_WORKER = re.compile(r"Worker (\d+): +(.*)")
_TRIGGER = re.compile(
    r"Trigger (?P<name>.*?)(?: ?for constraint (?P<constraint>.+?))?(?: on (?P<relation>\S+?))?: "
    r"(?:time=(?P<time>\d+(?:\.\d+)?) )?calls=(?P<calls>\d+).*"
)
_SETTING = re.compile(r"([\w.]+) = '((?:[^']|'')*)'")
_JIT_TOTAL = re.compile(r"Total (\d+(?:\.\d+)?) ms")
_TIME = re.compile(r"(Planning Time|Execution Time): (\d+(?:\.\d+)?) ms")
_MEMBERS = frozenset({"Append", "Merge Append", "BitmapAnd", "BitmapOr"})
# A plan with COSTS OFF has no numbers by which its first node could be known.
_BARE_ROOT = re.compile(
    r"(?:Parallel |Async )?(?:Partial |Finalize )?(?:(?:Seq|Index|Index Only|Bitmap Heap|Tid|Tid Range|Sample|Function"
    r"|Table Function|Named Tuplestore|Values|CTE|Subquery|Foreign|WorkTable) Scan|Nested Loop|Hash|Merge|Limit|Sort|Incremental Sort|Unique|Result"
    r"|Aggregate|GroupAggregate|HashAggregate|MixedAggregate|WindowAgg|Append|Merge Append|Gather|Gather Merge|SetOp"
    r"|HashSetOp|LockRows|Materialize|Memoize|ProjectSet|Recursive Union|Group|Custom Scan"
    r"|(?:Foreign )?(?:Insert|Update|Delete))"
    r"(?: .*)?"
)
_BUFFERS = (
    *(
        f"{kind} {what} Blocks"
        for kind in ("Shared", "Local")
        for what in ("Hit", "Read", "Dirtied", "Written")
    ),
    *("Temp Read Blocks", "Temp Written Blocks"),
)
_WAL = ("WAL Records", "WAL FPI", "WAL Bytes")


@dataclass(slots=True)
class _Reading:
    """Where the reader is.

    `open_nodes` may still get children and stand with the column of their arrow, the root with -1; `label` is the
    column and name that the next node gets; `target` is what the next property belongs to, a node, a worker of it or
    a section after the tree; `worker_column` is where the worker's line began, -1 outside of one.
    """

    document: dict[str, Any]
    open_nodes: list[tuple[int, dict[str, Any]]]
    target: dict[str, Any]
    label: tuple[int, str] | None = None
    worker_column: int = -1
    last_key: str = ""
    nodes: list[dict[str, Any]] = field(default_factory=list)


def parse_text_plan(text: str, *, source: str = "plan") -> Plan:
    """Return the plan of EXPLAIN's text format, also as psql prints it; `source` names it in errors.

    Raises DamagedFileError when there is no plan in the text.
    """
    lines = [line.expandtabs() for line in unwrap(text).split("\n") if line.strip()]
    start = _first_node(lines)
    if start is None:
        raise DamagedFileError(
            source, "is not an EXPLAIN output", hint="give all that EXPLAIN prints, in FORMAT JSON or TEXT"
        )
    root = read_header(lines[start].strip().removeprefix("->").strip())
    reading = _Reading({"Plan": root}, [(-1, root)], root, nodes=[root])
    for line in lines[start + 1 :]:
        if line.strip() == "->":
            raise DamagedFileError(
                source, "has an arrow with no operator behind it", hint="give all that EXPLAIN prints"
            )
        _take(reading, line)
    _finish(reading.nodes)
    return parse_plan(reading.document, source=source)


def _first_node(lines: list[str]) -> int | None:
    """Return the number of the line that holds the root: the first with numbers, else a first line that names a node."""
    for number, line in enumerate(lines):
        if split_header(line.strip()):
            return number
    return 0 if lines and _BARE_ROOT.fullmatch(lines[0].strip()) else None


def _take(reading: _Reading, line: str) -> None:
    """Take one line: a node, a label before one, a worker, something after the tree, a property, or a line's rest."""
    column = len(line) - len(line.lstrip())
    content = line.strip()
    if content.startswith("->"):
        _take_node(reading, column, content.removeprefix("->").strip())
    elif _LABEL.fullmatch(content) and ": " not in content:
        reading.label = (column, content)
    elif match := _WORKER.fullmatch(content):
        _take_worker(reading, column, int(match[1]), match[2])
    elif not _take_after_tree(reading, content):
        _take_property(reading, column, content)


def _take_node(reading: _Reading, column: int, content: str) -> None:
    """Hang a node below the nearest open node whose arrow stands further left than the node, or than its label."""
    item = read_header(content)
    own_column = reading.label[0] if reading.label else column
    while len(reading.open_nodes) > 1 and reading.open_nodes[-1][0] >= own_column:
        reading.open_nodes.pop()
    parent = reading.open_nodes[-1][1]
    siblings = parent.setdefault("Plans", [])
    item |= _relationship(parent, siblings, reading.label[1] if reading.label else "")
    siblings.append(item)
    reading.open_nodes.append((column, item))
    reading.nodes.append(item)
    reading.label, reading.target, reading.worker_column, reading.last_key = None, item, -1, ""


def _relationship(parent: dict[str, Any], siblings: list[dict[str, Any]], label: str) -> dict[str, Any]:
    if label:
        return {
            "Parent Relationship": "SubPlan" if label.startswith("SubPlan") else "InitPlan",
            "Subplan Name": label,
        }
    if parent["Node Type"] in _MEMBERS:
        return {"Parent Relationship": "Member"}
    if parent["Node Type"] == "Subquery Scan":
        return {"Parent Relationship": "Subquery"}
    inputs = sum("Subplan Name" not in sibling for sibling in siblings)
    return {"Parent Relationship": "Inner" if inputs else "Outer"}


def _take_worker(reading: _Reading, column: int, number: int, content: str) -> None:
    """Open a worker of the last node; what follows further to the right is its own."""
    node = reading.nodes[-1]
    workers = node.setdefault("Workers", [])
    if not workers or workers[-1]["Worker Number"] != number:
        workers.append({"Worker Number": number})
    reading.target, reading.worker_column = workers[-1], column
    if match := split_header(f"worker  ({content})"):
        workers[-1].update(read_actual(match) if match["rows"] else {})
    else:
        workers[-1].update(read_property(content))


def _take_after_tree(reading: _Reading, content: str) -> bool:
    """Take a line that belongs to the whole plan; return whether it was one."""
    document = reading.document
    if match := _TIME.fullmatch(content):
        document[match[1]] = float(match[2])
    elif content.startswith("Settings: "):
        document["Settings"] = {name: value.replace("''", "'") for name, value in _SETTING.findall(content)}
    elif content.startswith("Query Identifier: "):
        document |= read_property(content)
    elif content in {"Planning:", "JIT:"}:
        reading.target = document.setdefault(content.removesuffix(":"), {})
        reading.worker_column, reading.last_key = -1, ""
    elif content.startswith("Serialization: "):
        numbers = read_numbers(content)
        form = re.search(r"format=(\w+)", content)
        document["Serialization"] = {
            "Format": form[1] if form else "",
            "Output Volume": numbers.get("output", 0),
        }
        document["Serialization"] |= {"Time": numbers["time"]} if "time" in numbers else {}
        reading.target, reading.last_key = document["Serialization"], ""
    elif match := _TRIGGER.fullmatch(content):
        document.setdefault("Triggers", []).append(_trigger(match))
    else:
        return False
    return True


def _trigger(match: re.Match[str]) -> dict[str, Any]:
    item: dict[str, Any] = {"Trigger Name": match["name"], "Calls": int(match["calls"])}
    item |= {"Time": float(match["time"])} if match["time"] else {}
    item |= {"Constraint Name": match["constraint"]} if match["constraint"] else {}
    return item | ({"Relation": match["relation"]} if match["relation"] else {})


def _take_property(reading: _Reading, column: int, content: str) -> None:
    """Give a property to its owner; a line that is none goes on the text before it, which held a line break."""
    if 0 <= column <= reading.worker_column:
        reading.target, reading.worker_column = reading.nodes[-1], -1
    item = _section_property(reading, content) or read_property(content)
    if not item:
        previous = reading.target.get(reading.last_key)
        if isinstance(previous, str):
            reading.target[reading.last_key] = f"{previous}\n{content}"
        return
    if {"Group Key", "Hash Key"} & item.keys():
        reading.target.setdefault("Keys", []).append(item)
    reading.target.update(item)
    reading.last_key = next(iter(item))


def _section_property(reading: _Reading, content: str) -> dict[str, Any]:
    """Return what a line under Planning or JIT says, in JSON's words; nothing for other places."""
    if reading.target is reading.document.get("JIT"):
        if content.startswith("Options: "):
            return {
                "Options": {
                    name: value == "true" for name, value in re.findall(r"(\w+) (true|false)", content)
                }
            }
        if content.startswith("Timing: "):
            total = _JIT_TOTAL.search(content)
            return {"Timing": {"Total": float(total[1])} if total else {}}
    if reading.target is reading.document.get("Planning") and content.startswith("Memory: "):
        return {f"Memory {name.capitalize()}": value for name, value in read_numbers(content).items()}
    return {}


def _finish(nodes: list[dict[str, Any]]) -> None:
    """Put in what JSON says and text leaves out: counts and times of zero, the list of grouping sets."""
    timed = any("Actual Total Time" in node for node in nodes)
    asked = [keys for keys in (_BUFFERS, _WAL) if any(key in node for node in nodes for key in keys)]
    for node in nodes:
        for keys in asked:
            for key in keys:
                node.setdefault(key, 0)
        if timed and node.get("Actual Loops") == 0:
            node |= {"Actual Startup Time": 0.0, "Actual Total Time": 0.0}
        grouping = node.pop("Keys", [])
        if len(grouping) > 1 or any("Hash Key" in item for item in grouping):
            node.pop("Group Key", None)
            node.pop("Hash Key", None)
            node["Grouping Sets"] = [
                {f"{key}s": [[] if keys == ["()"] else keys]}
                for item in grouping
                for key, keys in item.items()
            ]
