"""A case as verification measured it, without index changes and with them, and what its plan has to do with them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from perfkit.indexes.gather import written_tables
from perfkit.indexes.lookups import Lookup, lookups
from perfkit.plan.derive import derive
from perfkit.plan.model import Node, Plan, walk
from perfkit.plan.rules.scan import loses_to_filter, scans
from perfkit.plan.tables import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredCase:
    """What a case takes without and with the changes, in ms a call, and whether either is clear beyond noise.

    `used_before` and `used` are the indexes of its plans without and with them, `wasted` those of `used` that give next to
    nothing of what is read by them. `lookups` is what its foreign keys look for, `written` the qualified tables that it
    writes to.
    """

    case_id: str
    weight: float
    before_ms: float
    after_ms: float
    slower: bool
    faster: bool
    used_before: tuple[str, ...] = ()
    used: tuple[str, ...] = ()
    wasted: tuple[str, ...] = ()
    lookups: tuple[Lookup, ...] = ()
    written: tuple[str, ...] = ()

    @property
    def lost_ms(self) -> float:
        """Return what it takes longer a minute."""
        return self.weight * (self.after_ms - self.before_ms)


def with_plan(case: MeasuredCase, plan: Plan, tables: Tables) -> MeasuredCase:
    """Return the case with what its plan, as it ran with the changes, has to do with them."""
    written = written_tables(plan, tables)
    wasting = (scan for scan in scans(derive(plan), None) if loses_to_filter(scan))
    return replace(
        case,
        used=_indexes(walk(plan.root)),
        wasted=_indexes(node for scan in wasting for node in scan.nodes),
        lookups=lookups(plan, written, tables),
        written=written,
    )


def _indexes(nodes: Iterable[Node]) -> tuple[str, ...]:
    return tuple(sorted({node.index for node in nodes if node.index}))
