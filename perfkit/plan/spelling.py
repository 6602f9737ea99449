"""Spelling: one way to write a condition that the planner prints in several.

On a tie of costs it turns (p.id = a.id) into (a.id = p.id), and lists ANDed conditions in the order in which it came upon
them. Both mean the same work.
"""

from collections.abc import Callable, Sequence

from perfkit.plan.condition import conjuncts, operator_position
from perfkit.plan.expression import Token

_MIRRORED = {"=": "=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
_CONSTANT = "?"


def spell(text: str, general: Callable[[str], str]) -> str:
    """Return the condition with both sides of simple comparisons and its ANDed parts in the order of their texts.

    `general` takes the literals out of an expression; a side that is nothing else stands last.
    """
    parts = sorted(_comparison(part, general) for part in conjuncts(text))
    if len(parts) == 1:
        return _bracketed(parts[0])
    return f"({' AND '.join(_bracketed(part) for part in parts)})"


def _comparison(part: Sequence[Token], general: Callable[[str], str]) -> str:
    written = general("".join(token.text for token in part))
    position = operator_position(part)
    if position is None or part[position].text not in _MIRRORED:
        return written
    operator = part[position].text
    left, right = (
        general("".join(token.text for token in side)).strip()
        for side in (part[:position], part[position + 1 :])
    )
    if right.startswith(("ANY ", "ALL ")) or (left != _CONSTANT and (right == _CONSTANT or left <= right)):
        return written
    return f"{right} {_MIRRORED[operator]} {left}"


def _bracketed(text: str) -> str:
    return f"({text})" if " " in text and not _is_call(text) else text


def _is_call(text: str) -> bool:
    """Tell whether the text is a name with its arguments and nothing after them, which EXPLAIN puts in no brackets."""
    name, bracket, rest = text.partition("(")
    return bool(bracket) and name.replace(".", "").isidentifier() and rest.find(")") == len(rest) - 1
