"""Overlap: an index covers another one only when it serves every query that the other does."""

import pytest

from perfkit.indexes.overlap import covers, same
from perfkit.syntax.index import read_definition

ON = "ON public.gift"


def _covers(wide: str, narrow: str) -> bool:
    return covers(
        read_definition(f"CREATE {wide.replace('ON', ON, 1)}"),
        read_definition(f"CREATE {narrow.replace('ON', ON, 1)}"),
    )


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ("INDEX ON (year)", "INDEX ON (year)"),
        ("INDEX ON (year, city)", "INDEX ON (year)"),
        ("UNIQUE INDEX ON (year, city)", "INDEX ON (year)"),
        ("UNIQUE INDEX ON (year)", "INDEX ON (year)"),
        ("INDEX ON (year) INCLUDE (city)", "INDEX ON (year)"),
        ("INDEX ON (year, city)", "INDEX ON (year) INCLUDE (city)"),
        ("INDEX ON (year DESC)", "INDEX ON (year)"),
        ("INDEX ON (year DESC, city)", "INDEX ON (year, city DESC)"),
        ("INDEX ON (lower(name), year)", "INDEX ON (lower(name))"),
        ("INDEX ON (year, city) WHERE amount > 0", "INDEX ON (year) WHERE amount > 0"),
        ("INDEX ON (year) WITH (fillfactor = 70)", "INDEX ON (year)"),
        ("INDEX ON USING gin (labels, places)", "INDEX ON USING gin (places)"),
        ("INDEX ON USING hash (year)", "INDEX ON USING hash (year)"),
        ("INDEX ON USING gin (labels) WITH (fastupdate = off)", "INDEX ON USING gin (labels)"),
        (
            "INDEX ON USING brin (day, id) WITH (pages_per_range = 8)",
            "INDEX ON USING brin (day) WITH (pages_per_range = 8)",
        ),
    ],
)
def test_an_index_covers_what_it_serves(wide: str, narrow: str) -> None:
    assert _covers(wide, narrow)


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ("INDEX ON (city, year)", "INDEX ON (year)"),
        ("INDEX ON (year)", "INDEX ON (year, city)"),
        ("INDEX ON (year)", "INDEX ON (year) INCLUDE (city)"),
        ("INDEX ON (year)", "UNIQUE INDEX ON (year)"),
        ("UNIQUE INDEX ON (year, city)", "UNIQUE INDEX ON (year)"),
        ("UNIQUE INDEX ON (year) NULLS NOT DISTINCT", "UNIQUE INDEX ON (year)"),
        ("INDEX ON (year, city DESC)", "INDEX ON (year, city)"),
        ("INDEX ON (year NULLS FIRST)", "INDEX ON (year)"),
        ("INDEX ON (name text_pattern_ops)", "INDEX ON (name)"),
        ('INDEX ON (name COLLATE "C")', "INDEX ON (name)"),
        ("INDEX ON (lower(name))", "INDEX ON (name)"),
        ("INDEX ON (year) WHERE amount > 0", "INDEX ON (year)"),
        ("INDEX ON (year)", "INDEX ON (year) WHERE amount > 0"),
        ("INDEX ON USING brin (year)", "INDEX ON (year)"),
        ("INDEX ON USING gist (span, year)", "INDEX ON USING gist (span)"),
        ("INDEX ON USING brin (day) WITH (pages_per_range = 8)", "INDEX ON USING brin (day)"),
        ("INDEX ON USING brin (day)", "INDEX ON USING brin (day) WITH (pages_per_range = 8)"),
        (
            "INDEX ON USING gist (name gist_trgm_ops (siglen = 256))",
            "INDEX ON USING gist (name gist_trgm_ops)",
        ),
        (
            "INDEX ON USING gist (name gist_trgm_ops)",
            "INDEX ON USING gist (name gist_trgm_ops (siglen = 256))",
        ),
    ],
)
def test_an_index_does_not_cover_what_it_does_not_serve(wide: str, narrow: str) -> None:
    assert not _covers(wide, narrow)


def test_indexes_of_two_tables_have_nothing_in_common() -> None:
    one, other = (
        read_definition(f"CREATE INDEX ON {table} (year)") for table in ("public.gift", "archive.gift")
    )
    assert not covers(one, other)


def test_storage_parameters_of_a_b_tree_do_not_make_another_index() -> None:
    one = read_definition("CREATE INDEX ON public.gift (year) WITH (fillfactor = 70)")
    assert same(one, read_definition("CREATE INDEX ON public.gift (year)"))
    assert not same(one, read_definition("CREATE UNIQUE INDEX ON public.gift (year)"))
    fine = read_definition("CREATE INDEX ON public.gift USING brin (day) WITH (pages_per_range = 8)")
    assert not same(fine, read_definition("CREATE INDEX ON public.gift USING brin (day)"))
