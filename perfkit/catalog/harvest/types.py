"""The types of a statement's parameters: what the server makes of them, helped where it cannot tell."""

from collections.abc import Iterable, Mapping

from perfkit.catalog.harvest.model import ParameterType, Server
from perfkit.errors import StatementError
from perfkit.syntax.usage.places import Place, Role

_UNDETERMINED = "42P18"
# What a constant beside + - * / may have been, the most likely first.
_OPERANDS = ("integer", "interval", "numeric", "text", "timestamptz", "jsonb")
# What a statement fails with when a constant's type was taken for another: ambiguous or undefined operator or function,
# mismatch, undetermined type, a value of the wrong kind.
_OF_TYPES = frozenset({"42725", "42883", "42804", _UNDETERMINED, "42P08", "42846", "22P02", "22007"})


def parameter_types(statement: str, places: Mapping[int, Place], server: Server) -> tuple[ParameterType, ...]:
    """Return the types of $1 to $n; raises the StatementError of PREPARE when no guess makes it take the statement."""
    cast = {place.number: place.cast for place in places.values() if place.cast}
    try:
        return _with_casts(server.parameter_types(statement, {}), statement, cast, server)
    except StatementError as error:
        if error.sqlstate not in _OF_TYPES:
            raise
        first = error
    for guessed in _guesses(places.values()):
        for type_ in _OPERANDS:
            try:
                return server.parameter_types(statement, dict.fromkeys(guessed, type_) | cast)
            except StatementError as error:
                if error.sqlstate not in _OF_TYPES:
                    raise
    raise first


def _with_casts(
    types: tuple[ParameterType, ...], statement: str, cast: Mapping[int, str], server: Server
) -> tuple[ParameterType, ...]:
    """Return the types, with that of the cast for what the server took for a text, as far as it takes that too."""
    texts = {number: name for number, name in cast.items() if types[number - 1].base == "text"}
    if not texts:
        return types
    try:
        return server.parameter_types(statement, texts)
    except StatementError:
        return types


def _guesses(places: Iterable[Place]) -> list[tuple[int, ...]]:
    """Return the parameters whose type may be guessed: first those that are calculated with, then what else is open."""
    calculated = [place.number for place in places if place.calculated]
    open_ = [place.number for place in places if place.role in (Role.ARGUMENT, Role.FREE)]
    return [each for each in dict.fromkeys((tuple(calculated), tuple({*calculated, *open_}))) if each]
