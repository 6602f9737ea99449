"""Memory of entries: allocations as the allocators round them, and a model fitted to a filled server."""

import pytest

from perfkit.bench.cache.memory import allocated_bytes, fit_model


@pytest.mark.parametrize(
    ("size", "usable"), [(1, 24), (24, 24), (25, 40), (40, 40), (41, 56), (1_000, 1_000), (1_001, 1_016)]
)
def test_glibc_gives_what_malloc_usable_size_says(size: int, usable: int) -> None:
    assert allocated_bytes(size, "libc") == usable


@pytest.mark.parametrize(
    ("size", "usable"),
    [(8, 8), (9, 16), (128, 128), (129, 160), (256, 256), (257, 320), (1_025, 1_280), (4_097, 5_120)],
)
def test_jemalloc_gives_its_size_classes(size: int, usable: int) -> None:
    assert allocated_bytes(size, "jemalloc-5.3.0") == usable


def test_what_the_values_do_not_take_is_overhead() -> None:
    model = fit_model(
        allocator="libc", baseline_bytes=1_000, filled_bytes=1_000 + 2 * 104 + 140, values=[100, 104]
    )
    assert model.overhead_bytes == 70
    assert model.entry_bytes(100) == 174
    assert model.capacity_bytes(1_500) == 500
    assert model.capacity_bytes(500) == 0
