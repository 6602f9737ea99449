"""CREATE INDEX and DROP INDEX statements are read, compared by what they define, and written again."""

import pytest

from perfkit.syntax.index import IndexStatement, read_definition, read_index_statements
from perfkit.syntax.lexer import SqlError

STATEMENTS = [
    "CREATE INDEX i ON t USING btree (a)",
    "CREATE UNIQUE INDEX i ON s.t USING btree (a, b DESC) NULLS NOT DISTINCT WHERE a > 3",
    "CREATE INDEX i ON s.t USING btree (a NULLS FIRST, b DESC NULLS LAST)",
    'CREATE INDEX "I x" ON "S"."order" USING btree ("group", "Name" COLLATE "C" text_pattern_ops)',
    "CREATE INDEX i ON t USING gin (details jsonb_path_ops) WITH (fastupdate = off)",
    "CREATE INDEX i ON t USING gin (name public.gin_trgm_ops)",
    "CREATE INDEX i ON t USING btree ((lower(name::text)), (a + 1)) INCLUDE (c, d) WITH (fillfactor = 70)",
    "CREATE INDEX i ON t USING brin (created_at) WITH (pages_per_range = 32)",
    "CREATE INDEX i ON t USING gist (name public.gist_trgm_ops (siglen = 256), day)",
]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_definition_is_written_as_it_was_read(statement: str) -> None:
    (read,) = read_index_statements(statement)
    assert isinstance(read, IndexStatement)
    assert read.definition.create(read.name) == statement


def test_what_pg_get_indexdef_writes_equals_what_a_person_writes() -> None:
    server = (
        "CREATE INDEX p_idx ON alumni.people USING btree (lower((name)::text) DESC) WHERE (left_on IS NULL)"
    )
    person = "create index concurrently other on alumni.people (lower(name::text) desc) where left_on is null"
    assert read_definition(server) == read_definition(person)


def test_parameters_of_an_operator_class_are_read_as_the_server_writes_them() -> None:
    server = "CREATE INDEX i ON t USING gist (name gist_trgm_ops (siglen='256'))"
    assert read_definition(server) == read_definition(
        "CREATE INDEX ON t USING gist (name gist_trgm_ops(siglen=256))"
    )
    assert read_definition(server) != read_definition("CREATE INDEX ON t USING gist (name gist_trgm_ops)")


@pytest.mark.parametrize(
    "other",
    [
        "CREATE INDEX i ON t (a, b)",
        "CREATE INDEX i ON t (a DESC)",
        "CREATE INDEX i ON t (a) WHERE b",
        "CREATE INDEX i ON t (a) INCLUDE (b)",
        "CREATE INDEX i ON t (a text_pattern_ops)",
        "CREATE UNIQUE INDEX i ON t (a)",
        "CREATE INDEX i ON t USING hash (a)",
        "CREATE INDEX i ON s.t (a)",
    ],
)
def test_what_does_something_else_is_another_definition(other: str) -> None:
    assert read_definition(other) != read_definition("CREATE INDEX i ON t (a)")


def test_how_an_index_is_to_be_made_is_told_apart_from_what_it_is() -> None:
    (made,) = read_index_statements("CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON ONLY t (a)")
    assert isinstance(made, IndexStatement)
    assert (made.concurrently, made.only, made.if_not_exists) == (True, True, True)
    assert made.definition.create("i", concurrently=True, only=True) == (
        "CREATE INDEX CONCURRENTLY i ON ONLY t USING btree (a)"
    )


def test_drops_name_their_indexes() -> None:
    (dropped,) = read_index_statements('DROP INDEX CONCURRENTLY a.b, "C"')
    assert not isinstance(dropped, IndexStatement)
    assert dropped.names == (("a", "b"), ("", "C"))
    assert dropped.concurrently


@pytest.mark.parametrize(
    ("script", "line"), [("CREATE INDEX i ON t (a);\n\nDROP TABLE t", 3), ("CREATE INDEX i ON\nt (a,,b)", 1)]
)
def test_anything_else_is_an_error_with_its_line(script: str, line: int) -> None:
    with pytest.raises(SqlError) as caught:
        read_index_statements(script)
    assert caught.value.line == line
