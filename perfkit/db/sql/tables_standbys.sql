-- Whether standbys read what is written here: this server is one, one is connected, or has a slot that waits for it.
-- Who sends to a logical subscriber or a backup is none; without pg_monitor what a sender does is not shown, and counts.
SELECT
    pg_catalog.pg_is_in_recovery()
    OR EXISTS (SELECT FROM pg_catalog.pg_replication_slots WHERE slot_type = 'physical')
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
    ) AS has_replicas
