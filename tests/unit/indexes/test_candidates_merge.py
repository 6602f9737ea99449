"""Candidates that ask for nearly the same are merged into one that serves both."""

from dataclasses import replace

from perfkit.indexes.candidates.merge import merged
from perfkit.indexes.candidates.model import Candidate
from perfkit.syntax.index import read_definition
from tests.unit.indexes.candidate_tables import column, database, table, written

TABLES = database(table("t", 100_000, *(column(name) for name in "abcdefghijk")))


def _candidates(*definitions: str) -> list[Candidate]:
    """Return candidates of which only the first key is compared for equality."""
    return [
        Candidate(
            definition=read_definition(f"CREATE INDEX ON public.t {each}"), reason=f"for {each}", equal_keys=1
        )
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
    assert _merged("(a text_pattern_ops)", "(a, b, c)") == ["t (a text_pattern_ops, b, c)"]
    assert _merged("(a, b text_pattern_ops) INCLUDE (c)", "(a, b)") == []
    assert _merged("(a gin_trgm_ops) INCLUDE (c)", "(a, b)") == []


def test_an_order_needs_its_own_operator_class() -> None:
    pattern, order = _candidates("(a text_pattern_ops) INCLUDE (c)", "(a, b)")
    assert merged([pattern, replace(order, equal_keys=0)], TABLES) == ()


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
