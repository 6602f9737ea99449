"""Transactions: wraparound of their numbers, who keeps dead rows alive, and those that were prepared and left."""

from functools import partial

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
from perfkit.health.words import age, literal, session
from perfkit.names import quote_name
from perfkit.units import counted, format_count, format_share

_FAMILY = Family(id="transactions", scope=Scope.CLUSTER)
# Numbers of transactions and of multixacts are 32 bits, compared modulo 2^32 (transam.c, multixact.c).
_WRAPAROUND = 2**31


def wraparound(rows: Rows, context: Context, *, number: str) -> Outcome:
    """Judge how far the oldest `number` (xid or multixact) of each database is on its way to wraparound."""
    databases = sorted(
        (row for row in rows if row["kind"] == "database"), key=lambda row: -row[f"{number}_age"]
    )
    tables = [row for row in rows if row["kind"] == f"{number} table"]
    objects = [_database(row, tables, context, number) for row in databases]
    oldest = databases[0]
    share = oldest[f"{number}_age"] / _WRAPAROUND
    found = bad(objects)
    return Outcome(
        state=worst(each.state for each in found),
        summary=f"oldest database {oldest['name']}: {format_count(oldest[f'{number}_age'])} {number}s,"
        f" {format_share(share)} of the way to wraparound",
        evidence={
            "oldest_database": oldest["name"],
            f"{number}_age": oldest[f"{number}_age"],
            "wraparound_share": round(share, 6),
        },
        objects=found,
        fix="find what keeps autovacuum from freezing (xmin-horizon, a database nobody connects to), then freeze the oldest tables"
        if found
        else "",
    )


def _database(row: Row, tables: Rows, context: Context, number: str) -> Concern:
    share = row[f"{number}_age"] / _WRAPAROUND
    fix = f"in database {row['name']}: VACUUM (FREEZE)"
    if row["is_here"] and tables:
        fix = "; ".join(_freezing(table) for table in tables)
    elif not row["allows_connections"]:
        fix = f"ALTER DATABASE {quote_name(row['name'])} ALLOW_CONNECTIONS true, then in it: VACUUM (FREEZE)"
    return Concern(
        name=f"database {row['name']}",
        state=grade(share, context.thresholds.wraparound_share),
        told=f"{format_count(row[f'{number}_age'])} {number}s old, {format_share(share)} of the limit",
        evidence={f"{number}_age": row[f"{number}_age"], "wraparound_share": round(share, 6)},
        fix=fix,
    )


def _freezing(table: Row) -> str:
    # Only the session that made a temporary table can vacuum it.
    return f"DROP TABLE {table['name']}" if table["is_temporary"] else f"VACUUM (FREEZE) {table['name']}"


def xmin_horizon(rows: Rows, context: Context) -> Outcome:
    """Judge who keeps VACUUM from removing dead rows, by how many transactions ago it began to."""
    limit = context.thresholds.xmin_age
    holders = [row for row in rows if row["xmin_age"] is not None]
    hidden = sum(row["is_hidden"] for row in rows)
    oldest = max((row["xmin_age"] for row in holders), default=0)
    evidence = {"xmin_age": oldest, "holders": len(holders), "hidden_sessions": hidden}
    found = bad(_holder(row, context) for row in holders)
    if found:
        return Outcome(
            state=worst(each.state for each in found),
            summary=f"dead rows of the last {format_count(oldest)} transactions stay, for {found[0].name}",
            evidence=evidence,
            objects=found,
            fix="end what holds the horizon; until then VACUUM cannot remove the rows that died since",
        )
    if hidden:
        return Outcome(
            state=HealthState.UNKNOWN,
            summary=f"{counted(hidden, 'session')} of other roles cannot be seen",
            evidence=evidence,
            fix=context.server.granting("pg_monitor"),
        )
    summary = f"held back by {format_count(oldest)} transactions, fewer than {format_count(limit.warn)}"
    return Outcome(
        state=HealthState.OK,
        summary=summary if holders else "nothing holds it back",
        evidence=evidence,
    )


def _holder(row: Row, context: Context) -> Concern:
    name, fix = {
        "session": (session(row), f"SELECT pg_terminate_backend({row['pid']})"),
        "standby": (
            f"standby {row['application']} (pid {row['pid']})",
            "end the long query on the standby, or turn its hot_standby_feedback off",
        ),
        "slot": (
            f"slot {row['name']} ({row['state']})",
            f"bring its reader back, or: SELECT pg_drop_replication_slot({literal(row['name'])})",
        ),
        "prepared": (
            f"prepared transaction {row['name']} of {row['user']}",
            f"in database {row['database']}: ROLLBACK PREPARED {literal(row['name'])}",
        ),
    }[row["kind"]]
    since = f", for {age(row['age_s'])}" if row["age_s"] is not None else ""
    return Concern(
        name=name,
        state=grade(row["xmin_age"], context.thresholds.xmin_age),
        told=f"holds rows that died up to {format_count(row['xmin_age'])} transactions ago{since}"
        + (f"; {row['state']}" if row["kind"] == "session" else ""),
        evidence={
            "kind": row["kind"],
            "pid": row["pid"],
            "xmin_age": row["xmin_age"],
            "age_s": None if row["age_s"] is None else round(row["age_s"], 1),
            "state": row["state"],
        },
        fix=fix,
    )


def prepared_transactions(rows: Rows, context: Context) -> Outcome:
    """Judge how long prepared transactions have been waiting for their second phase."""
    prepared = sorted((row for row in rows if row["kind"] == "prepared"), key=lambda row: -row["age_s"])
    found = bad(
        Concern(
            name=f"{row['name']} of {row['user']} in {row['database']}",
            state=grade(row["age_s"], context.thresholds.prepared_transaction_s),
            told=f"prepared {age(row['age_s'])} ago",
            evidence={"age_s": round(row["age_s"], 1), "xmin_age": row["xmin_age"]},
            fix=f"in database {row['database']}: ROLLBACK PREPARED {literal(row['name'])}",
        )
        for row in prepared
    )
    evidence = {"prepared_transactions": len(prepared), "found_transactions": len(found)}
    if not found:
        summary = f"{counted(prepared, 'transaction')} prepared, not long ago" if prepared else "none"
        return Outcome(state=HealthState.OK, summary=summary, evidence=evidence)
    return Outcome(
        state=worst(each.state for each in found),
        summary=f"{counted(found, 'transaction')} left prepared, the oldest {found[0].told}",
        evidence=evidence,
        objects=found,
        fix="ask the transaction manager what became of them, then COMMIT PREPARED or ROLLBACK PREPARED; their locks outlive a restart",
    )


CHECKS = (
    HealthCheck(
        id="xid-age",
        family=_FAMILY,
        title="age of the oldest transaction number, on its way to wraparound",
        query="wraparound",
        evaluate=partial(wraparound, number="xid"),
    ),
    HealthCheck(
        id="multixact-age",
        family=_FAMILY,
        title="age of the oldest multixact, on its way to wraparound",
        query="wraparound",
        evaluate=partial(wraparound, number="multixact"),
    ),
    HealthCheck(
        id="xmin-horizon",
        family=_FAMILY,
        title="what keeps VACUUM from removing dead rows",
        query="horizon",
        evaluate=xmin_horizon,
    ),
    HealthCheck(
        id="prepared-transactions",
        family=_FAMILY,
        title="prepared transactions that nobody ends",
        query="horizon",
        evaluate=prepared_transactions,
    ),
)
