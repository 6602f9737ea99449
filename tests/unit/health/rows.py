"""Rows as health's queries give them, for judging without a server."""

from dataclasses import replace
from typing import Any

from perfkit.health.model import Context, Server

SERVER_ROW: dict[str, Any] = {
    "version_num": 180_006,
    "version": "18.6",
    "database": "alumni",
    "role": "The Watcher",
    "in_recovery": False,
    "sees_all_statistics": True,
    "has_standbys": False,
    "counts_rows": True,
    "statistics_age_s": 30 * 86_400.0,
}


def context(**server: Any) -> Context:
    """Return the context of a server that is as SERVER_ROW says but for what is given."""
    return Context(server=replace(Server(**SERVER_ROW), **server))


def session(pid: int, **columns: Any) -> dict[str, Any]:
    """Return a row of health_sessions.sql: a session that has been active for a second."""
    return {
        "pid": pid,
        "database": "alumni",
        "user": "app",
        "application": "",
        "state": "active",
        "state_age_s": 1.0,
        "transaction_age_s": 1.0,
        "query_age_s": 1.0,
        "waits_for": "",
        "query_id": None,
        "is_hidden": False,
        "is_untracked": False,
    } | columns


def locked(
    pid: int, blocked_by: list[int] | None = None, waits_s: float = 60.0, **columns: Any
) -> dict[str, Any]:
    """Return a row of health_locks.sql: a session that waits for others, or one that is in the way of some."""
    return {
        "pid": pid,
        "database": "alumni",
        "user": "app",
        "application": "",
        "state": "active",
        "waits_s": None if blocked_by is None else waits_s,
        "blocked_by": blocked_by or [],
        "mode": "",
        "target": "public.gift",
    } | columns


def index(name: str, keys: str, **columns: Any) -> dict[str, Any]:
    """Return a row of health_indexes.sql: a valid index of public.gift on the keys, of 2 MB."""
    unique = "UNIQUE " if columns.get("is_unique") else ""
    return {
        "schema": "public",
        "name": name,
        "table_name": "gift",
        "is_child": False,
        "expressions": [],
        "definition": f"CREATE {unique}INDEX {name} ON public.gift USING btree ({keys})",
        "is_valid": True,
        "is_unique": False,
        "is_held": False,
        "is_partitioned": False,
        "constraint": "",
        "size_bytes": 2 * 1024**2,
        "scans": 0,
        "is_being_changed": False,
    } | columns


def database(name: str, xid_age: int, **columns: Any) -> dict[str, Any]:
    """Return a row of health_wraparound.sql of a database."""
    return {
        "kind": "database",
        "name": name,
        "is_here": False,
        "allows_connections": True,
        "is_temporary": False,
        "xid_age": xid_age,
        "multixact_age": 0,
    } | columns


def sequence(last_value: int | None, **columns: Any) -> dict[str, Any]:
    """Return a row of health_sequences.sql: a bigint sequence of an integer column."""
    return {
        "schema": "public",
        "name": "gift_id_seq",
        "type": "bigint",
        "increment": 1,
        "lowest": 1,
        "highest": 2**63 - 1,
        "cycles": False,
        "is_readable": True,
        "last_value": last_value,
        "table_name": "public.gift",
        "column_name": "id",
        "column_type": "integer",
        "column_highest": 2**31 - 1,
    } | columns
