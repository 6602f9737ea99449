"""The steps of an apply come in an order that can be done, and those of its undo take exactly them back."""

from dataclasses import replace

import pytest

from perfkit.apply.state import Definition, Index, Name, read_definition
from perfkit.apply.steps import Action, Part, Step, creation, numbered, removal

DEFINITION = Definition(unique=False, text="USING btree (a)")


def _name(name: str) -> Name:
    return Name("s", name)


def _part(table: str, parent: str = "", *, is_partitioned: bool = False, found: Index | None = None) -> Part:
    return Part(
        index=found.name if found else _name(f"{table}_idx"),
        table=_name(table),
        parent=_name(f"{parent}_idx") if parent else None,
        is_partitioned=is_partitioned,
        definition=DEFINITION,
        found=found,
    )


def _index(name: str, table: str, *, valid: bool = True, parent: str = "") -> Index:
    return Index(
        name=_name(name),
        table=_name(table),
        definition=DEFINITION,
        valid=valid,
        parent=_name(parent) if parent else None,
    )


def _told(steps: tuple[Step, ...]) -> list[str]:
    return [step.statement for step in steps]


NESTED = (
    _part("root", is_partitioned=True),
    _part("sub", "root", is_partitioned=True),
    _part("one", "root"),
    _part("two", "sub"),
)


def test_an_index_is_made_concurrently_and_dropped_so() -> None:
    group = creation([_part("t")])
    assert _told(group.do) == ["CREATE INDEX CONCURRENTLY t_idx ON s.t USING btree (a)"]
    assert _told(group.undo) == ["DROP INDEX CONCURRENTLY s.t_idx"]


def test_a_partitioned_index_is_made_of_its_parts_and_goes_before_them() -> None:
    group = creation(NESTED)
    assert _told(group.do) == [
        "CREATE INDEX root_idx ON ONLY s.root USING btree (a)",
        "CREATE INDEX sub_idx ON ONLY s.sub USING btree (a)",
        "CREATE INDEX CONCURRENTLY one_idx ON s.one USING btree (a)",
        "CREATE INDEX CONCURRENTLY two_idx ON s.two USING btree (a)",
        "ALTER INDEX s.sub_idx ATTACH PARTITION s.two_idx",
        "ALTER INDEX s.root_idx ATTACH PARTITION s.sub_idx",
        "ALTER INDEX s.root_idx ATTACH PARTITION s.one_idx",
    ]
    assert _told(group.undo) == [
        "DROP INDEX s.root_idx",
        "DROP INDEX s.sub_idx",
        "DROP INDEX CONCURRENTLY s.one_idx",
        "DROP INDEX CONCURRENTLY s.two_idx",
    ]
    assert [step.whole for step in group.do[:2]] == [None, _name("root")]


def test_an_equal_index_of_a_partition_is_used_and_made_again_by_the_undo() -> None:
    """It goes with the whole that it was attached to, and was there before."""
    own = _index("own", "one")
    group = creation((NESTED[0], _part("one", "root", found=own)))
    assert _told(group.do) == [
        "CREATE INDEX root_idx ON ONLY s.root USING btree (a)",
        "ALTER INDEX s.root_idx ATTACH PARTITION s.own",
    ]
    assert _told(group.undo) == [
        "DROP INDEX s.root_idx",
        "CREATE INDEX CONCURRENTLY own ON s.one USING btree (a)",
    ]


def test_an_invalid_equal_index_is_dropped_before_it_is_made() -> None:
    group = creation([_part("t", found=_index("half", "t", valid=False))])
    assert [step.action for step in group.do] == [Action.CLEAR, Action.CREATE]
    assert group.do[0].statement == "DROP INDEX CONCURRENTLY s.half"


def test_what_is_attached_already_is_not_attached_again() -> None:
    attached = _index("one_idx", "one", parent="root_idx")
    whole = Part(
        index=_name("root_idx"),
        table=_name("root"),
        parent=None,
        is_partitioned=True,
        definition=DEFINITION,
        found=_index("root_idx", "root", valid=False),
    )
    group = creation((whole, _part("one", "root", found=attached)))
    assert group.do == ()


def test_tables_are_analyzed_after_an_index_on_an_expression() -> None:
    group = creation(NESTED, has_expression=True)
    assert _told(group.do)[-2:] == ["ANALYZE s.one", "ANALYZE s.two"]


def test_a_dropped_index_comes_back_with_what_its_definition_does_not_hold() -> None:
    index = replace(_index("i", "t"), further=("COMMENT ON INDEX s.i IS 'old'",), has_expression=True)
    group = removal([index])
    assert _told(group.do) == ["DROP INDEX CONCURRENTLY s.i"]
    assert _told(group.undo)[1:] == ["COMMENT ON INDEX s.i IS 'old'", "ANALYZE s.t"]


def test_an_invalid_index_is_not_made_again() -> None:
    assert removal([_index("i", "t", valid=False)]).undo == ()


def test_the_last_change_is_taken_back_first_and_only_what_was_begun() -> None:
    steps = numbered([creation(NESTED), creation([_part("t")])])
    assert [step.since for step in steps.undo] == [7, 0, 0, 0, 0]
    assert steps.undo[0].index == _name("t_idx")


@pytest.mark.parametrize(
    ("begin", "text"),
    [
        ("CREATE INDEX i ON s.t", "USING btree (a)"),
        ("CREATE INDEX i ON ONLY s.t", "USING hash (a)"),
        ('CREATE INDEX " USING ""x""" ON "a.b"."USING\n"', "USING gin (c)"),
        ("CREATE INDEX é ON s.t", "USING btree (\"USING\") WHERE (a = ' USING '::text)"),
    ],
)
def test_a_definition_of_the_server_is_told_apart_from_its_names(begin: str, text: str) -> None:
    assert read_definition(f"{begin} {text}") == Definition(unique=False, text=text)
    begin = begin.replace("CREATE", "CREATE UNIQUE", 1)
    assert read_definition(f"{begin} {text}") == Definition(unique=True, text=text)


def test_a_tablespace_stands_before_the_condition() -> None:
    definition = Definition(
        False, "USING btree ((a || ' WHERE '::text)) WITH (fillfactor='70') WHERE (b > 1)"
    )
    assert definition.create(_name("i"), _name("t"), tablespace="Fast") == (
        "CREATE INDEX CONCURRENTLY i ON s.t USING btree ((a || ' WHERE '::text)) WITH (fillfactor='70') "
        'TABLESPACE "Fast" WHERE (b > 1)'
    )
    assert (
        Definition(unique=True, text="USING btree (a)")
        .create(_name("i"), _name("t"), tablespace="x")
        .endswith("(a) TABLESPACE x")
    )
