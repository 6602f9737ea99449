"""Write cost: who pays for an index, and when an update does."""

import pytest

from perfkit.indexes import thresholds
from perfkit.indexes.workload import TableWrite, WriteKind
from perfkit.indexes.write_cost import sets_a_column_of, write_ms_per_minute
from perfkit.syntax.index import IndexDefinition, read_definition

ENTRY_MS, VACUUM_MS = thresholds.ENTRY_MS["btree"], thresholds.VACUUM_MS["btree"]


def _index(rest: str) -> IndexDefinition:
    return read_definition(f"CREATE INDEX ON public.gift {rest}")


YEAR, CITY = _index("(year)"), _index("(city)")


def _ms(
    kind: WriteKind,
    *indexes: IndexDefinition,
    columns: tuple[str, ...] = (),
    brin_ends_heap_only: bool = False,
) -> float:
    write = TableWrite(
        table="public.gift",
        kind=kind,
        rows=10,
        columns=frozenset(columns),
        brin_ends_heap_only=brin_ends_heap_only,
    )
    return write_ms_per_minute([(60.0, write)], indexes)


def test_an_insert_pays_for_every_index_by_calls_and_rows() -> None:
    assert _ms(WriteKind.INSERT, YEAR, CITY) == pytest.approx(600 * 2 * ENTRY_MS)


def test_a_delete_pays_for_the_vacuum_of_every_index() -> None:
    assert _ms(WriteKind.DELETE, YEAR, CITY) == pytest.approx(600 * 2 * VACUUM_MS)


def test_an_update_of_no_indexed_column_is_heap_only_and_free() -> None:
    assert _ms(WriteKind.UPDATE, YEAR, CITY, columns=("note",)) == 0


def test_an_update_of_one_indexed_column_pays_for_all_indexes() -> None:
    assert _ms(WriteKind.UPDATE, YEAR, CITY, columns=("city",)) == pytest.approx(
        600 * 2 * (ENTRY_MS + VACUUM_MS)
    )


def test_a_brin_index_leaves_updates_heap_only() -> None:
    brin = _index("USING brin (city)")
    expected = 600 * (thresholds.ENTRY_MS["brin"] + thresholds.VACUUM_MS["brin"])
    assert _ms(WriteKind.UPDATE, YEAR, brin, columns=("city",)) == pytest.approx(expected)


def test_a_brin_index_ends_heap_only_updates_where_the_server_spares_no_index() -> None:
    brin = _index("USING brin (city)")
    each_ms = [thresholds.ENTRY_MS[method] + thresholds.VACUUM_MS[method] for method in ("btree", "brin")]
    taken_ms = _ms(WriteKind.UPDATE, YEAR, brin, columns=("city",), brin_ends_heap_only=True)
    assert taken_ms == pytest.approx(600 * sum(each_ms))


def test_a_trigram_index_costs_more_than_a_plain_one_of_its_kind() -> None:
    plain, trigrams = _index("USING gin (labels)"), _index("USING gin (name gin_trgm_ops)")
    assert _ms(WriteKind.INSERT, trigrams) > _ms(WriteKind.INSERT, plain) > 0
    assert _ms(WriteKind.DELETE, trigrams) > _ms(WriteKind.DELETE, plain) > 0


def test_an_entry_in_gin_s_pending_list_has_to_be_moved_later() -> None:
    entry_ms, vacuum_ms = thresholds.ENTRY_MS["gin"], thresholds.VACUUM_MS["gin"]
    assert _ms(WriteKind.INSERT, _index("USING gin (labels)")) == pytest.approx(600 * (entry_ms + vacuum_ms))


@pytest.mark.parametrize(
    "rest",
    [
        '("Name")',
        '(lower("Name"))',
        '(year) INCLUDE ("Name")',
        '(year) WHERE "Name" IS NOT NULL',
        'USING gin ("Name" gin_trgm_ops)',
    ],
)
def test_a_column_counts_wherever_the_index_has_it(rest: str) -> None:
    assert sets_a_column_of(_index(rest), frozenset({"Name"}))
    assert not sets_a_column_of(_index(rest), frozenset({"name", "nam", "other"}))
