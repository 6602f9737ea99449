"""Where fields go: by their names however they are spelt, by what is mapped, and never by chance."""

import pytest

from perfkit.bench.imports.layout import Layout, layout_of
from perfkit.bench.imports.table import Column, ImportTable
from perfkit.errors import UsageError


def column(
    name: str, *, not_null: bool = False, default: str | None = None, generated: bool = False
) -> Column:
    return Column(
        name=name,
        type="text",
        base="text",
        is_text=True,
        not_null=not_null,
        generated=generated,
        identity=False,
        default=default,
    )


PEOPLE = ImportTable(
    schema="office",
    name="people",
    qualified_name="office.people",
    pages=0,
    rows=0,
    is_partitioned=False,
    columns=(
        column("family_name", not_null=True),
        column("Given Name"),
        column("language", not_null=True, default="'en'"),
        column("search", generated=True),
    ),
    indexes=(),
    triggers=(),
    foreign_keys=(),
    checks=(),
)


def layout(
    *header: str, mapping: dict[str, str] | None = None, values: dict[str, str] | None = None
) -> Layout:
    return layout_of(header, PEOPLE, mapping=mapping or {}, values=values or {})


def test_names_are_the_same_however_they_are_spelt() -> None:
    found = layout("Family Name", "given_name", "shoe size")
    assert found.field_of == {"family_name": "Family Name", "Given Name": "given_name"}
    assert (found.columns, found.ignored) == (("family_name", "Given Name"), ("shoe size",))


def test_a_field_is_mapped_and_a_value_set() -> None:
    found = layout("surname", "code", mapping={"surname": "family_name"}, values={"language": "lower(code)"})
    assert found.field_of == {"family_name": "surname"}
    assert found.columns == ("family_name", "language")
    assert found.ignored == ()


def test_a_value_that_is_set_goes_before_a_field() -> None:
    found = layout("family_name", values={"family_name": "'Doe'"})
    assert (dict(found.field_of), found.columns) == ({}, ("family_name",))


def test_names_that_no_column_can_have_are_replaced() -> None:
    assert layout("family_name", "", "x" * 64).fields == ("family_name", "field_2", "field_3")


@pytest.mark.parametrize(
    ("header", "mapping", "problem"),
    [
        (["Given Name"], {}, "must have family_name"),
        (["shoe size"], {}, "no field of the file is a column"),
        (["family_name", "family_name"], {}, "names family_name twice"),
        (["family_name", "Family Name"], {}, "both family_name and Family Name"),
        (["family_name"], {"surname": "family_name"}, "no field surname"),
        (["surname"], {"surname": "nowhere"}, "no column nowhere"),
        (["search"], {}, "no field of the file is a column"),
    ],
)
def test_what_cannot_be_placed_is_told(header: list[str], mapping: dict[str, str], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        layout(*header, mapping=mapping)
