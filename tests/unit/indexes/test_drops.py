"""Drops: what can go is told with its proof, and nothing goes that a case, a rule or an unseen reader needs."""

from collections.abc import Mapping, Sequence

import pytest

from perfkit.indexes.drops import DropKind, Drops, Usage, find_drops
from perfkit.indexes.existing import existing_indexes
from perfkit.indexes.workload import TableWrite, WorkloadCase, WriteKind
from perfkit.plan.tables import ForeignKey, Table, TableIndex
from perfkit.syntax.index import IndexDefinition, read_definition
from tests.unit.indexes.exact_planner import ExactPlanner, Way, case, index, way

MB = 1024**2
TRUSTED = Usage(age_days=30.0, has_replicas=False)
YEAR, YEAR_CITY = index("year"), index("year", "city")


def _index(
    name: str, rest: str, *, unique: bool = False, constraint: str = "", valid: bool = True, scans: int | None = 5,
    size_bytes: int = 8 * MB, held: bool = False,
) -> TableIndex:  # fmt: skip
    create = f"CREATE {'UNIQUE ' if unique else ''}INDEX {name} ON public.gift {rest}"
    return TableIndex(
        name=name,
        definition=create,
        valid=valid,
        unique=unique,
        constraint=constraint,
        size_bytes=size_bytes,
        scans=scans,
        held=held,
    )


def _drops(
    *indexes: TableIndex,
    cases: Sequence[WorkloadCase] = (),
    ways: Mapping[str, Sequence[Way]] | None = None,
    usage: Usage = TRUSTED,
    chosen: Sequence[IndexDefinition] = (),
    table: Mapping[str, object] | None = None,
) -> Drops:
    gift = Table(
        schema="public",
        name="gift",
        rows=1e6,
        pages=10_000,
        columns={},
        indexes=indexes,
        **(table or {}),  # type: ignore[arg-type]  # fields by name
    )
    existing = existing_indexes([gift])
    planner = ExactPlanner(ways=ways or {})
    return find_drops(existing, {"public.gift": gift}, cases, planner, frozenset(chosen), usage)


def _names(drops: Drops) -> list[tuple[str, DropKind]]:
    return [(drop.name, drop.kind) for drop in drops.drops]


def test_of_two_equal_indexes_the_one_that_is_used_less_goes() -> None:
    found = _drops(_index("a", "(year)", scans=3), _index("b", "(year)", scans=9))
    assert _names(found) == [("public.a", DropKind.DUPLICATE)]
    assert found.drops[0].instead == "public.b"
    assert found.drops[0].create == "CREATE INDEX a ON public.gift (year)"


def test_an_index_that_a_wider_one_serves_goes_and_the_widest_is_named() -> None:
    found = _drops(
        _index("a", "(year)"), _index("b", "(year, city)"), _index("c", "(year, city, name)", scans=0)
    )
    assert _names(found) == [("public.a", DropKind.REDUNDANT), ("public.b", DropKind.REDUNDANT)]
    assert {drop.instead for drop in found.drops} == {"public.c"}


def test_a_copy_of_the_primary_key_goes_and_the_key_never_does() -> None:
    found = _drops(
        _index("pk", "(id)", unique=True, constraint="pk", scans=0), _index("copy", "(id)", scans=10_000)
    )
    assert _names(found) == [("public.copy", DropKind.REDUNDANT)]


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        (_index("a", "(year)", unique=True), _index("b", "(year, city)")),
        (_index("a", "(year)", constraint="a"), _index("b", "(year, city)")),
        (_index("a", "(year)"), _index("b", "(year, city)", valid=False)),
        (_index("a", "(year)", valid=False), _index("b", "(year, city)")),
        (_index("a", "(year)", held=True), _index("b", "(year, city)")),
        (_index("a", "(year) WHERE open"), _index("b", "(year, city)")),
        (_index("a", "(name text_pattern_ops)"), _index("b", "(name, city)")),
        (_index("a", "(year) INCLUDE (name)"), _index("b", "(year, city)")),
    ],
)
def test_what_keeps_a_rule_or_serves_more_stays(narrow: TableIndex, wide: TableIndex) -> None:
    assert _drops(narrow, wide).drops == ()


def test_an_unused_index_goes_with_the_age_of_the_count() -> None:
    found = _drops(_index("a", "(year)", scans=0))
    assert _names(found) == [("public.a", DropKind.UNUSED)]
    assert found.drops[0].proof == (
        "no scan in 30 days or since it was made, no standby that is known of, 8.0 MB"
    )


@pytest.mark.parametrize(
    ("usage", "reason"),
    [
        (Usage(age_days=None, has_replicas=False), "unused: it is not known since when scans are counted"),
        (Usage(age_days=6.9, has_replicas=False), "unused: scans are counted for 6.9 days only"),
        (
            Usage(age_days=30.0, has_replicas=None),
            "unused: it is not known whether the server has standbys that use it",
        ),
        (
            Usage(age_days=30.0, has_replicas=True),
            "unused: the server has standbys, whose use of this index is not counted here",
        ),
    ],
)
def test_a_count_that_cannot_be_trusted_proves_nothing(usage: Usage, reason: str) -> None:
    found = _drops(_index("a", "(year)", scans=0), usage=usage)
    assert found.drops == ()
    assert [kept.reason for kept in found.kept] == [reason]


@pytest.mark.parametrize(
    "kept",
    [
        _index("a", "(year)", scans=1),
        _index("a", "(year)", scans=None),
        _index("a", "(year)", scans=0, unique=True),
        _index("a", "(year)", scans=0, constraint="a"),
        _index("a", "(year)", scans=0, held=True),
        _index("a", "(year)", scans=0, size_bytes=MB - 1),
    ],
)
def test_an_index_that_is_used_a_rule_or_small_is_not_unused(kept: TableIndex) -> None:
    assert _drops(kept).drops == ()


def test_an_index_that_serves_in_another_s_place_is_not_unused() -> None:
    found = _drops(_index("a", "(year)", scans=9), _index("b", "(year, city)", scans=0))
    assert _names(found) == [("public.a", DropKind.REDUNDANT)]


def test_an_index_that_deletes_need_for_a_foreign_key_stays() -> None:
    foreign = ForeignKey(
        columns=("person_id",), referenced="public.person", referenced_columns=("id",), on_delete="c"
    )
    found = _drops(_index("a", "(person_id)", scans=0), table={"foreign_keys": (foreign,)})
    assert found.drops == ()
    assert [kept.reason for kept in found.kept] == ["unused: deletes in public.person would need it"]


ESTIMATED = (
    "unused: the planner estimates lower(name) by its statistics:"
    " CREATE STATISTICS … ON (lower(name)) FROM public.gift, and ANALYZE it, first"
)


@pytest.mark.parametrize(
    "beside", [_index("b", "(lower(name)) WHERE open"), _index("b", "(lower(name), city)", valid=False)]
)
def test_an_index_stays_when_nothing_else_tells_how_the_values_of_its_expression_are_spread(
    beside: TableIndex,
) -> None:
    found = _drops(_index("a", "(lower(name), year)", scans=0), beside)
    assert found.drops == ()
    assert [kept.reason for kept in found.kept] == [ESTIMATED]


def test_an_unused_index_goes_when_extended_statistics_or_another_index_tell_of_its_expression() -> None:
    unused = _index("a", "((amount + year))", scans=0)
    names = [("public.a", DropKind.UNUSED)]
    assert _names(_drops(unused, table={"expressions": ("(amount + year)",)})) == names
    assert _names(_drops(unused, _index("b", "(city, (amount + year))"))) == names
    assert _names(_drops(_index("a", "(lower(name)) WHERE open", scans=0))) == names


def test_of_two_unused_indexes_that_tell_of_an_expression_one_stays() -> None:
    found = _drops(_index("a", "(lower(name), year)", scans=0), _index("b", "(lower(name), city)", scans=0))
    assert _names(found) == [("public.a", DropKind.UNUSED)]
    assert [(kept.name, kept.reason) for kept in found.kept] == [("public.b", ESTIMATED)]


def test_an_index_on_an_expression_goes_for_a_wider_or_a_new_one() -> None:
    lower = "(lower(name))"
    found = _drops(_index("a", lower), _index("b", "(lower(name), city)"))
    assert _names(found) == [("public.a", DropKind.REDUNDANT)]
    new = read_definition("CREATE INDEX ON public.gift (lower(name), city)")
    assert _names(_drops(_index("a", lower), chosen=[new])) == [("public.a", DropKind.REPLACED)]


@pytest.mark.parametrize("table", [{"is_partitioned": True}, {"partition_of": "public.gifts"}])
def test_an_index_of_a_partition_or_its_parent_stays(table: Mapping[str, object]) -> None:
    assert _drops(_index("a", "(year)", scans=0), table=table).drops == ()


def test_an_index_of_a_table_that_inherits_is_not_told_to_be_unused_but_to_be_there_twice() -> None:
    assert _drops(_index("a", "(year)", scans=0), table={"is_child": True}).drops == ()
    found = _drops(_index("a", "(year)"), _index("b", "(year)"), table={"is_child": True})
    assert _names(found) == [("public.b", DropKind.DUPLICATE)]


def test_no_index_goes_that_a_case_would_be_slower_without() -> None:
    ways = {"yearly": (way(1_000), way(10, existing=["public.a"]))}
    found = _drops(_index("a", "(year)", scans=0), cases=[case("yearly")], ways=ways)
    assert found.drops == ()
    assert [kept.reason for kept in found.kept] == [
        "unused: yearly would cost 100.00 times as much without it"
    ]


def test_two_indexes_that_stand_in_for_each_other_do_not_both_go() -> None:
    ways = {"yearly": (way(1_000), way(10, existing=["public.a"]), way(10, existing=["public.b"]))}
    found = _drops(
        _index("a", "(year, city)", scans=0),
        _index("b", "(year, name)", scans=0),
        cases=[case("yearly")],
        ways=ways,
    )
    assert _names(found) == [("public.a", DropKind.UNUSED)]


def test_an_index_that_a_new_one_goes_on_from_is_replaced_by_it() -> None:
    ways = {"yearly": (way(100, existing=["public.a"]), way(10, YEAR_CITY))}
    found = _drops(_index("a", "(year)"), cases=[case("yearly", YEAR_CITY)], ways=ways, chosen=[YEAR_CITY])
    assert _names(found) == [("public.a", DropKind.REPLACED)]
    assert found.drops[0].instead == "CREATE INDEX ON public.gift USING btree (year, city)"


def test_a_drop_tells_what_writes_are_spared() -> None:
    write = TableWrite(table="public.gift", kind=WriteKind.INSERT, rows=1_000)
    importing = WorkloadCase(id="import", weight=1.0, measured_ms=100.0, reads=frozenset(), writes=(write,))
    found = _drops(_index("a", "(year)", scans=0), cases=[importing], ways={"import": (way(10),)})
    assert found.drops[0].saved_write_ms > 0
