"""Eviction, simulated: what fits hits again, what was written or has ended does not, and the frequent survive under LFU."""

import math
from dataclasses import replace

import pytest

from perfkit.bench.cache.policies import Conditions, Policy, simulate
from perfkit.bench.cache.stream import Shape, Source, Stream, draw_stream
from tests.unit.bench.cache.streams import key, stream

ENDLESS = Conditions(
    capacity_bytes=math.inf, policy=Policy.LRU, seconds_per_request=0.01, ttl_seconds=[math.inf] * 3_000
)


def test_with_room_for_all_every_second_read_hits() -> None:
    found = simulate(stream([0, 1, 0, 1, 2, 2]), [10.0] * 3, ENDLESS)
    assert (found.reads, found.hits, found.evictions) == ((2, 2, 2), (1, 1, 1), 0)


def test_a_write_ends_the_entries_of_its_table_and_no_others() -> None:
    keys = [key("a", 0), key("b", 1)]
    found = simulate(stream([0, 1, -1, 0, 1, 0], keys=keys, tables=2), [1.0] * 2, ENDLESS)
    assert found.hits == (1, 1)


def test_without_invalidation_a_write_ends_nothing() -> None:
    found = simulate(stream([0, -1, 0]), [1.0], replace(ENDLESS, invalidates=False))
    assert found.hits == (1,)


def test_an_entry_ends_with_its_time() -> None:
    lives = replace(ENDLESS, ttl_seconds=[0.025])
    assert simulate(stream([0, 0, 0, 0, 0]), [1.0], lives).hits == (3,)


def test_entries_whose_name_has_the_version_stay_until_they_are_evicted() -> None:
    events = [0, -1] * 50
    tight = replace(ENDLESS, capacity_bytes=10.0)
    assert simulate(stream(events), [1.0], tight).evictions == 0
    assert simulate(stream(events), [1.0], replace(tight, replaces=False)).evictions >= 35


@pytest.mark.parametrize("policy", [Policy.LRU, Policy.LFU])
def test_more_memory_brings_more_hits(policy: Policy) -> None:
    drawn = zipf(1.0)
    shares = [
        simulate(drawn, [1.0] * 2_000, replace(ENDLESS, policy=policy, capacity_bytes=size)).hit_share
        for size in (20.0, 100.0, 500.0, 2_000.0)
    ]
    assert shares == sorted(shares)
    assert shares[0] < shares[-1] - 0.2


def test_frequent_keys_survive_under_lfu_in_a_small_cache() -> None:
    drawn = zipf(0.7)
    lru, lfu = (
        simulate(drawn, [1.0] * 2_000, replace(ENDLESS, policy=policy, capacity_bytes=50.0)).hit_share
        for policy in (Policy.LRU, Policy.LFU)
    )
    assert lfu > lru + 0.02


def zipf(skew: float) -> Stream:
    source = Source(keys=tuple(key(f"k{n}") for n in range(2_000)), tables=(), per_minute=100)
    return draw_stream([source], [], requests=15_000, shape=Shape(skew=skew, write_share=None, seed=1))
