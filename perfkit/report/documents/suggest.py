"""The document of the index advice: what to create and to drop, what it is worth, and what was left out and why."""

from typing import Any

from perfkit.indexes.advise import Advice
from perfkit.indexes.measured import MeasuredCase
from perfkit.indexes.selection import CaseEffect, ChosenIndex
from perfkit.indexes.times import Times
from perfkit.indexes.verify import Verified
from perfkit.report.data import to_data
from perfkit.report.document import Document
from perfkit.report.documents.suggest_blocks import blocks_of, notes_of
from perfkit.report.documents.suggest_statements import (
    create_statement,
    doubts_of,
    drop_statement,
    drops_of,
    left_of,
    needs_of,
    reason_of,
)
from perfkit.report.documents.suggest_view import SuggestView, cost, measured_cases, without_index
from perfkit.report.documents.verified import verified_data

SCHEMA = "perfkit.suggest/1"


def suggest_document(advice: Advice, view: SuggestView, verified: Verified | None = None) -> Document:
    """Return the document of the advice; of its indexes only those that were kept when it was `verified`."""
    selection = advice.selection
    measured = measured_cases(verified)
    return Document(
        schema=SCHEMA,
        title="perfkit suggest",
        blocks=tuple(blocks_of(advice, view, verified)),
        checks=(),
        data={
            "create": [_created(advice, index, view, measured) for index in left_of(advice, verified)],
            "drop": [
                to_data(drop) | {"statement": drop_statement(drop)} for drop in drops_of(advice, verified)
            ],
            "kept": to_data(advice.drops.kept),
            "without_index": to_data(without_index(advice, view)),
            "refused": [
                {"statement": definition.create(), "reason": reason}
                for definition, reason in advice.refused.items()
            ],
            "times": view.times,
            **_taken("before", "_per_minute", selection.before_ms, view),
            **_taken("after", "_per_minute", selection.after_ms, view),
            "write_ms_per_minute": selection.write_ms,
            "size_bytes": selection.size_bytes,
            "candidates": selection.candidates,
            "plans": selection.plans,
            "complete": selection.complete,
            "verified": verified_data(verified) if verified else None,
            "notes": [*notes_of(advice, view)],
        },
    )


def _taken(what: str, how_often: str, value_ms: float, view: SuggestView) -> dict[str, float]:
    """Return a time under a key that says its unit: ms, or the planner's own where nothing was timed."""
    if view.times is Times.COST:
        return {f"{what}_cost{how_often}": cost(value_ms)}
    return {f"{what}_ms{how_often}": value_ms}


def _created(
    advice: Advice, index: ChosenIndex, view: SuggestView, measured: dict[str, MeasuredCase]
) -> dict[str, Any]:
    return {
        "statement": create_statement(index),
        "reason": reason_of(advice, index),
        "doubts": list(doubts_of(advice, index)),
        "needs": list(needs_of(advice, index)),
        "size_bytes": index.size_bytes,
        **_taken("benefit", "_per_minute", index.benefit_ms_per_minute, view),
        "write_ms_per_minute": index.write_ms_per_minute,
        "helps": [_helped(effect, view, measured.get(effect.case_id)) for effect in index.helps],
    }


def _helped(effect: CaseEffect, view: SuggestView, measured: MeasuredCase | None) -> dict[str, Any]:
    return {
        "case_id": effect.case_id,
        **_taken("before", "", effect.before_ms, view),
        **_taken("after", "", effect.after_ms, view),
        "before_is_estimated": view.times is Times.COST or effect.case_id in view.estimated,
        "measured_before_ms": measured.before_ms if measured else None,
        "measured_after_ms": measured.after_ms if measured else None,
    }
