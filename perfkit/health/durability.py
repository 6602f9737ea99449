"""Durability: data that a crash or a disk would damage or has damaged, and settings that do not hold yet."""

from perfkit.health.model import (
    Concern,
    Context,
    Family,
    HealthCheck,
    HealthState,
    Outcome,
    Rows,
    Scope,
    unknown,
)
from perfkit.health.words import age
from perfkit.units import counted, format_count

_FAMILY = Family(id="durability", scope=Scope.CLUSTER)


def fsync(rows: Rows, context: Context) -> Outcome:  # noqa: ARG001  # every check has this face
    """Judge whether a crash of the machine leaves the data whole."""
    settings = {row["name"]: row["setting"] for row in rows}
    evidence = {name: settings[name] for name in ("fsync", "full_page_writes")}
    if settings["fsync"] == "off":
        return Outcome(
            state=HealthState.CRIT,
            summary="fsync is off: a crash of the machine destroys the cluster",
            evidence=evidence,
            fix="ALTER SYSTEM SET fsync = on; SELECT pg_reload_conf()",
        )
    if settings["full_page_writes"] == "off":
        return Outcome(
            state=HealthState.WARN,
            summary="full_page_writes is off: a crash can leave torn blocks",
            evidence=evidence,
            fix="ALTER SYSTEM SET full_page_writes = on; SELECT pg_reload_conf() (off is right only where the file system"
            " writes blocks whole, as ZFS does)",
        )
    return Outcome(state=HealthState.OK, summary="fsync and full_page_writes are on", evidence=evidence)


def pending_restart(rows: Rows, context: Context) -> Outcome:
    """Judge whether settings were changed that only a restart brings into force."""
    pending = [row for row in rows if row["pending_restart"]]
    sees_all = rows[0]["sees_all_settings"]
    evidence = {"pending_settings": len(pending), "sees_all_settings": sees_all}
    if not pending and not sees_all:
        return unknown(
            "some settings, such as shared_preload_libraries, cannot be seen",
            context.server.granting("pg_read_all_settings"),
            **evidence,
        )
    if not pending:
        return Outcome(state=HealthState.OK, summary="every setting is in force", evidence=evidence)
    names = ", ".join(row["name"] for row in pending)
    return Outcome(
        state=HealthState.WARN,
        summary=f"{counted(pending, 'setting')} wait for a restart: {names}"
        if len(pending) > 1
        else f"a setting waits for a restart: {names}",
        evidence=evidence,
        objects=tuple(
            Concern(
                name=row["name"],
                state=HealthState.WARN,
                told=f"{row['setting']}{row['unit']} until the restart",
                evidence={"setting": row["setting"], "unit": row["unit"]},
            )
            for row in pending
        ),
        fix="restart the server when that suits, or take the change back",
    )


def checksum_failures(rows: Rows, context: Context) -> Outcome:  # noqa: ARG001  # every check has this face
    """Judge whether blocks were read whose checksum is wrong."""
    if any(row["checksum_failures"] is None for row in rows):
        return unknown(
            "data checksums are off: damaged blocks would not be noticed",
            "while the server is stopped: pg_checksums --enable",
        )
    damaged = [row for row in rows if row["checksum_failures"]]
    failures = sum(row["checksum_failures"] for row in damaged)
    if not damaged:
        return Outcome(
            state=HealthState.OK, summary="no damaged block was read", evidence={"checksum_failures": 0}
        )
    return Outcome(
        state=HealthState.CRIT,
        summary=f"{format_count(failures)} reads of damaged blocks",
        evidence={"checksum_failures": failures, "databases": len(damaged)},
        objects=tuple(
            Concern(
                name=f"database {row['name']}" if row["name"] else "the shared catalogs",
                state=HealthState.CRIT,
                told=f"{counted(row['checksum_failures'], 'failure')}, the last {age(row['last_failure_age_s'] or 0)} ago",
                evidence={
                    "checksum_failures": row["checksum_failures"],
                    "last_failure_age_s": round(row["last_failure_age_s"] or 0, 1),
                },
                fix="the server's log names the file and block; pg_amcheck looks for more",
            )
            for row in damaged
        ),
        fix="take the disk out of use: fail over to a standby or restore a backup, and check the storage",
    )


CHECKS = (
    HealthCheck(
        id="fsync",
        family=_FAMILY,
        title="whether a crash leaves the data whole",
        query="settings",
        evaluate=fsync,
    ),
    HealthCheck(
        id="checksum-failures",
        family=_FAMILY,
        title="damaged blocks that were read",
        query="databases",
        evaluate=checksum_failures,
    ),
    HealthCheck(
        id="pending-restart",
        family=_FAMILY,
        title="settings that are not in force before a restart",
        query="settings",
        evaluate=pending_restart,
    ),
)
