"""The counts of a GIN metapage follow from what the planner charges for a few keys, many, and all."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.db.gin_probe import GinCosts, gin_counts

KEYS = (2, 4, 32)
ROWS = 10_000.0


def _costs(pending: int, entry_pages: int, data_pages: int, entries: int) -> tuple[GinCosts, GinCosts]:
    """Return what gincostestimate of 16 and later charges in pages, and in comparisons."""
    reads = round(entry_pages**0.15)
    comparisons = math.ceil(math.log2(entries)) if entries > 1 else 0
    data = [max(1, math.ceil(data_pages * keys / entries)) for keys in KEYS]
    pages = [pending + keys * reads + more for keys, more in zip(KEYS, data, strict=True)]
    cpu = [
        2 * (keys * comparisons + 50 * (pending + keys * reads)) + 50 * (keys + more) + keys**2
        for keys, more in zip(KEYS, data, strict=True)
    ]
    everything = pending + entries * reads + max(data_pages, math.ceil(ROWS / 2730))
    return GinCosts(pages[0], pages[1], pages[2], everything), GinCosts(cpu[0], cpu[1], cpu[2], None)


@given(
    pending=st.integers(0, 50),
    entry_pages=st.integers(1, 20_000),
    entries_a_page=st.integers(20, 300),
    data_pages=st.integers(0, 20),
)
def test_the_cost_of_all_keys_tells_entries_and_pages(
    pending: int, entry_pages: int, entries_a_page: int, data_pages: int
) -> None:
    entries = max(entry_pages * entries_a_page, data_pages * 64)
    pages, cpu = _costs(pending, entry_pages, data_pages, entries)
    counts = gin_counts(pages, cpu, blocks=1 + pending + entry_pages + data_pages, rows=ROWS)
    assert counts
    assert counts["gin_pending_pages"] == pending
    assert counts["gin_entries"] == pytest.approx(entries, rel=0.05, abs=12)
    assert round(counts["gin_entry_pages"] ** 0.15) == round(entry_pages**0.15)


@given(entry_pages=st.integers(1, 20_000), entries_a_page=st.integers(20, 300))
def test_the_comparisons_tell_the_size_of_the_entry_tree_where_all_keys_cannot_be_asked_for(
    entry_pages: int, entries_a_page: int
) -> None:
    entries = entry_pages * entries_a_page
    pages, cpu = _costs(0, entry_pages, 0, entries)
    counts = gin_counts(pages._replace(all=None), cpu, blocks=1 + entry_pages, rows=ROWS)
    assert counts
    assert math.ceil(math.log2(counts["gin_entries"])) == math.ceil(math.log2(entries))


def test_costs_of_another_index_tell_nothing() -> None:
    nothing = GinCosts(None, None, None, None)
    assert gin_counts(nothing, nothing, blocks=10, rows=ROWS) is None
