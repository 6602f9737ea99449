"""Rows that could not be written beside an index: told of casts that may fail and of keys that may be too long, of no others."""

import pytest

from perfkit.indexes.unwritable import unwritable
from perfkit.syntax.index import read_definition
from tests.unit.indexes.candidate_tables import column, database, table

_COLUMNS = (
    column("year"),
    column("amount", "numeric"),
    column("name", "text"),
    column("Long Name", "text", longest_known=201),
    column("city", "text", longest_known=200),
    column("code", "varchar", type="character varying(20)"),
    column("profile", "jsonb"),
)
SHORT = database(table("gift", 100_000, *_COLUMNS))
LONG = database(table("gift", 100_000, *_COLUMNS, toast_pages=1))


@pytest.mark.parametrize(
    ("rest", "types"),
    [
        ("(((profile ->> 'n')::int4), year)", ["int4"]),
        ("(year) WHERE (profile ->> 'n')::numeric > year AND name::uuid IS NOT NULL", ["numeric", "uuid"]),
        ("((amount::int4))", ["int4"]),
        ("(((profile -> 'n')::int4), (lower(name::inet::text)))", ["int4", "inet"]),
        ("((year::numeric), (year::text), (code::text), (lower(name)))", []),
        ("(year) WHERE name = 'x'::text AND year IN (1, '2'::int4)", []),
    ],
)
def test_a_cast_that_not_every_value_takes_is_told(rest: str, types: list[str]) -> None:
    told = unwritable(read_definition(f"CREATE INDEX ON public.gift {rest}"), SHORT)
    assert told == tuple(f"a row whose value is no {each} can then not be written" for each in types)


@pytest.mark.parametrize(
    ("rest", "names"),
    [
        ("(name, year)", "name"),
        ('(year, name, "Long Name")', 'name and "Long Name"'),
        ("((lower(name)))", "lower(name)"),
        ("((left(lower(name), 3)), (lower(city)), (lower(profile ->> 'n')))", ""),
        ("(year, code, city)", ""),
        ("USING gin (profile)", ""),
        ("USING hash (name)", ""),
    ],
)
def test_a_key_of_any_length_is_told_where_the_table_has_long_values(rest: str, names: str) -> None:
    definition = read_definition(f"CREATE INDEX ON public.gift {rest}")
    assert unwritable(definition, SHORT) == ()
    told = (
        f"a row whose {names} takes more than 2,704 bytes can then not be written, and public.gift has long values",
    )
    assert unwritable(definition, LONG) == (told if names else ())
