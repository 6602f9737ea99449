"""Lookups: what deleting or renumbering a referenced row looks for in the tables that refer to it, and what that takes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from perfkit.indexes.candidates.foreign_keys import is_indexed, keys_to, serves
from perfkit.names import quote_name
from perfkit.plan.model import Plan, Trigger
from perfkit.plan.runs import Statement
from perfkit.plan.tables import ForeignKey, Table, Tables
from perfkit.syntax.index import IndexDefinition

# PostgreSQL's name for a trigger of the referenced table; _c_ checks a new row of the referring one (CreateFKCheckTrigger).
_ON_REFERENCED = "RI_ConstraintTrigger_a_"
_DELETES_TOO = "c"
# CASCADE, SET NULL and SET DEFAULT.
_WRITING = frozenset("cnd")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """Rows of `table` that refer by `columns` to what `referenced` has in its own; tables qualified, all unquoted.

    `share` is the part of the call's time that looking for them took without an index, 0 with one, or where no time was
    taken.
    """

    table: str
    columns: tuple[str, ...]
    referenced: str
    referenced_columns: tuple[str, ...]
    share: float = 0.0

    def is_served_by(self, definition: IndexDefinition) -> bool:
        """Tell whether an index finds the rows."""
        on_table = f"{definition.schema}.{definition.table}" == self.table
        return on_table and serves(definition, self.columns)


def lookups(plan: Plan, written: Iterable[str], tables: Tables) -> tuple[Lookup, ...]:
    """Return the lookups of a run that writes to some tables, out of the triggers of foreign keys that it fired.

    A trigger that deletes in turn (ON DELETE CASCADE) does the lookups of what it deletes too; its time goes to those
    without an index, by the size of what they must read.
    """
    found: dict[Lookup, float] = {}
    reached = _reached(written, tables) if plan.triggers else {}
    for trigger in plan.triggers:
        key = _key_of(trigger, reached, tables)
        if key is None:
            continue
        share = (trigger.time_ms or 0.0) / plan.execution_ms if plan.execution_ms else 0.0
        chain = dict(_chain(*key, tables))
        to_read = sum(chain.values())
        for lookup, size_bytes in chain.items():
            found[lookup] = found.get(lookup, 0.0) + (share * size_bytes / to_read if to_read else 0.0)
    whole = max(1.0, sum(found.values()))
    return tuple(replace(lookup, share=share / whole) for lookup, share in found.items())


def lookup_statement(lookup: Lookup, tables: Tables) -> Statement:
    """Return what the server runs to find the rows (RI_FKey_noaction_upd in ri_triggers.c), to be planned for any value.

    Its FOR KEY SHARE is left out: a role that only reads must not ask for it, and it costs no plan more than another. The
    values come from subqueries, so that the planner does not know them, as it does not when it plans for all.
    """
    table, referenced = tables.tables[lookup.table], tables.tables[lookup.referenced]
    conditions = " AND ".join(
        f"x.{quote_name(column)} = (SELECT NULL::{referenced.columns[other].type})"
        for column, other in zip(lookup.columns, lookup.referenced_columns, strict=True)
    )
    only = "" if table.is_partitioned else "ONLY "
    name = f"{quote_name(table.schema)}.{quote_name(table.name)}"
    text = f"SELECT 1 FROM {only}{name} AS x WHERE {conditions}"  # noqa: S608  # names quoted, types the server's
    return Statement(text=text, types=(), values=(), writes=False, volatile=False)


def _reached(written: Iterable[str], tables: Tables) -> Mapping[str, Table]:
    """Return the tables that are written to, and those whose rows go or change with theirs, which fire triggers too."""
    found: dict[str, Table] = {}
    waiting = list(written)
    while waiting:
        name = waiting.pop()
        if name in tables.tables and name not in found:
            found[name] = tables.tables[name]
            waiting += (
                child.qualified_name
                for child, key in keys_to(name, tables)
                if _WRITING & {key.on_delete, key.on_update}
            )
    return found


def _key_of(
    trigger: Trigger, reached: Mapping[str, Table], tables: Tables
) -> tuple[Table, ForeignKey] | None:
    """Return the foreign key, with the table that has it, whose referenced table's trigger it is.

    A plan names the two without their schemas.
    """
    if trigger.constraint is None or not trigger.name.startswith(_ON_REFERENCED):
        return None
    found = (
        (child, key)
        for name, table in reached.items()
        if table.name == trigger.relation
        for child, key in keys_to(name, tables)
        if key.name == trigger.constraint
    )
    return next(found, None)


def _chain(
    table: Table, key: ForeignKey, tables: Tables, seen: frozenset[str] = frozenset()
) -> Iterator[tuple[Lookup, int]]:
    """Yield the lookup of a foreign key and those that it sets off, each with the bytes that it reads without an index."""
    lookup = Lookup(
        table=table.qualified_name,
        columns=key.columns,
        referenced=key.referenced,
        referenced_columns=key.referenced_columns,
    )
    yield lookup, 0 if is_indexed(table, key) else table.size_bytes
    if key.on_delete == _DELETES_TOO and table.qualified_name not in seen:
        for child, further in keys_to(table.qualified_name, tables):
            yield from _chain(child, further, tables, seen | {table.qualified_name})
