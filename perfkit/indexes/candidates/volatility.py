"""Whether an expression gives the same value for the same row for ever, as an index demands, of which type, and if any."""

from collections.abc import Iterator
from typing import NamedTuple

from perfkit.plan.tables import Signature, Table, Tables
from perfkit.syntax.usage.model import Expression, Term

_TEXTS = frozenset({"text", "varchar", "bpchar", "name", "citext"})
_DOCUMENTS = frozenset({"json", "jsonb"})
_NUMBERS = ("int2", "int4", "int8", "numeric", "float4", "float8")
_ANY = frozenset({"any", "anyelement", "anynonarray", "anycompatible", "anycompatiblenonarray"})
_ANY_ARRAY = frozenset({"anyarray", "anycompatiblearray"})
_IMMUTABLE = "i"


class Typed(NamedTuple):
    """Whether an expression is immutable, and its internal type name, '' when that is not known."""

    immutable: bool
    type_name: str = ""


def typed(expression: Expression, table: Table, tables: Tables) -> Typed:
    """Return whether an index on `table` can have the expression, and its type, by the functions that the server has."""
    return _typed(expression.term, table, tables)


def failing_casts(term: Term, table: Table, tables: Tables) -> Iterator[str]:
    """Yield the types within a term on `table` that not every value can be cast to which is cast there."""
    for argument in term.arguments:
        yield from failing_casts(argument, table, tables)
    if term.kind == "cast" and _may_fail(_typed(term.arguments[0], table, tables).type_name, term.name):
        yield term.name


def is_text(term: Term, table: Table, tables: Tables) -> bool:
    """Tell whether a term on `table` is a text."""
    return _typed(term, table, tables).type_name in _TEXTS


def _may_fail(source: str, target: str) -> bool:
    """Tell whether the cast reads a text or a document as something else, or a number as a narrower one."""
    if source in _NUMBERS and target in _NUMBERS:
        return not _widened(source, target)
    return source in _TEXTS | _DOCUMENTS and target not in _TEXTS


def _typed(term: Term, table: Table, tables: Tables) -> Typed:
    if term.kind == "column":
        column = table.columns.get(term.name)
        return Typed(column is not None, column.type_name if column else "")
    arguments = [_typed(argument, table, tables) for argument in term.arguments]
    types = [argument.type_name for argument in arguments]
    kinds = {
        "constant": lambda: Typed(immutable=True),
        "cast": lambda: Typed(_casts(term, types[0], tables), term.name),
        "construct": lambda: _constructed(term, types),
        "function": lambda: _called(term, types, tables),
        "operator": lambda: _called(term, types, tables),
    }
    if term.kind not in kinds or not all(argument.immutable for argument in arguments):
        return Typed(immutable=False)
    return kinds[term.kind]()


def _constructed(term: Term, types: list[str]) -> Typed:
    is_test = term.name.endswith("_test") or term.name == "bool_expr"
    return Typed(immutable=True, type_name="bool" if is_test else next(filter(None, types), ""))


def _casts(term: Term, source: str, tables: Tables) -> bool:
    """Tell whether a cast is immutable; a literal is cast once, when the index is made."""
    is_literal = term.arguments[0].kind == "constant"
    return is_literal or source == term.name or tables.casts.get((source, term.name)) == _IMMUTABLE


def _called(term: Term, types: list[str], tables: Tables) -> Typed:
    known = tables.functions if term.kind == "function" else tables.operators
    found = [
        signature
        for signature in known.get(term.name, ())
        if len(signature.arguments) == len(types) and term.schema in ("", signature.schema)
    ]
    meant = _meant(found, types)
    results = {signature.result for signature in meant}
    return Typed(
        immutable=bool(meant) and all(signature.volatility == _IMMUTABLE for signature in meant),
        type_name=results.pop() if len(results) == 1 else "",
    )


def _meant(signatures: list[Signature], types: list[str]) -> list[Signature]:
    """Return those that the server may choose: of the very types, else of types that these are widened to, else all."""
    for fits in (_same, _widened):
        found = [each for each in signatures if all(map(fits, types, each.arguments))]
        if found:
            return found
    return signatures


def _same(given: str, taken: str) -> bool:
    return given in ("", taken) or taken in _ANY or (taken in _ANY_ARRAY and given.startswith("_"))


def _widened(given: str, taken: str) -> bool:
    if _same(given, taken) or {given, taken} <= _TEXTS:
        return True
    return given in _NUMBERS and taken in _NUMBERS and _NUMBERS.index(given) < _NUMBERS.index(taken)
