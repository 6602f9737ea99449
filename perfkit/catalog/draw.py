"""Cases drawn from the database's own values: the same seed draws the same rows, whatever order they arrive in."""

import hashlib
import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping

from perfkit.catalog.header import DRAWN_PREFIX
from perfkit.catalog.model import Case, Draw, Query
from perfkit.errors import CatalogError

Row = Mapping[str, str | None]


def draw_cases(query: Query, rows: Callable[[str], Iterable[Row]], seed: int) -> tuple[Case, ...]:
    """Return the cases that the query's draws make of the rows that `rows` gets for a statement, values as text.

    Each draw takes its `count` distinct rows with the smallest keyed hash (bottom-k sampling: Cohen and Kaplan,
    "Summarizing data using bottom-k sketches", 2007). So no order is needed, memory stays flat, and most of the rows
    stay the same as the data grow. Fewer rows than asked for are all taken; CatalogError when there is none, or when
    the columns are not the query's parameters.
    """
    cases: dict[str, Case] = {}
    for draw in query.draws:
        for digest, values in _smallest(_checked(query, draw, rows(draw.sql)), draw.count, _key(query, seed)):
            # All the smallest hashes begin with zeros: the name takes the end, which tells them apart.
            name = DRAWN_PREFIX + digest.hex()[-8:]
            cases.setdefault(name, Case(query=query.name, name=name, values=values, line=draw.line))
    return tuple(cases.values())


def _key(query: Query, seed: int) -> bytes:
    return hashlib.blake2b(f"{seed} {query.name}".encode(), digest_size=32).digest()


def _smallest(rows: Iterable[Row], count: int, key: bytes) -> list[tuple[bytes, Row]]:
    """Return the `count` distinct rows of the smallest hash, with the hash, in its order."""
    kept: dict[bytes, Row] = {}
    largest_first: list[tuple[int, bytes]] = []
    for row in rows:
        digest = _digest(row, key)
        rank = -int.from_bytes(digest)
        if digest in kept or (len(kept) == count and rank < largest_first[0][0]):
            continue
        kept[digest] = dict(row)
        heapq.heappush(largest_first, (rank, digest))
        if len(kept) > count:
            del kept[heapq.heappop(largest_first)[1]]
    return sorted(kept.items())


def _digest(row: Row, key: bytes) -> bytes:
    return hashlib.blake2b(repr(sorted(row.items())).encode(), key=key, digest_size=16).digest()


def _checked(query: Query, draw: Draw, rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows; CatalogError when there is none or their columns are not the query's parameters."""
    wanted = {param.name for param in query.params}
    row: Row | None = None
    for row in rows:
        if row.keys() != wanted:
            raise CatalogError(
                f"the draw's columns are {_list(row)}, the parameters {_list(wanted)}",
                path=query.path,
                line=draw.line,
                hint="name each column as its parameter, with AS",
            )
        yield row
    if row is None:
        raise CatalogError(
            "the draw found no row", path=query.path, line=draw.line, hint="are the tables filled?"
        )


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
