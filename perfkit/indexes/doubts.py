"""Doubts: how old that is which the advice rests on, the planner's statistics and the counts of scans."""

from collections.abc import Iterator

from perfkit.indexes import thresholds
from perfkit.plan.facts import Facts, Relation
from perfkit.plan.rules.estimates import is_stale
from perfkit.plan.tables import Tables
from perfkit.units import format_count, format_share

_SECONDS_A_DAY = 86_400


def doubts(facts: Facts, tables: Tables, now_s: float) -> Iterator[str]:
    """Yield what may be out of date, a sentence each; `now_s` is in seconds since the epoch."""
    if tables.statistics_since is not None:
        days = max(0.0, now_s - tables.statistics_since) / _SECONDS_A_DAY
        unused = f": which are never used is told from {format_count(thresholds.UNUSED_LEAST_DAYS)} days on"
        told = unused if days < thresholds.UNUSED_LEAST_DAYS else ""
        yield f"scans of indexes are counted for {format_count(round(days, 1))} days{told}"
    for name, relation in facts.relations.items():
        if relation.rows < 0:
            yield f"{name} was never analyzed: ANALYZE it first, as sizes and costs rest on its statistics"
        elif is_stale(relation):
            yield f"{_changed(name, relation)}: ANALYZE it first, as sizes and costs rest on its statistics"


def _changed(name: str, relation: Relation) -> str:
    modified = relation.modified_since_analyze or 0
    share = f" ({format_share(modified / relation.rows)})" if relation.rows else ""
    return f"{format_count(modified)} rows{share} of {name} changed since it was last analyzed"
