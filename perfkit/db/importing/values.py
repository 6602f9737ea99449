"""The SQL of a record's values: of each column of the table, what its field in the staging table gives."""

from dataclasses import dataclass

from psycopg.sql import SQL, Composed, Identifier

from perfkit.bench.imports.layout import Layout
from perfkit.bench.imports.table import Column, ForeignKey, ImportTable

STAGING = Identifier("pg_temp", "perfkit_staging")
FILE = Identifier("file")
LINE = Identifier("perfkit_line")


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """Expressions over the staging table, there called file."""

    table: ImportTable
    layout: Layout

    def stored(self, column: Column) -> Composed:
        """Return what is stored in a column; where it must have a value and the field is blank, its default."""
        value = self.given(column)
        if column.not_null and column.default and column.name in self.layout.field_of:
            return SQL("coalesce({}, {})").format(value, text(column.default))
        return value

    def given(self, column: Column) -> Composed:
        """Return what the file or an expression gives a column, in the column's type; a default is not asked for."""
        if column.name in self.layout.expression_of:
            return SQL("CAST(({}) AS {})").format(
                text(self.layout.expression_of[column.name]), text(column.type)
            )
        if column.is_text:
            return self.raw(column)
        return SQL("CAST({} AS {})").format(self.raw(column), text(column.type))

    def raw(self, column: Column) -> Composed:
        """Return the field's text, of which blanks alone are no value of any type but text."""
        field = SQL("{}.{}").format(FILE, Identifier(self.layout.field_of[column.name]))
        return field if column.is_text else SQL("nullif(btrim({}), '')").format(field)

    @property
    def columns(self) -> tuple[Column, ...]:
        """Return the columns that get a value."""
        return tuple(map(self.table.column, self.layout.columns))

    def knows(self, columns: tuple[str, ...]) -> bool:
        """Tell whether each of the columns gets its value from the file or an expression."""
        return bool(columns) and set(columns) <= set(self.layout.columns)

    @property
    def own_keys(self) -> tuple[ForeignKey, ...]:
        """Return the foreign keys by which records may refer to each other."""
        return tuple(
            key
            for key in self.table.foreign_keys
            if self.table.is_own(key) and self.knows(key.columns) and self.knows(key.referenced_columns)
        )

    def typed(self, columns: tuple[str, ...]) -> Composed:
        """Return a select list of these columns' values, each under its column's name."""
        return SQL(", ").join(
            SQL("{} AS {}").format(self.stored(self.table.column(name)), Identifier(name)) for name in columns
        )


def text(words: str) -> SQL:
    """Return SQL that the server's catalog gave, or the user, who may run what the role may."""
    return SQL(words)
