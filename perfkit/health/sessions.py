"""Sessions: connections used up, transactions left open, queries and lock waits that last."""

from collections.abc import Mapping

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
from perfkit.health.words import age, session
from perfkit.units import counted, format_share

_FAMILY = Family(id="sessions", scope=Scope.CLUSTER)
_PREPARED_PID = 0


def connections(rows: Rows, context: Context) -> Outcome:
    """Judge how many of the connections that ordinary roles may open are in use."""
    used, most = sum(row["connections"] for row in rows), rows[0]["most"]
    share = used / most
    state = grade(share, context.thresholds.connections_share)
    summary = f"{used} of {most} connections in use ({format_share(share)})"
    evidence = {
        "connections": used,
        "most_connections": most,
        "share": round(share, 4),
        "idle_connections": sum(row["idle"] for row in rows),
    }
    if state is HealthState.OK:
        return Outcome(state=state, summary=summary, evidence=evidence)
    objects = tuple(
        Concern(
            name=f"{row['user']} in {row['database']}",
            state=state,
            told=f"{counted(row['connections'], 'connection')}, {row['idle']} of them idle",
            evidence={"connections": row["connections"], "idle_connections": row["idle"]},
        )
        for row in rows
    )
    fix = "put a pooler such as PgBouncer in front, or make the applications' pools smaller; raising max_connections needs a restart"
    return Outcome(state=state, summary=summary, evidence=evidence, objects=objects, fix=fix)


def idle_in_transaction(rows: Rows, context: Context) -> Outcome:
    """Judge how long sessions have been idle with an open transaction."""
    idle = [row for row in rows if row["state"].startswith("idle in transaction")]
    limit = context.thresholds.idle_in_transaction_s
    objects = [
        Concern(
            name=session(row),
            state=grade(row["state_age_s"], limit),
            told=f"{row['state']} for {age(row['state_age_s'])}",
            evidence={
                "pid": row["pid"],
                "idle_s": round(row["state_age_s"], 1),
                "transaction_age_s": round(row["transaction_age_s"] or 0, 1),
                "query_id": row["query_id"],
            },
            fix=f"SELECT pg_terminate_backend({row['pid']})",
        )
        for row in sorted(idle, key=lambda row: -row["state_age_s"])
    ]
    fix = "end the sessions, find where the application forgets to commit, and set idle_in_transaction_session_timeout"
    return _judged(
        rows, context, objects, what=f"idle in transaction for {age(limit.warn)} or longer", fix=fix
    )


def long_query(rows: Rows, context: Context) -> Outcome:
    """Judge how long the statements that run now have been running."""
    active = [row for row in rows if row["state"] == "active" and row["query_age_s"] is not None]
    limit = context.thresholds.long_query_s
    objects = [
        Concern(
            name=session(row),
            state=grade(row["query_age_s"], limit),
            told=f"has run for {age(row['query_age_s'])}"
            + (f", waits for {row['waits_for']}" if row["waits_for"] else ""),
            evidence={
                "pid": row["pid"],
                "query_age_s": round(row["query_age_s"], 1),
                "waits_for": row["waits_for"],
                "query_id": row["query_id"],
            },
            fix=f"SELECT pg_cancel_backend({row['pid']})",
        )
        for row in sorted(active, key=lambda row: -row["query_age_s"])
    ]
    fix = "cancel what nobody waits for; run long reports on a replica, and set statement_timeout for the application's role"
    return _judged(
        rows, context, objects, what=f"running a statement for {age(limit.warn)} or longer", fix=fix
    )


def _judged(rows: Rows, context: Context, objects: list[Concern], *, what: str, fix: str) -> Outcome:
    """Return the outcome of sessions; those that hide what they do keep it from being ok."""
    hidden = sum(row["is_hidden"] for row in rows)
    untracked = sum(row["is_untracked"] for row in rows)
    found = bad(objects)
    evidence = {
        "sessions": len(rows),
        "hidden_sessions": hidden,
        "untracked_sessions": untracked,
        "found_sessions": len(found),
    }
    if found:
        return Outcome(
            state=worst(each.state for each in found),
            summary=f"{counted(found, 'session')} {what}; {found[0].told}"
            if len(found) == 1
            else f"{counted(found, 'session')} {what}",
            evidence=evidence,
            objects=found,
            fix=fix,
        )
    if hidden:
        return Outcome(
            state=HealthState.UNKNOWN,
            summary=f"{counted(hidden, 'session')} of other roles cannot be seen",
            evidence=evidence,
            fix=context.server.granting("pg_read_all_stats"),
        )
    if untracked:
        return Outcome(
            state=HealthState.UNKNOWN,
            summary=f"{counted(untracked, 'session')} with track_activities off, which hides what they do",
            evidence=evidence,
            fix="ALTER SYSTEM SET track_activities = on; SELECT pg_reload_conf()",
        )
    return Outcome(state=HealthState.OK, summary=f"none is {what}", evidence=evidence)


def lock_waits(rows: Rows, context: Context) -> Outcome:
    """Judge how long sessions have been waiting for locks, by who is at the root of each queue."""
    waiting = {row["pid"]: row for row in rows if row["waits_s"] is not None}
    evidence = {
        "waiting_sessions": len(waiting),
        "longest_wait_s": round(max((row["waits_s"] for row in waiting.values()), default=0), 1),
    }
    by_root: dict[int, list[Row]] = {}
    for row in waiting.values():
        for root in roots(row["pid"], waiting):
            by_root.setdefault(root, []).append(row)
    names = {row["pid"]: row for row in rows}
    objects = sorted(
        (_queue(root, queue, names.get(root), context) for root, queue in by_root.items()),
        key=lambda each: -float(each.evidence["longest_wait_s"] or 0),
    )
    found = bad(objects)
    if not found:
        summary = (
            f"{counted(waiting, 'session')} waiting, none for long" if waiting else "nobody waits for a lock"
        )
        return Outcome(state=HealthState.OK, summary=summary, evidence=evidence)
    return Outcome(
        state=worst(each.state for each in found),
        summary=f"{counted(waiting, 'session')} waiting for locks, the longest for {age(evidence['longest_wait_s'])}",
        evidence=evidence,
        objects=found,
        fix="end the session at the root of the queue; set lock_timeout for migrations and idle_in_transaction_session_timeout",
    )


def roots(pid: int, waiting: Mapping[int, Row]) -> set[int]:
    """Return the processes at the root of what a session waits for: those that themselves wait for nobody.

    In a deadlock, which the server is about to end, there is none: then those that it waits for directly.
    """
    seen: set[int] = set()
    found: set[int] = set()
    pending = list(waiting[pid]["blocked_by"])
    while pending:
        blocker = pending.pop()
        if blocker in seen:
            continue
        seen.add(blocker)
        if blocker in waiting:
            pending.extend(waiting[blocker]["blocked_by"])
        else:
            found.add(blocker)
    return found or set(waiting[pid]["blocked_by"])


def _queue(root: int, queue: list[Row], blocker: Row | None, context: Context) -> Concern:
    longest_s = max(row["waits_s"] for row in queue)
    targets = ", ".join(sorted({row["target"] for row in queue}))
    state = blocker["state"] if blocker else ""
    waits = f"{counted(queue, 'session')} waiting behind it for {targets}, the longest for {age(longest_s)}"
    if root == _PREPARED_PID:
        name, fix = "a prepared transaction", "look at pg_prepared_xacts and end it: ROLLBACK PREPARED"
    else:
        name = session(blocker) if blocker else f"pid {root}"
        fix = f"SELECT pg_terminate_backend({root})"
    return Concern(
        name=name,
        state=grade(longest_s, context.thresholds.lock_wait_s),
        told=f"{state}; {waits}" if state else waits,
        evidence={
            "root_pid": root,
            "root_state": state,
            "waiting_sessions": len(queue),
            "longest_wait_s": round(longest_s, 1),
            "waiting_pids": ", ".join(str(row["pid"]) for row in queue),
            "targets": targets,
        },
        fix=fix,
    )


CHECKS = (
    HealthCheck(
        id="connections",
        family=_FAMILY,
        title="connections in use, of those that ordinary roles may open",
        query="connections",
        evaluate=connections,
    ),
    HealthCheck(
        id="idle-in-transaction",
        family=_FAMILY,
        title="sessions that hold a transaction open and do nothing",
        query="sessions",
        evaluate=idle_in_transaction,
    ),
    HealthCheck(
        id="long-query",
        family=_FAMILY,
        title="statements that have been running for long",
        query="sessions",
        evaluate=long_query,
    ),
    HealthCheck(
        id="lock-waits",
        family=_FAMILY,
        title="sessions that wait for a lock, and who is at the root",
        query="locks",
        evaluate=lock_waits,
    ),
)
