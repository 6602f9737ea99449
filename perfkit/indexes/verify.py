"""Verification: chosen indexes built on a copy, each case measured with and without them, what does not help thrown out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from perfkit.syntax.index import IndexDefinition

# Each throws out at least one index; more would rather mean that the machine is too noisy to tell.
ROUNDS_MOST = 6


class Copy(Protocol):
    """A copy of the database on which indexes are built and dropped."""

    def create(self, definition: IndexDefinition) -> frozenset[str]:
        """Build an index and return its name and those of its partitions', unqualified, as plans name them."""

    def drop(self, definition: IndexDefinition) -> None:
        """Drop an index that was built."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredCase:
    """What a case takes without and with the indexes, in ms a call, what its plan uses, and what is clear beyond noise."""

    case_id: str
    weight: float
    before_ms: float
    after_ms: float
    used: frozenset[str]
    slower: bool
    faster: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """An index that was thrown out, and why."""

    definition: IndexDefinition
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The indexes that are measured to help, those that are not, and each case as it was measured last."""

    kept: tuple[IndexDefinition, ...]
    rejected: tuple[Rejected, ...]
    cases: tuple[MeasuredCase, ...]

    @property
    def before_ms(self) -> float:
        """Return what the workload takes without the indexes, in ms a minute."""
        return sum(case.weight * case.before_ms for case in self.cases)

    @property
    def after_ms(self) -> float:
        """Return what the workload takes with those that were kept."""
        return sum(case.weight * case.after_ms for case in self.cases)

    @property
    def slower(self) -> tuple[MeasuredCase, ...]:
        """Return the cases that are clearly slower with what was kept."""
        return tuple(case for case in self.cases if case.slower)


def verify(
    chosen: Sequence[IndexDefinition], copy: Copy, measure: Callable[[], Sequence[MeasuredCase]]
) -> Verified:
    """Return what is left of the chosen indexes when each case is measured with and without them.

    An index goes when a case that uses it is slower, the one that helps others least first, and when no case that uses it
    is faster. After each that goes all is measured again, as the planner may then choose otherwise.
    """
    names = {definition: copy.create(definition) for definition in chosen}
    rejected: list[Rejected] = []
    cases = tuple(measure())
    for _ in range(ROUNDS_MOST):
        guilty = _guilty(cases, names) or dict(_idle(cases, names))
        if not guilty:
            break
        for definition, reason in guilty.items():
            copy.drop(definition)
            del names[definition]
            rejected.append(Rejected(definition=definition, reason=reason))
        cases = tuple(measure())
    return Verified(kept=tuple(names), rejected=tuple(rejected), cases=cases)


def _guilty(
    cases: Sequence[MeasuredCase], names: Mapping[IndexDefinition, frozenset[str]]
) -> dict[IndexDefinition, str]:
    """Return for each slower case the index of those it uses that helps others least, with the reason."""
    found: dict[IndexDefinition, str] = {}
    for case in cases:
        used = [definition for definition, own in names.items() if own & case.used]
        if not case.slower or not used:
            continue
        least = min(used, key=lambda definition: _saved_ms(cases, names[definition]))
        found.setdefault(
            least, f"{case.case_id} is slower with it: {case.before_ms:.2f} -> {case.after_ms:.2f} ms"
        )
    return found


def _idle(
    cases: Sequence[MeasuredCase], names: Mapping[IndexDefinition, frozenset[str]]
) -> Iterator[tuple[IndexDefinition, str]]:
    """Yield the indexes that no faster case uses, with the reason."""
    for definition, own in names.items():
        using = [case for case in cases if own & case.used]
        if not using:
            yield definition, "no case uses it"
        elif not any(case.faster for case in using):
            yield definition, f"no case is measured to be faster with it, not even {using[0].case_id}"


def _saved_ms(cases: Sequence[MeasuredCase], own: frozenset[str]) -> float:
    return sum(case.weight * (case.before_ms - case.after_ms) for case in cases if own & case.used)
