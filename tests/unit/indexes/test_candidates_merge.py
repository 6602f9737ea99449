"""Candidates that ask for nearly the same are merged into one that serves both."""

from perfkit.indexes.candidates.merge import merged
from perfkit.indexes.candidates.model import Candidate
from perfkit.syntax.index import read_definition
from tests.unit.indexes.candidate_tables import column, database, table, written

TABLES = database(table("t", 100_000, *(column(name) for name in "abcdefghijk")))


def _candidates(*definitions: str) -> list[Candidate]:
    return [
        Candidate(definition=read_definition(f"CREATE INDEX ON public.t {each}"), reason=f"for {each}")
        for each in definitions
    ]


def _merged(*definitions: str) -> list[str]:
    return [written(each) for each in merged(_candidates(*definitions), TABLES)]


def test_the_same_keys_share_their_include_columns() -> None:
    assert _merged("(a) INCLUDE (c)", "(a) INCLUDE (b)") == ["t (a) INCLUDE (b, c)"]


def test_keys_that_come_first_in_others_are_served_by_them() -> None:
    assert _merged("(a) INCLUDE (c)", "(a, b)") == ["t (a, b) INCLUDE (c)"]
    assert _merged("(a) INCLUDE (b)", "(a, b)") == []


def test_what_serves_a_pattern_serves_equality_too() -> None:
    assert _merged("(a text_pattern_ops) INCLUDE (c)", "(a, b)") == ["t (a text_pattern_ops, b) INCLUDE (c)"]
    assert _merged("(a text_pattern_ops)", "(a) INCLUDE (c)") == ["t (a text_pattern_ops) INCLUDE (c)"]
    assert _merged("(a text_pattern_ops) INCLUDE (c)", "(a DESC, b)") == []
    assert _merged("(a gin_trgm_ops) INCLUDE (c)", "(a, b)") == []


def test_one_that_serves_the_other_already_needs_no_merging() -> None:
    assert _merged("(a)", "(a, b)", "(a) INCLUDE (b)") == []


def test_other_tables_rows_or_directions_are_not_merged() -> None:
    assert _merged("(a) INCLUDE (b)", "(c) INCLUDE (d)") == []
    assert _merged("(a) INCLUDE (b)", "(a) INCLUDE (c) WHERE d = 1") == []
    assert _merged("(a) INCLUDE (b)", "(a DESC NULLS LAST, c)") == []


def test_a_copy_of_the_table_is_not_made() -> None:
    assert _merged("(a) INCLUDE (b, c, d, e)", "(a) INCLUDE (f, g, h, i)") == []


def test_a_merged_index_says_what_it_serves() -> None:
    (candidate,) = merged(_candidates("(a) INCLUDE (c)", "(a, b)"), TABLES)
    assert candidate.reason == "for (a, b); also serves: for (a) INCLUDE (c)"
