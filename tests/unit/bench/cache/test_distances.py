"""The hit rate of every size from one pass is what a least-recently-used cache of each size has."""

import random
from collections import OrderedDict
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.bench.cache.distances import stack_distances
from perfkit.bench.cache.stream import Shape, Source, draw_stream
from tests.unit.bench.cache.streams import key, stream


def lru_hits(events: Sequence[int], sizes: Sequence[float], capacity: float) -> float:
    """Return the hit share of a cache that keeps what was last used, as much of it as fits."""
    held: OrderedDict[int, bool] = OrderedDict()
    hits = reads = 0
    for event in events:
        if event < 0:
            held = OrderedDict((each, False) for each in held)
            continue
        reads += 1
        used = (
            sum(sizes[each] for each in held)
            - sum(sizes[each] for each in list(held)[: list(held).index(event)] if event in held)
            if event in held
            else 0.0
        )
        hits += held.get(event, False) and used <= capacity
        held.pop(event, None)
        held[event] = True
    return hits / reads if reads else 0.0


@given(
    events=st.lists(st.integers(-1, 7), min_size=1, max_size=60),
    sizes=st.lists(st.integers(1, 50), min_size=8, max_size=8),
    capacity=st.integers(0, 300),
)
def test_each_size_has_the_hits_of_a_cache_of_that_size(
    events: list[int], sizes: list[int], capacity: int
) -> None:
    keys = [key(f"k{n}", 0) for n in range(8)]
    found = stack_distances(stream(events, keys=keys), sizes)
    assert found.hit_share(capacity) == pytest.approx(lru_hits(events, sizes, capacity))


def test_a_sample_of_the_keys_has_nearly_the_curve_of_all() -> None:
    keys = tuple(key(f"k{n}") for n in range(20_000))
    source = Source(keys=keys, tables=(), per_minute=100)
    drawn = draw_stream([source], [], requests=60_000, shape=Shape(skew=0.8, write_share=None, seed=3))
    chance = random.Random(1)
    sizes = [chance.randint(50, 2_000) for _ in keys]
    exact, sampled = stack_distances(drawn, sizes), stack_distances(drawn, sizes, rate=0.2)
    for share in (0.02, 0.05, 0.1, 0.3, 1.0):
        capacity = share * sum(sizes)
        assert sampled.hit_share(capacity) == pytest.approx(exact.hit_share(capacity), abs=0.03)
