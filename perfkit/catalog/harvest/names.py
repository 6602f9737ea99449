"""Names of queries and parameters, made from what a statement does: the same statement always gets the same name."""

import re
from collections.abc import Collection, Iterable, Sequence

from perfkit.catalog.harvest.model import ParameterType
from perfkit.catalog.harvest.thresholds import NAME_CHARACTERS
from perfkit.syntax.statement import first_word, read_statement
from perfkit.syntax.usage.model import Reference, Usage
from perfkit.syntax.usage.places import Place, Role

_OTHER = re.compile(r"[^a-z0-9_]+")
_BOUNDS = {">": "_from", ">=": "_from", "<": "_to", "<=": "_to"}
_PATTERNS = ("~", "~*", "~~", "~~*", "!~", "!~~", "!~~*")
_VERBS = {"WITH": "select", "VALUES": "select", "TABLE": "select"}
_SUMMARIES = {
    "select": "Reads",
    "insert": "Adds to",
    "update": "Changes",
    "delete": "Deletes from",
    "merge": "Merges into",
}


def plain(name: str) -> str:
    """Return a name of the database's as one of letters, digits and underscores."""
    return _OTHER.sub("_", name.lower()).strip("_") or "value"


def query_name(statement: str, usage: Usage, places: Iterable[Place]) -> str:
    """Return verb, tables and what these are looked up by, such as select_people_gifts_by_grad_year.

    Conditions that look nothing up, such as ORs of different columns, give a name by what its parameters are compared with.
    """
    sources = _tables(usage) or sorted(name for _, name in read_statement(statement).function_calls)
    words = [_verb(statement, usage), *map(plain, sources)]
    filters = [plain(name) for name in _filters(usage, places)]
    name = "_".join([*words, *(["by", *filters] if filters else [])])
    if len(name) <= NAME_CHARACTERS:
        return name
    return name[: NAME_CHARACTERS + 1].rpartition("_")[0].removesuffix("_by")


def summary_of(statement: str, usage: Usage, places: Iterable[Place]) -> str:
    """Return in a line what a statement does."""
    tables, filters = ", ".join(_tables(usage)) or "no table", ", ".join(_filters(usage, places))
    return f"{_SUMMARIES[_verb(statement, usage)]} {tables}" + (f" by {filters}" if filters else "")


def numbered(name: str, taken: Collection[str]) -> str:
    """Return a name that is not taken: itself, or with a number from 2 on."""
    number, free = 1, name
    while free.lower() in taken:
        number += 1
        free = f"{name}_{number}"
    return free


def parameter_names(places: Sequence[Place], types: Sequence[ParameterType]) -> list[str]:
    """Return the name of each parameter, from the column that it is compared with or what takes it."""
    names: list[str] = []
    for place, type_ in zip(places, types, strict=True):
        names.append(numbered(_parameter_name(place, type_), names))
    return names


def _parameter_name(place: Place, type_: ParameterType) -> str:
    if place.role in (Role.LIMIT, Role.OFFSET):
        return f"{place.role.value}_rows"
    if place.role is Role.ARGUMENT and place.operator.isidentifier():
        return plain(f"{place.operator}_{type_.base}")
    if not place.columns:
        return plain(f"some_{type_.base}")
    name = plain("_".join(sorted(place.columns)))
    if place.operator in ("->", "->>", "?", "#>", "#>>"):
        return f"{name}_key"
    if place.operator == "= ANY":
        return f"{name}_list"
    return name + (_BOUNDS.get(place.operator) or ("_pattern" if place.operator in _PATTERNS else ""))


def _verb(statement: str, usage: Usage) -> str:
    word = first_word(statement)
    writes = [reference.target for reference in usage.references if reference.target]
    if word == "WITH" and writes:
        return writes[-1]
    return _VERBS.get(word, word.lower())


def _tables(usage: Usage) -> list[str]:
    """Return the tables in the order in which they come, the one that is written to first."""
    return list(dict.fromkeys(each.name for each in sorted(usage.references, key=lambda one: not one.target)))


def _filters(usage: Usage, places: Iterable[Place]) -> list[str]:
    looked_up = [name for each in usage.references for name in _looked_up(each)]
    compared = (name for place in places if place.role is Role.COMPARED for name in sorted(place.columns))
    return list(dict.fromkeys(looked_up or compared))


def _looked_up(reference: Reference) -> Iterable[str]:
    for predicate in (
        *reference.predicates,
        *(each for arms in reference.alternatives for arm in arms for each in arm),
    ):
        if not predicate.is_join:
            yield from sorted(predicate.expression.columns)
