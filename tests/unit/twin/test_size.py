"""The size of an index, from facts alone; the numbers of b-trees are those that PostgreSQL builds."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.twin.size import IndexColumn, IndexFacts, Statistics, estimate_size
from perfkit.twin.size.facts import Elements, Sample
from perfkit.twin.size.gin_keys import keys_of

MILLION = 1_000_000


def column(length: int = 4, **changes: Any) -> IndexColumn:
    statistics = Statistics(null_share=0, width_bytes=length if length > 0 else 12, distinct=MILLION)
    given: dict[str, Any] = {
        "type_name": "int4",
        "operator_class": "int4_ops",
        "can_deduplicate": True,
    } | changes
    return IndexColumn(
        length_bytes=length,
        alignment_bytes=4,
        statistics=replace(statistics, **given.pop("statistics", {})),
        **given,
    )


def facts(*columns: IndexColumn, rows: float = MILLION, **changes: Any) -> IndexFacts:
    given: dict[str, Any] = {
        "method": "btree",
        "unique": False,
        "key_count": len(columns),
        "heap_pages": 4425,
    } | changes
    return IndexFacts(columns=columns, rows=rows, heap_rows=rows, **given)


def statistics(**changes: Any) -> dict[str, Any]:
    return {"statistics": changes}


def test_a_b_tree_of_a_million_different_integers_is_what_postgresql_builds() -> None:
    size = estimate_size(facts(column()))
    assert (size.pages, size.height, size.tuples) == (2745, 2, MILLION)
    assert size.size_bytes == 2745 * 8192


def test_ten_values_are_stored_as_posting_lists() -> None:
    # 1,188 rows a leaf: nine posting lists of 132
    assert estimate_size(
        facts(column(**statistics(distinct=10, common_shares=(0.1,) * 10)))
    ).pages == pytest.approx(845, abs=5)


@pytest.mark.parametrize(
    "changes",
    [{"unique": True}, {"storage": {"deduplicate_items": "off"}}],
    ids=["unique", "told not to"],
)
def test_some_b_trees_do_not_deduplicate(changes: dict[str, Any]) -> None:
    few = column(**statistics(distinct=10, common_shares=(0.1,) * 10))
    # A little more than a million different integers take: pivots need the row to tell their neighbours apart.
    assert 2745 < estimate_size(facts(few, **changes)).pages < 2755


def test_no_b_tree_deduplicates_values_that_are_equal_but_not_the_same() -> None:
    numeric = column(-1, can_deduplicate=False, **statistics(distinct=10, common_shares=(0.1,) * 10))
    assert estimate_size(facts(numeric)).pages > 3_000


def test_included_columns_prevent_deduplication() -> None:
    few = column(**statistics(distinct=10, common_shares=(0.1,) * 10))
    assert estimate_size(facts(few, column(), key_count=1)).pages > 2_700


def test_nulls_are_one_posting_list_after_another() -> None:
    mostly_null = column(**statistics(null_share=0.99, distinct=10_000))
    assert estimate_size(facts(mostly_null)).pages < 900


def test_rows_that_no_statistics_account_for_are_not_lost() -> None:
    half = column(**statistics(distinct=1, common_shares=(0.5,)))
    assert estimate_size(facts(half)).pages == pytest.approx(845, abs=5)


def test_a_lower_fillfactor_makes_a_larger_index() -> None:
    assert estimate_size(facts(column(), storage={"fillfactor": "45"})).pages > 2 * 2700


def test_an_empty_b_tree_is_its_metapage() -> None:
    assert estimate_size(facts(column(), rows=0)).pages == 1


def test_columns_that_depend_on_one_another_make_fewer_groups_where_statistics_say_so() -> None:
    both = (column(**statistics(distinct=1_000)), column(**statistics(distinct=1_000)))
    independent = estimate_size(facts(*both))
    assert estimate_size(facts(*both, distinct=1_000)).pages < 0.5 * independent.pages
    assert estimate_size(facts(*both, distinct=10 * MILLION)) == independent


def test_a_unique_column_beside_another_leaves_nothing_to_share() -> None:
    few = column(**statistics(distinct=10, common_shares=(0.1,) * 10))
    assert estimate_size(facts(few, column())).pages == 2745


@given(
    st.floats(1, 1e9), st.floats(1, 1e9), st.floats(0, 1), st.sampled_from(["btree", "gin", "hash", "gist"])
)
def test_a_size_is_never_absurd(rows: float, distinct: float, nulls: float, method: str) -> None:
    key = column(**statistics(distinct=min(rows, distinct), null_share=nulls))
    size = estimate_size(facts(key, rows=rows, method=method))
    assert 1 <= size.pages <= 10 + rows


@given(st.floats(1, 1e8), st.floats(1, 1e6))
def test_more_rows_never_make_a_b_tree_smaller(rows: float, distinct: float) -> None:
    key = column(**statistics(distinct=min(rows, distinct)))
    assert estimate_size(facts(key, rows=rows)).pages <= estimate_size(facts(key, rows=1.5 * rows)).pages + 1


def test_brin_has_a_tuple_a_range() -> None:
    size = estimate_size(
        facts(column(8), method="brin", heap_pages=100_000, storage={"pages_per_range": "8"})
    )
    assert (size.tuples, size.revmap_pages) == (12_500, 10)
    assert size.pages == 1 + 10 + 43  # 291 tuples of 28 bytes a page


def test_hash_makes_buckets_for_the_rows_and_overflows_for_what_is_common() -> None:
    even = estimate_size(facts(column(), method="hash"))
    assert even.pages == pytest.approx(3586, rel=0.02)  # 3,584 buckets
    skewed = column(**statistics(distinct=1_000, common_shares=(0.5,)))
    assert estimate_size(facts(skewed, method="hash")).pages > even.pages + 1_000


def test_gin_keeps_what_is_null_or_empty_under_a_key_of_its_own() -> None:
    elements = Elements(texts=("a",), shares=(0.1,), average_count=0.1, empty_share=0.9)
    tags = column(-1, operator_class="array_ops", **statistics(null_share=0.5, elements=elements))
    shares = sorted(keys.share for keys in keys_of(tags, MILLION))
    assert shares == pytest.approx([0.05, 0.45, 0.5])


def test_gin_cuts_words_into_trigrams() -> None:
    samples = (Sample(text="Ada", share=1, distinct=1, width_bytes=4),)
    name = column(-1, operator_class="gin_trgm_ops", **statistics(samples=samples))
    assert sum(keys.count for keys in keys_of(name, 100)) == 4  # "  a", " ad", "ada", "da "


@pytest.mark.parametrize(("operator_class", "count"), [("jsonb_ops", 5), ("jsonb_path_ops", 3)])
def test_gin_indexes_keys_of_a_document_or_paths_to_its_values(operator_class: str, count: int) -> None:
    text = '{"city": "Oslo", "likes": ["rowing", "chess"]}'
    samples = tuple(Sample(text=text, share=0.25, distinct=1, width_bytes=60) for _ in range(4))
    profile = column(-1, operator_class=operator_class, **statistics(samples=samples))
    found = keys_of(profile, 100)
    assert sum(keys.count for keys in found) == count
    assert all(keys.share == 1 for keys in found)


def test_gin_gives_a_key_of_many_rows_a_tree_of_its_own() -> None:
    elements = Elements(texts=("rare", "common"), shares=(0.0001, 0.9), average_count=0.9)
    size = estimate_size(
        facts(column(-1, operator_class="array_ops", **statistics(elements=elements)), method="gin")
    )
    assert size.gin is not None
    assert size.gin.entries == 2
    assert size.gin.entry_pages == 1
    assert 100 < size.gin.data_pages < 140
    assert size.pages == 1 + size.gin.entry_pages + size.gin.data_pages


def test_an_unknown_access_method_has_a_size_all_the_same() -> None:
    assert 1_000 < estimate_size(facts(column(), method="spgist")).pages < 10_000
