"""Cache-aside in the order of events that makes caches lie, without servers: only the order is under test."""

from collections.abc import Callable, Sequence

import pytest

from perfkit.bench.cache.aside import Client, Invalidation, Manner, invalidate
from perfkit.bench.cache.overhead import AtOnce
from perfkit.bench.cache.protocols import Row
from perfkit.bench.cache.stream import Key
from perfkit.bench.cache.truth import Truth, is_older
from tests.unit.bench.cache.streams import key

PERSON = key("person", 0)


class Versions:
    """A database of one table; `meanwhile` happens after a read has seen its version, and before it returns."""

    def __init__(self) -> None:
        self.version = 0
        self.reads = 0
        self.meanwhile: Callable[[], None] = lambda: None

    def read(self, key: Key) -> Row:
        seen = self.version
        self.reads += 1
        happens, self.meanwhile = self.meanwhile, lambda: None
        happens()
        return Row(payload=b"[]", versions=tuple(seen for _ in key.tables))

    def write(self, tables: Sequence[int]) -> dict[int, int]:
        self.version += 1
        return dict.fromkeys(tables, self.version)

    def cancel(self) -> None: ...

    def close(self) -> None: ...


def client(
    invalidation: Invalidation, cache: AtOnce, database: Versions, *, protected: bool = False
) -> Client:
    manner = Manner(invalidation=invalidation, protected=protected, ttl_ms=lambda _: None)
    return Client(
        cache=cache,
        database=database,
        manner=manner,
        truth=Truth(),
        reading=lambda _key, _change: None,
    )


@pytest.mark.parametrize("invalidation", [Invalidation.VERSION, Invalidation.NOTIFY])
def test_an_old_row_stored_after_the_invalidation_is_never_read(invalidation: Invalidation) -> None:
    cache, database = AtOnce(), Versions()
    reader = client(invalidation, cache, database)

    def write() -> None:
        invalidate(cache, database.write([0]))

    database.meanwhile = write
    assert reader.read(PERSON).versions == (0,)
    again = reader.read(PERSON)
    assert (again.hit, again.versions) == (False, (1,))
    assert reader.read(PERSON).hit


def test_with_ttl_alone_the_same_order_leaves_an_old_row() -> None:
    cache, database = AtOnce(), Versions()
    reader = client(Invalidation.TTL, cache, database)

    def write() -> None:
        database.write([0])

    database.meanwhile = write
    reader.read(PERSON)
    assert (reader.read(PERSON).hit, reader.read(PERSON).versions) == (True, (0,))


@pytest.mark.parametrize("invalidation", [Invalidation.VERSION, Invalidation.NOTIFY])
def test_an_evicted_token_costs_a_miss_and_no_truth(invalidation: Invalidation) -> None:
    cache, database = AtOnce(), Versions()
    reader = client(invalidation, cache, database)
    reader.read(PERSON)
    assert reader.read(PERSON).hit
    invalidate(cache, database.write([0]))
    cache.values = {name: value for name, value in cache.values.items() if not name.startswith("token")}
    again = reader.read(PERSON)
    assert (again.hit, again.versions) == (False, (1,))


def test_a_lock_is_let_go_when_the_database_fails() -> None:
    cache, database = AtOnce(), Versions()
    reader = client(Invalidation.NOTIFY, cache, database, protected=True)

    def fail() -> None:
        raise ZeroDivisionError

    database.meanwhile = fail
    with pytest.raises(ZeroDivisionError):
        reader.read(PERSON)
    assert not [name for name in cache.values if name.startswith("lock")]
    assert not reader.read(PERSON).hit


def test_a_write_has_returned_only_when_its_notification_is_dealt_with() -> None:
    truth = Truth()
    truth.commit({0: 1})
    assert truth.moment([0]).committed == (1,)
    assert truth.moment([0]).returned == (0,)
    assert not truth.wait_applied({0: 1}, limit_s=0.01)
    truth.apply(0, 1)
    assert truth.wait_applied({0: 1}, limit_s=5)
    truth.finish({0: 1})
    assert is_older((0,), truth.moment([0]).returned)
    assert not is_older((1,), truth.moment([0]).returned)
