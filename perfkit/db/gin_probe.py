"""What the plans of ordinary queries tell of a GIN index's metapage, which only a superuser may read.

gincostestimate (selfuncs.c) charges n keys, with the values of its metapage p pending pages, E entry pages, D data pages
and X entries, and with r = round(E ^ 0.15):

- in pages p + n r + max(ceil(n D / X), ceil(what the rows need)),
- and from 16 on, in comparisons, 2 (n ceil(log2 X) + 50 (p + n r)) + 50 (n + data pages) + n^2 for the operators, as
  plans of 17 and 18 show.

A key whose value is not known when it is planned counts as one. Many of them, joined by AND, match next to no rows.
"""

import math
from typing import Any, NamedTuple

# How each operator class compares, what it compares a key with, and what matches all of its keys.
GIN_CLASSES = {
    "array_ops": ("@>", "(SELECT {key} FROM {table} LIMIT 0)", "{key} @> '{{}}'"),
    "jsonb_ops": ("@>", "(SELECT NULL::jsonb)", "{key} @> '{{}}'"),
    "jsonb_path_ops": ("@>", "(SELECT NULL::jsonb)", "{key} @> '{{}}'"),
    "tsvector_ops": ("@@", "(SELECT NULL::tsquery)", "{key} @@ '!a'::tsquery"),
    "gin_trgm_ops": ("LIKE", "(SELECT NULL::text)", "{key} LIKE '%'"),
}
_COMMON = (
    b"SET LOCAL enable_seqscan = off",
    b"SET LOCAL max_parallel_workers_per_gather = 0",
    b"SET LOCAL jit = off",
    b"SET LOCAL cpu_tuple_cost = 0",
    b"SET LOCAL cpu_index_tuple_cost = 0",
    b"SET LOCAL seq_page_cost = 0",
)
PAGES_ONLY = (*_COMMON, b"SET LOCAL cpu_operator_cost = 0", b"SET LOCAL random_page_cost = 1")
CPU_ONLY = (*_COMMON, b"SET LOCAL cpu_operator_cost = 1", b"SET LOCAL random_page_cost = 0")
_FEW, _SOME, _MANY = 2, 4, 32
_PAGE_CPU = 50  # DEFAULT_PAGE_CPU_MULTIPLIER
_ITEMS_A_PAGE = 8192 // 3
_POWER = 0.15
_ENTRIES_A_PAGE = 100  # what gincostestimate guesses


class GinCosts(NamedTuple):
    """The costs of 2, 4 and 32 keys, and of all; None where the plan did not use the index."""

    few: float | None
    some: float | None
    many: float | None
    all: float | None


def gin_statements(table: str, key: str, operator_class: str, predicate: str) -> list[str]:
    """Return the statements whose plans cost 2, 4 and 32 keys, and all."""
    operator, unknown, everything = (
        text.format(key=key, table=table) for text in GIN_CLASSES[operator_class]
    )
    rest = f" AND {predicate}" if predicate else ""
    conditions = [" AND ".join([f"{key} {operator} {unknown}"] * keys) for keys in (_FEW, _SOME, _MANY)]
    return [
        f"EXPLAIN (FORMAT JSON) SELECT FROM {table} WHERE {condition}{rest}"
        for condition in (*conditions, everything)
    ]


def gin_counts(pages: GinCosts, cpu: GinCosts, *, blocks: int, rows: float) -> dict[str, Any] | None:
    """Return entry pages, entries and pending pages as fields of RelationSize, None when the costs do not tell."""
    if pages.few is None or pages.some is None:
        return None
    # Another index may be the cheaper way to look for many.
    far, keys = (pages.some, _SOME) if pages.many is None else (pages.many, _MANY)
    slope = (far - pages.few) / (keys - _FEW)
    for reads in range(math.floor(slope), 0, -1):
        share = slope - reads  # data pages an entry
        pending = max(0, round(pages.few - _FEW * reads) - max(1, math.ceil(_FEW * share)))
        entries = _entries(pages, cpu, reads, share, pending, rows)
        used = max(1, blocks - 1 - pending)
        if entries is None:
            entries = used * _ENTRIES_A_PAGE
        # As many pages as give r reads a key; the others hold data.
        fewest, most = (math.ceil((reads - 0.5) ** (1 / _POWER)), math.floor((reads + 0.5) ** (1 / _POWER)))
        if fewest <= used:
            entry_pages = min(max(1, fewest, used - round(share * entries)), most)
            return {"gin_entry_pages": entry_pages, "gin_entries": entries, "gin_pending_pages": pending}
    return None


def _entries(
    pages: GinCosts, cpu: GinCosts, reads: int, share: float, pending: int, rows: float
) -> int | None:
    """Return how many entries there are: as all of them cost, else as a descent to one does, else None."""
    if pages.all is not None:
        for_rows = math.ceil(rows / _ITEMS_A_PAGE)
        entries = round((pages.all - pending - for_rows) / reads)
        return max(
            1, entries if share * entries <= for_rows else round((pages.all - pending) / (reads + share))
        )
    if cpu.few is None or cpu.some is None:
        return None
    data = [max(1, math.ceil(keys * share)) for keys in (_FEW, _SOME)]
    a_key = (cpu.some - cpu.few - _PAGE_CPU * (data[1] - data[0])) / (_SOME - _FEW)
    operators = (_SOME**2 - _FEW**2) / (_SOME - _FEW)
    comparisons = round((a_key - 2 * _PAGE_CPU * reads - _PAGE_CPU - operators) / 2)
    # A server that counts no comparisons is older than 16.
    return 2**comparisons if comparisons > 0 else None
