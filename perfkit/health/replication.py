"""Replication: slots whose reader is gone, and standbys that are behind."""

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
    worst,
)
from perfkit.health.words import age, literal
from perfkit.units import counted, format_bytes

_FAMILY = Family(id="replication", scope=Scope.CLUSTER)
# What becomes of WAL that a slot still needs: it goes at the next checkpoint, or is gone (slot.h).
_LOSING = {"unreserved", "lost"}


def inactive_slots(rows: Rows, context: Context) -> Outcome:
    """Judge the WAL and rows that slots keep which nobody reads; one that keeps nothing harms nobody."""
    found = bad(_slot(row, context) for row in rows if not (row["active"] or row["is_copy"]))
    kept_bytes = max((int(each.evidence["kept_bytes"] or 0) for each in found), default=0)
    evidence = {"slots": len(rows), "inactive_slots": len(found), "kept_bytes": kept_bytes}
    if not found:
        summary = f"{counted(rows, 'slot')}, not left behind" if rows else "there are no slots"
        return Outcome(state=HealthState.OK, summary=summary, evidence=evidence)
    return Outcome(
        state=worst(each.state for each in found),
        summary=f"{counted(found, 'slot')} without a reader, the largest keeps {format_bytes(kept_bytes)} of WAL",
        evidence=evidence,
        objects=found,
        fix="bring the readers back, or drop the slots; set max_slot_wal_keep_size, so that no slot fills the disk",
    )


def _slot(row: Row, context: Context) -> Concern:
    keeps = row["kept_bytes"] is not None or row["keeps_rows"] or row["wal_status"] in _LOSING
    kept_bytes = max(row["kept_bytes"] or 0, 0)
    state = grade(kept_bytes, context.thresholds.inactive_slot_bytes) if keeps else HealthState.OK
    told = f"keeps {format_bytes(kept_bytes)} of WAL"
    if row["wal_status"] in _LOSING:
        state, told = HealthState.CRIT, f"the WAL that it needs is {row['wal_status']}"
    if row["inactive_s"] is not None:
        told += f", inactive for {age(row['inactive_s'])}"
    return Concern(
        name=f"{row['type']} slot {row['name']}" + (f" of {row['database']}" if row["database"] else ""),
        state=state,
        told=told + (", and rows that died since" if row["keeps_rows"] else ""),
        evidence={
            "kept_bytes": int(kept_bytes),
            "wal_status": row["wal_status"],
            "inactive_s": None if row["inactive_s"] is None else round(row["inactive_s"], 1),
        },
        fix=f"SELECT pg_drop_replication_slot({literal(row['name'])})",
    )


def replication_lag(rows: Rows, context: Context) -> Outcome:
    """Judge how far standbys are behind, in bytes of WAL and in seconds where those are told."""
    hidden = sum(row["is_hidden"] for row in rows)
    seen = [row for row in rows if not row["is_hidden"]]
    found = bad(_standby(row, context) for row in seen)
    evidence = {
        "receivers": len(rows),
        "hidden_receivers": hidden,
        "largest_lag_bytes": int(max((row["lag_bytes"] or 0 for row in seen), default=0)),
        "largest_lag_s": round(max((row["lag_s"] or 0 for row in seen), default=0), 1),
    }
    if found:
        return Outcome(
            state=worst(each.state for each in found),
            summary=f"{found[0].name}: {found[0].told}"
            if len(found) == 1
            else f"{len(found)} are behind, the worst: {found[0].name}, {found[0].told}",
            evidence=evidence,
            objects=found,
            fix="look at the standby's disk and CPU, at conflicts with its queries (max_standby_streaming_delay), and at the network",
        )
    if hidden:
        return Outcome(
            state=HealthState.UNKNOWN,
            summary=f"the lag of {counted(hidden, 'receiver')} cannot be seen",
            evidence=evidence,
            fix=context.server.granting("pg_monitor"),
        )
    summary = (
        f"{counted(seen, 'receiver')}, at most {format_bytes(float(evidence['largest_lag_bytes']))} behind"
    )
    return Outcome(
        state=HealthState.OK,
        summary=summary if seen else "nobody receives WAL from this server",
        evidence=evidence,
    )


def _standby(row: Row, context: Context) -> Concern:
    lag_bytes, lag_s = max(row["lag_bytes"] or 0, 0), max(row["lag_s"] or 0, 0)
    states = [
        grade(lag_bytes, context.thresholds.replication_lag_bytes),
        grade(lag_s, context.thresholds.replication_lag_s),
    ]
    told = f"{format_bytes(lag_bytes)} and {age(lag_s)} behind"
    fix = ""
    if row["is_paused"]:
        states.append(HealthState.WARN)
        told, fix = f"replay is paused, {told}", "SELECT pg_wal_replay_resume()"
    if row["kind"] == "self" and row["state"] == "not receiving":
        states.append(HealthState.WARN)
        told = f"no connection to its primary, {told}"
    return Concern(
        name=row["name"] if row["kind"] == "self" else f"{row['name']} (pid {row['pid']}, {row['state']})",
        state=worst(states),
        told=told,
        evidence={
            "lag_bytes": int(lag_bytes),
            "lag_s": round(lag_s, 1),
            "state": row["state"],
            "is_paused": row["is_paused"],
        },
        fix=fix,
    )


CHECKS = (
    HealthCheck(
        id="inactive-slots",
        family=_FAMILY,
        title="replication slots that keep WAL for nobody",
        query="slots",
        evaluate=inactive_slots,
    ),
    HealthCheck(
        id="replication-lag",
        family=_FAMILY,
        title="standbys and subscribers that are behind",
        query="replication",
        evaluate=replication_lag,
    ),
)
