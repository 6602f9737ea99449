"""Plans in a page: each folded but one alone, its tree with the numbers that matter, drawn by pev2 when that is opened."""

import json
import re
from collections.abc import Iterator

from perfkit import units
from perfkit.plan.derive import Tree, derive
from perfkit.plan.label import label
from perfkit.plan.model import Node
from perfkit.plan.write import explain_document, without_idle_counters
from perfkit.report.document import Plans, ShownPlan, Tone
from perfkit.report.page.anchors import Anchors, identified, link
from perfkit.report.page.escape import line, text, toned

HEADINGS = ("node", "rows", "estimated", "loops", "own time", "share", "own blocks")
# What EXPLAIN tells below a node that says why it costs what it does.
_CONDITIONS = (
    "Index Cond",
    "Recheck Cond",
    "Hash Cond",
    "Merge Cond",
    "Join Filter",
    "Filter",
    "One-Time Filter",
    "Sort Key",
    "Group Key",
    "Order By",
    "Cache Key",
)
_REMOVED = {
    "Filter": "Rows Removed by Filter",
    "Join Filter": "Rows Removed by Join Filter",
    "Recheck Cond": "Rows Removed by Index Recheck",
}
# A node that takes this share of the time is where to look; an estimate this far off misleads the planner.
_LARGE_SHARE = 0.3
_LARGE_Q_ERROR = 10.0
# Of more, such as a list of a thousand keys, pev2's Raw has the rest.
_CONDITION_CHARACTERS = 400
# Deeper, indentation would leave no room for the words, and pev2 would overflow the browser's stack.
_LEVELS_INDENTED = 12
_LEVELS_DRAWN = 200
# pev2 takes some texts of a plan for HTML. After an invisible word joiner, what would begin a tag or an entity is text.
_MARKUP = re.compile(r"<(?=[A-Za-z/!?])|&(?=[A-Za-z#])")
_WORD_JOINER = "\\u2060"  # as JSON writes it


def plans_html(plans: Plans, anchors: Anchors) -> Iterator[str]:
    """Yield each plan, folded where there are several."""
    alone = len(plans.plans) == 1
    for shown in plans.plans:
        tree = derive(shown.plan)
        words = f'<span class="faint">{_told(tree)}</span>'
        anchor = identified(anchors.plans[shown.name])
        if alone:
            yield f"<div{anchor}><p>{words}</p>"
        else:
            yield f'<details class="plan"{anchor}>'
            yield f'<summary><span class="heading">{line(shown.name)}</span>{words}</summary>'
        yield from _plan(shown, tree, anchors)
        yield "</div>" if alone else "</details>"


def _plan(shown: ShownPlan, tree: Tree, anchors: Anchors) -> Iterator[str]:
    depths = _depths(tree)
    if shown.name in anchors.items:
        yield f"<p>{link(anchors.items[shown.name], 'findings')}</p>"
    if shown.statement.strip():
        yield f"<pre><code>{text(shown.statement.strip())}</code></pre>"
    kind = "tree" if shown.plan.analyzed else "tree planned"
    yield f'<div class="scroll" tabindex="0" role="region" aria-label="{line(f"Plan of {shown.name}")}"><table class="{kind}">'
    heads = (
        f'<th scope="col"{" class=number" if number else ""}>{heading}</th>'
        for number, heading in enumerate(HEADINGS)
    )
    yield f"<thead><tr>{''.join(heads)}</tr></thead><tbody>"
    yield from (_node(tree, node, depths[node]) for node in tree.nodes)
    yield "</tbody></table></div>"
    if max(depths.values()) < _LEVELS_DRAWN:
        yield _drawn(shown)


def _drawn(shown: ShownPlan) -> str:
    """Return what page.js makes a drawing of; without scripts it stays hidden."""
    explained = without_idle_counters(explain_document(shown.plan))
    data = json.dumps({"plan": explained, "query": shown.statement}, separators=(",", ":"))
    # Of JSON's characters only "<" could end or comment out the element, "&" and ">" are for older readers.
    data = _MARKUP.sub(lambda found: found[0] + _WORD_JOINER, data)
    safe = data.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return (
        '<details class="drawn" hidden><summary>Drawn by pev2</summary>'
        f'<script type="application/json" class="explain">{safe}</script></details>'
    )


def _told(tree: Tree) -> str:
    """Return the plan in a few words: its time, its blocks, the node that takes most."""
    plan = tree.plan
    words = [] if plan.execution_ms is None else [units.format_ms(plan.execution_ms)]
    if tree.total_blocks:
        words.append(f"{units.format_count(tree.total_blocks)} blocks")
    hottest = max(tree.nodes, key=lambda node: tree.numbers[node].share)
    words.append(f"{label(hottest)} {units.format_share(tree.numbers[hottest].share)}")
    return line(" · ".join(words))


def _depths(tree: Tree) -> dict[Node, int]:
    """Return each node's level; parents come before their children in a tree's nodes."""
    depths: dict[Node, int] = {}
    for node in tree.nodes:
        parent = tree.parents.get(node)
        depths[node] = 0 if parent is None else depths[parent] + 1
    return depths


def _node(tree: Tree, node: Node, depth: int) -> str:
    numbers, ran = tree.numbers[node], node.executed
    estimate = None if node.plan_rows is None else node.plan_rows * max(numbers.loops, 1)
    misled = numbers.q_error is not None and numbers.q_error >= _LARGE_Q_ERROR
    never = "never run" if tree.plan.analyzed else ""
    cells = (
        _number(units.format_count(numbers.rows) if ran else never),
        _number(
            "" if estimate is None else units.format_count(estimate), Tone.WARN if misled else Tone.FAINT
        ),
        _number(units.format_count(numbers.loops) if ran else "", Tone.FAINT),
        _number(units.format_ms(numbers.own_ms) if ran and numbers.own_ms is not None else ""),
        share_cell(numbers.share, Tone.BAD if numbers.share >= _LARGE_SHARE else Tone.PLAIN),
        _number(units.format_count(numbers.own_blocks) if node.buffers else ""),
    )
    role = f"{node.subplan_name}: " if node.subplan_name else ""
    below = "".join(f"<small>{line(words)}</small>" for words in _conditions(node))
    indent = f' style="--indent:{1.25 * min(depth, _LEVELS_INDENTED):.2f}rem"' if depth else ""
    return f'<tr{indent}><th scope="row">{line(role + label(node))}{below}</th>{"".join(cells)}</tr>'


def _conditions(node: Node) -> Iterator[str]:
    for key in _CONDITIONS:
        if texts := node.texts(key):
            removed = node.number(_REMOVED.get(key, ""))
            lost = f"  removes {units.format_count(removed)} a loop" if removed else ""
            condition = ", ".join(texts)
            if len(condition) > _CONDITION_CHARACTERS:
                condition = f"{condition[:_CONDITION_CHARACTERS]}…"
            yield f"{key}: {condition}{lost}"
    if node.text("Sort Space Type") == "Disk":
        yield f"on disk: {units.format_bytes(node.number('Sort Space Used') * 1024)}"


def _number(words: str, tone: Tone = Tone.PLAIN) -> str:
    return f"<td{toned(tone, 'number')}>{line(words)}</td>"


def share_cell(share: float, tone: Tone) -> str:
    """Return the cell of a share, 0 to 1, with a bar as long."""
    bar = f' style="--share:{share * 100:.0f}%"'
    return f"<td{toned(tone, 'number', 'share')}{bar}>{line(units.format_share(share))}</td>"
