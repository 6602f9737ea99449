"""Stacks of an application's process, as py-spy collapses them: which functions were on the processor."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from perfkit.profile.thresholds import STACK_DEPTH_MOST


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function: the share of samples that it was on the processor itself, and with what it called."""

    name: str
    own_share: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A function in a tree of calls, how often it was seen, and what it called, most first."""

    name: str
    count: int
    calls: tuple["Frame", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stacks:
    """All stacks of a process, by count: outermost function first; `problem` says why they are incomplete, or ''."""

    pid: int
    counts: Mapping[tuple[str, ...], int]
    problem: str = ""

    @property
    def total(self) -> int:
        """Return how many stacks were seen."""
        return sum(self.counts.values())


def read_stacks(lines: Iterable[str]) -> dict[tuple[str, ...], int]:
    """Return the stacks of py-spy's raw format: functions joined by semicolons, a space, and how often they were seen.

    Lines that are no stack, as when the writer was killed within one, are left out.
    """
    counts: Counter[tuple[str, ...]] = Counter()
    for line in lines:
        stack, _, count = line.strip().rpartition(" ")
        if stack and count.isdecimal():
            counts[tuple(stack.split(";"))] += int(count)
    return dict(counts)


def functions(stacks: Stacks) -> tuple[Function, ...]:
    """Return the functions, the one first that was on the processor most itself; a recursive one counts once a stack."""
    own: Counter[str] = Counter()
    all_of: Counter[str] = Counter()
    for stack, count in stacks.counts.items():
        own[stack[-1]] += count
        for name in set(stack):
            all_of[name] += count
    total = stacks.total or 1
    found = [
        Function(name=name, own_share=own[name] / total, share=count / total)
        for name, count in all_of.items()
    ]
    return tuple(sorted(found, key=lambda each: (-each.own_share, -each.share, each.name)))


@dataclass(slots=True)
class _Growing:
    count: int = 0
    calls: dict[str, "_Growing"] = field(default_factory=dict)


def tree_of(stacks: Stacks) -> Frame:
    """Return all stacks as one tree under a root that stands for the process, cut at STACK_DEPTH_MOST."""
    root = _Growing()
    for stack, count in stacks.counts.items():
        place = root
        place.count += count
        for name in stack[:STACK_DEPTH_MOST]:
            place = place.calls.setdefault(name, _Growing())
            place.count += count
    return _frame(f"process {stacks.pid}", root)


def _frame(name: str, growing: _Growing) -> Frame:
    calls = sorted(growing.calls.items(), key=lambda item: (-item[1].count, item[0]))
    return Frame(name=name, count=growing.count, calls=tuple(_frame(called, each) for called, each in calls))
