"""What a node is called, in the words of EXPLAIN's text format."""

from perfkit.names import quote_name
from perfkit.plan.model import Node

_AGGREGATES = {
    "Plain": "Aggregate",
    "Sorted": "GroupAggregate",
    "Hashed": "HashAggregate",
    "Mixed": "MixedAggregate",
}
# What a scan reads when it is no table, and the key that names it.
_SOURCE_KEYS = ("Function Name", "CTE Name", "Tuplestore Name", "Table Function Name")


def kind(node: Node) -> str:
    """Return the operator with its variant: "Parallel Hash Left Join", "Partial HashAggregate", "Update"."""
    words = [
        "Parallel" if node.parallel_aware else "",
        "Async" if node.extra.get("Async Capable") is True else "",
        *_variant(node),
        "Backward" if node.scan_direction == "Backward" else "",
        f"({node.text('Custom Plan Provider')})" if node.text("Custom Plan Provider") else "",
    ]
    return " ".join(word for word in words if word)


def _variant(node: Node) -> list[str]:
    if node.type == "Aggregate":
        mode = "" if node.partial_mode in {None, "Simple"} else str(node.partial_mode)
        return [mode, _AGGREGATES.get(node.strategy or "Plain", "Aggregate")]
    if node.type == "SetOp":
        return ["HashSetOp" if node.strategy == "Hashed" else "SetOp", node.text("Command")]
    if node.type == "ModifyTable":
        return [node.operation or node.type]
    if node.operation and node.operation != "Select":
        return [node.type.removesuffix(" Scan"), node.operation]
    if node.join_type not in {None, "Inner"}:
        return [node.type.removesuffix(" Join"), str(node.join_type), "Join"]
    return [node.type]


def relation_name(node: Node) -> str:
    """Return the table of a scan or a write, with its schema when known and quoted as SQL wants; '' when none."""
    if not node.relation:
        return ""
    return (
        f"{quote_name(node.schema)}.{quote_name(node.relation)}" if node.schema else quote_name(node.relation)
    )


def source_name(node: Node) -> str:
    """Return what a node scans when it is no table: a function, a CTE, a subquery's alias; '' when nothing."""
    for key in _SOURCE_KEYS:
        if node.text(key):
            return quote_name(node.text(key))
    return ""


def label(node: Node) -> str:
    """Return the place as people name it: "Index Scan using person_pkey on alumni.person p"."""
    relation = relation_name(node) or source_name(node)
    source = node.relation or node.text("CTE Name") or node.text("Function Name")
    alias = quote_name(node.alias) if node.alias and node.alias != source else ""
    return compose(node, index=quote_name(node.index) if node.index else "", relation=relation, alias=alias)


def compose(node: Node, *, index: str, relation: str, alias: str) -> str:
    """Return the label of a node under given names, which are '' or quoted already."""
    words = [kind(node)]
    if index:
        words.append(f"using {index}" if relation else f"on {index}")
    if relation or alias:
        words.append(" ".join(word for word in ("on", relation, alias) if word))
    return " ".join(words)
