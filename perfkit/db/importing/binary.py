"""Values for COPY in the binary format: of each type, by its name in pg_type, how its text becomes a Python value."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg.types.json import Json, Jsonb

Convert = Callable[[str], Any]


def _flag(text: str) -> bool:
    return text.startswith(("t", "T"))


# A moment as COPY writes it has "+00" for its zone.
_CONVERT: Mapping[str, Convert] = {
    "bool": _flag,
    "int2": int,
    "int4": int,
    "int8": int,
    "float4": float,
    "float8": float,
    "numeric": Decimal,
    "text": str,
    "varchar": str,
    "bpchar": str,
    "name": str,
    "enum": str,
    "date": date.fromisoformat,
    "timestamp": datetime.fromisoformat,
    "timestamptz": datetime.fromisoformat,
    "uuid": UUID,
    "json": lambda text: Json(text, dumps=str),
    "jsonb": lambda text: Jsonb(text, dumps=str),
}
_ARRAYS = frozenset({"_text"})


def cannot_write(bases: Sequence[str]) -> tuple[str, ...]:
    """Return the types that are not written in the binary format, in their order."""
    return tuple(dict.fromkeys(base for base in bases if base not in _CONVERT and base not in _ARRAYS))


def converters(bases: Sequence[str]) -> tuple[list[str], list[Convert]]:
    """Return the types as psycopg knows them, and a function for each that makes a value of its text."""
    types = ["text[]" if base in _ARRAYS else "text" if _CONVERT[base] is str else base for base in bases]
    return types, [_CONVERT.get(base) or _array for base in bases]


def _array(text: str) -> list[str | None]:
    """Return the elements of a one-dimensional array of texts as PostgreSQL writes it."""
    elements: list[str | None] = []
    place = 1
    while place < len(text) - 1:
        if text[place] == '"':
            element, place = _quoted(text, place + 1)
            elements.append(element)
        else:
            end = text.index(",", place) if "," in text[place:] else len(text) - 1
            word = text[place:end]
            elements.append(None if word == "NULL" else word)
            place = end
        place += 1
    return elements


def _quoted(text: str, place: int) -> tuple[str, int]:
    """Return the element whose first letter is at `place`, and the place after its closing quote."""
    letters = []
    while text[place] != '"':
        place += text[place] == "\\"
        letters.append(text[place])
        place += 1
    return "".join(letters), place + 1
