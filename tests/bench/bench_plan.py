"""How long a plan takes from its text to its findings: read, derived, judged by every rule.

Run: python -m tests.bench.bench_plan
"""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from perfkit import stats
from perfkit.plan.read import read_plan
from perfkit.plan.rules import find_problems
from tests.bench.figure import Figure, table

GOLDEN = Path(__file__).parents[1] / "unit" / "plan" / "golden" / "18"
TYPICAL = "cte"
# A catalog of 1,000 cases is judged in a few seconds; a plan larger than people write, before they wonder.
TYPICAL_MS_MOST = 5.0
LARGE_MS_MOST = 2_000.0
LARGE_NODE_COUNT = 5_000


def figures(*, rounds: int = 5) -> Iterator[Figure]:
    typical = (GOLDEN / f"{TYPICAL}.json").read_text("utf-8")
    as_text = (GOLDEN / f"{TYPICAL}.txt").read_text("utf-8")
    yield _figure("judge a typical plan, JSON", typical, most_ms=TYPICAL_MS_MOST, rounds=20 * rounds)
    yield _figure("judge a typical plan, text", as_text, most_ms=TYPICAL_MS_MOST, rounds=20 * rounds)
    size = f"{LARGE_NODE_COUNT:,} nodes"
    yield _figure(f"judge a plan of {size}, side by side", _wide(), most_ms=LARGE_MS_MOST, rounds=rounds)
    yield _figure(f"judge a plan of {size}, nested", _deep(), most_ms=LARGE_MS_MOST, rounds=rounds)


def _figure(what: str, text: str, *, most_ms: float, rounds: int) -> Figure:
    times_ms = [_judge_ms(text) for _ in range(rounds)]
    return Figure(
        what=what,
        measured=stats.median(times_ms),
        most=most_ms,
        unit="ms",
        detail=f"median of {rounds}, {min(times_ms):.2f} to {max(times_ms):.2f} ms: read, derive, all rules",
    )


def _judge_ms(text: str) -> float:
    start = time.perf_counter()
    find_problems(read_plan(text))
    return 1_000 * (time.perf_counter() - start)


def _wide() -> str:
    """Return an Append of many joins, each with a wrong estimate and a scan that loses rows."""
    (document,) = json.loads((GOLDEN / "misestimate_join.json").read_text("utf-8"))
    join = document["Plan"]
    members = [join] * (LARGE_NODE_COUNT // _node_count(join))
    return json.dumps([document | {"Plan": join | {"Node Type": "Append", "Plans": members}}])


def _deep() -> str:
    """Return a join within a join, the inner side of each a scan that loses rows."""
    (document,) = json.loads((GOLDEN / "seq_scan_loss.json").read_text("utf-8"))
    scan = json.dumps(document["Plan"])
    join = {"Node Type": "Nested Loop", "Actual Rows": 30, "Actual Loops": 1, "Actual Total Time": 9.0}
    opened = json.dumps(join | {"Plan Rows": 30, "Total Cost": 900.0})[:-1] + ', "Plans": ['
    levels = LARGE_NODE_COUNT // 2
    return f'[{{"Plan": {opened * levels}{scan}{f", {scan}]}}" * levels}}}]'


def _node_count(node: dict[str, Any]) -> int:
    return 1 + sum(map(_node_count, node.get("Plans", [])))


def main() -> None:
    sys.stdout.write(table(list(figures())))


if __name__ == "__main__":
    main()
