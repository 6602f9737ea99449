"""What the table would refuse, found out for all records at once: types, missing values, rules, keys."""

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import psycopg
from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from perfkit.bench.imports.reject import RejectKind
from perfkit.bench.imports.table import Column, ForeignKey, Rule
from perfkit.db import sql
from perfkit.db.guard import execute
from perfkit.db.importing.values import FILE, LINE, STAGING, Values, text

REJECTS = Identifier("pg_temp", "perfkit_rejects")
# What was found against a record of the file.
_KNOWN = SQL("SELECT FROM {} AS known WHERE known.line = {}.{}").format(REJECTS, FILE, LINE)
# pg_input_is_valid came with 16.
_INPUT_IS_VALID_VERSION = 160_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One way for a record to be wrong; `reason` may hold "{value}", which is the field's text."""

    column: str
    kind: RejectKind
    reason: str


@dataclass(slots=True)
class Checks:
    """Fills the table of rejects; `problems` are what the numbers in it mean."""

    connection: psycopg.Connection
    values: Values
    problems: list[Problem] = field(default_factory=list)

    def run(self, target: Identifier, key: Sequence[str]) -> None:
        """Reject every record that the table would not take, as far as all can be asked at once.

        What is left is found out when it is stored. A check that fails itself, such as an expression over a field
        that has no number in it, leaves its records for that too.
        """
        with self.connection.transaction():
            self.connection.execute(
                SQL(
                    "CREATE TEMP TABLE {} (line bigint, problem integer, earlier bigint, reason text) ON COMMIT DROP"
                ).format(Identifier("perfkit_rejects"))
            )
        each = self._each()
        if each is not None:
            self._try(each)
        for statement in self._of_stored(target, key):
            self._try(statement)
        self._settle(key)

    def _try(self, statement: Composed) -> int:
        """Return how many records the statement rejects."""
        try:
            with self.connection.transaction():
                return execute(self.connection, statement).rowcount
        except (psycopg.DataError, psycopg.ProgrammingError):
            # Told by the server when the records are stored one by one.
            return 0

    def _settle(self, key: Sequence[str]) -> None:
        """Hold the records against each other until nothing changes.

        What refers to a record that is rejected is rejected too; what repeats one is looked at anew, and where some of
        that is free then, so is what referred to it.
        """
        unique = self._unique(key)
        first = len(self.problems)
        own = list(map(self._unknown, self.values.own_keys))
        back = self._taken_back(range(first, len(self.problems)), unique)
        repeated = list(map(self._repeated, unique))
        # What is taken back repeats no valid record, so that valid ones stay so. It ends with the first round that makes no
        # more of them, as where records refer to what repeats them.
        count: float = math.inf
        while self._rest(own, repeated) and own and (rejected := self._count()) < count:
            count = rejected
            self._try(back)

    def _rest(self, own: Sequence[Composed], repeated: Sequence[Composed]) -> int:
        """Reject until nothing changes; return how many were free in between, as what they repeat was rejected."""
        again = SQL(
            "DELETE FROM {} AS repeated USING {} AS known WHERE known.line = repeated.earlier"
        ).format(REJECTS, REJECTS)
        all_freed = 0
        changed = True
        while changed:
            while own and sum(map(self._try, own)):
                pass
            rejected = sum(map(self._try, repeated))
            freed = self.connection.execute(again).rowcount
            all_freed += freed
            changed = freed > 0 or bool(own and rejected)
        return all_freed

    def _count(self) -> int:
        ((count,),) = self.connection.execute(SQL("SELECT count(*) FROM {}").format(REJECTS)).fetchall()
        return int(count)

    def _number(self, column: str, kind: RejectKind, reason: str) -> Literal:
        self.problems.append(Problem(column=column, kind=kind, reason=reason))
        return Literal(len(self.problems) - 1)

    def _each(self) -> Composed | None:
        """Return the statement that looks at each record by itself, None when there is nothing to ask."""
        conditions = [*self._types(), *self._missing()]
        rules = self._rules()
        if not conditions and rules is None:
            return None
        whens: list[Composable] = [
            SQL("WHEN {} THEN {}").format(condition, number) for condition, number in conditions
        ]
        # Rules see values in their types, and so come after the types.
        problem = SQL("CASE {} ELSE {} END").format(
            SQL(" ").join(whens or [SQL("WHEN false THEN 0")]), rules or SQL("NULL")
        )
        return SQL(
            "INSERT INTO {} (line, problem) SELECT line, problem FROM"
            " (SELECT {}.{} AS line, {} AS problem FROM {} AS {}) AS looked_at WHERE problem IS NOT NULL"
        ).format(REJECTS, FILE, LINE, problem, STAGING, FILE)

    def _types(self) -> Iterator[tuple[Composable, Literal]]:
        for column in self.values.columns:
            if column.is_text or column.name not in self.values.layout.field_of:
                continue
            valid = self._is_valid(column, self.values.raw(column))
            reason = f"{{value}} is no {column.type}"
            yield SQL("NOT {}").format(valid), self._number(column.name, RejectKind.TYPE, reason)

    def _is_valid(self, column: Column, value: Composed) -> Composed:
        if self.connection.info.server_version >= _INPUT_IS_VALID_VERSION:
            return SQL("pg_catalog.pg_input_is_valid({}, {})").format(value, column.type)
        function = Identifier("pg_temp", f"perfkit_is_valid_{len(self.problems)}")
        template = SQL(sql.load("import_is_valid").decode())
        self.connection.execute(template.format(function=function, type=text(column.type)))
        return SQL("coalesce({}({}), true)").format(function, value)

    def _missing(self) -> Iterator[tuple[Composable, Literal]]:
        for column in self.values.columns:
            if column.not_null and not column.default:
                number = self._number(column.name, RejectKind.MISSING, "it must have a value")
                yield SQL("({}) IS NULL").format(self.values.given(column)), number

    def _rules(self) -> Composed | None:
        """Return the number of the first CHECK that a record breaks, over its values in their types."""
        rules = [rule for rule in self.values.table.checks if self._can_ask(rule)]
        if not rules:
            return None
        whens = SQL(" ").join(
            SQL("WHEN NOT ({}) THEN {}").format(
                text(rule.expression),
                self._number(
                    rule.columns[0] if len(rule.columns) == 1 else "",
                    RejectKind.CHECK,
                    f"breaks {rule.name}: {rule.expression}",
                ),
            )
            for rule in rules
        )
        names = dict.fromkeys(name for rule in rules for name in rule.columns)
        row = SQL(", ").join(
            SQL("{} AS {}").format(self._value(self.values.table.column(name)), Identifier(name))
            for name in names
        )
        return SQL("(SELECT CASE {} END FROM (SELECT {}) AS {})").format(
            whens, row, Identifier(self.values.table.name)
        )

    def _can_ask(self, rule: Rule) -> bool:
        columns = map(self.values.table.column, rule.columns)
        return bool(rule.columns) and not any(
            column.generated
            or (
                column.name not in self.values.layout.columns
                and (column.identity or "nextval(" in (column.default or ""))
            )
            for column in columns
        )

    def _value(self, column: Column) -> Composable:
        if column.name in self.values.layout.columns:
            return self.values.stored(column)
        return SQL("CAST({} AS {})").format(text(column.default or "NULL"), text(column.type))

    def _unique(self, key: Sequence[str]) -> Collection[tuple[str, ...]]:
        """Return the columns of which no two records may have the same values."""
        known = [index.columns for index in self.values.table.indexes if self.values.knows(index.columns)]
        return dict.fromkeys([*known, *([tuple(key)] if key else [])])

    def _of_stored(self, target: Identifier, key: Sequence[str]) -> Iterator[Composed]:
        """Yield statements that hold records against stored rows, and rows that they refer to."""
        for columns in self._unique(key):
            if set(columns) != set(key):
                yield self._taken(columns, target, key)
        for foreign in self.values.table.foreign_keys:
            if self.values.knows(foreign.columns) and foreign not in self.values.own_keys:
                yield self._unknown(foreign)

    def _unknown(self, foreign: ForeignKey) -> Composed:
        """Return the statement that rejects what refers to no stored row, nor to a record where it may."""
        columns, names = foreign.columns, foreign.referenced_columns
        number = self._number(
            ", ".join(columns),
            RejectKind.REFERENCE,
            f"no {foreign.referenced_schema}.{foreign.referenced_name} has this {', '.join(names)}",
        )
        same = self._same(columns, names)
        unknown = SQL("NOT {}").format(
            _exists(Identifier(foreign.referenced_schema, foreign.referenced_name), same)
        )
        if foreign in self.values.own_keys:
            unknown = SQL("{} AND NOT {}").format(
                unknown, _exists(SQL("({})").format(self._valid(names)), same)
            )
        return self._against(columns, unknown, number)

    def _repeated(self, columns: tuple[str, ...]) -> Composed:
        """Return the statement that rejects all but the first of the records with the same values."""
        number = self._number(", ".join(columns), RejectKind.DUPLICATE, "")
        names = SQL(", ").join(map(Identifier, columns))
        known = SQL(" AND ").join(SQL("{} IS NOT NULL").format(Identifier(name)) for name in columns)
        return SQL(
            "WITH valid AS ({valid}), repeated AS (SELECT {names}, min({line}) AS first FROM valid WHERE {known}"
            " GROUP BY {names} HAVING count(*) > 1)"
            " INSERT INTO {rejects} (line, problem, earlier) SELECT valid.{line}, {number}, repeated.first"
            " FROM valid JOIN repeated USING ({names}) WHERE valid.{line} > repeated.first"
        ).format(
            valid=self._valid(columns), names=names, known=known, line=LINE, rejects=REJECTS, number=number
        )

    def _taken_back(self, numbers: Sequence[int], unique: Collection[tuple[str, ...]]) -> Composed:
        """Return the statement that takes back these problems of records, but for those that repeat a valid record."""
        found = SQL("known.problem = ANY ({})").format(list(numbers))
        repeats = (
            SQL(
                " AND NOT EXISTS (SELECT FROM ({}) AS other JOIN ({}) AS valid USING ({})"
                " WHERE other.{} = known.line)"
            ).format(
                self._records(columns, SQL("EXISTS ({} AND {})").format(_KNOWN, found)),
                self._valid(columns),
                SQL(", ").join(map(Identifier, columns)),
                LINE,
            )
            for columns in unique
        )
        return SQL("DELETE FROM {} AS known WHERE {}{}").format(REJECTS, found, SQL("").join(repeats))

    def _taken(self, columns: tuple[str, ...], target: Identifier, key: Sequence[str]) -> Composed:
        number = self._number(", ".join(columns), RejectKind.TAKEN, "a stored row has it")
        same = self._same(columns, columns)
        if key:
            # The row that the record updates may keep what it has.
            same = SQL("{} AND NOT ({})").format(same, self._same(key, key))
        return self._against(columns, _exists(target, same), number, also=tuple(key))

    def _against(
        self, columns: tuple[str, ...], condition: Composed, number: Literal, *, also: tuple[str, ...] = ()
    ) -> Composed:
        """Return the statement that rejects records by a condition, which may speak of `also`'s columns too."""
        known = SQL(" AND ").join(SQL("valid.{} IS NOT NULL").format(Identifier(name)) for name in columns)
        return SQL(
            "INSERT INTO {} (line, problem) SELECT valid.{}, {} FROM ({}) AS valid WHERE {} AND {}"
        ).format(REJECTS, LINE, number, self._valid(tuple({*columns, *also})), known, condition)

    def _same(self, columns: Sequence[str], others: Sequence[str]) -> Composed:
        return SQL(" AND ").join(
            SQL("valid.{} = other.{}").format(Identifier(ours), Identifier(theirs))
            for ours, theirs in zip(columns, others, strict=True)
        )

    def _valid(self, columns: tuple[str, ...]) -> Composed:
        """Return the query of these columns of the records that nothing was found against."""
        return self._records(columns, SQL("NOT EXISTS ({})").format(_KNOWN))

    def _records(self, columns: tuple[str, ...], condition: Composed) -> Composed:
        """Return the query of these columns of the records of a condition; a fence keeps casts from others."""
        return SQL("SELECT {}.{}, {} FROM {} AS {} WHERE {} OFFSET 0").format(
            FILE, LINE, self.values.typed(columns), STAGING, FILE, condition
        )


def _exists(rows: Composable, same: Composed) -> Composed:
    return SQL("EXISTS (SELECT FROM {} AS other WHERE {})").format(rows, same)
