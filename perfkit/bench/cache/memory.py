"""How much memory an entry takes in Valkey: its allocations, rounded as the allocator rounds them, and the tables."""

import math
from dataclasses import dataclass

_LIBC_STEP, _LIBC_HEADER, _LIBC_LEAST = 16, 8, 24
_JEMALLOC_STEP, _JEMALLOC_LINEAR = 16, 128
_JEMALLOC_CLASSES_PER_DOUBLING = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryModel:
    """What a server's memory is made of, in bytes.

    `baseline_bytes` is used before there is an entry: maxmemory counts it too; `clients_bytes` of it are the buffers of
    clients at work, 0 where that is not known. An entry takes the allocation of its value
    and `overhead_bytes`: key, object, header of the string, its share of the hash table.
    """

    allocator: str
    baseline_bytes: float
    overhead_bytes: float
    clients_bytes: float = 0.0

    def entry_bytes(self, value_bytes: float) -> float:
        """Return what an entry with a value of so many bytes takes."""
        return allocated_bytes(value_bytes, self.allocator) + self.overhead_bytes

    def capacity_bytes(self, maxmemory_bytes: float) -> float:
        """Return what maxmemory leaves to entries."""
        return max(0.0, maxmemory_bytes - self.baseline_bytes)


def fit_model(
    *, allocator: str, baseline_bytes: float, filled_bytes: float, values: list[int]
) -> MemoryModel:
    """Return the model of a server that used `filled_bytes` with entries whose values have these sizes, at least one."""
    of_values = math.fsum(allocated_bytes(value, allocator) for value in values)
    return MemoryModel(
        allocator=allocator,
        baseline_bytes=baseline_bytes,
        overhead_bytes=max(0.0, (filled_bytes - baseline_bytes - of_values) / len(values)),
    )


def allocated_bytes(size_bytes: float, allocator: str) -> int:
    """Return the usable size of an allocation, which is what Valkey counts as used (zmalloc_size in zmalloc.c).

    glibc gives a multiple of 16 less its header of 8 (malloc_usable_size). jemalloc has steps of 16 up to 128, then four
    classes for each doubling ("Size classes" of its manual).
    """
    size = math.ceil(size_bytes)
    if not allocator.startswith("jemalloc"):
        return max(_LIBC_LEAST, -(-(size + _LIBC_HEADER) // _LIBC_STEP) * _LIBC_STEP - _LIBC_HEADER)
    if size <= _JEMALLOC_LINEAR:
        return max(8, -(-size // _JEMALLOC_STEP) * _JEMALLOC_STEP) if size > 8 else 8
    step = (1 << (size - 1).bit_length() - 1) // _JEMALLOC_CLASSES_PER_DOUBLING
    return -(-size // step) * step
