"""Blame: which index change a case is slower for, which helps nobody, and which is doubtful enough to be tried without."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from perfkit.indexes import thresholds
from perfkit.indexes.change import Change, Removal, definition_of
from perfkit.indexes.measured import MeasuredCase
from perfkit.indexes.workload import table_of
from perfkit.syntax.index import IndexDefinition

Names = Mapping[Change, frozenset[str]]
"""For each change that is made the names of its index and of its partitions', unqualified, as plans have them."""


def guilty(cases: Sequence[MeasuredCase], names: Names) -> dict[Change, str]:
    """Return the culprit of each slower case, with the reason."""
    found: dict[Change, str] = {}
    for case in cases:
        culprit = _culprit(case, cases, names) if case.slower else None
        if culprit is not None and not _is_forgiven(culprit, case, cases, names):
            how = "without" if isinstance(culprit, Removal) else "with"
            times = f"{case.before_ms:.2f} -> {case.after_ms:.2f} ms"
            found.setdefault(culprit, f"{case.case_id} is slower {how} it: {times}")
    return found


def _culprit(case: MeasuredCase, cases: Sequence[MeasuredCase], names: Names) -> Change | None:
    """Return the change that made a case slower.

    A drop that it misses is taken back before anything else; then goes the index of its plan that helps others least, then
    one that it must keep up to date for less than that costs. What a function or trigger reads, no plan tells: when nothing
    else explains it, it is a drop.
    """
    removed = [change for change in names if isinstance(change, Removal)]
    missed = [change for change in removed if concerns(change, case, names)]
    if missed:
        return missed[0]
    built = [change for change in names if isinstance(change, IndexDefinition)]
    used = [change for change in built if concerns(change, case, names)]
    kept_up = [
        change
        for change in built
        if table_of(change) in case.written and _saved_ms(change, cases, names) < case.lost_ms
    ]
    suspects = used or kept_up
    if suspects:
        return min(suspects, key=lambda change: _saved_ms(change, cases, names))
    return removed[0] if removed else None


def _is_forgiven(change: Change, case: MeasuredCase, cases: Sequence[MeasuredCase], names: Names) -> bool:
    """Tell whether nobody feels what one call loses, and all calls together gain more."""
    felt = case.after_ms - case.before_ms >= thresholds.LEAST_FELT_MS
    return not felt and _saved_ms(change, cases, names) > 0


def idle(cases: Sequence[MeasuredCase], names: Names) -> Iterator[tuple[Change, str]]:
    """Yield the new indexes that no faster case uses, with the reason; one that is unique has another purpose."""
    for change in names:
        if isinstance(change, Removal) or change.unique:
            continue
        using = [case for case in cases if concerns(change, case, names)]
        if not using:
            yield change, "no case uses it"
        elif not any(case.faster for case in using):
            yield change, f"no case is measured to be faster with it, not even {using[0].case_id}"


def doubtful(cases: Sequence[MeasuredCase], names: Names) -> list[Change]:
    """Return the new indexes that a case reads mostly in vain, as where the planner hoped to end early for a LIMIT."""
    wasted = frozenset(name for case in cases for name in case.wasted)
    return [
        change
        for change in names
        if isinstance(change, IndexDefinition) and not change.unique and not wasted.isdisjoint(names[change])
    ]


def without_replacement(names: Names, out: Sequence[Change]) -> Iterator[tuple[Change, str]]:
    """Yield the drops of what one of those that are out was to replace, with the reason."""
    gone = {change.create() for change in out if isinstance(change, IndexDefinition)}
    for change in names:
        if isinstance(change, Removal) and change.instead in gone:
            yield change, "the index that was to replace it is thrown out"


def touches(changes: Iterable[Change], case: MeasuredCase, names: Names) -> bool:
    """Tell whether a case reads by what is changed, or must keep it up to date."""
    return any(
        concerns(change, case, names) or table_of(definition_of(change)) in case.written for change in changes
    )


def concerns(change: Change, case: MeasuredCase, names: Names) -> bool:
    """Tell whether a case used the index that was dropped, or uses the one that was built."""
    used = case.used_before if isinstance(change, Removal) else case.used
    served = any(lookup.is_served_by(definition_of(change)) for lookup in case.lookups)
    return served or not names[change].isdisjoint(used)


def _saved_ms(change: Change, cases: Sequence[MeasuredCase], names: Names) -> float:
    return -sum(case.lost_ms for case in cases if concerns(change, case, names))
