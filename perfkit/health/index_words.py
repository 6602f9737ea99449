"""What the checks of indexes share: their family, definitions, drops and sizes."""

from perfkit.health.model import Concern, Family, Row, Scope
from perfkit.health.words import relation
from perfkit.syntax.index import IndexDefinition, read_definition
from perfkit.syntax.lexer import SqlError

FAMILY = Family(id="indexes", scope=Scope.DATABASE)


def definition_of(text: str) -> IndexDefinition | None:
    """Return the definition that the server wrote; None where the parser here does not know what a server may."""
    try:
        return read_definition(text)
    except SqlError:
        return None


def drop(row: Row) -> str:
    """Return the statement that drops an index, with what it costs where it cannot be done concurrently."""
    if row["is_partitioned"]:
        return f"DROP INDEX {relation(row)}  -- it locks the table and its partitions meanwhile"
    return f"DROP INDEX CONCURRENTLY {relation(row)}"


def total_bytes(found: list[Concern]) -> int:
    """Return what the indexes take together."""
    return sum(int(each.evidence["size_bytes"] or 0) for each in found)


def sizes(what: str, found: list[Concern]) -> dict[str, int]:
    """Return the evidence of how many they are and what they take."""
    return {f"{what}_indexes": len(found), f"{what}_bytes": total_bytes(found)}


def largest_first(found: list[Concern]) -> tuple[Concern, ...]:
    """Return the indexes as an outcome tells them."""
    return tuple(sorted(found, key=lambda each: -int(each.evidence["size_bytes"] or 0)))
