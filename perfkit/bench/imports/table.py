"""The table that is imported into: its columns, and what each new row has to pass."""

from dataclasses import dataclass

from perfkit.bench.imports.model import Part, PartKind
from perfkit.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column, its type and the expression of its default; `is_text` is true where any text is a value.

    `base` is the name of its type in pg_type: of a domain what it is over, "enum" of any enumeration.
    """

    name: str
    type: str
    base: str
    is_text: bool
    not_null: bool
    generated: bool
    identity: bool
    default: str | None

    @property
    def may_be_missing(self) -> bool:
        """Tell whether a row can do without a value for it."""
        return not self.not_null or self.generated or self.identity or self.default is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """An index; `columns` are those of a unique one over plain columns of all rows, empty otherwise.

    `exclusion` is the name of the constraint that it serves, where `definition` is that constraint's.
    """

    name: str
    unique: bool
    columns: tuple[str, ...]
    exclusion: str | None
    definition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A trigger, and whether inserting fires it."""

    name: str
    on_insert: bool
    definition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKey:
    """A foreign key, and about how many rows the table has that it refers to."""

    name: str
    columns: tuple[str, ...]
    referenced_schema: str
    referenced_name: str
    referenced_columns: tuple[str, ...]
    referenced_rows: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A CHECK constraint and the columns that it looks at."""

    name: str
    expression: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportTable:
    """A table with all that concerns an import; `schema` and `name` are unquoted, `rows` and `pages` estimates.

    `qualified_name` is its name as the server's definitions write it.
    """

    schema: str
    name: str
    qualified_name: str
    rows: float
    pages: int
    is_partitioned: bool
    columns: tuple[Column, ...]
    indexes: tuple[Index, ...]
    triggers: tuple[Trigger, ...]
    foreign_keys: tuple[ForeignKey, ...]
    checks: tuple[Rule, ...]

    def column(self, name: str) -> Column:
        """Return the column of that name, else UsageError."""
        found = next((column for column in self.columns if column.name == name), None)
        if found is None:
            raise UsageError(
                f"{self.qualified_name} has no column {name}",
                hint=f"its columns are {', '.join(column.name for column in self.columns)}",
            )
        return found

    def is_own(self, key: ForeignKey) -> bool:
        """Tell whether a foreign key of the table refers to the table itself."""
        return (key.referenced_schema, key.referenced_name) == (self.schema, self.name)

    @property
    def writable(self) -> tuple[Column, ...]:
        """Return the columns that take values."""
        return tuple(column for column in self.columns if not column.generated)

    @property
    def parts(self) -> tuple[Part, ...]:
        """Return every part that inserting a row pays for."""
        return (
            *(Part(kind=PartKind.INDEX, name=index.name) for index in self.indexes),
            *(
                Part(kind=PartKind.TRIGGER, name=trigger.name)
                for trigger in self.triggers
                if trigger.on_insert
            ),
            *(Part(kind=PartKind.FOREIGN_KEY, name=key.name) for key in self.foreign_keys),
        )
