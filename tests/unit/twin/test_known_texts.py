"""Known texts: what a catalog writes itself, as statements compare it."""

from pathlib import Path

from perfkit.catalog.load import load_catalog
from perfkit.twin.known_texts import KnownTexts, known_texts

QUERY = """
-- name: people
-- summary: People
-- param: city text
-- param: pattern text
-- param: tags text[]
-- case: typical  city=Oslo pattern=Smi% tags={chess,wine}
-- cases: draw 2 SELECT 'Drawn' AS city, '%' AS pattern, '{}' AS tags
SELECT * FROM people WHERE city = :city AND name LIKE :pattern AND tags @> :tags AND status = 'it''s open' AND note LIKE '%zest_%'
"""


def _known(directory: Path) -> KnownTexts:
    (directory / "people.sql").write_text(QUERY)
    return known_texts(load_catalog(directory))


def test_texts_are_those_of_the_statement_and_of_written_cases_in_any_case(tmp_path: Path) -> None:
    values = set(_known(tmp_path).values)
    assert {"Oslo", "oslo", "OSLO", "chess", "wine", "it's open"} <= values
    assert not any("drawn" in value.lower() for value in values)


def test_a_range_ends_where_what_begins_with_it_does(tmp_path: Path) -> None:
    bounds = set(_known(tmp_path).bounds)
    assert {"Oslo", "Oslp", "Smi", "Smj", "smi", "smj"} <= bounds
    assert "" not in bounds


def test_fragments_are_what_patterns_look_for(tmp_path: Path) -> None:
    assert _known(tmp_path).fragments == ("Smi", "zest")
