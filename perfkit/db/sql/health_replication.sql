-- How far behind each standby and subscriber is, and how far this server itself is, if it is a standby.
SELECT
    'sender' AS kind,
    pid,
    coalesce(application_name, '') AS name,
    coalesce(state, '') AS state,
    extract(epoch FROM replay_lag)::float8 AS lag_s,
    pg_catalog.pg_wal_lsn_diff(
        CASE
            WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_receive_lsn()
            ELSE pg_catalog.pg_current_wal_lsn()
        END,
        replay_lsn
    )::float8 AS lag_bytes,
    state IS NULL AS is_hidden,
    false AS is_paused
FROM pg_catalog.pg_stat_replication
WHERE state IS DISTINCT FROM 'backup'
UNION ALL
SELECT
    'self',
    coalesce((SELECT min(pid) FROM pg_catalog.pg_stat_wal_receiver), 0),
    'this standby',
    CASE
        WHEN EXISTS (SELECT FROM pg_catalog.pg_stat_wal_receiver) THEN 'receiving'
        ELSE 'not receiving'
    END,
    -- What has been replayed to the end is as old as the primary's last write, not late.
    CASE
        WHEN pg_catalog.pg_last_wal_receive_lsn() = pg_catalog.pg_last_wal_replay_lsn() THEN 0
        ELSE extract(epoch FROM clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp())::float8
    END,
    pg_catalog.pg_wal_lsn_diff(
        pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn()
    )::float8,
    false,
    CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_is_wal_replay_paused() ELSE false END
WHERE pg_catalog.pg_is_in_recovery()
ORDER BY lag_bytes DESC NULLS LAST, name
