"""Storing the staged records that passed the checks; where the table refuses some all the same, finding out which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from perfkit.db.guard import execute
from perfkit.db.importing.checks import REJECTS
from perfkit.db.importing.values import FILE, LINE, STAGING, Values

# Blocks of staging that are stored by one statement: 4 MB, so that what triggers and foreign keys queue stays small.
_BLOCKS = 512
# Not a record's fault: syntax and names, rights, the connection, resources, cancellation.
_NOT_THE_RECORD = ("08", "0A", "25", "28", "40", "42", "53", "55", "57", "58", "XX")


class _LeftOutError(Exception):
    """Some rows were left out without an error, as a trigger can."""


@dataclass(slots=True)
class Merge:
    """Stores records, and counts those stored and updated; `refused` is how many the table refused.

    `keys` are tables that get the keys of what is stored, by the foreign key to the table itself that refers there.
    """

    connection: psycopg.Connection
    values: Values
    target: Identifier
    key: tuple[str, ...]
    keys: Mapping[str, Identifier] = field(default_factory=dict)
    stored: int = 0
    updated: int = 0
    refused: int = 0

    def run(self) -> None:
        """Store every staged record that is not rejected; raises psycopg.Error for what is no record's fault."""
        self.connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        ((blocks,),) = self.connection.execute(
            SQL(
                "SELECT pg_catalog.pg_relation_size({}::regclass) / current_setting('block_size')::bigint"
            ).format("pg_temp.perfkit_staging")
        ).fetchall()
        # Of records that refer to each other any may come first.
        step = max(1, blocks) if self.values.own_keys else _BLOCKS
        for first in range(0, blocks, step):
            self._store_blocks(first, min(first + step, blocks))
        while self.values.own_keys and self._stored_again():
            pass

    def _stored_again(self) -> bool:
        """Try again what was refused, maybe as what it refers to was not there yet; tell whether some of it is stored now."""
        refused = self.connection.execute(
            SQL("DELETE FROM {} WHERE problem IS NULL RETURNING line").format(REJECTS)
        ).fetchall()
        before = self.refused
        self.refused -= len(refused)
        self._store_lines(sorted(line for (line,) in refused))
        return self.refused < before

    def _store_blocks(self, first: int, end: int) -> None:
        """Store the records in blocks first to end - 1; where one is refused, those of each half by themselves."""
        within = SQL("{0}.ctid >= {1}::tid AND {0}.ctid < {2}::tid").format(
            FILE, f"({first},0)", f"({end},0)"
        )
        if self._tried(within) is None:
            return
        if end - first > 1:
            middle = (first + end) // 2
            self._store_blocks(first, middle)
            self._store_blocks(middle, end)
            return
        lines = self.connection.execute(self._lines(within)).fetchall()
        self._store_lines([line for (line,) in lines])

    def _store_lines(self, lines: Sequence[int]) -> None:
        for line in lines:
            only = SQL("{}.{} = {}").format(FILE, LINE, line)
            reason = self._tried(only)
            if reason is not None:
                self.refused += 1
                self.connection.execute(
                    SQL("INSERT INTO {} (line, reason) VALUES (%s, %s)").format(REJECTS), [line, reason]
                )

    def _tried(self, within: Composed) -> str | None:
        """Store the records there, all or none; return what the server has against one of them, None when stored."""
        try:
            with self.connection.transaction():
                self._store(within)
        except psycopg.Error as error:
            if (error.sqlstate or "08").startswith(_NOT_THE_RECORD):
                raise
            return " ".join((error.diag.message_primary or str(error)).split())
        except _LeftOutError:
            return "the table left it out, as a trigger can"
        return None

    def _store(self, within: Composed) -> None:
        sent = self._count(within) if self._may_leave_out else None
        known = self._known(within) if self.key else 0
        self._keep_keys(within)
        columns = SQL(", ").join(Identifier(column.name) for column in self.values.columns)
        values = SQL(", ").join(self.values.stored(column) for column in self.values.columns)
        cursor = execute(
            self.connection,
            SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {} {}").format(
                self.target, columns, values, self._from(within), self._on_conflict()
            ),
        )
        if sent not in (None, cursor.rowcount):
            raise _LeftOutError
        self.stored += cursor.rowcount - known
        self.updated += known

    def _keep_keys(self, within: Composed) -> None:
        for foreign in self.values.own_keys:
            if foreign.name in self.keys:
                execute(
                    self.connection,
                    SQL("INSERT INTO {} SELECT DISTINCT {} FROM {} ON CONFLICT DO NOTHING").format(
                        self.keys[foreign.name],
                        self.values.typed(foreign.referenced_columns),
                        self._from(within),
                    ),
                )

    @property
    def _may_leave_out(self) -> bool:
        """Tell whether the table can leave rows out without an error."""
        return any(" BEFORE " in trigger.definition for trigger in self.values.table.triggers)

    def _count(self, within: Composed) -> int:
        query = SQL("SELECT count(*) FROM {}").format(self._from(within))
        ((count,),) = self.connection.execute(query).fetchall()
        return int(count)

    def _known(self, within: Composed) -> int:
        """Return how many of the records there have a key that is stored."""
        same = SQL(" AND ").join(SQL("stored.{0} = valid.{0}").format(Identifier(name)) for name in self.key)
        typed = self.values.typed(self.key)
        ((known,),) = execute(
            self.connection,
            SQL("SELECT count(*) FROM (SELECT {} FROM {} OFFSET 0) AS valid JOIN {} AS stored ON {}").format(
                typed, self._from(within), self.target, same
            ),
        ).fetchall()
        return int(known)

    def _on_conflict(self) -> Composed | SQL:
        if not self.key:
            return SQL("")
        others = [column.name for column in self.values.columns if column.name not in self.key]
        sets = SQL(", ").join(
            SQL("{0} = excluded.{0}").format(Identifier(name)) for name in others or self.key
        )
        keys = SQL(", ").join(map(Identifier, self.key))
        return SQL("ON CONFLICT ({}) DO UPDATE SET {}").format(keys, sets)

    def _lines(self, within: Composed) -> Composed:
        return SQL("SELECT {}.{} FROM {}").format(FILE, LINE, self._from(within))

    def _from(self, within: Composed) -> Composed:
        return SQL(
            "{staging} AS {file} WHERE {within}"
            " AND NOT EXISTS (SELECT FROM {rejects} AS known WHERE known.line = {file}.{line})"
        ).format(staging=STAGING, file=FILE, within=within, rejects=REJECTS, line=LINE)
