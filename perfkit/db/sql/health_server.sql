-- What the health checks must know of the server and the role; it needs no privilege.
SELECT
    current_setting('server_version_num')::int AS version_num,
    current_setting('server_version') AS version,
    current_database()::text AS database,
    current_user::text AS role,
    pg_catalog.pg_is_in_recovery() AS in_recovery,
    pg_has_role('pg_read_all_stats', 'USAGE') AS sees_all_statistics,
    EXISTS (SELECT FROM pg_catalog.pg_replication_slots WHERE slot_type = 'physical')
    -- What a sender does is hidden from an ordinary role, and counts; a logical one or a backup does not.
    OR EXISTS (
        SELECT
        FROM pg_catalog.pg_stat_replication AS sender
        WHERE
            sender.state IS DISTINCT FROM 'backup'
            AND NOT EXISTS (
                SELECT
                FROM pg_catalog.pg_replication_slots AS slot
                WHERE slot.active_pid = sender.pid AND slot.slot_type = 'logical'
            )
    ) AS has_standbys,
    current_setting('track_counts')::bool AS counts_rows,
    extract(epoch FROM clock_timestamp() - /* part_counted_since */)::float8 AS statistics_age_s
