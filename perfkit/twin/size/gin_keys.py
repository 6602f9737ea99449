"""The keys that a GIN index makes of a column's values: how many, how wide, and in how many rows each.

Sources: ginarrayproc.c, tsginidx.c, jsonb_gin.c (jsonb_ops: keys and values as text behind a flag byte; jsonb_path_ops:
a 4-byte hash of path and value), trgm_gin.c (a trigram as a 4-byte integer), trgm_op.c (two blanks before a word, one
after it).
"""

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from perfkit.twin.size.facts import Elements, IndexColumn, Sample
from perfkit.twin.size.groups import groups_of_one
from perfkit.twin.size.sampled import distinct_of
from perfkit.twin.size.tuples import value_width

_HASH_BYTES = 4
_WORD = re.compile(r"[^\W_]+")
_LEXEME = re.compile(r"'((?:[^']|'')*)'")
_HASHED_LENGTH = 125  # JGIN_MAXLENGTH: longer texts are hashed
_HASHED_BYTES = 10
# A key that so many samples have is counted as they say; of those seen less, only the sum is trusted.
_SEEN = 3
# At the default statistics target: rows that ANALYZE looks at, elements that it keeps.
_SAMPLED_ROWS = 30_000
_KEPT_ELEMENTS = 1_000
# How finely the tail of rare keys is cut.
_TAIL_RATIO = 1.3
# A lexeme's entry, its place and its alignment in a tsvector (tsvector.h: WordEntry, WordEntryPosVector).
_LEXEME_ENTRY_BYTES = 8
_VECTOR_HEADER_BYTES = 5


@dataclass(frozen=True, slots=True)
class Keys:
    """`count` keys of this width, each in this share of the rows."""

    count: float
    share: float
    width_bytes: float
    alignment_bytes: int = 1


def keys_of(column: IndexColumn, rows: float) -> list[Keys]:
    """Return the keys of a column of a GIN index with so many rows, by classes."""
    nulls = column.statistics.null_share
    placeholders = [Keys(1, nulls, 0)] if nulls else []
    return placeholders + list(_of_column(column, rows))


def _of_column(column: IndexColumn, rows: float) -> Iterable[Keys]:
    samples, kind = column.statistics.samples, column.operator_class
    elements = column.statistics.elements
    if kind in _DOCUMENTS and samples:
        return _of_documents(_DOCUMENTS[kind], samples, rows)
    if kind == "gin_trgm_ops" and samples:
        return _of_words(_trigrams, samples, rows, lambda _: _HASH_BYTES)
    if kind == "tsvector_ops" and elements is None and samples:
        return _of_words(_lexemes, samples, rows, _text_width)
    if elements is not None:
        return _of_elements(column, elements, rows)
    return _of_values(column, rows)


def _of_values(column: IndexColumn, rows: float) -> Iterator[Keys]:
    """Yield the keys of values that are their own keys (btree_gin), or of which nobody knows the parts."""
    for each in groups_of_one(column, rows):
        if each.null:
            continue
        yield Keys(
            each.occupied, each.rows / each.occupied / rows, value_width(column), column.alignment_bytes
        )


def _of_elements(column: IndexColumn, elements: Elements, rows: float) -> Iterator[Keys]:
    present = 1 - column.statistics.null_share
    if elements.empty_share:
        yield Keys(1, elements.empty_share * present, 0)
    widths = [_text_width(text) for text in elements.texts]
    for width, share in zip(widths, elements.shares, strict=False):
        yield Keys(1, share * present, width)
    held = sum(elements.shares)
    mean = sum(map(float.__mul__, map(float, widths), elements.shares)) / held if held else 8.0
    average = elements.average_count
    if average is None:
        average = (column.statistics.width_bytes - _VECTOR_HEADER_BYTES) / (_LEXEME_ENTRY_BYTES + mean - 1)
    start = _tail_share(elements, average, rows)
    if start:
        total = min(average - held, _tail_total(elements, start, rows))
        yield from _tail(len(elements.shares), start * present, total * present, rows, mean)


def _tail_share(elements: Elements, average: float, rows: float) -> float:
    """Return the share of the rows that the first element not listed may have; 0 when all are listed.

    ANALYZE forgets what it saw no more than 9 n / w times, n the elements seen and w = 1,000 (k + 10) / 7, where k is how
    many it may keep (array_typanalyze.c, ts_typanalyze.c).
    """
    sampled = min(rows, _SAMPLED_ROWS)
    most_forgotten = 9 * average * sampled / (1_000 * (_KEPT_ELEMENTS + 10) / 7)
    if len(elements.shares) >= _KEPT_ELEMENTS:
        return min(elements.shares)
    return min(*elements.shares, most_forgotten / sampled) if most_forgotten >= 1 else 0.0


def _tail_total(elements: Elements, start: float, rows: float) -> float:
    """Return how many elements a row may have that are not listed.

    By Zipf's law those between a share and its half add up to as much as those between its double and itself.
    """
    halvings = math.log2(max(1.0, start * rows))
    return halvings * sum(share for share in elements.shares if share < 2 * start)


def _of_words(
    parts: Callable[[str], set[str]], samples: Sequence[Sample], rows: float, width: Callable[[str], int]
) -> Iterator[Keys]:
    """Yield the keys of texts cut into parts; how many of the rare there are, Chao's estimate says.

    A key is known that is in several samples, or in one that stands for as many rows as several. The estimate adds to those seen f1 (f1 - 1) / (2 (f2 + 1)), f1 seen once and f2 twice (Chao 1984): parts come from few letters.
    """
    shares, seen = _counted(parts, samples)
    empty = sum(sample.share for sample in samples if not parts(sample.text))
    if empty:
        yield Keys(1, empty, 0)
    least = min((sample.share for sample in samples if sample.distinct > 1), default=0.0)
    known = {key for key in shares if seen[key] >= _SEEN or shares[key] >= _SEEN * least}
    for key in known:
        yield Keys(1, shares[key], width(key))
    rare = shares.keys() - known
    if rare:
        once = sum(seen[key] == 1 for key in rare)
        unseen = once * (once - 1) / (2 * (len(rare) - once + 1))
        total = sum(shares[key] for key in rare)
        count = min(len(rare) + unseen, max(1.0, total * rows))
        yield Keys(count, total / count, sum(map(width, rare)) / len(rare))


def _counted(
    parts: Callable[[str], set[str]], samples: Iterable[Sample]
) -> tuple[dict[str, float], Counter[str]]:
    shares: dict[str, float] = defaultdict(float)
    seen: Counter[str] = Counter()
    for sample in samples:
        for key in parts(sample.text):
            shares[key] += sample.share
            seen[key] += 1
    return shares, seen


def _tail(rank: int, share: float, total: float, rows: float, width: float) -> Iterator[Keys]:
    """Yield rare keys that add up to `total` keys a row: the share falls as 1 / rank, from this rank and share on.

    Where that is less than one row, what is left are keys of one row each.
    """
    if total <= 0:
        return
    place = float(rank)
    while total > 1e-9:
        following = place * _TAIL_RATIO
        each = share * rank / math.sqrt(place * following)
        if each * rows < 1:
            yield Keys(total * rows, 1 / rows, width)
            return
        count = min(following - place, total / each)
        yield Keys(count, each, width)
        total -= count * each
        place = following


def _of_documents(
    parts: "Callable[[str], Iterable[_Part]]", samples: Sequence[Sample], rows: float
) -> Iterator[Keys]:
    """Yield the keys of JSON documents, path by path: each has its own number of different values."""
    empty = sum(sample.share for sample in samples if not any(True for _ in parts(sample.text)))
    if empty:
        yield Keys(1, empty, 0)
    paths: dict[str, list[tuple[float, _Part]]] = defaultdict(list)
    for sample in samples:
        for part in set(parts(sample.text)):
            paths[part.path].append((sample.share, part))
    for found in paths.values():
        yield from _of_path(found, rows)


def _of_path(found: "Sequence[tuple[float, _Part]]", rows: float) -> Iterator[Keys]:
    seen = Counter(part.value for _, part in found)
    shares: dict[_Part, float] = defaultdict(float)
    for share, part in found:
        shares[part] += share
    for part, share in shares.items():
        if seen[part.value] >= _SEEN:
            yield Keys(1, share, part.width_bytes)
    rare = [(share, part) for share, part in found if seen[part.value] < _SEEN]
    if rare:
        left = sum(share for share, _ in rare)
        count = distinct_of([part.value for _, part in rare], left * rows)
        yield Keys(count, left / count, sum(part.width_bytes for _, part in rare) / len(rare))


@dataclass(frozen=True, slots=True)
class _Part:
    """One key of a JSON document: where it stands, what it is, and its width in the index."""

    path: str
    value: str
    width_bytes: int


def _hashed_paths(text: str) -> Iterator[_Part]:
    for path, value in _leaves(json.loads(text), ""):
        yield _Part(path, value, _HASH_BYTES)


def _keys_and_values(text: str) -> Iterator[_Part]:
    for path, value in _leaves(json.loads(text), ""):
        for step in path.split("\0")[1:]:
            yield _Part("", step, _json_width(step))
        yield _Part(path, value, _json_width(value))


def _leaves(node: object, path: str) -> Iterator[tuple[str, str]]:
    """Yield each scalar with its path; the places in an array are no part of a path."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _leaves(value, f"{path}\0{key}")
    elif isinstance(node, list):
        for value in node:
            yield from _leaves(value, path)
    else:
        yield path, node if isinstance(node, str) else json.dumps(node)


_DOCUMENTS: dict[str, Callable[[str], Iterable[_Part]]] = {
    "jsonb_path_ops": _hashed_paths,
    "jsonb_ops": _keys_and_values,
}


def _trigrams(text: str) -> set[str]:
    padded = (f"  {word} " for word in _WORD.findall(text.lower()))
    return {word[place : place + 3] for word in padded for place in range(len(word) - 2)}


def _lexemes(text: str) -> set[str]:
    return set(_LEXEME.findall(text))


def _text_width(text: str) -> int:
    return len(text.encode()) + 1


def _json_width(text: str) -> int:
    size = len(text.encode())
    return size + 2 if size <= _HASHED_LENGTH else _HASHED_BYTES
