"""Storage: dead rows that nobody removes, room that nothing fills, sequences near their end, and the cache."""

from perfkit.health.model import (
    Concern,
    Context,
    Family,
    HealthCheck,
    HealthState,
    Outcome,
    Row,
    Rows,
    Scope,
    bad,
    grade,
    unknown,
    worst,
)
from perfkit.health.thresholds import COSTLY_TIMEOUT_MS, SHOWN_OBJECTS
from perfkit.health.words import age, relation
from perfkit.names import quote_name
from perfkit.units import counted, format_bytes, format_count, format_share

_FAMILY = Family(id="storage", scope=Scope.DATABASE)


def dead_rows(rows: Rows, context: Context) -> Outcome:
    """Judge whether tables have more dead rows than autovacuum would leave."""
    if context.server.in_recovery:
        return unknown("a standby does not count dead rows", "ask its primary")
    if not context.server.counts_rows:
        return unknown(
            "dead rows are not counted", "ALTER SYSTEM SET track_counts = on; SELECT pg_reload_conf()"
        )
    found = bad(_dead(row, context) for row in rows)
    evidence = {
        "tables": len(rows),
        "found_tables": len(found),
        "dead_rows": sum(row["dead_rows"] for row in rows),
    }
    if not found:
        return Outcome(
            state=HealthState.OK,
            summary=f"{format_count(evidence['dead_rows'])} dead rows, no table beyond what autovacuum waits for",
            evidence=evidence,
        )
    return Outcome(
        state=worst(each.state for each in found),
        summary=f"{counted(found, 'table has', 'tables have')} more dead rows than autovacuum waits for",
        evidence=evidence,
        objects=found,
        fix="VACUUM them; where it does not help see xmin-horizon, where it comes too late give autovacuum more"
        " (autovacuum_max_workers, autovacuum_vacuum_cost_limit), where it is off switch it on",
    )


def _dead(row: Row, context: Context) -> Concern:
    factor = row["dead_rows"] / max(row["autovacuum_rows"], 1)
    many = row["dead_rows"] >= context.thresholds.dead_rows_least and not row["is_vacuumed_now"]
    name = relation(row)
    last = "never vacuumed" if row["vacuum_age_s"] is None else f"vacuumed {age(row['vacuum_age_s'])} ago"
    disabled = "" if row["is_autovacuumed"] else ", autovacuum is off for it"
    return Concern(
        name=f"{name} (TOAST)" if row["is_toast"] else name,
        state=grade(factor, context.thresholds.dead_rows_factor) if many else HealthState.OK,
        told=f"{format_count(row['dead_rows'])} dead rows beside {format_count(row['rows'])},"
        f" autovacuum waits for {format_count(row['autovacuum_rows'])}; {last}{disabled}",
        evidence={
            "dead_rows": row["dead_rows"],
            "rows": int(row["rows"]),
            "autovacuum_rows": round(row["autovacuum_rows"]),
            "is_autovacuumed": row["is_autovacuumed"],
            "vacuum_age_s": None if row["vacuum_age_s"] is None else round(row["vacuum_age_s"], 1),
        },
        fix=f"VACUUM (ANALYZE) {name}{_switch_on(row)}",
    )


def _switch_on(row: Row) -> str:
    """Return, after another statement, what lets autovacuum see to a table again whose own option keeps it from that."""
    option = row["switched_off_by"]
    return f"; ALTER TABLE {relation(row)} RESET ({option})" if option else ""


def bloat(rows: Rows, context: Context) -> Outcome:
    """Judge by an estimate how much of the tables is room that nothing fills."""
    thresholds = context.thresholds
    large = [row for row in rows if row["size_bytes"] >= thresholds.bloat_least_bytes]
    blind = [row for row in large if row["needed_bytes"] is None]
    found = bad(_bloated(row, context) for row in large if row["needed_bytes"] is not None)
    hidden = [row for row in blind if not row["is_readable"]]
    evidence = {
        "tables": len(rows),
        "large_tables": len(large),
        "without_statistics": len(blind),
        "unfilled_bytes": sum(int(each.evidence["unfilled_bytes"] or 0) for each in found),
    }
    if found:
        return Outcome(
            state=worst(each.state for each in found),
            summary=f"{counted(found, 'table')} mostly unfilled, about {format_bytes(float(evidence['unfilled_bytes']))} in all",
            evidence=evidence,
            objects=found,
            fix="pg_repack rewrites a table without blocking, VACUUM FULL locks it meanwhile; later inserts use the room too",
        )
    if hidden:
        return unknown(
            f"{counted(hidden, 'large table')} whose statistics cannot be seen",
            context.server.granting("pg_read_all_data"),
            **evidence,
        )
    if blind:
        return unknown(
            f"{counted(blind, 'large table')} with columns that have no statistics",
            "; ".join(f"ANALYZE {relation(row)}" for row in blind[:SHOWN_OBJECTS]),
            **evidence,
        )
    return Outcome(
        state=HealthState.OK,
        summary=f"{counted(large, 'large table')}, none of them mostly unfilled"
        if large
        else f"no table of {format_bytes(thresholds.bloat_least_bytes)} or more",
        evidence=evidence,
    )


def _bloated(row: Row, context: Context) -> Concern:
    unfilled_bytes = max(row["size_bytes"] - row["needed_bytes"], 0)
    share = unfilled_bytes / row["size_bytes"]
    return Concern(
        name=relation(row),
        state=grade(share, context.thresholds.bloat_share),
        told=f"about {format_share(share)} of {format_bytes(row['size_bytes'])} unfilled (an estimate)",
        evidence={
            "size_bytes": row["size_bytes"],
            "unfilled_bytes": int(unfilled_bytes),
            "unfilled_share": round(share, 3),
            "rows": int(row["rows"]),
        },
        fix=f"VACUUM (FULL, ANALYZE) {relation(row)}",
    )


def sequences(rows: Rows, context: Context) -> Outcome:
    """Judge how much of its values each sequence has given, or of those that its column can hold."""
    hidden = [row for row in rows if not row["is_readable"]]
    seen = [_sequence(row, context) for row in rows if row["is_readable"] and not _starts_again(row)]
    seen.sort(key=lambda each: -float(each.evidence["used_share"] or 0))
    found = bad(seen)
    evidence = {"sequences": len(rows), "hidden_sequences": len(hidden), "found_sequences": len(found)}
    if found:
        return Outcome(
            state=worst(each.state for each in found),
            summary=f"{counted(found, 'sequence')} near the end; {found[0].name} has used {format_share(float(found[0].evidence['used_share'] or 0))}",
            evidence=evidence,
            objects=found,
            fix="widen column and sequence to bigint, and the columns that refer to it; that rewrites and locks the table:"
            " on a large one add a bigint column, fill it in parts and swap",
        )
    if hidden:
        return unknown(
            f"{counted(hidden, 'sequence')} cannot be read",
            context.server.granting("pg_read_all_data"),
            **evidence,
        )
    fullest = (
        f", the fullest has used {format_share(float(seen[0].evidence['used_share'] or 0))}" if seen else ""
    )
    return Outcome(state=HealthState.OK, summary=f"{counted(rows, 'sequence')}{fullest}", evidence=evidence)


def _starts_again(row: Row) -> bool:
    """Tell whether a sequence begins anew at its end, and its column can hold all that it gives."""
    return row["cycles"] and (row["column_highest"] is None or row["column_highest"] >= row["highest"])


def _sequence(row: Row, context: Context) -> Concern:
    column_ends_first = row["column_highest"] is not None and row["column_highest"] < row["highest"]
    highest = row["column_highest"] if column_ends_first else row["highest"]
    lowest = max(row["lowest"], -row["column_highest"] - 1) if row["column_highest"] else row["lowest"]
    last = row["last_value"]
    gone = 0 if last is None else (last - lowest if row["increment"] > 0 else highest - last)
    share = gone / max(highest - lowest, 1)
    column = f"{row['table_name']}.{quote_name(row['column_name'])}" if row["column_name"] else ""
    holds = f"{row['column_type']} column {column}" if column_ends_first else f"{row['type']} sequence"
    return Concern(
        name=relation(row),
        state=grade(share, context.thresholds.sequence_share),
        told=f"at {last:,} of {highest:,}, {format_share(share)}: the end of the {holds}"
        if last is not None
        else "not used yet",
        evidence={
            "last_value": last,
            "highest_value": highest,
            "used_share": round(share, 4),
            "column": column,
            "column_type": row["column_type"],
            "sequence_type": row["type"],
        },
        fix=_widening(row),
    )


def _widening(row: Row) -> str:
    statements = []
    if row["column_highest"] is not None and row["column_type"] != "bigint":
        statements.append(
            f"ALTER TABLE {row['table_name']} ALTER COLUMN {quote_name(row['column_name'])} TYPE bigint"
        )
    if row["type"] != "bigint":
        statements.append(f"ALTER SEQUENCE {relation(row)} AS bigint")
    return "; ".join(statements) or f"ALTER SEQUENCE {relation(row)} NO MAXVALUE NO MINVALUE"


def cache_hit_ratio(rows: Rows, context: Context) -> Outcome:
    """Tell the share of blocks that were in PostgreSQL's own cache; the system's may have had the others."""
    here = next(row for row in rows if row["is_here"])
    blocks = here["hit_blocks"] + here["read_blocks"]
    evidence = {"hit_blocks": here["hit_blocks"], "read_blocks": here["read_blocks"]}
    if blocks < context.thresholds.cache_least_blocks:
        return unknown(f"only {counted(blocks, 'block')} were asked for so far", **evidence)
    ratio = here["hit_blocks"] / blocks
    return Outcome(
        state=HealthState.OK,
        summary=f"{ratio * 100:.1f} % of {format_count(blocks)} blocks were in the cache",
        evidence={**evidence, "hit_ratio": round(ratio, 4)},
    )


CHECKS = (
    HealthCheck(
        id="dead-rows",
        family=_FAMILY,
        title="dead rows beyond what autovacuum waits for",
        query="tables",
        evaluate=dead_rows,
    ),
    HealthCheck(
        id="bloat",
        family=_FAMILY,
        title="room in tables that nothing fills, estimated",
        query="bloat",
        evaluate=bloat,
        costly=True,
        timeout_ms=COSTLY_TIMEOUT_MS,
    ),
    HealthCheck(
        id="sequences",
        family=_FAMILY,
        title="sequences near their end, or that of their column",
        query="sequences",
        evaluate=sequences,
    ),
    HealthCheck(
        id="cache-hit-ratio",
        family=_FAMILY,
        title="blocks found in PostgreSQL's own cache (information)",
        query="databases",
        evaluate=cache_hit_ratio,
        informs=True,
    ),
)
