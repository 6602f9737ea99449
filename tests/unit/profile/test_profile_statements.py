"""What statements are called: the catalog's, however an application spells them, and no constant of any other."""

import re
from pathlib import Path

import pytest

from perfkit.catalog.load import load_catalog
from perfkit.catalog.model import Query
from perfkit.profile.model import Session
from perfkit.profile.statements import (
    HIDDEN,
    Name,
    Names,
    marks_of,
    name_of,
    name_of_beginning,
    without_constants,
)

QUERIES = load_catalog(Path(__file__).parents[3] / "queries").queries
_TABLE = re.compile(r"((?:FROM|JOIN|INTO|UPDATE)\s+)alumni\.")
MARKS = marks_of(load_catalog(Path(__file__).parents[3] / "queries"))


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_a_query_of_the_catalog_is_found_whole_without_schema_and_cut(query: Query) -> None:
    name, statement = query.name, query.statement
    assert name_of(statement, MARKS) == Name(name, in_catalog=True)
    # search_path set; types and functions keep their schema.
    bare = _TABLE.sub(r"\1", statement)
    found = name_of(f"/* page 7 */ {bare};", MARKS)
    assert found == Name(name, in_catalog=True)
    if len(statement) > 300:
        assert name_of_beginning(statement[:300], MARKS) == Name(name, in_catalog=True)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("SELECT 'it''s secret', 4711, $2 -- secret\nFROM t", "SELECT ?, … FROM t"),
        ("ALTER ROLE r PASSWORD 'secret';", "ALTER ROLE r PASSWORD ?"),
        ("ALTER ROLE r PASSWORD 'secr", "ALTER ROLE r PASSWORD …"),
        ("SELECT $x$secret$x$", "SELECT ?"),
        ("DO $$ secr", "DO …"),
        ("SELECT E'a\\'secret' /* secret", "SELECT ? …"),
        ("SELECT a FROM t WHERE b IN (1, 2, 3)", "SELECT a FROM t WHERE b IN (?, …)"),
    ],
)
def test_no_constant_is_shown(text: str, shown: str) -> None:
    assert without_constants(text) == shown


def test_a_query_id_leads_to_the_whole_text_and_the_catalog_is_of_one_database() -> None:
    query = max(QUERIES, key=lambda each: len(each.statement))
    names = Names(MARKS, {7: query.statement}, bytes_most=100)
    cut = query.statement[:99]
    assert names.of(Session(pid=1, query_id=7, text=cut)).text == query.name
    assert not names.of(Session(pid=1, query_id=7, text=cut, is_here=False)).in_catalog
    assert names.of(Session(pid=1, text="<insufficient privilege>")) == HIDDEN
