"""One line of EXPLAIN's text format -> the keys that FORMAT JSON has for it."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from perfkit.plan.expression import split_list

_NAME = r'(?:"(?:[^"]|"")*"|[^\s."]+)'
_DECIMAL = r"\d+(?:\.\d+)?"
_HEADER = re.compile(
    r"(?P<head>.*?)"
    rf"(?: +\(cost=(?P<startup_cost>{_DECIMAL})\.\.(?P<total_cost>{_DECIMAL})"
    r" rows=(?P<plan_rows>\d+) width=(?P<width>\d+)\))?"
    rf"(?: +\((?:actual(?: time=(?P<startup_ms>{_DECIMAL})\.\.(?P<total_ms>{_DECIMAL}))? rows=(?P<rows>{_DECIMAL})"
    r" loops=(?P<loops>\d+)|(?P<never>never executed))\))?"
)  # fmt: skip
_HEAD = re.compile(
    rf"(?P<kind>[^\"]*?)(?: using (?P<index>{_NAME}))?(?: on (?:(?P<schema>{_NAME})\.)?(?P<name>{_NAME})"
    rf"(?: (?P<alias>{_NAME}))?)?"
)
_AGGREGATE = re.compile(r"(?:(Partial|Finalize) )?(Aggregate|GroupAggregate|HashAggregate|MixedAggregate)")
_STRATEGIES = {
    "Aggregate": "Plain",
    "GroupAggregate": "Sorted",
    "HashAggregate": "Hashed",
    "MixedAggregate": "Mixed",
}
_JOIN = re.compile(
    r"(Nested Loop|Hash|Merge)(?: (Left|Right|Full|Semi|Anti|Right Semi|Right Anti))?(?: Join)?"
)
_SET_OPERATION = re.compile(r"(Hash)?SetOp (.*)")
_FOREIGN_WRITE = re.compile(r"Foreign (Insert|Update|Delete)")
_CUSTOM = re.compile(r"(Custom Scan) \((.*)\)")
_WRITES = frozenset({"Insert", "Update", "Delete", "Merge"})
_OTHER_SOURCES = {
    "Function Scan": "Function Name",
    "Table Function Scan": "Table Function Name",
    "CTE Scan": "CTE Name",
    "WorkTable Scan": "CTE Name",
    "Named Tuplestore Scan": "Tuplestore Name",
}
_LISTS = frozenset(
    {"Output", "Sort Key", "Presorted Key", "Group Key", "Hash Key", "Conflict Arbiter Indexes"}
)
_EXPRESSIONS = frozenset(
    {
        "Filter",
        "Index Cond",
        "Recheck Cond",
        "Hash Cond",
        "Merge Cond",
        "Join Filter",
        "One-Time Filter",
        "TID Cond",
    }
    | {"Order By", "Cache Key", "Run Condition", "Function Call", "Remote SQL", "Window"}
)
# The first key of a line that holds several, and what JSON calls those that it calls otherwise.
_SEVERAL: dict[str, dict[str, str]] = {
    "Sort Method": {"Memory": "Sort Space Used", "Disk": "Sort Space Used"},
    "Buckets": {"Buckets": "Hash Buckets", "Batches": "Hash Batches", "Memory Usage": "Peak Memory Usage"},
    "Batches": {"Batches": "HashAgg Batches", "Memory Usage": "Peak Memory Usage"},
    "Planned Partitions": {"Batches": "HashAgg Batches", "Memory Usage": "Peak Memory Usage"},
    "Hits": {
        "Hits": "Cache Hits",
        "Misses": "Cache Misses",
        "Evictions": "Cache Evictions",
        "Overflows": "Cache Overflows",
        "Memory Usage": "Peak Memory Usage",
    },
    "Storage": {},
}
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_BUFFER_GROUP = re.compile(r"(shared|local|temp)((?: (?:hit|read|dirtied|written)=\d+)+)")
_IO_GROUP = re.compile(r"(?:(shared/local|shared|local|temp) )?((?:(?:read|write)=[\d.]+ ?)+)")
_SAMPLING = re.compile(r"(?P<method>\S+) \((?P<parameters>.*?)\)(?: REPEATABLE \((?P<seed>.*)\))?")
_IO_NAMES = {
    "": "I/O",
    "shared/local": "I/O",
    "shared": "Shared I/O",
    "local": "Local I/O",
    "temp": "Temp I/O",
}


def split_header(line: str) -> re.Match[str] | None:
    """Return the match of a line that has costs or actual numbers, None for any other."""
    match = _HEADER.fullmatch(line)
    return match if match and (match["total_cost"] or match["rows"] or match["never"]) else None


def read_header(line: str) -> dict[str, Any]:
    """Return the keys that a node's first line gives: "Seq Scan on t  (cost=0.00..1.01 rows=1 width=4)"."""
    match = _HEADER.fullmatch(line)
    head = match["head"] if match else line
    item = _read_head(head.strip())
    if match and match["total_cost"]:
        item |= {
            "Startup Cost": _number(match["startup_cost"]),
            "Total Cost": _number(match["total_cost"]),
            "Plan Rows": int(match["plan_rows"]),
            "Plan Width": int(match["width"]),
        }
    if match and match["never"]:
        item |= {"Actual Rows": 0, "Actual Loops": 0}
    if match and match["rows"]:
        item |= read_actual(match)
    return item


def read_actual(match: re.Match[str]) -> dict[str, Any]:
    """Return the actual numbers of a header's match."""
    item: dict[str, Any] = {"Actual Rows": _number(match["rows"]), "Actual Loops": int(match["loops"])}
    if match["total_ms"]:
        item |= {
            "Actual Startup Time": _number(match["startup_ms"]),
            "Actual Total Time": _number(match["total_ms"]),
        }
    return item


def _read_head(head: str) -> dict[str, Any]:
    item: dict[str, Any] = {"Node Type": head}
    for word, key in (("Async ", "Async Capable"), ("Parallel ", "Parallel Aware")):
        if head.startswith(word):
            item[key] = True
            head = head.removeprefix(word)
    match = _HEAD.fullmatch(head)
    kind = match["kind"] if match else head
    item |= _read_kind(kind)
    if match and match["name"]:
        item |= _read_target(item["Node Type"], match)
    if match and match["index"]:
        item["Index Name"] = _unquote(match["index"])
    return item


def _read_kind(kind: str) -> dict[str, Any]:
    """Return the node type and its variant: "Partial HashAggregate" is an Aggregate, Hashed, Partial."""
    item: dict[str, Any] = {"Node Type": kind}
    if match := _AGGREGATE.fullmatch(kind):
        item = {
            "Node Type": "Aggregate",
            "Strategy": _STRATEGIES[match[2]],
            "Partial Mode": match[1] or "Simple",
        }
    elif kind in _WRITES:
        item = {"Node Type": "ModifyTable", "Operation": kind}
    elif kind.startswith(("Index Scan", "Index Only Scan")):
        direction = "Backward" if kind.endswith(" Backward") else "Forward"
        item = {"Node Type": kind.removesuffix(" Backward"), "Scan Direction": direction}
    elif match := _SET_OPERATION.fullmatch(kind):
        item = {"Node Type": "SetOp", "Strategy": "Hashed" if match[1] else "Sorted", "Command": match[2]}
    elif match := _FOREIGN_WRITE.fullmatch(kind):
        item = {"Node Type": "Foreign Scan", "Operation": match[1]}
    elif match := _CUSTOM.fullmatch(kind):
        item = {"Node Type": match[1], "Custom Plan Provider": match[2]}
    elif kind != "Hash" and (match := _JOIN.fullmatch(kind)):
        name = match[1] if match[1] == "Nested Loop" else f"{match[1]} Join"
        item = {"Node Type": name, "Join Type": match[2] or "Inner"}
    return item


def _read_target(node_type: str, match: re.Match[str]) -> dict[str, Any]:
    """Return what a node works on: an index, a table, a function, a CTE, or nothing but an alias."""
    name = _unquote(match["name"])
    alias = _unquote(match["alias"]) if match["alias"] else name
    schema = {"Schema": _unquote(match["schema"])} if match["schema"] else {}
    if node_type == "Bitmap Index Scan":
        return {"Index Name": name}
    if node_type in {"Values Scan", "Subquery Scan"}:
        return {"Alias": name}
    if node_type in _OTHER_SOURCES:
        is_call = node_type != "Function Scan" or match["alias"] or match["schema"]
        return ({_OTHER_SOURCES[node_type]: name} if is_call else {}) | schema | {"Alias": alias}
    return {"Relation Name": name, "Alias": alias} | schema


def read_property(line: str) -> dict[str, Any]:
    """Return the keys that a property line gives, none when it is no property ("Filter: (a > 1)" gives Filter)."""
    key, colon, value = line.partition(": ")
    if not colon or not key[:1].isupper():
        return {}
    if key in _READERS:
        return _READERS[key](value)
    if key in _SEVERAL:
        return _read_several(line, _SEVERAL[key])
    if key in {"Full-sort Groups", "Pre-sorted Groups"}:
        return {key: _read_sort_groups(line, key)}
    if key in _LISTS:
        return {key: split_list(value)}
    return {key: value if key in _EXPRESSIONS else _plain(value)}


def read_numbers(text: str) -> dict[str, float]:
    """Return the numbers of "name=1 other=2kB"."""
    return {name: _number(value) for name, value in re.findall(r"(\w+)=(\d+(?:\.\d+)?)", text)}


def _read_buffers(text: str) -> dict[str, Any]:
    return {
        f"{kind.capitalize()} {name.capitalize()} Blocks": count
        for kind, counts in _BUFFER_GROUP.findall(text)
        for name, count in read_numbers(counts).items()
    }


def _read_io(text: str) -> dict[str, Any]:
    return {
        f"{_IO_NAMES[kind]} {name.capitalize()} Time": time_ms
        for kind, times in _IO_GROUP.findall(text)
        for name, time_ms in read_numbers(times).items()
    }


def _read_named(key: str, text: str) -> dict[str, Any]:
    return {key.format(name.capitalize()): count for name, count in read_numbers(text).items()}


def _read_wal(text: str) -> dict[str, Any]:
    names = {"records": "WAL Records", "fpi": "WAL FPI", "bytes": "WAL Bytes", "full": "WAL Buffers Full"}
    return {names[name]: count for name, count in read_numbers(text).items() if name in names}


def _read_sampling(text: str) -> dict[str, Any]:
    """Read "system ('5'::real) REPEATABLE ('1'::double precision)"."""
    match = _SAMPLING.fullmatch(text)
    if match is None:
        return {"Sampling": text}
    seed = {"Repeatable Seed": match["seed"]} if match["seed"] else {}
    parameters = split_list(match["parameters"])
    return {"Sampling Method": match["method"], "Sampling Parameters": parameters} | seed


_READERS: dict[str, Callable[[str], dict[str, Any]]] = {
    "Buffers": _read_buffers,
    "I/O Timings": _read_io,
    "WAL": _read_wal,
    "Heap Blocks": partial(_read_named, "{} Heap Blocks"),
    "Sampling": _read_sampling,
    "Tuples": partial(_read_named, "Tuples {}"),
}


def _read_several(line: str, names: dict[str, str]) -> dict[str, Any]:
    """Read "Buckets: 1024 (originally 512)  Batches: 2  Memory Usage: 40kB"."""
    item: dict[str, Any] = {}
    for key, value in _pairs(line):
        name = names.get(key, key)
        originally = re.fullmatch(r"(\d+) \(originally (\d+)\)", value)
        if name == "Sort Space Used":
            item["Sort Space Type"] = key
        item[name] = _plain(originally[1] if originally else value)
        if name.startswith("Hash B"):
            item[f"Original {name}"] = _plain(originally[2]) if originally else item[name]
    return item


def _read_sort_groups(line: str, key: str) -> dict[str, Any]:
    """Read "Full-sort Groups: 1  Sort Method: quicksort  Average Memory: 29kB  Peak Memory: 29kB"."""
    item: dict[str, Any] = {}
    for name, value in _pairs(line):
        if name == key:
            item["Group Count"] = _plain(value)
        elif name.startswith("Sort Method"):
            item["Sort Methods Used"] = value.split(", ")
        else:
            statistic, _, space = name.partition(" ")
            item.setdefault(f"Sort Space {space}", {})[f"{statistic} Sort Space Used"] = _plain(value)
    return item


def _pairs(line: str) -> list[tuple[str, str]]:
    """Return the keys and values of a line that holds several, two spaces apart."""
    parts = (pair.partition(": ") for pair in re.split(r" {2,}", line))
    return [(key, value) for key, _, value in parts]


def _plain(value: str) -> Any:
    """Return a number, also of kB, or true or false, or the text as it is."""
    bare = re.sub(r"(?<=\d)kB$", "", value)
    if _NUMBER.fullmatch(bare):
        return _number(bare)
    return {"true": True, "false": False}.get(value, value)


def _number(text: str) -> float:
    return int(text) if re.fullmatch(r"-?\d+", text) else _decimal(text)


def _decimal(text: str) -> float:
    """Return the number, 0 where dots stand wrong."""
    return float(text) if re.fullmatch(r"-?(?:\d+\.?\d*|\.\d+)", text) else 0.0


def _unquote(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
