-- Replication slots, what WAL each keeps, and since when it is inactive (told from PostgreSQL 17 on).
SELECT
    slot.slot_name::text AS name,
    slot.slot_type AS type,
    coalesce(slot.database::text, '') AS database,
    slot.active,
    coalesce(slot.wal_status, '') AS wal_status,
    pg_catalog.pg_wal_lsn_diff(
        CASE
            WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
            ELSE pg_catalog.pg_current_wal_lsn()
        END,
        slot.restart_lsn
    )::float8 AS kept_bytes,
    coalesce(slot.xmin, slot.catalog_xmin) IS NOT NULL AS keeps_rows,
    extract(
        epoch FROM clock_timestamp() - (to_jsonb(slot) ->> 'inactive_since')::timestamptz
    )::float8 AS inactive_s,
    -- A slot that a standby keeps in step with its primary's has no reader of its own.
    coalesce((to_jsonb(slot) ->> 'synced')::bool, false) AS is_copy
FROM pg_catalog.pg_replication_slots AS slot
ORDER BY kept_bytes DESC NULLS LAST, slot.slot_name
