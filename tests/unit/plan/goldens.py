"""The golden plans: what real servers of 14 to 18 printed; see make_goldens.py."""

import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings

from perfkit.plan.model import Node, Plan, walk
from perfkit.plan.read import read_plan

FOLDER = Path(__file__).parent / "golden"
JSON_FILES = sorted(FOLDER.glob("*/*.json"))
# A machine that is busy with other tests is no failure of the code.
CALM = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def name_of(path: Path) -> str:
    """Return what a test of this file is called."""
    return f"{path.parent.name}-{path.stem}"


def load(name: str, major: int = 18, *, form: str = "json") -> Plan:
    """Return a golden plan."""
    return read_plan((FOLDER / str(major) / f"{name}.{form}").read_text("utf-8"))


def document(name: str, major: int = 18) -> Any:
    """Return what a golden's JSON decodes to."""
    return json.loads((FOLDER / str(major) / f"{name}.json").read_text("utf-8"))


def find(plan: Plan, node_type: str) -> Node:
    """Return the first node of a type."""
    return next(node for node in walk(plan.root) if node.type == node_type)


def chain(depth: int) -> str:
    """Return the JSON of a plan that is `depth` levels deep."""
    below = '{"Node Type": "Seq Scan", "Relation Name": "t", "Alias": "t"}'
    return '[{"Plan": ' + '{"Node Type": "Subquery Scan", "Plans": [' * depth + below + "]}" * depth + "}]"
