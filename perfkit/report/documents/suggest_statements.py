"""The advice as SQL: what makes and drops the indexes, and the script of it all."""

from perfkit.indexes.advise import Advice
from perfkit.indexes.drops import Drop
from perfkit.indexes.selection import ChosenIndex
from perfkit.indexes.unwritable import unwritable
from perfkit.indexes.verify import Verified
from perfkit.names import quote_name
from perfkit.report.layout import one_line


def script(advice: Advice, verified: Verified | None = None) -> str:
    """Return the advice as SQL that `perfkit apply` takes, each statement with its reason before it."""
    lines = ["-- Run it with perfkit apply: a partitioned table takes no CONCURRENTLY of its own.", ""]
    for index in left_of(advice, verified):
        lines += [f"-- {one_line(reason_of(advice, index))}"]
        lines += [f"-- {one_line(doubt)}" for doubt in doubts_of(advice, index)]
        lines += [f"-- first: {need};" for need in needs_of(advice, index)]
        lines += [f"{create_statement(index)};", ""]
    for drop in drops_of(advice, verified):
        lines += [f"-- {one_line(f'{drop.kind}: {drop.proof}')}", f"{drop_statement(drop)};", ""]
    return "\n".join(lines)


def left_of(advice: Advice, verified: Verified | None) -> tuple[ChosenIndex, ...]:
    """Return the indexes to create: those that were kept when they were measured, if they were."""
    chosen = advice.selection.chosen
    return chosen if verified is None else tuple(each for each in chosen if each.definition in verified.kept)


def drops_of(advice: Advice, verified: Verified | None) -> tuple[Drop, ...]:
    """Return the indexes to drop: those whose drop was kept when it was measured, if it was."""
    drops = advice.drops.drops
    if verified is None:
        return drops
    left = {f"{removal.schema}.{removal.name}" for removal in verified.dropped}
    return tuple(drop for drop in drops if drop.name in left)


def create_statement(index: ChosenIndex) -> str:
    """Return what makes a chosen index without stopping writes."""
    return index.definition.create(concurrently=True)


def drop_statement(drop: Drop) -> str:
    """Return what drops an index without stopping anybody."""
    return f"DROP INDEX CONCURRENTLY {dropped_name(drop)}"


def dropped_name(drop: Drop) -> str:
    """Return the name of an index to drop as SQL writes it."""
    schema, _, name = drop.name.partition(".")
    return f"{quote_name(schema)}.{quote_name(name)}"


def reason_of(advice: Advice, index: ChosenIndex) -> str:
    """Return why the index has these keys in this order."""
    candidate = advice.gathered.candidates.get(index.definition)
    return candidate.reason if candidate else ""


def doubts_of(advice: Advice, index: ChosenIndex) -> tuple[str, ...]:
    """Return what speaks against the index, a sentence each: rows that could not be written beside it."""
    return unwritable(index.definition, advice.tables)


def needs_of(advice: Advice, index: ChosenIndex) -> tuple[str, ...]:
    """Return the statements that must be run before it, such as CREATE EXTENSION."""
    candidate = advice.gathered.candidates.get(index.definition)
    return candidate.needs if candidate else ()
