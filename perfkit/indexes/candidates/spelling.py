"""One spelling for what the server and a statement write differently, so that an index that exists is recognised."""

import re
from dataclasses import replace
from functools import cache

from perfkit.plan.tables import Table
from perfkit.syntax.index import IndexDefinition, read_definition

_TYPE = r"""(?:"[^"]*"|[\w.])+(?: varying)?(?:\[\])?"""
# The server writes the type of each literal, and that a varchar is taken for a text.
_LITERAL_CAST = re.compile(rf"(?<=')::{_TYPE}")
_TEXT_CAST = re.compile(r"::(?:text|varchar|bpchar)(?:\[\])?(?=\W|$)")
_ANY_OF = re.compile(r"= ANY \(ARRAY\[([^\]]*)\]\)")


@cache
def _read(definition: str) -> IndexDefinition:
    return read_definition(definition)


def existing_definitions(table: Table) -> tuple[IndexDefinition, ...]:
    """Return what the table's valid indexes are."""
    return tuple(
        replace(_read(index.definition), schema=table.schema, table=table.name)
        for index in table.indexes
        if index.valid
    )


def as_the_server_spells_it(definition: IndexDefinition, table: Table) -> IndexDefinition:
    """Return a definition with the keys and predicate spelled as an index of the table has them, where one does."""
    existing = existing_definitions(table)
    keys = {_plain(key.text): key.text for each in existing for key in each.keys if key.is_expression}
    predicates = {_plain(each.predicate): each.predicate for each in existing}
    return replace(
        definition,
        keys=tuple(
            replace(key, text=keys.get(_plain(key.text), key.text)) if key.is_expression else key
            for key in definition.keys
        ),
        predicate=predicates.get(_plain(definition.predicate), definition.predicate),
    )


def _plain(text: str) -> str:
    text = _TEXT_CAST.sub("", _LITERAL_CAST.sub("", text))
    return _ANY_OF.sub(r"IN (\1)", text)
