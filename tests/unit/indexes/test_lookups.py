"""Lookups: which foreign keys a deletion looks rows up by, and how its time is shared among those without an index."""

import pytest

from perfkit.indexes.lookups import Lookup, lookup_statement, lookups
from perfkit.plan.model import Node, Plan, Trigger
from perfkit.plan.tables import Column, ForeignKey, Table, TableIndex, Tables
from perfkit.syntax.index import read_definition

PERSON = ("s.person",)


def _table(name: str, *keys: ForeignKey, schema: str = "s", pages: int = 100, index: str = "") -> Table:
    column = Column(name="id", type="bigint", type_name="int8", category="N")
    made = TableIndex(
        name="i", definition=index, valid=True, unique=False, constraint="", size_bytes=0, scans=None
    )
    return Table(
        schema=schema, name=name, rows=1e4, pages=pages, columns={"id": column}, foreign_keys=keys,
        indexes=(made,) if index else (),
    )  # fmt: skip


def _key(to: str, name: str, *, schema: str = "s", on_delete: str = "a") -> ForeignKey:
    return ForeignKey(
        columns=(f"{to}_id",),
        referenced=f"{schema}.{to}",
        referenced_columns=("id",),
        on_delete=on_delete,
        name=name,
    )


def _tables(*tables: Table) -> Tables:
    return Tables(tables={table.qualified_name: table for table in tables})


def _plan(*triggers: Trigger) -> Plan:
    return Plan(root=Node(type="ModifyTable"), execution_ms=100.0, triggers=triggers)


def _trigger(constraint: str, relation: str, time_ms: float | None, kind: str = "a") -> Trigger:
    return Trigger(
        name=f"RI_ConstraintTrigger_{kind}_1",
        constraint=constraint,
        relation=relation,
        time_ms=time_ms,
        calls=1,
    )


def test_a_deletion_spends_its_trigger_s_time_on_the_referring_table() -> None:
    tables = _tables(_table("person"), _table("gift", _key("person", "gift_person")))
    (lookup,) = lookups(_plan(_trigger("gift_person", "person", 90.0)), PERSON, tables)
    assert (lookup.table, lookup.columns, lookup.share) == ("s.gift", ("person_id",), 0.9)
    assert lookup.is_served_by(read_definition("CREATE INDEX ON s.gift (person_id, day)"))
    assert not lookup.is_served_by(read_definition("CREATE INDEX ON s.gift (day, person_id)"))
    assert not lookup.is_served_by(read_definition("CREATE INDEX ON s.gift (person_id) WHERE day > 1"))
    assert not lookup.is_served_by(read_definition("CREATE INDEX ON s.letter (person_id)"))


def test_a_lookup_with_an_index_or_without_times_has_no_share() -> None:
    index = "CREATE INDEX i ON s.gift (person_id)"
    indexed = _tables(_table("person"), _table("gift", _key("person", "gift_person"), index=index))
    bare = _tables(_table("person"), _table("gift", _key("person", "gift_person")))
    for tables, time_ms in ((indexed, 90.0), (bare, None)):
        (lookup,) = lookups(_plan(_trigger("gift_person", "person", time_ms)), PERSON, tables)
        assert lookup.share == 0.0


def test_what_a_cascade_deletes_is_looked_for_too_and_shares_the_time_by_size() -> None:
    tables = _tables(
        _table("person"),
        _table("gift", _key("person", "gift_person", on_delete="c"), pages=300),
        _table("receipt", _key("gift", "receipt_gift"), pages=100),
    )
    found = lookups(_plan(_trigger("gift_person", "person", 80.0)), PERSON, tables)
    assert {each.table: round(each.share, 6) for each in found} == {"s.gift": 0.6, "s.receipt": 0.2}


def _tenant(schema: str, *, on_delete: str = "a") -> tuple[Table, ...]:
    return (
        _table("person", schema=schema),
        _table("gift", _key("person", "gift_person", schema=schema, on_delete=on_delete), schema=schema),
        _table("receipt", _key("gift", "receipt_gift", schema=schema), schema=schema),
    )


@pytest.mark.parametrize("schema", ["one", "two", "three.b"])
def test_of_schemas_that_are_alike_the_one_that_is_written_to_is_looked_at(schema: str) -> None:
    tables = _tables(*_tenant("one"), *_tenant("two"), *_tenant("three.b"))
    (lookup,) = lookups(_plan(_trigger("gift_person", "person", 90.0)), (f"{schema}.person",), tables)
    assert (lookup.table, lookup.referenced) == (f"{schema}.gift", f"{schema}.person")


def test_the_triggers_of_what_a_cascade_deletes_are_told_apart_too() -> None:
    tables = _tables(*_tenant("one", on_delete="c"), *_tenant("two", on_delete="c"))
    plan = _plan(_trigger("gift_person", "person", 10.0), _trigger("receipt_gift", "gift", 80.0))
    found = lookups(plan, ("two.person",), tables)
    assert {each.table: round(each.share, 6) for each in found} == {"two.gift": 0.05, "two.receipt": 0.85}


def test_the_check_of_a_new_row_and_a_trigger_of_the_user_are_no_lookups() -> None:
    tables = _tables(_table("person"), _table("gift", _key("person", "gift_person")))
    own = Trigger(name="audit", constraint=None, relation="person", time_ms=50.0, calls=1)
    assert lookups(_plan(_trigger("gift_person", "gift", 90.0, "c"), own), PERSON, tables) == ()


def test_tables_that_refer_to_themselves_in_a_circle_end() -> None:
    tables = _tables(_table("person", _key("person", "person_boss", on_delete="c")))
    found = lookups(_plan(_trigger("person_boss", "person", 90.0)), PERSON, tables)
    assert [each.share for each in found] == [0.9]


def test_a_lookup_is_planned_for_values_that_nobody_knows() -> None:
    tables = _tables(_table("person"), _table("gift", _key("person", "gift_person")))
    lookup = Lookup(table="s.gift", columns=("person_id",), referenced="s.person", referenced_columns=("id",))
    expected = "SELECT 1 FROM ONLY s.gift AS x WHERE x.person_id = (SELECT NULL::bigint)"
    assert lookup_statement(lookup, tables).text == expected
