"""What to draw for a parameter: SQL over a row of the table whose column it is compared with or written to."""

import re
from collections.abc import Callable, Mapping, Sequence

from perfkit.catalog.harvest.model import Parameter
from perfkit.catalog.harvest.thresholds import ARRAY_LENGTH, PATTERN_CHARACTERS, RANGE_ROWS
from perfkit.names import quote_name
from perfkit.plan.tables import Column, Table
from perfkit.syntax.usage.places import Role

_POSITION = re.compile(r"\$(\d+)")
_LOWS, _HIGHS = frozenset({">", ">="}), frozenset({"<", "<="})
_JSON = frozenset({"json", "jsonb"})
# Functions and types that make words of what a user types, and of what takes the words as they are.
_TYPED = frozenset({"plainto_tsquery", "phraseto_tsquery", "websearch_to_tsquery"})

# By the category of a type, what values under a key look like that can be cast to it.
_VALUE_KINDS = {"N": r"^-?\d+$", "D": r"^\d{4}-\d\d-\d\d"}

Writer = Callable[["Row", Parameter, str], str]


class Row:
    """A row of a table, or the statement's one reference to it, with the parameters whose values come from it."""

    def __init__(
        self, table: Table | None, parameters: Sequence[Parameter], constants: Mapping[int, str]
    ) -> None:
        self.table = table
        self.constants = constants  # SQL, by the parameter's number
        self.parameters = {each.place.number: each for each in parameters}

    def value(self, parameter: Parameter) -> str:
        """Return the SQL of a parameter's value."""
        place = parameter.place
        if place.role is Role.WRITTEN:
            return quote_name(place.expression)
        expression = _POSITION.sub(self._inner, place.expression)
        return _WRITERS.get(place.operator, _same)(self, parameter, expression)

    def column(self, parameter: Parameter) -> Column | None:
        """Return the column that the parameter is compared with, when that is one and nothing else is done to it."""
        (name, *others) = sorted(parameter.place.columns) or [""]
        known = self.table.columns.get(name) if self.table and not others else None
        return known if known and parameter.place.expression == quote_name(name) else None

    def bounded_below(self, parameter: Parameter) -> bool:
        """Tell whether another parameter is the lower end of the range that this one is the upper end of."""
        places = (each.place for each in self.parameters.values())
        return any(p.operator in _LOWS and p.expression == parameter.place.expression for p in places)

    def cast_of(self, parameter: Parameter) -> str:
        """Return the category of the type that the value under a key is cast to and compared as; '' for none."""
        number = rf"\${parameter.place.number}(?!\d)"
        using = (p for p in self.parameters.values() if re.search(number, p.place.expression))
        return next((p.type.category for p in using if "::" in p.place.expression), "")

    def _inner(self, found: re.Match[str]) -> str:
        other = self.parameters.get(int(found[1]))
        return f"({self.value(other)})" if other else self.constants.get(int(found[1]), "NULL")


def _same(_row: Row, _parameter: Parameter, expression: str) -> str:
    return expression


def _upper_end(row: Row, parameter: Parameter, expression: str) -> str:
    return (
        _later(expression, RANGE_ROWS, f"ORDER BY {expression}")
        if row.bounded_below(parameter)
        else expression
    )


def _later(expression: str, rows: int, order: str) -> str:
    return f"coalesce(lead({expression}, {rows}) OVER ({order}), {expression})"


# In the order of values, a column of few would give a list of one and the same; a foreign table has no other order.
def _stored(row: Row, expression: str) -> str:
    return "ORDER BY tableoid, ctid" if row.table else f"ORDER BY {expression}"


def _item(row: Row, parameter: Parameter, expression: str) -> str:
    return (
        _later(expression, parameter.place.item, _stored(row, expression))
        if parameter.place.item
        else expression
    )


def _some(row: Row, _parameter: Parameter, expression: str) -> str:
    rows = f"ROWS BETWEEN CURRENT ROW AND {ARRAY_LENGTH - 1} FOLLOWING"
    return f"array_agg({expression}) OVER ({_stored(row, expression)} {rows})"


def _element(_row: Row, _parameter: Parameter, expression: str) -> str:
    return f"({expression})[1]"


def _pattern(_row: Row, parameter: Parameter, expression: str) -> str:
    start = f"left(({expression})::text, {PATTERN_CHARACTERS})"
    # A search that heeds no capitals is a search within; one that does is for how a name begins.
    anywhere = parameter.place.through or parameter.place.operator.endswith("*")
    return f"'%' || {start} || '%'" if anywhere else f"{start} || '%'"


def _regular(_row: Row, _parameter: Parameter, expression: str) -> str:
    return f"regexp_replace(left(({expression})::text, {PATTERN_CHARACTERS}), '[^[:alnum:]]', '.', 'g')"


def _text_search(row: Row, parameter: Parameter, expression: str) -> str:
    column = row.column(parameter)
    vector = f"to_tsvector({expression})" if column and column.category == "S" else expression
    word = f"(tsvector_to_array({vector}))[1]"
    return word if parameter.place.through in _TYPED else f"quote_literal({word})"


def _key(row: Row, parameter: Parameter, expression: str) -> str:
    if parameter.type.category == "N":
        return "0"
    # Which of a row's keys, its own content decides: so that it is not the first of the alphabet in every row.
    keys = f"jsonb_object_keys(CASE jsonb_typeof({_document(row, parameter, expression)})"
    keys += f" WHEN 'object' THEN {_document(row, parameter, expression)} END)"
    kind = _VALUE_KINDS.get(row.cast_of(parameter), "")
    only = f" WHERE ({expression}) ->> key ~ '{kind}'" if kind else ""
    return f"(SELECT key FROM {keys} AS key{only} ORDER BY md5(key || ({expression})::text) LIMIT 1)"  # noqa: S608 - of quoted names


def _document(row: Row, parameter: Parameter, expression: str) -> str:
    column = row.column(parameter)
    return expression if column and column.type_name == "jsonb" else f"({expression})::jsonb"


def _keys(row: Row, parameter: Parameter, expression: str) -> str:
    return f"ARRAY[{_key(row, parameter, expression)}]"


def _contained(row: Row, parameter: Parameter, expression: str) -> str:
    """Return what a row contains: the first element of an array, one key of a document with its value, the start of a range."""
    if parameter.type.base == "jsonb":
        key = _key(row, parameter, expression)
        return (
            f"CASE jsonb_typeof({expression}) WHEN 'object' THEN jsonb_build_object({key}, {expression} -> {key})"
            f" ELSE jsonb_build_array({expression} -> 0) END"
        )
    if parameter.type.category == "A":
        return f"({expression})[1:1]"
    return f"lower({expression})" if parameter.type.category != "R" else expression


_WRITERS: dict[str, Writer] = {
    **dict.fromkeys(_HIGHS, _upper_end),
    **dict.fromkeys(("~~", "~~*", "!~~", "!~~*"), _pattern),
    **dict.fromkeys(("~", "~*", "!~", "!~*"), _regular),
    **dict.fromkeys(("->", "->>", "?"), _key),
    **dict.fromkeys(("#>", "#>>", "?|", "?&"), _keys),
    "IN": _item,
    "= ANY": _some,
    "ANY =": _element,
    "@@": _text_search,
    "@>": _contained,
}
