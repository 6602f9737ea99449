"""Cache-aside: a read asks the cache, and the database when it must; how entries are kept true, and stampedes kept off.

The race that makes caches lie: a read misses and asks the database; a write commits and invalidates; only then the read
stores its old row, which nothing invalidates any more. R. Nishtala et al., "Scaling Memcache at Facebook" (NSDI 2013, 3.2.1)
solve it with leases: a store counts only while the token that the miss was given is still valid. Here each table has a
token, a random word. A read takes the tokens before it asks the database, and its entry is valid under these alone; an
invalidation puts another token in place after the commit. So an entry under a token was read after the write that made
the token. A token that was evicted is replaced by a new one: that costs misses, never truth. A counter would begin
again, and could meet entries of its first life.
"""

import random
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from perfkit.bench.cache.protocols import Cache, Database, Row
from perfkit.bench.cache.stream import Key
from perfkit.bench.cache.thresholds import THRESHOLDS
from perfkit.bench.cache.truth import Truth
from perfkit.errors import NoRoomError


class Invalidation(StrEnum):
    """How an entry ends that a write made old.

    TTL: by its time alone. VERSION: who writes puts a new token in place, and the token is part of the entry's name; a hit
    takes two round trips, old entries stay until they are evicted, and a writer that dies between its commit and the token
    leaves old entries to their TTL. NOTIFY: a trigger notifies a listener, which puts the token in place, so that writes
    past the application count too, and none is forgotten while it listens; the token is in the value. A listener that lost
    its connection would have to change all tokens before its entries are trusted again; the bench's ends instead.
    """

    TTL = "ttl"
    VERSION = "version"
    NOTIFY = "notify"


@dataclass(slots=True)
class Answer:
    """What a read returned and what it took; `versions` are those of the row, `database_ms` 0 for a hit."""

    hit: bool
    versions: tuple[int, ...]
    payload_bytes: int
    database_ms: float = 0.0
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How the cache is used: invalidation, whether one miss at a time may ask the database, and how long entries live."""

    invalidation: Invalidation
    protected: bool
    ttl_ms: Callable[[Key], int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One client with its connections; `reading` is called before and after the database is asked for a key."""

    cache: Cache
    database: Database
    manner: Manner
    truth: Truth
    reading: Callable[[Key, int], None]

    def read(self, key: Key) -> Answer:
        """Return the answer for a key; raises ConnectError when the cache is gone, MeasureError for the database.

        An entry that the cache has no room for is refused; without room for a token or a lock it is NoRoomError.
        """
        entry, tokens = self._look_up(key)
        if entry is not None:
            return entry
        if not self.manner.protected:
            return self._fill(key, tokens)
        return self._fill_alone(key, tokens)

    def write(self, tables: Sequence[int]) -> bool:
        """Change tables and make old entries invalid; tell whether that was done when the write returned."""
        versions = self.database.write(tables)
        self.truth.commit(versions)
        done = True
        match self.manner.invalidation:
            case Invalidation.VERSION:
                invalidate(self.cache, versions)
            case Invalidation.NOTIFY:
                done = self.truth.wait_applied(versions, limit_s=THRESHOLDS.notify_limit_s)
            case Invalidation.TTL:
                pass
        if done:
            self.truth.finish(versions)
        return done

    def _look_up(self, key: Key) -> tuple[Answer | None, tuple[bytes, ...]]:
        """Return the valid entry if there is one, and the tokens under which a new one would be."""
        match self.manner.invalidation:
            case Invalidation.TTL:
                return _answer(self.cache.get_many([key.name])[0], ()), ()
            case Invalidation.VERSION:
                tokens = self._tokens(key, self.cache.get_many(_token_names(key)) if key.tables else [])
                return _answer(self.cache.get_many([_name(key, tokens)])[0], ()), tokens
            case Invalidation.NOTIFY:
                value, *found = self.cache.get_many([key.name, *_token_names(key)])
                tokens = self._tokens(key, found)
                return _answer(value, tokens), tokens

    def _tokens(self, key: Key, found: Sequence[bytes | None]) -> tuple[bytes, ...]:
        """Return the tokens of a key's tables; one that is not there is made, unless another client was quicker."""
        if None not in found:
            return tuple(token for token in found if token is not None)
        for name, token in zip(_token_names(key), found, strict=True):
            if token is None:
                self.cache.set_new(name, _new_token())
        again = self.cache.get_many(_token_names(key))
        # Evicted at once: under a word that nobody else has, nothing is ever found.
        return tuple(_new_token() if token is None else token for token in again)

    def _fill(self, key: Key, tokens: tuple[bytes, ...]) -> Answer:
        began = time.perf_counter()
        self.reading(key, 1)
        try:
            row = self.database.read(key)
        finally:
            self.reading(key, -1)
        database_ms = (time.perf_counter() - began) * 1000
        in_name = self.manner.invalidation is Invalidation.VERSION
        refused = False
        try:
            self.cache.set(
                _name(key, tokens) if in_name else key.name,
                _value(row, () if in_name else tokens),
                self.manner.ttl_ms(key),
            )
        except NoRoomError:
            refused = True
        return Answer(
            hit=False,
            versions=row.versions,
            payload_bytes=len(row.payload),
            database_ms=database_ms,
            refused=refused,
        )

    def _fill_alone(self, key: Key, tokens: tuple[bytes, ...]) -> Answer:
        """Fill while holding the key's lock; who does not get it waits for the entry, and at last asks the database too.

        The lock has its holder's token, so that only that one takes it away, and a TTL, should its holder die.
        """
        lock, mine = f"lock:{key.name}", _new_token()
        wait_s, end = THRESHOLDS.lock_first_wait_s, time.perf_counter() + THRESHOLDS.lock_wait_s
        while not self.cache.set_new(lock, mine, THRESHOLDS.lock_ttl_ms):
            if time.perf_counter() >= end:
                return self._fill(key, tokens)
            time.sleep(wait_s * random.uniform(0.5, 1.0))
            wait_s = min(wait_s * 2, THRESHOLDS.lock_longest_wait_s)
            entry, tokens = self._look_up(key)
            if entry is not None:
                return entry
        try:
            # Another may have filled it between our look and our lock.
            entry, tokens = self._look_up(key)
            return entry if entry is not None else self._fill(key, tokens)
        finally:
            self.cache.delete_if(lock, mine)


def invalidate(cache: Cache, versions: Mapping[int, int]) -> None:
    """Put new tokens in place for the tables; what was stored before is not valid from then on."""
    for table in versions:
        cache.set(_token_name(table), _new_token())


def _token_name(table: int) -> str:
    return f"token:{table}"


def _token_names(key: Key) -> list[str]:
    return [_token_name(table) for table in key.tables]


def _new_token() -> bytes:
    return secrets.token_hex(8).encode()


def _name(key: Key, tokens: tuple[bytes, ...]) -> str:
    return f"{key.name}:{b'.'.join(tokens).decode()}"


def _value(row: Row, tokens: tuple[bytes, ...]) -> bytes:
    """Return the entry's text: a line of versions, a line of tokens, and the result."""
    versions = ",".join(map(str, row.versions)).encode()
    return b"\n".join((versions, b".".join(tokens), row.payload))


def _answer(value: bytes | None, tokens: tuple[bytes, ...]) -> Answer | None:
    """Return what an entry says, None when there is none or it is under other tokens."""
    if value is None:
        return None
    versions, under, payload = value.split(b"\n", 2)
    if under != b".".join(tokens):
        return None
    return Answer(
        hit=True,
        versions=tuple(map(int, versions.split(b","))) if versions else (),
        payload_bytes=len(payload),
    )
