"""Changes of indexes: one to create, or one to drop."""

from dataclasses import dataclass

from perfkit.names import quote_name
from perfkit.syntax.index import IndexDefinition


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """An existing index to drop; `name` is unquoted. `instead` is the statement of the new index that must replace it, or ''."""

    schema: str
    name: str
    definition: IndexDefinition
    instead: str = ""

    @property
    def statement(self) -> str:
        """Return the statement that drops it."""
        return f"DROP INDEX {quote_name(self.schema)}.{quote_name(self.name)}"


Change = IndexDefinition | Removal
"""An index to create, or one to drop."""


def definition_of(change: Change) -> IndexDefinition:
    """Return what the index is that is to be created, or dropped."""
    return change.definition if isinstance(change, Removal) else change


def statement_of(change: Change) -> str:
    """Return the statement of a change."""
    return change.statement if isinstance(change, Removal) else change.create()
