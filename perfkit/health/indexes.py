"""Indexes that are broken, and those that no query uses."""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from perfkit.health.index_words import FAMILY, definition_of, drop, largest_first, sizes, total_bytes
from perfkit.health.model import (
    Concern,
    Context,
    HealthCheck,
    HealthState,
    Outcome,
    Row,
    Rows,
    Server,
    unknown,
)
from perfkit.health.thresholds import Thresholds
from perfkit.health.words import age, relation
from perfkit.indexes.existing import unestimated
from perfkit.syntax.index import IndexDefinition, read_definition
from perfkit.syntax.lexer import SqlError
from perfkit.units import counted, format_bytes, format_count

_DAY_S = 86_400
# The names of what REINDEX CONCURRENTLY builds and of what it replaces (indexcmds.c).
_REINDEX_LEFTOVER = re.compile(r"_cc(new|old)\d*\Z")


def invalid_index(rows: Rows, context: Context) -> Outcome:  # noqa: ARG001  # every check has this face
    """Judge whether indexes are kept up to date that no query may use."""
    invalid = [row for row in rows if not row["is_valid"]]
    broken = [row for row in invalid if not row["is_being_changed"]]
    evidence = {
        "indexes": len(rows),
        "invalid_indexes": len(broken),
        "being_changed": len(invalid) - len(broken),
    }
    if not broken:
        return Outcome(state=HealthState.OK, summary=_all_valid(len(rows), len(invalid)), evidence=evidence)
    return Outcome(
        state=HealthState.CRIT,
        summary=f"{counted(broken, 'index is', 'indexes are')} invalid: every write pays, no query gains",
        evidence=evidence,
        objects=tuple(
            Concern(
                name=relation(row),
                state=HealthState.CRIT,
                told=f"on {relation(row, name='table_name')}, {format_bytes(row['size_bytes'])}",
                evidence={"size_bytes": row["size_bytes"], "definition": row["definition"]},
                fix=_repair(row),
            )
            for row in sorted(broken, key=lambda row: -row["size_bytes"])
        ),
        fix="a build or a reindex that failed has left them: drop them, or build them again",
    )


def _all_valid(indexes: int, being_changed: int) -> str:
    if not indexes:
        return "there are no indexes"
    if being_changed:
        return (
            f"{counted(being_changed, 'index', 'indexes')} being built or dropped now, all others are valid"
        )
    return "the only index is valid" if indexes == 1 else f"all {format_count(indexes)} indexes are valid"


def _repair(row: Row) -> str:
    name = relation(row)
    if row["is_partitioned"]:
        return f"create the index on each partition that lacks it and attach it: ALTER INDEX {name} ATTACH PARTITION …"
    if row["constraint"]:
        return f"REINDEX INDEX CONCURRENTLY {name}"
    dropping = f"DROP INDEX CONCURRENTLY {name}"
    if _REINDEX_LEFTOVER.search(row["name"]):
        return dropping
    if row["is_unique"]:
        return f"{dropping}; or, once no two rows are alike: REINDEX INDEX CONCURRENTLY {name}"
    return f"{dropping}; build it again if it is wanted"


def unused_index(rows: Rows, context: Context) -> Outcome:
    """Judge whether large indexes have served no scan for as long as scans are counted."""
    server, thresholds = context.server, context.thresholds
    if not server.counts_rows:
        return unknown("scans are not counted", "ALTER SYSTEM SET track_counts = on; SELECT pg_reload_conf()")
    least_bytes = thresholds.unused_least_bytes
    staying = [each for row in rows if not _is_unused(row, least_bytes) and (each := _valid(row))]
    found = [_unused(row, staying) for row in rows if _is_unused(row, least_bytes)]
    days = server.statistics_age_s / _DAY_S
    evidence = {
        "indexes": len(rows),
        "statistics_age_days": round(days, 2),
        "has_standbys": server.has_standbys,
        **sizes("unused", found),
    }
    if not found:
        return Outcome(
            state=HealthState.OK,
            summary=f"no index of {format_bytes(least_bytes)} or more is unused",
            evidence=evidence,
        )
    what = f"{counted(found, 'index', 'indexes')} without a scan, {format_bytes(total_bytes(found))}"
    doubt, fix = _doubt(server, thresholds)
    if doubt:
        # What may be in use is not advised to be dropped.
        doubtful = [replace(each, state=HealthState.UNKNOWN, fix="") for each in found]
        return Outcome(
            state=HealthState.UNKNOWN,
            summary=f"{what}, but {doubt}",
            evidence=evidence,
            objects=largest_first(doubtful),
            fix=fix,
        )
    return Outcome(
        state=HealthState.WARN,
        summary=f"{what}, in {days:.0f} days",
        evidence=evidence,
        objects=largest_first(found),
        fix="drop what no yearly job needs and nobody made lately (the server does not say when); perfkit apply can take it back",
    )


def _doubt(server: Server, thresholds: Thresholds) -> tuple[str, str]:
    """Return why an index without a scan may be in use all the same, and how to know; '' when it is not."""
    if server.statistics_age_s < thresholds.unused_least_days * _DAY_S:
        return (
            f"scans have been counted for {age(server.statistics_age_s)} only",
            f"ask again when they have been counted for {thresholds.unused_least_days:g} days",
        )
    elsewhere = "ask there too, with the same check: what no server uses can be dropped"
    if server.in_recovery:
        return "scans on the primary are not counted here", elsewhere
    if server.has_standbys:
        return "scans on standbys are not counted here", elsewhere
    return "", ""


def _is_unused(row: Row, least_bytes: int) -> bool:
    keeps_a_rule = row["is_unique"] or row["constraint"] or row["is_held"]
    return row["scans"] == 0 and row["is_valid"] and not keeps_a_rule and row["size_bytes"] >= least_bytes


def _valid(row: Row) -> IndexDefinition | None:
    """Return what an index does; None for one that is not valid or cannot be read."""
    return definition_of(row["definition"]) if row["is_valid"] else None


def _unused(row: Row, staying: Sequence[IndexDefinition]) -> Concern:
    return Concern(
        name=relation(row),
        state=HealthState.WARN,
        told=f"on {relation(row, name='table_name')}, {format_bytes(row['size_bytes'])}",
        evidence={"size_bytes": row["size_bytes"], "scans": 0, "definition": row["definition"]},
        fix=_removal(row, staying),
    )


def _removal(row: Row, staying: Sequence[IndexDefinition]) -> str:
    """Return the statement that drops an unused index, or what is to be done first; '' where it cannot be read."""
    if row["is_child"]:
        return (
            "its table is one of those that inherit and are alike: drop the index of all of them, or of none"
        )
    with suppress(SqlError):
        return unestimated(read_definition(row["definition"]), staying, row["expressions"]) or drop(row)
    return ""


CHECKS = (
    HealthCheck(
        id="invalid-index",
        family=FAMILY,
        title="indexes that are kept up to date and never used",
        query="indexes",
        evaluate=invalid_index,
    ),
    HealthCheck(
        id="unused-index",
        family=FAMILY,
        title="large indexes that no scan has used",
        query="indexes",
        evaluate=unused_index,
    ),
)
