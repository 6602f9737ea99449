"""Verification: index changes made on a copy, each case measured with and without them, what does not help thrown out."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from perfkit.errors import StatementError
from perfkit.indexes import thresholds
from perfkit.indexes.import_cost import ImportCost
from perfkit.indexes.lookups import Lookup
from perfkit.indexes.workload import table_of
from perfkit.names import quote_name
from perfkit.syntax.index import IndexDefinition

# Each throws out at least one index; more would rather mean that the machine is too noisy to tell.
ROUNDS_MOST = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """An existing index to drop; `name` is unquoted. `instead` is the statement of the new index that must replace it, or ''."""

    schema: str
    name: str
    definition: IndexDefinition
    instead: str = ""

    @property
    def statement(self) -> str:
        """Return the statement that drops it."""
        return f"DROP INDEX {quote_name(self.schema)}.{quote_name(self.name)}"


Change = IndexDefinition | Removal
"""An index to create, or one to drop."""


class Copy(Protocol):
    """A copy of the database on which indexes are changed."""

    def make(self, change: Change) -> frozenset[str]:
        """Build or drop an index and return its name and those of its partitions', unqualified, as plans name them."""

    def take_back(self, change: Change) -> None:
        """Drop an index that was built, or build one again that was dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredCase:
    """What a case takes without and with the changes, in ms a call, and whether either is clear beyond noise.

    `used_before` and `used` are the indexes of its plans without and with them, `lookups` what its foreign keys look for,
    `written` the qualified tables that it writes to.
    """

    case_id: str
    weight: float
    before_ms: float
    after_ms: float
    slower: bool
    faster: bool
    used_before: tuple[str, ...] = ()
    used: tuple[str, ...] = ()
    lookups: tuple[Lookup, ...] = ()
    written: tuple[str, ...] = ()

    @property
    def lost_ms(self) -> float:
        """Return what it takes longer a minute."""
        return self.weight * (self.after_ms - self.before_ms)


def _definition(change: Change) -> IndexDefinition:
    return change.definition if isinstance(change, Removal) else change


def statement_of(change: Change) -> str:
    """Return the statement of a change."""
    return change.statement if isinstance(change, Removal) else change.create()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A change that was thrown out, and why."""

    change: Change
    reason: str

    @property
    def definition(self) -> IndexDefinition:
        """Return what the index does that was to be created, or dropped."""
        return _definition(self.change)


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
    imports: tuple[ImportCost, ...] = ()
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


_Names = Mapping[Change, frozenset[str]]


Again = Callable[[frozenset[str]], Sequence[MeasuredCase]]
"""Measures the cases of these ids."""


def verify(
    changes: Sequence[Change],
    copy: Copy,
    measure: Callable[[], Sequence[MeasuredCase]],
    again: Again | None = None,
) -> Verified:
    """Return what is left of the changes when each case is measured with and without them.

    A new index goes when a case that uses it is slower, by what is felt or by more than others gain, the one that helps others least first, when keeping it takes a case
    that writes more than it saves others, and when no case that uses it is faster, unless it keeps a rule; a drop when a
    case that used the index is slower. After each that goes those cases are measured again whose plan or writing it is in,
    or that were slower, by `again` or for want of it with all others: nothing changes for a plan that left it aside.
    """
    names, rejected = _made(changes, copy)
    cases = tuple(measure())
    for _ in range(ROUNDS_MOST):
        out = _guilty(cases, names) or dict(_idle(cases, names))
        out |= dict(_without_replacement(names, [*(each.change for each in rejected), *out]))
        if not out:
            break
        touched = frozenset(case.case_id for case in cases if case.slower or _touches(out, case, names))
        for change, reason in out.items():
            copy.take_back(change)
            del names[change]
            rejected.append(Rejected(change=change, reason=reason))
        if again is None:
            cases = tuple(measure())
        elif touched:
            fresh = {case.case_id: case for case in again(touched)}
            cases = tuple(fresh.get(case.case_id, case) for case in cases)
    helped = {
        change: tuple(case.case_id for case in cases if case.faster and _concerns(change, case, names))
        for change in names
    }
    return Verified(kept=tuple(names), rejected=tuple(rejected), cases=cases, helped=helped)


def _made(changes: Sequence[Change], copy: Copy) -> tuple[dict[Change, frozenset[str]], list[Rejected]]:
    names: dict[Change, frozenset[str]] = {}
    rejected: list[Rejected] = []
    for change in changes:
        try:
            names[change] = copy.make(change)
        except StatementError as error:
            rejected.append(Rejected(change=change, reason=f"it could not be made: {error.message}"))
    return names, rejected


def _guilty(cases: Sequence[MeasuredCase], names: _Names) -> dict[Change, str]:
    """Return the culprit of each slower case, with the reason."""
    found: dict[Change, str] = {}
    for case in cases:
        culprit = _culprit(case, cases, names) if case.slower else None
        if culprit is not None and not _is_forgiven(culprit, case, cases, names):
            how = "without" if isinstance(culprit, Removal) else "with"
            times = f"{case.before_ms:.2f} -> {case.after_ms:.2f} ms"
            found.setdefault(culprit, f"{case.case_id} is slower {how} it: {times}")
    return found


def _culprit(case: MeasuredCase, cases: Sequence[MeasuredCase], names: _Names) -> Change | None:
    """Return the change that made a case slower.

    A drop that it misses is taken back before anything else; then goes the index of its plan that helps others least, then
    one that it must keep up to date for less than that costs. What a function or trigger reads, no plan tells: when nothing
    else explains it, it is a drop.
    """
    removed = [change for change in names if isinstance(change, Removal)]
    missed = [change for change in removed if _concerns(change, case, names)]
    if missed:
        return missed[0]
    built = [change for change in names if isinstance(change, IndexDefinition)]
    used = [change for change in built if _concerns(change, case, names)]
    kept_up = [
        change
        for change in built
        if table_of(change) in case.written and _saved_ms(change, cases, names) < case.lost_ms
    ]
    suspects = used or kept_up
    if suspects:
        return min(suspects, key=lambda change: _saved_ms(change, cases, names))
    return removed[0] if removed else None


def _is_forgiven(change: Change, case: MeasuredCase, cases: Sequence[MeasuredCase], names: _Names) -> bool:
    """Tell whether nobody feels what one call loses, and all calls together gain more."""
    felt = case.after_ms - case.before_ms >= thresholds.LEAST_FELT_MS
    return not felt and _saved_ms(change, cases, names) > 0


def _idle(cases: Sequence[MeasuredCase], names: _Names) -> Iterator[tuple[Change, str]]:
    """Yield the new indexes that no faster case uses, with the reason; one that is unique has another purpose."""
    for change in names:
        if isinstance(change, Removal) or change.unique:
            continue
        using = [case for case in cases if _concerns(change, case, names)]
        if not using:
            yield change, "no case uses it"
        elif not any(case.faster for case in using):
            yield change, f"no case is measured to be faster with it, not even {using[0].case_id}"


def _without_replacement(names: _Names, out: Sequence[Change]) -> Iterator[tuple[Change, str]]:
    gone = {change.create() for change in out if isinstance(change, IndexDefinition)}
    for change in names:
        if isinstance(change, Removal) and change.instead in gone:
            yield change, "the index that was to replace it is thrown out"


def _touches(changes: Iterable[Change], case: MeasuredCase, names: _Names) -> bool:
    """Tell whether a case reads by what is changed, or must keep it up to date."""
    return any(
        _concerns(change, case, names) or table_of(_definition(change)) in case.written for change in changes
    )


def _concerns(change: Change, case: MeasuredCase, names: _Names) -> bool:
    """Tell whether a case used the index that was dropped, or uses the one that was built."""
    used = case.used_before if isinstance(change, Removal) else case.used
    served = any(lookup.is_served_by(_definition(change)) for lookup in case.lookups)
    return served or not names[change].isdisjoint(used)


def _saved_ms(change: Change, cases: Sequence[MeasuredCase], names: _Names) -> float:
    return -sum(case.lost_ms for case in cases if _concerns(change, case, names))
