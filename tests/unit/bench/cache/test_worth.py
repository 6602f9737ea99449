"""What is worth caching, and the recommendation that comes of it."""

from dataclasses import replace

from perfkit.bench.cache.learn import Learned
from perfkit.bench.cache.memory import MemoryModel
from perfkit.bench.cache.policies import Policy
from perfkit.bench.cache.predict import recommend
from perfkit.bench.cache.stream import Stream
from perfkit.bench.cache.thresholds import THRESHOLDS
from perfkit.bench.cache.worth import DAY_S, Costs, Known, Worth, worth_of
from tests.unit.bench.cache.streams import key, stream

KEYS = (key("slow", query="slow"), key("quick", query="quick"), key("written", 0, query="written"))
MODEL = MemoryModel(allocator="libc", baseline_bytes=1_000_000, overhead_bytes=60)


def known(given: Stream) -> Known:
    return Known(
        stream=given,
        learned=Learned(payload_bytes=(100.0,) * 3, database_ms=(20.0, 0.1, 20.0), measured=3),
        entry_bytes=(200.0,) * 3,
        costs=Costs(get_ms=0.1, set_ms=0.1),
    )


def worths(given: Stream) -> dict[str, Worth]:
    return {worth.query: worth for worth in worth_of(known(given))}


def test_a_slow_query_that_is_read_again_is_worth_caching() -> None:
    slow = worths(stream([0] * 100, keys=KEYS))["slow"]
    assert slow.cached
    assert (slow.hit_share, slow.reads_per_minute, slow.reads_per_write) == (0.99, 6_000, None)
    assert round(slow.saved_ms_per_minute) == 60 * (99 * 20 - 100 * 0.1 - 0.1)
    assert (slow.ttl_seconds, slow.ttl_alone_seconds) == (DAY_S, DAY_S)


def test_a_query_as_quick_as_the_cache_is_not() -> None:
    quick = worths(stream([1] * 100, keys=KEYS))["quick"]
    assert not quick.cached
    assert quick.reason.startswith("the database answers in 0.10 ms")


def test_a_query_that_is_written_as_often_as_read_is_not() -> None:
    written = worths(stream([2, -1] * 50, keys=KEYS))["written"]
    assert written.reason == "only 0 % of its reads would hit"
    assert written.reads_per_write == 1


def test_a_query_that_was_hardly_read_is_unknown() -> None:
    assert worths(stream([0], keys=KEYS))["slow"].reason == "unknown: it is read only once in this stream"


def test_ttl_alone_is_as_short_as_writes_are_frequent() -> None:
    # 100 requests a second, every hundredth a write: one a second, so that 1 % of hits is stale after 0.02 s.
    often = worths(stream(([2] * 99 + [-1]) * 3, keys=KEYS))["written"]
    assert 0.015 < often.ttl_alone_seconds < 0.025
    seldom = worths(stream([2] * 30_000 + [-1], keys=KEYS, per_minute=60))["written"]
    assert seldom.ttl_alone_seconds == 600


def test_what_is_written_unseen_lives_shortly() -> None:
    seen = stream([0, 2] * 100, keys=KEYS)
    found = worths(replace(seen, unseen=frozenset({0})))
    assert (found["slow"].writes_seen, found["slow"].ttl_alone_seconds) == (True, DAY_S)
    written = found["written"]
    assert not written.writes_seen
    assert (written.ttl_seconds, written.ttl_alone_seconds) == (THRESHOLDS.unseen_ttl_s,) * 2


def test_only_what_is_worth_it_is_in_the_curve_and_the_size_is_in_whole_megabytes() -> None:
    found = recommend(known(stream([0, 1] * 100, keys=KEYS)), MODEL, lambda _done, _total, _name: None)
    assert found.cached == {"slow"}
    assert found.maxmemory_bytes == 1024**2
    assert found.policy is Policy.LRU
    assert found.curve[-1].ideal == 0.99
    assert found.curve[-1].capacity_bytes == 200


def test_nothing_worth_caching_is_said() -> None:
    found = recommend(known(stream([1] * 100, keys=KEYS)), MODEL, lambda _done, _total, _name: None)
    assert (found.cached, found.curve, found.maxmemory_bytes) == (frozenset(), (), 0)
