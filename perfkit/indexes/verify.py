"""Verification: index changes made on a copy, each case measured with and without them, what does not help thrown out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from perfkit.errors import StatementError
from perfkit.indexes.blame import Names, concerns, doubtful, guilty, idle, touches, without_replacement
from perfkit.indexes.change import Change, Removal, definition_of
from perfkit.indexes.import_cost import ImportCosts
from perfkit.indexes.measured import MeasuredCase
from perfkit.indexes.workload import table_of
from perfkit.syntax.index import IndexDefinition

# Each throws out at least one index; more would rather mean that the machine is too noisy to tell.
ROUNDS_MOST = 6
# How often others are made in the place of what was thrown out; a third choice is worth no more hours.
OTHERS_MOST = 2


class Copy(Protocol):
    """A copy of the database on which indexes are changed."""

    def make(self, change: Change) -> frozenset[str]:
        """Build or drop an index and return its name and those of its partitions', unqualified, as plans name them."""

    def take_back(self, change: Change) -> None:
        """Drop an index that was built, or build one again that was dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A change that was thrown out, and why."""

    change: Change
    reason: str

    @property
    def definition(self) -> IndexDefinition:
        """Return what the index does that was to be created, or dropped."""
        return definition_of(self.change)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The changes that are measured to be good, those that are not, and each case as it was measured last.

    `helped` has for each change that was kept the ids of the cases that it makes faster. `imports` is what inserting takes
    without and with what was kept, for each table that it is on. `unmeasured` has for each case that did not run its problem.
    """

    kept: tuple[Change, ...]
    rejected: tuple[Rejected, ...]
    cases: tuple[MeasuredCase, ...]
    helped: Mapping[Change, tuple[str, ...]]
    imports: ImportCosts = field(default_factory=ImportCosts)
    unmeasured: Mapping[str, str] = field(default_factory=dict)

    @property
    def created(self) -> tuple[IndexDefinition, ...]:
        """Return the indexes to create that were kept."""
        return tuple(change for change in self.kept if isinstance(change, IndexDefinition))

    @property
    def dropped(self) -> tuple[Removal, ...]:
        """Return the indexes whose drop was kept."""
        return tuple(change for change in self.kept if isinstance(change, Removal))

    @property
    def tables(self) -> tuple[str, ...]:
        """Return the qualified tables, unquoted, that get or lose an index."""
        definitions = (*self.created, *(removal.definition for removal in self.dropped))
        return tuple(dict.fromkeys(map(table_of, definitions)))

    @property
    def before_ms(self) -> float:
        """Return what the workload takes without the changes, in ms a minute."""
        return sum(case.weight * case.before_ms for case in self.cases)

    @property
    def after_ms(self) -> float:
        """Return what the workload takes with those that were kept."""
        return sum(case.weight * case.after_ms for case in self.cases)

    @property
    def slower(self) -> tuple[MeasuredCase, ...]:
        """Return the cases that are clearly slower with what was kept."""
        return tuple(case for case in self.cases if case.slower)


_Blamed = Callable[[Sequence[MeasuredCase], Names], Mapping[Change, str]]


Again = Callable[[frozenset[str]], Sequence[MeasuredCase]]
"""Measures the cases of these ids."""

Instead = Callable[[frozenset[IndexDefinition], Sequence[Change]], Sequence[Change]]
"""Tells which changes to make beside those that are kept when these indexes are not to be had."""


def verify(
    changes: Sequence[Change],
    copy: Copy,
    measure: Callable[[], Sequence[MeasuredCase]],
    again: Again | None = None,
    instead: Instead | None = None,
) -> Verified:
    """Return what is left of the changes when each case is measured with and without them.

    A new index goes when a case that uses it is slower, by what is felt or by more than others gain, the one that helps
    others least first, when keeping it takes a case that writes more than it saves others, when no case that uses it is
    faster, unless it keeps a rule, and when the cases that read it mostly in vain are quicker by what is there without it;
    a drop when a case that used the index is slower. After each that goes those cases are measured again whose plan or
    writing it is in, or that were slower, by `again` or for want of it with all others: nothing changes for a plan that
    left it aside. Where an index went that others had gained by, what is there `instead` is made and measured in turn.
    """
    trial = _Trial(copy=copy, measure=measure, again=again)
    trial.prove(changes)
    for _ in range(OTHERS_MOST):
        if instead is None or not trial.missed:
            break
        gone = {each.change for each in trial.rejected}
        lost = frozenset(change for change in gone if isinstance(change, IndexDefinition))
        new = [
            each for each in instead(lost, tuple(trial.names)) if each not in trial.names and each not in gone
        ]
        if not new:
            break
        trial.missed = False
        trial.prove(new)
    cases, names = trial.cases, trial.names
    helped = {
        change: tuple(case.case_id for case in cases if case.faster and concerns(change, case, names))
        for change in names
    }
    return Verified(kept=tuple(names), rejected=tuple(trial.rejected), cases=cases, helped=helped)


@dataclass(slots=True, kw_only=True)
class _Trial:
    """The changes that are made on the copy, by the names of their indexes, and the cases as they are with them."""

    copy: Copy
    measure: Callable[[], Sequence[MeasuredCase]]
    again: Again | None
    names: dict[Change, frozenset[str]] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    # Whether an index went although others gained by it, since somebody last asked.
    missed: bool = False
    cases: tuple[MeasuredCase, ...] = ()

    def prove(self, changes: Iterable[Change]) -> None:
        """Make the changes, measure all cases with them, and throw out what is not good."""
        self.make(changes)
        self.throw_out_all(guilty)
        # Before the idle ones go: what is walked in vain may be all that keeps another index idle.
        for change in doubtful(self.cases, self.names):
            self.try_without(change)
        self.throw_out_all(lambda cases, names: guilty(cases, names) or dict(idle(cases, names)))

    def make(self, changes: Iterable[Change]) -> None:
        """Make the changes and measure all cases with them."""
        for change in changes:
            try:
                self.names[change] = self.copy.make(change)
            except StatementError as error:
                self._reject(change, f"it could not be made: {error.message}")
        self.cases = tuple(self.measure())

    def throw_out_all(self, blamed: _Blamed) -> None:
        """Throw out what is to blame for something until nothing is, and drops whose new index is gone."""
        for _ in range(ROUNDS_MOST):
            out = dict(blamed(self.cases, self.names))
            out |= without_replacement(self.names, [*(each.change for each in self.rejected), *out])
            if not out:
                break
            self.throw_out(out)

    def throw_out(self, out: Mapping[Change, str]) -> None:
        """Take changes back for the reasons given, and measure what they touched."""
        touched = [case for case in self.cases if case.slower or touches(out, case, self.names)]
        self.missed |= any(
            isinstance(change, IndexDefinition) and case.faster and concerns(change, case, self.names)
            for change in out
            for case in self.cases
        )
        for change, reason in out.items():
            self.copy.take_back(change)
            del self.names[change]
            self._reject(change, reason)
        self._renew(self._measured(touched))

    def try_without(self, change: Change) -> None:
        """Throw an index out when the cases that it touches take less without it, make it again when they do not."""
        touched = [case for case in self.cases if touches((change,), case, self.names)]
        self.copy.take_back(change)
        without = self._measured(touched)
        pairs = [(case, without[case.case_id]) for case in touched if case.case_id in without]
        gains_ms = {case.case_id: case.lost_ms - other.lost_ms for case, other in pairs}
        if sum(gains_ms.values()) <= 0:
            self.copy.make(change)
            return
        case, other = max(pairs, key=lambda pair: gains_ms[pair[0].case_id])
        times = f"{case.after_ms:.2f} -> {other.after_ms:.2f} ms"
        del self.names[change]
        self._reject(change, f"{case.case_id} is quicker by what is there without it: {times}")
        self._renew(without)

    def _measured(self, cases: Sequence[MeasuredCase]) -> dict[str, MeasuredCase]:
        """Return these cases, or all for want of a way to measure a few, as they are now, by id."""
        if self.again is None:
            return {case.case_id: case for case in self.measure()}
        ids = frozenset(case.case_id for case in cases)
        return {case.case_id: case for case in self.again(ids)} if ids else {}

    def _renew(self, fresh: Mapping[str, MeasuredCase]) -> None:
        self.cases = tuple(fresh.get(case.case_id, case) for case in self.cases)

    def _reject(self, change: Change, reason: str) -> None:
        self.rejected.append(Rejected(change=change, reason=reason))
