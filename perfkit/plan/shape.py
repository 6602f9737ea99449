"""Shape: a plan without its numbers and literals, readable and comparable.

Two runs have the same shape when the planner chose the same way to do the same thing. One node a line, indented by
level. A line has the operator, its place under its parent (outer, inner), index, table and alias, keys and conditions
with "?" for every constant, filters in one spelling. JIT is part of it: it can make a query several times slower at
otherwise equal plans.

Partitions come and go with the calendar, so they are folded: a name that holds a year (communication_2026_11) has "*"
for its digits, members of an Append that differ only in their partition become one line, and an Append all of whose
members are one such line is left out, so that one partition and twelve have the same shape.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

from perfkit.names import quote_name
from perfkit.plan.expression import without_literals, without_session_schema
from perfkit.plan.label import compose, source_name
from perfkit.plan.model import APPENDS, Node, Plan, result_children, walk
from perfkit.plan.spelling import spell

_DIGEST_LENGTH = 16
# The keys of a node that decide what it does, in the order in which they are written.
_CONDITIONS = (
    "Index Cond", "Recheck Cond", "TID Cond", "Hash Cond", "Merge Cond", "Join Filter", "Order By", "Filter",
    "One-Time Filter", "Run Condition", "Cache Key", "Cache Mode", "Conflict Resolution", "Sampling Method",
    "Remote SQL", "Sort Key", "Presorted Key", "Group Key", "Grouping Sets", "Conflict Arbiter Indexes",
)  # fmt: skip
# Those whose order the planner changes on a tie; that of the others goes with the nodes below, or with the index.
_FILTERS = frozenset({"Join Filter", "Filter", "One-Time Filter"})
MEMBER_ALIAS = re.compile(r"(.+)_\d+")
_YEAR_AND_REST = re.compile(r"\d{4,}(?:[a-z_]{0,2}\d+)*")
_NUMBERED_SUBPLAN = re.compile(r"(InitPlan|SubPlan) \d.*", re.DOTALL)
_PARTITION = "[partition]"


@dataclass(frozen=True, slots=True)
class Shape:
    """The text of a shape, one node a line, and the first 16 hex digits of its sha256."""

    text: str
    digest: str


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """A node's line, the same with partition names generalised, the lines below it, and the node's table and alias."""

    text: str
    general: str
    prefix: str
    below: tuple["_Line", ...]
    table: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class _Names:
    """What the whole plan says about names: member aliases (c_1 -> c) and the table under each bitmap index scan."""

    members: Mapping[str, str]
    owners: Mapping[Node, Node]


def shape_of(plan: Plan) -> Shape:
    """Return the shape of a plan."""
    names = _names(plan.root)
    done: dict[Node, _Line] = {}
    for node in reversed(list(walk(plan.root))):
        done[node] = _line(node, tuple(done.pop(child) for child in node.children), names)
    lines = _render(done[plan.root], general=False)
    if plan.jit:
        lines.append("JIT: " + ", ".join(name.lower() for name, on in sorted(plan.jit.options.items()) if on))
    return shape_from_text("\n".join(lines))


def shape_from_text(text: str) -> Shape:
    """Return the shape that a stored text was taken from."""
    return Shape(text, sha256(text.encode()).hexdigest()[:_DIGEST_LENGTH])


def _names(root: Node) -> _Names:
    members: dict[str, str] = {}
    owners: dict[Node, Node] = {}
    for node in walk(root):
        match = MEMBER_ALIAS.fullmatch(node.alias or "")
        if match and node.relation not in {None, node.alias}:
            members[quote_name(match[0])] = quote_name(match[1])
        if node.type.startswith("Bitmap"):
            owner = owners.get(node, node)
            owners.update((child, owner) for child in node.children)
    return _Names(members, owners)


def _line(node: Node, below: tuple[_Line, ...], names: _Names) -> _Line:
    places = _prefixes(node)
    below = tuple(
        _Line(line.text, line.general, place, line.below, line.table)
        for line, place in zip(below, places, strict=True)
    )
    if node.type in APPENDS:
        below, all_folded = _fold(below)
        if all_folded and len(below) == 1:
            return below[0]
    text = _describe(node, {}, names)
    general = _describe(node, names.members, names) if names.members else text
    table = (node.relation, node.alias or "") if node.relation else None
    return _Line(text, general, "", below, table)


def _prefixes(node: Node) -> list[str]:
    """Return what stands before each child's line: its place, where the order alone does not tell it."""
    joins_two = len(result_children(node)) == 2 and node.type not in APPENDS
    prefixes = []
    for child in node.children:
        prefix = ""
        if child.relationship in {"InitPlan", "SubPlan"}:
            prefix = _NUMBERED_SUBPLAN.sub(r"\1", child.subplan_name or child.relationship) + ": "
            prefix = prefix if prefix.startswith(child.relationship) else f"{child.relationship} {prefix}"
        elif joins_two and child.relationship in {"Outer", "Inner"}:
            prefix = f"{child.relationship.lower()}: "
        prefixes.append(prefix)
    return prefixes


def _fold(members: tuple[_Line, ...]) -> tuple[tuple[_Line, ...], bool]:
    """Return the members of an Append with those that differ only in their partition made one, and if all were.

    Folded lines stand first, by their text, as the order of partitions changes with the calendar.
    """
    inputs = tuple(member for member in members if not member.prefix)
    if not _are_partitions(inputs):
        return members, False
    others = tuple(member for member in members if member.prefix)
    forms = {"\n".join(_render(member, general=True)): member for member in inputs}
    return tuple(_generalised(forms[text]) for text in sorted(forms)) + others, not others


def _are_partitions(members: tuple[_Line, ...]) -> bool:
    """Tell whether the members of an Append read partitions of one table: m_1, m_2, each another table.

    A UNION ALL of tables is no such thing, nor is that of a table with itself, whose second alias is person_1.
    """
    tables = [table for member in members if (table := _first_table(member))]
    aliases = [MEMBER_ALIAS.fullmatch(alias) for _, alias in tables]
    return (
        0 < len(members) == len({relation for relation, _ in tables})
        and all(match and match[0] != relation for match, (relation, _) in zip(aliases, tables, strict=True))
        and len({match[1] for match in aliases if match}) == 1
    )


def _first_table(line: _Line) -> tuple[str, str] | None:
    while not line.table and line.below:
        line = line.below[0]
    return line.table


def _generalised(line: _Line) -> _Line:
    """Return the line and all below it with their general texts in place of their own."""
    order, pending = [], [line]
    while pending:
        order.append(pending.pop())
        pending.extend(order[-1].below)
    done: dict[_Line, _Line] = {}
    for item in reversed(order):
        below = tuple(done[child] for child in item.below)
        done[item] = _Line(item.general, item.general, item.prefix, below, item.table)
    return done[line]


def _render(root: _Line, *, general: bool) -> list[str]:
    lines: list[str] = []
    pending = [(root, 0)]
    while pending:
        line, level = pending.pop()
        lines.append("  " * level + line.prefix + (line.general if general else line.text))
        pending.extend((child, level + 1) for child in reversed(line.below))
    return lines


def _describe(node: Node, members: Mapping[str, str], names: _Names) -> str:
    """Return a node's line; under `members`, the names of those partitions are generalised."""
    owner = names.owners.get(node, node)
    alias = quote_name(owner.alias) if owner.alias else ""
    partition = _general_name(owner.relation or "", is_member=alias in members)
    index = node.index or ""
    if alias in members and owner.relation and index.startswith(owner.relation):
        index = partition + index[len(owner.relation) :]
    relation = _quoted(partition) if node.relation else source_name(node)
    if node.relation and node.schema:
        relation = f"{quote_name(without_session_schema(node.schema))}.{relation}"
    own_alias = members.get(alias, alias) if node.alias and node.alias != node.relation else ""
    head = compose(
        node, index=_quoted(_general_name(index, is_member=False)), relation=relation, alias=own_alias
    )
    conditions = [f"{key}: {text}" for key in _CONDITIONS if (text := _condition(node, key, members))]
    return " | ".join([head, *conditions])


def _general_name(name: str, *, is_member: bool) -> str:
    """Return a table or index name with "*" for a date in it; the name of a partition without a date is left out."""
    general = _YEAR_AND_REST.sub("*", name)
    return _PARTITION if is_member and general == name and not name.startswith(_PARTITION) else general


def _quoted(name: str) -> str:
    """Return a name as SQL wants it; what was generalised in it needs no quotes."""
    plain = name.replace("*", "x").replace(_PARTITION, "x")
    return name if not plain or quote_name(plain) == plain else quote_name(name)


def _condition(node: Node, key: str, members: Mapping[str, str]) -> str:
    value = node.extra.get(key)
    if value is None:
        return ""

    def general(text: str) -> str:
        return " ".join(without_literals(text, members).split())

    spelled = partial(spell, general=general) if key in _FILTERS else general
    return ", ".join(map(spelled, _texts(value)))


def _texts(value: object) -> list[str]:
    """Return the texts in a value of EXPLAIN, which may be nested as grouping sets are."""
    found, pending = [], [value]
    while pending:
        item = pending.pop(0)
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, Mapping):
            pending = [*item.values(), *pending]
        elif isinstance(item, list):
            pending = [*item, *pending]
    return found
